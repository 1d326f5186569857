"""Exports: what is wanted, how far it is, and that nothing recalled stays in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Select, delete, exists, insert, or_, select, update

from backend.clock import now_ms
from backend.db import Tx
from backend.errors import BadInput
from backend.jobs import MakeExport
from backend.models import Album, Export, ExportPhoto, ExportState, Photo, PhotoState
from backend.states import move_export
from backend.storage import digest

PART_BYTES: Final = 1_990_000_000  # of pictures; with the ZIP's own bytes a part stays below 2 GB
KEPT_MS: Final = 3 * 24 * 3600 * 1000
ATTEMPTS: Final = 10
WORKING: Final = (ExportState.PLANNED, ExportState.MAKING)
ALIVE: Final = (*WORKING, ExportState.READY)


def wish(tx: Tx, album: Album, photo_ids: Sequence[str] | None) -> Export:
    """The export of these visible photos, or of all, made if need be. Raises BadInput when there are none."""
    shown = select(Photo.id).where(Photo.album_id == album.id, Photo.state == PhotoState.LIVE)
    if photo_ids is not None:
        shown = shown.where(Photo.id.in_(photo_ids))
    ids = sorted(tx.scalars(shown))
    if not ids:
        raise BadInput("no photos")
    named = digest("\n".join((album.id, *ids)).encode())
    same = select(Export).where(Export.album_id == album.id, Export.wish == named, Export.state.in_(ALIVE))
    found = tx.scalars(same.order_by(Export.created_at.desc())).first()
    if found is None:
        found = Export(organization_id=album.organization_id, album_id=album.id, wish=named, photos=len(ids))
        tx.add(found)
        tx.flush()
        tx.execute(insert(ExportPhoto), [{"export_id": found.id, "photo_id": photo_id} for photo_id in ids])
        tx.ring(MakeExport(found.id))
    return found


def wanted(export_id: str) -> Select[Photo]:
    """Its photos that may be shown, oldest first."""
    query = select(Photo).join(ExportPhoto, ExportPhoto.photo_id == Photo.id)
    return query.where(ExportPhoto.export_id == export_id, Photo.state == PhotoState.LIVE).order_by(Photo.position)


def note(tx: Tx, export_id: str, *, wait_ms: int = 0, **facts: Any) -> None:  # noqa: ANN401 - columns
    """Write down how far it is and give it back; look again after `wait_ms`."""
    facts |= {"lease_until": 0, "due_at": now_ms() + wait_ms}
    tx.execute(update(Export).where(Export.id == export_id).values(**facts))
    if not wait_ms:
        tx.ring(MakeExport(export_id))


def settle(tx: Tx, export_id: str) -> None:
    now = now_ms()
    move_export(tx, export_id, ExportState.READY, ready_at=now, expires_at=now + KEPT_MS, lease_until=0)


def recalled(export_id: str) -> Select[str]:
    """Photos in a part of it that may not be shown any more."""
    query = select(Photo.id).join(ExportPhoto, ExportPhoto.photo_id == Photo.id)
    return query.where(ExportPhoto.export_id == export_id, Photo.state != PhotoState.LIVE)


def due(tx: Tx, limit: int) -> list[MakeExport]:
    """Exports to go on with, and those that hold something recalled or are over."""
    now = now_ms()
    hidden = (
        exists()
        .where(ExportPhoto.export_id == Export.id, ExportPhoto.photo_id == Photo.id, Photo.state != PhotoState.LIVE)
        .correlate(Export)
    )
    over = Export.expires_at < now
    query = select(Export.id).where(
        or_(
            (Export.state.in_(WORKING)) & (Export.due_at <= now),
            (Export.state == ExportState.READY) & or_(hidden, over),
        ),
        Export.lease_until <= now,
    )
    return [MakeExport(export_id) for export_id in tx.scalars(query.limit(limit))]


def forget(tx: Tx, export_id: str) -> None:
    """After its files: the rows of what it held."""
    tx.execute(delete(ExportPhoto).where(ExportPhoto.export_id == export_id))
