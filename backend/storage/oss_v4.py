"""Signatures, version 4, of Alibaba OSS: the only ones new accounts may use.

oss2 can make them too, but only for this very second of this machine's clock. Ours take any moment: URLs must stay
equal for an hour, and a clock that is wrong is corrected by the server's. tests/contract holds both against the
known answers of Alibaba's own SDK and against oss2's signer.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Protocol
from urllib.parse import quote

from backend import clock

ALGORITHM: Final = "OSS4-HMAC-SHA256"
_PAYLOAD: Final = "UNSIGNED-PAYLOAD"
_ALWAYS_SIGNED: Final = ("content-type", "content-md5")


@dataclass(frozen=True, slots=True)
class Credentials:
    """`security_token`: of temporary credentials (STS), else empty."""

    access_key_id: str
    secret: str = field(repr=False)
    security_token: str = field(default="", repr=False)


class Unsigned(Protocol):
    """What oss2 hands to its `auth`: an oss2.http.Request."""

    method: str
    url: str
    region: str
    params: MutableMapping[str, str]
    headers: MutableMapping[str, str]


class V4:
    """The `auth` of an oss2.Bucket. `credentials` is asked for every signature, so it may renew them."""

    def __init__(self, credentials: Callable[[], Credentials]) -> None:
        self._credentials = credentials
        self._offset_ms = 0  # what to add to our clock to get the server's

    def now_s(self) -> int:
        """Seconds since the epoch by the server's clock, as far as we know it."""
        return (clock.now_ms() + self._offset_ms) // 1000

    def correct(self, server_date: str) -> int | None:
        """Follow the server's clock from now on: seconds it is ahead of ours, or None if the date is none."""
        try:
            server_ms = int(parsedate_to_datetime(server_date).timestamp() * 1000)
        except (TypeError, ValueError):
            return None
        self._offset_ms = server_ms - clock.now_ms()
        return self._offset_ms // 1000

    # called by oss2

    def auth_version(self) -> str:
        return "v4"

    def _sign_request(
        self, req: Unsigned, bucket_name: str, key: str, in_additional_headers: Iterable[str] | None = None
    ) -> None:
        who, stamp = self._credentials(), stamp_of(self.now_s())
        req.headers["x-oss-date"] = stamp
        req.headers["x-oss-content-sha256"] = _PAYLOAD
        if who.security_token:
            req.headers["x-oss-security-token"] = who.security_token
        more = _additional(req.headers, in_additional_headers)
        resource = f"/{bucket_name}/{key}" if bucket_name else "/"
        asked = canonical(req.method, resource, encoded(req.params), req.headers, more)
        said = [
            f"Credential={who.access_key_id}/{_scope(stamp, req.region)}",
            f"Signature={signature(asked, who.secret, stamp, req.region)}",
        ]
        if more:
            said.append(f"AdditionalHeaders={';'.join(more)}")
        req.headers["authorization"] = f"{ALGORITHM} {', '.join(said)}"

    def _sign_url(
        self,
        req: Unsigned,
        bucket_name: str,
        key: str,
        expires: int,
        in_additional_headers: Iterable[str] | None = None,
    ) -> str:
        """`x-oss-date` may be among the parameters already: then it is the moment from which `expires` counts."""
        who = self._credentials()
        stamp = req.params.setdefault("x-oss-date", stamp_of(self.now_s()))
        more = _additional(req.headers, in_additional_headers)
        req.params["x-oss-signature-version"] = ALGORITHM
        req.params["x-oss-credential"] = f"{who.access_key_id}/{_scope(stamp, req.region)}"
        req.params["x-oss-expires"] = str(expires)
        if who.security_token:
            req.params["x-oss-security-token"] = who.security_token
        if more:
            req.params["x-oss-additional-headers"] = ";".join(more)
        query = encoded(req.params)
        asked = canonical(req.method, f"/{bucket_name}/{key}", query, req.headers, more)
        return f"{req.url}?{query}&x-oss-signature={signature(asked, who.secret, stamp, req.region)}"


def stamp_of(moment_s: int) -> str:
    return datetime.fromtimestamp(moment_s, UTC).strftime("%Y%m%dT%H%M%SZ")


def encoded(params: Mapping[str, str]) -> str:
    """A query, sorted as it is signed."""
    pairs = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in params.items())
    return "&".join(f"{name}={value}" if value else name for name, value in pairs)


def canonical(
    method: str, resource: str, query: str, headers: Mapping[str, str], additional: Iterable[str] = ()
) -> str:
    """The request as both sides write it down before signing. `resource`: `/bucket/key`, not encoded."""
    signed = sorted((name.lower(), value) for name, value in headers.items() if _is_signed(name.lower(), additional))
    return "\n".join(
        (
            method,
            quote(resource),
            query,
            "".join(f"{name}:{value}\n" for name, value in signed),
            ";".join(additional),
            headers.get("x-oss-content-sha256", _PAYLOAD),
        )
    )


def signature(asked: str, secret: str, stamp: str, region: str) -> str:
    """Hex. The key is good for one day, one region and one product, so that a leaked one is worth little."""
    key = f"aliyun_v4{secret}".encode()
    for step in _scope(stamp, region).split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    text = "\n".join((ALGORITHM, stamp, _scope(stamp, region), hashlib.sha256(asked.encode()).hexdigest()))
    return hmac.digest(key, text.encode(), "sha256").hex()


def _scope(stamp: str, region: str) -> str:
    return f"{stamp[:8]}/{region}/oss/aliyun_v4_request"


def _is_signed(name: str, additional: Iterable[str]) -> bool:
    return name.startswith("x-oss-") or name in _ALWAYS_SIGNED or name in additional


def _additional(headers: Mapping[str, str], asked: Iterable[str] | None) -> list[str]:
    present = {name.lower() for name in headers}
    return sorted({name.lower() for name in asked or ()} & present)
