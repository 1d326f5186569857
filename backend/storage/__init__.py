"""Blobs: one interface, two stores. Keys are made here and nowhere else.

A key names its content, so writing it twice is harmless and a cache may keep it for ever:
`o/…` originals and `s/…` previews as they came (clean: no guest URL may name them),
`r/…` renditions guests see, `a/…` brand art, `p/…` samples of a brand, `x/…` posters, exports and other products.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from backend.errors import BadInput

EXPORT_PREFIX: Final = "x/"
FEED_PREFIX: Final = "f/"  # files of public feeds
GUEST_PREFIXES: Final = ("r/", "x/", FEED_PREFIX)  # all that a guest's URL may ever name
RENDITION_PREFIX: Final = "r/"  # what may stay in a phone's cache for ever: the key changes with the picture
MIN_PART_BYTES: Final = 100 * 1024  # of every part of an upload but the last
MAX_PARTS: Final = 10_000
MAX_URL_TTL: Final = 7 * 24 * 3600 - 3600  # a presigned URL lives 7 days, of which quantising takes an hour


def original_key(event_id: str, digest: str) -> str:
    """`digest` is the sha256 of the bytes, hex."""
    return f"o/{event_id}/{digest}"


def source_key(event_id: str, kind: str, digest: str) -> str:
    """A source that is not the original: the bridge's preview, a retoucher's version."""
    return f"s/{event_id}/{kind}/{digest}"


def rendition_key(album_id: str, digest: str, recipe_id: str, salt: str, kind: str) -> str:
    """Same source, recipe and salt: same key. A recall changes the salt, so no old URL comes back to life."""
    return f"r/{album_id}/{digest[:16]}-{recipe_id[:16]}-{salt}-{kind}.jpg"


def cover_key(event_id: str, digest: str) -> str:
    """Of the finished cover, which guests see."""
    return f"x/covers/{event_id}/{digest[:32]}.jpg"


def art_key(organization_id: str, digest: str, suffix: str) -> str:
    return f"a/{organization_id}/{digest}.{suffix}"


def sample_key(organization_id: str, sample_id: str, number: int) -> str:
    return f"p/{organization_id}/{sample_id}-{number}.jpg"


def digest(data: bytes) -> str:
    """sha256, hex: how every blob is identified."""
    return hashlib.sha256(data).hexdigest()


def checked(key: str) -> str:
    """`key` itself, when both stores can hold it. Raises BadInput."""
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        raise BadInput("a blob key must be valid Unicode") from None
    if not 1 <= length <= 1023 or key[0] in "/\\":
        raise BadInput("a blob key is 1 to 1023 bytes and starts with neither / nor \\")
    return key


def checked_ttl(ttl: int) -> int:
    """Seconds a signed URL shall stay valid. Raises BadInput."""
    if not 1 <= ttl <= MAX_URL_TTL:
        raise BadInput(f"a signed URL is valid for 1 to {MAX_URL_TTL} seconds, not {ttl}")
    return ttl


def attachment(name: str) -> str:
    """The value of Content-Disposition that makes a browser save the file as `name`."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


@dataclass(frozen=True, slots=True)
class Part:
    """One stored piece of an upload. `etag` is what `finish_upload` wants back; MD5 hex, upper case."""

    number: int  # from 1
    size: int  # bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request somebody else may make for us, already signed: send exactly these headers."""

    method: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Blob:
    """What a listing says of one."""

    key: str
    size: int  # bytes
    written_at: int  # ms UTC; putting the same bytes again counts


class Store(Protocol):
    """Every method may be repeated.

    Raises: NotFound (no such blob); BadInput (a key no store can hold); Upstream with code `store_denied`,
    `store_expired`, `store_clock` (permanent) or `store_unreachable` (try again).
    `url` signs any key, for professionals too. Guest-facing code asks for keys under GUEST_PREFIXES only: the
    signature is the permission, and nothing behind it asks again.
    """

    def put(self, key: str, data: bytes, *, content_type: str = "image/jpeg") -> None:
        """Store all of `data` durably or nothing. Same key, same bytes: no change."""

    def put_file(self, key: str, path: Path, *, content_type: str) -> None:
        """As `put`, for bytes too many to hold; the file stays where it is."""

    def get(self, key: str) -> bytes:
        """All of it, as it was put: what was damaged on the way is read again."""

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Blocks of `[start, end)`, for bytes too many to hold. Errors come with the first block or a later one."""

    def size(self, key: str) -> int | None:
        """Bytes, or None when there is no such blob."""

    def delete(self, key: str) -> None:
        """Gone afterwards, whether or not it was there."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key with this prefix, in the order of their UTF-8 bytes."""

    def blobs(self, prefix: str) -> Iterator[Blob]:
        """As `keys`, with sizes and times, at no more requests."""

    def url(self, key: str, *, ttl: int, download_name: str | None = None, epoch: int | None = None) -> str:
        """A URL for reading, valid at least `ttl` seconds; equal within the hour, so that phones cache.

        No network. `download_name`: the browser saves the file under this name. `ttl`: 1 to MAX_URL_TTL.
        `epoch`: for guests, the access epoch of the rendition's album; where the bytes pass through us the URL ends
        when the album's rule changes. A store that gives out bytes itself cannot ask and ignores it.
        """

    def begin_upload(self, key: str, *, content_type: str) -> str:
        """Open an upload by parts; returns its id."""

    def part_request(self, key: str, upload_id: str, number: int, *, ttl: int) -> Request:
        """How to PUT one part straight to the store: these headers and no others (a V4 signature covers
        Content-Type and Content-MD5). The answer's ETag is the MD5 of what arrived, hex, upper case. No network.
        """

    def parts(self, key: str, upload_id: str) -> list[Part]:
        """What is there already, by number. Raises NotFound when the upload is gone (finished or aborted)."""

    def finish_upload(self, key: str, upload_id: str, parts: list[Part]) -> None:
        """Make the blob of its parts. Repeating after success is fine (the key exists).

        Raises Conflict `missing_parts` when a part is not there as listed, BadInput `bad_size` when one that is not
        the last has less than MIN_PART_BYTES.
        """

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Forget an upload and its parts, if it is still there."""

    def forget_uploads(self, older_than_ms: int) -> int:
        """Abort every upload begun longer ago than this; returns how many. For the sweep."""
