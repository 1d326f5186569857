"""Everybody who talks to the platform, put together: one connection and one thread each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from camera_bridge.uplink.clocks import Clocks
from camera_bridge.uplink.hedge import Hedge
from camera_bridge.uplink.keeper import Keeper
from camera_bridge.uplink.orders import Listener, Orders
from camera_bridge.uplink.platform import Account, Platform
from camera_bridge.uplink.senders import OriginalSender, Out, PreviewSender, Scout
from camera_bridge.uplink.sightings import Sightings


@dataclass(frozen=True, slots=True)
class Calls:
    """What the crew asks of the bridge: a heartbeat's body, what a spare bridge needs, to carry out an order, how wrong
    cameras' clocks are.
    """

    about: Callable[[], dict[str, Any]]
    identity: Callable[[], dict[str, Any] | None]
    do: Callable[[str, str], object]
    clocks: Callable[[], dict[str, int | None]]


class Crew:
    """`loops` are to be run in threads until the line's `stopping` is set."""

    def __init__(self, account: Account, out: Out, calls: Calls) -> None:
        bulk = Platform(account, bulk=True)
        keeper, scout, orders, sightings = (Platform(account) for _ in range(4))
        self._platforms, self._hedge = (bulk, keeper, scout, orders, sightings), Hedge(account, out.line.stopping)
        self.orders = Orders(out.spool.ledger, calls.do)
        clocks = Clocks(out.spool.ledger, keeper, calls.clocks, account.offset_ms)
        self.keeper = Keeper(out, keeper, calls.about, self.orders, calls.identity, clocks)
        self.originals = OriginalSender(out, bulk)
        self.sightings = Sightings(out.line, sightings)
        self.loops: dict[str, Callable[[], None]] = {
            "previews": PreviewSender(out, self._hedge).run,
            "originals": self.originals.run,
            "keeper": self.keeper.run,
            "scout": Scout(out, scout).run,
            "sightings": self.sightings.run,
            "orders": Listener(self.orders, out.line, orders).run,
        }

    def abort(self) -> None:
        """Whoever waits for an answer stops waiting."""
        for platform in self._platforms:
            platform.wire.abort()
        self._hedge.abort()
