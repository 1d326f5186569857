"""What organizers may ask about placements: sponsors' pictures on pages of an event (wire §3)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import select

from backend import accounts, audit, events, placements, typed
from backend.accounts import Who
from backend.db import Tx
from backend.errors import NotFound
from backend.http import answer, needs, stage
from backend.models import Art, Event, Placement
from backend.openapi import endpoint

bp = Blueprint("placements", __name__, url_prefix="/api/v1")
RIGHT = "change_brand"
Moment = Annotated[int, Field(ge=0, lt=10**14)]
Key = Annotated[str, Field(max_length=200)]
KEPT = ("words", "share", "cap", "from_at", "until_at")  # what the audit tells, with slot and art


class PlacementChange(BaseModel):
    """What is left out stays as it is. `sponsor_key`: whose name, link and numbers; empty: the picture's own."""

    art_key: Key | None = None
    sponsor_key: Key | None = None
    words: Annotated[str, Field(max_length=60)] | None = None
    share: Annotated[int, Field(ge=1, le=100)] | None = None
    cap: Annotated[int, Field(ge=0, le=100)] | None = None  # showings for one guest in a day; 0: no limit
    from_at: Moment | None = None
    until_at: Moment | None = None


class PlacementWish(PlacementChange):
    slot: Literal["start", "tile", "download"]
    art_key: Annotated[str, Field(min_length=1, max_length=200)]


@bp.get("/events/<event_id>/placements")
@needs(RIGHT)
@endpoint()
def show(who: Who, event_id: str) -> ResponseReturnValue:
    """All of an event, also those whose time is over, and how many photos stand between two tiles."""
    with stage().db.reading() as tx:
        event = accounts.their_event(tx, who, event_id, RIGHT)
        found = [_said(tx, one) for one in placements.of_event(tx, event_id)]
    return answer({"placements": found, "tile_every": events.front(event).tile_every})


@bp.post("/events/<event_id>/placements")
@needs(RIGHT)
@endpoint(json=PlacementWish)
def add(who: Who, event_id: str, json: PlacementWish) -> ResponseReturnValue:
    """In effect for everybody who has an album of the event open, within seconds."""
    typed.refuse_risky(stage(), who.organization_id, [json.words or ""])
    with stage().db.writing() as tx:
        event = accounts.their_event(tx, who, event_id, RIGHT)
        made = Placement(organization_id=event.organization_id, event_id=event_id)
        placements.put(tx, event, made, json.model_dump(exclude_none=True))
        events.front_changed(tx, event_id)
        said = _said(tx, made)
        audit.record(tx, event.organization_id, who.actor, "place", f"placement:{made.id}", ({}, _kept(said)))
    return answer({"placement": said}, 201)


@bp.post("/placements/<placement_id>")
@needs(RIGHT)
@endpoint(json=PlacementChange)
def change(who: Who, placement_id: str, json: PlacementChange) -> ResponseReturnValue:
    """In effect within seconds, too; shares are of what is shown from now on."""
    typed.refuse_risky(stage(), who.organization_id, [json.words or ""])
    said = {n: v for n, v in json.model_dump(exclude_unset=True).items() if v is not None or n.endswith("_at")}
    with stage().db.writing() as tx:
        one, event = _theirs(tx, who, placement_id)
        before = _said(tx, one)
        placements.put(tx, event, one, said)
        events.front_changed(tx, event.id)
        after = _said(tx, one)
        told = (_kept(before), _kept(after))
        audit.record(tx, event.organization_id, who.actor, "change_placement", f"placement:{one.id}", told)
    return answer({"placement": after})


@bp.post("/placements/<placement_id>/remove")
@needs(RIGHT)
@endpoint()
def remove(who: Who, placement_id: str) -> ResponseReturnValue:
    """Off every page within seconds. Its numbers stay in the reports. Repeatable."""
    with stage().db.writing() as tx:
        one, event = _theirs(tx, who, placement_id)
        placements.remove(one)
        tx.flush()
        events.front_changed(tx, event.id)
        told: tuple[dict[str, Any], dict[str, Any]] = (_kept(_said(tx, one)), {})
        audit.record(tx, event.organization_id, who.actor, "remove_placement", f"placement:{one.id}", told)
    return "", 204


def _theirs(tx: Tx, who: Who, placement_id: str) -> tuple[Placement, Event]:
    one = tx.get(Placement, placement_id)
    if one is None:
        raise NotFound("placement")
    return one, accounts.their_event(tx, who, one.event_id, RIGHT)


def _said(tx: Tx, one: Placement) -> dict[str, Any]:
    keys = dict(tx.execute(select(Art.id, Art.key).where(Art.id.in_({one.art_id, one.sponsor_id}))).all())
    own = one.sponsor_id == one.art_id
    shown = {"art_key": keys[one.art_id], "sponsor_key": "" if own else keys[one.sponsor_id]}
    return {"id": one.id, "slot": one.slot.value, **shown, **{name: getattr(one, name) for name in KEPT}}


def _kept(said: dict[str, Any]) -> dict[str, Any]:
    return {name: said[name] for name in ("slot", "art_key", "sponsor_key", *KEPT)}
