"""The data directory: everything one installation owns, and the one place that says where in it."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from launch.trouble import Trouble

SOCKET_PATH_BYTES: Final = 100  # the kernel's limit is 107


@dataclass(frozen=True, slots=True)
class Home:
    """`root` is absolute and ours alone."""

    root: Path

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def run(self) -> Path:
        """What is running at the moment; worthless after a stop."""
        return self.root / "run"

    @property
    def state_file(self) -> Path:
        return self.run / "state.json"

    @property
    def secret_file(self) -> Path:
        return self.root / "secret.key"

    @property
    def seed_file(self) -> Path:
        """What the seed made, with the passwords that the database only knows as hashes."""
        return self.root / "seed.json"

    @property
    def bridge_file(self) -> Path:
        return self.root / "bridge.json"

    @property
    def bridge_dir(self) -> Path:
        return self.root / "bridge"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def redis_dir(self) -> Path:
        return self.root / "redis"

    def job_file(self, place: str) -> Path:
        """What the worker in that place holds; machines may share the directory."""
        return self.run / f"{place}@{socket.gethostname()}.job.json"

    def redis_socket(self) -> Path:
        """In the data directory, or in a short private one when that path is longer than a socket's may be."""
        wanted = self.root / "redis.sock"
        if len(os.fsencode(wanted)) <= SOCKET_PATH_BYTES:
            return wanted
        return Path(tempfile.mkdtemp(prefix="kuaimen-")) / "redis.sock"


def furnish(data_dir: Path) -> Home:
    """Make the directory when it is new. Raises Trouble when it cannot be written."""
    home = Home(data_dir.expanduser().absolute())
    try:
        home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (home.log, home.run, home.redis_dir, home.bridge_dir, home.inbox):
            folder.mkdir(exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=home.root):
            pass
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise Trouble(
            f"数据目录 {home.root} 不可写（{reason}）。请修改权限，或设置 KUAIMEN_DATA_DIR。",
            f"Cannot write to the data directory {home.root} ({reason}). Change its permissions or KUAIMEN_DATA_DIR.",
        ) from exc
    return home


def take(home: Home) -> IO[str]:
    """Be the only one that runs here: keep the file open for as long. Raises Trouble when somebody else runs."""
    file = (home.run / "lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = read_state(home).get("pid", "?")
        file.close()
        raise Trouble(
            f"快门已在 {home.root} 运行（进程 {pid}）。请先停止它，或设置另一个 KUAIMEN_DATA_DIR。",
            f"Kuaimen already runs in {home.root} (pid {pid}). Stop it first or set another KUAIMEN_DATA_DIR.",
        ) from None
    return file


def is_taken(home: Home) -> bool:
    """Whether a supervisor lives here; the kernel drops the lock with the process, however it ends."""
    lock = home.run / "lock"
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def secret_key(home: Home) -> str:
    """Made once; every token and signed URL hangs on it. Idempotent."""
    if not home.secret_file.exists():
        write_private(home.secret_file, secrets.token_urlsafe(48))
    return home.secret_file.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by the owner only, on disk when this returns."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_state(home: Home) -> dict[str, Any]:
    """What the supervisor last wrote about itself; empty when there is nothing readable."""
    return read_json(home.state_file)


def read_json(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text())
        if isinstance(found, dict):
            return found
    return {}
