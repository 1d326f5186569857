"""The feed as files, for crowds: what is owed, and where a file is found.

A public album's feed is written as immutable segments of 100 photos, named by their content, an index of them, and a
small `head.json` with the newest changes. Phones read them from the store, nginx or a CDN; no guest costs us anything.
The addresses of pictures in them are good for hours; every hour the files are written anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, func, not_, or_, select, update
from sqlalchemy.exc import IntegrityError

from backend.clock import now_ms
from backend.db import Tx
from backend.jobs import WriteFeed
from backend.models import Access, Album, Departure, Event, EventState, FeedFiles, Photo
from backend.states import UNSEEN, lease_feed
from backend.storage import FEED_PREFIX, Store
from backend.storage.local import LocalStore

SEGMENT: Final = 100  # photos
NEWEST: Final = 30  # changes in the head
POLL_MS: Final = 1500
BETWEEN_MS: Final = 500  # two writings of one album
HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Order:
    """One writing, under a lease. `revision`: everything up to it stands in the files when it is done."""

    album_id: str
    epoch: int
    revision: int
    hour: int
    upto: int  # the revision in the files as they are
    segments: tuple[dict[str, Any], ...]


def take(tx: Tx, album_id: str, ttl_s: int) -> Order | None:
    """None: nothing is owed, it was written a moment ago (the sweep comes again), or somebody is at it."""
    album = tx.get(Album, album_id)
    if album is None or not shown(album):
        return None
    row = tx.get(FeedFiles, album_id)
    if row is None:
        try:
            with tx.begin_nested():
                tx.add(FeedFiles(album_id=album_id))
        except IntegrityError:
            return None
        row = tx.get_one(FeedFiles, album_id)
    now = now_ms()
    hour = now // HOUR_MS
    current = row.revision >= album.revision and row.hour == hour
    if current or row.written_at > now - BETWEEN_MS or not lease_feed(tx, album_id, ttl_s):
        return None
    segments = tuple(row.segments.get("segments", ())) if row.hour == hour else ()
    upto = row.revision if row.hour == hour else -1
    return Order(album_id, album.access_epoch, album.revision, hour, upto, segments)


def shown(album: Album) -> bool:
    """Whether its feed may lie in files."""
    return album.access is Access.PUBLIC and album.event.state not in UNSEEN


def settle(tx: Tx, order: Order, segments: list[dict[str, Any]]) -> bool:
    """False: guests may read the album's files no longer; what was written must go."""
    album = tx.get_one(Album, order.album_id, populate_existing=True)
    if not shown(album) or album.access_epoch != order.epoch:
        return False
    done = {"revision": order.revision, "hour": order.hour, "segments": {"segments": segments}}
    done |= {"lease_until": 0, "written_at": now_ms()}
    tx.execute(update(FeedFiles).where(FeedFiles.album_id == order.album_id).values(**done))
    return True


def forget(tx: Tx, album_id: str) -> None:
    tx.execute(delete(FeedFiles).where(FeedFiles.album_id == album_id))


def blocks(tx: Tx, album_id: str) -> list[tuple[int, int]]:
    """First and last position of every hundred photos, oldest first. New photos only ever lengthen the last one."""
    query = select(Photo.position).where(Photo.album_id == album_id, Photo.position.is_not(None))
    found = [p for p in tx.scalars(query.order_by(Photo.position)) if p is not None]
    return [(found[n], found[min(n + SEGMENT, len(found)) - 1]) for n in range(0, len(found), SEGMENT)]


def changed(tx: Tx, album_id: str, after: int) -> list[int]:
    """The positions of photos that changed."""
    query = select(Photo.position).where(Photo.album_id == album_id, Photo.revision > after)
    left = select(Departure.position).where(Departure.album_id == album_id, Departure.revision > after)
    return [p for p in (*tx.scalars(query), *tx.scalars(left)) if p is not None]


def due(tx: Tx, limit: int) -> list[WriteFeed]:
    """Albums whose files are behind, or old, or must go because no guest may read them now."""
    hour = now_ms() // HOUR_MS
    behind: ColumnElement[bool] = or_(
        FeedFiles.album_id.is_(None),
        FeedFiles.revision < Album.revision,
        and_(FeedFiles.hour < hour, Event.state == EventState.OPEN),
    )
    seen = and_(Album.access == Access.PUBLIC, Event.state.not_in(UNSEEN))
    public = and_(seen, Album.revision > 0, behind)
    query = (
        select(Album.id)
        .join(Event, Event.id == Album.event_id)
        .outerjoin(FeedFiles, FeedFiles.album_id == Album.id)
        .where(or_(public, and_(not_(seen), FeedFiles.album_id.is_not(None))))
        .where(func.coalesce(FeedFiles.lease_until, 0) <= now_ms())
    )
    return [WriteFeed(album_id) for album_id in tx.scalars(query.limit(limit))]


def fresh(tx: Tx, album: Album) -> bool:
    """Whether guests may be sent to the files."""
    row = tx.get(FeedFiles, album.id) if album.access is Access.PUBLIC else None
    return row is not None and row.revision >= 0 and row.hour >= now_ms() // HOUR_MS - 1


def key(album_id: str, name: str) -> str:
    return f"{FEED_PREFIX}{album_id}/{name}"


def url(store: Store, base_url: str, album_id: str, name: str, ttl: int) -> str:
    """Where guests find the file: with the local store an address of ours, which nginx answers from the disk."""
    if isinstance(store, LocalStore):
        return f"{base_url}/feed/{album_id}/{name}"
    return store.url(key(album_id, name), ttl=ttl)
