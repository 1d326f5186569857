"""Pairing: the bridge asks for a code and waits, a member confirms it. docs/wire.md §1 and §3."""

from __future__ import annotations

import time
from typing import Annotated, Any

import orjson
from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import select

from backend import accounts, audit, bridges, events, health, security
from backend.accounts import Who
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import BadInput, Conflict, NotFound
from backend.http import answer, body, needs, query, stage
from backend.models import Album, Bridge, BridgeState, Event, EventState, Pairing, PairingState, Role
from backend.openapi import endpoint

of_bridge = Blueprint("pairing", __name__, url_prefix="/bridge/v1")
of_member = Blueprint("pairing_member", __name__, url_prefix="/api/v1")
LOOK_S = 0.4
TRIES, TRIES_S = 20, 600


class Asking(BaseModel):
    device: Annotated[str, Field(max_length=200)] = ""
    kind: str = "bridge"


class Wait(BaseModel):
    wait: Annotated[int, Field(ge=0, le=25)] = 0


class Confirmation(BaseModel):
    """`album_id` empty: the event's first album. `replaces`: the bridge whose place it takes."""

    event_id: str
    album_id: str | None = None
    name: Annotated[str, Field(max_length=80)] = ""
    replaces: str | None = None


class Choice(BaseModel):
    id: str
    title: str


class ChoiceOfBridge(BaseModel):
    id: str
    name: str
    online: bool


class ChoiceOfEvent(BaseModel):
    id: str
    title: str
    albums: list[Choice]
    bridges: list[ChoiceOfBridge]


class Shown(BaseModel):
    """Who asks."""

    code: str
    device: str
    asked_at: int
    expires_in: int
    paired: bool
    events: list[ChoiceOfEvent]


class Named(BaseModel):
    id: str
    name: str


class Confirmed(BaseModel):
    bridge: Named


@of_bridge.post("/pairings")
def ask() -> ResponseReturnValue:
    """A code for people, a secret for the bridge."""
    said, at = body(Asking), stage()
    security.allow(at.redis, f"pairing-from:{request.remote_addr}", limit=10, window_s=60)
    with at.db.writing() as tx:
        asked, secret = bridges.ask_pairing(tx, said.device)
    qr = f"{at.settings.base_url}/pair/{asked.code}"
    expires_in = bridges.PAIRING_MS // 1000
    code = bridges.shown(asked.code)
    return answer({"id": asked.id, "code": code, "qr": qr, "secret": secret, "expires_in": expires_in})


@of_bridge.get("/pairings/<pairing_id>")
def await_token(pairing_id: str) -> ResponseReturnValue:
    """Waits for a yes. The token can be fetched again as long as the code lives: an answer may get lost."""
    secret, until = request.headers.get("X-Pairing-Secret", ""), time.monotonic() + query(Wait).wait
    while True:
        with stage().db.reading() as tx:
            asked = bridges.pairing(tx, pairing_id, secret)
            said = _paired(tx, asked) if asked.state is PairingState.CONFIRMED else None
        if said or time.monotonic() >= until:
            return answer(said or {"state": "waiting"})
        time.sleep(LOOK_S)


@of_member.get("/pairings/<code>")
@needs("upload")
@endpoint(answers={200: Shown})
def show(who: Who, code: str) -> ResponseReturnValue:
    """Who asks, and where it may go."""
    _count_try(who)
    with stage().db.reading() as tx:
        asked = bridges.waiting(tx, code)
        said = {
            "code": bridges.shown(asked.code),
            "device": asked.device,
            "asked_at": asked.asked_at,
            "expires_in": max(0, asked.ends_at - now_ms()) // 1000,
            "paired": asked.state is PairingState.CONFIRMED,
            "events": [_choice(tx, e) for e in tx.scalars(_open_events(who))],
        }
    return answer(said)


@of_member.post("/pairings/<code>/confirm")
@needs("upload")
@endpoint(json=Confirmation, answers={200: Confirmed})
def confirm(who: Who, code: str, json: Confirmation) -> ResponseReturnValue:
    """Let the bridge send photos to this event."""
    at = stage()
    _count_try(who)
    with at.db.writing() as tx:
        asked = bridges.waiting(tx, code)
        if asked.state is not PairingState.WAITING:
            raise Conflict("pairing", code="already_paired")
        seat = _seat(tx, who, json)
        bridge = bridges.confirm(tx, asked, seat, at.signer.bridge_token(asked.id, asked.secret_hash))
        after = {"device": asked.device, "album_id": seat.album.id, "takes_over": seat.replaces is not None}
        audit.record(tx, bridge.organization_id, who.actor, "pair", f"bridge:{bridge.id}", ({}, after))
    return answer({"bridge": {"id": bridge.id, "name": bridge.name}})


@of_member.post("/pairings/<code>/refuse")
@needs("upload")
@endpoint(answers={204: None})
def refuse(who: Who, code: str) -> ResponseReturnValue:
    """Say no to a bridge that is not ours."""
    _count_try(who)
    with stage().db.writing() as tx:
        if not bridges.refuse(tx, bridges.waiting(tx, code)):
            raise Conflict("pairing", code="already_paired")
    return "", 204


def _paired(tx: Tx, asked: Pairing) -> dict[str, Any]:
    bridge, signer = tx.get_one(Bridge, asked.bridge_id), stage().signer
    event = tx.get_one(Event, bridge.event_id)
    identity = signer.unseal(bridge.identity) if asked.takes_over and bridge.identity else None
    return {
        "state": "paired",
        "token": signer.bridge_token(asked.id, asked.secret_hash),
        "bridge_id": bridge.id,
        "name": bridge.name,
        "event": {"id": event.id, "title": event.title},
        "identity": orjson.loads(identity) if identity else None,
    }


def _seat(tx: Tx, who: Who, said: Confirmation) -> bridges.Seat:
    event = accounts.their_event(tx, who, said.event_id, "upload")
    if said.replaces:
        taken = accounts.their_bridge(tx, who, said.replaces)
        if taken.event_id != event.id:
            raise NotFound("bridge")
        return bridges.Seat(tx.get_one(Album, taken.album_id), replaces=taken)
    albums = events.albums(tx, event.id)
    chosen = next((a for a in albums if said.album_id in (None, a.id)), None)
    if chosen is None:
        raise BadInput("the event has no such album")
    return bridges.Seat(chosen, name=said.name)


def _open_events(who: Who) -> Any:  # noqa: ANN401 - a SELECT
    mine = select(Event).where(Event.state.in_((EventState.DRAFT, EventState.OPEN))).order_by(Event.created_at.desc())
    if who.event_id is not None:
        mine = mine.filter_by(id=who.event_id)
    return mine.limit(100) if who.role is Role.PLATFORM else mine.filter_by(organization_id=who.organization_id)


def _choice(tx: Tx, event: Event) -> dict[str, Any]:
    now = now_ms()
    there = tx.scalars(select(Bridge).where(Bridge.event_id == event.id, Bridge.state == BridgeState.PAIRED))
    return {
        "id": event.id,
        "title": event.title,
        "albums": [{"id": a.id, "title": a.title} for a in events.albums(tx, event.id)],
        "bridges": [{"id": b.id, "name": b.name, "online": health.online(b, now)} for b in there],
    }


def _count_try(who: Who) -> None:
    """A code is short; nobody gets to try many. Raises TooMany."""
    security.allow(stage().redis, f"pairing-code:{who.member_id}", limit=TRIES, window_s=TRIES_S)
