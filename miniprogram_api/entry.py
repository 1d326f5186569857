"""Into a private album: by its code, its password, an invitation, or the phone number WeChat vouches for."""

from __future__ import annotations

import orjson
from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend import gate, security
from backend.access import Said
from backend.context import Stage
from backend.errors import BadInput, Unauthorized
from backend.http import answer, calling_guest, stage
from backend.models import Guest
from backend.openapi import endpoint
from miniprogram_api.shapes import Entered, EntryRequest

bp = Blueprint("guest_entry", __name__, url_prefix="/mp/v1")


@bp.post("/albums/<album_id>/enter")
@endpoint(json=EntryRequest, answers={200: Entered})
def enter(album_id: str, json: EntryRequest) -> ResponseReturnValue:
    """A pass to a private album. Wrong guesses get slower; 429 says how long to wait."""
    caller = calling_guest()
    if caller is None:
        raise Unauthorized
    at = stage()
    album, invitation, name = gate.knock(album_id, caller, _said(at, json, caller))
    response = answer({})
    token = gate.let_in(response, album, caller, invitation)
    response.set_data(orjson.dumps({"album_token": token, "expires_in": at.settings.session_ttl, "name": name}))
    return response


def _said(at: Stage, json: EntryRequest, guest_id: str) -> Said:
    """Raises BadInput; `bad_phone_code` when WeChat does not know it."""
    if json.phone_code:
        with at.db.reading() as tx:
            appid = tx.get_one(Guest, guest_id).appid
        number = at.wechats.get(appid, at.wechat).phone(json.phone_code).number
        return Said(phone_hash=security.phone_hash(at.settings.secret_key.get_secret_value(), number))
    if not json.code.strip():
        raise BadInput("code or phone_code")
    return Said(json.code.strip())
