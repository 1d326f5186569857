"""From the browser into the mini-program as the same person: WeChat tells only whom a tap in there allowed it to."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend import gate, security, ties
from backend.accounts import H5_APPID
from backend.errors import Refused, Unauthorized
from backend.http import answer, calling_guest, stage
from backend.models import Guest
from backend.openapi import endpoint
from backend.wechat.opening import appid_of, settings_of, templates_of
from miniprogram_api.shapes import TicketRequest, TieNow, TieOffer, TieShape

bp = Blueprint("guest_ties", __name__, url_prefix="/mp/v1")
PAGE = "pages/told/told"


@bp.post("/albums/<album_id>/tie")
@endpoint(answers={200: TieOffer})
def offer(album_id: str) -> ResponseReturnValue:
    """A link of WeChat's that opens the mini-program with a ticket: for this guest, this event, once, ten minutes."""
    caller, at = _caller(), stage()
    security.allow(at.redis, f"tie:{caller}", limit=10, window_s=ties.TICKET_S)
    with at.db.reading() as tx:
        album = gate.enter(tx, album_id).album
        event_id, share_code = album.event_id, album.event.share_code
        wechat = at.wechat_of(appid_of(at.settings, album.organization_id))
        if tx.get_one(Guest, caller).appid != H5_APPID:
            raise Refused("is in the mini-program already")
    ticket = security.new_token()
    url = wechat.url_link(PAGE, f"album={album_id}&e={share_code}&t={ticket}", days=1)
    with at.db.writing() as tx:
        ties.offer(tx, caller, event_id, ticket)
    return answer({"url": url, "expires_in": ties.TICKET_S})


@bp.post("/albums/<album_id>/tie/join")
@endpoint(json=TicketRequest, answers={200: TieShape})
def join(album_id: str, json: TicketRequest) -> ResponseReturnValue:
    """In the mini-program of the album's organization only. 410 `tie_over` when the ticket is used, over or unknown."""
    caller, at = _caller(), stage()
    security.allow(at.redis, f"tie-join:{caller}", limit=10, window_s=ties.TICKET_S)
    with at.db.writing() as tx:
        album = gate.enter(tx, album_id).album
        if tx.get_one(Guest, caller).appid != appid_of(at.settings, album.organization_id):
            raise Refused("not in this mini-program")
        ties.join(tx, caller, album.event_id, json.ticket)
    return answer({"tied": True})


@bp.get("/albums/<album_id>/tie")
@endpoint(answers={200: TieNow})
def show(album_id: str) -> ResponseReturnValue:
    """Whether somebody in WeChat is told of this browser's photos; what to ask for in the tap that ties."""
    caller, settings = _caller(), stage().settings
    with stage().db.reading() as tx:
        album = gate.enter(tx, album_id).album
        found, organization_id = ties.tied(tx, caller, album.event_id), album.organization_id
    templates = templates_of(settings_of(settings, appid_of(settings, organization_id)))
    return answer({"tied": found, "templates": [templates.found]})


@bp.delete("/albums/<album_id>/tie")
@endpoint(answers={200: TieShape})
def cut(album_id: str) -> ResponseReturnValue:
    """From either side; with it every ticket ends."""
    caller = _caller()
    with stage().db.writing() as tx:
        ties.cut(tx, caller, gate.enter(tx, album_id).album.event_id)
    return answer({"tied": False})


def _caller() -> str:
    caller = calling_guest()
    if caller is None:
        raise Unauthorized
    return caller
