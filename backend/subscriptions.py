"""订阅额度: how many messages each guest still allows, per template.

One tap on «允许» is one message. WeChat's push tells of every tap (the truth), the guest's phone usually earlier (so
that we can say at once how many are left); the two are recognised as the same tap and count once. 43101 and «off» in
WeChat's settings set the count to zero, whatever we believed. Without a configured push the phone's word alone is
believed: a false one costs a refused message.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from backend.clock import now_ms
from backend.db import Tx
from backend.models import Album, Guest, Quota, Subscription, Tap, TapSource

SAME_TAP_MS: Final = 10 * 60 * 1000  # how far the two reports of one tap may be apart


def want(tx: Tx, guest_id: str, album_id: str, template_id: str) -> None:
    """The guest wants to hear of this album. Idempotent."""
    _ensure(tx, Subscription(guest_id=guest_id, album_id=album_id, template_id=template_id))
    now = now_ms()
    unlooked = update(Album).where(Album.id == album_id, Album.notify_due_at.is_(None))
    tx.execute(unlooked.values(notify_due_at=now))


def told_by_phone(tx: Tx, guest_id: str, template_id: str, *, tap: str = "") -> int:
    """The phone says that the guest allowed one message more; returns how many are left.

    `tap`: the phone's name for the tap; said twice it counts once.
    """
    key = f"client:{guest_id}:{template_id}:{tap}" if tap else None
    _count(tx, Tap(guest_id=guest_id, template_id=template_id, source=TapSource.CLIENT, key=key, tapped_at=now_ms()))
    return left(tx, guest_id, template_id)


def told_by_push(tx: Tx, appid: str, openid: str, template_id: str, tapped_at: int, key: str) -> None:
    """WeChat says that somebody allowed one message more. Repeated, it counts once. Strangers are ignored."""
    guest_id = _guest_id(tx, appid, openid)
    if guest_id is not None:
        tap = Tap(guest_id=guest_id, template_id=template_id, source=TapSource.PUSH, key=key, tapped_at=tapped_at)
        _count(tx, tap)


def _count(tx: Tx, tap: Tap) -> None:
    """One more, unless this tap is known: by its key, or by the other source."""
    _ensure(tx, Quota(guest_id=tap.guest_id, template_id=tap.template_id, left=0))
    mine = (Quota.guest_id == tap.guest_id, Quota.template_id == tap.template_id)
    tx.execute(select(Quota.left).where(*mine).with_for_update())  # the two reports of one tap wait for each other
    if tap.key is not None and tx.scalar(select(Tap.id).where(Tap.key == tap.key)) is not None:
        return
    window = (tap.tapped_at - SAME_TAP_MS, tap.tapped_at + SAME_TAP_MS)
    other = select(Tap).where(Tap.guest_id == tap.guest_id, Tap.template_id == tap.template_id)
    other = other.where(Tap.source != tap.source, Tap.both.is_(False), Tap.tapped_at.between(*window))
    same = tx.scalars(other.order_by(Tap.tapped_at).limit(1)).first()
    if same is not None:
        tap.both = same.both = True
    tx.add(tap)
    tx.flush()
    if same is None:
        tx.execute(update(Quota).where(*mine).values(left=Quota.left + 1))


def left(tx: Tx, guest_id: str, template_id: str) -> int:
    query = select(Quota.left).where(Quota.guest_id == guest_id, Quota.template_id == template_id)
    return tx.scalar(query) or 0


def refund(tx: Tx, guest_id: str, template_id: str) -> None:
    """A message was not sent and WeChat took nothing for it."""
    mine = update(Quota).where(Quota.guest_id == guest_id, Quota.template_id == template_id)
    tx.execute(mine.values(left=Quota.left + 1))


def void(tx: Tx, guest_id: str, template_id: str) -> None:
    """WeChat says the guest allows nothing (more)."""
    tx.execute(update(Quota).where(Quota.guest_id == guest_id, Quota.template_id == template_id).values(left=0))


def void_openid(tx: Tx, appid: str, openid: str, template_id: str) -> None:
    """The guest switched this template off in WeChat's settings."""
    guest_id = _guest_id(tx, appid, openid)
    if guest_id is not None:
        void(tx, guest_id, template_id)


def forget_guest(tx: Tx, guest_id: str) -> None:
    """WeChat does not know this openid any more: nothing is allowed, nothing wanted."""
    tx.execute(update(Quota).where(Quota.guest_id == guest_id).values(left=0))
    tx.execute(delete(Subscription).where(Subscription.guest_id == guest_id))


def _guest_id(tx: Tx, appid: str, openid: str) -> str | None:
    return tx.scalar(select(Guest.id).where(Guest.appid == appid, Guest.openid == openid))


def _ensure(tx: Tx, row: Quota | Subscription) -> None:
    """Insert unless somebody did."""
    try:
        with tx.begin_nested():
            tx.add(row)
    except IntegrityError:
        pass
