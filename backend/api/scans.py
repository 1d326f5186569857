"""Which codes brought how many guests, for organizers (wire §3)."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend import accounts, events, scans
from backend.errors import NotFound
from backend.http import answer, calling_member, stage
from backend.models import Event

bp = Blueprint("scans", __name__, url_prefix="/api/v1")


@bp.get("/events/<event_id>/scans")
def by_source(event_id: str) -> ResponseReturnValue:
    """By source, album and way, most first; and by hour. At most some seconds old."""
    who = calling_member()
    accounts.demand(who, "see_event")
    with stage().db.reading() as tx:
        event = tx.get(Event, event_id)
        if event is None or not accounts.may(who, "see_event", event.organization_id):
            raise NotFound("event")
        sources = [
            {
                "source": found.source,
                "name": events.SOURCES.get(found.source, ""),
                "album_id": found.album_id or None,
                "way": found.way,
                "opened": found.opened,
                "last_hour_at": found.last_hour_at,
            }
            for found in scans.by_source(tx, event_id)
        ]
        hours = [{"at": at, "opened": n} for at, n in scans.by_hour(tx, event_id)]
    return answer({"opened": sum(h["opened"] for h in hours), "sources": sources, "hours": hours})
