"""Previews over two networks at once, when there are two: the quicker one usually carries them alone.

Each way has a lane: a thread with a warm connection of its own. A preview goes out on the best lane; when its answer
takes longer than such answers do, it goes out on the next lane too, and whoever answers first counts (the platform
knows a photo by its hash, so twice is once). A lane that is still waiting for a dead network is passed over, so that
one cut cable costs one preview a fraction of a second and the following ones nothing. With one way the sender's own
thread does it all.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from camera_bridge.clock import ticks
from camera_bridge.errors import Offline, Refusal, Revoked, UplinkError
from camera_bridge.ledger import Asset
from camera_bridge.uplink.platform import Account, Platform, Reply
from camera_bridge.uplink.ways import Way, Ways

_SOONEST_S, _LATEST_S = 0.15, 0.8
_UNKNOWN_S: Final = 0.5
_PATIENCE_S: Final = 20.0
_WARM_S: Final = 15.0
_LOOK_S: Final = 2.0


@dataclass(slots=True)
class _Race:
    """One preview on its way by one lane or more."""

    asset: Asset
    jpeg: bytes
    change: threading.Condition = field(default_factory=threading.Condition)
    running: int = 0
    reply: Reply | None = None
    winner: Way | None = None
    trouble: UplinkError | None = None

    @property
    def over(self) -> bool:
        return self.reply is not None or isinstance(self.trouble, Refusal | Revoked)


class _Lane:
    """One way with a connection kept warm for previews."""

    def __init__(self, account: Account, way: Way, stopping: threading.Event) -> None:
        self.way = way
        self.busy = False
        self.took: deque[float] = deque(maxlen=9)
        self.platform = Platform(account, only=way)
        self._ways, self._stopping = account.ways, stopping
        self._inbox: queue.SimpleQueue[_Race] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"lane {way.name}", daemon=True)
        self._thread.start()

    def enter(self, race: _Race) -> None:
        self.busy = True
        with race.change:
            race.running += 1
        self._inbox.put(race)

    def late_s(self) -> float:
        """After how long an answer counts as late."""
        usual = median(self.took) if self.took else _UNKNOWN_S / 2
        return min(_LATEST_S, max(_SOONEST_S, 2 * usual))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                race = self._inbox.get(timeout=_LOOK_S)
            except queue.Empty:
                self._keep_warm()
                continue
            self._carry(race)
            self.busy = False
        self.platform.wire.hang_up()

    def _carry(self, race: _Race) -> None:
        began = ticks()
        reply, trouble = None, None
        try:
            reply = self.platform.put_preview(race.asset, race.jpeg)
            self.took.append(ticks() - began)
        except UplinkError as why:
            trouble = why
        with race.change:
            race.running -= 1
            if not race.over:
                race.reply, race.trouble = reply, trouble
                race.winner = self.way if reply else None
            race.change.notify_all()

    def _keep_warm(self) -> None:
        """Also how a way that failed is found to work again: it is asked every two seconds."""
        assert self._ways is not None
        healthy = any(one["ok"] for one in self._ways.report() if one["name"] == self.way.name)
        try:
            rtt_ms = self.platform.warm(_WARM_S if healthy else 0.0)
            if rtt_ms is not None:
                self._ways.answered(self.way, rtt_ms)
        except Offline as trouble:
            self._ways.failed(self.way, str(trouble))
        except UplinkError:
            return  # the platform's word, not the way's


class Hedge:
    """Used by the preview sender's thread only."""

    def __init__(self, account: Account, stopping: threading.Event) -> None:
        self._account, self._stopping = account, stopping
        self._ways = account.ways or Ways()
        self._alone = Platform(account)
        self._lanes: dict[Way, _Lane] = {}
        self._looked_at = 0.0

    def put_preview(self, asset: Asset, jpeg: bytes) -> Reply:
        """Over the best way, and over the next when that is late. Raises as Platform.put_preview."""
        if len(self._ways.all) == 1:
            return self._alone.put_preview(asset, jpeg)
        race, entered = _Race(asset, jpeg), list[_Lane]()
        for lane in self._free():
            lane.enter(race)
            entered.append(lane)
            with race.change:
                race.change.wait_for(lambda: race.over or not race.running, lane.late_s())
                if race.over:
                    break
        with race.change:
            race.change.wait_for(lambda: race.over or not race.running, _PATIENCE_S)
        return self._outcome(race, entered)

    def warm(self, seconds: float) -> float | None:
        """As Platform.warm; lanes keep themselves warm."""
        if ticks() - self._looked_at > _LOOK_S:
            self._looked_at = ticks()
            self._ways.look_again()
            if len(self._ways.all) > 1:
                self._free()
        return self._alone.warm(seconds)

    def abort(self) -> None:
        """Stop waiting, from another thread."""
        self._alone.wire.abort()
        for lane in list(self._lanes.values()):
            lane.platform.wire.abort()

    def hang_up(self) -> None:
        self._alone.wire.hang_up()

    def _outcome(self, race: _Race, entered: list[_Lane]) -> Reply:
        if race.reply is not None and race.winner is not None:
            if race.winner != entered[0].way:
                self._ways.prefer(race.winner)
            return race.reply
        raise race.trouble or Offline("no network answers")

    def _free(self) -> list[_Lane]:
        """Lanes that wait for nothing, best way first; all of them when all wait."""
        lanes = []
        for way in self._ways.ranked():
            if way not in self._lanes:
                self._lanes[way] = _Lane(self._account, way, self._stopping)
            lanes.append(self._lanes[way])
        return [one for one in lanes if not one.busy] or lanes
