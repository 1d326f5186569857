"""Subscription messages: what a guest allowed, what is owed, what was told.

One tap of a guest is one message (one-time subscription), so messages are spent on milestones, never per photo.
WeChat knows the truth: 43101 sets the count to zero whatever we believed.
"""

from __future__ import annotations

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError

from backend.clock import now_ms
from backend.db import Tx
from backend.jobs import NotifyAlbum
from backend.models import Album, Delivery, DeliveryState, Guest, Milestone, Photo, PhotoState, Quota, Subscription
from backend.states import move_delivery

ATTEMPTS = 5


def allow(tx: Tx, guest_id: str, album_id: str, template_id: str, *, accepted: int = 1) -> int:
    """The guest allowed `accepted` messages more and wants to hear of this album. Returns how many are left."""
    _ensure(tx, Quota(guest_id=guest_id, template_id=template_id, left=0))
    tx.execute(
        update(Quota)
        .where(Quota.guest_id == guest_id, Quota.template_id == template_id)
        .values(left=Quota.left + accepted)
    )
    _ensure(tx, Subscription(guest_id=guest_id, album_id=album_id, template_id=template_id))
    return left(tx, guest_id, template_id)


def left(tx: Tx, guest_id: str, template_id: str) -> int:
    query = select(Quota.left).where(Quota.guest_id == guest_id, Quota.template_id == template_id)
    return tx.scalar(query) or 0


def plan(tx: Tx, album_id: str) -> None:
    """Owe every subscriber who was not told yet of the photos that came after their tap; spend one message each."""
    tx.execute(update(Album).where(Album.id == album_id).values(notify_due_at=None))
    news = exists().where(
        Photo.album_id == album_id,
        Photo.state == PhotoState.LIVE,
        Photo.live_at > Subscription.created_at,
    )
    told = exists().where(
        Delivery.guest_id == Subscription.guest_id,
        Delivery.album_id == album_id,
        Delivery.milestone == Milestone.FIRST_PHOTOS,
    )
    due = tx.scalars(select(Subscription).where(Subscription.album_id == album_id, news, ~told)).all()
    for subscriber in due:
        if _spend(tx, subscriber.guest_id, subscriber.template_id):
            _ensure(
                tx,
                Delivery(
                    guest_id=subscriber.guest_id,
                    album_id=album_id,
                    template_id=subscriber.template_id,
                    milestone=Milestone.FIRST_PHOTOS,
                ),
            )


def owed(tx: Tx, album_id: str, limit: int = 500) -> list[tuple[Delivery, str]]:
    """Planned deliveries whose time has come, with the openid."""
    now = now_ms()
    query = (
        select(Delivery, Guest.openid)
        .join(Guest, Guest.id == Delivery.guest_id)
        .where(
            Delivery.album_id == album_id,
            Delivery.state == DeliveryState.PLANNED,
            Delivery.due_at <= now,
            Delivery.lease_until <= now,
        )
        .limit(limit)
    )
    return list(tx.execute(query))


def albums_due(tx: Tx, limit: int = 100) -> list[str]:
    """Albums with news to plan, or with deliveries to send (again)."""
    now = now_ms()
    news = select(Album.id).where(Album.notify_due_at <= now).limit(limit)
    again = (
        select(Delivery.album_id)
        .where(Delivery.state == DeliveryState.PLANNED, Delivery.due_at <= now, Delivery.lease_until <= now)
        .distinct()
        .limit(limit)
    )
    return list(dict.fromkeys([*tx.scalars(news), *tx.scalars(again)]))


def settle(tx: Tx, delivery: Delivery, *, told: bool, outcome: str) -> None:
    """Record what WeChat answered. Idempotent."""
    move_delivery(
        tx,
        delivery.id,
        DeliveryState.SENT if told else DeliveryState.REFUSED,
        outcome=outcome,
        settled_at=now_ms(),
        lease_until=0,
    )


def void(tx: Tx, guest_id: str, template_id: str) -> None:
    """WeChat says the guest allows nothing (more)."""
    tx.execute(update(Quota).where(Quota.guest_id == guest_id, Quota.template_id == template_id).values(left=0))


def void_openid(tx: Tx, appid: str, openid: str, template_id: str) -> None:
    """The guest switched this template off in WeChat's settings."""
    guest_id = tx.scalar(select(Guest.id).where(Guest.appid == appid, Guest.openid == openid))
    if guest_id is not None:
        void(tx, guest_id, template_id)


def postpone(tx: Tx, delivery: Delivery, *, wait_ms: int, outcome: str) -> None:
    """Try again later; after `ATTEMPTS` tries it is refused for good and the message is not lost but unspent."""
    if delivery.attempts + 1 >= ATTEMPTS:
        settle(tx, delivery, told=False, outcome=outcome)
        return
    tx.execute(
        update(Delivery)
        .where(Delivery.id == delivery.id)
        .values(lease_until=0, due_at=now_ms() + wait_ms, outcome=outcome)
    )


def due_jobs(tx: Tx) -> list[NotifyAlbum]:
    """One job for every album that owes something now."""
    return [NotifyAlbum(album_id) for album_id in albums_due(tx)]


def _spend(tx: Tx, guest_id: str, template_id: str) -> bool:
    """One message less, never below zero, however many workers ask at once."""
    spent = update(Quota).where(Quota.guest_id == guest_id, Quota.template_id == template_id, Quota.left > 0)
    return tx.execute(spent.values(left=Quota.left - 1).returning(Quota.left)).first() is not None


def _ensure(tx: Tx, row: Quota | Subscription | Delivery) -> None:
    """Insert unless somebody did."""
    try:
        with tx.begin_nested():
            tx.add(row)
    except IntegrityError:
        pass
