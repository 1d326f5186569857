"""Who sends what: previews at once, originals behind them.

A preview that was just made goes first, the newest before others. What an outage held back follows in the order in
which it came, because albums show photos in the order of their publication.

Each sender is a loop in a thread of its own with its own connection. Whatever happens to one item ends in the ledger:
done, refused for good with the reason, or postponed. The line's state is shared: when one sender finds nobody there,
all wait for the prober.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from camera_bridge.clock import now_ms, ticks
from camera_bridge.errors import Busy, Offline, Refusal, Revoked, Stopped, Unreadable, UplinkError
from camera_bridge.ledger import Asset
from camera_bridge.preview import NoPreview, Wish, from_file
from camera_bridge.spool import Spool, chunks
from camera_bridge.uplink.desk import Desk
from camera_bridge.uplink.hedge import Hedge
from camera_bridge.uplink.line import PORTAL, REVOKED, Line, backoff_s
from camera_bridge.uplink.pace import Pace
from camera_bridge.uplink.platform import Grant, Platform, Reply

log = logging.getLogger(__name__)

_IDLE_S: Final = 1.0
_WARM_S: Final = 15.0
_SCOUT_S: Final = 0.8
_QUIET_TURNS: Final = 5
_OLDEST_EVERY: Final = 5  # one original in five is the oldest, so that nothing waits for ever
_BAD_DIGESTS: Final = 3


@dataclass(frozen=True, slots=True)
class Out:
    """What senders share."""

    spool: Spool
    desk: Desk
    line: Line
    pace: Pace
    wish: Callable[[], Wish]


class PreviewSender:
    """Warm connections reserved for previews, one per way out."""

    def __init__(self, out: Out, hedge: Hedge) -> None:
        self._out, self._hedge = out, hedge

    def run(self) -> None:
        """Until the bridge stops."""
        line, desk = self._out.line, self._out.desk
        while not line.stopping.is_set():
            if not line.is_up:
                desk.give_back()
            if not line.wait_up(_IDLE_S) or desk.paused:
                line.stopping.wait(0.05)
                continue
            if not self._send_one():
                self._keep_warm()
                desk.wait_for_work(_IDLE_S)
        self._hedge.hang_up()

    def _send_one(self) -> bool:
        hot = self._out.desk.take()
        if hot is not None:
            asset, jpeg = hot
            outcome: Callable[[], None] | None = None
            try:
                outcome = self._send(asset, jpeg)
            finally:
                self._out.desk.finish(asset.asset_id, outcome)
            return True
        owed = self._out.spool.ledger.next_debt("preview", oldest=True, without=self._out.desk.claimed())
        if owed is None:
            return False
        self._out.desk.sending(+1)
        try:
            self._send_from_disk(owed)
        finally:
            self._out.desk.sending(-1)
        return True

    def _send_from_disk(self, asset: Asset) -> None:
        ledger = self._out.spool.ledger
        if ledger.forgo_preview(asset):
            return
        try:
            jpeg = self._preview_of(asset)
        except NoPreview as reason:
            log.info("no_preview asset_id=%s why=%s", asset.asset_id, reason)
            ledger.refuse(asset.asset_id, "preview", "no_preview")
            return
        outcome = self._send(asset, jpeg)
        if outcome:
            outcome()

    def _preview_of(self, asset: Asset) -> bytes:
        ready = self._out.spool.preview_path(asset.asset_id)
        if ready.exists():
            return ready.read_bytes()
        jpeg = from_file(self._out.spool.path(asset.asset_id), self._out.wish())
        ready.write_bytes(jpeg)
        return jpeg

    def _send(self, asset: Asset, jpeg: bytes) -> Callable[[], None] | None:
        """Send one preview. The answer is what to write down once the row exists; None: stays owed as it is."""
        ledger, began = self._out.spool.ledger, ticks()
        try:
            reply = self._hedge.put_preview(asset, jpeg)
        except Refusal as no:
            log.warning("preview_refused asset_id=%s code=%s", asset.asset_id, no.code)
            if no.status == 409:
                return partial(_postpone, self._out, asset, "preview", no)
            return partial(ledger.refuse, asset.asset_id, "preview", no.code)
        except UplinkError as trouble:
            blame(self._out.line, trouble)
            return partial(_postpone, self._out, asset, "preview", trouble)
        self._out.pace.preview_took(len(jpeg), ticks() - began)
        log.info(
            "preview_live asset_id=%s name=%s bytes=%d put_ms=%.0f since_received_ms=%d",
            asset.asset_id, asset.name, len(jpeg), (ticks() - began) * 1000, now_ms() - asset.received_at,
        )  # fmt: skip
        return partial(self._live, asset, reply, now_ms())

    def _live(self, asset: Asset, reply: Reply, at: int) -> None:
        ledger = self._out.spool.ledger
        ledger.preview_live(asset.asset_id, reply.photo_id, reply.state, at)
        if reply.original == "stored":
            ledger.original_safe(asset.asset_id, reply.photo_id, reply.state, at)
        elif reply.original == "refused":
            ledger.refuse(asset.asset_id, "original", "too_large")

    def _keep_warm(self) -> None:
        """A connection that never grows cold saves two round trips and more."""
        try:
            rtt_ms = self._hedge.warm(_WARM_S)
            if rtt_ms is not None:
                self._out.line.up(rtt_ms)
                self._out.pace.heard(rtt_ms)
        except UplinkError as trouble:
            blame(self._out.line, trouble)


class OriginalSender:
    """Originals in parts, straight to the store, at the pace."""

    def __init__(self, out: Out, platform: Platform) -> None:
        self._out, self._platform = out, platform
        self._turn = 0
        self.held = False  # the operator said: later

    def run(self) -> None:
        """Until the bridge stops."""
        line = self._out.line
        while not line.stopping.is_set():
            if not line.wait_up(_IDLE_S) or self.held or not self._send_one():
                line.stopping.wait(0.1)
        self._platform.wire.hang_up()

    def hold(self, *, on: bool) -> None:
        """Originals wait, or go."""
        self.held = on

    def _send_one(self) -> bool:
        ledger, desk = self._out.spool.ledger, self._out.desk
        if not desk.wait_for_quiet(_IDLE_S) or ledger.next_debt("preview", without=desk.claimed()):
            return False
        oldest = self._turn % _OLDEST_EVERY == _OLDEST_EVERY - 1
        asset = ledger.next_debt("original", oldest=oldest, without=desk.claimed())
        if asset is None:
            return False
        self._turn += 1
        self._out.pace.draining.set()
        try:
            self._send(asset)
        except Refusal as no:
            self._refused(asset, no)
        except Stopped:
            log.info("stopped asset_id=%s", asset.asset_id)
        except UplinkError as trouble:
            blame(self._out.line, trouble)
            _postpone(self._out, asset, "original", trouble)
        except FileNotFoundError:
            ledger.refuse(asset.asset_id, "original", "gone_here")
        except (Unreadable, OSError) as trouble:  # the disk, not the line
            log.exception("unreadable asset_id=%s", asset.asset_id)
            ledger.postpone(asset.asset_id, "original", now_ms() + 30_000, f"unreadable here: {trouble}")
        finally:
            self._out.pace.draining.clear()
        return True

    def _send(self, asset: Asset) -> None:
        ledger = self._out.spool.ledger
        answer = self._platform.register([asset])[0]
        if answer.refusal:
            raise answer.refusal
        reply = answer.reply
        if reply is not None and reply.original == "refused":
            raise Refusal(413, "too_large", "")
        if answer.grant is not None:
            self._send_parts(asset, answer.grant)
            reply = self._platform.complete(asset, answer.grant.upload_id)
        if reply is None or reply.original != "stored":
            raise Busy("the platform does not confirm the original")
        ledger.original_safe(asset.asset_id, reply.photo_id, reply.state, now_ms())
        log.info("original_safe asset_id=%s name=%s bytes=%d", asset.asset_id, asset.name, asset.size)

    def _send_parts(self, asset: Asset, grant: Grant) -> None:
        with self._out.spool.path(asset.asset_id).open("rb") as file:
            for part in grant.parts:
                offset = (part.number - 1) * grant.part_bytes
                size = min(grant.part_bytes, asset.size - offset)
                body = self._out.pace.slices(file, offset, size, self._out.line.stopping)
                self._platform.put_part(part, body, size)

    def _refused(self, asset: Asset, no: Refusal) -> None:
        """A no to the original: final, unless asking again is the cure."""
        ledger = self._out.spool.ledger
        if no.code in {"store_refused", "missing_parts"} or no.status == 409:
            _postpone(self._out, asset, "original", no)
            return
        if no.code == "bad_digest":
            if self._digest(asset) != asset.sha256:
                ledger.refuse(asset.asset_id, "original", "damaged_here")
                return
            if ledger.attempts(asset.asset_id, "original") < _BAD_DIGESTS:
                _postpone(self._out, asset, "original", no)
                return
        log.warning("original_refused asset_id=%s code=%s", asset.asset_id, no.code)
        ledger.refuse(asset.asset_id, "original", no.code)

    def _digest(self, asset: Asset) -> str:
        digest = hashlib.sha256()
        for chunk in chunks(self._out.spool.path(asset.asset_id)):
            digest.update(chunk)
        return digest.hexdigest()


class Scout:
    """Pings on a connection of its own: one a second while originals go out, so that the pace knows about queues, and
    one in four seconds else, so that it knows how late pings are on this line anyway.
    """

    def __init__(self, out: Out, platform: Platform) -> None:
        self._out, self._platform = out, platform

    def run(self) -> None:
        """Until the bridge stops."""
        line, pace, turn = self._out.line, self._out.pace, 0
        while not line.stopping.wait(_SCOUT_S):
            turn += 1
            if not line.is_up or self._out.desk.busy or not (pace.draining.is_set() or turn % _QUIET_TURNS == 0):
                continue
            try:
                pace.heard(self._platform.ping())
            except UplinkError as trouble:
                blame(line, trouble)
        self._platform.wire.hang_up()


def blame(line: Line, trouble: UplinkError) -> None:
    """Turn a failed request into the line's state."""
    if isinstance(trouble, Revoked):
        line.down(str(trouble), state=REVOKED)
    elif isinstance(trouble, Offline):
        line.down(str(trouble), **({"state": PORTAL} if trouble.portal else {}))


def _postpone(out: Out, asset: Asset, artifact: str, trouble: UplinkError) -> None:
    wait_s = trouble.wait_s if isinstance(trouble, Busy) else 0.0
    wait_s = wait_s or backoff_s(out.spool.ledger.attempts(asset.asset_id, artifact))
    log.info("postponed asset_id=%s artifact=%s wait_s=%.1f why=%s", asset.asset_id, artifact, wait_s, trouble)
    out.spool.ledger.postpone(asset.asset_id, artifact, now_ms() + int(wait_s * 1000), str(trouble))
