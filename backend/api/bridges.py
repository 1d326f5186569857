"""What members ask of the bridges of their events: how they are, what to do, where photos go. docs/wire.md §3."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import select

from backend import accounts, audit, bridges, feed, health, usage
from backend.accounts import Who
from backend.clock import now_ms
from backend.http import answer, body, needs, stage
from backend.models import Bridge

bp = Blueprint("bridges", __name__, url_prefix="/api/v1")
FULL = {
    "level": "bad",
    "zh": "机构配额已用完：照片完好保留在相机桥上，扩容后自动上传",
    "en": "The quota is used up: photos are kept on the bridge and follow by themselves once there is room",
}


class OrderShape(BaseModel):
    do: Annotated[str, Field(max_length=20)]
    about: Annotated[str, Field(max_length=80)] = ""


class Target(BaseModel):
    album_id: str | None
    camera: Annotated[str, Field(min_length=1, max_length=80)] | None = None


class Last(BaseModel):
    camera: Annotated[str, Field(max_length=80)] | None = None


@bp.get("/events/<event_id>/bridges")
@needs("see_event")
def list_bridges(who: Who, event_id: str) -> ResponseReturnValue:
    """Every bridge of the event with its health in words, worst first."""
    with stage().db.reading() as tx:
        event = accounts.their_event(tx, who, event_id, "see_event")
        rows = tx.scalars(select(Bridge).filter_by(event_id=event.id).order_by(Bridge.created_at, Bridge.id))
        found = [_bridge(b) for b in rows]
        reached = usage.over(tx, event.organization_id, "photos", "storage_bytes")
    if reached is not None:
        for one in found:
            one["health"].insert(0, FULL)
    return answer({"bridges": found, "server_at": now_ms()})


@bp.post("/bridges/<bridge_id>/orders")
@needs("upload")
def give_order(who: Who, bridge_id: str) -> ResponseReturnValue:
    said = body(OrderShape)
    with stage().db.writing() as tx:
        bridge = accounts.their_bridge(tx, who, bridge_id)
        n = bridges.order(tx, bridge, said.do, said.about)
        if said.do == "resume":
            for photo_id in bridges.held(tx, bridge.id):
                feed.publish(tx, photo_id)
        audit.record(tx, bridge.organization_id, who.actor, f"bridge_{said.do}", f"bridge:{bridge.id}")
    return answer({"n": n})


@bp.post("/bridges/<bridge_id>/target")
@needs("upload")
def set_target(who: Who, bridge_id: str) -> ResponseReturnValue:
    """Where photos go from the next one on."""
    said = body(Target)
    with stage().db.writing() as tx:
        bridge = accounts.their_bridge(tx, who, bridge_id)
        album = None if said.album_id is None else accounts.their_album(tx, who, said.album_id, "upload")
        before = {"album_id": bridge.album_id, "cameras": bridge.cameras}
        bridges.target(tx, bridge, said.camera, album)
        change = (before, {"album_id": bridge.album_id, "cameras": bridge.cameras})
        audit.record(tx, bridge.organization_id, who.actor, "target", f"bridge:{bridge.id}", change)
    return "", 204


@bp.post("/bridges/<bridge_id>/retract")
@needs("upload")
def retract_last(who: Who, bridge_id: str) -> ResponseReturnValue:
    """Take the newest live photo off every screen. `photo_id` is null when there is none."""
    said = body(Last)
    with stage().db.writing() as tx:
        bridge = accounts.their_bridge(tx, who, bridge_id)
        photo_id = bridges.newest_live(tx, bridge.id, said.camera)
        if photo_id is not None and feed.hide(tx, photo_id):
            audit.record(tx, bridge.organization_id, who.actor, "hide", f"photo:{photo_id}")
    return answer({"photo_id": photo_id})


@bp.post("/bridges/<bridge_id>/revoke")
@needs("upload")
def revoke(who: Who, bridge_id: str) -> ResponseReturnValue:
    with stage().db.writing() as tx:
        bridge = accounts.their_bridge(tx, who, bridge_id)
        if bridges.revoke(tx, bridge):
            audit.record(tx, bridge.organization_id, who.actor, "revoke", f"bridge:{bridge.id}")
    return "", 204


def _bridge(bridge: Bridge) -> dict[str, Any]:
    now = now_ms()
    return {
        "id": bridge.id,
        "name": bridge.name,
        "state": bridge.state.value,
        "album_id": bridge.album_id,
        "targets": bridge.cameras,
        "paused": bridge.paused_at is not None,
        "online": health.online(bridge, now),
        "seen_at": bridge.seen_at,
        "health": [{"level": w.level, "zh": w.zh, "en": w.en} for w in health.words(bridge, now)],
        "cameras": health.cameras(bridge),
        "said": bridge.said,
    }
