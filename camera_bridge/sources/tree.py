"""The file tree a camera believes in. Paths are rows; nothing a camera sends can overwrite or remove a byte.

Every folder exists as soon as somebody names it. A file keeps its name and size here after its bytes went to the
platform, so that a camera that asks `SIZE` or `LIST` before sending again gets the answer it expects. `DELE`, `MKD`,
`RMD`, `MFMT`, `SITE CHMOD` succeed and change nothing; `RNTO` renames a row, because temporary names are common.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
import threading
from dataclasses import dataclass
from typing import Final

from pyftpdlib.filesystems import AbstractedFS, FilesystemError

from camera_bridge.errors import NoRoom
from camera_bridge.ledger import Ledger
from camera_bridge.spool import Arrival, Spool

_FOLDER: Final = stat.S_IFDIR | 0o755
_FILE: Final = stat.S_IFREG | 0o644


@dataclass(frozen=True, slots=True)
class Leaf:
    """A name in the tree and what it stands for."""

    path: str
    asset_id: str
    size: int
    received_at: int


class Tree:
    """The names of all cameras. Thread-safe."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._folders: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def leaf(self, camera: str, path: str) -> Leaf | None:
        with self._ledger.reading() as db:
            row = db.execute(
                "SELECT tree.path, asset_id, size, received_at FROM tree JOIN asset USING (asset_id)"
                " WHERE tree.camera = ? AND tree.path = ?",
                (camera, path),
            ).fetchone()
        return Leaf(*row) if row else None

    def names(self, camera: str, folder: str) -> list[str]:
        """What lies directly in a folder: files that arrived, folders that were named."""
        inside = folder.rstrip("/") + "/"
        with self._ledger.reading() as db:
            rows = db.execute(
                "SELECT path FROM tree WHERE camera = ? AND substr(path, 1, ?) = ?", (camera, len(inside), inside)
            ).fetchall()
        with self._lock:
            folders = [path for who, path in self._folders if who == camera and path.startswith(inside)]
        found = {path[len(inside) :].split("/")[0] for path in [*(row[0] for row in rows), *folders]}
        return sorted(found - {""})

    def is_folder(self, camera: str, path: str) -> bool:
        with self._lock:
            if path == "/" or (camera, path) in self._folders:
                return True
        return bool(self.names(camera, path))

    def add_folder(self, camera: str, path: str) -> None:
        with self._lock:
            while path != "/":
                self._folders.add((camera, path))
                path = posixpath.dirname(path)

    def rename(self, camera: str, old: str, new: str) -> bool:
        """Give a row another name; a temporary name becomes the asset's label too."""
        leaf = self.leaf(camera, old)
        if leaf is None:
            return False
        with self._ledger.writing() as tx:
            tx.execute("DELETE FROM tree WHERE camera = ? AND path = ?", (camera, old))
            tx.execute("INSERT OR REPLACE INTO tree VALUES(?, ?, ?)", (camera, new, leaf.asset_id))
            tx.execute(
                "UPDATE asset SET path = ?, name = ? WHERE asset_id = ?", (new, posixpath.basename(new), leaf.asset_id)
            )
        return True


class CameraTree(AbstractedFS):  # type: ignore[misc]  # pyftpdlib has no annotations
    """pyftpdlib's file system face over the tree of one camera."""

    spool: Spool
    tree: Tree

    @property
    def camera(self) -> str:
        return str(self.cmd_channel.username)

    # -- paths: «real» and «virtual» are the same here

    def validpath(self, path: str) -> bool:
        return path.startswith("/") and "\0" not in path

    def ftp2fs(self, ftppath: str) -> str:
        return str(self.ftpnorm(ftppath))

    def fs2ftp(self, fspath: str) -> str:
        return fspath

    def realpath(self, path: str) -> str:
        return path

    def chdir(self, path: str) -> None:
        if self.isfile(path):
            raise FilesystemError("that is a file")
        self.tree.add_folder(self.camera, path)
        self.cwd = path

    # -- questions

    def isfile(self, path: str) -> bool:
        return self.tree.leaf(self.camera, path) is not None

    def isdir(self, path: str) -> bool:
        return not self.isfile(path) and self.tree.is_folder(self.camera, path)

    def islink(self, path: str) -> bool:
        del path
        return False

    def lexists(self, path: str) -> bool:
        return self.isfile(path) or self.isdir(path)

    def getsize(self, path: str) -> int:
        leaf = self.tree.leaf(self.camera, path)
        return leaf.size if leaf else 0

    def getmtime(self, path: str) -> float:
        leaf = self.tree.leaf(self.camera, path)
        return leaf.received_at / 1000 if leaf else 0.0

    def stat(self, path: str) -> os.stat_result:
        leaf = self.tree.leaf(self.camera, path)
        if leaf is not None:
            return os.stat_result((_FILE, 0, 0, 1, 0, 0, leaf.size, *(leaf.received_at // 1000,) * 3))
        if self.isdir(path):
            return os.stat_result((_FOLDER, 0, 0, 1, 0, 0, 0, 0, 0, 0))
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    lstat = stat

    def readlink(self, path: str) -> str:
        raise FilesystemError(path)

    def listdir(self, path: str) -> list[str]:
        return self.tree.names(self.camera, path)

    listdirinfo = listdir

    def get_user_by_uid(self, uid: int) -> str:
        del uid
        return "camera"

    get_group_by_gid = get_user_by_uid

    # -- changes that cameras ask for

    def mkdir(self, path: str) -> None:
        self.tree.add_folder(self.camera, path)

    def rmdir(self, path: str) -> None:
        """Succeeds; nothing is removed."""

    def remove(self, path: str) -> None:
        if not self.lexists(path):
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    def rename(self, src: str, dst: str) -> None:
        if not self.tree.rename(self.camera, src, dst) and not self.isdir(src):
            raise FilesystemError("No such file or directory")

    def chmod(self, path: str, mode: int) -> None:
        """Succeeds; nothing changes."""

    def utime(self, path: str, timeval: float) -> None:
        """Succeeds; the shot's time is in the file."""

    # -- bytes

    def open(self, filename: str, mode: str) -> Arrival:
        """A new object, always. Raises FilesystemError for downloads and for a full disk."""
        if "r" in mode and "+" not in mode:
            raise FilesystemError("this server only takes photos")
        try:
            arrival = self.spool.begin("ftp", self.camera, filename)
        except NoRoom as error:
            raise FilesystemError(str(error)) from error
        leaf = self.tree.leaf(self.camera, filename)
        if leaf is None or "w" in mode:
            return arrival
        arrival.earlier = self.spool.path(leaf.asset_id)
        if "a" in mode:
            arrival.seek(leaf.size)
        return arrival

    def mkstemp(self, suffix: str = "", prefix: str = "", dir: str = "/", mode: str = "wb") -> Arrival:  # noqa: A002
        """STOU: a name nobody uses yet. The parameters are named by pyftpdlib."""
        del mode
        number = 1
        while self.lexists(path := f"{dir.rstrip('/')}/{prefix}{number}{suffix}"):
            number += 1
        return self.open(path, "wb")
