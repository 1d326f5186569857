"""Time for the bridge: wall clock in milliseconds UTC for rows and wire, a monotonic one for everything measured."""

from __future__ import annotations

import secrets
import time
from typing import Final

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def now_ms() -> int:
    """Milliseconds since the epoch, UTC. May jump when somebody sets the clock."""
    return time.time_ns() // 1_000_000


def ticks() -> float:
    """Seconds that only ever go forward; for durations and time-outs."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Sleep, never a negative time."""
    if seconds > 0:
        time.sleep(seconds)


def new_id(at: int | None = None) -> str:
    """A ULID: 48 bits of time, 80 of chance; sorts by birth, 26 characters that are safe in paths and URLs."""
    number = ((now_ms() if at is None else at) & ((1 << 48) - 1)) << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[(number >> (5 * place)) & 31] for place in range(25, -1, -1))
