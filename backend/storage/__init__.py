"""Blobs: one interface, two stores. Keys are made here and nowhere else.

A key names its content, so writing it twice is harmless and a cache may keep it for ever:
`o/…` originals and `s/…` previews as they came (clean: no guest URL may name them),
`r/…` renditions guests see, `a/…` brand art, `x/…` posters, exports and other products.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

GUEST_PREFIXES: Final = ("r/", "x/")  # all that a guest's URL may ever name


def original_key(event_id: str, digest: str) -> str:
    """`digest` is the sha256 of the bytes, hex."""
    return f"o/{event_id}/{digest}"


def source_key(event_id: str, kind: str, digest: str) -> str:
    """A source that is not the original: the bridge's preview, a retoucher's version."""
    return f"s/{event_id}/{kind}/{digest}"


def rendition_key(album_id: str, digest: str, recipe_id: str, salt: str, kind: str) -> str:
    """Same source, recipe and salt: same key. A recall changes the salt, so no old URL comes back to life."""
    return f"r/{album_id}/{digest[:16]}-{recipe_id[:16]}-{salt}-{kind}.jpg"


def art_key(organization_id: str, digest: str, suffix: str) -> str:
    return f"a/{organization_id}/{digest}.{suffix}"


def digest(data: bytes) -> str:
    """sha256, hex: how every blob is identified."""
    return hashlib.sha256(data).hexdigest()


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


class Store(Protocol):
    """Raises: NotFound (no such blob); Upstream with code `store_denied`, `store_expired`, `store_clock` (permanent)
    or `store_unreachable` (try again). Every method may be repeated."""

    def put(self, key: str, data: bytes, *, content_type: str = "image/jpeg") -> None:
        """Store all of `data` durably or nothing. Same key, same bytes: no change."""

    def get(self, key: str) -> bytes: ...

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Blocks of `[start, end)`, for bytes too many to hold."""

    def size(self, key: str) -> int | None:
        """Bytes, or None when there is no such blob."""

    def delete(self, key: str) -> None:
        """Gone afterwards, whether or not it was there."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key with this prefix, in order."""

    def url(self, key: str, *, ttl: int, download_name: str | None = None) -> str:
        """A URL for reading, valid at least `ttl` seconds; equal within the hour, so that phones cache.

        No network. `download_name`: the browser saves the file under this name.
        """

    def begin_upload(self, key: str, *, content_type: str) -> str:
        """Open an upload by parts; returns its id."""

    def part_request(self, key: str, upload_id: str, number: int, *, ttl: int) -> Request:
        """How to PUT one part straight to the store, Content-MD5 allowed. No network."""

    def parts(self, key: str, upload_id: str) -> list[Part]:
        """What is there already, by number. Raises NotFound when the upload is gone (finished or aborted)."""

    def finish_upload(self, key: str, upload_id: str, parts: list[Part]) -> None:
        """Make the blob of its parts. Repeating after success is fine (the key exists)."""

    def abort_upload(self, key: str, upload_id: str) -> None: ...
