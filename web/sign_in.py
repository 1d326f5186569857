"""Signing in beyond a password: the second step, and WeChat (wire §3, decision 0011)."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field

from backend import accounts, audit, scan_sign_in, second_step, security
from backend.accounts import Who
from backend.api.organizer import admitted
from backend.errors import BadInput, NotFound, Unauthorized
from backend.http import answer, needs, stage
from backend.models import Member
from backend.openapi import endpoint
from web.qr import svg_path

bp = Blueprint("sign_in", __name__, url_prefix="/api/v1")
PAGE = "pages/confirm/confirm"  # of the mini-program
Code = Annotated[str, Field(min_length=6, max_length=20)]


class Proof(BaseModel):
    """For what weakens an account somebody left open."""

    password: Annotated[str, Field(max_length=200)]


class Shown(BaseModel):
    code: Code


class Collect(BaseModel):
    secret: Annotated[str, Field(min_length=20, max_length=80)]
    code: Annotated[str, Field(max_length=20)] = ""


@bp.get("/me/sign-in")
@needs("sign_in")
@endpoint()
def show(who: Who) -> ResponseReturnValue:
    """How this member signs in."""
    with stage().db.reading() as tx:
        found = accounts.myself(tx, who)
        said = {
            "login": found.login,
            "second_step": found.totp_at is not None,
            "recovery_left": second_step.left(found),
        }
        said["wechat"] = found.wechat_openid is not None
    return answer(said)


@bp.post("/me/second-step")
@needs("sign_in")
@endpoint(json=Proof)
def propose(who: Who, json: Proof) -> ResponseReturnValue:
    """A secret for an authenticator app, as text and as a QR code; not in force before `/me/second-step/on`."""
    at = stage()
    _prove(who, json)
    with at.db.writing() as tx:
        secret, uri = second_step.propose(accounts.myself(tx, who), at.signer)
    size, path = svg_path(uri)
    return answer({"secret": secret, "uri": uri, "qr": {"size": size, "path": path}})


@bp.post("/me/second-step/on")
@needs("sign_in")
@endpoint(json=Shown)
def switch_on(who: Who, json: Shown) -> ResponseReturnValue:
    """422 `bad_code` unless the app shows the right code. Recovery codes are shown this once; other sessions end."""
    at = stage()
    security.slow_down(at.redis, f"code:{who.member_id}", free=5, wrong=False)
    try:
        with at.db.writing() as tx:
            found = accounts.myself(tx, who)
            codes = second_step.switch_on(found, at.signer, json.code)
            found.session_epoch += 1
            audit.record(tx, found.organization_id, who.actor, "second_step_on", f"member:{found.id}")
    except Unauthorized:
        security.slow_down(at.redis, f"code:{who.member_id}", free=5, wrong=True)
        raise BadInput(code="bad_code") from None
    return _still_in(found, {"recovery": codes})


@bp.post("/me/second-step/recovery")
@needs("sign_in")
@endpoint(json=Proof)
def renew_recovery(who: Who, json: Proof) -> ResponseReturnValue:
    """Ten new recovery codes; the old ones count no more."""
    _prove(who, json)
    with stage().db.writing() as tx:
        found = accounts.myself(tx, who)
        if found.totp_at is None:
            raise NotFound("second step")
        codes = second_step.renew_recovery(found)
        audit.record(tx, found.organization_id, who.actor, "recovery_codes", f"member:{found.id}")
    return answer({"recovery": codes})


@bp.post("/me/second-step/off")
@needs("sign_in")
@endpoint(json=Proof, answers={204: None})
def switch_off(who: Who, json: Proof) -> ResponseReturnValue:
    """Repeatable."""
    _prove(who, json)
    with stage().db.writing() as tx:
        found = accounts.myself(tx, who)
        second_step.switch_off(found)
        audit.record(tx, found.organization_id, who.actor, "second_step_off", f"member:{found.id}")
    return "", 204


@bp.post("/me/wechat")
@needs("sign_in")
@endpoint(json=Proof)
def begin_binding(who: Who, json: Proof) -> ResponseReturnValue:
    """A code to scan with the WeChat account that shall confirm from now on."""
    _prove(who, json)
    return _begun(binds=who.member_id)


@bp.post("/me/wechat/drop")
@needs("sign_in")
@endpoint(answers={204: None})
def drop_wechat(who: Who) -> ResponseReturnValue:
    """Repeatable."""
    with stage().db.writing() as tx:
        found = accounts.myself(tx, who)
        found.wechat_appid = found.wechat_openid = None
        audit.record(tx, found.organization_id, who.actor, "drop_wechat", f"member:{found.id}")
    return "", 204


@bp.post("/wechat-sign-in")
@endpoint()
def begin() -> ResponseReturnValue:
    """A code to scan, for somebody who has no session yet."""
    security.allow(stage().redis, f"scan-from:{request.remote_addr}", limit=20, window_s=60)
    return _begun()


@bp.get("/wechat-sign-in/<ticket>/code.jpg")
@endpoint()
def code(ticket: str) -> ResponseReturnValue:
    """The mini-program code. 502 when WeChat does not make it now."""
    at = stage()
    scan_sign_in.look(at.redis, ticket)
    security.allow(at.redis, f"scan-code:{ticket}", limit=3, window_s=60)
    made = at.wechat.code(f"{scan_sign_in.SCENE}={ticket}", page=PAGE)
    return Response(made, content_type="image/jpeg", headers={"Cache-Control": "private, no-store"})


@bp.post("/wechat-sign-in/<ticket>")
@endpoint(json=Collect)
def collect(ticket: str, json: Collect) -> ResponseReturnValue:
    """202 until the phone confirmed; then a session, as `POST /login` gives it, or `{bound: true}`. 410 `scan_over`."""
    at = stage()
    asked = scan_sign_in.look(at.redis, ticket)
    member_id = scan_sign_in.collect(at.redis, ticket, json.secret)
    if member_id is None:
        return answer({"waiting": True}, 202)
    with at.db.reading() as tx:
        found = tx.get(Member, member_id)
    if found is None or found.disabled_at is not None:
        raise Unauthorized(code="bad_login")
    if asked.binds:
        return answer({"bound": True})
    session = admitted(found, json.code)
    if not scan_sign_in.drop(at.redis, ticket):
        raise Unauthorized(code="bad_login")
    return session


def _begun(binds: str = "") -> Response:
    asked_from = scan_sign_in.spoken(request.user_agent.string, request.remote_addr or "")
    ticket, secret = scan_sign_in.begin(stage().redis, binds=binds, asked_from=asked_from)
    picture = f"/api/v1/wechat-sign-in/{ticket.id}/code.jpg"
    said: dict[str, Any] = {"ticket": ticket.id, "secret": secret, "number": ticket.number, "picture": picture}
    return answer(said | {"expires_in": scan_sign_in.TTL_S})


def _prove(who: Who, said: Proof) -> None:
    """Raises BadInput `bad_login`; the same limit as at the door. Not in a transaction: it takes a while."""
    with stage().db.reading() as tx:
        found = accounts.myself(tx, who)
    security.slow_down(stage().redis, f"proof:{found.id}", free=5, wrong=False)
    if not security.password_matches(found.password_hash, said.password):
        security.slow_down(stage().redis, f"proof:{found.id}", free=5, wrong=True)
        raise BadInput(code="bad_login")


def _still_in(found: Member, said: dict[str, Any]) -> Response:
    """The other sessions ended; this one goes on."""
    session = admitted(found, None)
    session.set_data(answer(said).get_data())
    return session
