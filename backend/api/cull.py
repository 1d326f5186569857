"""Aids for choosing, as organizers reach them: what an album holds back, which photos are nearly the same (wire §3)."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from sqlalchemy import select

from backend import accounts, audit, feed
from backend.accounts import Who
from backend.aids import Aids, near_duplicates
from backend.errors import NotFound
from backend.http import answer, body, needs, stage
from backend.models import Album, Culling, Event, Photo, PhotoState

bp = Blueprint("cull", __name__, url_prefix="/api/v1")


class Wish(BaseModel):
    culling: Culling


@bp.post("/albums/<album_id>/culling")
@needs("change_event")
def culling(who: Who, album_id: str) -> ResponseReturnValue:
    """off, suggest or hold. What waits only because it was held goes live when nothing is held any more."""
    said = body(Wish)
    with stage().db.writing() as tx:
        album = tx.get(Album, album_id)
        if album is None or not accounts.may(who, "change_event", album.organization_id, album.event_id):
            raise NotFound("album")
        before, album.culling = album.culling, said.culling
        tx.flush()
        audit.record(
            tx,
            album.organization_id,
            who.actor,
            "culling",
            f"album:{album_id}",
            ({"culling": before.value}, said.model_dump(mode="json")),
        )
        held = select(Photo.id).filter_by(album_id=album_id, state=PhotoState.STORED)
        waiting = held.where(Photo.held.is_not(None), Photo.made_source_id.is_not(None)).order_by(Photo.announced_at)
        released = 0
        if said.culling is not Culling.HOLD:
            released = sum(feed.publish(tx, photo_id) for photo_id in tx.scalars(waiting).all())
    return answer({"culling": said.culling.value, "released": released})


@bp.get("/events/<event_id>/alike")
@needs("see_event")
def alike(who: Who, event_id: str) -> ResponseReturnValue:
    """Groups of photos that are nearly the same, the sharpest first: the one to keep. Hidden ones take no part."""
    with stage().db.reading() as tx:
        event = tx.get(Event, event_id)
        if event is None or not accounts.may(who, "see_event", event.organization_id, event.id):
            raise NotFound("event")
        of_event = select(Photo.id, Photo.aids).where(Photo.event_id == event_id, Photo.aids.is_not(None))
        shown = of_event.where(Photo.state.in_((PhotoState.STORED, PhotoState.LIVE)))
        rows = tx.execute(shown.order_by(Photo.announced_at.desc()).limit(5000)).all()
    seen = {photo_id: Aids.from_json(aids) for photo_id, aids in rows if aids}
    return answer({"groups": near_duplicates(seen)})
