"""Time, as milliseconds since the epoch, UTC. One function, so that tests can hold it still."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def spoken(moment_ms: int, zone: str) -> str:
    """`2026年11月22日 15:01` in a time zone, as WeChat's `time` fields and posters want it."""
    at = datetime.fromtimestamp(moment_ms / 1000, ZoneInfo(zone))
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


def midnight_ms(zone: str) -> int:
    """When today began in a time zone."""
    at = datetime.fromtimestamp(now_ms() / 1000, ZoneInfo(zone))
    return int(at.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * 1000
