"""What guests did, in batches (wire §2). Members and robots are thanked and not counted."""

from __future__ import annotations

import re
from typing import Annotated, Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import Field

from backend import security, stats
from backend.errors import Unauthorized
from backend.events import SOURCES
from backend.http import MEMBER_COOKIE, calling_guest, stage
from backend.models import TraceKind
from backend.openapi import endpoint
from miniprogram_api.shapes import Shape

bp = Blueprint("guest_track", __name__, url_prefix="/mp/v1")
ROBOTS: Final = re.compile(r"bot\b|crawl|spider|slurp|preview|headless|curl|wget|python|httpx", re.IGNORECASE)


class StepShape(Shape):
    kind: TraceKind
    photo_id: Annotated[str, Field(max_length=16)] | None = None
    placement_id: Annotated[str, Field(max_length=16)] | None = None  # instead of a photo
    done_at: Annotated[int, Field(ge=0, lt=10**14)]


class TrackRequest(Shape):
    """`batch`: a random name, the same when the batch is sent again. `device`: a random id; counts instead of a token.

    A mini-program has a token only once its guest asked for something by name, and is one guest before and after.
    """

    batch: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{16,40}$")]
    album_id: Annotated[str, Field(max_length=16)]
    device: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{16,64}$")] | None = None
    source: Annotated[str, Field(max_length=2)] = ""
    traces: Annotated[list[StepShape], Field(min_length=1, max_length=100)]


@bp.post("/track")
@endpoint(json=TrackRequest, answers={204: None})
def track(json: TrackRequest) -> ResponseReturnValue:
    """Visits, viewable tiles, views, clicks, downloads, shares. 204 whether or not they count."""
    at, guest_id = stage(), calling_guest()
    if json.device is not None:
        guest_id = security.token_hash(json.device)[:32]
    if guest_id is None:
        raise Unauthorized
    security.allow(at.redis, f"track:{guest_id}", limit=60, window_s=60)
    if ROBOTS.search(request.user_agent.string) or _is_staff():
        return "", 204
    steps = tuple(
        stats.Step(one.kind.value, one.photo_id, one.done_at, None if one.photo_id else one.placement_id)
        for one in json.traces
    )
    source = json.source if json.source in SOURCES else ""
    batch = stats.Batch(json.batch, json.album_id, guest_id, source, steps)
    if not stats.wait_in_line(at.redis, batch):
        with at.db.writing() as tx:
            stats.write_down(tx, [batch])
    return "", 204


def _is_staff() -> bool:
    """Somebody signed in to the console in the same browser."""
    token = request.cookies.get(MEMBER_COOKIE)
    if not token:
        return False
    try:
        stage().signer.read("member", token)
    except Unauthorized:
        return False
    return True
