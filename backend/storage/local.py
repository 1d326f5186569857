"""Blobs on this machine's disk, served by backend/api/blobs.py.

Below the root: `blobs/` (see local_disk.py for how a key becomes a path), `uploads/`, and `scratch/`, where every
file is written before it appears. Any number of processes may share one root.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from backend.db import outside
from backend.errors import NotFound
from backend.storage import Blob, Part, Request, checked
from backend.storage.local_disk import disk, make_folder, place, sync_folder, walk, writing
from backend.storage.local_uploads import BLOCK, Uploads
from backend.storage.local_urls import BlobUrls, PartGrant


class LocalStore:
    """A Store on disk. It keeps no content types: whoever serves a blob tells them from its name or first bytes."""

    def __init__(self, root: Path, *, base_url: str, secret: str) -> None:
        """`base_url`: where this platform answers from outside. `secret` signs the URLs; all processes share it."""
        self._blobs, self._scratch = root / "blobs", root / "scratch"
        self._uploads = Uploads(root / "uploads", self._scratch)
        self._urls = BlobUrls(base_url, secret)

    def put(self, key: str, data: bytes, *, content_type: str = "image/jpeg") -> None:  # noqa: ARG002 # see the class
        outside()
        path = self._path(key)
        with disk():
            if _holds(path, data):
                os.utime(path)  # whoever looks for what nobody needs sees that somebody does
                sync_folder(path.parent)  # whoever put it may not have got that far
                return
            make_folder(path.parent)
            with writing(path, self._scratch) as file:
                file.write(data)

    def put_file(self, key: str, path: Path, *, content_type: str) -> None:  # noqa: ARG002 # see the class
        outside()
        target = self._path(key)
        with disk():
            make_folder(target.parent)
            with writing(target, self._scratch) as file, path.open("rb") as source:
                shutil.copyfileobj(source, file, BLOCK)

    def get(self, key: str) -> bytes:
        outside()
        with _reading(key):
            return self._path(key).read_bytes()

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        outside()
        with _reading(key), self._path(key).open("rb") as file:
            file.seek(start)
            left = BLOCK if end is None else end - start
            while left > 0 and (block := file.read(min(BLOCK, left))):
                left -= len(block) if end is not None else 0
                yield block

    def size(self, key: str) -> int | None:
        outside()
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, key: str) -> None:
        outside()
        with disk():
            self._path(key).unlink(missing_ok=True)

    def keys(self, prefix: str) -> Iterator[str]:
        outside()
        yield from walk(self._blobs, prefix)

    def blobs(self, prefix: str) -> Iterator[Blob]:
        for key in self.keys(prefix):
            with suppress(FileNotFoundError):  # deleted this moment
                stat = self._path(key).stat()
                yield Blob(key, stat.st_size, stat.st_mtime_ns // 1_000_000)

    def url(self, key: str, *, ttl: int, download_name: str | None = None, epoch: int | None = None) -> str:
        return self._urls.read(key, ttl=ttl, download_name=download_name, epoch=epoch)

    def begin_upload(self, key: str, *, content_type: str) -> str:  # noqa: ARG002 # see the class
        outside()
        self._path(key)  # refuses now what it would refuse in the end
        return self._uploads.begin(key)

    def part_request(self, key: str, upload_id: str, number: int, *, ttl: int) -> Request:
        return self._urls.part(key, upload_id, number, ttl=ttl)

    def parts(self, key: str, upload_id: str) -> list[Part]:
        outside()
        return self._uploads.parts(key, upload_id)

    def finish_upload(self, key: str, upload_id: str, parts: list[Part]) -> None:
        outside()
        try:
            self._uploads.join(key, upload_id, parts, self._path(key))
        except NotFound:
            if self.size(key) != sum(part.size for part in parts):
                raise

    def abort_upload(self, key: str, upload_id: str) -> None:
        outside()
        self._uploads.abort(key, upload_id)

    def forget_uploads(self, older_than_ms: int) -> int:
        outside()
        return self._uploads.forget(older_than_ms)

    # what backend/api/blobs.py needs beyond Store

    def path(self, key: str) -> Path:
        """The file of a blob that is there. Raises NotFound."""
        path = self._path(key)
        if not path.is_file():
            raise NotFound(key)
        return path

    def check_read(self, key: str, asked: Mapping[str, str]) -> str | None:
        """The signed download name or None. Raises Refused (`refused`, `store_expired`)."""
        return self._urls.check_read(key, asked)

    def check_part(self, key: str, asked: Mapping[str, str]) -> PartGrant:
        """Raises Refused, as `check_read`."""
        return self._urls.check_part(key, asked)

    def receive_part(self, key: str, grant: PartGrant, body: IO[bytes], *, size: int, md5: bytes | None) -> str:
        """The part's etag. Raises NotFound when the upload is gone, BadInput `bad_digest` when bytes were lost."""
        outside()
        return self._uploads.receive(key, grant.upload_id, grant.number, body, size=size, md5=md5)

    def _path(self, key: str) -> Path:
        path = place(self._blobs, checked(key))
        assert path.is_relative_to(self._blobs), "a key must not leave the root"
        return path


@contextmanager
def _reading(key: str) -> Generator[None]:
    """Raises NotFound for a blob that is not there, or no longer."""
    try:
        with disk():
            yield
    except FileNotFoundError:
        raise NotFound(key) from None


def _holds(path: Path, data: bytes) -> bool:
    with suppress(FileNotFoundError):
        return path.stat().st_size == len(data) and path.read_bytes() == data
    return False
