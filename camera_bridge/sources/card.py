"""Import of a card or a folder: every file copied into the spool once, matched by hash against what came by air.

A file whose bytes are already here costs a read and nothing else. The result is counted by what became of each file.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from camera_bridge.clock import new_id
from camera_bridge.errors import NoRoom
from camera_bridge.ledger import Asset
from camera_bridge.sources.hotfolder import camera_of, copy_in, remember, seen_before, stamp_of, wanted
from camera_bridge.spool import Spool

log = logging.getLogger(__name__)

_ENDED: Final = frozenset({"live", "refused", "aside", "failed", "partial"})


class Import:
    """One import on its way. Thread-safe to look at."""

    def __init__(self, spool: Spool, paths: Iterable[Path], source: str = "card") -> None:
        self.import_id = new_id()
        self._spool, self._source = spool, source
        self._roots = tuple(one.resolve() for one in paths)
        self._files = list(files_in(self._roots))
        self._taken: dict[Path, str] = {}
        self._failed: dict[Path, str] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="import", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(3)

    def progress(self) -> dict[str, Any]:
        """`ended` once every file is live, refused, aside or failed; `safe` counts originals the platform has."""
        taken, failed = dict(self._taken), dict(self._failed)
        fates = [self._fate(asset_id) for asset_id in taken.values()]
        numbers = {name: sum(fate == name for fate, _ in fates) for name in ("live", "refused", "aside", "partial")}
        numbers["failed"] = len(failed)
        return {
            "import_id": self.import_id,
            "total": len(self._files),
            "copied": len(taken),
            "safe": sum(safe for _, safe in fates),
            **numbers,
            "waiting": sum(fate == "waiting" for fate, _ in fates),
            "ended": len(taken) + len(failed) == len(self._files) and all(fate in _ENDED for fate, _ in fates),
            "troubles": [f"{path.name}: {why}" for path, why in failed.items()] + self._refusals(taken),
        }

    def _run(self) -> None:
        for path in self._files:
            if self._stopping.is_set():
                return
            try:
                self._take(path)
            except (OSError, NoRoom) as error:
                log.warning("import path=%s error=%s", path, error)
                self._failed[path] = str(error)
            except Exception as error:  # one odd file must not leave the rest of the card behind
                log.exception("import path=%s", path)
                self._failed[path] = str(error)

    def _take(self, path: Path) -> None:
        stamp = stamp_of(path)
        if stamp is not None and seen_before(self._spool, stamp):
            with self._spool.ledger.reading() as db:
                (asset_id,) = db.execute(
                    "SELECT asset_id FROM seen_file WHERE dev = ? AND ino = ? AND size = ? AND mtime_ns = ?", stamp
                ).fetchone()
            self._taken[path] = asset_id
            return
        verdict = copy_in(path, self._spool, self._source, camera_of(path, self._roots))
        if verdict.asset is None:
            self._failed[path] = verdict.why
            return
        self._taken[path] = verdict.asset.asset_id
        if stamp is not None:
            remember(self._spool, stamp, path, verdict.asset.asset_id)

    def _fate(self, asset_id: str) -> tuple[str, bool]:
        asset = self._final(asset_id)
        if asset is None:
            return "failed", False
        if asset.state in {"refused", "aside", "partial"}:
            return asset.state, False
        safe = asset.state == "safe"
        return ("live" if safe or asset.preview_at is not None else "waiting"), safe

    def _final(self, asset_id: str) -> Asset | None:
        """The asset, or the one whose bytes it repeats."""
        asset = self._spool.ledger.asset(asset_id)
        if asset is not None and asset.dup_of:
            return self._spool.ledger.asset(asset.dup_of)
        return asset

    def _refusals(self, taken: dict[Path, str]) -> list[str]:
        found = [(path, self._final(asset_id)) for path, asset_id in taken.items()]
        return [f"{path.name}: {one.why}" for path, one in found if one and one.state in {"refused", "partial"}]


def files_in(roots: Iterable[Path]) -> Iterable[Path]:
    """Files below the roots, in the order of their names; hidden and temporary ones are left out."""
    for root in roots:
        if root.is_file():
            yield root
            continue
        yield from sorted(one for one in root.rglob("*") if one.is_file() and wanted(one, (root,)))
