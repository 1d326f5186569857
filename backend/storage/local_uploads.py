"""Uploads by parts of the local store: a directory per upload, a file per part, joined at the end.

A part's file is its bytes followed by their MD5 (16 bytes): one rename replaces both, and listing parts reads no
more than their ends. Nothing here locks; two that finish at once both make the same blob and one tidies up.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO, Final

from backend import clock
from backend.errors import BadInput, Conflict, NotFound
from backend.storage import MIN_PART_BYTES, Part
from backend.storage.local_disk import disk, make_folder, writing

BLOCK: Final = 256 * 1024
_MD5_BYTES: Final = 16
_ID: Final = re.compile(r"[0-9a-f]{32}")
_CARD: Final = "upload.json"


class Garbled(BadInput):
    """The bytes of a part changed on the way. Sending it again helps, hence 400 and not 422."""

    status, default = 400, "bad_digest"


class Uploads:
    """`root`: one directory per upload. `scratch`: where files are written before they appear."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self._root, self._scratch = root, scratch

    def begin(self, key: str) -> str:
        upload_id = secrets.token_hex(16)
        folder = self._root / upload_id
        with disk():
            make_folder(folder)
            with writing(folder / _CARD, self._scratch) as card:
                card.write(json.dumps({"key": key, "begun_at": clock.now_ms()}).encode())
        return upload_id

    def receive(self, key: str, upload_id: str, number: int, body: IO[bytes], *, size: int, md5: bytes | None) -> str:
        """Store one part from a stream, block by block; returns its etag.

        Raises Garbled when the bytes are not `size` or do not have this MD5; NotFound when the upload is gone.
        """
        folder = self._folder(key, upload_id)
        found, left = hashlib.md5(usedforsecurity=False), size
        with _present(upload_id), writing(folder / _name(number), self._scratch) as file:
            while left and (block := body.read(min(BLOCK, left))):
                found.update(block)
                left -= len(block)
                file.write(block)
            if left or (md5 is not None and md5 != found.digest()):
                raise Garbled(f"part {number} of {upload_id}: {left} bytes missing or the MD5 differs")
            file.write(found.digest())
        return found.hexdigest().upper()

    def parts(self, key: str, upload_id: str) -> list[Part]:
        folder = self._folder(key, upload_id)
        found = []
        with _present(upload_id):
            for path in sorted(path for path in folder.iterdir() if path.name != _CARD):
                with path.open("rb") as file:
                    found.append(_part(int(path.name), file))
        return found

    def join(self, key: str, upload_id: str, parts: list[Part], target: Path) -> None:
        """Make `target` of the parts and forget the upload. Raises NotFound, Conflict, BadInput: see Store."""
        folder = self._folder(key, upload_id)
        wanted = [Part(part.number, part.size, part.etag.strip('"').upper()) for part in parts]
        ordered = sorted(wanted, key=lambda part: part.number)
        if not ordered or len({part.number for part in ordered}) != len(ordered):
            raise Conflict("no parts, or one of them twice", code="missing_parts")
        if not set(ordered) <= set(self.parts(key, upload_id)):
            raise Conflict("a part is missing or differs", code="missing_parts")
        if any(part.size < MIN_PART_BYTES for part in ordered[:-1]):
            raise BadInput(f"only the last part may have less than {MIN_PART_BYTES} bytes", code="bad_size")
        with _present(upload_id):
            make_folder(target.parent)
            with writing(target, self._scratch) as blob:
                for part in ordered:
                    _append(folder, part, blob)
        self._discard(folder)

    def abort(self, key: str, upload_id: str) -> None:
        with suppress(NotFound):
            self._discard(self._folder(key, upload_id))

    def forget(self, older_than_ms: int) -> int:
        """Also removes what a crash left in `scratch`."""
        before = clock.now_ms() - older_than_ms
        forgotten = 0
        with disk():
            for folder in _listed(self._root):
                if _begun_at(folder) < before:
                    self._discard(folder)
                    forgotten += 1
            for left in _listed(self._scratch):
                with suppress(FileNotFoundError):
                    if left.stat().st_mtime_ns // 1_000_000 < before:
                        _remove(left)
        return forgotten

    def _folder(self, key: str, upload_id: str) -> Path:
        """Raises NotFound, also when the upload is another key's."""
        folder = self._root / upload_id
        if not _ID.fullmatch(upload_id) or _card(folder).get("key") != key:
            raise NotFound(f"upload {upload_id}")
        return folder

    def _discard(self, folder: Path) -> None:
        """At once for everybody else: a half-removed upload must not look like one with few parts."""
        gone = self._scratch / secrets.token_hex(8)
        with suppress(FileNotFoundError), disk():
            make_folder(self._scratch)
            folder.rename(gone)
            _remove(gone)


@contextmanager
def _present(upload_id: str) -> Generator[None]:
    """On disk; and an upload that vanishes meanwhile, finished or aborted by somebody else, is NotFound."""
    try:
        with disk():
            yield
    except FileNotFoundError:
        raise NotFound(f"upload {upload_id}") from None


def _card(folder: Path) -> dict[str, object]:
    try:
        card: dict[str, object] = json.loads((folder / _CARD).read_bytes())
    except (OSError, ValueError):
        return {}
    return card


def _begun_at(folder: Path) -> int:
    """ms; of a directory whose card was never written, its own age. Gone meanwhile: now."""
    begun = _card(folder).get("begun_at")
    if isinstance(begun, int):
        return begun
    try:
        return folder.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return clock.now_ms()


def _name(number: int) -> str:
    return f"{number:05d}"


def _part(number: int, file: BinaryIO) -> Part:
    size = file.seek(-_MD5_BYTES, os.SEEK_END)
    return Part(number, size, file.read().hex().upper())


def _append(folder: Path, part: Part, blob: BinaryIO) -> None:
    with (folder / _name(part.number)).open("rb") as file:
        if _part(part.number, file) != part:
            raise Conflict(f"part {part.number} was replaced meanwhile", code="missing_parts")
        file.seek(0)
        left = part.size
        while left and (block := file.read(min(BLOCK, left))):
            left -= blob.write(block)


def _listed(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
