"""Comments under a photo: read by whoever may see it, written, deleted and reported in a guest's name."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from backend import comments, contributions, gate, security, typed
from backend.db import Tx
from backend.errors import BadInput, NotFound, Unauthorized
from backend.http import answer, calling_guest, stage
from backend.models import Comment, Guest, Photo
from backend.openapi import endpoint
from miniprogram_api.photos import live_photo, taker
from miniprogram_api.shapes import CommentRequest, CommentShape, CommentsQuery, CommentsShape, Reported

bp = Blueprint("guest_comments", __name__, url_prefix="/mp/v1")
A_MINUTE: Final = 5  # of one guest
A_DAY: Final = 100


@bp.get("/photos/<photo_id>/comments")
@endpoint(query=CommentsQuery, answers={200: CommentsShape})
def show(photo_id: str, query: CommentsQuery) -> ResponseReturnValue:
    """Newest first. `count` is of what everybody sees; a guest's own are there whatever became of them."""
    with stage().db.reading() as tx:
        _, guest_id = _entered(tx, photo_id)
        found = comments.under(tx, photo_id, guest_id, query.limit)
        reported = comments.reported(tx, found, guest_id)
        shown = [_shown(one, guest_id) | {"reported": one.id in reported} for one in found]
        return answer({"comments": shown, "count": comments.count(tx, photo_id)})


@bp.post("/photos/<photo_id>/comments")
@endpoint(json=CommentRequest, answers={200: CommentShape})
def write(photo_id: str, json: CommentRequest) -> ResponseReturnValue:
    """Shown at once, unless a moderator says that nobody should have to read it: 422 `risky_words`."""
    at = stage()
    words, by = contributions.plain(json.text), contributions.named(json.name)
    if not words:
        raise BadInput("text: nothing to read")
    with at.db.reading() as tx:
        photo, guest_id = _entered(tx, photo_id)
        guest = tx.get_one(Guest, _named(guest_id))
    security.allow(at.redis, f"comment:{guest.id}", limit=A_MINUTE, window_s=60)
    security.allow(at.redis, f"comments:{guest.id}", limit=A_DAY, window_s=24 * 3600)
    if typed.risky_of(at, photo.organization_id, guest, f"{by}\n{words}"):
        raise BadInput("risky comment", code="risky_words")
    with at.db.writing() as tx:
        photo, _ = _entered(tx, photo_id)
        return answer(_shown(comments.write(tx, photo, guest.id, by, words), guest.id))


@bp.delete("/comments/<comment_id>")
@endpoint(answers={204: None})
def withdraw(comment_id: str) -> ResponseReturnValue:
    """Only whoever wrote it; they need not be able to see the album (any more)."""
    guest_id = _named(calling_guest())
    with stage().db.writing() as tx:
        comments.withdraw(tx, comment_id, guest_id)
    return "", 204


@bp.post("/comments/<comment_id>/report")
@endpoint(answers={200: Reported})
def report(comment_id: str) -> ResponseReturnValue:
    """`hidden`: two guests did, so it is off every screen until a member decides."""
    at = stage()
    security.allow(at.redis, f"report-comment:{request.remote_addr}", limit=60, window_s=3600)
    with at.db.writing() as tx:
        found = tx.get(Comment, comment_id)
        if found is None:
            raise NotFound("comment")
        _, guest_id = _entered(tx, found.photo_id)
        hidden = comments.report(tx, comment_id, _named(guest_id))
    return answer({"hidden": hidden})


def _entered(tx: Tx, photo_id: str) -> tuple[Photo, str | None]:
    """The photo, and who asks. Raises as `live_photo`, `gate.enter`, `comments.demand`."""
    photo = live_photo(tx, photo_id)
    mine = gate.enter(tx, photo.album_id)
    comments.demand(mine.album)
    return photo, taker(mine, calling_guest())


def _named(guest_id: str | None) -> str:
    """Raises Unauthorized for somebody without a session: members have the console."""
    if guest_id is None:
        raise Unauthorized
    return guest_id


def _shown(comment: Comment, guest_id: str | None) -> dict[str, Any]:
    return {
        "id": comment.id,
        "by": comment.by,
        "text": comment.words,
        "state": comment.state.value,
        "own": comment.guest_id == guest_id,
        "reported": False,
        "created_at": comment.created_at,
    }
