"""The feed: what a guest can see of an album, in which order, and what changed since.

Two numbers per photo, both given out under the album's row lock, so that the order in which they
become visible is the order of the numbers and a cursor can never jump over a photo:
`position` (序位) is the place on screen, `revision` (变更号) the latest change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, true, update

from backend import hooks
from backend.clock import now_ms
from backend.db import Tx
from backend.jobs import CheckPhoto, MakeExport, RecallPhoto, RenderPhoto, WriteFeed
from backend.models import (
    Album,
    Bridge,
    Check,
    Checking,
    CheckState,
    Contributions,
    Culling,
    Departure,
    ExportPhoto,
    Photo,
    PhotoState,
    Publishing,
    Rendition,
    Source,
    SourceKind,
    new_salt,
)
from backend.states import move_check, move_photo

PEOPLES = frozenset({"person", "review"})  # reasons of a check: somebody decided, or is to
NOTIFY_AFTER_MS = 5_000  # photos that follow each other are told together


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the feed. Without keys it is a tombstone: take the photo off the screen."""

    photo_id: str
    album_id: str
    position: int
    revision: int
    thumb_key: str | None = None
    view_key: str | None = None
    phone_key: str | None = None
    width: int = 0
    height: int = 0
    placeholder: str = ""
    dominant: str = ""
    shot_at: int | None = None
    live_at: int | None = None
    retouched_at: int | None = None
    likes: int = 0
    by: str = ""
    words: str = ""
    stage: SourceKind = SourceKind.PREVIEW


@dataclass(frozen=True, slots=True)
class Page:
    entries: list[Entry]
    cursor: int  # hand it back to get what comes next
    more: bool  # there is more at once


def publish(tx: Tx, photo_id: str) -> bool:
    """Make a rendered photo visible, or show its newest rendition in place. False: it may not be shown (yet)."""
    photo = tx.get_one(Photo, photo_id)
    revision = _next_revision(tx, photo.album_id)
    tx.refresh(photo)  # the album is locked now; what was read before may be old
    album = tx.get_one(Album, photo.album_id)
    live = photo.state is PhotoState.LIVE
    if (live or photo.approved_at is None) and _doubted_anew(tx, album, photo):
        if live and move_photo(tx, photo_id, PhotoState.HIDDEN, revision=revision, approved_at=None):
            move_photo(tx, photo_id, PhotoState.STORED)
            _tell(tx, photo.album_id, revision)
        return False
    if live:
        tx.execute(update(Photo).where(Photo.id == photo_id).values(revision=revision))
        if photo.retouched_at is not None:
            _look_soon(tx, photo.album_id, now_ms())
    elif photo.approved_at is None and _held_back(tx, album, photo):
        return False
    else:
        now = now_ms()
        first = {"position": photo.position or revision, "live_at": photo.live_at or now}
        if not move_photo(tx, photo_id, PhotoState.LIVE, revision=revision, **first):
            return False
        _look_soon(tx, photo.album_id, now)
    _tell(tx, photo.album_id, revision)
    _owe(tx, photo, "photo.updated" if live else "photo.live", revision)
    return True


def show_again(tx: Tx, album_id: str, photo_ids: Sequence[str]) -> None:
    """What guests know of these photos of an album changed, not the pictures: a new revision for each they can see."""
    last = _next_revision(tx, album_id, len(photo_ids))
    for revision, photo_id in enumerate(photo_ids, last - len(photo_ids) + 1):
        shown = update(Photo).where(Photo.id == photo_id, Photo.state == PhotoState.LIVE)
        tx.execute(shown.values(revision=revision))
    _tell(tx, album_id, last)


def _look_soon(tx: Tx, album_id: str, now: int) -> None:
    """Guests may be owed a message; photos that follow each other are looked at together."""
    soon = now + NOTIFY_AFTER_MS
    later = or_(Album.notify_due_at.is_(None), Album.notify_due_at > soon)
    tx.execute(update(Album).where(Album.id == album_id, later).values(notify_due_at=soon))


def _held_back(tx: Tx, album: Album, photo: Photo) -> bool:
    """Until a person approves all photos, guests' own, or the doubtful ones; until the bridge is resumed, a moderator
    passed it.
    """
    photo_id = photo.id
    if album.checking is not Checking.OFF and not tx.scalar(select(exists().where(Check.photo_id == photo_id))):
        tx.ring(CheckPhoto(photo_id))
    given = photo.guest_id is not None and album.contributions is not Contributions.OPEN
    if given or album.publishing is Publishing.APPROVE or (album.culling is Culling.HOLD and photo.held):
        return True
    if _paused(tx, photo):
        return True
    passed = exists().where(Check.photo_id == photo_id, Check.state == CheckState.PASSED)
    return album.checking is Checking.BEFORE and not tx.scalar(select(passed))


def _doubted_anew(tx: Tx, album: Album, photo: Photo) -> bool:
    """A better source shows what nobody checked: asked about again. True: off the screen until that passed.

    An original stays on while it is asked about: the preview that passed was made of it, and taking every photo off for
    minutes would serve nobody. What a person decided, or is to decide, stands.
    """
    made_id = photo.made_source_id
    kind = tx.scalar(select(Source.kind).where(Source.id == made_id))
    if album.checking is Checking.OFF or kind in (None, SourceKind.PREVIEW):
        return False
    check = tx.get(Check, photo.id, populate_existing=True)
    if check is None:
        tx.ring(CheckPhoto(photo.id))
    by_hand = kind is SourceKind.RETOUCHED
    if check is None or check.source_id == made_id or (not by_hand and check.reason in PEOPLES):
        return False
    again = {"source_id": made_id, "trace_id": None, "asks": 0, "due_at": 0, "reason": "", "label": 0}
    if not move_check(tx, photo.id, CheckState.WANTED, **again, settled_at=None):
        waits = update(Check).where(Check.photo_id == photo.id, Check.state == CheckState.WANTED)
        tx.execute(waits.values(**again))
    tx.ring(CheckPhoto(photo.id))
    return by_hand and album.checking is Checking.BEFORE


def hide(tx: Tx, photo_id: str) -> bool:
    """Take a photo off every screen at once; its old URLs follow within seconds. False: it was off already."""
    photo = tx.get_one(Photo, photo_id, with_for_update={"key_share": True})  # before the album, as renderers do
    revision = _next_revision(tx, photo.album_id)
    tx.refresh(photo)
    shown = photo.position is not None
    moved = move_photo(tx, photo_id, PhotoState.HIDDEN, approved_at=None, **({"revision": revision} if shown else {}))
    if moved:
        _tell(tx, photo.album_id, revision)
        _owe(tx, photo, "photo.hidden", revision)
        tx.ring(RecallPhoto(photo_id))
        for export_id in _exports_with(tx, photo_id):
            tx.ring(MakeExport(export_id))
    return moved


def restore(tx: Tx, photo_id: str) -> bool:
    """Bring a hidden photo back, or approve a waiting one: it is rendered anew and published at its old place."""
    seen = update(Photo).where(Photo.id == photo_id, Photo.state == PhotoState.LIVE, Photo.approved_at.is_(None))
    if tx.execute(seen.values(approved_at=now_ms()).returning(Photo.id)).first() is not None:
        return True  # guests see it already; from now on nobody doubts it
    moved = move_photo(tx, photo_id, PhotoState.STORED, approved_at=now_ms(), removed_at=None)
    if not moved:
        approved = update(Photo).where(Photo.id == photo_id, Photo.state == PhotoState.STORED)
        moved = tx.execute(approved.values(approved_at=now_ms()).returning(Photo.id)).first() is not None
    photo = tx.get_one(Photo, photo_id, populate_existing=True)
    if moved and photo.made_source_id is not None:
        publish(tx, photo_id)
    tx.ring(RenderPhoto(photo_id))
    return moved


def move(tx: Tx, photo_id: str, album_id: str) -> bool:
    """To another album of its event: off every screen of the old one, made and shown anew in the other.

    What was live stays live. False: it is there already.
    """
    photo = tx.get_one(Photo, photo_id, with_for_update={"key_share": True})
    if photo.album_id == album_id:
        return False
    revision = _next_revision(tx, photo.album_id)
    tx.refresh(photo)
    keys = list(tx.scalars(select(Rendition.key).filter_by(photo_id=photo_id)))
    if photo.position is not None:
        left = Departure(photo_id=photo_id, album_id=photo.album_id, position=photo.position, revision=revision)
        left.keys, left.recalled_at = {"keys": keys}, None
        tx.merge(left)
        _tell(tx, photo.album_id, revision)
    tx.execute(delete(Departure).where(Departure.photo_id == photo_id, Departure.album_id == album_id))
    tx.execute(delete(Rendition).where(Rendition.photo_id == photo_id))
    anew: dict[str, object] = {"position": None, "revision": None, "made_source_id": None, "made_recipe_id": None}
    tx.execute(update(Photo).where(Photo.id == photo_id).values(album_id=album_id, salt=new_salt(), **anew))
    if photo.state is PhotoState.LIVE and move_photo(tx, photo_id, PhotoState.HIDDEN):
        move_photo(tx, photo_id, PhotoState.STORED, approved_at=now_ms())
    for export_id in _exports_with(tx, photo_id):
        tx.ring(MakeExport(export_id))
    tx.ring(RecallPhoto(photo_id))
    tx.ring(RenderPhoto(photo_id))
    return True


def left_behind(tx: Tx, photo_id: str) -> list[Departure]:
    """Albums it left whose pictures of it are not deleted yet."""
    return list(tx.scalars(select(Departure).filter_by(photo_id=photo_id, recalled_at=None)))


def changes(tx: Tx, album_id: str, after: int, limit: int = 50) -> Page:
    """What changed after the cursor, oldest first."""
    rows = tx.scalars(
        select(Photo).where(Photo.album_id == album_id, Photo.revision > after).order_by(Photo.revision).limit(limit)
    ).all()
    left = select(Departure).where(Departure.album_id == album_id, Departure.revision > after)
    gone = [_tombstone(row) for row in tx.scalars(left.order_by(Departure.revision).limit(limit))]
    entries = sorted([*_entries(tx, rows), *gone], key=lambda entry: entry.revision)[:limit]
    return Page(entries, cursor=entries[-1].revision if entries else after, more=len(entries) == limit)


def history(
    tx: Tx, album_id: str, before: int | None, limit: int = 50, *, only: ColumnElement[bool] | None = None
) -> Page:
    """The album itself, newest first; visible photos only. `cursor` is the next page's `before`."""
    query = select(Photo).where(Photo.album_id == album_id, Photo.state == PhotoState.LIVE)
    if before is not None:
        query = query.where(Photo.position < before)
    if only is not None:
        query = query.where(only)
    rows = tx.scalars(query.order_by(Photo.position.desc()).limit(limit + 1)).all()
    entries = _entries(tx, rows[:limit])
    return Page(entries, cursor=entries[-1].position if entries else 0, more=len(rows) > limit)


def hot(tx: Tx, album_id: str, skip: int, limit: int, *, only: ColumnElement[bool] | None = None) -> Page:
    """The most liked first. `cursor` is the next page's `skip`."""
    query = select(Photo).where(Photo.album_id == album_id, Photo.state == PhotoState.LIVE, Photo.likes > 0)
    if only is not None:
        query = query.where(only)
    rows = tx.scalars(query.order_by(Photo.likes.desc(), Photo.position.desc()).offset(skip).limit(limit + 1)).all()
    return Page(_entries(tx, rows[:limit]), cursor=skip + limit, more=len(rows) > limit)


def by_time(tx: Tx, album_id: str, skip: int, limit: int, *, only: ColumnElement[bool] | None = None) -> Page:
    """Latest shutter first, by cameras' clocks set right. `cursor` is the next page's `skip`."""
    query = select(Photo).where(Photo.album_id == album_id, Photo.state == PhotoState.LIVE)
    if only is not None:
        query = query.where(only)
    order = (func.coalesce(Photo.shot_at, Photo.live_at).desc(), Photo.position.desc())
    rows = tx.scalars(query.order_by(*order).offset(skip).limit(limit + 1)).all()
    return Page(_entries(tx, rows[:limit]), cursor=skip + limit, more=len(rows) > limit)


def taken(since: int | None, until: int | None) -> ColumnElement[bool]:
    """Photos shot in [since, until), ms UTC; of those without a shutter's moment, when they were shown."""
    moment = func.coalesce(Photo.shot_at, Photo.live_at)
    tests = [moment >= since] if since is not None else []
    return and_(true(), *tests, *([moment < until] if until is not None else []))


def between(tx: Tx, album_id: str, first: int, last: int) -> list[Entry]:
    """Visible photos with positions from `first` to `last`, oldest first."""
    shown = select(Photo).where(Photo.album_id == album_id, Photo.state == PhotoState.LIVE)
    rows = tx.scalars(shown.where(Photo.position.between(first, last)).order_by(Photo.position)).all()
    return _entries(tx, rows)


def latest(tx: Tx, album_id: str, upto: int, limit: int) -> list[Entry]:
    """The newest changes up to a revision, oldest first."""
    query = select(Photo).where(Photo.album_id == album_id, Photo.revision <= upto)
    rows = tx.scalars(query.order_by(Photo.revision.desc()).limit(limit)).all()
    left = select(Departure).where(Departure.album_id == album_id, Departure.revision <= upto)
    gone = [_tombstone(row) for row in tx.scalars(left.order_by(Departure.revision.desc()).limit(limit))]
    return sorted([*_entries(tx, rows), *gone], key=lambda entry: entry.revision)[-limit:]


def newest(tx: Tx, album_id: str) -> int:
    """The revision a guest starts following from. Read it before reading history."""
    return tx.scalar(select(Album.revision).where(Album.id == album_id)) or 0


def visible(tx: Tx, album_id: str) -> int:
    """How many photos a guest can see."""
    query = select(func.count()).where(Photo.album_id == album_id, Photo.state == PhotoState.LIVE)
    return tx.scalar(query) or 0


def card(entry: Entry, url: Callable[[str], str]) -> dict[str, Any]:
    """The JSON of docs/wire.md §2: a Photo, or a tombstone. `url` signs a rendition key."""
    shown: dict[str, Any] = {
        "id": entry.photo_id,
        "album_id": entry.album_id,
        "position": entry.position,
        "revision": entry.revision,
    }
    if entry.thumb_key is None or entry.view_key is None:
        return shown | {"hidden": True}
    return shown | {
        "width": entry.width,
        "height": entry.height,
        "placeholder": entry.placeholder,
        "dominant": entry.dominant,
        "urls": {
            "thumb": url(entry.thumb_key),
            "phone": url(entry.phone_key or entry.view_key),  # photos made before there was one have none
            "view": url(entry.view_key),
        },
        "shot_at": entry.shot_at,
        "live_at": entry.live_at,
        "retouched_at": entry.retouched_at,
        "likes": entry.likes,
        "by": entry.by,
        "words": entry.words,
        "stage": entry.stage.value,
    }


def _tell(tx: Tx, album_id: str, revision: int) -> None:
    """Whoever is connected, and whoever reads files."""
    tx.wake(album_id, revision)
    tx.ring(WriteFeed(album_id))


def _owe(tx: Tx, photo: Photo, kind: str, revision: int) -> None:
    """Programs of the organization that want to hear of it."""
    said = {"photo_id": photo.id, "album_id": photo.album_id, "name": photo.name, "revision": revision}
    hooks.owe(tx, photo.organization_id, photo.event_id, kind, said)


def _exports_with(tx: Tx, photo_id: str) -> Sequence[str]:
    """ZIP files that hold it, or were to; their worker takes them away."""
    return tx.scalars(select(ExportPhoto.export_id).where(ExportPhoto.photo_id == photo_id)).all()


def _paused(tx: Tx, photo: Photo) -> bool:
    """Somebody holds back what the photo's bridge sends."""
    return tx.scalar(select(Bridge.paused_at).where(Bridge.id == photo.bridge_id)) is not None


def _next_revision(tx: Tx, album_id: str, many: int = 1) -> int:
    """The last of `many` new ones."""
    return tx.execute(
        update(Album).where(Album.id == album_id).values(revision=Album.revision + many).returning(Album.revision)
    ).scalar_one()


def _entries(tx: Tx, rows: Sequence[Photo]) -> list[Entry]:
    ids = [p.id for p in rows if p.state is PhotoState.LIVE]
    keys: dict[tuple[str, str], str] = {}
    for r in tx.scalars(select(Rendition).where(Rendition.photo_id.in_(ids))):
        keys[r.photo_id, r.kind] = r.key
    sources = select(Source.id, Source.kind).where(Source.id.in_([p.made_source_id for p in rows]))
    made_from = dict(tx.execute(sources).all())
    return [_entry(p, keys, made_from) for p in rows]


def _tombstone(left: Departure) -> Entry:
    return Entry(left.photo_id, left.album_id, left.position, left.revision)


def _entry(photo: Photo, keys: dict[tuple[str, str], str], made_from: dict[str, SourceKind]) -> Entry:
    assert photo.position is not None
    assert photo.revision is not None
    return Entry(
        photo_id=photo.id,
        album_id=photo.album_id,
        position=photo.position,
        revision=photo.revision,
        thumb_key=keys.get((photo.id, "thumb")),
        view_key=keys.get((photo.id, "view")),
        phone_key=keys.get((photo.id, "phone")),
        width=photo.width or 0,
        height=photo.height or 0,
        placeholder=photo.placeholder or "",
        dominant=photo.dominant or "",
        shot_at=photo.shot_at,
        live_at=photo.live_at,
        retouched_at=photo.retouched_at,
        likes=photo.likes,
        by=photo.by,
        words=photo.words,
        stage=made_from.get(photo.made_source_id or "", SourceKind.PREVIEW),
    )
