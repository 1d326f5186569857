"""Which network leads to the platform: the venue's, a phone's, or both at once.

A way is bound to an interface or to one of our own addresses, so that its bytes leave there whatever the system's
routes prefer. Everybody who dials asks for the best way; whoever fails on one says so, and the next who dials takes
another. Without a second way there is one that binds nothing, and all of this costs nothing.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from camera_bridge.clock import ticks

log = logging.getLogger(__name__)

_ROUTES: Final = Path("/proc/net/route")
_UP_GATEWAY: Final = 3  # flags of a route that leads out of the building
_IP_BOUND_IF: Final = 25  # of macOS; Python has no name for it
_FORGET_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Way:
    """`name` is an interface (wlan0) or one of our addresses (192.168.43.20); empty: whatever the system chooses."""

    name: str = ""

    def bind(self, sock: socket.socket) -> None:
        """Make a socket leave by this way. Raises OSError when it is gone or not allowed."""
        if not self.name:
            return
        if self.name[0].isdigit() or ":" in self.name:
            sock.bind((self.name, 0))
        elif sys.platform == "darwin":
            sock.setsockopt(socket.IPPROTO_IP, _IP_BOUND_IF, socket.if_nametoindex(self.name))
        elif hasattr(socket, "SO_BINDTODEVICE"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.name.encode() + b"\0")
        else:
            raise OSError(f"{self.name}: on this system name the address, not the interface")


ANY: Final = Way()


@dataclass(slots=True)
class _Health:
    ok: bool = True
    why: str = ""
    rtt_ms: float | None = None
    failed_at: float = -_FORGET_S


class Ways:
    """Thread-safe. `names` from the settings; empty: every interface with a route out, looked at again and again."""

    def __init__(self, names: tuple[str, ...] = (), look: Callable[[], tuple[str, ...]] | None = None) -> None:
        self._lock = threading.Lock()
        self._look = look or (lambda: names or _routes_out())
        self._health: dict[Way, _Health] = {}
        self._preferred = ANY
        self.look_again()

    def look_again(self) -> None:
        """Interfaces come and go: a phone is plugged in, a cable is pulled."""
        names = self._look()
        found = tuple(map(Way, names)) if len(names) > 1 else (ANY,)
        with self._lock:
            if set(found) != set(self._health):
                log.info("ways names=%s", ",".join(one.name for one in found) or "-")
            self._health = {one: self._health.get(one, _Health()) for one in found}
            if self._preferred not in self._health:
                self._preferred = found[0]

    @property
    def all(self) -> tuple[Way, ...]:
        with self._lock:
            return tuple(self._health)

    def best(self) -> Way:
        """The way to dial: the preferred one while it works, else the quickest that does, else the preferred one."""
        return self.ranked()[0]

    def ranked(self) -> list[Way]:
        """Best first; ways that failed come last."""
        with self._lock:
            return sorted(self._health, key=self._rank)

    def prefer(self, way: Way) -> None:
        """It just was faster than the other."""
        with self._lock:
            if way in self._health and way != self._preferred:
                log.info("way_preferred name=%s before=%s", way.name, self._preferred.name)
                self._preferred = way

    def failed(self, way: Way, why: str) -> bool:
        """Nothing comes back this way. True when another one works."""
        with self._lock:
            health = self._health.get(way)
            if health is not None:
                health.ok, health.why, health.failed_at = False, why, ticks()
            return any(one.ok for other, one in self._health.items() if other != way)

    def answered(self, way: Way, rtt_ms: float) -> None:
        """The platform answered on it."""
        with self._lock:
            health = self._health.get(way)
            if health is not None:
                health.ok, health.why, health.rtt_ms = True, "", rtt_ms

    def report(self) -> list[dict[str, Any]]:
        """For the screen; empty while there is only one way."""
        with self._lock:
            if len(self._health) < 2:
                return []
            return [
                {"name": way.name, "ok": one.ok, "why": one.why, "rtt_ms": one.rtt_ms, "used": way == self._preferred}
                for way, one in self._health.items()
            ]

    def _rank(self, way: Way) -> tuple[bool, bool, float]:
        health = self._health[way]
        return not health.ok, way != self._preferred, health.rtt_ms or 0.0


def _routes_out() -> tuple[str, ...]:
    """Interfaces with a default route (Linux); elsewhere none are known, and the system chooses."""
    found: dict[str, int] = {}
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in _ROUTES.read_text(encoding="ascii").splitlines()[1:]:
            parts = line.split()
            if parts[1] == "00000000" and int(parts[3], 16) & _UP_GATEWAY == _UP_GATEWAY:
                found[parts[0]] = min(int(parts[6]), found.get(parts[0], 1 << 30))
    return tuple(sorted(found, key=found.__getitem__))
