"""How fast originals may go: 85 % of what the uplink carries, and not at all while a preview is going out.

Nobody tells us the uplink's rate, so it is felt: a send that blocks shows the rate at which bytes drain. Sends that
never block mean there may be more, so the pace rises by a quarter per second until one does. Without this a 5 Mbit/s
uplink takes a preview from 0.16 s to 2–3 s, because originals fill every queue on the way.
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
_SLICE: Final = 16 << 10
_WINDOW_S: Final = 10.0
_SPAN_S: Final = 0.25
_RISE: Final = 1.25
_MOST_YIELD_S: Final = 30.0


class Pace:
    """Shared by everybody who sends originals. `rate` is bytes per second, 0 while unknown (then unlimited)."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._samples: deque[tuple[float, float]] = deque()
        self._rate = 0.0
        self._credit_at = 0.0
        self._span_at = ticks()
        self._span_bytes = 0
        self._span_blocked = 0.0
        self._risen_at = ticks()

    @property
    def capacity(self) -> float:
        """The felt rate of the uplink, bytes per second; 0 when unknown."""
        with self._lock:
            return max((rate for _, rate in self._samples), default=0.0)

    def slices(self, file: BinaryIO, offset: int, size: int, stopping: threading.Event) -> Iterator[bytes]:
        """Bytes of a part, handed out at the pace. Whoever takes a slice sends it before asking for the next."""
        file.seek(offset)
        left = size
        while left > 0:
            self._step_aside(stopping)
            if stopping.is_set():
                raise Stopped("closing")
            chunk = _read(file, min(_SLICE, left))
            left -= len(chunk)
            self._wait_turn(len(chunk))
            began = ticks()
            yield chunk
            self._felt(len(chunk), ticks() - began)

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
            turn = max(self._credit_at, now - 0.05)
            self._credit_at = turn + size / self._rate
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
            if span < 4 * _SPAN_S and self._span_blocked > span * 0.5:
                self._samples.append((now, self._span_bytes / span))
                self._rate = SHARE * self._recent(now)
                self._risen_at = now
            elif self._rate and now - self._risen_at > 1.0:
                self._rate *= _RISE
                self._risen_at = now
            self._span_at, self._span_bytes, self._span_blocked = now, 0, 0.0

    def _recent(self, now: float) -> float:
        while self._samples and now - self._samples[0][0] > _WINDOW_S:
            self._samples.popleft()
        return max(rate for _, rate in self._samples)


def _read(file: BinaryIO, size: int) -> bytes:
    """Raises Unreadable: an error of the disk must not look like one of the line."""
    try:
        chunk = file.read(size)
    except OSError as error:
        raise Unreadable(error.strerror or "disk error") from error
    if not chunk:
        raise Unreadable("the file is shorter than it was")
    return chunk
