"""Time, as milliseconds since the epoch, UTC. One function, so that tests can hold it still."""

from __future__ import annotations

import time


def now_ms() -> int:
    return time.time_ns() // 1_000_000
