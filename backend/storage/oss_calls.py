"""One call to OSS: tried again when the trouble may pass, and its failure in our words.

oss2 itself repeats nothing. Every call we make may be repeated: same key, same bytes.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from typing import Final, TypeVar

from oss2.exceptions import ClientError, InconsistentError, OssError, RequestError

from backend.db import outside
from backend.errors import AppError, BadInput, Conflict, NotFound, Upstream
from backend.storage.oss_v4 import V4

log = logging.getLogger(__name__)
T = TypeVar("T")
TRIES: Final = 3
BACKOFF_MS: Final = 200  # before the second try at most; twice that before the third
_MISSING: Final = ("NoSuchKey", "NoSuchUpload", "")  # an answer to HEAD may carry no code
_BY_CODE: Final[dict[str, tuple[type[AppError], str]]] = {
    "InvalidPart": (Conflict, "missing_parts"),
    "InvalidPartOrder": (Conflict, "missing_parts"),
    "EntityTooSmall": (BadInput, "bad_size"),
    "InvalidDigest": (BadInput, "bad_digest"),
    "SecurityTokenExpired": (Upstream, "store_expired"),
    "RequestTimeTooSkewed": (Upstream, "store_clock"),
}


class Calls:
    """Tries three times at most, waiting longer each time; once it also follows the server's clock."""

    def __init__(self, auth: V4) -> None:
        self._auth = auth

    def __call__(self, call: Callable[[], T]) -> T:
        """Raises what `translated` says."""
        outside()
        tries, corrected = 0, False
        while True:
            try:
                return call()
            except OSError as exc:  # requests' errors, where oss2 does not wrap them: while a body is read
                trouble: OssError = RequestError(exc)
            except OssError as exc:
                trouble = exc
            if not corrected and _skewed(trouble) and self._follow(trouble):
                corrected = True
                continue
            tries += 1
            if tries == TRIES or not passing(trouble):
                raise translated(trouble) from None  # oss2's own words hold signatures and tokens
            wait(tries)

    def _follow(self, trouble: OssError) -> bool:
        ahead_s = self._auth.correct(trouble.headers.get("Date", ""))
        if ahead_s is not None:
            log.warning("clock is wrong: the store is ahead by seconds=%s; following it", ahead_s)
        return ahead_s is not None


def wait(tries: int) -> None:
    """After so many failures: a random half to whole of a time that doubles, so that a crowd does not return as one."""
    longest = BACKOFF_MS << (tries - 1)
    time.sleep((longest - secrets.randbelow(longest // 2)) / 1000)


def passing(trouble: OssError) -> bool:
    """Whether the same call may succeed in a moment."""
    return (
        isinstance(trouble, (RequestError, InconsistentError)) or trouble.status in (408, 429) or trouble.status >= 500
    )


def translated(trouble: OssError) -> AppError:
    """In our words, without what oss2 quotes of the request."""
    said = _said(trouble)
    if isinstance(trouble, ClientError):
        return BadInput(f"oss2 refused: {trouble.body}")
    if passing(trouble):
        return Upstream(said, code="store_unreachable", permanent=False)
    if trouble.status == 404 and trouble.code in _MISSING:
        return NotFound(said)
    if trouble.code == "AccessDenied" and "expired" in trouble.message:
        return Upstream(said, code="store_expired")
    kind, code = _BY_CODE.get(trouble.code, (Upstream, "store_denied"))
    return kind(said, code=code)


def _skewed(trouble: OssError) -> bool:
    return bool(trouble.code == "RequestTimeTooSkewed")


def _said(trouble: OssError) -> str:
    if isinstance(trouble, RequestError):
        return f"oss: {type(trouble.exception).__name__}"
    name = trouble.code or type(trouble).__name__
    return f"oss: {name} status={trouble.status} request={trouble.request_id} ec={trouble.ec}"
