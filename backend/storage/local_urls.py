"""Signed URLs of the local store: who holds one may read one blob, or put one part, until a moment.

Every signature names its purpose first, so that one for reading never opens a way to write.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from backend import clock
from backend.errors import BadInput, Refused
from backend.storage import MAX_PARTS, Request, checked, checked_ttl

HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class PartGrant:
    """What a valid part URL allows."""

    upload_id: str
    number: int


class BlobUrls:
    """Makes and checks `{base_url}/blobs/<key>?…`. Two with the same secret accept each other's URLs."""

    def __init__(self, base_url: str, secret: str) -> None:
        if not secret:
            raise ValueError("the local store needs a secret to sign its URLs with")
        self._base = f"{base_url.rstrip('/')}/blobs/"
        self._key = hashlib.sha256(b"blobs:" + secret.encode()).digest()

    def read(self, key: str, *, ttl: int, download_name: str | None, epoch: int | None = None) -> str:
        """Valid from `ttl` to `ttl` + 1 hour, so that it stays the same until the clock's next hour."""
        expires = (_now() // HOUR + 1) * HOUR + checked_ttl(ttl)
        asked = {"e": str(expires)} | ({"n": download_name} if download_name else {})
        said = ["read", key, str(expires), download_name or ""]
        if epoch is not None:
            asked["a"] = str(epoch)
            said.append(asked["a"])
        return self._url(checked(key), asked, self._sign(*said))

    def part(self, key: str, upload_id: str, number: int, *, ttl: int) -> Request:
        if not 1 <= number <= MAX_PARTS:
            raise BadInput(f"parts are numbered 1 to {MAX_PARTS}, not {number}")
        expires = _now() + checked_ttl(ttl)
        asked = {"upload": upload_id, "part": str(number), "e": str(expires)}
        signature = self._sign("part", key, str(expires), upload_id, str(number))
        return Request("PUT", self._url(checked(key), asked, signature), {})

    def check_read(self, key: str, asked: Mapping[str, str]) -> str | None:
        """The download name, if one was signed. Raises Refused: `refused`, or `store_expired` when only time is up."""
        name = asked.get("n", "")
        epoch = [asked["a"]] if "a" in asked else []
        self._check(asked, "read", key, asked.get("e", ""), name, *epoch)
        return name or None

    def check_part(self, key: str, asked: Mapping[str, str]) -> PartGrant:
        """Raises Refused, as `check_read`."""
        upload_id, number = asked.get("upload", ""), asked.get("part", "")
        self._check(asked, "part", key, asked.get("e", ""), upload_id, number)
        return PartGrant(upload_id, int(number))

    def _check(self, asked: Mapping[str, str], purpose: str, *said: str) -> None:
        expected = self._sign(purpose, *said)
        if not hmac.compare_digest(expected.encode(), asked.get("s", "").encode("utf-8", "replace")):
            raise Refused("wrong signature")
        if int(asked["e"]) <= _now():
            raise Refused("the URL is over", code="store_expired")

    def _sign(self, purpose: str, *said: str) -> str:
        message = "\n".join((purpose, *(quote(one, safe="", errors="replace") for one in said)))
        return hmac.new(self._key, message.encode(), hashlib.sha256).hexdigest()[:32]

    def _url(self, key: str, asked: Mapping[str, str], signature: str) -> str:
        return f"{self._base}{quote(key)}?{urlencode({**asked, 's': signature}, quote_via=quote)}"


def _now() -> int:
    return clock.now_ms() // 1000
