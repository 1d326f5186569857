"""Who works for an organization: members, invitations by link, and what everybody did (wire §3)."""

from __future__ import annotations

from typing import Annotated, Any, Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import select

from backend import accounts, audit, second_step, security
from backend.accounts import Who
from backend.api.organizer import signed_in
from backend.clock import now_ms
from backend.errors import NotFound
from backend.http import answer, needs, stage
from backend.models import Audit, Event, Member, Organization, Role, TeamInvitation
from backend.openapi import endpoint

bp = Blueprint("team", __name__, url_prefix="/api/v1")
DAY_S: Final = 24 * 3600
Name = Annotated[str, Field(min_length=1, max_length=80)]


class InvitationRequest(BaseModel):
    role: Role
    event_id: Annotated[str, Field(max_length=16)] | None = None
    ttl_s: Annotated[int, Field(ge=60, le=90 * DAY_S)] = 7 * DAY_S


class JoinRequest(BaseModel):
    login: Annotated[str, Field(pattern=r"^[0-9A-Za-z._@+-]{3,80}$")]
    name: Name
    password: Annotated[str, Field(max_length=200)]


class MemberRequest(BaseModel):
    role: Role | None = None
    disabled: bool | None = None
    forget_step: bool = False  # for who lost their phone and their recovery codes


class AuditQuery(BaseModel):
    actor: Annotated[str, Field(max_length=80)] = ""
    action: Annotated[str, Field(max_length=40)] = ""
    subject: Annotated[str, Field(max_length=80)] = ""
    before: Annotated[int, Field(ge=0)] | None = None
    since: Annotated[int, Field(ge=0)] | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


@bp.get("/members")
@needs("change_team", whole=True)
@endpoint()
def list_members(who: Who) -> ResponseReturnValue:
    """Everybody who works for the organization, and the invitations that are still open."""
    with stage().db.reading() as tx:
        members = tx.scalars(select(Member).filter_by(organization_id=who.organization_id).order_by(Member.created_at))
        invited = tx.scalars(
            select(TeamInvitation)
            .filter_by(organization_id=who.organization_id, used_at=None, revoked_at=None)
            .order_by(TeamInvitation.created_at.desc())
        )
        said = {"members": [_member(m) for m in members], "invitations": [_invitation(i) for i in invited]}
    return answer(said)


@bp.post("/members/<member_id>")
@needs("change_team", whole=True)
@endpoint(json=MemberRequest)
def change_member(who: Who, member_id: str, json: MemberRequest) -> ResponseReturnValue:
    """Another role, or no way in any more; open sessions of the member end at once."""
    with stage().db.writing() as tx:
        before = tx.get(Member, member_id)
        was = _member(before) if before else {}
        found = accounts.change_member(tx, who, member_id, role=json.role, disabled=json.disabled)
        if json.forget_step:
            second_step.switch_off(found)
        now = _member(found)
        changed = [name for name in ("role", "disabled", "second_step") if was[name] != now[name]]
        change = ({k: was[k] for k in changed}, {k: now[k] for k in changed})
        audit.record(tx, found.organization_id, who.actor, "change_member", f"member:{member_id}", change)
    return answer({"member": now})


@bp.post("/members/invitations")
@needs("change_team", whole=True)
@endpoint(json=InvitationRequest)
def invite(who: Who, json: InvitationRequest) -> ResponseReturnValue:
    """A link for one person, of one role, for one event or all, that expires. It is shown once."""
    at = stage()
    with at.db.writing() as tx:
        if json.event_id is not None:
            event = accounts.their_event(tx, who, json.event_id, "change_team")
            if event.organization_id != who.organization_id:
                raise NotFound("event")
        made, token = accounts.invite(tx, who, json.role, event_id=json.event_id, ttl_s=json.ttl_s)
        said = _invitation(made)
        audit.record(tx, who.organization_id, who.actor, "invite", f"invitation:{made.id}", ({}, said))
    return answer({"invitation": said, "url": f"{at.settings.base_url}/console/join/{token}"})


@bp.post("/members/invitations/<team_invitation_id>/revoke")
@needs("change_team", whole=True)
@endpoint(answers={204: None})
def revoke(who: Who, team_invitation_id: str) -> ResponseReturnValue:
    """The link stops working. Repeatable."""
    with stage().db.writing() as tx:
        found = tx.get(TeamInvitation, team_invitation_id)
        if found is None or not accounts.may(who, "change_team", found.organization_id):
            raise NotFound("invitation")
        if found.revoked_at is None and found.used_at is None:
            found.revoked_at = now_ms()
            audit.record(tx, found.organization_id, who.actor, "revoke_invitation", f"invitation:{team_invitation_id}")
    return "", 204


@bp.get("/join/<token>")
@endpoint()
def read_invitation(token: str) -> ResponseReturnValue:
    """What somebody is invited to, before they have a login."""
    _limit()
    with stage().db.reading() as tx:
        found = accounts.invitation(tx, token)
        event = tx.get(Event, found.event_id) if found.event_id else None
        said = {
            "organization": tx.get_one(Organization, found.organization_id).name,
            "role": found.role.value,
            "event": event.title if event else None,
            "expires_at": found.expires_at,
        }
    return answer(said)


@bp.post("/join/<token>")
@endpoint(json=JoinRequest)
def join(token: str, json: JoinRequest) -> ResponseReturnValue:
    """Become a member and be signed in. 409 `login_taken`, 422 `weak_password`, 404 `invitation_over`."""
    _limit()
    with stage().db.writing() as tx:
        made = accounts.join(tx, token, login=json.login, name=json.name, password=json.password)
        change: tuple[dict[str, Any], dict[str, Any]] = ({}, {"role": made.role.value, "event_id": made.event_id})
        audit.record(tx, made.organization_id, f"member:{made.id}", "join", f"member:{made.id}", change)
    return signed_in(made)


@bp.get("/audits")
@needs("see_audit", whole=True)
@endpoint(query=AuditQuery)
def search_audits(who: Who, query: AuditQuery) -> ResponseReturnValue:
    """Who did what to which thing, before and after; newest first."""
    with stage().db.reading() as tx:
        rows = audit.find(tx, who.organization_id, audit.Search(**query.model_dump()))
        ids = {r.actor.removeprefix("member:") for r in rows}
        names = dict(tx.execute(select(Member.id, Member.name).where(Member.id.in_(ids))).all())
        said = [audit_json(r, names) for r in rows]
    return answer({"audits": said})


def audit_json(row: Audit, names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "actor": row.actor,
        "name": names.get(row.actor.removeprefix("member:"), ""),
        "action": row.action,
        "subject": row.subject,
        "before": row.before,
        "after": row.after,
        "done_at": row.done_at,
    }


def _limit() -> None:
    """Nobody guesses 256 bits; this keeps the tries off the database."""
    security.allow(stage().redis, f"join:{request.remote_addr}", limit=30, window_s=60)


def _member(found: Member) -> dict[str, Any]:
    return {
        "id": found.id,
        "login": found.login,
        "name": found.name,
        "role": found.role.value,
        "event_id": found.event_id,
        "disabled": found.disabled_at is not None,
        "second_step": found.totp_at is not None,
        "created_at": found.created_at,
    }


def _invitation(found: TeamInvitation) -> dict[str, Any]:
    return {
        "id": found.id,
        "role": found.role.value,
        "event_id": found.event_id,
        "expires_at": found.expires_at,
        "created_at": found.created_at,
    }
