"""Objects and uploads on disk. A file is named by the hash of its key, so keys may be anything; a card beside it
says which key, type and checksums.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import fastcrc


@dataclass(frozen=True, slots=True)
class Stored:
    """One object, or one part of an upload. `file`: the name of the file that holds its bytes."""

    key: str
    size: int
    etag: str
    crc: int
    modified_ms: int
    file: str
    kind: str = "Normal"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Upload:
    """An upload by parts that is neither complete nor aborted."""

    upload_id: str
    key: str
    headers: dict[str, str]
    begun_ms: int
    parts: dict[int, Stored] = field(default_factory=dict)


class Shelf:
    """All of one bucket. The caller holds a lock. Nothing is flushed: it survives being killed, not a power cut."""

    def __init__(self, folder: Path, now_ms: Callable[[], int]) -> None:
        self._folder, self._now_ms = folder, now_ms
        folder.mkdir(parents=True, exist_ok=True)
        cards = [json.loads(path.read_bytes()) for path in folder.glob("*.object")]
        self._objects = {card["key"]: Stored(**card) for card in cards}
        self._uploads: dict[str, Upload] = {}
        for path in folder.glob("*.upload"):
            card = json.loads(path.read_bytes())
            parts = {int(number): Stored(**part) for number, part in card.pop("parts").items()}
            self._uploads[card["upload_id"]] = Upload(**card, parts=parts)

    def put(self, key: str, data: bytes, headers: dict[str, str], *, kind: str = "Normal", etag: str = "") -> Stored:
        made = self._write(key, data, headers, kind, etag)
        old = self._objects.get(key)
        self._objects[key] = made
        self._card(self._object_card(key), asdict(made))
        if old:
            (self._folder / old.file).unlink()
        return made

    def find(self, key: str) -> Stored | None:
        return self._objects.get(key)

    def bytes_of(self, key: str) -> tuple[Stored, bytes] | None:
        found = self._objects.get(key)
        return None if found is None else (found, (self._folder / found.file).read_bytes())

    def delete(self, key: str) -> None:
        old = self._objects.pop(key, None)
        if old:
            self._object_card(key).unlink()
            (self._folder / old.file).unlink()

    def sorted(self, prefix: str) -> list[Stored]:
        return [self._objects[key] for key in sorted(self._objects) if key.startswith(prefix)]

    def begin(self, key: str, headers: dict[str, str]) -> Upload:
        upload = Upload(secrets.token_hex(16).upper(), key, headers, self._now_ms())
        self._uploads[upload.upload_id] = upload
        self._card(self._upload_card(upload), asdict(upload))
        return upload

    def upload(self, key: str, upload_id: str) -> Upload | None:
        found = self._uploads.get(upload_id)
        return found if found and found.key == key else None

    def uploads(self, prefix: str) -> list[Upload]:
        fitting = [upload for upload in self._uploads.values() if upload.key.startswith(prefix)]
        return sorted(fitting, key=lambda upload: (upload.key, upload.upload_id))

    def add_part(self, upload: Upload, number: int, data: bytes) -> Stored:
        part = self._write(upload.key, data, {}, "Part", "")
        old = upload.parts.get(number)
        upload.parts[number] = part
        self._card(self._upload_card(upload), asdict(upload))
        if old:
            (self._folder / old.file).unlink()
        return part

    def join(self, upload: Upload, numbers: list[int]) -> Stored:
        parts = [upload.parts[number] for number in numbers]
        data = b"".join((self._folder / part.file).read_bytes() for part in parts)
        whole = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False)
        etag = f"{whole.hexdigest().upper()}-{len(parts)}"
        made = self.put(upload.key, data, upload.headers, kind="Multipart", etag=etag)
        self.abort(upload)
        return made

    def abort(self, upload: Upload) -> None:
        if self._uploads.pop(upload.upload_id, None):
            self._upload_card(upload).unlink()
            for part in upload.parts.values():
                (self._folder / part.file).unlink()

    def _write(self, key: str, data: bytes, headers: dict[str, str], kind: str, etag: str) -> Stored:
        file = f"{_hash(key)}-{secrets.token_hex(4)}.bytes"
        (self._folder / file).write_bytes(data)
        etag = etag or hashlib.md5(data, usedforsecurity=False).hexdigest().upper()
        return Stored(key, len(data), etag, fastcrc.crc64.xz(data), self._now_ms(), file, kind, headers)

    def _card(self, path: Path, said: dict[str, object]) -> None:
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(said))
        temporary.replace(path)

    def _object_card(self, key: str) -> Path:
        return self._folder / f"{_hash(key)}.object"

    def _upload_card(self, upload: Upload) -> Path:
        return self._folder / f"{upload.upload_id}.upload"


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:40]
