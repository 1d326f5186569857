"""What guests take home: whether they may, how much a day, and a receipt for each photo."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from backend import clock
from backend.db import Tx
from backend.errors import Refused, TooMany, Unauthorized
from backend.models import Album, Receipt


def demand(tx: Tx, album: Album, guest_id: str | None, photos: int, *, zone: str) -> None:
    """Raises Refused `no_downloads`, TooMany `quota_spent`; Unauthorized where a quota needs to know who is asking."""
    if not album.downloads:
        raise Refused("downloads are off", code="no_downloads")
    if album.downloads_a_day is None:
        return
    if guest_id is None:
        raise Unauthorized
    if taken_today(tx, album.id, guest_id, zone=zone) + photos > album.downloads_a_day:
        raise TooMany(f"{photos} more", code="quota_spent")


def taken_today(tx: Tx, album_id: str, guest_id: str, *, zone: str) -> int:
    """Different photos since midnight; the same one again does not count."""
    today = Receipt.taken_at >= clock.midnight_ms(zone)
    query = select(func.count(func.distinct(Receipt.photo_id)))
    return tx.scalar(query.where(Receipt.guest_id == guest_id, Receipt.album_id == album_id, today)) or 0


def record(tx: Tx, album: Album, guest_id: str | None, sizes: Mapping[str, int], by: str = "one") -> None:
    """`sizes`: photo id → bytes."""
    tx.add_all(
        Receipt(
            organization_id=album.organization_id,
            album_id=album.id,
            photo_id=photo_id,
            guest_id=guest_id,
            by=by,
            size=size,
        )
        for photo_id, size in sizes.items()
    )


def receipts(tx: Tx, photo_id: str, limit: int = 500) -> list[Receipt]:
    """Who has this photo, newest first."""
    query = select(Receipt).where(Receipt.photo_id == photo_id)
    return list(tx.scalars(query.order_by(Receipt.taken_at.desc(), Receipt.id).limit(limit)))
