"""推送: who is owed which message, and what became of it.

The rules are `backend.milestones`; here they meet rows. A message is paid for when it is planned, in the same
transaction, so no quota is spent twice however many workers plan; it is sent under a lease, one per guest at a time;
and it is settled by whoever knows first: WeChat's answer or, when that was lost, WeChat's push about its arrival.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, bindparam, exists, func, insert, literal, select, update
from sqlalchemy.orm import aliased
from sqlalchemy.orm.util import AliasedClass

from backend import milestones
from backend.clock import now_ms
from backend.db import Tx
from backend.jobs import NotifyAlbum
from backend.milestones import Choice, Facts, Listener
from backend.models import (
    Album,
    Delivery,
    DeliveryState,
    Event,
    EventState,
    Guest,
    Milestone,
    Photo,
    PhotoState,
    Quota,
    Subscription,
)
from backend.states import UNSEEN, deliver, lease_deliveries, move_delivery

ATTEMPTS: Final = 5
PORTION: Final = 1000  # guests planned in one transaction
PLANNING_MS: Final = 60_000  # a planner that died is followed by another one after this
Templates = Mapping[str, Mapping[Milestone, str]]  # appid → milestone → template


@dataclass(frozen=True, slots=True)
class Owed:
    """One message under lease."""

    delivery_id: str
    guest_id: str
    appid: str
    openid: str
    template_id: str
    milestone: Milestone
    count: int
    attempts: int


def facts(tx: Tx, album: Album) -> Facts:
    shown = (Photo.album_id == album.id, Photo.state == PhotoState.LIVE)
    live = select(Photo.live_at).where(*shown, Photo.live_at.is_not(None)).order_by(Photo.live_at)
    retouched = select(Photo.retouched_at).where(*shown, Photo.retouched_at.is_not(None)).order_by(Photo.retouched_at)
    event = album.event
    return Facts(
        now=now_ms(),
        live=[at for at in tx.scalars(live) if at is not None],
        retouched=[at for at in tx.scalars(retouched) if at is not None],
        opens_at=event.starts_at,
        ends_at=event.ends_at,
        closed=event.state in (EventState.CLOSED, EventState.ARCHIVED),
        completed_at=album.completed_at,
    )


def begin(tx: Tx, album_id: str) -> Facts | None:
    """Start planning: the facts all portions share. An album that became complete is marked so, once and for ever."""
    album = tx.get(Album, album_id)
    if album is None:
        return None
    found = facts(tx, album)
    if album.completed_at is None and found.complete:
        album.completed_at = found.now
        found = facts(tx, album)
    album.notify_due_at = found.now + PLANNING_MS
    return found


def plan(  # noqa: PLR0913 - one portion of a plan whose parts the caller holds
    tx: Tx,
    album_id: str,
    known: Facts,
    templates: Templates,
    due_at: int,
    after: str = "",
    *,
    own: Mapping[str, list[int]] | None = None,
) -> str | None:
    """Owe the next portion of listeners what is ripe; pay for it. Returns where to go on, None at the end.

    `own`: guest → when each photo of the album that is theirs went live, ascending.
    """
    query = (
        select(Subscription.guest_id, Subscription.created_at, Guest.appid)
        .join(Guest, Guest.id == Subscription.guest_id)
        .where(Subscription.album_id == album_id, Subscription.guest_id > after, Guest.appid.in_(templates))
        .order_by(Subscription.guest_id)
        .limit(PORTION)
    )
    rows = tx.execute(query).all()
    ids = [row.guest_id for row in rows]
    left = _left(tx, ids)
    told = _told(tx, album_id, ids)
    chosen: list[tuple[str, Choice, int]] = []
    for guest_id, since, appid in rows:
        before = told.get(guest_id, {})
        told_at = max((max(moments) for moments in before.values()), default=0)
        found_at = max(before.get(Milestone.FOUND, (0,)))
        listener = Listener(since, frozenset(before), told_at, (own or {}).get(guest_id, []), found_at)
        choice = milestones.choose(known, listener, templates[appid], left.get(guest_id, {}))
        if choice is not None:
            again = choice.milestone in milestones.REPEATED
            chosen.append((guest_id, choice, len(before.get(choice.milestone, ())) if again else 0))
    _pay(tx, album_id, chosen, due_at)
    return ids[-1] if len(ids) == PORTION else None


def finish(tx: Tx, album_id: str, known: Facts, *, over: bool) -> None:
    """Say when to look again, unless something happened meanwhile that wants an earlier look."""
    wanted = tx.scalar(select(exists().where(Subscription.album_id == album_id)))
    again = milestones.next_look(known) if wanted and not over else None
    mine = update(Album).where(Album.id == album_id, Album.notify_due_at == known.now + PLANNING_MS)
    tx.execute(mine.values(notify_due_at=again))


def _left(tx: Tx, guest_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """What each allows, locked until the end of the transaction; in one order, so that nobody waits in a ring."""
    query = select(Quota).where(Quota.guest_id.in_(guest_ids), Quota.left > 0)
    found: dict[str, dict[str, int]] = {}
    for row in tx.scalars(query.order_by(Quota.guest_id, Quota.template_id).with_for_update()):
        found.setdefault(row.guest_id, {})[row.template_id] = row.left
    return found


def _told(tx: Tx, album_id: str, guest_ids: Sequence[str]) -> dict[str, dict[Milestone, list[int]]]:
    """Per guest: when they were told of each milestone. Read after the lock: what another planner did is there."""
    at = func.coalesce(Delivery.settled_at, Delivery.created_at)
    query = select(Delivery.guest_id, Delivery.milestone, at).where(Delivery.album_id == album_id)
    found: dict[str, dict[Milestone, list[int]]] = {}
    for guest_id, milestone, moment in tx.execute(query.where(Delivery.guest_id.in_(guest_ids))):
        found.setdefault(guest_id, {}).setdefault(milestone, []).append(moment)
    return found


def _pay(tx: Tx, album_id: str, chosen: Sequence[tuple[str, Choice, int]], due_at: int) -> None:
    if not chosen:
        return
    mine = (Quota.guest_id == bindparam("guest"), Quota.template_id == bindparam("template"))
    spent = update(Quota).where(*mine).values(left=Quota.left - 1)
    tx.connection().execute(spent, [{"guest": guest, "template": choice.template_id} for guest, choice, _ in chosen])
    tx.execute(
        insert(Delivery),
        [
            {
                "guest_id": guest_id,
                "album_id": album_id,
                "template_id": choice.template_id,
                "milestone": choice.milestone,
                "round": number,
                "count": choice.count,
                "due_at": due_at,
            }
            for guest_id, choice, number in chosen
        ],
    )


def claim(tx: Tx, album_id: str, limit: int, lease_ttl: int) -> list[Owed]:
    """Take up to `limit` messages whose time has come: one per guest, none to a guest who is being told right now,
    at most two to a guest in ten minutes (who has had them is put off). Counts the attempt.
    """
    now = now_ms()
    other = aliased(Delivery)
    busy = exists().where(other.guest_id == Delivery.guest_id, other.id != Delivery.id)
    busy = busy.where(_planned(other), other.lease_until > now)
    query = (
        select(
            Delivery.id,
            Delivery.guest_id,
            Guest.appid,
            Guest.openid,
            Delivery.template_id,
            Delivery.milestone,
            Delivery.count,
            Delivery.attempts + 1,
        )
        .join(Guest, Guest.id == Delivery.guest_id)
        .where(Delivery.album_id == album_id, *_free(now), ~busy)
        .order_by(Delivery.due_at, Delivery.id)
        .limit(limit)
        .with_for_update(of=Guest, skip_locked=True)
    )
    first = {row.guest_id: Owed(*row) for row in reversed(tx.execute(query).all())}
    if not first:
        return []
    # Where statements see different moments (PostgreSQL), another may have leased and committed after this query began:
    # its guest's first message was passed over, the second looked free. Under the guest's lock, look again.
    told = select(Delivery.guest_id).where(Delivery.guest_id.in_(first), _planned(Delivery), Delivery.lease_until > now)
    for guest_id in tx.scalars(told):
        first.pop(guest_id, None)
    taken = lease_deliveries(tx, _paced(tx, list(first.values()), now), lease_ttl)
    return [owed for owed in first.values() if owed.delivery_id in taken]


def _free(now: int) -> tuple[ColumnElement[bool], ...]:
    return (_planned(Delivery), Delivery.due_at <= now, Delivery.lease_until <= now)


def _planned(rows: type[Delivery] | AliasedClass[Delivery]) -> ColumnElement[bool]:
    """As a literal: a partial index is not found for a parameter."""
    return rows.state == literal(DeliveryState.PLANNED, Delivery.state.type, literal_execute=True)


def _paced(tx: Tx, wanted: Sequence[Owed], now: int) -> list[str]:
    """The ids that may go now; the others are put off."""
    recent = select(Delivery.guest_id, Delivery.settled_at).where(
        Delivery.guest_id.in_([owed.guest_id for owed in wanted]),
        Delivery.state == DeliveryState.SENT,
        Delivery.settled_at > now - 10 * milestones.MINUTE_MS,
    )
    sent: dict[str, list[int]] = {}
    for guest_id, at in tx.execute(recent):
        sent.setdefault(guest_id, []).append(at or 0)
    ready = []
    for owed in wanted:
        may_at = milestones.pace(sent.get(owed.guest_id, ()), now)
        if may_at > now:
            tx.execute(update(Delivery).where(Delivery.id == owed.delivery_id).values(due_at=may_at))
        else:
            ready.append(owed.delivery_id)
    return ready


def hold(tx: Tx, album_id: str, until: int, *, template_id: str = "", outcome: str = "") -> None:
    """Nothing of this album (or template) before `until`: it is night, or WeChat wants a pause. Costs no attempt."""
    query = update(Delivery).where(
        Delivery.state == DeliveryState.PLANNED, Delivery.due_at < until, Delivery.lease_until <= now_ms()
    )
    query = (
        query.where(Delivery.template_id == template_id) if template_id else query.where(Delivery.album_id == album_id)
    )
    tx.execute(query.values(due_at=until, **({"outcome": outcome} if outcome else {})))


def drop(tx: Tx, album_id: str) -> None:
    """So long after the end that nothing is told any more: what was planned is paid back."""
    query = select(Delivery).where(Delivery.album_id == album_id, *_free(now_ms()))
    for delivery in tx.scalars(query.limit(PORTION)):
        if settle(tx, delivery.id, sent=False, outcome="too_late"):
            mine = update(Quota).where(Quota.guest_id == delivery.guest_id, Quota.template_id == delivery.template_id)
            tx.execute(mine.values(left=Quota.left + 1))


def settle(tx: Tx, delivery_id: str, *, sent: bool, outcome: str, msgid: str | None = None) -> bool:
    """Record what became of it. False: somebody did already."""
    to = DeliveryState.SENT if sent else DeliveryState.REFUSED
    return move_delivery(tx, delivery_id, to, outcome=outcome, msgid=msgid, settled_at=now_ms(), lease_until=0)


def sent(tx: Tx, messages: Sequence[tuple[str, str]]) -> None:
    """(delivery, msgid) of messages that WeChat accepted."""
    if messages:
        deliver(tx, messages, outcome="sent", settled_at=now_ms(), lease_until=0)


def postpone(tx: Tx, owed: Owed, *, wait_ms: int, outcome: str) -> bool:
    """Try again later. False: that was the last attempt, it is refused now."""
    if owed.attempts >= ATTEMPTS:
        return not settle(tx, owed.delivery_id, sent=False, outcome=outcome)
    changed = update(Delivery).where(Delivery.id == owed.delivery_id, Delivery.state == DeliveryState.PLANNED)
    tx.execute(changed.values(lease_until=0, due_at=now_ms() + wait_ms, outcome=outcome))
    return True


def arrived(tx: Tx, appid: str, openid: str, template_id: str, msgid: str, errcode: int) -> None:
    """WeChat's push about a message: settles the one whose answer was lost, so that it is not sent again."""
    of_guest = select(Delivery).join(Guest, Guest.id == Delivery.guest_id)
    of_guest = of_guest.where(Guest.appid == appid, Guest.openid == openid)
    known = tx.scalars(of_guest.where(Delivery.msgid == msgid)).first()
    if known is not None:
        if errcode:
            tx.execute(update(Delivery).where(Delivery.id == known.id).values(outcome=f"undelivered {errcode}"))
        return
    tried = of_guest.where(
        Delivery.template_id == template_id, Delivery.state == DeliveryState.PLANNED, Delivery.attempts > 0
    )
    lost = tx.scalars(tried.order_by(Delivery.lease_until.desc()).limit(1)).first()
    if lost is not None:
        settle(tx, lost.id, sent=True, outcome=f"undelivered {errcode}" if errcode else "sent", msgid=msgid)


def due_jobs(tx: Tx, limit: int = 100) -> list[NotifyAlbum]:
    """One job for every album to look at, or with messages to send (again)."""
    now = now_ms()
    seen = select(Album.id).join(Event, Event.id == Album.event_id).where(Event.state.not_in(UNSEEN))
    looks = seen.where(Album.notify_due_at <= now).limit(limit)
    again = select(Delivery.album_id).where(*_free(now), Delivery.album_id.in_(seen)).distinct().limit(limit)
    return [NotifyAlbum(album_id) for album_id in dict.fromkeys([*tx.scalars(looks), *tx.scalars(again)])]


def waiting(tx: Tx, album_id: str) -> bool:
    """Whether something could be sent now."""
    return tx.scalar(select(Delivery.id).where(Delivery.album_id == album_id, *_free(now_ms())).limit(1)) is not None
