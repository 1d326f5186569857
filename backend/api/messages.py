"""What guests were told and what became of it, for organizers; «this album is complete» (wire §3)."""

from __future__ import annotations

from typing import Annotated, Any, Final

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from backend import accounts, audit
from backend.accounts import Who
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import NotFound
from backend.http import answer, needs, query, stage
from backend.models import Album, Delivery, DeliveryState, Event, Quota, Subscription
from backend.wechat.failures import meaning

bp = Blueprint("messages", __name__, url_prefix="/api/v1")

OUTCOMES: Final[dict[str, tuple[str, str]]] = {
    "": ("等待发送", "Waiting to be sent"),
    "sent": ("已送达", "Delivered"),
    "refused": ("访客未订阅或额度已用完", "The guest allows no more messages"),
    "no_guest": ("访客已不存在", "WeChat does not know this guest any more"),
    "too_late": ("活动已结束太久，不再打扰", "Too long after the event: not sent"),
    "gave_up": ("多次尝试未成功", "Given up after several tries"),
    "busy": ("正在给同一访客发送，稍后重试", "Another message to this guest is under way; trying again"),
    "lost": ("微信未应答，稍后重试", "WeChat did not answer; trying again"),
    "banned": ("模板已被微信封禁：请检查公众平台", "WeChat has banned the template: look at its console"),
    "no_template": (
        "模板不存在：请检查 KUAIMEN_WECHAT_TEMPLATE_ID",
        "No such template: check KUAIMEN_WECHAT_TEMPLATE_ID",
    ),
    "misfit": ("内容与模板字段不符：请运行 kuaimen doctor", "The words do not fit the template: run kuaimen doctor"),
}


class MessagesQuery(BaseModel):
    state: DeliveryState | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


@bp.get("/events/<event_id>/messages")
@needs("see_event")
def list_messages(who: Who, event_id: str) -> ResponseReturnValue:
    """Totals by milestone and outcome, then the newest messages one by one. Guests are named by six characters."""
    said = query(MessagesQuery)
    of_event = Album.event_id == event_id
    newest = select(Delivery).join(Album, Album.id == Delivery.album_id).where(of_event)
    if said.state is not None:
        newest = newest.where(Delivery.state == said.state)
    newest = newest.order_by(func.coalesce(Delivery.settled_at, Delivery.created_at).desc(), Delivery.id)
    with stage().db.reading() as tx:
        event = tx.get(Event, event_id)
        if event is None or not accounts.may(who, "see_event", event.organization_id, event.id):
            raise NotFound("event")
        totals = _totals(tx, event_id)
        listeners, allowed = _audience(tx, event_id)
        rows = [_message(d) for d in tx.scalars(newest.limit(said.limit))]
    return answer({"listeners": listeners, "allowed": allowed, "totals": totals, "messages": rows})


@bp.post("/albums/<album_id>/complete")
@needs("change_event")
def complete(who: Who, album_id: str) -> ResponseReturnValue:
    """Nothing more will come: whoever waited for that is told. Once; repeating changes nothing."""
    now = now_ms()
    with stage().db.writing() as tx:
        album = tx.get(Album, album_id)
        if album is None or not accounts.may(who, "change_event", album.organization_id, album.event_id):
            raise NotFound("album")
        if album.completed_at is None:
            album.completed_at, album.notify_due_at = now, now
            audit.record(tx, album.organization_id, who.actor, "complete", f"album:{album_id}")
        at = album.completed_at
    return answer({"completed_at": at})


def _totals(tx: Tx, event_id: str) -> list[dict[str, Any]]:
    group = (Delivery.milestone, Delivery.state, Delivery.outcome)
    rows = tx.execute(
        select(*group, func.count())
        .join(Album, Album.id == Delivery.album_id)
        .where(Album.event_id == event_id)
        .group_by(*group)
        .order_by(*group)
    )
    return [
        {"milestone": m.value, "state": s.value, "outcome": o, "words": outcome_words(o), "n": n} for m, s, o, n in rows
    ]


def _audience(tx: Tx, event_id: str) -> tuple[int, int]:
    """How many guests want to hear, and how many messages they allow."""
    guests = (
        select(Subscription.guest_id)
        .join(Album, Album.id == Subscription.album_id)
        .where(Album.event_id == event_id)
        .distinct()
    )
    listeners = tx.scalar(select(func.count()).select_from(guests.subquery())) or 0
    allowed = tx.scalar(select(func.sum(Quota.left)).where(Quota.guest_id.in_(guests))) or 0
    return listeners, int(allowed)


def _message(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "album_id": delivery.album_id,
        "guest": delivery.guest_id[:6],
        "milestone": delivery.milestone.value,
        "count": delivery.count,
        "state": delivery.state.value,
        "outcome": delivery.outcome,
        "words": outcome_words(delivery.outcome),
        "attempts": delivery.attempts,
        "due_at": delivery.due_at or delivery.created_at,
        "settled_at": delivery.settled_at,
        "msgid": delivery.msgid,
    }


def outcome_words(outcome: str) -> list[str]:
    """[Chinese, English] for people."""
    name, _, more = outcome.partition(" ")
    if name in OUTCOMES:
        chinese, english = OUTCOMES[name]
        return [f"{chinese}（{more}）", f"{english} ({more})"] if more else [chinese, english]
    known = meaning(int(more)) if more.lstrip("-").isdigit() else meaning(None)
    return [f"{known.chinese}（{outcome}）", f"{known.english} ({outcome})"]
