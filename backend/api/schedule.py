"""What happens when at an event: the organizer writes it, guests read it on the event's page (wire §3)."""

from __future__ import annotations

from typing import Annotated, Final, Self

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, model_validator

from backend import accounts, audit, events, typed
from backend.accounts import Who
from backend.http import answer, body, needs, stage

bp = Blueprint("schedule", __name__, url_prefix="/api/v1")
LATEST: Final = 10**14  # ms UTC


class Item(BaseModel):
    """One line: from when to when, what, where."""

    starts_at: Annotated[int, Field(ge=0, lt=LATEST)]
    ends_at: Annotated[int, Field(ge=0, lt=LATEST)] | None = None
    title: Annotated[str, Field(min_length=1, max_length=60)]
    place: Annotated[str, Field(max_length=60)] = ""

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.ends_at is not None and self.ends_at < self.starts_at:
            raise ValueError("ends before it starts")
        return self


class Schedule(BaseModel):
    items: Annotated[list[Item], Field(max_length=60)]


@bp.get("/events/<event_id>/schedule")
@needs("see_event")
def show(who: Who, event_id: str) -> ResponseReturnValue:
    with stage().db.reading() as tx:
        return answer({"items": events.schedule(accounts.their_event(tx, who, event_id, "see_event"))})


@bp.post("/events/<event_id>/schedule")
@needs("change_event")
def write(who: Who, event_id: str) -> ResponseReturnValue:
    """All lines at once, in any order; none: the event has no schedule."""
    said = [item.model_dump() for item in body(Schedule).items]
    typed.refuse_risky(stage(), who.organization_id, (f"{item['title']} {item['place']}" for item in said))
    with stage().db.writing() as tx:
        event = accounts.their_event(tx, who, event_id, "change_event")
        before = {"items": events.schedule(event)}
        event.schedule = {"items": sorted(said, key=lambda item: item["starts_at"])}
        after = {"items": events.schedule(event)}
        audit.record(tx, event.organization_id, who.actor, "schedule", f"event:{event_id}", (before, after))
    return answer(after)
