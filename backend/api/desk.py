"""Sliders of the retouch desk (wire §3): try settings on one photo, publish them, give them to frames like it.

What is tried is rendered by the workers with the steps of publication, so what is seen is what is published.
"""

from __future__ import annotations

import time
from typing import Annotated, Any, Final

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import select

from backend import accounts, audit, branding, events, retouch
from backend.accounts import Who
from backend.aids import Aids, apart
from backend.db import Tx
from backend.errors import Conflict, NotFound
from backend.http import answer, needs, stage
from backend.jobs import MakeSample
from backend.models import Art, ArtKind, Photo, PhotoState, Sample
from backend.openapi import endpoint
from backend.recipe import Look, Preset, Recipe

bp = Blueprint("desk", __name__, url_prefix="/api/v1")
LOOK_EVERY_S: Final = 0.025
WATCHED: Final = 1  # so many of a batch are made at once; the others behind new shots
LIKE_MS: Final = 10 * 60_000  # frames alike are sought this far around
LIKE_BITS: Final = 24  # of 128 that prints of one scene may differ by; those of one burst differ by fewer
SHAPE: Final = ("turn", "crop")  # settings that belong to one frame
PhotoId = Annotated[str, Field(max_length=32)]


class Trial(BaseModel):
    """`look`: as a recipe takes it, None: the album's. `bare`: without look and brand, for comparing."""

    look: dict[str, Any] | None = None
    bare: bool = False
    level: bool = False  # also look for the horizon


class TrialQuery(BaseModel):
    wait: Annotated[float, Field(ge=0, le=20)] = 0


class Settings(BaseModel):
    """`look` None: the album's again. Without `shape` every photo keeps its own turn and crop."""

    photo_ids: Annotated[list[PhotoId], Field(min_length=1, max_length=200)]
    look: dict[str, Any] | None = None
    shape: bool = True


@bp.get("/events/<event_id>/desk")
@needs("retouch")
@endpoint()
def setup(who: Who, event_id: str) -> ResponseReturnValue:
    """What sliders begin with: the look of every album, and the `.cube` looks of the organization."""
    with stage().db.reading() as tx:
        event = accounts.their_event(tx, who, event_id, "retouch")
        looks = {a.id: branding.load(tx, a.recipe_id).look.to_json() for a in events.albums(tx, event_id)}
        ready = select(Art).where(Art.kind == ArtKind.CUBE, Art.checked_at.is_not(None), Art.refusal.is_(None))
        mine = ready.where(Art.organization_id == event.organization_id, Art.removed_at.is_(None)).order_by(Art.name)
        cubes = [{"key": art.key, "name": art.name} for art in tx.scalars(mine)]
    return answer({"looks": looks, "cubes": cubes})


@bp.post("/photos/<photo_id>/tryout")
@needs("retouch")
@endpoint(json=Trial)
def tryout(who: Who, photo_id: str, json: Trial) -> ResponseReturnValue:
    """The photo as guests would get it with these settings; nothing is published."""
    with stage().db.writing() as tx:
        photo = accounts.their_photo(tx, who, photo_id, "retouch")
        _demand_own_cube(tx, photo, json.look)
        recipe = branding.with_look(tx, photo, json.look)
        row = Sample(
            organization_id=photo.organization_id,
            content=(_bare(recipe) if json.bare else recipe).to_json(),
            photo_id=photo.id,
            whole={"photo_ids": [photo.id], "level": json.level},
            pictures={},
        )
        tx.add(row)
        tx.flush()
        tx.ring(MakeSample(row.id))
        shown = _tryout(row)
    return answer({"tryout": shown}, 202)


@bp.get("/tryouts/<tryout_id>")
@needs("retouch")
@endpoint(query=TrialQuery)
def show_tryout(who: Who, tryout_id: str, query: TrialQuery) -> ResponseReturnValue:
    """Waits up to `wait` seconds while it is being made."""
    until = time.monotonic() + query.wait
    while True:
        with stage().db.reading() as tx:
            row = tx.get(Sample, tryout_id)
            if row is None or row.whole is None or row.photo_id is None:
                raise NotFound("tryout")
            accounts.their_photo(tx, who, row.photo_id, "retouch")
        if row.made_at is not None or time.monotonic() >= until:
            return answer({"tryout": _tryout(row)})
        time.sleep(LOOK_EVERY_S)


@bp.post("/events/<event_id>/adjusted")
@needs("retouch")
@endpoint(json=Settings)
def adjust(who: Who, event_id: str, json: Settings) -> ResponseReturnValue:
    """These settings are what guests see from now on. Photos in other hands are left alone and named in `held`.

    409 `in_other_hands` when that is all of them. Settings count as a version by hand; the album's look again does not.
    """
    with stage().db.writing() as tx:
        accounts.their_event(tx, who, event_id, "retouch")
        found = _of_event(tx, event_id, json.photo_ids)
        held = retouch.held_elsewhere(tx, [photo.id for photo in found], who.member_id)
        if len(held) == len(found):
            raise Conflict("in other hands", code="in_other_hands")
        chosen = [photo for photo in found if photo.id not in held]
        for number, photo in enumerate(chosen):
            look = _settings(tx, photo, json)
            retouch.note(tx, photo, who.member_id, look)
            change = (photo.own_look or {}, look or {})
            audit.record(tx, photo.organization_id, who.actor, "look", f"photo:{photo.id}", change)
            branding.look_photos(tx, [photo], look, watched=number < WATCHED)
            if look is not None:
                retouch.submit(tx, photo.id, who.member_id, unpin=False)
    return answer({"changed": len(chosen), "held": sorted(held)})


@bp.get("/photos/<photo_id>/like")
@needs("retouch")
@endpoint()
def frames_like(who: Who, photo_id: str) -> ResponseReturnValue:
    """Photos of the same camera and scene, nearest in time first: those that settings may be copied to."""
    with stage().db.reading() as tx:
        photo = accounts.their_photo(tx, who, photo_id, "retouch")
        moment = photo.shot_at or photo.announced_at
        near = select(Photo).where(
            Photo.album_id == photo.album_id,
            Photo.camera == photo.camera,
            Photo.id != photo.id,
            Photo.state == PhotoState.LIVE,
            Photo.shot_at.between(moment - LIKE_MS, moment + LIKE_MS),
        )
        found = [one for one in tx.scalars(near.limit(500)) if _alike(photo, one)]
    found.sort(key=lambda one: abs((one.shot_at or 0) - moment))
    return answer({"photo_ids": [one.id for one in found[:199]]})


def _alike(one: Photo, other: Photo) -> bool:
    """By their prints; frames nobody looked into yet by the moment alone: a burst."""
    if not one.aids or not other.aids:
        return abs((one.shot_at or 0) - (other.shot_at or 0)) <= 3_000
    return apart(Aids.from_json(one.aids).print, Aids.from_json(other.aids).print) <= LIKE_BITS


def _of_event(tx: Tx, event_id: str, photo_ids: list[str]) -> list[Photo]:
    """In the order they were named. Raises NotFound."""
    rows = {p.id: p for p in tx.scalars(select(Photo).where(Photo.id.in_(photo_ids), Photo.event_id == event_id))}
    if len(rows) != len(set(photo_ids)):
        raise NotFound("photo")
    return [rows[photo_id] for photo_id in dict.fromkeys(photo_ids)]


def _settings(tx: Tx, photo: Photo, said: Settings) -> dict[str, Any] | None:
    """Every field named. Raises BadInput."""
    if said.look is None:
        return None
    _demand_own_cube(tx, photo, said.look)
    look = Look.from_json(said.look).to_json()
    if not said.shape:
        own = Look.from_json(photo.own_look or {}).to_json()
        look |= {name: own[name] for name in SHAPE}
    return look


def _demand_own_cube(tx: Tx, photo: Photo, look: dict[str, Any] | None) -> None:
    """Raises BadInput."""
    key = (look or {}).get("cube_key")
    branding.demand_own_art(tx, photo.organization_id, [key] if key else [])


def _bare(recipe: Recipe) -> Recipe:
    look = Look(preset=Preset.NONE, turn=recipe.look.turn, crop=recipe.look.crop)
    sizes = {name: getattr(recipe, name) for name in ("view_px", "view_quality")}
    return Recipe(look=look, **sizes)


def _tryout(row: Sample) -> dict[str, Any]:
    at = stage()
    state = "making" if row.made_at is None else "refused" if row.refusal else "ready"
    pictures = [
        {name: one[name] for name in ("width", "height", "look")}
        | {"url": at.store.url(one["key"], ttl=at.settings.photo_url_ttl)}
        for one in row.pictures.get("pictures", [])
    ]
    said = {"id": row.id, "state": state, "refusal": row.refusal, "reason": row.reason}
    return said | {"picture": pictures[0] if pictures else None, "level": row.pictures.get("level")}
