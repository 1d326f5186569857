"""Blobs of the local store over HTTP: reading by signed URL, and the parts of an upload. docs/wire.md §5.

The signature is the whole permission and names one key; which keys a caller may learn is decided where URLs are made
(guests: only GUEST_PREFIXES). With another store these addresses answer 404: the bytes do not pass through here.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, request, send_file
from flask.typing import ResponseReturnValue

from backend import gate
from backend.errors import BadInput, NotFound
from backend.http import stage
from backend.storage import RENDITION_PREFIX, attachment
from backend.storage.local import LocalStore

bp = Blueprint("blobs", __name__, url_prefix="/blobs")

# What browsers may show. Anything else, above all HTML and SVG, is only ever a file to save.
_BY_SUFFIX: Final = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".pdf": "application/pdf",
    ".zip": "application/zip",
    ".json": "application/json",
}
_BY_FIRST_BYTES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n", "image/png"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
)


@bp.get("/<path:key>")
def read(key: str) -> ResponseReturnValue:
    """Also HEAD. Ranges and If-None-Match are honoured. A blob that was deleted is 404 at once."""
    store = _local_store()
    name = store.check_read(key, request.args)
    if "a" in request.args:
        gate.demand_public(key, request.args["a"])
    path = store.path(key)
    try:
        stat = path.stat()
        answer = send_file(
            path,
            mimetype=_content_type(path),
            conditional=True,
            etag=f"{stat.st_mtime_ns:x}-{stat.st_size:x}",
            last_modified=stat.st_mtime,
        )
    except FileNotFoundError:
        raise NotFound(key) from None
    lasting = key.startswith(RENDITION_PREFIX)
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable" if lasting else "private, no-cache"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Disposition"] = attachment(name) if name else "inline"
    return answer


@bp.put("/<path:key>")
def receive_part(key: str) -> ResponseReturnValue:
    """One part of an upload, streamed to disk. 400 `bad_digest`: bytes were lost on the way, send it again."""
    store = _local_store()
    grant = store.check_part(key, request.args)
    size = request.content_length
    if size is None:
        raise BadInput("a part needs Content-Length", code="bad_size")
    request.max_content_length = 2 * stage().settings.part_bytes  # instead of the app's; 413 when the stream is opened
    etag = store.receive_part(key, grant, request.stream, size=size, md5=_announced_md5())
    return Response(status=200, headers={"ETag": f'"{etag}"'})


def _local_store() -> LocalStore:
    store = stage().store
    if not isinstance(store, LocalStore):
        raise NotFound("blobs are not served here")
    return store


def _announced_md5() -> bytes | None:
    announced = request.headers.get("Content-MD5")
    if announced is None:
        return None
    try:
        return base64.b64decode(announced, validate=True)
    except binascii.Error:
        raise BadInput("Content-MD5 is the MD5 in base64") from None


def _content_type(path: Path) -> str:
    by_suffix = _BY_SUFFIX.get(path.suffix.lower())
    if by_suffix:
        return by_suffix
    with path.open("rb") as file:
        first = file.read(16)
    if first[4:8] == b"ftyp" and first[8:12] in (b"heic", b"heix", b"mif1"):
        return "image/heic"
    return next((kind for start, kind in _BY_FIRST_BYTES if first.startswith(start)), "application/octet-stream")
