"""Previews that are hot: decoded while their file arrived, on their way out before their row is even committed.

The ledger is the truth about what is owed; the desk only holds what is faster than the ledger. A file that is being
received, developed or sent is *claimed*, so that the slow path does not send it a second time. An outcome that comes
before the row exists waits here for the row.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from camera_bridge.ledger import Asset


@dataclass(slots=True)
class _Claim:
    committed: bool = False
    delivered: bool = False
    finished: bool = False
    outcome: Callable[[], None] | None = None


class Desk:
    """Thread-safe. Newest first."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._hot: list[tuple[Asset, bytes]] = []
        self._claims: dict[str, _Claim] = {}
        self._sending = 0
        self.paused = False

    def claim(self, asset_id: str) -> None:
        """Bytes are arriving; the desk looks after the preview until further notice."""
        with self._change:
            self._claims[asset_id] = _Claim()

    def deliver(self, asset: Asset, jpeg: bytes) -> None:
        """A preview is ready to go."""
        with self._change:
            claim = self._claims.setdefault(asset.asset_id, _Claim())
            claim.delivered = True
            self._hot.append((asset, jpeg))
            self._change.notify_all()

    def committed(self, asset_id: str) -> None:
        """The row is there (or never will be): record what happened meanwhile and let go."""
        with self._change:
            claim = self._claims.get(asset_id)
            if claim is None:
                return
            claim.committed = True
            outcome, claim.outcome = claim.outcome, None
            if claim.finished or not claim.delivered:
                del self._claims[asset_id]
            self._change.notify_all()
        if outcome:
            outcome()

    def take(self) -> tuple[Asset, bytes] | None:
        """The newest hot preview, or None. Whoever takes it calls `finish`."""
        with self._change:
            if not self._hot:
                return None
            self._sending += 1
            return self._hot.pop()

    def finish(self, asset_id: str, outcome: Callable[[], None] | None) -> None:
        """Sent, refused or given back to the ledger (None). The outcome runs once the row exists."""
        with self._change:
            self._sending -= 1
            claim = self._claims.get(asset_id)
            waiting = claim is not None and not claim.committed
            if claim is not None:
                claim.finished = True
                if waiting:
                    claim.outcome = outcome
                else:
                    del self._claims[asset_id]
            self._change.notify_all()
        if outcome and not waiting:
            outcome()

    def give_back(self) -> None:
        """The line is gone: what waits here goes out by the ledger, in the order in which it came."""
        with self._change:
            waiting, self._hot = self._hot, []
            for asset, _ in waiting:
                claim = self._claims[asset.asset_id]
                claim.finished = True
                if claim.committed:
                    del self._claims[asset.asset_id]
            self._change.notify_all()

    @property
    def busy(self) -> bool:
        """Is a preview going out, or ready to?"""
        with self._change:
            return bool(self._sending or self._hot)

    def sending(self, change: int) -> None:
        """A preview from the ledger goes out (+1) or is through (-1)."""
        with self._change:
            self._sending += change
            self._change.notify_all()

    def claimed(self) -> frozenset[str]:
        with self._change:
            return frozenset(self._claims)

    def pause(self, *, on: bool) -> None:
        """Publish nothing for the moment; receiving goes on."""
        self.paused = on

    def nudge(self) -> None:
        """Something changed in the ledger."""
        with self._change:
            self._change.notify_all()

    def wait_for_work(self, seconds: float) -> None:
        """Until a preview is hot, somebody nudges, or the time is over."""
        with self._change:
            if not self._hot:
                self._change.wait(seconds)

    def wait_for_quiet(self, seconds: float) -> bool:
        """Until no preview is going out: originals step aside."""
        with self._change:
            return self._change.wait_for(lambda: not self._sending and not self._hot, seconds)
