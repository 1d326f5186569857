"""The state of the uplink, shared by all senders: is somebody there, is it really the platform, are we still welcome.

While the line is down nobody sends; one prober looks for its return, and the moment it is back everything owed is due.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from typing import Final

from camera_bridge.clock import now_ms, ticks

UP: Final = "up"
DOWN: Final = "down"
PORTAL: Final = "portal"
REVOKED: Final = "revoked"


@dataclass(frozen=True, slots=True)
class Condition:
    """What the operator is shown."""

    state: str
    why: str
    since: int
    rtt_ms: float | None


class Line:
    """Thread-safe. Starts as down: the first ping decides."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._state = DOWN
        self._why = "not tried yet"
        self._since = now_ms()
        self._rtt_ms: float | None = None
        self.stopping = threading.Event()

    def condition(self) -> Condition:
        with self._change:
            return Condition(self._state, self._why, self._since, self._rtt_ms)

    @property
    def is_up(self) -> bool:
        return self._state == UP

    def up(self, rtt_ms: float) -> bool:
        """The platform answered. True when it had been away."""
        with self._change:
            self._rtt_ms = rtt_ms if self._rtt_ms is None else 0.7 * self._rtt_ms + 0.3 * rtt_ms
            returned = self._state != UP
            self._set(UP, "")
            return returned

    def down(self, why: str, *, state: str = DOWN) -> None:
        """Nobody there, a portal, or a platform that does not know us any more."""
        with self._change:
            self._set(state, why)

    def wait_up(self, seconds: float) -> bool:
        """Wait until the line is up, the bridge stops, or the time is over."""
        end = ticks() + seconds
        with self._change:
            while self._state != UP and not self.stopping.is_set():
                left = end - ticks()
                if left <= 0:
                    break
                self._change.wait(left)
            return self._state == UP

    def wait_down(self, seconds: float) -> None:
        """Wait until somebody finds the line down, the bridge stops, or the time is over."""
        with self._change:
            self._change.wait_for(lambda: self._state != UP or self.stopping.is_set(), seconds)

    def stop(self) -> None:
        """Wake everybody who waits."""
        with self._change:
            self.stopping.set()
            self._change.notify_all()

    def _set(self, state: str, why: str) -> None:
        if state != self._state:
            self._since = now_ms()
        self._state, self._why = state, why
        self._change.notify_all()


def backoff_s(attempts: int, *, most: float = 30.0) -> float:
    """0.5 s, doubled each time up to `most`, give or take 30 %."""
    return float(min(most, 0.5 * 2 ** min(attempts, 10)) * random.uniform(0.7, 1.3))  # noqa: S311 - spreads load
