"""Browser pages: the guest's album, the big screen, the way in from a code, and what they load."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, func, select
from werkzeug.exceptions import HTTPException

from backend import branding, events, faces, feed, gate, scans
from backend.clock import now_ms
from backend.context import Stage
from backend.db import Tx
from backend.errors import PUBLIC, AppError, NotFound
from backend.http import answer, shaped, stage
from backend.models import Access, Album, Event, EventState, Photo, PhotoState
from web import entry, ghost, shell
from web.qr import svg_path

bp = Blueprint("pages", __name__, template_folder="templates")
FIRST: Final = 24  # photos in the page itself
EAGER: Final = 12  # of these are asked for at once
HOUR_MS: Final = 3_600_000
LATEST: Final = 2**62  # ms: a banner without an end
STARTED_COOKIE: Final = "kuaimen_start"  # set by the script: this guest has left the start page of this event


@bp.get("/")
def landing() -> ResponseReturnValue:
    """Straight to the event when there is only one; otherwise nobody learns which there are."""
    at = stage()
    with at.db.reading() as tx:
        codes = tx.scalars(select(Event.share_code).where(Event.state == EventState.OPEN).limit(2)).all()
    if len(codes) == 1:
        return redirect(f"/a/{codes[0]}")
    return shell.page(at, "landing.html", "message")


@bp.get("/s")
def scanned() -> ResponseReturnValue:
    """Where a printed code leads: `e=<share code>&f=<source>`, and `&a=` of an album."""
    said = request.args.get("scene", "")
    with stage().db.reading() as tx:
        event = events.by_scene(tx, said)
        album_id = events.album_in_scene(tx, event.id, said)
    leads = {"f": events.source_in(said)} | ({"album": album_id} if album_id else {})
    return redirect(f"/a/{event.share_code}?{urlencode(leads)}")


@bp.get("/a/<share_code>")
def album(share_code: str) -> ResponseReturnValue:
    at = stage()
    with at.db.reading() as tx:
        event = events.by_share_code(tx, share_code)
        albums = [a for a in events.albums(tx, event.id) if gate.known(tx, a)]
        chosen = _chosen(tx, albums)
        boot = _boot(at, tx, event, chosen) if chosen and gate.may_read(tx, chosen) else None
        front = events.shown(tx, event, lambda key: at.store.url(key, ttl=at.settings.photo_url_ttl))
        rule = faces.rule(tx, event.id)
    if "f" in request.args:  # somebody came by a code or a link of ours; a reload without it is not counted
        album_id = chosen.id if chosen and request.args.get("album") == chosen.id else ""
        scans.came(
            at.redis, event.id, events.source_in(request.query_string.decode("ascii", "replace")), "h5", album_id
        )
    if chosen is None or boot is None:
        return entry.page(at, event, chosen, albums)
    return shell.page(
        at,
        "album.html",
        "album",
        event=event,
        albums=albums,
        chosen=chosen,
        finding=rule is not None and rule.active,
        photos=boot["photos"],
        total=boot["album"]["photos"],
        eager=EAGER,
        ghost=ghost.colour,
        boot=shell.embedded(boot | {"front": front}),
        cover=_cover(at, boot["photos"], front) if chosen.access is Access.PUBLIC else None,
        front=front,
        banner=front["banner"] and (front["banner_from"] or 0) <= now_ms() < (front["banner_until"] or LATEST),
        starting=front["start_page"] and request.cookies.get(STARTED_COOKIE) != share_code,
        spoken=front["language"],
    )


@bp.get("/a/<share_code>/photos/<photo_id>")
def one_photo(share_code: str, photo_id: str) -> ResponseReturnValue:
    """One photo's card, for a link that names it."""
    at = stage()
    with at.db.reading() as tx:
        event = events.by_share_code(tx, share_code)
        photo = tx.get(Photo, photo_id)
        if photo is None or photo.event_id != event.id or photo.state is not PhotoState.LIVE or photo.position is None:
            raise NotFound("photo")
        mine = gate.right(tx, photo.album)
        found = feed.history(tx, photo.album_id, photo.position + 1, 1)
    return answer(feed.card(found.entries[0], gate.signed(at, mine)))


@bp.get("/a/<share_code>/hours")
def hours(share_code: str) -> ResponseReturnValue:
    """How many photos were taken in which hour, newest first, and which positions they have."""
    with stage().db.reading() as tx:
        album = gate.right(tx, _album_of(tx, share_code)).album
        rows = tx.execute(_by_hour(album.id)).all()
    found = [
        {"from": hour * HOUR_MS, "to": (hour + 1) * HOUR_MS, "photos": n, "first": first, "last": last}
        for hour, n, first, last in rows
    ]
    return answer({"hours": found})


@bp.get("/screen/<share_code>")
def screen(share_code: str) -> ResponseReturnValue:
    at = stage()
    with at.db.reading() as tx:
        event = events.by_share_code(tx, share_code)
        albums = [a for a in events.albums(tx, event.id) if gate.known(tx, a)]
        chosen = _chosen(tx, albums)
        boot = _boot(at, tx, event, chosen) if chosen and gate.may_read(tx, chosen) else None
        logos = branding.logos(tx, chosen) if chosen else []
    if boot is None:
        return entry.page(at, event, chosen, albums)
    link = f"{at.settings.base_url}/a/{share_code}?f=s"
    size, path = svg_path(link)
    return shell.page(
        at,
        "screen.html",
        "screen",
        event=event,
        albums=albums,
        chosen=chosen,
        logos=[at.store.url(key, ttl=at.settings.photo_url_ttl) for key in logos],
        photos=boot["photos"],
        total=boot["album"]["photos"],
        boot=shell.embedded(boot),
        link=link,
        qr_size=size,
        qr_path=path,
    )


@bp.get("/console")
@bp.get("/console/<path:page>")
@bp.get("/pair")
@bp.get("/pair/<page>")
def console(page: str = "") -> ResponseReturnValue:  # noqa: ARG001 - the script reads it from the address
    """The shell only; everything a member sees comes from /api/v1 with their session."""
    zone = stage().settings.timezone
    return shell.page(stage(), "console.html", "console", reasons=shell.embedded(PUBLIC), zone=zone)


@bp.get("/console/join/<token>/qr.svg")
def invitation_code(token: str) -> Response:
    """The address of an invitation as a code: no secret to whoever has the address of the code."""
    size, path = svg_path(f"{stage().settings.base_url}/console/join/{token[:100]}")
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 {size + 8} {size + 8}" shape-rendering="crispEdges">'
    body = f'{svg}<path fill="#fff" d="M-4-4h{size + 8}v{size + 8}h-{size + 8}z"/><path d="{path}"/></svg>'
    return Response(body, content_type="image/svg+xml", headers={"Cache-Control": "no-store"})


@bp.get("/assets/<path:name>")
def assets(name: str) -> Response:
    """Built files; the name carries a digest of the content, so it may be kept for ever."""
    response = shell.file(name)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@bp.get("/sw.js")
def service_worker() -> Response:
    """Keeps what a guest has seen readable offline. Without a build: a worker that does nothing and leaves."""
    script = shell.built("worker/sw").script
    if script is None:
        response = Response("self.registration.unregister();", content_type="text/javascript")
    else:
        response = shell.file(script.removeprefix("/assets/"))
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = "/"
    return response


@bp.errorhandler(AppError)
def refused(exc: AppError) -> ResponseReturnValue:
    """A page that says what to do, or JSON for a script."""
    if request.accept_mimetypes.best_match(("application/json", "text/html")) == "application/json":
        return shaped(exc)
    key = exc.code if exc.code in ("not_found", "bad_scene") else "error"
    return shell.page(stage(), "message.html", "message", status=exc.status, key=key, event=None)


@bp.app_errorhandler(404)
def nowhere(_exc: HTTPException) -> ResponseReturnValue:
    """An address that does not exist: a page for people, JSON for programs."""
    if request.accept_mimetypes.accept_html and not request.accept_mimetypes.accept_json:
        return shell.page(stage(), "message.html", "message", status=404, key="not_found", event=None)
    if "text/html" in request.headers.get("Accept", ""):
        return shell.page(stage(), "message.html", "message", status=404, key="not_found", event=None)
    return shaped(NotFound())


def _boot(at: Stage, tx: Tx, event: Event, chosen: Album) -> dict[str, Any]:
    """What the script starts from. The cursor is read before the photos, so no change can fall between."""
    cursor = feed.newest(tx, chosen.id)
    history = feed.history(tx, chosen.id, None, FIRST)
    url = gate.signed(at, gate.right(tx, chosen))
    return {
        "event": {
            "id": event.id,
            "title": event.title,
            "place": event.place,
            "starts_at": event.starts_at,
            "ends_at": event.ends_at,
            "state": event.state.value,
            "share_code": event.share_code,
        },
        "album": {
            "id": chosen.id,
            "event_id": event.id,
            "title": chosen.title,
            "access": chosen.access.value,
            "downloads": chosen.downloads,
            "contributions": chosen.contributions.value,
            "comments": chosen.comments,
            "photos": feed.visible(tx, chosen.id),
            "revision": cursor,
        },
        "photos": [feed.card(entry, url) for entry in history.entries],
        "next": history.cursor if history.more else None,
        "server_at": now_ms(),
    }


def _by_hour(album_id: str) -> Select[int, int, int | None, int | None]:
    hour = func.coalesce(Photo.shot_at, Photo.live_at) // HOUR_MS
    counted = select(hour, func.count(), func.min(Photo.position), func.max(Photo.position))
    shown = counted.where(Photo.album_id == album_id, Photo.state == PhotoState.LIVE)
    return shown.group_by(hour).order_by(hour.desc())


def _album_of(tx: Tx, share_code: str) -> Album:
    """The album that `?album=` names. Raises NotFound when it is none of this event."""
    event = events.by_share_code(tx, share_code)
    album = tx.get(Album, request.args.get("album", ""))
    if album is None or album.event_id != event.id:
        raise NotFound("album")
    return album


def _chosen(tx: Tx, albums: list[Album]) -> Album | None:
    """The album the address names, itself or by a photo; else the first that may be read, else the first of all."""
    photo = tx.get(Photo, request.args.get("photo", ""))
    wanted = request.args.get("album") or (photo.album_id if photo else None)
    named = next((a for a in albums if a.id == wanted), None)
    return named or next((a for a in albums if gate.may_read(tx, a)), next(iter(albums), None))


def _cover(at: Stage, photos: list[dict[str, Any]], front: dict[str, Any]) -> str | None:
    """An absolute address of a picture, for the card a shared link shows: the cover, or the newest photo."""
    url: str | None = front["cover_url"] if front["share_cover"] else None
    if url is None:
        if not photos:
            return None
        url = str(photos[0]["urls"]["thumb"])
    return url if "://" in url else at.settings.base_url + url
