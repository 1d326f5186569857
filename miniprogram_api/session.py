"""A guest arrives: logs in by WeChat or as a browser, scans a code, gets the event and its albums."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from backend import accounts, events, feed, feed_files, gate, scans, security
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import BadInput
from backend.http import answer, calling_guest, stage
from backend.models import Album, Event
from backend.openapi import endpoint
from backend.wechat.opening import appid_of, settings_of, templates_of
from miniprogram_api.shapes import AlbumShape, Scanned, ScanQuery, Session, SessionRequest

bp = Blueprint("guest_session", __name__, url_prefix="/mp/v1")
WAIT_S = 25


@bp.post("/session")
@endpoint(json=SessionRequest, answers={200: Session})
def open_session(json: SessionRequest) -> ResponseReturnValue:
    """`code` from wx.login (`appid`: of which mini-program), or `device`, a random id a browser keeps."""
    at = stage()
    if json.code is not None:
        wechat = at.wechats.get(json.appid or "", at.wechat)  # of a stranger's mini-program: WeChat refuses the code
        login = wechat.login(json.code)
        appid, openid, unionid = wechat.appid, login.openid, login.unionid
    elif json.device is not None:
        appid, openid, unionid = accounts.H5_APPID, security.token_hash(json.device), ""
    else:
        raise BadInput("code or device")
    with at.db.writing() as tx:
        guest = accounts.guest(tx, appid, openid, unionid or None)
    ttl = at.settings.session_ttl
    token = at.signer.issue("guest", guest.id, ttl_s=ttl)
    return answer({"token": token, "guest_id": guest.id, "expires_in": ttl})


@bp.get("/scan")
@endpoint(query=ScanQuery, answers={200: Scanned})
def scan(query: ScanQuery) -> ResponseReturnValue:
    calling_guest()
    with stage().db.reading() as tx:
        event = events.by_scene(tx, query.scene)
        found = [album_json(tx, a) for a in events.albums(tx, event.id) if gate.known(tx, a)]
        album_id = events.album_in_scene(tx, event.id, query.scene)
    scans.came(stage().redis, event.id, events.source_in(query.scene), "mini", album_id)
    chosen = album_id if any(a["id"] == album_id for a in found) else None
    return answer({"event": event_json(event), "albums": found, "album_id": chosen})


@bp.get("/albums/<album_id>")
@endpoint(answers={200: AlbumShape})
def album(album_id: str) -> ResponseReturnValue:
    calling_guest()
    with stage().db.reading() as tx:
        shown = events.open_album(tx, album_id)
        if not gate.known(tx, shown):
            raise events.hidden_from_guests()
        found = album_json(tx, shown)
    return answer(found)


def _asked(organization_id: str) -> list[str]:
    """The templates of the organization's mini-program."""
    settings = stage().settings
    return templates_of(settings_of(settings, appid_of(settings, organization_id))).asked


def event_json(event: Event) -> dict[str, Any]:
    at = stage()
    return {
        "id": event.id,
        "title": event.title,
        "place": event.place,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "state": event.state.value,
        "share_code": event.share_code,
        "cover_url": at.store.url(event.cover_key, ttl=at.settings.photo_url_ttl) if event.cover_key else None,
        "schedule": events.schedule(event),
        "server_at": now_ms(),
    }


def album_json(tx: Tx, album: Album) -> dict[str, Any]:
    locked = not gate.may_read(tx, album)
    return {
        "id": album.id,
        "event_id": album.event_id,
        "title": album.title,
        "access": album.access.value,
        "locked": locked,
        "downloads": album.downloads,
        "contributions": album.contributions.value,
        "comments": album.comments,
        "photos": 0 if locked else feed.visible(tx, album.id),
        "revision": album.revision,
        "templates": _asked(album.organization_id),
        "live": _live(tx, album),
    }


def _live(tx: Tx, album: Album) -> dict[str, Any]:
    """How to follow: `carrier` is the one to begin with; `files` is null for private albums."""
    at = stage()
    files = None
    if feed_files.fresh(tx, album):
        head = feed_files.url(at.store, at.settings.base_url, album.id, "head.json", at.settings.photo_url_ttl)
        files = {"head": head, "poll_ms": feed_files.POLL_MS}
    crowded = current_app.extensions["hub"].guests >= at.settings.stream_guests
    carrier = "files" if files and crowded else "stream"
    stream = f"/mp/v1/albums/{album.id}/stream"
    return {"carrier": carrier, "stream": stream, "wait_s": WAIT_S, "files": files}
