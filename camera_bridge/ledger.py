"""The account of every file the bridge was given: what arrived, what the platform has, what is still owed.

SQLite with `synchronous=FULL`: a row that was committed survives a power cut, and only then does a camera hear `226`.
What an asset owes the platform are rows of `debt` (one per artifact); a debt ends settled or refused, never forgotten.
Every change also adds a line to `story`, chained by hash, so that a row altered later does not go unnoticed.

An asset is `partial → spooled → safe | refused`, or ends aside at once: `aside` (kept here, meant for nobody),
`duplicate` (the same bytes are already here), `superseded` (a partial whose whole file came later).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from camera_bridge import chain
from camera_bridge.clock import now_ms

_PREVIEW_FIRST: Final = "artifact = 'preview' AND state = 'owed' AND attempts < 5"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS asset(
  asset_id TEXT PRIMARY KEY, source TEXT NOT NULL, camera TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL,
  kind TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL, received_at INTEGER NOT NULL,
  state TEXT NOT NULL, why TEXT NOT NULL DEFAULT '', pair_key TEXT, serial TEXT NOT NULL DEFAULT '', shot_at INTEGER,
  width INTEGER, height INTEGER, rating INTEGER NOT NULL DEFAULT 0, dup_of TEXT,
  photo_id TEXT, photo_state TEXT, preview_at INTEGER, original_at INTEGER) STRICT;
CREATE INDEX IF NOT EXISTS asset_sha ON asset(sha256);
CREATE INDEX IF NOT EXISTS asset_path ON asset(camera, path);
CREATE INDEX IF NOT EXISTS asset_state ON asset(state);
CREATE INDEX IF NOT EXISTS asset_pair ON asset(pair_key);
CREATE TABLE IF NOT EXISTS debt(
  asset_id TEXT NOT NULL REFERENCES asset(asset_id),
  artifact TEXT NOT NULL CHECK(artifact IN ('preview', 'original', 'retract')),
  state TEXT NOT NULL DEFAULT 'owed' CHECK(state IN ('owed', 'settled', 'refused')),
  rank INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL DEFAULT 0,
  why TEXT NOT NULL DEFAULT '', PRIMARY KEY(asset_id, artifact)) STRICT;
CREATE INDEX IF NOT EXISTS debt_owed ON debt(artifact, rank, asset_id) WHERE state = 'owed';
CREATE TABLE IF NOT EXISTS tree(
  camera TEXT NOT NULL, path TEXT NOT NULL, asset_id TEXT NOT NULL, PRIMARY KEY(camera, path)) STRICT;
CREATE TABLE IF NOT EXISTS seen_file(
  dev INTEGER NOT NULL, ino INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, path TEXT NOT NULL,
  asset_id TEXT NOT NULL, PRIMARY KEY(dev, ino, size, mtime_ns)) STRICT;
CREATE TABLE IF NOT EXISTS kept(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS told_clock(asset_id TEXT PRIMARY KEY, offset_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS story(
  n INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, asset_id TEXT NOT NULL, body TEXT NOT NULL,
  chain TEXT NOT NULL) STRICT;
"""
RANKS: Final = {"jpeg": 0, "heic": 0, "other": 1, "raw": 2}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file the bridge holds. `size`, `sha256`, `width`, `height` are of the file as the camera gave it."""

    asset_id: str
    source: str
    camera: str
    path: str
    name: str
    kind: str
    size: int
    sha256: str
    received_at: int
    state: str
    why: str = ""
    pair_key: str | None = None
    serial: str = ""
    shot_at: int | None = None
    width: int | None = None
    height: int | None = None
    rating: int = 0
    dup_of: str | None = None
    photo_id: str | None = None
    photo_state: str | None = None
    preview_at: int | None = None
    original_at: int | None = None


_COLUMNS: Final = tuple(Asset.__dataclass_fields__)
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM asset "  # noqa: S608 - column names of our own dataclass


class Ledger:
    """One file, one connection, one lock; every public method is one short transaction."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)
        self._tip = chain.tip(self._db)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction; inside another one it is a part of that."""
        with self._lock:
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("BEGIN IMMEDIATE")
            before = self._tip
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                self._tip = before
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._db

    def note(self, kind: str, asset_id: str = "", **body: object) -> None:
        """Add a line to the story outside of any asset's change."""
        with self.writing() as tx:
            self._tell(tx, kind, asset_id, body)

    # -- arrivals

    def receive(self, asset: Asset, owes: tuple[str, ...]) -> Asset:
        """Write down a file that is now durable on this disk. The answer says what became of it (duplicate?)."""
        with self.writing() as tx:
            twin = tx.execute(
                "SELECT asset_id FROM asset WHERE sha256 = ? AND state IN ('spooled', 'safe', 'aside', 'refused')"
                " AND asset_id <> ? ORDER BY asset_id LIMIT 1",
                (asset.sha256, asset.asset_id),
            ).fetchone()
            if twin and asset.state != "partial":
                asset, owes = replace(asset, state="duplicate", dup_of=twin[0]), ()
            elif asset.state == "spooled" and self._shows_the_clock(tx, asset):
                asset, owes = replace(asset, state="aside", why="clock"), ()
            marks = ", ".join("?" for _ in _COLUMNS)
            tx.execute(
                f"INSERT INTO asset({', '.join(_COLUMNS)}) VALUES({marks})",
                tuple(asdict(asset).values()),
            )
            for artifact in owes:
                self._owe(tx, asset.asset_id, artifact, asset.kind)
            tx.execute("INSERT OR REPLACE INTO tree VALUES(?, ?, ?)", (asset.camera, asset.path, asset.asset_id))
            if asset.state != "partial":
                tx.execute(
                    "UPDATE asset SET state = 'superseded', dup_of = ?"
                    " WHERE camera = ? AND path = ? AND state = 'partial'",
                    (asset.asset_id, asset.camera, asset.path),
                )
            self._tell(
                tx,
                "received",
                asset.asset_id,
                {"sha256": asset.sha256, "size": asset.size, "name": asset.name, "camera": asset.camera}
                | {"state": asset.state, "why": asset.why, "received_at": asset.received_at, "dup_of": asset.dup_of},
            )
        return asset

    def same_before(self, camera: str, path: str, sha256: str) -> bool:
        """Did this camera already send exactly these bytes under this name, and we did not think them whole?"""
        with self.reading() as db:
            return (
                db.execute(
                    "SELECT 1 FROM asset WHERE camera = ? AND path = ? AND sha256 = ? AND state = 'partial'",
                    (camera, path, sha256),
                ).fetchone()
                is not None
            )

    def known(self, sha256: str) -> bool:
        """Are these bytes already here, whole?"""
        with self.reading() as db:
            return (
                db.execute(
                    "SELECT 1 FROM asset WHERE sha256 = ? AND state IN ('spooled', 'safe', 'aside', 'refused')",
                    (sha256,),
                ).fetchone()
                is not None
            )

    # -- what the platform said

    def preview_live(self, asset_id: str, photo_id: str, photo_state: str, at: int) -> None:
        """The platform took the preview."""
        with self.writing() as tx:
            self._settle(tx, asset_id, "preview")
            tx.execute(
                "UPDATE asset SET photo_id = ?, photo_state = ?, preview_at = coalesce(preview_at, ?)"
                " WHERE asset_id = ?",
                (photo_id, photo_state, at, asset_id),
            )
            self._tell(tx, "preview_live", asset_id, {"photo_id": photo_id})

    def original_safe(self, asset_id: str, photo_id: str, photo_state: str, at: int) -> None:
        """The platform read the original back and its hash is ours."""
        with self.writing() as tx:
            self._settle(tx, asset_id, "original")
            self._settle(tx, asset_id, "preview")  # the platform renders from the original now
            tx.execute(
                "UPDATE asset SET state = 'safe', why = '', photo_id = ?, photo_state = ?,"
                " original_at = coalesce(original_at, ?) WHERE asset_id = ? AND state IN ('spooled', 'refused')",
                (photo_id, photo_state, at, asset_id),
            )
            self._tell(tx, "safe", asset_id, {"photo_id": photo_id})

    def refuse(self, asset_id: str, artifact: str, why: str) -> None:
        """A final no to one artifact. Without its original an asset ends refused."""
        with self.writing() as tx:
            tx.execute(
                "UPDATE debt SET state = 'refused', why = ? WHERE asset_id = ? AND artifact = ?",
                (why, asset_id, artifact),
            )
            if artifact == "original":
                tx.execute(
                    "UPDATE debt SET state = 'refused', why = ? WHERE asset_id = ? AND state = 'owed'", (why, asset_id)
                )
                tx.execute("UPDATE asset SET state = 'refused', why = ? WHERE asset_id = ?", (why, asset_id))
            else:
                tx.execute("UPDATE asset SET why = ? WHERE asset_id = ?", (why, asset_id))
            self._tell(tx, "refused", asset_id, {"artifact": artifact, "why": why})

    def release(self, asset_id: str) -> bool:
        """What lay aside is meant for the platform after all."""
        with self.writing() as tx:
            row = tx.execute(
                "UPDATE asset SET state = 'spooled', why = '' WHERE asset_id = ? AND state = 'aside' RETURNING kind",
                (asset_id,),
            ).fetchone()
            if row is None:
                return False
            for artifact in ("preview", "original"):
                self._owe(tx, asset_id, artifact, row[0])
            self._tell(tx, "released", asset_id, {})
        return True

    def set_aside(self, asset_id: str, why: str) -> bool:
        """What waits is not meant for the platform (any more). False when its preview is out already."""
        with self.writing() as tx:
            changed = tx.execute(
                "UPDATE asset SET state = 'aside', why = ?"
                " WHERE asset_id = ? AND state = 'spooled' AND preview_at IS NULL",
                (why, asset_id),
            ).rowcount
            if not changed:
                return False
            tx.execute("DELETE FROM debt WHERE asset_id = ?", (asset_id,))
            self._tell(tx, "aside", asset_id, {"why": why})
        return True

    def retract(self, asset_id: str) -> bool:
        """Take a photo back: it stays here, or the platform owes us to hide it."""
        if self.set_aside(asset_id, "retracted"):
            return True
        with self.writing() as tx:
            row = tx.execute(
                "SELECT kind FROM asset WHERE asset_id = ? AND preview_at IS NOT NULL", (asset_id,)
            ).fetchone()
            if row is None:
                return False
            self._owe(tx, asset_id, "retract", row[0])
            self._tell(tx, "retract", asset_id, {})
        return True

    def retracted(self, asset_id: str) -> None:
        """The platform hid it."""
        with self.writing() as tx:
            self._settle(tx, asset_id, "retract")
            tx.execute("UPDATE asset SET photo_state = 'hidden' WHERE asset_id = ?", (asset_id,))
            self._tell(tx, "retracted", asset_id, {})

    def tidied(self, asset_id: str) -> None:
        """The object makes room; the platform has it."""
        with self.writing() as tx:
            tx.execute("UPDATE asset SET why = 'tidied' WHERE asset_id = ? AND state = 'safe'", (asset_id,))
            self._tell(tx, "tidied", asset_id, {})

    def postpone(self, asset_id: str, artifact: str, due_at: int, why: str) -> None:
        """Try again later; says why."""
        with self.writing() as tx:
            tx.execute(
                "UPDATE debt SET attempts = attempts + 1, due_at = ?, why = ? WHERE asset_id = ? AND artifact = ?",
                (due_at, why, asset_id, artifact),
            )

    def owe_again(self, asset_id: str) -> None:
        """The platform does not have what we believed safe: everything is owed once more."""
        with self.writing() as tx:
            tx.execute("UPDATE debt SET state = 'owed', due_at = 0, why = '' WHERE asset_id = ?", (asset_id,))
            tx.execute(
                "UPDATE asset SET state = 'spooled', preview_at = NULL, original_at = NULL WHERE asset_id = ?",
                (asset_id,),
            )
            self._tell(tx, "owed_again", asset_id, {})

    def forgo_preview(self, asset: Asset) -> bool:
        """A RAW whose picture is already here owes no preview of its own. True when that was so."""
        with self.writing() as tx:
            picture = tx.execute(
                "SELECT 1 FROM asset WHERE pair_key = ? AND kind <> 'raw' AND state IN ('spooled', 'safe')",
                (asset.pair_key,),
            ).fetchone()
            if asset.kind != "raw" or picture is None:
                return False
            self._settle(tx, asset.asset_id, "preview")
        return True

    def hurry(self) -> None:
        """The line is back: whatever waits for a later time is due now."""
        with self.writing() as tx:
            tx.execute("UPDATE debt SET due_at = 0 WHERE state = 'owed' AND due_at > 0")

    # -- questions

    def next_debt(self, artifact: str, *, oldest: bool = False, without: frozenset[str] = frozenset()) -> Asset | None:
        """What should go out now: best rank, then newest (or oldest) first; no original before its own preview."""
        order = "ASC" if oldest else "DESC"
        with self.reading() as db:
            rows = db.execute(
                "SELECT asset_id FROM debt WHERE artifact = ? AND state = 'owed' AND due_at <= ? AND NOT (artifact ="  # noqa: S608 - ASC or DESC
                f" 'original' AND asset_id IN (SELECT asset_id FROM debt WHERE {_PREVIEW_FIRST}))"
                f" ORDER BY rank, asset_id {order} LIMIT ?",
                (artifact, now_ms(), 1 + len(without)),
            ).fetchall()
        found = next((row[0] for row in rows if row[0] not in without), None)
        return None if found is None else self.asset(found)

    def attempts(self, asset_id: str, artifact: str) -> int:
        with self.reading() as db:
            row = db.execute(
                "SELECT attempts FROM debt WHERE asset_id = ? AND artifact = ?", (asset_id, artifact)
            ).fetchone()
        return int(row[0]) if row else 0

    def asset(self, asset_id: str) -> Asset | None:
        return next(iter(self.assets("WHERE asset_id = ?", asset_id)), None)

    def assets(self, clause: str = "", *values: object) -> list[Asset]:
        """Assets by a clause of SQL (our own text, never somebody's input)."""
        with self.reading() as db:
            return [Asset(*row) for row in db.execute(_SELECT + clause, values).fetchall()]

    def story(self, after: int, most: int) -> list[dict[str, object]]:
        """Lines of the story after number `after`, for the platform to keep."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT n, at, kind, asset_id, body, chain FROM story WHERE n > ? ORDER BY n LIMIT ?", (after, most)
            ).fetchall()
        return [dict(zip(("n", "at", "kind", "asset_id", "body", "chain"), row, strict=True)) for row in rows]

    def tip(self) -> chain.Tip:
        """The last line of the story."""
        with self._lock:
            return self._tip

    def faults(self) -> list[str]:
        """What in this ledger was altered after it was written, in words."""
        with self.reading() as db:
            return chain.verify(db)

    def kept(self, name: str) -> str | None:
        with self.reading() as db:
            row = db.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def keep(self, name: str, value: str) -> None:
        with self.writing() as tx:
            tx.execute("INSERT OR REPLACE INTO kept VALUES(?, ?)", (name, value))

    # -- inside

    def _shows_the_clock(self, tx: sqlite3.Connection, asset: Asset) -> bool:
        """Another file of the same press of the shutter was a photo of our clock: meant for nobody."""
        found = tx.execute("SELECT 1 FROM asset WHERE pair_key = ? AND why = 'clock'", (asset.pair_key,)).fetchone()
        return found is not None

    def _owe(self, tx: sqlite3.Connection, asset_id: str, artifact: str, kind: str) -> None:
        tx.execute(
            "INSERT OR REPLACE INTO debt(asset_id, artifact, rank) VALUES(?, ?, ?)",
            (asset_id, artifact, RANKS.get(kind, 9)),
        )

    def _settle(self, tx: sqlite3.Connection, asset_id: str, artifact: str) -> None:
        tx.execute(
            "UPDATE debt SET state = 'settled', why = '' WHERE asset_id = ? AND artifact = ? AND state = 'owed'",
            (asset_id, artifact),
        )

    def _tell(self, tx: sqlite3.Connection, kind: str, asset_id: str, body: dict[str, object]) -> None:
        text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        self._tip = chain.append(tx, self._tip, chain.Line(now_ms(), kind, asset_id, text))
