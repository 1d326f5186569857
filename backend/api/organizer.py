"""What organizers may ask: sign in, watch an event, hide and restore photos, switch the brand (wire §3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from flask import Blueprint, Response, make_response, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, and_, func, select

from backend import accounts, audit, branding, events, feed, health, photos, retouch, second_step, security, stats
from backend.accounts import Who
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import NotFound, Unauthorized
from backend.http import MEMBER_COOKIE, answer, body, needs, query, stage
from backend.models import (
    Album,
    BrandKit,
    Bridge,
    Delivery,
    Event,
    Member,
    Organization,
    Photo,
    PhotoState,
    Rendition,
    RenditionKind,
    Role,
    Source,
    SourceKind,
    Tag,
)

bp = Blueprint("organizer", __name__, url_prefix="/api/v1")
LATELY_MS: Final = 15 * 60_000


class SignIn(BaseModel):
    login: Annotated[str, Field(max_length=80)]
    password: Annotated[str, Field(max_length=200)]
    code: Annotated[str, Field(max_length=20)] = ""  # of the second step, for who has one


class Brand(BaseModel):
    watermark: bool
    frame: bool
    brand_id: Annotated[str, Field(max_length=32)] | None = None  # another brand kit


class PhotosQuery(BaseModel):
    state: PhotoState | None = None
    held: bool = False  # only those a machine suggests to hold, and nobody has approved
    album_id: Annotated[str, Field(max_length=32)] = ""
    camera: Annotated[str, Field(max_length=80)] = ""
    name: Annotated[str, Field(max_length=80)] = ""  # a part of it
    stars: Annotated[int, Field(ge=1, le=5)] | None = None  # at least
    tag: Annotated[str, Field(max_length=20)] = ""
    before: Annotated[int, Field(ge=0)] | None = None  # announced_at of the last one seen
    limit: Annotated[int, Field(ge=1, le=200)] = 60


@bp.post("/login")
def login() -> ResponseReturnValue:
    said, at = body(SignIn), stage()
    security.allow(at.redis, f"login:{said.login}", limit=10, window_s=60)
    security.allow(at.redis, f"login-from:{request.remote_addr}", limit=30, window_s=60)
    with at.db.reading() as tx:
        found = accounts.sign_in(tx, said.login, said.password)
    return admitted(found, said.code)


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    response = make_response("", 204)
    response.delete_cookie(MEMBER_COOKIE)
    return response


@bp.get("/me")
@needs("sign_in")
def me(who: Who) -> ResponseReturnValue:
    """Who is signed in, and what they may do: the console shows no more than that."""
    with stage().db.reading() as tx:
        organization = tx.get_one(Organization, who.organization_id).name
    rights = sorted(right for right in accounts.RIGHTS if who.has(right))
    shown = {"id": who.member_id, "name": who.name, "role": who.role.value, "event_id": who.event_id}
    return answer({"member": shown | {"organization": organization, "rights": rights}})


@bp.get("/events")
@needs("see_event")
def list_events(who: Who) -> ResponseReturnValue:
    mine = select(Event).where(Event.removed_at.is_(None)).order_by(Event.created_at.desc())
    if who.role is not Role.PLATFORM:
        mine = mine.where(Event.organization_id == who.organization_id)
    if who.event_id is not None:
        mine = mine.where(Event.id == who.event_id)
    with stage().db.reading() as tx:
        found = [event_json(e) for e in tx.scalars(mine)]
    return answer({"events": found})


@bp.get("/events/<event_id>")
@needs("see_event")
def show_event(who: Who, event_id: str) -> ResponseReturnValue:
    """The event as it happens: six counters that add up, albums, bridges with their health, messages sent."""
    with stage().db.reading() as tx:
        event = accounts.their_event(tx, who, event_id, "see_event")
        connected = tx.scalars(select(Bridge).filter_by(event_id=event_id)).all()
        said = event_json(event) | {
            "counters": _counters(tx, event_id, connected),
            "albums": [album_json(tx, a) for a in events.albums(tx, event_id)],
            "bridges": [_bridge(b) for b in connected],
            "messages": _messages(tx, event_id),
        }
    return answer(said)


@bp.get("/events/<event_id>/speed")
@needs("see_event")
def show_speed(who: Who, event_id: str) -> ResponseReturnValue:
    """How long photos took of late, as the report counts it, and how many are on their way."""
    with stage().db.reading() as tx:
        accounts.their_event(tx, who, event_id, "see_event")
        said = stats.speed(tx, event_id, now_ms() - LATELY_MS)
        said["backlog"] = (
            tx.scalar(select(func.count()).where(photos.stale(full=False), Photo.event_id == event_id)) or 0
        )
    return answer(said | {"since_ms": LATELY_MS})


@bp.get("/events/<event_id>/photos")
@needs("see_event")
def list_photos(who: Who, event_id: str) -> ResponseReturnValue:
    said = query(PhotosQuery)
    shown = Photo.state != PhotoState.PURGED
    wanted = select(Photo).where(Photo.event_id == event_id, shown, *_conditions(said))
    with stage().db.reading() as tx:
        accounts.their_event(tx, who, event_id, "see_event")
        rows = tx.scalars(wanted.order_by(Photo.announced_at.desc(), Photo.id).limit(said.limit)).all()
        of_rows = Rendition.photo_id.in_([p.id for p in rows])
        keys = {(r.photo_id, r.kind): r.key for r in tx.scalars(select(Rendition).where(of_rows))}
        tags = retouch.tags_of(tx, [p.id for p in rows])
    return answer({"photos": [_photo(p, keys) | {"tags": tags.get(p.id, [])} for p in rows]})


def _conditions(said: PhotosQuery) -> list[ColumnElement[bool]]:
    found = [
        (said.state, Photo.state == said.state),
        (said.held, and_(Photo.held.is_not(None), Photo.approved_at.is_(None))),
        (said.album_id, Photo.album_id == said.album_id),
        (said.camera, Photo.camera == said.camera),
        (said.name, Photo.name.icontains(said.name, autoescape=True)),
        (said.stars, Photo.rating >= (said.stars or 0)),
        (said.tag, Photo.id.in_(select(Tag.photo_id).where(Tag.name == said.tag))),
        (said.before is not None, Photo.announced_at < (said.before or 0)),
    ]
    return [condition for asked, condition in found if asked]


@bp.post("/photos/<photo_id>/hide")
@needs("cull")
def hide(who: Who, photo_id: str) -> ResponseReturnValue:
    with stage().db.writing() as tx:
        photo = accounts.their_photo(tx, who, photo_id, "cull")
        if feed.hide(tx, photo_id):
            audit.record(tx, photo.organization_id, who.actor, "hide", f"photo:{photo_id}")
    return "", 204


@bp.post("/photos/<photo_id>/restore")
@needs("cull")
def restore(who: Who, photo_id: str) -> ResponseReturnValue:
    """Bring a hidden photo back, or approve one that waits."""
    with stage().db.writing() as tx:
        photo = accounts.their_photo(tx, who, photo_id, "cull")
        if feed.restore(tx, photo_id):
            audit.record(tx, photo.organization_id, who.actor, "restore", f"photo:{photo_id}")
    return "", 204


@bp.post("/albums/<album_id>/brand")
@needs("change_brand")
def brand(who: Who, album_id: str) -> ResponseReturnValue:
    """Watermark and sponsor frame on or off. Every photo of the album follows, newest first."""
    said = body(Brand)
    with stage().db.writing() as tx:
        album = accounts.their_album(tx, who, album_id, "change_brand")
        kit = tx.get(BrandKit, said.brand_id) if said.brand_id else None
        if said.brand_id and (kit is None or kit.organization_id != album.organization_id):
            raise NotFound("brand")
        before = {"watermark": album.watermark_on, "frame": album.frame_on, "brand_id": album.brand_kit_id}
        if branding.switch(tx, album_id, watermark=said.watermark, frame=said.frame, kit=kit):
            change = (before, said.model_dump())
            audit.record(tx, album.organization_id, who.actor, "brand", f"album:{album_id}", change)
        left = tx.scalar(select(func.count()).where(photos.stale(album_id, full=False))) or 0
    return answer({"stale": left})


def admitted(found: Member, code: str | None) -> Response:
    """A session, after the second step of who has one. None: just done. Raises Unauthorized, TooMany."""
    at, name = stage(), f"code:{found.id}"
    if found.totp_at is not None and code is not None:
        security.slow_down(at.redis, name, free=5, wrong=False)
        try:
            with at.db.writing() as tx:
                second_step.demand(tx, tx.get_one(Member, found.id), at.signer, code)
        except Unauthorized:
            if code:
                security.slow_down(at.redis, name, free=5, wrong=True)
            raise
    return signed_in(found)


def signed_in(found: Member) -> Response:
    """A session for this member: a cookie for browsers, the same token for programs."""
    at = stage()
    ttl = at.settings.session_ttl
    token = at.signer.issue("member", found.id, ttl_s=ttl, epoch=found.session_epoch)
    shown = {"id": found.id, "name": found.name, "role": found.role.value}
    response = make_response(answer({"member": shown, "token": token, "expires_in": ttl}))
    secure = at.settings.base_url.startswith("https")
    response.set_cookie(MEMBER_COOKIE, token, max_age=ttl, httponly=True, samesite="Lax", secure=secure)
    return response


def event_json(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "title": event.title,
        "place": event.place,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "state": event.state.value,
        "share_code": event.share_code,
        "album_url": f"{stage().settings.base_url}/a/{event.share_code}",
    }


def album_json(tx: Tx, album: Album) -> dict[str, Any]:
    return {
        "id": album.id,
        "title": album.title,
        "access": album.access.value,
        "publishing": album.publishing.value,
        "checking": album.checking.value,
        "contributions": album.contributions.value,
        "completed_at": album.completed_at,
        "watermark": album.watermark_on,
        "frame": album.frame_on,
        "brand_id": album.brand_kit_id,
        "look": album.look,
        "culling": album.culling.value,
        "photos": feed.visible(tx, album.id),
        "stale": tx.scalar(select(func.count()).where(photos.stale(album.id, full=False))) or 0,
    }


def _counters(tx: Tx, event_id: str, connected: Sequence[Bridge]) -> dict[str, int]:
    """Numbers that add up; `original_stored` and `retouched` say how far the photos got.

    received = live + waiting + hidden + failed + purged + on_bridges + aside + refused; the
    last three only the bridges have.
    """
    states = events.counts(tx, event_id)
    waiting = states.get(PhotoState.ANNOUNCED, 0) + states.get(PhotoState.STORED, 0)
    of_event = select(func.count(func.distinct(Source.photo_id))).join(Photo, Photo.id == Source.photo_id)
    originals = of_event.where(Photo.event_id == event_id, Source.kind == SourceKind.ORIGINAL)
    retouched = select(func.count()).where(Photo.event_id == event_id, Photo.retouched_at.is_not(None))
    alone = [health.alone(bridge) for bridge in connected]
    elsewhere = {
        "on_bridges": sum(max(0, a["on_bridge"] - _since(tx, b)) for a, b in zip(alone, connected, strict=True)),
        "aside": sum(a["aside"] for a in alone),
        "refused": sum(a["refused"] for a in alone),
    }
    return {
        "received": sum(states.values()) + sum(elsewhere.values()),
        "live": states.get(PhotoState.LIVE, 0),
        "waiting": waiting,
        "hidden": states.get(PhotoState.HIDDEN, 0),
        "failed": states.get(PhotoState.REJECTED, 0),
        "purged": states.get(PhotoState.PURGED, 0),
        "original_stored": tx.scalar(originals) or 0,
        "retouched": tx.scalar(retouched) or 0,
    } | elsewhere


def _since(tx: Tx, bridge: Bridge) -> int:
    """Photos the last heartbeat still counted as the bridge's alone and that have come since."""
    now = bridge.said.get("now")
    if bridge.seen_at is None or not isinstance(now, int) or not health.alone(bridge)["on_bridge"]:
        return 0
    came = select(func.count()).where(Photo.event_id == bridge.event_id, Photo.bridge_id == bridge.id)
    # its own clock on both sides: what it received later was not among those it counted
    return tx.scalar(came.where(Photo.announced_at > bridge.seen_at, Photo.bridged_at <= now)) or 0


def _bridge(bridge: Bridge) -> dict[str, Any]:
    now = now_ms()
    said = {"id": bridge.id, "name": bridge.name, "seen_at": bridge.seen_at, "said": bridge.said}
    words = [{"level": w.level, "zh": w.zh, "en": w.en} for w in health.words(bridge, now)]
    return said | {"online": health.online(bridge, now), "health": words}


def _messages(tx: Tx, event_id: str) -> dict[str, int]:
    rows = tx.execute(
        select(Delivery.state, func.count())
        .join(Album, Album.id == Delivery.album_id)
        .where(Album.event_id == event_id)
        .group_by(Delivery.state)
    )
    return {state.value: n for state, n in rows}


def _photo(photo: Photo, keys: dict[tuple[str, RenditionKind], str]) -> dict[str, Any]:
    at = stage()
    small = {kind: keys.get((photo.id, kind)) for kind in (RenditionKind.THUMB, RenditionKind.VIEW)}
    urls = {
        kind.value: at.store.url(key, ttl=at.settings.photo_url_ttl) if key else None for kind, key in small.items()
    }
    return {
        "id": photo.id,
        "album_id": photo.album_id,
        "name": photo.name,
        "camera": photo.camera,
        "bridge_id": photo.bridge_id,
        "state": photo.state.value,
        "removed_at": photo.removed_at,
        "refusal": photo.refusal,
        "position": photo.position,
        "look": photo.look,
        "own_look": photo.own_look,
        "held": photo.held.split(",") if photo.held and photo.approved_at is None else [],
        "aids": photo.aids,
        **urls,
        "rating": photo.rating,
        "likes": photo.likes,
        "shot_at": photo.shot_at,
        "bridged_at": photo.bridged_at,
        "announced_at": photo.announced_at,
        "stored_at": photo.stored_at,
        "rendered_at": photo.rendered_at,
        "live_at": photo.live_at,
        "seen_at": photo.seen_at,
        "original_at": photo.original_at,
        "retouched_at": photo.retouched_at,
    }
