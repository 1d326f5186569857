"""Intake and versions: from a bridge's word to stored sources, and which photos still need rendering.

Sources rank preview < original < retouched. Whatever arrives, in whatever order and how often, the photo wants
to be made from the best source that can be rendered; `stale()` says where wish and fact differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, delete, false, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from backend import hooks
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import NotFound
from backend.jobs import RefreshPhoto, RenderPhoto
from backend.models import (
    Album,
    Asset,
    AssetKind,
    Bridge,
    Intake,
    Photo,
    PhotoState,
    Rendition,
    RenditionKind,
    Source,
    SourceKind,
    new_id,
    new_salt,
)
from backend.security import future_id
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
    source: Intake = Intake.FTP
    serial: str = ""


@dataclass(frozen=True, slots=True)
class Bytes:
    """A source that is in the store."""

    kind: SourceKind
    key: str
    digest: str  # sha256, hex
    size: int


@dataclass(frozen=True, slots=True)
class Made:
    """A rendition that is in the store."""

    kind: RenditionKind
    key: str
    width: int  # px
    height: int  # px
    size: int  # bytes


def register(tx: Tx, bridge: Bridge, card: Card) -> Asset:
    """The file of these bytes at this event, made if need be; its photo is the one of the same press of the shutter.

    Idempotent by event and sha256. Files of one press may be announced at the same moment: they wait for each other.
    """
    query = select(Asset).filter_by(event_id=bridge.event_id, digest=card.sha256)
    if card.pair_key:
        tx.alone("press", bridge.event_id, card.pair_key)
    found = tx.scalars(query).first()
    if found is not None:
        return found
    asset = Asset(
        event_id=bridge.event_id,
        bridge_id=bridge.id,
        bridge_asset_id=card.asset_id,
        digest=card.sha256,
        size=card.size,
        name=card.name[-200:],
        kind=AssetKind(card.kind),
        intake=card.source,
        camera=card.camera,
        serial=card.serial,
        pair_key=card.pair_key,
        pixels=(card.width or 0) * (card.height or 0),
    )
    try:
        with tx.begin_nested():
            asset.photo_id = _same_press(tx, bridge, card) or _new_photo(tx, bridge, card)
            tx.add(asset)
    except IntegrityError:
        return tx.scalars(query).one()
    return asset


def _new_photo(tx: Tx, bridge: Bridge, card: Card) -> str:
    expected = future_id(bridge.token_hash, card.asset_id)  # guests may be looking at its ghost
    photo = Photo(
        id=new_id() if tx.get(Photo, expected) else expected,
        organization_id=bridge.organization_id,
        event_id=bridge.event_id,
        album_id=bridge.cameras.get(card.camera, bridge.album_id),
        bridge_id=bridge.id,
        asset_id=card.asset_id,
        digest=card.sha256,
        size=card.size,
        name=card.name[-200:],
        camera=card.camera,
        pair_key=card.pair_key,
        shot_at=card.shot_at,
        bridged_at=card.received_at,
    )
    tx.add(photo)
    tx.flush()
    return photo.id


def _same_press(tx: Tx, bridge: Bridge, card: Card) -> str | None:
    """The photo this file belongs to. None when there is none, or when it could be one of several: better a second tile
    than somebody else's picture in the first.
    """
    if not card.pair_key:
        return None
    there: dict[str, list[Asset]] = {}
    known = select(Asset).filter_by(event_id=bridge.event_id, pair_key=card.pair_key)
    for asset in tx.scalars(known.order_by(Asset.id)):
        there.setdefault(asset.photo_id, []).append(asset)
    fitting = [one for one, assets in there.items() if all(_one_press(asset, bridge, card) for asset in assets)]
    sure = [one for one in fitting if any(_same_body(asset, card) for asset in there[one])]
    found = sure or fitting
    return found[0] if len(found) == 1 else None


def _one_press(asset: Asset, bridge: Bridge, card: Card) -> bool:
    """May these two files with one pair key be of one press of the shutter?

    Bodies of one model shoot files of one name in one second. Serial numbers tell them apart; where the camera writes
    none, two files that came the same way must carry the same camera's name. A card's folder is no camera's name.
    """
    if asset.serial and card.serial and asset.serial != card.serial:
        return False
    if asset.intake is not Intake.CARD and card.source is not Intake.CARD:  # both over the air
        known = asset.bridge_id == bridge.id or (asset.serial and asset.serial == card.serial)
        return asset.camera == card.camera and bool(known)
    return (asset.intake is not card.source) or _same_body(asset, card)


def _same_body(asset: Asset, card: Card) -> bool:
    """Beyond doubt."""
    same_way = asset.intake is card.source and asset.camera == card.camera
    return asset.serial == card.serial if asset.serial and card.serial else same_way


def add_source(tx: Tx, photo_id: str, stored: Bytes, asset_id: str | None = None) -> Photo:
    """The bytes are in the store. Idempotent; the photo wants its best source from now on, and work is rung for.

    `asset_id`: the file they are, or were made from; None for a version by hand.
    """
    kind = stored.kind
    tx.execute(select(Photo.id).where(Photo.id == photo_id).with_for_update(key_share=True))  # two at once: one by one
    query = select(Source).filter_by(photo_id=photo_id, kind=kind, digest=stored.digest)
    known = tx.scalars(query).first()
    if known is not None and kind is SourceKind.RETOUCHED:
        known.stored_at = now_ms()  # the same version once more: it is the newest again
        tx.flush()
    if known is None:
        row = {"key": stored.key, "digest": stored.digest, "size": stored.size}
        tx.add(Source(photo_id=photo_id, asset_id=asset_id, kind=kind, **row))
        tx.flush()
    now = now_ms()
    if kind is SourceKind.ORIGINAL:
        tx.execute(update(Photo).where(Photo.id == photo_id, Photo.original_at.is_(None)).values(original_at=now))
        if known is None:
            _tell_programs(tx, photo_id, stored)
    _want_best(tx, photo_id)
    tx.execute(update(Photo).where(Photo.id == photo_id, Photo.stored_at.is_(None)).values(stored_at=now))
    bytes_arrived(tx, photo_id)
    photo = tx.get_one(Photo, photo_id, populate_existing=True)
    by_hand = kind is SourceKind.RETOUCHED  # somebody is waiting to see it
    tx.ring(RefreshPhoto(photo.id) if photo.state is PhotoState.LIVE and not by_hand else RenderPhoto(photo.id))
    return photo


def _tell_programs(tx: Tx, photo_id: str, stored: Bytes) -> None:
    photo = tx.get_one(Photo, photo_id)
    said: dict[str, Any] = {"photo_id": photo_id, "album_id": photo.album_id, "name": photo.name}
    said |= {"sha256": stored.digest, "size": stored.size}
    hooks.owe(tx, photo.organization_id, photo.event_id, "original.stored", said)


def set_times(tx: Tx, bridge: Bridge, times: Mapping[str, int]) -> list[Photo]:
    """When photos were really taken, by the digest of a file this bridge announced. Returns those that changed.

    A photo is set by the first of its files only, so that two files cannot set it back and forth.
    """
    said = select(Photo).where(Photo.bridge_id == bridge.id, Photo.digest.in_(times)).order_by(Photo.id)
    changed = [
        photo for photo in tx.scalars(said.with_for_update(key_share=True)) if photo.shot_at != times[photo.digest]
    ]
    for photo in changed:
        photo.shot_at = times[photo.digest]
    tx.flush()
    return changed


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
    if "shot_at" in facts:  # what the picture says; a bridge that knows the camera's clock knows better
        facts = facts | {"shot_at": func.coalesce(Photo.shot_at, facts["shot_at"])}
    tx.execute(update(Photo).where(Photo.id == photo_id).values(**done, **facts))


def postpone(tx: Tx, photo_id: str, attempts: int) -> None:
    """Give the photo back; try again after 1, 2, 4 … 60 seconds."""
    wait_ms = min(60, 2 ** max(0, attempts - 1)) * 1000
    tx.execute(update(Photo).where(Photo.id == photo_id).values(lease_until=0, render_due_at=now_ms() + wait_ms))


def release(tx: Tx, photo_id: str, *, wait_ms: int = 0) -> None:
    """Give the photo back; with `wait_ms` nobody renders it before they have passed."""
    later = {"render_due_at": now_ms() + wait_ms} if wait_ms else {}
    tx.execute(update(Photo).where(Photo.id == photo_id).values(lease_until=0, **later))


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


def purged(tx: Tx, event_id: str, digest: str) -> str | None:
    """The photo of these bytes when it was deleted for good: they must not come back."""
    query = select(Photo.id).join(Asset, Asset.photo_id == Photo.id)
    of_bytes = query.where(Asset.event_id == event_id, Asset.digest == digest)
    return tx.scalars(of_bytes.where(Photo.state == PhotoState.PURGED)).first()


def original_stored(tx: Tx, asset: Asset) -> bool:
    """Whether these very bytes are safe here."""
    query = select(Source.id).filter_by(photo_id=asset.photo_id, kind=SourceKind.ORIGINAL, digest=asset.digest)
    return tx.scalars(query).first() is not None


def _want_best(tx: Tx, photo_id: str) -> bool:
    """Point the photo at its best source that can be rendered. False: there is none.

    A version somebody went back to, else anything before RAW, else by rank, else more pixels. Of previews the first
    counts: another one shows nothing new. Of versions by hand the last.
    """
    with_files = select(Source, Asset).outerjoin(Asset, Asset.id == Source.asset_id)
    usable = tx.execute(with_files.where(Source.photo_id == photo_id, Source.refusal.is_(None))).all()
    pinned = tx.scalar(select(Photo.pinned_source_id).where(Photo.id == photo_id))

    def rank(source: Source, asset: Asset | None) -> tuple[bool, bool, int, int, int]:
        raw = asset is not None and asset.kind is AssetKind.RAW
        pixels = asset.pixels if asset is not None and source.kind is SourceKind.ORIGINAL else 0
        later = -source.stored_at if source.kind is SourceKind.PREVIEW else source.stored_at
        return source.id == pinned, not raw, RANK.index(source.kind), pixels, later

    best = max(usable, key=lambda row: rank(*row), default=None)
    wanted = best[0].id if best else None
    chosen = update(Photo).where(Photo.id == photo_id).values(source_id=wanted, render_attempts=0, render_due_at=0)
    tx.execute(chosen)
    return best is not None
