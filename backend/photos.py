"""Intake and versions: from a bridge's word to stored sources, and which photos still need rendering.

Sources rank preview < original < retouched. Whatever arrives, in whatever order and how often, the photo wants
to be made from the best source that can be rendered; `stale()` says where wish and fact differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, delete, false, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from backend.clock import now_ms
from backend.db import Tx
from backend.errors import NotFound
from backend.jobs import RefreshPhoto, RenderPhoto
from backend.models import Album, Bridge, Photo, PhotoState, Rendition, RenditionKind, Source, SourceKind, new_salt
from backend.states import bytes_arrived, move_photo

RANK: Final = (SourceKind.PREVIEW, SourceKind.ORIGINAL, SourceKind.RETOUCHED)
RENDERABLE: Final = (PhotoState.STORED, PhotoState.LIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a bridge knows of a file: the asset card of docs/wire.md §1."""

    asset_id: str
    sha256: str  # of the original, hex
    size: int  # bytes of the original
    name: str = ""
    camera: str = ""
    kind: str = "jpeg"
    shot_at: int | None = None
    received_at: int | None = None
    width: int | None = None
    height: int | None = None
    pair_key: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A rendition that is in the store."""

    kind: RenditionKind
    key: str
    width: int  # px
    height: int  # px
    size: int  # bytes


def register(tx: Tx, bridge: Bridge, card: Card) -> Photo:
    """The photo of these bytes at this event, made if need be. Idempotent by event and sha256."""
    query = select(Photo).filter_by(event_id=bridge.event_id, digest=card.sha256)
    found = tx.scalars(query).first()
    if found is None:
        photo = Photo(
            organization_id=bridge.organization_id,
            event_id=bridge.event_id,
            album_id=bridge.cameras.get(card.camera, bridge.album_id),
            bridge_id=bridge.id,
            asset_id=card.asset_id,
            digest=card.sha256,
            size=card.size,
            name=card.name[-200:],
            camera=card.camera[:80],
            pair_key=card.pair_key,
            shot_at=card.shot_at,
            bridged_at=card.received_at,
        )
        try:
            with tx.begin_nested():
                tx.add(photo)
        except IntegrityError:
            return tx.scalars(query).one()
        return photo
    return found


def add_source(tx: Tx, photo: Photo, kind: SourceKind, *, key: str, digest: str, size: int) -> None:
    """The bytes are in the store. Idempotent; the photo wants its best source from now on, and work is rung for."""
    query = select(Source).filter_by(photo_id=photo.id, kind=kind, digest=digest)
    known = tx.scalars(query).first()
    if known is not None and kind is SourceKind.RETOUCHED:
        known.stored_at = now_ms()  # the same version once more: it is the newest again
        tx.flush()
    if known is None:
        try:
            with tx.begin_nested():
                tx.add(Source(photo_id=photo.id, kind=kind, key=key, digest=digest, size=size))
        except IntegrityError:
            pass  # somebody else recorded the same bytes
    now = now_ms()
    if kind is SourceKind.ORIGINAL:
        tx.execute(update(Photo).where(Photo.id == photo.id, Photo.original_at.is_(None)).values(original_at=now))
    _want_best(tx, photo.id)
    tx.execute(update(Photo).where(Photo.id == photo.id, Photo.stored_at.is_(None)).values(stored_at=now))
    bytes_arrived(tx, photo.id)
    tx.refresh(photo)
    by_hand = kind is SourceKind.RETOUCHED  # somebody is waiting to see it
    tx.ring(RefreshPhoto(photo.id) if photo.state is PhotoState.LIVE and not by_hand else RenderPhoto(photo.id))


def refuse_source(tx: Tx, photo_id: str, source_id: str, code: str) -> bool:
    """Mark a source that cannot be rendered, ever. True: another one is left.

    False: there is none; the photo is rejected, unless guests see it already: then they keep what they see.
    """
    tx.execute(update(Source).where(Source.id == source_id, Source.refusal.is_(None)).values(refusal=code))
    if _want_best(tx, photo_id):
        tx.ring(RenderPhoto(photo_id))
        return True
    move_photo(tx, photo_id, PhotoState.REJECTED, refusal=code, lease_until=0)
    return False


def record_made(tx: Tx, photo_id: str, source_id: str, recipe_id: str, made: list[Made], facts: dict[str, Any]) -> None:
    """Renditions are in the store. Only facts are written; publishing is the caller's next step."""
    now = now_ms()
    for one in made:
        row = tx.get(Rendition, (photo_id, one.kind)) or Rendition(photo_id=photo_id, kind=one.kind)
        row.key, row.width, row.height, row.size = one.key, one.width, one.height, one.size
        row.recipe_id, row.source_id, row.made_at = recipe_id, source_id, now
        tx.add(row)
    done = {
        "made_source_id": source_id,
        "made_recipe_id": recipe_id,
        "lease_until": 0,
        "render_attempts": 0,
        "render_due_at": 0,
        "rendered_at": func.coalesce(Photo.rendered_at, now),
    }
    tx.execute(update(Photo).where(Photo.id == photo_id).values(**done, **facts))


def postpone(tx: Tx, photo_id: str, attempts: int) -> None:
    """Give the photo back; try again after 1, 2, 4 … 60 seconds."""
    wait_ms = min(60, 2 ** max(0, attempts - 1)) * 1000
    tx.execute(update(Photo).where(Photo.id == photo_id).values(lease_until=0, render_due_at=now_ms() + wait_ms))


def release(tx: Tx, photo_id: str) -> None:
    """Give the photo back."""
    tx.execute(update(Photo).where(Photo.id == photo_id).values(lease_until=0))


def forget_renditions(tx: Tx, photo_id: str, keys: list[str]) -> None:
    """After a recall: these blobs are deleted, and the next ones get new names."""
    tx.execute(delete(Rendition).where(Rendition.photo_id == photo_id, Rendition.key.in_(keys)))
    blank = {"made_source_id": None, "made_recipe_id": None, "salt": new_salt(), "full_wanted_at": None}
    tx.execute(update(Photo).where(Photo.id == photo_id).values(**blank))


def stale(album_id: str | None = None, *, full: bool = True) -> ColumnElement[bool]:
    """Photos whose renditions are not what their album, or they themselves, want: the whole of the render backlog.

    Without `full`: only what everybody waits for, not a full size that one guest or an idle queue asked for.
    """
    of_album = select(Album.recipe_id).where(Album.id == Photo.album_id).correlate(Photo).scalar_subquery()
    wants = func.coalesce(Photo.recipe_id, of_album)
    full_made = _full_made(wants)
    test = and_(
        Photo.state.in_(RENDERABLE),
        Photo.source_id.is_not(None),
        or_(
            Photo.made_recipe_id.is_(None),
            Photo.made_recipe_id != wants,
            Photo.made_source_id != Photo.source_id,
            and_(Photo.full_wanted_at.is_not(None), ~full_made.exists()) if full else false(),
        ),
    )
    return test if album_id is None else and_(test, Photo.album_id == album_id)


def _full_made(wants: ColumnElement[str] | InstrumentedAttribute[str | None]) -> Select[str]:
    return select(Rendition.photo_id).where(
        Rendition.photo_id == Photo.id,
        Rendition.kind == RenditionKind.FULL,
        Rendition.recipe_id == wants,
        Rendition.source_id == Photo.source_id,
    )


def lacks_full(now: int) -> ColumnElement[bool]:
    """Live photos that guests may download, all made as wanted but the full size, which nobody has asked for yet.

    Previews are left out: a better source is on its way.
    """
    better = select(Source.id).where(Source.id == Photo.made_source_id, Source.kind != SourceKind.PREVIEW)
    offered = select(Album.id).where(Album.id == Photo.album_id, Album.downloads.is_(True))
    return and_(
        Photo.state == PhotoState.LIVE,
        ~stale(full=False),
        Photo.full_wanted_at.is_(None),
        Photo.render_attempts == 0,
        Photo.lease_until <= now,
        better.exists(),
        offered.exists(),
        ~_full_made(Photo.made_recipe_id).exists(),
    )


def due(limit: int) -> Select[str, PhotoState]:
    """Stale photos that nobody holds and whose time has come, never-shown first, newest first."""
    now = now_ms()
    return (
        select(Photo.id, Photo.state)
        .where(stale(), Photo.lease_until <= now, Photo.render_due_at <= now)
        .order_by(Photo.live_at.is_not(None), Photo.announced_at.desc())
        .limit(limit)
    )


def versions(tx: Tx, photo_id: str) -> list[Source]:
    """Every source there ever was, newest first; nothing is thrown away."""
    query = select(Source).where(Source.photo_id == photo_id)
    return list(tx.scalars(query.order_by(Source.stored_at.desc(), Source.id)))


def go_back(tx: Tx, photo_id: str, source_id: str | None) -> bool:
    """Show this version from now on, whatever better one arrives by itself; None: the best there is. False: as it was.

    Raises NotFound for a source of another photo, or one that cannot be rendered.
    """
    photo = tx.get_one(Photo, photo_id)
    if source_id is not None:
        found = tx.get(Source, source_id)
        if found is None or found.photo_id != photo_id or found.refusal is not None:
            raise NotFound("version")
    before = photo.source_id
    photo.pinned_source_id = source_id
    tx.flush()
    _want_best(tx, photo_id)
    tx.refresh(photo)
    tx.ring(RenderPhoto(photo_id))
    return photo.source_id != before


def original_stored(tx: Tx, photo_id: str) -> bool:
    query = select(Source.id).filter_by(photo_id=photo_id, kind=SourceKind.ORIGINAL)
    return tx.scalars(query).first() is not None


def _want_best(tx: Tx, photo_id: str) -> bool:
    """Point the photo at its best source that can be rendered. False: there is none."""
    usable = tx.scalars(select(Source).where(Source.photo_id == photo_id, Source.refusal.is_(None))).all()
    pinned = tx.scalar(select(Photo.pinned_source_id).where(Photo.id == photo_id))
    best = max(usable, key=lambda s: (s.id == pinned, RANK.index(s.kind), s.stored_at), default=None)
    tx.execute(
        update(Photo)
        .where(Photo.id == photo_id)
        .values(source_id=best.id if best else None, render_attempts=0, render_due_at=0)
    )
    return best is not None
