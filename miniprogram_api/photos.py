"""One photo: take the full size home, tell us when it was first seen."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import update

from backend import security
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import NotFound, Refused
from backend.http import answer, calling_guest, stage
from backend.jobs import RefreshPhoto
from backend.models import Photo, PhotoState, Rendition, RenditionKind
from backend.openapi import endpoint
from miniprogram_api.session import readable
from miniprogram_api.shapes import Download, SeenRequest, Waiting

bp = Blueprint("guest_photos", __name__, url_prefix="/mp/v1")


@bp.get("/photos/<photo_id>/download")
@endpoint(answers={200: Download, 202: Waiting})
def download(photo_id: str) -> ResponseReturnValue:
    """The full branded picture; made when somebody first asks for it."""
    calling_guest()
    at = stage()
    with at.db.writing() as tx:
        photo = _live(tx, photo_id)
        album = readable(tx, photo.album_id)
        if not album.downloads:
            raise Refused("downloads are off")
        full = tx.get(Rendition, (photo.id, RenditionKind.FULL))
        current = full is not None and (full.recipe_id, full.source_id) == (photo.made_recipe_id, photo.made_source_id)
        if not current:
            tx.execute(update(Photo).where(Photo.id == photo.id).values(full_wanted_at=now_ms()))
            tx.ring(RefreshPhoto(photo.id))
    if full is None:
        return answer({"retry_after": 1}, 202)
    ttl = at.settings.photo_url_ttl
    url = at.store.url(full.key, ttl=ttl, download_name=f"kuaimen-{photo.position}.jpg")
    said = {"url": url, "width": full.width, "height": full.height, "size": full.size}
    return answer(said | {"expires_at": now_ms() + ttl * 1000})


@bp.post("/photos/<photo_id>/seen")
@endpoint(json=SeenRequest, answers={204: None})
def seen(photo_id: str, json: SeenRequest) -> ResponseReturnValue:
    """Only the first guest's clock counts, and never a moment outside [live, now]: the rest is clock error."""
    caller = calling_guest()
    at = stage()
    security.allow(at.redis, f"seen:{caller or 'nobody'}", limit=120, window_s=60)
    with at.db.writing() as tx:
        photo = _live(tx, photo_id)
        now = now_ms()
        shown = min(max(json.shown_at, photo.live_at or now), now)
        tx.execute(update(Photo).where(Photo.id == photo.id, Photo.seen_at.is_(None)).values(seen_at=shown))
    return "", 204


def _live(tx: Tx, photo_id: str) -> Photo:
    found = tx.get(Photo, photo_id)
    if found is None or found.state is not PhotoState.LIVE:
        raise NotFound("photo")
    return found
