"""The door for cameras that speak SFTP (`pip install "kuaimen[sftp]"`): the same users, tree and spool as FTP.

SFTP has no final word like `226`: a camera takes the answer to its CLOSE as «received». So CLOSE is answered after the
bytes are synced and the row is committed, and fails when the content is not whole. A lost connection closes open files
too; the content check tells that apart.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import asyncssh

from camera_bridge.config import FtpConfig
from camera_bridge.errors import NoRoom, PortTaken
from camera_bridge.sources.porch import Porch
from camera_bridge.sources.tree import Tree
from camera_bridge.spool import Arrival, Spool

log = logging.getLogger(__name__)

_START_S: Final = 10.0
_MOST_EARLY: Final = 512
_FOLDER, _FILE = 0o40755, 0o100644


class SftpDoor:
    """A server in a thread of its own. Raises PortTaken."""

    def __init__(self, config: FtpConfig, spool: Spool, porch: Porch) -> None:
        self._config, self._spool, self._porch = config, spool, porch
        self._tree = Tree(spool.ledger)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sftp", daemon=True)
        self._thread.start()
        try:
            self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_START_S)
        except OSError as error:
            self._end()
            raise PortTaken(f"port {config.sftp_port}: {error.strerror}; choose another with ftp.sftp_port") from error

    @property
    def port(self) -> int:
        return int(self._server.get_port())

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        asyncio.run_coroutine_threadsafe(self._quiet(), self._loop).result(_START_S)
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _quiet(self) -> None:
        """Let connections end before their loop does."""
        others = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
        for one in others:
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            lambda: _Guard(self._config, self._porch),
            self._config.host,
            self._config.sftp_port,
            server_host_keys=[_host_key(self._spool.root)],
            sftp_factory=lambda channel: _Files(channel, self._spool, self._tree, self._porch),
            allow_scp=False,
            reuse_address=True,
        )


class _Guard(asyncssh.SSHServer):
    """Who may in: passwords only, as typed on a camera."""

    def __init__(self, config: FtpConfig, porch: Porch) -> None:
        self._passwords = {one.user: one.password for one in config.users}
        self._porch = porch
        self._address = "?"

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._address = str(conn.get_extra_info("peername")[0])

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        known = self._passwords.get(username)
        if hmac.compare_digest((known or "").encode(), password.encode()) and known is not None:
            return True
        self._porch.turned_away(username, self._address, "wrong_password" if known else "unknown_user")
        return False


class _Files(asyncssh.SFTPServer):
    """The tree of one camera. Everything that would remove or overwrite succeeds and does nothing."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], spool: Spool, tree: Tree, porch: Porch) -> None:
        super().__init__(channel)
        self._spool, self._tree, self._porch = spool, tree, porch
        self._camera = str(channel.get_extra_info("username"))
        self._address = str(channel.get_extra_info("peername")[0])
        porch.seen(self._camera, self._address, connected=+1)

    def exit(self) -> None:
        self._porch.seen(self._camera, self._address, connected=-1)

    def realpath(self, path: bytes) -> bytes:
        text = path.decode("utf-8", "replace")
        parts: list[str] = []
        for part in text.split("/"):
            if part == "..":
                del parts[-1:]
            elif part not in {"", "."}:
                parts.append(part)
        return ("/" + "/".join(parts)).encode()

    def _path(self, path: bytes) -> str:
        return self.realpath(path).decode("utf-8", "replace")

    def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        name = self._path(path)
        leaf = self._tree.leaf(self._camera, name)
        if leaf is not None:
            at = leaf.received_at // 1000
            return asyncssh.SFTPAttrs(size=leaf.size, permissions=_FILE, atime=at, mtime=at, uid=0, gid=0)
        if self._tree.is_folder(self._camera, name):
            return asyncssh.SFTPAttrs(size=0, permissions=_FOLDER, atime=0, mtime=0, uid=0, gid=0)
        raise asyncssh.SFTPNoSuchFile("no such file")

    lstat = stat

    def listdir(self, path: bytes) -> list[bytes]:
        return [one.encode() for one in self._tree.names(self._camera, self._path(path))]

    async def scandir(self, path: bytes) -> Any:  # noqa: ANN401 - an asynchronous iterator of the library's names
        for name in self.listdir(path):
            whole = self.realpath(path).rstrip(b"/") + b"/" + name
            yield asyncssh.SFTPName(name, attrs=self.stat(whole))

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> _Upload:
        """A new object, always. Raises SFTPPermissionDenied for downloads."""
        del attrs
        if not pflags & asyncssh.FXF_WRITE:
            raise asyncssh.SFTPPermissionDenied("this server only takes photos")
        name = self._path(path)
        try:
            arrival = self._spool.begin("ftp", self._camera, name)
        except NoRoom as error:
            raise asyncssh.SFTPFailure(str(error)) from error
        leaf = self._tree.leaf(self._camera, name)
        if leaf is not None and not pflags & asyncssh.FXF_TRUNC:
            arrival.earlier = self._spool.path(leaf.asset_id)
        return _Upload(arrival)

    def read(self, file_obj: _Upload, offset: int, size: int) -> bytes:
        del file_obj, offset, size
        raise asyncssh.SFTPPermissionDenied("this server only takes photos")

    async def write(self, file_obj: _Upload, offset: int, data: bytes) -> int:
        return await asyncio.get_running_loop().run_in_executor(None, file_obj.put, offset, data)

    async def close(self, file_obj: _Upload) -> None:
        """The camera's «received?». Raises SFTPFailure: send it again."""
        verdict = await asyncio.get_running_loop().run_in_executor(None, file_obj.finish)
        self._porch.seen(self._camera, self._address, name=file_obj.name)
        if not verdict.ok:
            raise asyncssh.SFTPFailure(f"incomplete ({verdict.why}), send again")

    def fstat(self, file_obj: _Upload) -> asyncssh.SFTPAttrs:
        return asyncssh.SFTPAttrs(size=file_obj.size, permissions=_FILE, atime=0, mtime=0, uid=0, gid=0)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        if not self._tree.rename(self._camera, self._path(oldpath), self._path(newpath)):
            raise asyncssh.SFTPNoSuchFile("no such file")

    posix_rename = rename

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        del attrs
        self._tree.add_folder(self._camera, self._path(path))

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Succeeds; the shot's time is in the file."""

    lsetstat = setstat

    def fsetstat(self, file_obj: _Upload, attrs: asyncssh.SFTPAttrs) -> None:
        """Succeeds; the shot's time is in the file."""

    def remove(self, path: bytes) -> None:
        """Succeeds; nothing is removed."""

    rmdir = remove


class _Upload:
    """Blocks may come out of order by a little: a client keeps several under way."""

    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival
        self._early: dict[int, bytes] = {}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._arrival.name.rsplit("/", 1)[-1]

    @property
    def size(self) -> int:
        return self._arrival.size

    def put(self, offset: int, data: bytes) -> int:
        with self._lock:
            if not self._arrival.size and offset and self._arrival.earlier is not None:
                self._arrival.seek(offset)  # continues what arrived before
            if len(self._early) >= _MOST_EARLY:
                raise asyncssh.SFTPFailure("blocks are missing in between")
            self._early[offset] = data
            for block in self._ready():
                self._arrival.write(block)
        return len(data)

    def finish(self) -> Any:  # noqa: ANN401 - a Verdict
        with self._lock:
            if not self._arrival.size and not self._early:
                self._arrival.drop()
            return self._arrival.finish()

    def _ready(self) -> Iterator[bytes]:
        while (block := self._early.pop(self._arrival.size, None)) is not None:
            yield block


def _host_key(root: Path) -> str:
    """Ours, made once: a camera that remembers it must find it again."""
    path = root / "sftp-key"
    if not path.exists():
        asyncssh.generate_private_key("ssh-rsa", key_size=2048).write_private_key(str(path))
        path.chmod(0o600)
    return str(path)
