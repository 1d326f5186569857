"""One photo: take the full size home, ask for it to be taken down, tell us when it was first seen."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import update

from backend import branding, downloads, gate, moderation, security
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import NotFound, Unauthorized
from backend.gate import Right
from backend.http import answer, calling_guest, stage
from backend.jobs import RefreshPhoto
from backend.models import Photo, PhotoState, Rendition, RenditionKind
from backend.openapi import endpoint
from miniprogram_api.shapes import Download, Reported, ReportRequest, SeenRequest, SponsorOn, Waiting

bp = Blueprint("guest_photos", __name__, url_prefix="/mp/v1")


@bp.get("/photos/<photo_id>/download")
@endpoint(answers={200: Download, 202: Waiting})
def download(photo_id: str) -> ResponseReturnValue:
    """The full branded picture; made when somebody first asks for it. Every address given out leaves a receipt."""
    caller = calling_guest()
    at = stage()
    with at.db.writing() as tx:
        photo = live_photo(tx, photo_id)
        mine = gate.enter(tx, photo.album_id)
        guest_id = taker(mine, caller)
        downloads.demand(tx, mine.album, guest_id, 1, zone=at.settings.timezone)
        full = tx.get(Rendition, (photo.id, RenditionKind.FULL))
        current = full is not None and (full.recipe_id, full.source_id) == (photo.made_recipe_id, photo.made_source_id)
        if not current:
            tx.execute(update(Photo).where(Photo.id == photo.id).values(full_wanted_at=now_ms()))
            tx.ring(RefreshPhoto(photo.id))
        of_before = full is not None and full.source_id != photo.made_source_id and photo.render_attempts == 0
        if full is not None and not of_before:
            downloads.record(tx, mine.album, guest_id, {photo.id: full.size})
    if full is None or of_before:  # who asks for what a hand just made better gets that; another brand may follow
        return answer({"retry_after": 1}, 202)
    url = gate.signed(at, mine, name=f"kuaimen-{photo.position}.jpg")(full.key)
    said = {"url": url, "width": full.width, "height": full.height, "size": full.size}
    return answer(said | {"expires_at": now_ms() + at.settings.photo_url_ttl * 1000})


@bp.get("/photos/<photo_id>/sponsor")
@endpoint(answers={200: SponsorOn})
def sponsor(photo_id: str) -> ResponseReturnValue:
    """Whose frame is on it, and where a tap on that leads. A tap is told as a `click` of the photo: `POST /track`."""
    calling_guest()
    with stage().db.reading() as tx:
        photo = live_photo(tx, photo_id)
        gate.enter(tx, photo.album_id)
        found = branding.sponsor_on(tx, photo)
    said = {"name": branding.spoken(found), "link": found.link} if found is not None else None
    return answer({"sponsor": said})


@bp.post("/photos/<photo_id>/report")
@endpoint(json=ReportRequest, answers={200: Reported})
def report(photo_id: str, json: ReportRequest) -> ResponseReturnValue:
    """A guest asks to take a photo down. It is off every screen at once, and a person looks at it then."""
    caller = calling_guest()
    at = stage()
    security.allow(at.redis, f"report:{request.remote_addr}", limit=60, window_s=3600)
    with at.db.writing() as tx:
        photo = tx.get(Photo, photo_id)
        if photo is None or photo.position is None:
            raise NotFound("photo")
        guest_id = taker(gate.enter(tx, photo.album_id), caller)
        if guest_id is None:
            raise Unauthorized
        hidden = moderation.report(tx, photo_id, guest_id, json.reason, json.words)
    return answer({"hidden": hidden})


@bp.post("/photos/<photo_id>/seen")
@endpoint(json=SeenRequest, answers={204: None})
def seen(photo_id: str, json: SeenRequest) -> ResponseReturnValue:
    """Only the first guest's clock counts, and never a moment outside [live, now]: the rest is clock error."""
    caller = calling_guest()
    at = stage()
    security.allow(at.redis, f"seen:{caller or 'nobody'}", limit=120, window_s=60)
    with at.db.writing() as tx:
        photo = live_photo(tx, photo_id)
        gate.enter(tx, photo.album_id)
        now = now_ms()
        shown = min(max(json.shown_at, photo.live_at or now), now)
        tx.execute(update(Photo).where(Photo.id == photo.id, Photo.seen_at.is_(None)).values(seen_at=shown))
    return "", 204


def taker(mine: Right, caller: str | None) -> str | None:
    """Which guest this is: the one with the session, else the one the pass was given to."""
    return caller or (None if mine.member else mine.guest or None)


def live_photo(tx: Tx, photo_id: str) -> Photo:
    found = tx.get(Photo, photo_id)
    if found is None or found.state is not PhotoState.LIVE:
        raise NotFound("photo")
    return found
