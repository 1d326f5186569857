"""Blobs on Alibaba OSS, by oss2: the only module that talks to it.

What oss2 leaves to us: V4 signatures at a moment we choose (oss_v4.py), trying again (oss_calls.py), comparing CRCs
fast, and reading every answer to its end so that connections are used again: docs/decisions/0002-…
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import fastcrc
import oss2
from oss2.exceptions import InconsistentError, RequestError, ServerError
from oss2.models import PartInfo

from backend import clock
from backend.errors import BadInput, Conflict, NotFound
from backend.storage import (
    FEED_PREFIX,
    GUEST_PREFIXES,
    MAX_PARTS,
    RENDITION_PREFIX,
    Blob,
    Part,
    Request,
    attachment,
    checked,
    checked_ttl,
)
from backend.storage.oss_calls import TRIES, Calls, translated, wait
from backend.storage.oss_v4 import V4, Credentials, stamp_of

BLOCK: Final = 256 * 1024
HOUR: Final = 3600
LASTING: Final = "public, max-age=31536000, immutable"
TIMEOUT_S: Final = (3, 20)  # to connect; between two reads
CONNECTIONS: Final = 32  # kept open at most; more threads than this open their own and close them
_PAGE: Final = 1000  # the most one listing gives


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket and how to reach it. `endpoint` is what the outside uses: with `cname` a domain bound to the bucket.

    `internal_endpoint`: what we use ourselves in the same region, free and fast; empty: `endpoint`.
    """

    bucket: str
    region: str  # cn-hangzhou, without «oss-»
    endpoint: str
    cname: bool = False
    internal_endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Cdn:
    """A CDN before the bucket that checks URLs by authentication type A with this key."""

    url: str
    key: str = field(repr=False)


class OssStore:
    """A Store in one bucket. One of these per process: it keeps the connections."""

    def __init__(self, place: Place, credentials: Callable[[], Credentials], *, cdn: Cdn | None = None) -> None:
        """`credentials` is asked for every signature: it may return temporary ones (STS) and renew them."""
        logging.getLogger("oss2").setLevel(logging.WARNING)  # its INFO and DEBUG quote signatures and tokens
        self._session = oss2.Session(pool_size=CONNECTIONS)
        self._session.session.trust_env = False  # no ~/.netrc may replace our signature
        self._auth = V4(credentials)
        self._calls = Calls(self._auth)
        self._bucket = self._reach(place, place.internal_endpoint or place.endpoint)
        self._public = self._reach(place, place.endpoint)
        self._cdn = cdn

    def put(self, key: str, data: bytes, *, content_type: str = "image/jpeg") -> None:
        headers = {"Content-Type": content_type} | self._caching(key)
        crc = fastcrc.crc64.xz(data)

        def call() -> None:
            _agree(crc, self._bucket.put_object(checked(key), data, headers=headers).crc)

        self._calls(call)

    def put_file(self, key: str, path: Path, *, content_type: str) -> None:
        headers = {"Content-Type": content_type} | self._caching(key)

        def call() -> None:
            crc = 0
            with path.open("rb") as file:
                while block := file.read(BLOCK):
                    crc = fastcrc.crc64.xz(block, crc)
            _agree(crc, self._bucket.put_object_from_file(checked(key), str(path), headers=headers).crc)

        self._calls(call)

    def get(self, key: str) -> bytes:
        def call() -> bytes:
            found = self._bucket.get_object(checked(key))
            data = b"".join(_blocks(found))
            _agree(fastcrc.crc64.xz(data), found.server_crc)
            return data

        return self._calls(call)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """A connection lost in the middle is opened again where it broke."""
        at, crc, failures = start, 0, 0
        while end is None or at < end:
            found = self._calls(partial(self._open, checked(key), at, end))
            if found is None:
                return
            try:
                for block in _blocks(found):
                    at += len(block)
                    crc = fastcrc.crc64.xz(block, crc)
                    yield block
            except OSError as exc:
                failures += 1
                _again(failures, exc)
            else:
                if start == 0 and end is None:
                    _agree_or_fail(crc, found.server_crc)
                return

    def size(self, key: str) -> int | None:
        try:
            length = self._calls(lambda: self._bucket.head_object(checked(key)).content_length)
        except NotFound:
            return None
        return int(length)

    def delete(self, key: str) -> None:
        self._calls(lambda: self._bucket.delete_object(checked(key)))

    def keys(self, prefix: str) -> Iterator[str]:
        for blob in self.blobs(prefix):
            yield blob.key

    def blobs(self, prefix: str) -> Iterator[Blob]:
        token = ""
        while True:
            page = self._calls(partial(self._bucket.list_objects_v2, prefix, continuation_token=token, max_keys=_PAGE))
            for found in page.object_list:
                yield Blob(found.key, int(found.size), int(found.last_modified) * 1000)
            if not page.is_truncated:
                return
            token = page.next_continuation_token

    def url(
        self,
        key: str,
        *,
        ttl: int,
        download_name: str | None = None,
        epoch: int | None = None,  # noqa: ARG002 # see Store.url
    ) -> str:
        """A CDN's for what guests see; else presigned: originals stay out of caches, names go into the signature."""
        hour = self._auth.now_s() // HOUR * HOUR
        lifetime = HOUR + checked_ttl(ttl)
        if self._cdn and download_name is None and key.startswith(GUEST_PREFIXES):
            return cdn_url(self._cdn, checked(key), hour + lifetime)
        params = {"x-oss-date": stamp_of(hour)}
        if download_name:
            params["response-content-disposition"] = attachment(download_name)
        signed: str = self._public.sign_url("GET", checked(key), lifetime, params=params, slash_safe=True)
        return signed

    def begin_upload(self, key: str, *, content_type: str) -> str:
        headers = {"Content-Type": content_type} | self._caching(key)
        opened = self._calls(lambda: self._bucket.init_multipart_upload(checked(key), headers=headers))
        return str(opened.upload_id)

    def part_request(self, key: str, upload_id: str, number: int, *, ttl: int) -> Request:
        if not 1 <= number <= MAX_PARTS:
            raise BadInput(f"parts are numbered 1 to {MAX_PARTS}, not {number}")
        params = {"uploadId": upload_id, "partNumber": str(number)}
        return Request(
            "PUT", self._public.sign_url("PUT", checked(key), checked_ttl(ttl), params=params, slash_safe=True), {}
        )

    def parts(self, key: str, upload_id: str) -> list[Part]:
        found: list[Part] = []
        marker = ""
        while True:
            page = self._calls(
                partial(self._bucket.list_parts, checked(key), upload_id, marker=marker, max_parts=_PAGE)
            )
            found.extend(Part(part.part_number, part.size, part.etag) for part in page.parts)
            if not page.is_truncated:
                return found
            marker = page.next_marker

    def finish_upload(self, key: str, upload_id: str, parts: list[Part]) -> None:
        if not parts:
            raise Conflict("no parts", code="missing_parts")
        # without the parts' CRCs oss2 skips combining them (5 ms each); whoever finishes reads the bytes back anyway
        listed = [PartInfo(part.number, part.etag.strip('"').upper()) for part in parts]

        def call() -> None:
            done = self._bucket.complete_multipart_upload(checked(key), upload_id, listed)
            done.resp.read()  # or the connection is lost

        try:
            self._calls(call)
        except NotFound:  # finished already, perhaps by us, when the answer was lost
            if self.size(key) != sum(part.size for part in parts):
                raise

    def abort_upload(self, key: str, upload_id: str) -> None:
        try:
            self._calls(lambda: self._bucket.abort_multipart_upload(checked(key), upload_id))
        except NotFound:
            return

    def forget_uploads(self, older_than_ms: int) -> int:
        before_s = (clock.now_ms() - older_than_ms) // 1000
        forgotten, key_marker, id_marker = 0, "", ""
        while True:
            page = self._calls(
                partial(self._bucket.list_multipart_uploads, key_marker=key_marker, upload_id_marker=id_marker)
            )
            stale = [upload for upload in page.upload_list if upload.initiation_date < before_s]
            for upload in stale:
                self.abort_upload(upload.key, upload.upload_id)
            forgotten += len(stale)
            if not page.is_truncated:
                return forgotten
            key_marker, id_marker = page.next_key_marker, page.next_upload_id_marker

    def close(self) -> None:
        """Close the connections kept open."""
        self._session.session.close()

    def _reach(self, place: Place, endpoint: str) -> Any:  # noqa: ANN401 # oss2 is untyped
        address = endpoint if "://" in endpoint else f"https://{endpoint}"  # oss2 would take http
        return oss2.Bucket(
            self._auth,
            address,
            place.bucket,
            is_cname=place.cname and endpoint == place.endpoint,
            session=self._session,
            connect_timeout=TIMEOUT_S,
            enable_crc=False,  # oss2's costs 1 ms for 300 KB; ours is in put, get and read
            region=place.region,
        )

    def _open(self, key: str, at: int, end: int | None) -> Any | None:  # noqa: ANN401 # oss2 is untyped
        """The answer, its body unread; None when `at` is at or behind the end of the blob."""
        wanted = None if at == 0 and end is None else (at, None if end is None else end - 1)
        try:
            # without this header a range that cannot be answered is answered with the whole blob
            return self._bucket.get_object(key, byte_range=wanted, headers={"x-oss-range-behavior": "standard"})
        except ServerError as exc:
            if exc.status == 416:
                return None
            raise

    def _caching(self, key: str) -> dict[str, str]:
        if key.startswith(FEED_PREFIX):
            return {"Cache-Control": "public, max-age=1" if key.endswith("/head.json") else LASTING}
        if not key.startswith(RENDITION_PREFIX):
            return {}
        return {"Cache-Control": f"{'public' if self._cdn else 'private'}, max-age=31536000, immutable"}


def cdn_url(cdn: Cdn, key: str, until_s: int) -> str:
    """Authentication type A: valid until `until_s` and the time configured at the CDN after it."""
    path = f"/{quote(key)}"
    proof = hashlib.md5(f"{path}-{until_s}-0-0-{cdn.key}".encode(), usedforsecurity=False).hexdigest()
    return f"{cdn.url.rstrip('/')}{path}?auth_key={until_s}-0-0-{proof}"


def _blocks(found: Any) -> Iterator[bytes]:  # noqa: ANN401 # oss2 is untyped
    try:
        while block := found.read(BLOCK):
            yield block
    finally:
        found.close()


def _again(failures: int, exc: OSError) -> None:
    """Wait, or give up after the third."""
    if failures == TRIES:
        raise translated(RequestError(exc)) from None
    wait(failures)


def _agree_or_fail(ours: int, theirs: int | None) -> None:
    """When the bytes are given away already and cannot be read again."""
    try:
        _agree(ours, theirs)
    except InconsistentError as exc:
        raise translated(exc) from None


def _agree(ours: int, theirs: int | None) -> None:
    """A server that sends no CRC is believed."""
    if theirs is not None and ours != theirs:
        raise InconsistentError(f"CRC {ours} here, {theirs} there")
