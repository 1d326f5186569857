"""Checks V4 signatures, of headers and of URLs, as OSS does; older versions are refused as for a new account.

Written from the published algorithm and on purpose not shared with backend/storage/oss_v4.py: two that agree by
being the same code would prove nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from calendar import timegm
from dataclasses import dataclass
from time import strptime
from typing import Final
from urllib.parse import quote

from launch.sandbox.oss.grants import Grant, KeyRing
from launch.sandbox.oss.wire import Ask, Refusal

VERSION: Final = "OSS4-HMAC-SHA256"
SKEW_S: Final = 15 * 60
LONGEST_S: Final = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says about its own signature. `lifetime` is None when it is in the headers."""

    credential: str
    signature: str
    additional: str
    stamp: str
    token: str
    lifetime: str | None


def identify(ask: Ask, keys: KeyRing, region: str, now_s: int) -> Grant:
    """Whose request this is. Raises Refusal."""
    claim = _claim(ask)
    try:
        access_key_id, day, named_region, product, terminator = claim.credential.split("/")
    except ValueError:
        raise Refusal(400, "InvalidArgument", "Invalid Credential.") from None
    if (named_region, product, terminator, day) != (region, "oss", "aliyun_v4_request", claim.stamp[:8]):
        said = "Invalid signing region in Authorization header."
        if claim.lifetime is not None:
            said = "The signing region in credential is invalid."
        raise Refusal(400, "InvalidArgument", said, ec="0002-00000226")
    grant = keys.find(access_key_id, claim.token, now_s)
    _check_time(claim, now_s)
    _check_signature(ask, claim, grant, f"{day}/{region}/{product}/{terminator}")
    return grant


def _claim(ask: Ask) -> Claim:
    said = ask.headers.get("authorization", "")
    if said.startswith(f"{VERSION} "):
        fields = dict(one.strip().partition("=")[::2] for one in said[len(VERSION) :].split(","))
        return Claim(
            credential=fields.get("Credential", ""),
            signature=fields.get("Signature", ""),
            additional=fields.get("AdditionalHeaders", ""),
            stamp=ask.headers.get("x-oss-date", ""),
            token=ask.headers.get("x-oss-security-token", ""),
            lifetime=None,
        )
    if ask.query.get("x-oss-signature-version") == VERSION:
        return Claim(
            credential=ask.query.get("x-oss-credential", ""),
            signature=ask.query.get("x-oss-signature", ""),
            additional=ask.query.get("x-oss-additional-headers", ""),
            stamp=ask.query.get("x-oss-date", ""),
            token=ask.query.get("x-oss-security-token", ""),
            lifetime=ask.query.get("x-oss-expires", ""),
        )
    if said or "Signature" in ask.query:
        raise Refusal(403, "AccessDenied", "Signature version 1 and 2 are closed for this account.", ec="0002-00000080")
    raise Refusal(403, "AccessDenied", "You have no right to access this object because of bucket acl.")


def _check_time(claim: Claim, now_s: int) -> None:
    try:
        made_s = timegm(strptime(claim.stamp, "%Y%m%dT%H%M%SZ"))
        lifetime = None if claim.lifetime is None else int(claim.lifetime)
    except ValueError:
        raise Refusal(400, "InvalidArgument", "Invalid x-oss-date or x-oss-expires.") from None
    if lifetime is None:
        if abs(now_s - made_s) > SKEW_S:
            said = "The difference between the request time and the current time is too large."
            raise Refusal(403, "RequestTimeTooSkewed", said, ec="0002-00000504")
        return
    if not 1 <= lifetime <= LONGEST_S:
        raise Refusal(400, "InvalidArgument", f"x-oss-expires must be in [1, {LONGEST_S}].")
    if made_s > now_s + SKEW_S:
        raise Refusal(403, "AccessDenied", "Request is not valid yet.")
    if made_s + lifetime < now_s:
        raise Refusal(403, "AccessDenied", "Request has expired.", ec="0002-00000069")


def _check_signature(ask: Ask, claim: Claim, grant: Grant, scope: str) -> None:
    canonical = _canonical(ask, claim)
    text = "\n".join((VERSION, claim.stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = b"aliyun_v4" + grant.secret.encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    expected = hmac.digest(key, text.encode(), "sha256").hex()
    if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
        said = "The request signature we calculated does not match the signature you provided."
        details = {
            "OSSAccessKeyId": grant.access_key_id,
            "SignatureProvided": claim.signature,
            "StringToSign": text,
            "CanonicalRequest": canonical,
        }
        raise Refusal(403, "SignatureDoesNotMatch", said, extra=details, ec="0002-00000227")


def _canonical(ask: Ask, claim: Claim) -> str:
    additional = sorted(name.lower() for name in claim.additional.split(";") if name)
    signed = {"content-type", "content-md5", *additional}
    pairs = sorted(
        (quote(name, safe=""), quote(value, safe="")) for name, value in ask.query.items() if name != "x-oss-signature"
    )
    lines = [
        ask.method,
        quote(f"/{ask.bucket}/{ask.key}", safe="/"),
        "&".join(f"{name}={value}" if value else name for name, value in pairs),
    ]
    lines += [
        f"{name}:{ask.headers[name].strip()}"
        for name in sorted(ask.headers)
        if name.startswith("x-oss-") or name in signed
    ]
    lines += ["", ";".join(additional), ask.headers.get("x-oss-content-sha256", "UNSIGNED-PAYLOAD")]
    return "\n".join(lines)
