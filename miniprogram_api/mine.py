"""«Mine»: the code a guest holds up to the photographer, and the photos that followed it."""

from __future__ import annotations

import qrcode
from flask import Blueprint
from flask.typing import ResponseReturnValue
from qrcode.constants import ERROR_CORRECT_M
from sqlalchemy import or_

from backend import faces, feed, gate, slates, ties
from backend.errors import Unauthorized
from backend.http import answer, calling_guest, stage
from backend.openapi import endpoint
from backend.wechat.opening import appid_of, settings_of, templates_of
from miniprogram_api.shapes import History, MineQuery, SlateRequest, SlateShape

bp = Blueprint("guest_mine", __name__, url_prefix="/mp/v1")


@bp.post("/me/slate")
@endpoint(json=SlateRequest, answers={200: SlateShape})
def slate(json: SlateRequest) -> ResponseReturnValue:
    """The same code for the whole event; repeatable."""
    caller = calling_guest()
    if caller is None:
        raise Unauthorized
    with stage().db.writing() as tx:
        album = gate.enter(tx, json.album_id).album
        organization_id = album.organization_id
        said = slates.text(slates.of_guest(tx, caller, album.event_id))
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(said)
    code.make(fit=True)
    rows = ["".join("1" if dark else "0" for dark in row) for row in code.get_matrix()]
    settings = settings_of(stage().settings, appid_of(stage().settings, organization_id))
    return answer({"text": said, "rows": rows, "templates": [templates_of(settings).found]})


@bp.get("/albums/<album_id>/mine")
@endpoint(query=MineQuery, answers={200: History})
def mine(album_id: str, query: MineQuery) -> ResponseReturnValue:
    """As photos, only those that are this guest's: by slate, or by face for who follows; in WeChat also those of the
    browser they came from.
    """
    caller = calling_guest()
    if caller is None:
        raise Unauthorized
    with stage().db.reading() as tx:
        right = gate.enter(tx, album_id)
        who = ties.same(tx, caller, right.album.event_id)
        page = feed.history(tx, album_id, query.before, query.limit, only=or_(slates.theirs(who), faces.theirs(who)))
    url = gate.signed(stage(), right)
    cards = [feed.card(entry, url) for entry in page.entries]
    return answer({"photos": cards, "next": page.cursor if page.more else None})
