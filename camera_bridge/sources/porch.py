"""Who came to the doors, and who was turned away and why: what the operator is told about cameras."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass

from camera_bridge.clock import now_ms
from camera_bridge.config import CameraUser
from camera_bridge.spool import SELF_TEST

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Visitor:
    """What the operator is told about one camera."""

    user: str
    connected: int = 0
    last_seen_at: int = 0
    last_name: str = ""
    address: str = ""


class Porch:
    """Who came to the door, and who was turned away and why. Thread-safe."""

    def __init__(self, users: tuple[CameraUser, ...]) -> None:
        self._lock = threading.Lock()
        self._visitors = {one.user: Visitor(one.user) for one in users}
        self._turned_away: deque[dict[str, object]] = deque(maxlen=20)

    def seen(self, user: str, address: str, *, connected: int = 0, name: str = "") -> None:
        if user == SELF_TEST:
            return
        with self._lock:
            visitor = self._visitors.setdefault(user, Visitor(user))
            visitor.connected = max(0, visitor.connected + connected)
            visitor.last_seen_at, visitor.address = now_ms(), address
            visitor.last_name = name or visitor.last_name

    def turned_away(self, user: str, address: str, why: str) -> None:
        log.warning("turned_away address=%s user=%s why=%s", address, user, why)
        with self._lock:
            self._turned_away.append({"at": now_ms(), "address": address, "user": user, "why": why})

    def users(self) -> list[dict[str, object]]:
        with self._lock:
            return [
                {
                    "user": one.user,
                    "connected": one.connected > 0,
                    "last_seen_at": one.last_seen_at or None,
                    "last_name": one.last_name or None,
                    "address": one.address or None,
                }
                for one in self._visitors.values()
            ]

    def troubles(self) -> list[dict[str, object]]:
        with self._lock:
            return list(self._turned_away)
