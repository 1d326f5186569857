"""Which codes brought how many guests, for organizers (wire §3)."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend import accounts, events, scans
from backend.accounts import Who
from backend.http import answer, needs, stage

bp = Blueprint("scans", __name__, url_prefix="/api/v1")


@bp.get("/events/<event_id>/scans")
@needs("see_event")
def by_source(who: Who, event_id: str) -> ResponseReturnValue:
    """By source, album and way, most first; and by hour. At most some seconds old."""
    with stage().db.reading() as tx:
        accounts.their_event(tx, who, event_id, "see_event")
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
