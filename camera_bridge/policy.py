"""What is meant for the platform and what stays here: the operator's mode, per photo.

auto: everything · pick: nothing by itself, the operator picks · marked: only what carries enough stars in the camera.
Switching the mode looks again at everything that waits or lies aside.
"""

from __future__ import annotations

import threading
from typing import Final

from camera_bridge.config import Config
from camera_bridge.exif import Shot
from camera_bridge.ledger import Asset, Ledger
from camera_bridge.spool import Fate
from camera_bridge.structure import Finding

MODES: Final = ("auto", "pick", "marked")
RAW: Final = ("aside", "send")
OWES: Final = ("preview", "original")
_BY_MODE: Final = ("not_picked", "not_marked", "raw")


class Policy:
    """Thread-safe. The mode outlives a restart."""

    def __init__(self, config: Config) -> None:
        self._lock = threading.Lock()
        self.mode, self.raw = config.mode, config.raw
        self.min_rating = config.min_rating

    def remembered(self, ledger: Ledger) -> None:
        """The mode somebody switched to during an earlier run wins over the file's."""
        mode, raw = ledger.kept("mode"), ledger.kept("raw")
        if mode in MODES:
            self.mode = mode
        if raw in RAW:
            self.raw = raw

    def fate(self, finding: Finding, shot: Shot) -> Fate:
        """Of a file that is whole (or never was a picture)."""
        if finding.kind == "other" and not finding.picture:
            return Fate("refused", "not_a_picture")
        why = self.aside(finding.kind, shot.rating)
        return Fate("aside", why) if why else Fate("spooled", "", OWES)

    def aside(self, kind: str, rating: int) -> str:
        """Why a file stays here; empty when it goes out."""
        if kind in {"side", "video"} or (kind == "raw" and self.raw == "aside"):
            return kind
        if self.mode == "marked" and rating < self.min_rating:
            return "not_marked"
        return "not_picked" if self.mode == "pick" else ""

    def switch(self, mode: str, ledger: Ledger) -> int:
        """Another mode from now on, also for what came before. The answer counts what changed sides."""
        with self._lock:
            self.mode = mode
            ledger.keep("mode", mode)
            return self._all_again(ledger)

    def switch_raw(self, raw: str, ledger: Ledger) -> int:
        """Send RAW files after all, or keep those that have not gone out. The answer counts what changed sides."""
        with self._lock:
            self.raw = raw
            ledger.keep("raw", raw)
            return self._all_again(ledger)

    def _all_again(self, ledger: Ledger) -> int:
        """In one transaction: thousands may wait."""
        marks = ", ".join("?" for _ in _BY_MODE)
        with ledger.writing():
            aside = ledger.assets(f"WHERE state = 'aside' AND why IN ({marks})", *_BY_MODE)
            waiting = ledger.assets("WHERE state = 'spooled' AND preview_at IS NULL")
            return sum(self._look_again(asset, ledger) for asset in [*aside, *waiting])

    def _look_again(self, asset: Asset, ledger: Ledger) -> bool:
        why = self.aside(asset.kind, asset.rating)
        if asset.state == "aside" and not why:
            return ledger.release(asset.asset_id)
        return bool(why) and asset.state == "spooled" and ledger.set_aside(asset.asset_id, why)
