"""Hold a card against the ledger: which photos on it are safe, and which are missing, cut off or not the same any more.

Every file is read and hashed; names are only used to say what a file might have been. Nothing is written.
"""

from __future__ import annotations

import hashlib
import mmap
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from camera_bridge import chain, exif, structure
from camera_bridge.errors import BridgeError
from camera_bridge.sources.card import files_in
from camera_bridge.spool import chunks

_HERE: Final = frozenset({"spooled", "safe", "aside", "refused"})


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind`: missing, truncated, altered, refused, unreadable."""

    kind: str
    path: str
    why: str = ""


@dataclass(slots=True)
class Report:
    """`counts` by what was found; `faults` names every file that is not as it should be."""

    files: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    small_copies: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        faults = [{"kind": one.kind, "path": one.path, "why": one.why} for one in self.faults]
        return {"files": self.files, "counts": self.counts, "faults": faults, "small_copies": self.small_copies}


@dataclass(frozen=True, slots=True)
class _Known:
    """The ledger, by what a card's file can be recognised by."""

    by_hash: dict[str, str]
    by_pair: dict[str, tuple[int | None, str]]
    by_name: dict[tuple[str, int], str]
    halves: set[str]


def audit(ledger: Path, card: Path, tell: Callable[[int, int], None]) -> Report:
    """Read the whole card. `tell(done, total)` is called after each file. Raises BridgeError."""
    if not card.is_dir():
        raise BridgeError(f"there is no folder {card}")
    known = _read(ledger)
    report = Report()
    files = list(files_in((card,)))
    for number, path in enumerate(files, start=1):
        try:
            _one(path, card, known, report)
        except OSError as error:
            report.faults.append(Fault("unreadable", str(path.relative_to(card)), error.strerror or ""))
        tell(number, len(files))
    return report


def _one(path: Path, card: Path, known: _Known, report: Report) -> None:
    name = str(path.relative_to(card))
    finding = structure.examine(path, path.name)
    if finding.kind in {"side", "video"} or finding.why == "not_a_picture":
        report.counts["not a photo"] += 1
        return
    report.files += 1
    state = known.by_hash.get(_digest(path))
    if state == "refused":
        report.faults.append(Fault("refused", name, "the platform did not take it"))
    elif state is not None:
        report.counts[state] += 1
    elif not finding.whole:
        report.faults.append(Fault("truncated", name, finding.why))
    else:
        _unknown(path, name, known, report)


def _unknown(path: Path, name: str, known: _Known, report: Report) -> None:
    """Whole, and these bytes never arrived: perhaps a smaller or another version of it did."""
    with path.open("rb") as file:
        shot = exif.read(file.read(exif.HEAD_BYTES))
    pair = exif.pair_key(shot, "", path.name)
    size = path.stat().st_size
    if pair in known.by_pair:
        width, arrived = known.by_pair[pair]
        pixels = exif.pixels(path, shot)
        if width is not None and pixels is not None and width < pixels[0]:
            report.small_copies.append(name)
        else:
            report.faults.append(Fault("altered", name, f"{arrived} arrived with other bytes"))
    elif (exif.base_name(path.name), size) in known.by_name:
        report.faults.append(Fault("altered", name, "a file of this name and size arrived with other bytes"))
    else:
        half = exif.base_name(path.name) in known.halves
        report.faults.append(Fault("missing", name, "only half of it arrived" if half else "it never arrived"))


def _read(ledger: Path) -> _Known:
    with closing(_look(ledger)) as db:
        rows = db.execute("SELECT sha256, state, pair_key, width, name, size FROM asset").fetchall()
    whole = [row for row in rows if row[1] in _HERE]
    return _Known(
        by_hash={row[0]: row[1] for row in whole},
        by_pair={row[2]: (row[3], row[4]) for row in whole if row[2]},
        by_name={(exif.base_name(row[4]), row[5]): row[4] for row in whole},
        halves={exif.base_name(row[4]) for row in rows if row[1] == "partial"},
    )


def verify(spool: Path, tell: Callable[[int, int], None]) -> list[str]:
    """Is the ledger what it was, and every object what the ledger says? Everything that is not, in words."""
    with closing(_look(spool / "ledger.db")) as db:
        faults = chain.verify(db)
        rows = db.execute("SELECT asset_id, sha256, name FROM asset WHERE why <> 'tidied'").fetchall()
    for number, (asset_id, sha256, name) in enumerate(rows, start=1):
        path = spool / "obj" / asset_id
        if not path.exists():
            faults.append(f"object {asset_id} ({name}) is gone")
        elif _digest(path) != sha256:
            faults.append(f"object {asset_id} ({name}) is not what arrived")
        tell(number, len(rows))
    return faults


def _look(ledger: Path) -> sqlite3.Connection:
    """Open for reading, also beside a running bridge."""
    if not ledger.exists():
        raise BridgeError(f"there is no ledger at {ledger}: was this spool ever used?")
    return sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    if path.stat().st_size < mmap.PAGESIZE:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    for chunk in chunks(path):
        digest.update(chunk)
    return digest.hexdigest()
