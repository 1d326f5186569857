"""Our own rate limits, so that a burst waits here and does not earn a quota error for everybody.

A token bucket per endpoint, shared by all processes through Redis (kept as one number: the moment at which the
bucket is full again). The bucket holds a fifth of the limit and refills with four fifths of it per period: whatever
the pattern, no period sees more than the limit.
"""

from __future__ import annotations

import logging
import time
from typing import Final

from redis import Redis, RedisError

log = logging.getLogger(__name__)

LIMITS: Final[dict[str, tuple[int, int]]] = {  # endpoint: (calls, per s), from Tencent's documentation
    "wxa/getwxacodeunlimit": (5000, 60),
    "wxa/msg_sec_check": (4000, 60),
    "wxa/media_check_async": (2000, 60),
    "wxa/generatescheme": (50, 1),  # scheme and link share 100 per second
    "wxa/generate_urllink": (50, 1),
    "cgi-bin/stable_token": (10_000, 60),
}
PATIENCE_S: Final = 1.0  # a call may wait this long for its turn; longer is the caller's decision

# microseconds by the clock of Redis: it is the only one all processes share
_TAKE: Final = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local interval, room, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local wait = full_at + interval - room - now
if wait <= patience then
  redis.call('SET', KEYS[1], string.format('%.0f', full_at + interval), 'PX', math.ceil(room / 1000) + 60000)
end
return math.max(math.ceil(wait), 0)
"""


class Limits:
    """`take()` before each call. Redis out of reach lets everything pass: WeChat's own limits remain."""

    def __init__(
        self, redis: Redis, appid: str, table: dict[str, tuple[int, int]] = LIMITS, patience_s: float = PATIENCE_S
    ) -> None:
        self._take = redis.register_script(_TAKE)
        self._prefix = f"wx:{appid}:bucket:"
        self._table = table
        self._patience_s = patience_s

    def take(self, endpoint: str) -> float:
        """0 when the call may go now, after waiting if need be; else the seconds until it is worth asking again."""
        if endpoint not in self._table:
            return 0.0
        calls, period_s = self._table[endpoint]
        interval_us = period_s * 1e6 / (0.8 * calls)
        room_us = max(0.2 * calls, 1) * interval_us
        try:
            wait_us = self._take(keys=[self._prefix + endpoint], args=[interval_us, room_us, self._patience_s * 1e6])
        except RedisError as exc:
            log.warning("no rate limit: %s endpoint=%s", type(exc).__name__, endpoint)
            return 0.0
        wait_s = int(wait_us) / 1e6
        if wait_s > self._patience_s:
            return wait_s
        if wait_s:
            time.sleep(wait_s)
        return 0.0
