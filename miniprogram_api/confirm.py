"""A member confirms on their phone that a browser may sign in, or binds this WeChat account to themselves."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend import accounts, audit, scan_sign_in
from backend.errors import Gone, Refused, Unauthorized
from backend.http import answer, calling_guest, stage
from backend.models import Guest, Member, Organization
from backend.openapi import endpoint
from backend.scan_sign_in import Ticket
from miniprogram_api.shapes import Asking

bp = Blueprint("guest_confirm", __name__, url_prefix="/mp/v1")


@bp.get("/sign-in/<ticket>")
@endpoint(answers={200: Asking})
def show(ticket: str) -> ResponseReturnValue:
    """Who would be let in, where the browser is, and the number it shows. 403 `not_bound`, 410 `scan_over`."""
    return answer(_shown(*_asked(ticket)[:2]))


@bp.post("/sign-in/<ticket>")
@endpoint(answers={200: Asking})
def confirm(ticket: str) -> ResponseReturnValue:
    """Yes. Repeatable. 409 `wechat_taken` when this WeChat account confirms for somebody else already."""
    at = stage()
    asked, member, guest = _asked(ticket)
    if asked.binds:
        with at.db.writing() as tx:
            found = accounts.bind_wechat(tx, member.id, guest.appid, guest.openid)
            audit.record(tx, found.organization_id, f"member:{found.id}", "bind_wechat", f"member:{found.id}")
    scan_sign_in.confirm(at.redis, ticket, member.id)
    return answer(_shown(asked, member))


def _asked(ticket: str) -> tuple[Ticket, Member, Guest]:
    """Raises Unauthorized, Gone, Refused `not_bound`; also for a guest in a browser, whom WeChat does not know."""
    caller, at = calling_guest(), stage()
    if caller is None:
        raise Unauthorized
    asked = scan_sign_in.look(at.redis, ticket)
    with at.db.reading() as tx:
        guest = tx.get_one(Guest, caller)
        if guest.appid not in at.wechats:
            raise Refused(code="not_bound")
        member = tx.get(Member, asked.binds) if asked.binds else accounts.of_wechat(tx, guest.appid, guest.openid)
    if member is None:
        raise Gone(code="scan_over")
    return asked, member, guest


def _shown(asked: Ticket, member: Member) -> dict[str, object]:
    with stage().db.reading() as tx:
        organization = tx.get_one(Organization, member.organization_id).name
    return {
        "binds": bool(asked.binds),
        "name": member.name or member.login,
        "organization": organization,
        "asked_from": asked.asked_from,
        "number": asked.number,
    }
