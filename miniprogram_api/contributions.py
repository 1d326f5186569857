"""Guests give photos of their own: one request a photo, what became of each, and taking one back."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import exists, select

from backend import contributions, gate, security, typed
from backend.contributions import Given
from backend.db import Tx
from backend.errors import BadInput, TooLarge, Unauthorized
from backend.gate import Right
from backend.http import answer, calling_guest, stage
from backend.models import Album, EventState, Guest, Photo, PhotoState
from backend.openapi import endpoint
from backend.storage import digest, original_key
from miniprogram_api.photos import taker
from miniprogram_api.shapes import ContributionQuery, ContributionShape, ContributionsShape

bp = Blueprint("guest_contributions", __name__, url_prefix="/mp/v1")
MOST_BYTES: Final = 25 * 1024 * 1024
FORM_BYTES: Final = 16 * 1024  # what a form adds to the file in it
AN_HOUR: Final = 120  # requests of one guest, whatever the album's quota
HEIC: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


@bp.post("/albums/<album_id>/contributions")
@endpoint(query=ContributionQuery, answers={200: ContributionShape})
def give(album_id: str, query: ContributionQuery) -> ResponseReturnValue:
    """Body: the picture, or a form with it as `file`. Nobody else sees it before the album's rule says so."""
    at = stage()
    zone = at.settings.timezone
    with at.db.reading() as tx:
        mine, guest_id = _entered(tx, album_id)
        contributions.demand(tx, mine.album, guest_id, zone=zone)
        name, words = contributions.named(query.name), contributions.message(query.words)
        # a name that stands under a photo already was asked about
        asked = bool(name) and not tx.scalar(select(exists().where(Photo.guest_id == guest_id, Photo.by == name)))
        guest = tx.get_one(Guest, guest_id)
    security.allow(at.redis, f"contributions:{guest_id}", limit=AN_HOUR, window_s=3600)
    typed_now = "\n".join(filter(None, (name if asked else "", words)))
    if typed_now and typed.risky_of(at, mine.album.organization_id, guest, typed_now):
        raise BadInput("risky name or words", code="risky_words")
    content = _picture()
    key = original_key(mine.album.event_id, digest(content))
    at.store.put(key, content)
    with at.db.writing() as tx:
        right, _ = _entered(tx, album_id)
        given = Given(key, digest(content), len(content), name, words)
        photo = contributions.give(tx, right.album, guest_id, given, zone=zone)
        said = _shown(photo)
    return answer(said)


@bp.get("/albums/<album_id>/contributions")
@endpoint(answers={200: ContributionsShape})
def show(album_id: str) -> ResponseReturnValue:
    """The guest's own, newest first, and how many more they may give today."""
    at = stage()
    with at.db.reading() as tx:
        mine, guest_id = _entered(tx, album_id)
        own = contributions.of_guest(tx, album_id, guest_id)
        left = contributions.left(tx, mine.album, guest_id, zone=at.settings.timezone)
        said = {"rule": _rule(mine.album), "left": left, "photos": [_shown(photo) for photo in own]}
    return answer(said)


@bp.delete("/contributions/<photo_id>")
@endpoint(answers={204: None})
def withdraw(photo_id: str) -> ResponseReturnValue:
    """Off every screen, and no longer asked about. Only whoever gave it; they need not be able to see the album."""
    guest_id = calling_guest()
    if guest_id is None:
        raise Unauthorized
    with stage().db.writing() as tx:
        contributions.withdraw(tx, photo_id, guest_id)
    return "", 204


def _entered(tx: Tx, album_id: str) -> tuple[Right, str]:
    """Raises as `gate.enter`; Unauthorized for somebody without a name: members have the console."""
    caller = calling_guest()
    mine = gate.enter(tx, album_id)
    guest_id = taker(mine, caller)
    if guest_id is None:
        raise Unauthorized
    return mine, guest_id


def _rule(album: Album) -> str:
    return album.contributions.value if album.event.state is EventState.OPEN else "off"


def _picture() -> bytes:
    """Raises TooLarge, BadInput `not_a_picture`. Whether it can be decoded the renderer finds out."""
    request.max_content_length = MOST_BYTES + FORM_BYTES  # instead of the app's
    if (request.content_length or 0) > MOST_BYTES + FORM_BYTES:
        raise TooLarge("contribution")
    if request.mimetype == "multipart/form-data":
        file = request.files.get("file")
        content = file.read() if file else b""
    else:
        content = request.get_data(cache=False)
    if len(content) > MOST_BYTES:
        raise TooLarge("contribution")
    heic = content[4:8] == b"ftyp" and content[8:12] in HEIC
    if not (heic or content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))):
        raise BadInput("neither JPEG, HEIC nor PNG", code="not_a_picture")
    return content


def _shown(photo: Photo) -> dict[str, Any]:
    """As its giver sees it. `off`: refused, withdrawn, taken down, or no picture."""
    states = {PhotoState.LIVE: "live", PhotoState.HIDDEN: "off", PhotoState.REJECTED: "off"}
    return {
        "id": photo.id,
        "state": states.get(photo.state, "waiting"),
        "by": photo.by,
        "words": photo.words,
        "width": photo.width or 0,
        "height": photo.height or 0,
        "placeholder": photo.placeholder or "",
        "position": photo.position,
        "given_at": photo.announced_at,
    }
