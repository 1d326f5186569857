"""Before the event: half a minute of real traffic without photos, and what it says about the hours to come.

Bytes that the platform throws away go out exactly as originals do (at the pace, stepping aside), and now and then a
packet of a preview's size goes out as previews do. So the prediction comes from the same machinery that will carry the
photos, on the network that will carry them.
"""

from __future__ import annotations

import io
import logging
import os
import statistics
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

from camera_bridge.clock import pause, ticks
from camera_bridge.errors import UplinkError
from camera_bridge.forecast import Measured, Plan, judge, words
from camera_bridge.loops import keep
from camera_bridge.uplink.platform import Account, Platform
from camera_bridge.uplink.senders import Out

log = logging.getLogger(__name__)

_SETTLE: Final = 0.4  # of the time, until the pace knows the line
_PORTION: Final = 4 << 20
_USUAL: Final = 75_000
_FILLED: Final = 0.85  # previews rarely need all they may have
_EVERY_S: Final = 0.8
_OWN_MS: Final = 20.0  # developing a preview here, storing it there: not in the test's packets


class Preflight:
    """One test. `progress()` may be asked at any time, `said` holds the result."""

    def __init__(self, account: Account, out: Out, plan: Plan, seconds: float = 30.0) -> None:
        self._out, self._plan, self._seconds = out, plan, seconds
        self._bulk, self._quick = Platform(account, bulk=True), Platform(account)
        self._began = ticks()
        self._over = threading.Event()
        self._drained = 0
        self.said: dict[str, Any] | None = None
        self.why = ""

    def start(self) -> None:
        threading.Thread(target=self.run, name="preflight", daemon=True).start()

    def progress(self) -> dict[str, Any]:
        share = 1.0 if self._over.is_set() else min(0.99, (ticks() - self._began) / self._seconds)
        return {"share": round(share, 2), "ended": self._over.is_set(), "why": self.why, "result": self.said}

    def run(self) -> None:
        """Takes `seconds`; what went wrong is in `why`."""
        filling = keep("preflight-bulk", self._fill, self._over)
        try:
            rtt_ms = min(self._quick.ping() for _ in range(4))
            self._out.pace.heard(rtt_ms)
            filling.start()
            pause(self._seconds * _SETTLE)
            self.said = self._judge(rtt_ms)
        except UplinkError as trouble:
            self.why = str(trouble)
        finally:
            self._over.set()
            self._out.pace.draining.clear()
            self._bulk.wire.abort()
            if filling.is_alive():
                filling.join(10)
            self._bulk.wire.hang_up()
            self._quick.wire.hang_up()

    def _judge(self, rtt_ms: float) -> dict[str, Any]:
        size = min(_USUAL, int(_FILLED * self._out.wish().max_bytes))
        began, before, took = ticks(), self._drained, list[float]()
        end = self._began + self._seconds
        while ticks() < end or len(took) < 3:
            took.append(self._as_preview(os.urandom(size)))
            pause(_EVERY_S)
        seconds = ticks() - began
        aside = self._plan.photos_per_min / 60 * statistics.median(took) / 1000  # while previews of the event go out
        drains = (self._drained - before) / (seconds - sum(took) / 1000) * max(0.1, 1 - aside)
        took.sort()
        found = Measured(
            rtt_ms=rtt_ms,
            drains=drains,
            preview_bytes=size,
            preview_p50_ms=statistics.median(took) + _OWN_MS,
            preview_p95_ms=took[min(len(took) - 1, int(0.95 * len(took)))] + _OWN_MS,
        )
        said = judge(self._plan, found)
        zh, en = words(said)
        return said | {"zh": zh, "en": en}

    def _as_preview(self, body: bytes) -> float:
        """Ms until the platform has it."""
        self._out.desk.sending(+1)
        began = ticks()
        try:
            self._quick.measure(body, len(body))
        finally:
            self._out.desk.sending(-1)
        return (ticks() - began) * 1000

    def _fill(self) -> None:
        """Originals that nobody keeps, one portion after another."""
        noise = os.urandom(_PORTION)
        while not self._over.is_set():
            self._out.pace.draining.set()
            portion = self._out.pace.slices(io.BytesIO(noise), 0, len(noise), self._over)
            try:
                self._bulk.measure(_counted(portion, self._count), len(noise))
            except UplinkError as trouble:
                log.info("preflight why=%s", trouble)
                self._over.wait(0.5)

    def _count(self, size: int) -> None:
        self._drained += size


def _counted(slices: Iterator[bytes], count: Callable[[int], None]) -> Iterator[bytes]:
    for one in slices:
        yield one
        count(len(one))
