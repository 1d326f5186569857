"""For whoever runs the installation: organizations and their limits, queues, failed jobs, inspections; and the usage
page of an organization (wire §3).
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field
from redis import RedisError
from sqlalchemy import func, select

from backend import audit, failures, inspection, usage
from backend.accounts import Who
from backend.context import Stage
from backend.errors import NotFound
from backend.http import answer, needs, stage
from backend.jobs import QUEUES
from backend.models import Event, Failure, Inspection, Member, Organization
from backend.openapi import endpoint

bp = Blueprint("platform", __name__, url_prefix="/api/v1")
RIGHT: Final = "run_platform"
Most = Annotated[int, Field(ge=0, le=10**15)] | None


class Limits(BaseModel):
    """null: no limit."""

    model_config = ConfigDict(extra="forbid")
    storage_bytes: Most = None
    photos: Most = None
    events: Most = None
    messages: Most = None


class UsageShape(BaseModel):
    storage_bytes: int
    photos: int
    events: int
    messages: int
    retouched: int


class EventUsage(BaseModel):
    id: str
    title: str
    usage: UsageShape


class OwnUsage(BaseModel):
    usage: UsageShape
    limits: Limits
    events: list[EventUsage]


class InspectionWish(BaseModel):
    deep: bool = False
    mend: bool = False
    clean: bool = False
    older_than_h: Annotated[int, Field(ge=1, le=24 * 365)] = 24


@bp.get("/usage")
@needs("see_audit", whole=True)
@endpoint(answers={200: OwnUsage})
def own_usage(who: Who) -> ResponseReturnValue:
    """What the organization uses, of which limits, and by event."""
    with stage().db.reading() as tx:
        organization = tx.get_one(Organization, who.organization_id)
        mine = select(Event).where(Event.organization_id == who.organization_id).order_by(Event.created_at.desc())
        events = [
            {"id": e.id, "title": e.title, "usage": usage.of_event(tx, e.id).to_json()}
            for e in tx.scalars(mine.limit(100)).all()
        ]
        used = usage.of_organization(tx, who.organization_id).to_json()
        said = {"usage": used, "limits": usage.limits(organization), "events": events}
    return answer(said)


@bp.get("/platform")
@needs(RIGHT, whole=True)
@endpoint()
def overview(who: Who) -> ResponseReturnValue:  # noqa: ARG001 - the right is all that counts
    """Organizations with their usage, queues, how many jobs failed, the newest inspection."""
    at = stage()
    with at.db.reading() as tx:
        members = dict(tx.execute(select(Member.organization_id, func.count()).group_by(Member.organization_id)).all())
        rows = tx.scalars(select(Organization).order_by(Organization.created_at)).all()
        organizations = [
            {"id": o.id, "name": o.name, "created_at": o.created_at, "members": members.get(o.id, 0)}
            | {"usage": usage.of_organization(tx, o.id).to_json(), "limits": usage.limits(o)}
            for o in rows
        ]
        failed = tx.scalar(select(func.count()).select_from(Failure)) or 0
        newest = tx.scalars(select(Inspection).order_by(Inspection.created_at.desc()).limit(1)).first()
    said = {"organizations": organizations, "queues": _queues(at), "failures": failed}
    return answer(said | {"inspection": _inspection(newest) if newest else None})


@bp.post("/platform/organizations/<organization_id>/limits")
@needs(RIGHT, whole=True)
@endpoint(json=Limits)
def set_limits(who: Who, organization_id: str, json: Limits) -> ResponseReturnValue:
    """All four at once. In effect within seconds; what waits on bridges comes by itself when there is room."""
    with stage().db.writing() as tx:
        found = tx.get(Organization, organization_id)
        if found is None:
            raise NotFound("organization")
        before, after = usage.limits(found), json.model_dump()
        found.limits = after
        audit.record(tx, found.id, who.actor, "set_limits", f"organization:{found.id}", (before, after))
    return answer({"limits": after})


@bp.get("/platform/failures")
@needs(RIGHT, whole=True)
@endpoint()
def list_failures(who: Who) -> ResponseReturnValue:  # noqa: ARG001 - the right is all that counts
    """Jobs that ended with an error nobody expected, newest first."""
    names = ("id", "kind", "payload", "error", "times", "first_at", "last_at")
    with stage().db.reading() as tx:
        found = [{name: getattr(one, name) for name in names} for one in failures.newest(tx)]
    return answer({"failures": found})


@bp.post("/platform/failures/<failure_id>/retry")
@needs(RIGHT, whole=True)
@endpoint(answers={204: None})
def retry(who: Who, failure_id: str) -> ResponseReturnValue:
    """Do it again. Should it fail again, it is back in the list."""
    with stage().db.writing() as tx:
        found = tx.get(Failure, failure_id)
        if found is None:
            raise NotFound("failure")
        failures.retry(tx, found)
        subject = f"job:{found.kind}"
        audit.record(tx, who.organization_id, who.actor, "retry", subject, ({}, found.payload))
    return "", 204


@bp.get("/platform/inspections")
@needs(RIGHT, whole=True)
@endpoint()
def list_inspections(who: Who) -> ResponseReturnValue:  # noqa: ARG001 - the right is all that counts
    """The last twenty, newest first; one that runs says how far it is."""
    with stage().db.reading() as tx:
        rows = tx.scalars(select(Inspection).order_by(Inspection.created_at.desc()).limit(20))
        found = [_inspection(one) for one in rows]
    return answer({"inspections": found})


@bp.post("/platform/inspections")
@needs(RIGHT, whole=True)
@endpoint(json=InspectionWish)
def inspect(who: Who, json: InspectionWish) -> ResponseReturnValue:
    """Database against store. Changes nothing unless `mend` or `clean` say so."""
    with stage().db.writing() as tx:
        age_s = json.older_than_h * 3600
        made = inspection.want(tx, who.actor, deep=json.deep, mend=json.mend, clean=json.clean, age_s=age_s)
        said = _inspection(made)
        audit.record(tx, who.organization_id, who.actor, "inspect", f"inspection:{made.id}", ({}, json.model_dump()))
    return answer({"inspection": said}, 202)


def _inspection(one: Inspection) -> dict[str, Any]:
    names = ("id", "wanted_by", "deep", "mend", "clean", "age_s", "done", "total", "found", "failure")
    return {name: getattr(one, name) for name in (*names, "created_at", "finished_at")}


def _queues(at: Stage) -> list[dict[str, Any]]:
    """Jobs rung for and not begun; null when Redis is away."""
    found: list[dict[str, Any]] = []
    for name in QUEUES:
        try:
            found.append({"name": name, "waiting": at.bell.waiting(name)})
        except RedisError:
            found.append({"name": name, "waiting": None})
    return found
