"""The bin: what a person removes can be brought back for some days, then its rows and bytes are gone, with a proof.

Hiding never deletes; removing does, later. A purged photo leaves a row without a picture: its hashes, so that no bridge
brings it back and the ledger still adds up. A purged event leaves nothing but a signed list of hashes.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import ColumnElement, Table, delete, exists, false, func, or_, select, update

from backend import audit, feed, ledger
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import Conflict
from backend.jobs import PurgeEvent, PurgePhoto
from backend.models import (
    Album,
    Asset,
    Base,
    Bridge,
    BridgeState,
    Event,
    EventState,
    Export,
    Member,
    Photo,
    PhotoState,
    Purge,
    Rendition,
    Sample,
    Source,
    TeamInvitation,
    Trace,
    Upload,
)
from backend.states import move_bridge, move_event, move_photo
from backend.storage import EXPORT_PREFIX, FEED_PREFIX, RENDITION_PREFIX

DAY_MS: Final = 24 * 3600 * 1000
BLANK: Final[dict[str, Any]] = {  # all a purged photo's row forgets: what shows the picture, or says what is in it
    "by": "",
    "words": "",
    "placeholder": None,
    "dominant": None,
    "look": {},
    "own_look": None,
    "aids": None,
    "held": None,
    "source_id": None,
    "pinned_source_id": None,
    "made_source_id": None,
    "made_recipe_id": None,
    "full_wanted_at": None,
    "likes": 0,
}


def remove(tx: Tx, photo_id: str) -> bool:
    """Off every screen, into the bin. False: it was there already. Raises Conflict for what cannot be hidden."""
    feed.hide(tx, photo_id)
    mine = update(Photo).where(Photo.id == photo_id, Photo.state == PhotoState.HIDDEN, Photo.removed_at.is_(None))
    if tx.execute(mine.values(removed_at=now_ms()).returning(Photo.id)).first() is not None:
        return True
    if tx.get_one(Photo, photo_id, populate_existing=True).state is not PhotoState.HIDDEN:
        raise Conflict("only a photo that can be hidden can be removed")
    return False


def remove_event(tx: Tx, event: Event) -> bool:
    """No guest finds it any more; its feed's files and ZIPs go. Bridges may still send. False: it was so already."""
    was = event.state
    if not move_event(tx, event.id, EventState.REMOVED, removed_at=now_ms(), removed_from=was):
        return False
    of_event = select(Album.id).where(Album.event_id == event.id)
    tx.execute(update(Export).where(Export.album_id.in_(of_event)).values(expires_at=0))
    for album_id in tx.scalars(of_event):
        tx.wake(album_id, 0)
    return True


def restore_event(tx: Tx, event: Event) -> bool:
    """As it was. False: it is not in the bin."""
    back = event.removed_from or EventState.CLOSED
    return event.state is EventState.REMOVED and move_event(tx, event.id, back, removed_at=None, removed_from=None)


def hurry(tx: Tx, kind: type[Photo | Event], own_id: str) -> bool:
    """Do not wait for the bin's day. False: it is not in the bin."""
    mine = update(kind).where(kind.id == own_id, kind.removed_at.is_not(None)).values(removed_at=0)
    return tx.execute(mine.returning(kind.id)).first() is not None


def due(tx: Tx, bin_days: int, limit: int) -> list[PurgePhoto | PurgeEvent]:
    """What has been in the bin long enough, and what was begun and not finished."""
    before = now_ms() - bin_days * DAY_MS
    begun = (Photo.state == PhotoState.PURGED) & _unfinished()
    over = (Photo.state == PhotoState.HIDDEN) & (Photo.removed_at <= before)
    of_events = select(Event.id).where(
        or_(Event.state == EventState.PURGED, (Event.state == EventState.REMOVED) & (Event.removed_at <= before))
    )
    photos = select(Photo.id).where(or_(begun, over), Photo.removed_at.is_not(None)).limit(limit)
    return [PurgeEvent(one) for one in tx.scalars(of_events.limit(limit))] + [
        PurgePhoto(one) for one in tx.scalars(photos)
    ]


def _unfinished() -> ColumnElement[bool]:
    source = exists().where(Source.photo_id == Photo.id).correlate(Photo)
    return or_(source, exists().where(Rendition.photo_id == Photo.id).correlate(Photo))


def give_up(tx: Tx, photo_id: str, bin_days: int) -> list[str] | None:
    """From here there is no way back. The keys whose bytes have to go; None: it may stay, or is gone."""
    photo = tx.get(Photo, photo_id, with_for_update={"key_share": True})
    if photo is None or photo.removed_at is None:
        return None
    over = photo.removed_at <= now_ms() - bin_days * DAY_MS
    begun = photo.state is PhotoState.PURGED
    if not begun and not (over and move_photo(tx, photo_id, PhotoState.PURGED)):
        return None
    if begun and not tx.scalar(select(_unfinished()).where(Photo.id == photo_id)):
        return None
    keys = set(tx.scalars(select(Source.key).where(Source.photo_id == photo_id)))
    shared = select(Source.key).where(Source.key.in_(keys), Source.photo_id != photo_id)
    keys -= set(tx.scalars(shared))  # the same preview bytes of another press of the shutter
    keys |= set(tx.scalars(select(Rendition.key).where(Rendition.photo_id == photo_id)))
    for sample in tx.scalars(select(Sample).where(Sample.photo_id == photo_id)):
        keys |= {one["key"] for one in sample.pictures.get("pictures", ())}
    return sorted(keys)


def forget(tx: Tx, photo_id: str, objects: int) -> None:
    """After its bytes: every row that knows of it but its own and its files' hashes."""
    photo = tx.get_one(Photo, photo_id)
    hashes = list(tx.scalars(select(Asset.digest).where(Asset.photo_id == photo_id).order_by(Asset.digest)))
    kept = {Photo.__table__, Asset.__table__}
    _delete_below(tx, Photo.__table__, photo_id, kept)
    tx.execute(update(Photo).where(Photo.id == photo_id).values(**BLANK))
    said = {"objects": objects, "sha256": hashes}
    audit.record(tx, photo.organization_id, audit.SYSTEM, "purge", f"photo:{photo_id}", ({}, said))


def give_up_event(tx: Tx, event_id: str, bin_days: int) -> bool:
    """From here there is no way back; bridges are cut off. False: it may stay, or is gone."""
    event = tx.get(Event, event_id)
    if event is None or event.removed_at is None:
        return False
    over = event.removed_at <= now_ms() - bin_days * DAY_MS
    if event.state is not EventState.PURGED and not (over and move_event(tx, event_id, EventState.PURGED)):
        return False
    for bridge_id in tx.scalars(select(Bridge.id).where(Bridge.event_id == event_id)).all():
        move_bridge(tx, bridge_id, BridgeState.REVOKED)
    return True


def places(tx: Tx, event_id: str) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    """Prefixes under which everything is the event's; single keys; uploads that are still open, as (key, upload)."""
    albums = list(tx.scalars(select(Album.id).where(Album.event_id == event_id)))
    prefixes = [f"o/{event_id}/", f"s/{event_id}/"]
    prefixes += [f"{EXPORT_PREFIX}{kind}/{event_id}/" for kind in ("covers", "codes", "prints")]
    prefixes += [f"{kind}{one}/" for kind in (RENDITION_PREFIX, EXPORT_PREFIX, FEED_PREFIX) for one in albums]
    of_photos = select(Sample).join(Photo, Photo.id == Sample.photo_id).where(Photo.event_id == event_id)
    keys = [one["key"] for sample in tx.scalars(of_photos) for one in sample.pictures.get("pictures", ())]
    uploads = select(Upload.key, Upload.upload_id).join(Asset, Asset.id == Upload.asset_id)
    return prefixes, keys, [(key, name) for key, name in tx.execute(uploads.where(Asset.event_id == event_id))]


def forget_event(tx: Tx, event_id: str, key: Ed25519PrivateKey, left: int) -> Purge | None:
    """After its bytes: all its rows, and the proof. `left`: blobs the store still lists; there should be none."""
    event = tx.get(Event, event_id, with_for_update=True)
    if event is None or event.state is not EventState.PURGED:
        return None
    said = _account(tx, event) | {"left": {"objects": left}}
    rows = _delete_below(tx, Event.__table__, event_id, set())
    rows["traces"] = _count(tx.execute(delete(Trace).where(Trace.event_id == event_id)))
    tx.execute(delete(TeamInvitation).where(TeamInvitation.event_id == event_id))
    tx.execute(
        update(Member).where(Member.event_id == event_id).values(disabled_at=now_ms())
    )  # asked to this event only
    said["rows"] = {name: n for name, n in sorted(rows.items()) if n}
    said["left"]["rows"] = _left(tx, Event.__table__, event_id)
    proof = _signed(event, said, key)
    tx.add(proof)
    tx.flush()
    after = {"proof": proof.id, "photos": proof.photos}
    audit.record(tx, event.organization_id, audit.SYSTEM, "purge", f"event:{event_id}", ({}, after))
    return proof


def _account(tx: Tx, event: Event) -> dict[str, Any]:
    """What there was: every file by its hash, with the name the camera gave it."""
    files = tx.execute(
        select(Asset.digest, Asset.name, Asset.size).where(Asset.event_id == event.id).order_by(Asset.digest)
    )
    versions = select(Source.digest).join(Photo, Photo.id == Source.photo_id).where(Photo.event_id == event.id)
    return {
        "kind": "purge",
        "event": {"id": event.id, "title": event.title, "organization_id": event.organization_id},
        "purged_at": now_ms(),
        "counts": {"photos": tx.scalar(select(func.count()).where(Photo.event_id == event.id)) or 0},
        "files": [{"sha256": digest, "name": name, "size": size} for digest, name, size in files],
        "versions": sorted(set(tx.scalars(versions))),
    }


def _signed(event: Event, said: dict[str, Any], key: Ed25519PrivateKey) -> Purge:
    text, public = ledger.canonical(said), key.public_key()
    return Purge(
        organization_id=event.organization_id,
        event_id=event.id,
        title=event.title,
        photos=said["counts"]["photos"],
        document=text,
        signature=base64.b64encode(key.sign(text.encode())).decode(),
        key_id=ledger.key_id(public),
        public_key=ledger.pem(public),
        purged_at=said["purged_at"],
    )


# --- every row that points at something, by its foreign keys: a new table cannot be forgotten ----------------------


def _tables() -> Sequence[Table]:
    return Base.metadata.sorted_tables


def _delete_below(tx: Tx, root: Any, own_id: str, kept: set[Any]) -> dict[str, int]:  # noqa: ANN401 - SQLAlchemy's Table
    """Delete what points at the row of `root`, and the row, children first. Returns how many rows by table."""
    gone: dict[str, int] = {}
    for table in reversed(_tables()):
        if table not in kept:
            doomed = _belongs(table, root, own_id)
            gone[table.name] = _count(tx.execute(table.delete().where(doomed)))
    return gone


def _left(tx: Tx, root: Any, own_id: str) -> int:  # noqa: ANN401 - SQLAlchemy's Table
    counts = (select(func.count()).select_from(table).where(_belongs(table, root, own_id)) for table in _tables())
    return sum(tx.scalar(count) or 0 for count in counts)


def _belongs(table: Table, root: Any, own_id: str) -> ColumnElement[bool]:  # noqa: ANN401 - SQLAlchemy's Table
    """Rows of `table` that are the row of `root`, or point at it, directly or through others."""
    if table is root:
        return root.c.id == own_id
    direct = [key.parent == own_id for key in table.foreign_keys if key.column.table is root]
    through = [
        key.parent.in_(select(key.column).where(_belongs(key.column.table, root, own_id)))
        for key in table.foreign_keys
        if _reaches(key.column.table, root)
    ]
    return or_(false(), *(direct or through))


def _reaches(table: Table, root: Any) -> bool:  # noqa: ANN401 - SQLAlchemy's Table
    return any(key.column.table is root or _reaches(key.column.table, root) for key in table.foreign_keys)


def _count(result: Any) -> int:  # noqa: ANN401 - SQLAlchemy's CursorResult
    return int(result.rowcount)
