"""The access token: one per appid, fetched by one process at a time, shared through Redis.

It comes from `stable_token`, which gives everybody the same token while it lives, so a cache only saves time and
quota. A token with less than `MARGIN_S` left is not handed out. When WeChat rejects a token, the order is: one that
somebody else stored meanwhile; what stable_token gives now; only when that is the very same token again, a forced
new one (WeChat allows 20 a day, 30 s apart; the guards are in Redis too). Without Redis every process asks for itself.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from redis import Redis, RedisError

from backend.clock import now_ms
from backend.wechat.failures import WeChatFailed

log = logging.getLogger(__name__)

MARGIN_S: Final = 300
LOCK_S: Final = 15  # longer than the slowest fetch: 3 s to connect, 8 s to answer
STEP_S: Final = 0.05
FORCE_PAUSE_S: Final = 31
FORCES_A_DAY: Final = 20
DAY_S: Final = 86_400

_UNLOCK: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@dataclass(frozen=True, slots=True)
class Fresh:
    """A token as fetched."""

    token: str = field(repr=False)
    expires_in: int  # s


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str = field(repr=False)
    expires_at: int  # ms

    def good(self, rejected: str) -> bool:
        return self.token != rejected and self.expires_at - now_ms() > MARGIN_S * 1000


class TokenStore:
    """`fetch(force)` asks WeChat and raises WeChatFailed."""

    def __init__(self, redis: Redis, appid: str, fetch: Callable[[bool], Fresh]) -> None:
        self._redis = redis
        self._key = f"wx:{appid}:token"
        self._fetch = fetch
        self._unlock = redis.register_script(_UNLOCK)
        self._own: _Kept | None = None  # only used while Redis is out of reach

    def get(self) -> str:
        """A token that will live for a while. Raises WeChatFailed."""
        return self._good(rejected="")

    def renew(self, rejected: str) -> str:
        """A token other than the one WeChat just rejected. Raises WeChatFailed when there is none to be had."""
        token = self._good(rejected)
        if token == rejected:
            raise WeChatFailed(40001, "the token was rejected and no other is to be had now")
        return token

    def _good(self, rejected: str) -> str:
        try:
            kept = self._read()
            return kept.token if kept and kept.good(rejected) else self._refresh(rejected)
        except RedisError as exc:
            log.warning("token without Redis: %s", type(exc).__name__)
            return self._alone(rejected)

    def _read(self) -> _Kept | None:
        raw = self._redis.get(self._key)
        if not raw:
            return None
        found = json.loads(raw)
        return _Kept(found["token"], found["expires_at"])

    def _refresh(self, rejected: str) -> str:
        lock, me = f"{self._key}:lock", uuid.uuid4().hex
        give_up_at = time.monotonic() + LOCK_S + 1
        while not self._redis.set(lock, me, nx=True, ex=LOCK_S):
            time.sleep(STEP_S)
            kept = self._read()
            if kept and kept.good(rejected):
                return kept.token
            if time.monotonic() > give_up_at:
                raise WeChatFailed(None, "another process holds the token's lock")
        try:
            kept = self._read()  # somebody may have been faster
            return kept.token if kept and kept.good(rejected) else self._replace(rejected)
        finally:
            self._unlock(keys=[lock], args=[me])

    def _replace(self, rejected: str) -> str:
        fresh = self._fetch(False)
        if fresh.token == rejected and self._may_force():
            fresh = self._fetch(True)
        kept = self._kept(fresh)
        stored = json.dumps({"token": kept.token, "expires_at": kept.expires_at})
        self._redis.set(self._key, stored, ex=max(fresh.expires_in, 1))
        return fresh.token

    def _may_force(self) -> bool:
        if not self._redis.set(f"{self._key}:forced", 1, nx=True, ex=FORCE_PAUSE_S):
            return False
        today = f"{self._key}:forces:{now_ms() // 1000 // DAY_S}"
        forces = int(self._redis.incr(today))
        self._redis.expire(today, DAY_S)
        log.warning("forcing a new token forces_today=%s", forces)
        return forces <= FORCES_A_DAY

    def _alone(self, rejected: str) -> str:
        own = self._own
        if own is None or not own.good(rejected):
            own = self._own = self._kept(self._fetch(False))
        return own.token

    @staticmethod
    def _kept(fresh: Fresh) -> _Kept:
        return _Kept(fresh.token, now_ms() + fresh.expires_in * 1000)
