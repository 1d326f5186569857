"""Photos that went out before the error of their camera's clock was known, or known well, are set right afterwards.

A card carries what is known when it is sent; of a camera's first photos nothing is. Albums are sorted by time on the
platform, so every file that is known there is compared with today's knowledge whenever that changes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from camera_bridge.clock import ticks
from camera_bridge.errors import Refusal
from camera_bridge.ledger import Asset, Ledger
from camera_bridge.uplink.platform import Platform

log = logging.getLogger(__name__)

_WORTH_MS: Final = 100
_BATCH: Final = 500
_LOOK_S: Final = 10.0


class Clocks:
    """`known` says what changes whenever an offset does; `offset_ms` the error that counts for one file, or None.

    Used by the keeper's thread only.
    """

    def __init__(
        self,
        ledger: Ledger,
        platform: Platform,
        known: Callable[[], dict[str, int | None]],
        offset_ms: Callable[[Asset], int | None],
    ) -> None:
        self._ledger, self._platform = ledger, platform
        self._known, self._offset_ms = known, offset_ms
        self._seen: dict[str, int | None] = {}
        self._looked_at = 0.0

    def correct(self) -> None:
        """Tell the platform what is better known now. Raises UplinkError; what was not told is told next time."""
        known, now = self._known(), ticks()
        wrong_ones = any(known.values()) or any(self._seen.values())
        if known == self._seen and not (wrong_ones and now - self._looked_at >= _LOOK_S):
            return  # between two looks only a photo that was just on its way can have missed the news
        wrong: dict[str, tuple[Asset, int]] = {}
        for asset, told in self._announced():
            offset = self._offset_ms(asset)
            if offset is not None and abs(offset - told) >= _WORTH_MS:
                wrong[asset.asset_id] = asset, offset
        rows = list(wrong.values())
        for start in range(0, len(rows), _BATCH):
            self._tell(rows[start : start + _BATCH])
        self._seen, self._looked_at = known, now

    def _announced(self) -> list[tuple[Asset, int]]:
        """Files the platform knows that say when they were shot, and the clock error it was told afterwards (or 0)."""
        known = "WHERE shot_at IS NOT NULL AND photo_id IS NOT NULL AND state IN ('spooled', 'safe') ORDER BY asset_id"
        with self._ledger.reading() as db:
            told = dict(db.execute("SELECT asset_id, offset_ms FROM told_clock").fetchall())
        return [(asset, told.get(asset.asset_id, 0)) for asset in self._ledger.assets(known)]

    def _tell(self, rows: list[tuple[Asset, int]]) -> None:
        times = {asset.sha256: asset.shot_at + offset for asset, offset in rows if asset.shot_at is not None}
        try:
            self._platform.set_times(times)
        except Refusal as no:  # an older platform keeps what the cards said
            log.info("no_times code=%s", no.code)
            return
        with self._ledger.writing() as tx:
            told = [(asset.asset_id, offset) for asset, offset in rows]
            tx.executemany("INSERT OR REPLACE INTO told_clock VALUES(?, ?)", told)
        log.info("clocks_set files=%d", len(rows))
