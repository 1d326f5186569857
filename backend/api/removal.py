"""The bin (回收站): remove, bring back, empty at once; and the proofs of what was deleted for good (wire §3)."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from sqlalchemy import select

from backend import accounts, audit, removal
from backend.accounts import Who
from backend.errors import Conflict, NotFound
from backend.http import answer, needs, stage
from backend.jobs import PurgeEvent, PurgePhoto
from backend.models import Event, EventState, Photo, PhotoState, Purge, Role
from backend.openapi import endpoint

bp = Blueprint("removal", __name__, url_prefix="/api/v1")
RIGHT = "change_event"
SHOWN = 500


class BinnedPhoto(BaseModel):
    id: str
    event_id: str
    name: str
    camera: str
    shot_at: int | None
    removed_at: int
    purge_at: int


class BinnedEvent(BaseModel):
    id: str
    title: str
    removed_at: int
    purge_at: int


class Bin(BaseModel):
    days: int
    events: list[BinnedEvent]
    photos: list[BinnedPhoto]


class Proof(BaseModel):
    id: str
    event_id: str
    title: str
    photos: int
    purged_at: int


class Proofs(BaseModel):
    purges: list[Proof]


class SignedProof(BaseModel):
    certificate: dict[str, Any]
    signature: str
    key_id: str


@bp.get("/bin")
@needs(RIGHT)
@endpoint(answers={200: Bin})
def show(who: Who) -> ResponseReturnValue:
    """What was removed and can still be brought back, newest first."""
    days = stage().settings.bin_days
    kept = days * removal.DAY_MS
    photos = select(Photo).where(Photo.removed_at.is_not(None), Photo.state == PhotoState.HIDDEN)
    events = select(Event).where(Event.state == EventState.REMOVED)
    if who.role is not Role.PLATFORM:
        photos = photos.where(Photo.organization_id == who.organization_id)
        events = events.where(Event.organization_id == who.organization_id)
    if who.event_id is not None:
        photos, events = photos.where(Photo.event_id == who.event_id), events.where(Event.id == who.event_id)
    with stage().db.reading() as tx:
        found_events = tx.scalars(events.order_by(Event.removed_at.desc()).limit(SHOWN)).all()
        found = tx.scalars(photos.order_by(Photo.removed_at.desc()).limit(SHOWN)).all()
    return answer(
        {
            "days": days,
            "events": [_binned(e, ("id", "title"), kept) for e in found_events],
            "photos": [_binned(p, ("id", "event_id", "name", "camera", "shot_at"), kept) for p in found],
        }
    )


@bp.post("/photos/<photo_id>/remove")
@needs(RIGHT)
@endpoint(answers={204: None})
def remove_photo(who: Who, photo_id: str) -> ResponseReturnValue:
    """Off every screen, and deleted for good when its days in the bin are over; `restore` brings it back until then."""
    with stage().db.writing() as tx:
        photo = accounts.their_photo(tx, who, photo_id, RIGHT)
        before = {"state": photo.state.value}
        if removal.remove(tx, photo_id):
            audit.record(tx, photo.organization_id, who.actor, "remove", f"photo:{photo_id}", (before, {}))
    return "", 204


@bp.post("/photos/<photo_id>/purge")
@needs(RIGHT)
@endpoint(answers={204: None})
def purge_photo(who: Who, photo_id: str) -> ResponseReturnValue:
    """Do not wait for the bin's day. 409 when it is not in the bin."""
    with stage().db.writing() as tx:
        photo = accounts.their_photo(tx, who, photo_id, RIGHT)
        if not removal.hurry(tx, Photo, photo_id):
            raise Conflict("not in the bin")
        audit.record(tx, photo.organization_id, who.actor, "empty_bin", f"photo:{photo_id}")
        tx.ring(PurgePhoto(photo_id))
    return "", 204


@bp.post("/events/<event_id>/remove")
@needs(RIGHT)
@endpoint(answers={204: None})
def remove_event(who: Who, event_id: str) -> ResponseReturnValue:
    """No guest finds it any more; all of it is deleted for good when its days in the bin are over."""
    with stage().db.writing() as tx:
        event = accounts.their_event(tx, who, event_id, RIGHT)
        before = {"state": event.state.value}
        if removal.remove_event(tx, event):
            audit.record(tx, event.organization_id, who.actor, "remove", f"event:{event_id}", (before, {}))
    return "", 204


@bp.post("/events/<event_id>/restore")
@needs(RIGHT)
@endpoint(answers={204: None})
def restore_event(who: Who, event_id: str) -> ResponseReturnValue:
    """As it was, at once."""
    with stage().db.writing() as tx:
        event = accounts.their_event(tx, who, event_id, RIGHT)
        if removal.restore_event(tx, event):
            audit.record(tx, event.organization_id, who.actor, "restore", f"event:{event_id}")
    return "", 204


@bp.post("/events/<event_id>/purge")
@needs(RIGHT)
@endpoint(answers={204: None})
def purge_event(who: Who, event_id: str) -> ResponseReturnValue:
    """Do not wait for the bin's day. 409 when it is not in the bin."""
    with stage().db.writing() as tx:
        event = accounts.their_event(tx, who, event_id, RIGHT)
        if not removal.hurry(tx, Event, event_id):
            raise Conflict("not in the bin")
        audit.record(tx, event.organization_id, who.actor, "empty_bin", f"event:{event_id}")
        tx.ring(PurgeEvent(event_id))
    return "", 204


@bp.get("/purges")
@needs("see_audit", whole=True)
@endpoint(answers={200: Proofs})
def list_purges(who: Who) -> ResponseReturnValue:
    """Proofs of events that were deleted for good, newest first."""
    mine = select(Purge).where(Purge.organization_id == who.organization_id)
    with stage().db.reading() as tx:
        found = tx.scalars(mine.order_by(Purge.purged_at.desc()).limit(SHOWN)).all()
    names = ("id", "event_id", "title", "photos", "purged_at")
    return answer({"purges": [{name: getattr(one, name) for name in names} for one in found]})


@bp.get("/purges/<purge_id>")
@needs("see_audit", whole=True)
@endpoint(answers={200: SignedProof})
def show_purge(who: Who, purge_id: str) -> ResponseReturnValue:
    """The signed list of hashes; `kuaimen certificate check` says whether it was altered."""
    with stage().db.reading() as tx:
        found = tx.get(Purge, purge_id)
    if found is None or not accounts.may(who, "see_audit", found.organization_id):
        raise NotFound("purge")
    return answer({"certificate": json.loads(found.document), "signature": found.signature, "key_id": found.key_id})


def _binned(row: Photo | Event, names: tuple[str, ...], kept: int) -> dict[str, Any]:
    removed_at = row.removed_at or 0
    shown = {name: getattr(row, name) for name in names}
    return shown | {"removed_at": removed_at, "purge_at": removed_at + kept}
