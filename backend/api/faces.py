"""«Find me», as organizers reach it: the switch, the assessment, what is stored, the end of it (wire §3)."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from backend import accounts, audit, face_notice, faces
from backend.accounts import Who
from backend.db import Tx
from backend.errors import Conflict, NotFound
from backend.http import answer, body, needs, stage
from backend.jobs import ScrubFaces
from backend.models import Event, Face, FaceRule, FaceScan, FaceTemplate

bp = Blueprint("faces", __name__, url_prefix="/api/v1")


class Switch(BaseModel):
    """`active` false: nobody searches and nothing is indexed, what is there stays until its time or DELETE.

    `tap_h5`, `tap_mini`: guests of that client may tap a face in a photo and see more photos of the person.
    """

    active: bool
    children: bool = False
    contact: Annotated[str, Field(max_length=120)] = ""
    days: Annotated[int, Field(ge=1, le=faces.MOST_DAYS)] = faces.KEPT_DAYS
    checklist: dict[str, bool] = {}
    tap_h5: bool = False
    tap_mini: bool = False


@bp.get("/events/<event_id>/faces")
@needs("see_event")
def show(who: Who, event_id: str) -> ResponseReturnValue:
    with stage().db.reading() as tx:
        event = accounts.their_event(tx, who, event_id, "see_event")
        return answer(_shown(tx, event, faces.rule(tx, event_id)))


@bp.post("/events/<event_id>/faces")
@needs("change_event")
def switch(who: Who, event_id: str) -> ResponseReturnValue:
    """Raises Conflict: faces_absent, checklist_open."""
    said = body(Switch)
    if said.active and stage().face_engine() is None:
        raise Conflict(code="faces_absent")
    with stage().db.writing() as tx:
        event = accounts.their_event(tx, who, event_id, "change_event")
        if said.active and (face_notice.unanswered(said.checklist) or not said.contact.strip()):
            raise Conflict(",".join(face_notice.unanswered(said.checklist)) or "contact", code="checklist_open")
        found = faces.rule(tx, event_id)
        before = {"active": bool(found and found.active)}
        if said.active:
            known = {name: said.checklist[name] for name in face_notice.CHECKLIST}
            wish = {"children": said.children, "contact": said.contact.strip(), "checklist": known, "days": said.days}
            taps = {"tap_h5": said.tap_h5, "tap_mini": said.tap_mini}
            found = faces.switch_on(tx, event, stage().signer, wish | taps | {"notice": ""})
            found.notice = faces.notice(tx, event, found)["version"]
        elif found is not None:
            found.active = False
        tx.flush()
        after = said.model_dump(include={"active", "children", "days", "checklist", "tap_h5", "tap_mini"})
        audit.record(tx, event.organization_id, who.actor, "faces", f"event:{event_id}", (before, after))
        return answer(_shown(tx, event, found))


@bp.delete("/events/<event_id>/faces")
@needs("change_event")
def purge(who: Who, event_id: str) -> ResponseReturnValue:
    """Everything, now, with the certificate."""
    with stage().db.writing() as tx:
        event = accounts.their_event(tx, who, event_id, "change_event")
        if faces.rule(tx, event_id) is None:
            raise NotFound("faces")
        made = faces.purge(tx, event_id, stage().signer)
        said = made["certificate"]
        audit.record(tx, event.organization_id, who.actor, "faces_purged", f"event:{event_id}", ({}, said))
        tx.ring(ScrubFaces(event_id))
    stage().face_indexes.forget(event_id)
    return answer(made)


def _shown(tx: Tx, event: Event, found: FaceRule | None) -> dict[str, Any]:
    answers = found.checklist if found else {}
    counted = {
        "photos": select(func.count(FaceScan.faces)).where(FaceScan.event_id == event.id),
        "faces": select(func.count(Face.id)).where(Face.event_id == event.id),
        "persons": select(func.count(func.distinct(Face.person))).where(Face.event_id == event.id),
        "followers": select(func.count(FaceTemplate.guest_id)).where(FaceTemplate.event_id == event.id),
    }
    return {
        "available": stage().face_engine() is not None,
        "active": bool(found and found.active),
        "children": bool(found and found.children),
        "contact": found.contact if found else "",
        "checklist": [
            {"name": name, "zh": zh, "en": en, "done": bool(answers.get(name))}
            for name, (zh, en) in face_notice.CHECKLIST.items()
        ],
        "notice": faces.notice(tx, event, found) if found and found.active else None,
        "preview": faces.notice(tx, event, found),
        "tap_h5": bool(found and found.tap_h5),
        "tap_mini": bool(found and found.tap_mini),
        "purge_at": found.purge_at if found else None,
        "purged_at": found.purged_at if found else None,
        "counts": {name: tx.scalar(query) or 0 for name, query in counted.items()},
        "filing": {"stored": faces.persons_stored(tx), "limit": faces.FILING},
        "proof": found.certificate if found else None,
    }
