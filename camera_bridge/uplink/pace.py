"""How fast originals may go: about 85 % of what the uplink carries, and not at all while a preview is going out.

Nobody tells us the uplink's rate, so it is felt in two ways. A send that blocks shows the rate at which bytes drain.
And while originals go out, a scout asks for a ping once a second: an answer later than usual means that a queue grows
somewhere on the way, and the pace falls before a preview has to stand in that queue. Answers in time let it rise again.
Without this a 5 Mbit/s uplink takes a preview from 0.16 s to 2–3 s.

Pings are late for other reasons too: Wi-Fi is jittery, a laptop is busy. What counts as late is therefore measured
while we ourselves are quiet, and lateness alone never takes the pace below a third of what the line was seen to carry.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, Final

from camera_bridge.clock import pause, ticks
from camera_bridge.errors import Stopped, Unreadable
from camera_bridge.uplink.desk import Desk

SHARE: Final = 0.85
_MOST_SLICE: Final = 16 << 10
_LEAST_SLICE: Final = 1400
_SLICE_S: Final = 0.005  # a preview waits for at most one slice
_SPAN_S: Final = 0.25
_SLOWEST: Final = 8_000.0  # bytes per second
_MOST_YIELD_S: Final = 30.0
_LATE_MS: Final = 15.0
_CALM: Final = 32  # pings that show the line's own jitter
_BEST_S: Final = 120.0
_FLOOR: Final = 0.3  # of the best rate seen lately: lower than that, the queue is not ours
_SEARCH, _RISE = 1.5, 1.08
_CEILING_S: Final = 20.0
_FRESH_S: Final = 60.0
_USED: Final = 0.7
_STORE_S: Final = 0.02  # what a platform does with a preview before it answers


class Pace:
    """Shared by everybody who sends. `rate` is bytes per second, 0 while unknown (then unlimited)."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._rate = 0.0
        self._turn_at = 0.0
        self._ceiling_until = 0.0
        self._felt_at = -_FRESH_S
        self._span_at = ticks()
        self._span_bytes = 0
        self._span_blocked = 0.0
        self._sent_rate = 0.0
        self._rtts: deque[tuple[float, float]] = deque(maxlen=64)
        self._calm: deque[float] = deque(maxlen=_CALM)
        self._best: deque[tuple[float, float]] = deque(maxlen=512)
        self._previews: deque[tuple[float, float]] = deque(maxlen=5)
        self.draining = threading.Event()

    @property
    def rate(self) -> float:
        return self._rate

    @property
    def capacity(self) -> float:
        """What the uplink carries, bytes per second, as far as originals showed lately; 0 when unknown."""
        with self._lock:
            return self._rate / SHARE if self._rate and ticks() - self._felt_at < _FRESH_S else 0.0

    @property
    def carries(self) -> float:
        """The same, with what previews showed: for choosing how large the next preview may be."""
        now = ticks()
        with self._lock:
            seen = max((rate for at, rate in self._previews if now - at < _FRESH_S), default=0.0)
        return max(self.capacity, seen)

    def preview_took(self, size: int, seconds: float) -> None:
        """A preview went through: at least this much the uplink carries."""
        with self._lock:
            own = max(0.004, seconds - self._usual_ms() / 1000 - _STORE_S)
            self._previews.append((ticks(), size / own))

    def slices(self, file: BinaryIO, offset: int, size: int, stopping: threading.Event) -> Iterator[bytes]:
        """Bytes of a part, handed out at the pace. Whoever takes a slice sends it before asking for the next."""
        file.seek(offset)
        left = size
        while left > 0:
            self._step_aside(stopping)
            if stopping.is_set():
                raise Stopped("closing")
            chunk = _read(file, min(self._slice(), left))
            left -= len(chunk)
            self._wait_turn(len(chunk))
            began = ticks()
            yield chunk
            self._felt(len(chunk), ticks() - began)

    def heard(self, rtt_ms: float) -> None:
        """The scout's ping came back: in time, or late because a queue is in the way?"""
        with self._lock:
            now = ticks()
            self._rtts.append((now, rtt_ms))
            late_ms = rtt_ms - self._usual_ms()
            used = self.draining.is_set() and now - self._span_at < 1.0 and self._sent_rate > _USED * self._rate
            if not used:
                self._calm.append(late_ms)
            if not self._rate or not used:
                return
            self._felt_at = now
            if late_ms > self._late_from_ms():
                self._rate = max(self._floor(now), SHARE * min(self._rate, self._sent_rate))
                self._turn_at = max(self._turn_at, now + min(1.0, late_ms / 1000))  # let the queue run empty
                self._ceiling_until = now + _CEILING_S
            else:
                self._rate *= _SEARCH if not self._ceiling_until else _RISE if now > self._ceiling_until else 1.0

    def _late_from_ms(self) -> float:
        """Twice what four of five pings of a quiet line stay below, at least 15 ms."""
        ordered = sorted(self._calm)
        return max(_LATE_MS, 2 * ordered[int(0.8 * (len(ordered) - 1))]) if ordered else _LATE_MS

    def _floor(self, now: float) -> float:
        return max(_SLOWEST, _FLOOR * max((rate for at, rate in self._best if now - at < _BEST_S), default=0.0))

    def _usual_ms(self) -> float:
        return min((rtt for _, rtt in self._rtts), default=0.0)

    def _slice(self) -> int:
        return int(min(_MOST_SLICE, max(_LEAST_SLICE, self._rate * _SLICE_S))) if self._rate else _MOST_SLICE

    def _step_aside(self, stopping: threading.Event) -> None:
        waited = 0.0
        while waited < _MOST_YIELD_S and not stopping.is_set():
            if self._desk.wait_for_quiet(0.5):
                return
            waited += 0.5

    def _wait_turn(self, size: int) -> None:
        with self._lock:
            if not self._rate:
                return
            now = ticks()
            turn = max(self._turn_at, now - 0.02)
            self._turn_at = turn + size / self._rate
        pause(turn - now)

    def _felt(self, size: int, seconds: float) -> None:
        """Account for a slice: how long its send took shows whether the line was full."""
        with self._lock:
            self._span_bytes += size
            self._span_blocked += seconds
            now = ticks()
            span = now - self._span_at
            if span < _SPAN_S:
                return
            if span < 4 * _SPAN_S:
                self._sent_rate = self._span_bytes / span
                self._best.append((now, self._sent_rate))
                if self._span_blocked > span / 2:
                    self._rate = max(_SLOWEST, SHARE * self._sent_rate)
                    self._felt_at = now
                    self._ceiling_until = now + _CEILING_S
            self._span_at, self._span_bytes, self._span_blocked = now, 0, 0.0


def _read(file: BinaryIO, size: int) -> bytes:
    """Raises Unreadable: an error of the disk must not look like one of the line."""
    try:
        chunk = file.read(size)
    except OSError as error:
        raise Unreadable(error.strerror or "disk error") from error
    if not chunk:
        raise Unreadable("the file is shorter than it was")
    return chunk
