"""Likes: once per guest and photo. The number stands in the feed; it makes no new revision."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from backend import events, gate, security
from backend.db import Tx
from backend.errors import Refused, Unauthorized
from backend.http import answer, calling_guest, stage
from backend.models import Like, Photo
from backend.openapi import endpoint
from miniprogram_api.photos import live_photo
from miniprogram_api.shapes import Liked, Likes

bp = Blueprint("guest_likes", __name__, url_prefix="/mp/v1")


@bp.put("/photos/<photo_id>/like")
@endpoint(answers={200: Liked})
def like(photo_id: str) -> ResponseReturnValue:
    """Repeatable."""
    return _set(photo_id, liked=True)


@bp.delete("/photos/<photo_id>/like")
@endpoint(answers={200: Liked})
def unlike(photo_id: str) -> ResponseReturnValue:
    """Repeatable."""
    return _set(photo_id, liked=False)


@bp.get("/albums/<album_id>/likes")
@endpoint(answers={200: Likes})
def mine(album_id: str) -> ResponseReturnValue:
    """Which photos of the album this guest likes."""
    caller = calling_guest()
    if caller is None:
        return answer({"photo_ids": []})
    with stage().db.reading() as tx:
        gate.enter(tx, album_id)
        query = select(Like.photo_id).join(Photo, Photo.id == Like.photo_id)
        found = tx.scalars(query.where(Like.guest_id == caller, Photo.album_id == album_id)).all()
    return answer({"photo_ids": list(found)})


def _set(photo_id: str, *, liked: bool) -> ResponseReturnValue:
    caller = calling_guest()
    if caller is None:
        raise Unauthorized
    at = stage()
    security.allow(at.redis, f"like:{caller}", limit=120, window_s=60)
    with at.db.writing() as tx:
        photo = live_photo(tx, photo_id)
        gate.enter(tx, photo.album_id)
        if liked and not events.front(photo.album.event).likes:
            raise Refused("the organizer wants no likes", code="likes_off")
        by = _changed(tx, photo_id, caller, liked=liked)
        if by:
            tx.execute(update(Photo).where(Photo.id == photo_id).values(likes=Photo.likes + by))
        likes = tx.scalar(select(Photo.likes).where(Photo.id == photo_id)) or 0
    return answer({"liked": liked, "likes": likes})


def _changed(tx: Tx, photo_id: str, guest_id: str, *, liked: bool) -> int:
    """By how much the number changes."""
    if not liked:
        gone = delete(Like).where(Like.photo_id == photo_id, Like.guest_id == guest_id).returning(Like.photo_id)
        return -len(tx.execute(gone).all())
    try:
        with tx.begin_nested():
            tx.add(Like(photo_id=photo_id, guest_id=guest_id))
    except IntegrityError:
        return 0
    return 1
