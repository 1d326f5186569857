"""Bridges tell of frames a camera has begun to send: docs/wire.md §1. Best effort on both sides."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field

from backend import ghosts, security
from backend.clock import now_ms
from backend.ghosts import Ghost
from backend.http import answer, body, calling_bridge, stage
from backend.models import Bridge

bp = Blueprint("ghosts", __name__, url_prefix="/bridge/v1")
AssetId = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{8,64}$")]
Pixels = Annotated[int, Field(gt=0, le=100_000)] | None
FLATTEST = 4.0  # a panorama gets its right place with the picture


class Sighting(BaseModel):
    asset_id: AssetId
    camera: Annotated[str, Field(max_length=80)] = ""
    width: Pixels = None
    height: Pixels = None


class Sightings(BaseModel):
    seen: Annotated[list[Sighting], Field(max_length=50)] = []
    gone: Annotated[list[Sighting], Field(max_length=50)] = []


@bp.post("/ghosts")
def tell() -> ResponseReturnValue:
    """`told`: how many guests may expect. 429 for a bridge that sees more than any camera shoots."""
    caller, said, at = calling_bridge(), body(Sightings), stage()
    security.allow(at.redis, f"ghosts:{caller.id}", limit=600, window_s=60)
    seen, gone = _named(caller, said.seen), _named(caller, said.gone)
    with at.db.reading() as tx:
        albums = {one.camera: ghosts.album_of(tx, caller, one.camera) for one in (*said.seen, *said.gone)}
        coming = ghosts.unknown(tx, list(seen))
    until = now_ms() + ghosts.TTL_MS
    told = 0
    for album_id in {found for found in albums.values() if found}:
        ghosts.vanish(at.redis, album_id, [name for name, one in gone.items() if albums[one.camera] == album_id])
        here = [Ghost(name, _ratio(one), until) for name, one in seen.items() if albums[one.camera] == album_id]
        here = [one for one in here if one.photo_id in coming]
        ghosts.appear(at.redis, album_id, here)
        told += len(here)
    return answer({"told": told})


def _named(caller: Bridge, some: list[Sighting]) -> dict[str, Sighting]:
    """By the id their photos will have."""
    return {security.future_id(caller.token_hash, one.asset_id): one for one in some}


def _ratio(one: Sighting) -> float | None:
    if one.width is None or one.height is None:
        return None
    return round(min(max(one.width / one.height, 1 / FLATTEST), FLATTEST), 4)
