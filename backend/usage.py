"""What an organization uses, counted from the rows themselves: the meter is the recount. And its limits.

Who is over a limit loses nothing: photos stay on the bridge, which tries again, messages stay owed.
"""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Select, func, select

from backend.clock import now_ms
from backend.db import Database, Tx
from backend.errors import OverQuota
from backend.models import (
    Album,
    Art,
    Delivery,
    DeliveryState,
    Event,
    Export,
    Organization,
    Photo,
    PhotoState,
    Rendition,
    Source,
)

KINDS: Final = ("storage_bytes", "photos", "events", "messages")
MONTH_MS: Final = 30 * 24 * 3600 * 1000
FRESH_S: Final = 5.0  # how long one process believes that there is room


@dataclass(frozen=True, slots=True)
class Usage:
    """`messages`: sent in the last thirty days. `retouched`: photos with a version by hand."""

    storage_bytes: int = 0
    photos: int = 0
    events: int = 0
    messages: int = 0
    retouched: int = 0

    def to_json(self) -> dict[str, int]:
        return asdict(self)


def of_organization(tx: Tx, organization_id: str) -> Usage:
    """All of it, at this moment."""
    mine = Photo.organization_id == organization_id
    arts = select(func.sum(Art.size)).where(Art.organization_id == organization_id)
    exports = select(func.sum(Export.bytes)).where(Export.organization_id == organization_id)
    events = select(func.count()).where(Event.organization_id == organization_id, Event.removed_at.is_(None))
    sent = _sent(select(func.count()).select_from(Delivery)).where(Album.organization_id == organization_id)
    return _photos(tx, mine, extra=sum(tx.scalar(one) or 0 for one in (arts, exports)), events=events, sent=sent)


def of_event(tx: Tx, event_id: str) -> Usage:
    sent = _sent(select(func.count()).select_from(Delivery)).where(Album.event_id == event_id)
    return _photos(
        tx, Photo.event_id == event_id, extra=0, events=select(func.count()).where(Event.id == event_id), sent=sent
    )


def limits(organization: Organization) -> dict[str, int | None]:
    """None: no limit."""
    said = organization.limits or {}
    return {kind: said.get(kind) for kind in KINDS}


def over(tx: Tx, organization_id: str, *kinds: str) -> str | None:
    """The first of these limits that is reached. Without limits nothing is counted."""
    there = limits(tx.get_one(Organization, organization_id))
    if all(there[kind] is None for kind in kinds):
        return None
    used = of_organization(tx, organization_id)
    for kind in kinds:
        most = there[kind]
        if most is not None and getattr(used, kind) >= most:
            return kind
    return None


def demand(tx: Tx, organization_id: str, *kinds: str) -> None:
    """Raises OverQuota naming the limit."""
    reached = over(tx, organization_id, *kinds)
    if reached is not None:
        raise OverQuota(reached)


class Rooms:
    """Whether organizations have room for more photos: counted every few seconds, not with every photo."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[str, tuple[float, str | None]] = {}
        self._one = threading.Lock()

    def demand(self, organization_id: str) -> None:
        """Raises OverQuota. A limit may be passed by what arrives in a few seconds."""
        with self._one:
            known = self._known.get(organization_id)
        if known is None or time.monotonic() - known[0] > FRESH_S:
            with self._db.reading() as tx:
                known = (time.monotonic(), over(tx, organization_id, "photos", "storage_bytes"))
            with self._one:
                self._known[organization_id] = known
        if known[1] is not None:
            raise OverQuota(known[1])


def _photos(tx: Tx, mine: Any, *, extra: int, events: Select[int], sent: Select[int]) -> Usage:  # noqa: ANN401
    """`mine`: which photos."""
    sources = select(func.sum(Source.size)).join(Photo, Photo.id == Source.photo_id).where(mine)
    renditions = select(func.sum(Rendition.size)).join(Photo, Photo.id == Rendition.photo_id).where(mine)
    there = select(func.count()).select_from(Photo).where(mine, Photo.state != PhotoState.PURGED)
    return Usage(
        storage_bytes=int((tx.scalar(sources) or 0) + (tx.scalar(renditions) or 0) + extra),
        photos=tx.scalar(there) or 0,
        events=tx.scalar(events) or 0,
        messages=tx.scalar(sent) or 0,
        retouched=tx.scalar(there.where(Photo.retouched_at.is_not(None))) or 0,
    )


def _sent(query: Select[int]) -> Select[int]:
    of_albums = query.join(Album, Album.id == Delivery.album_id)
    return of_albums.where(Delivery.state == DeliveryState.SENT, Delivery.settled_at > now_ms() - MONTH_MS)
