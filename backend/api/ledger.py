"""The bridges' stories, line by line, and certificates: drawn by a bridge or in the console. docs/wire.md §1 and §3."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field

from backend import accounts, audit, ledger
from backend.accounts import Who
from backend.errors import BadInput, Conflict, TooLarge
from backend.http import answer, body, calling_bridge, needs, query, stage
from backend.models import Certificate, Event

of_bridge = Blueprint("ledger", __name__, url_prefix="/bridge/v1")
of_member = Blueprint("certificates", __name__, url_prefix="/api/v1")
MOST_BYTES = 256_000
StoryId = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class LineShape(BaseModel):
    n: Annotated[int, Field(ge=1, lt=2**53)]
    at: Annotated[int, Field(ge=0, lt=10**14)]
    kind: Annotated[str, Field(min_length=1, max_length=40)]
    asset_id: Annotated[str, Field(max_length=64)] = ""
    body: Annotated[str, Field(max_length=4000)]
    chain: Digest


class Portion(BaseModel):
    id: StoryId
    lines: Annotated[list[LineShape], Field(max_length=500)]


class StoryQuery(BaseModel):
    id: StoryId


@of_bridge.get("/ledger")
def so_far() -> ResponseReturnValue:
    """How far the platform has this story."""
    caller, said = calling_bridge(), query(StoryQuery)
    with stage().db.reading() as tx:
        return answer(ledger.so_far(tx, caller.id, said.id))


@of_bridge.post("/ledger")
def tell() -> ResponseReturnValue:
    """The next lines. What does not follow is noted as a fault; what we had stays."""
    caller, said = calling_bridge(), body(Portion)
    lines = [ledger.Line(**line.model_dump()) for line in said.lines]
    with stage().db.writing() as tx:
        follows = ledger.listen(tx, caller.id, said.id, lines)
        heard = ledger.so_far(tx, caller.id, said.id)
    if not follows:
        g.error_extra = heard
        raise Conflict(f"story {said.id} of bridge {caller.id}", code="chain_broken")
    return answer(heard)


@of_bridge.post("/certificate")
def draw_for_bridge() -> ResponseReturnValue:
    """The bridge's account, what the platform knows beside it, signed."""
    caller, said = calling_bridge(), request.get_json(silent=True)
    if not isinstance(said, dict):
        raise BadInput("the account is not an object")
    if len(request.get_data()) > MOST_BYTES:
        raise TooLarge("account")
    return answer(_draw(caller.event_id, f"bridge:{caller.id}", {caller.id: said}))


@of_member.post("/events/<event_id>/certificate")
@needs("see_report")
def draw(who: Who, event_id: str) -> ResponseReturnValue:
    """A new certificate of what is so now, by the bridges' last words."""
    with stage().db.reading() as tx:
        event = accounts.their_event(tx, who, event_id, "see_report")
    return answer(_draw(event.id, who.actor, {})), 201


def _draw(event_id: str, actor: str, by: dict[str, dict[str, Any]]) -> dict[str, Any]:
    at = stage()
    with at.db.reading() as tx:  # tens of thousands of lines: not while others wait to write
        event = tx.get_one(Event, event_id)
        said = ledger.account(tx, event, by)
    with at.db.writing() as tx:
        made: Certificate = ledger.sign(tx, event, said, at.signer.certificate_key())
        audit.record(tx, made.organization_id, actor, "certificate", f"event:{event_id}", ({}, {"id": made.id}))
    return ledger.signed(made) | {"id": made.id, "url": f"{at.settings.base_url}/certificates/{made.id}"}
