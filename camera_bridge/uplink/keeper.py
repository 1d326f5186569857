"""Keeps in touch: looks for the line's return, tells the platform how we are, compares accounts.

A heartbeat every 10 s, a reconcile at the start, at every return of the line and every 5 minutes: what the platform
already has is not sent again, and what it lost is.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, Final

from camera_bridge.clock import now_ms, ticks
from camera_bridge.errors import Busy, Refusal, UplinkError
from camera_bridge.ledger import Asset
from camera_bridge.preview import Wish
from camera_bridge.uplink.clocks import Clocks
from camera_bridge.uplink.line import REVOKED, backoff_s
from camera_bridge.uplink.orders import Orders
from camera_bridge.uplink.platform import Platform, Reply
from camera_bridge.uplink.senders import Out, blame
from camera_bridge.uplink.told import Identity, Storyteller

log = logging.getLogger(__name__)

BEAT_S: Final = 10.0
RECONCILE_S: Final = 300.0
_TURN_S: Final = 1.0
_BATCH: Final = 500
_MOST_WAIT_S: Final = 5.0
_HICCUP_MS: Final = 3000


class Keeper:
    """One thread. `about` gives the heartbeat's body, `identity` what a spare bridge would need."""

    def __init__(
        self, out: Out, platform: Platform, about: Callable[[], dict[str, Any]], orders: Orders,
        identity: Callable[[], dict[str, Any] | None], clocks: Clocks,
    ) -> None:  # fmt: skip
        spool = out.spool
        self._spool, self._ledger, self._line, self._desk = spool, spool.ledger, out.line, out.desk
        self._platform, self._about, self._orders = platform, about, orders
        self.story = Storyteller(spool.ledger, platform)
        self._identity = Identity(spool.ledger, platform, identity)
        self._clocks = clocks
        self._misses = 0
        self._beat_at = -BEAT_S
        self._reconciled_at = -RECONCILE_S
        self.policy: dict[str, Any] = json.loads(spool.ledger.kept("policy") or "{}")
        self.server_ahead_ms: int | None = None

    def wish(self) -> Wish:
        """How previews should be, as the platform last said."""
        asked = self.policy.get("preview")
        asked = asked if isinstance(asked, dict) else {}
        plain = Wish()
        return Wish(
            px=_between(asked.get("px"), 320, 4096, plain.px),
            quality=_between(asked.get("quality"), 30, 95, plain.quality),
            max_bytes=_between(asked.get("max_bytes"), 20_000, 4 << 20, plain.max_bytes),
        )

    def run(self) -> None:
        """Until the bridge stops."""
        while not self._line.stopping.is_set():
            wait_s = self._round()
            if self._line.is_up:
                self._line.wait_down(wait_s)
            else:
                self._line.stopping.wait(wait_s)
        self._platform.wire.hang_up()

    def _round(self) -> float:
        """One visit; the answer is how long to wait for the next."""
        try:
            if not self._line.is_up:
                self._return()
            if ticks() - self._beat_at >= BEAT_S:
                self._beat_at = ticks()
                self._orders.obey(self._platform.heartbeat(self._about()))
            if ticks() - self._reconciled_at >= RECONCILE_S:
                self._reconcile()
            self._retract()
            self._clocks.correct()
            if not self._desk.busy:
                self.story.portion()
            self._spool.tidy()
        except (Busy, Refusal) as trouble:
            log.warning("keeper why=%s", trouble)
            return self._miss() if not self._line.is_up else _TURN_S
        except UplinkError as trouble:
            if self._line.is_up or not self._misses:
                log.warning("line_down why=%s", trouble)
            blame(self._line, trouble)
            return self._miss()
        return _TURN_S

    def _retract(self) -> None:
        """Take back what the operator or the platform wants back."""
        while (asset := self._ledger.next_debt("retract")) is not None:
            try:
                self._platform.retract(asset.asset_id)
            except Refusal as no:
                self._ledger.refuse(asset.asset_id, "retract", no.code)
            else:
                self._ledger.retracted(asset.asset_id)

    def _miss(self) -> float:
        self._misses += 1
        most = 30.0 if self._line.condition().state == REVOKED else _MOST_WAIT_S
        return backoff_s(self._misses - 1, most=most)

    def _return(self) -> None:
        """Somebody answers again: is it the platform, and what does it want now?"""
        rtt_ms = self._platform.ping()
        self.policy = self._platform.config()
        self._ledger.keep("policy", json.dumps(self.policy))
        self._identity.leave()
        self.story.again()
        self._misses = 0
        self._reconciled_at = self._beat_at = -RECONCILE_S
        away_ms = now_ms() - self._line.condition().since
        if away_ms > _HICCUP_MS or away_ms < 0:  # a mere hiccup must not void the patience of single items
            self._ledger.hurry()
        if self._line.up(rtt_ms):
            log.info("line_up rtt_ms=%.0f", rtt_ms)

    def _reconcile(self) -> None:
        """Hold our account against the platform's."""
        ours = self._ledger.assets("WHERE state IN ('spooled', 'safe') ORDER BY asset_id DESC")
        for start in range(0, len(ours), _BATCH):
            batch = ours[start : start + _BATCH]
            theirs = self._platform.reconcile([one.sha256 for one in batch])
            for asset in batch:
                self._settle(asset, theirs.get(asset.sha256))
        self._reconciled_at = ticks()

    def _settle(self, asset: Asset, reply: Reply | None) -> None:
        if reply is not None and reply.original == "stored":
            if asset.state != "safe":
                self._ledger.original_safe(asset.asset_id, reply.photo_id, reply.state, now_ms())
        elif reply is not None and reply.original == "refused":
            self._ledger.refuse(asset.asset_id, "original", "too_large")
        elif asset.state == "safe" or (reply is None and asset.preview_at is not None):
            log.warning("owed_again asset_id=%s name=%s", asset.asset_id, asset.name)
            self._ledger.owe_again(asset.asset_id)


def _between(value: object, low: int, high: int, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else otherwise
