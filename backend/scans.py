"""Where guests come from: poster, table card, screen, link, by event, album and hour.

Counted in Redis while guests arrive, so that nobody who opens an album waits for a writer; written down by the sweep.
Redis away: those scans are not counted, and nothing else suffers.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from redis import Redis, RedisError
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from backend.clock import now_ms
from backend.db import Tx
from backend.models import Event, Scan

log = logging.getLogger(__name__)
COUNTING: Final = "kuaimen:scans"
TAKEN: Final = "kuaimen:scans:taken"
HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Came:
    """Guests of one source."""

    source: str
    album_id: str
    way: str
    opened: int
    last_hour_at: int


def came(redis: Redis, event_id: str, source: str, way: str, album_id: str = "") -> None:
    """One guest opened the event by this code."""
    hour_at = now_ms() // HOUR_MS * HOUR_MS
    try:
        redis.hincrby(COUNTING, f"{event_id}|{album_id}|{source}|{way}|{hour_at}", 1)
    except RedisError as exc:
        log.warning("scan not counted: %s", type(exc).__name__)


def take(redis: Redis) -> dict[str, int]:
    """What was counted since the last `done`. Taken again when the one who took it before did not finish."""
    if not redis.exists(TAKEN):
        if not redis.exists(COUNTING):
            return {}
        redis.rename(COUNTING, TAKEN)
    found = redis.hgetall(TAKEN)
    return {field.decode() if isinstance(field, bytes) else field: int(n) for field, n in found.items()}


def done(redis: Redis) -> None:
    """What was taken is written down."""
    redis.delete(TAKEN)


def write_down(tx: Tx, counted: dict[str, int]) -> None:
    """Add to the rows. Scans of events that are gone are dropped."""
    rows = [_row(field, n) for field, n in counted.items()]
    known = set(tx.scalars(select(Event.id).where(Event.id.in_({row["event_id"] for row in rows}))))
    rows = [row for row in rows if row["event_id"] in known]
    if not rows:
        return
    insert = postgresql_insert if tx.get_bind().dialect.name == "postgresql" else sqlite_insert
    added = insert(Scan).values(rows)
    key = ["event_id", "album_id", "source", "way", "hour_at"]
    tx.execute(added.on_conflict_do_update(index_elements=key, set_={"opened": Scan.opened + added.excluded.opened}))


def by_source(tx: Tx, event_id: str) -> list[Came]:
    """Most first."""
    group = (Scan.source, Scan.album_id, Scan.way)
    total = func.sum(Scan.opened)
    query = select(*group, total, func.max(Scan.hour_at)).where(Scan.event_id == event_id).group_by(*group)
    return [Came(*row[:3], int(row[3]), row[4]) for row in tx.execute(query.order_by(total.desc(), *group))]


def by_hour(tx: Tx, event_id: str) -> list[tuple[int, int]]:
    """(hour, opened), oldest first."""
    query = select(Scan.hour_at, func.sum(Scan.opened)).where(Scan.event_id == event_id)
    return [(at, int(n)) for at, n in tx.execute(query.group_by(Scan.hour_at).order_by(Scan.hour_at))]


def _row(field: str, n: int) -> dict[str, str | int]:
    event_id, album_id, source, way, hour_at = field.split("|")
    return {
        "event_id": event_id,
        "album_id": album_id,
        "source": source,
        "way": way,
        "hour_at": int(hour_at),
        "opened": n,
    }
