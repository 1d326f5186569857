"""What the platform keeps for us in case this computer is lost: the ledger's story, and who our cameras are.

The story goes there line by line, in small portions, while nothing more urgent wants the uplink. The identity (cameras'
users and passwords, ports) lets a spare computer stand in without a camera noticing.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Callable
from typing import Any, Final

from camera_bridge.clock import pause, ticks
from camera_bridge.errors import Refusal
from camera_bridge.ledger import Ledger
from camera_bridge.uplink.platform import Platform

log = logging.getLogger(__name__)

_PORTION: Final = 40  # about 12 KB: 50 ms of a 2 Mbit/s uplink
_FINISH_S: Final = 10.0
_OLD_PLATFORM: Final = frozenset({404, 405})


def story_id(ledger: Ledger) -> str:
    """Made once with the spool, so that two spools of one bridge are never taken for one story."""
    found = ledger.kept("story_id")
    if found is None:
        found = secrets.token_hex(8)
        ledger.keep("story_id", found)
    return found


class Storyteller:
    """Used by the keeper's thread. `fault` says what the platform finds wrong with our story; empty: nothing."""

    def __init__(self, ledger: Ledger, platform: Platform) -> None:
        self._ledger, self._platform = ledger, platform
        self._told: int | None = None
        self._silent = False
        self.fault = ""

    def again(self) -> None:
        """The line is back: ask the platform how far it has the story."""
        self._told, self._silent = None, False

    def finish(self) -> None:
        """The rest at once is the keeper's work: wait until it is told, ten seconds at most."""
        end = ticks() + _FINISH_S
        while not self._silent and ticks() < end and (self._told or 0) < self._ledger.tip().n:
            pause(0.1)

    def portion(self) -> None:
        """Tell the next few lines, if there are any. Raises Offline, Busy."""
        if self._silent:
            return
        try:
            if self._told is None:
                self._told = int(self._platform.story_so_far(story_id(self._ledger)).get("n", 0))
            lines = self._ledger.story(self._told, _PORTION)
            if lines:
                self._told = int(self._platform.tell(story_id(self._ledger), lines).get("n", self._told + len(lines)))
                self.fault = ""
        except (TypeError, ValueError):
            self._silent = True
        except Refusal as no:
            self._silent = True
            if no.status not in _OLD_PLATFORM:
                self.fault = no.code
                log.warning("story_refused code=%s told=%s", no.code, self._told)


class Identity:
    """Leaves `document()` with the platform whenever it changed."""

    def __init__(self, ledger: Ledger, platform: Platform, document: Callable[[], dict[str, Any] | None]) -> None:
        self._ledger, self._platform, self._document = ledger, platform, document

    def leave(self) -> None:
        """Raises Offline, Busy; a platform that does not know this is left alone."""
        doc = self._document()
        if doc is None:
            return
        mark = hashlib.sha256(json.dumps(doc, sort_keys=True).encode()).hexdigest()
        if mark == self._ledger.kept("identity_left"):
            return
        try:
            self._platform.leave_identity(doc)
        except Refusal as no:
            log.info("identity_refused code=%s", no.code)
            return
        self._ledger.keep("identity_left", mark)
