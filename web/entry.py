"""The door of a private album, as a plain form: it opens in every browser, with or without scripts."""

from __future__ import annotations

import secrets
from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from backend import accounts, events, gate, security
from backend.access import Said
from backend.context import Stage
from backend.errors import BadInput, Refused, TooMany
from backend.http import stage
from backend.models import Access, Album, Event
from web import shell

bp = Blueprint("entry_page", __name__)
DEVICE_COOKIE: Final = "kuaimen_device"  # the random id a browser keeps; scripts use the same for their session
YEAR_S: Final = 365 * 24 * 3600
SECRETS: Final = {Access.CODE, Access.PASSWORD, Access.LIST}


@bp.post("/a/<share_code>/enter")
def enter(share_code: str) -> ResponseReturnValue:
    at = stage()
    album_id, code = request.form.get("album", ""), request.form.get("code", "").strip()[:100]
    with at.db.reading() as tx:
        event = events.by_share_code(tx, share_code)
        albums = [a for a in events.albums(tx, event.id) if gate.known(tx, a)]
    album = next((a for a in albums if a.id == album_id), None)
    if album is None:
        raise events.hidden_from_guests()
    device = request.cookies.get(DEVICE_COOKIE) or secrets.token_urlsafe(24)
    with at.db.writing() as tx:
        guest = accounts.guest(tx, accounts.H5_APPID, security.token_hash(device))
    try:
        opened, invitation, _ = gate.knock(album_id, guest.id, Said(code))
    except TooMany:
        return page(at, event, album, albums, problem="slow")
    except (Refused, BadInput):
        return page(at, event, album, albums, problem="wrong")
    to = Response(status=303, headers=redirect(f"/a/{share_code}?{urlencode({'album': album_id})}").headers)
    gate.let_in(to, opened, guest.id, invitation)
    secure = at.settings.base_url.startswith("https")
    to.set_cookie(DEVICE_COOKIE, device, max_age=YEAR_S, samesite="Lax", secure=secure)
    return to


def page(at: Stage, event: Event, album: Album | None, albums: list[Album], *, problem: str = "") -> Response:
    """403 with a form where something opens the album, else only words. `?k=` in a link fills the form in."""
    if album is None or album.access not in SECRETS:
        return shell.page(at, "message.html", "message", status=403, key="locked", event=event)
    status = 429 if problem == "slow" else 403
    others = [a for a in albums if a.id != album.id]
    given = request.args.get("k", "")[:100]
    return shell.page(
        at,
        "enter.html",
        "message",
        status=status,
        spoken=events.front(event).language,
        event=event,
        album=album,
        others=others,
        problem=problem,
        given=given,
    )
