"""Tell guests of an album's milestones.

One clerk (this thread) owns the rows, several senders own the wire. The clerk's loop writes down what came back and
takes the next messages in the same transaction, so a worker that is killed leaves at most the messages that were on the
wire without an answer; their leases run out, and WeChat's push about an arrival settles them meanwhile.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import or_, select

from backend import deliveries, faces, milestones, slates, subscriptions, ties, usage
from backend.clock import now_ms
from backend.context import Stage
from backend.db import Tx
from backend.deliveries import Owed
from backend.errors import BadInput
from backend.jobs import NotifyAlbum
from backend.models import Album, FaceMatch, Milestone, Photo, PhotoState, SlateShot, Subscription, Tie
from backend.wechat import Kind, Outcome, Told, WeChatFailed
from backend.wechat.opening import settings_of, templates_of
from backend.wechat.templates import Templates

log = logging.getLogger(__name__)

SLICE_S: Final = 20.0  # then other jobs of the queue have their turn
BUSY_MS: Final = 2_000  # 43108
LOST_MS: Final = 30_000  # nobody knows whether it was sent: time for WeChat's push to say so
HELD_MS: Final = 3600_000  # the operator must do something: try one again each hour
FULL_MS: Final = 600_000  # the messages of the month are used up
NEUTRAL: Final = "活动相册"  # instead of a title that WeChat finds sensitive
HOLDING: Final = {Outcome.BANNED, Outcome.NO_TEMPLATE, Outcome.MISFIT}  # the same for every guest of the template


@dataclass(slots=True)
class _Round:
    """What one job knows of its album."""

    album_id: str
    title: str
    page: str
    own_page: str  # where a guest finds the photos that are theirs
    templates: dict[str, Templates]
    stop: bool = False  # WeChat wants a pause, or the operator must act
    sent: int = 0
    under_way: dict[Future[Told], Owed] = field(default_factory=dict)


def album(stage: Stage, job: NotifyAlbum) -> None:
    """Plan in portions, then send for a while; the rest is rung for again."""
    templates = {appid: stage_templates(stage, appid) for appid in stage.wechats}
    if not _plan(stage, job.album_id, templates):
        return
    with stage.db.reading() as tx:
        found = tx.get_one(Album, job.album_id)
        page = f"pages/album/album?id={found.id}&e={found.event.share_code}&f=m"
        own_page = f"pages/mine/mine?list=slate&album={found.id}&e={found.event.share_code}&f=m"
        known = _Round(found.id, found.event.title, page, own_page, templates)
    with ThreadPoolExecutor(stage.settings.notify_senders, thread_name_prefix="sender") as senders:
        _send(stage, known, senders)
    with stage.db.writing() as tx:
        if not known.stop and deliveries.waiting(tx, job.album_id):
            tx.ring(job)


def stage_templates(stage: Stage, appid: str) -> Templates:
    own = appid == stage.wechat.appid
    return templates_of(stage.settings if own else settings_of(stage.settings, appid))


def _full(stage: Stage, album_id: str) -> bool:
    """The organization's messages of the month are used up: nothing new is promised; looked at again later."""
    with stage.db.writing() as tx:
        album = tx.get_one(Album, album_id)
        if usage.over(tx, album.organization_id, "messages") is None:
            return False
        album.notify_due_at = now_ms() + FULL_MS
        return True


def _plan(stage: Stage, album_id: str, templates: dict[str, Templates]) -> bool:
    """False: nothing may be sent now."""
    with stage.db.writing() as tx:
        facts = deliveries.begin(tx, album_id)
    if facts is None:
        return False
    if _full(stage, album_id):
        return True  # what was promised before is sent
    ids = {appid: one.ids for appid, one in templates.items()}
    hours = milestones.parse_quiet(stage.settings.quiet_hours)
    awake_at = milestones.quiet_until(facts, hours, stage.settings.timezone)
    over = facts.over(stage.settings.notify_days)
    with stage.db.reading() as tx:
        own = _own(tx, album_id)
    after: str | None = None if over else ""
    while after is not None:
        with stage.db.writing() as tx:
            after = deliveries.plan(tx, album_id, facts, ids, awake_at, after, own=own)
    with stage.db.writing() as tx:
        deliveries.finish(tx, album_id, facts, over=over)
        if over:
            deliveries.drop(tx, album_id)
        elif awake_at > facts.now:
            deliveries.hold(tx, album_id, awake_at)
    return not over and awake_at <= facts.now


def _own(tx: Tx, album_id: str) -> dict[str, list[int]]:
    """Listeners with photos of their own, by slate or face, also in their browser → when each went live, ascending."""
    event_id = tx.get_one(Album, album_id).event_id
    by_slate = select(SlateShot.guest_id).where(SlateShot.event_id == event_id)
    by_face = select(FaceMatch.guest_id).where(FaceMatch.event_id == event_id)
    by_tie = select(Tie.joined_id).where(Tie.event_id == event_id)
    some = or_(*(Subscription.guest_id.in_(these) for these in (by_slate, by_face, by_tie)))
    shown = select(Photo.live_at).where(Photo.album_id == album_id, Photo.state == PhotoState.LIVE)
    found = {}
    for guest_id in tx.scalars(select(Subscription.guest_id).where(Subscription.album_id == album_id, some)):
        who = ties.same(tx, guest_id, event_id)
        theirs = shown.where(or_(slates.theirs(who), faces.theirs(who)))
        found[guest_id] = [at for at in tx.scalars(theirs.order_by(Photo.live_at)) if at is not None]
    return found


def _send(stage: Stage, known: _Round, senders: ThreadPoolExecutor) -> None:
    """Until nothing is due, WeChat wants a pause or the slice is over; what is under way is always waited for."""
    end_at = time.monotonic() + SLICE_S
    back: list[Future[Told]] = []
    while True:
        going = not known.stop and time.monotonic() < end_at
        free = stage.settings.notify_senders - len(known.under_way) + len(back)
        with stage.db.writing() as tx:
            deliveries.sent(tx, [done for future in back if (done := _settle(tx, known, future))])
            going = going and not known.stop
            fresh = deliveries.claim(tx, known.album_id, free, stage.settings.lease_ttl) if going else []
            fresh = [owed for owed in fresh if not _given_up(tx, owed)]
        for owed in fresh:
            known.under_way[senders.submit(_tell, stage, known, owed)] = owed
        if not known.under_way:
            break
        back = list(wait(known.under_way, return_when=FIRST_COMPLETED).done)
    if known.sent:
        log.info("told album=%s messages=%s", known.album_id, known.sent)


def _given_up(tx: Tx, owed: Owed) -> bool:
    """Its sender died each time: a sixth try would not end better."""
    if owed.attempts <= deliveries.ATTEMPTS:
        return False
    log.error("given up delivery=%s attempts=%s", owed.delivery_id, owed.attempts - 1)
    return deliveries.settle(tx, owed.delivery_id, sent=False, outcome="gave_up")


def _tell(stage: Stage, known: _Round, owed: Owed) -> Told:
    """In a sender's thread. Raises WeChatFailed, BadInput."""
    template, title = known.templates[owed.appid], known.title
    page = known.own_page if owed.milestone is Milestone.FOUND else known.page
    while True:
        said = template.said(owed.milestone, title, owed.count, now_ms())
        told = stage.wechat_of(owed.appid).tell(owed.openid, owed.template_id, said, page=page)
        if told.outcome is Outcome.NO_PAGE and page:
            log.error("page not released: sent without it delivery=%s rid=%s", owed.delivery_id, told.rid)
            page = ""
        elif told.outcome is Outcome.SENSITIVE and title != NEUTRAL:
            log.warning("sensitive title: sent without it album=%s rid=%s", known.album_id, told.rid)
            title = NEUTRAL
        else:
            return told


def _settle(tx: Tx, known: _Round, future: Future[Told]) -> tuple[str, str] | None:
    """(delivery, msgid) when it was sent; everything else is written down here."""
    owed = known.under_way.pop(future)
    try:
        told = future.result()
    except WeChatFailed as exc:
        _failed(tx, known, owed, exc)
        return None
    except BadInput as exc:
        told = Told(Outcome.MISFIT, field=exc.detail)
    if told.outcome is Outcome.SENT:
        known.sent += 1
        return owed.delivery_id, told.msgid
    if told.outcome is Outcome.BUSY:
        deliveries.postpone(tx, owed, wait_ms=BUSY_MS, outcome="busy")
    elif told.outcome in HOLDING:
        _hold(tx, known, owed, told)
    else:
        _refused(tx, owed, told)
    return None


def _refused(tx: Tx, owed: Owed, told: Told) -> None:
    """For good; only a guest who allows nothing more has cost us what we believed to have."""
    deliveries.settle(tx, owed.delivery_id, sent=False, outcome=told.outcome.value)
    if told.outcome is Outcome.REFUSED:
        subscriptions.void(tx, owed.guest_id, owed.template_id)
    elif told.outcome is Outcome.NO_GUEST:
        subscriptions.forget_guest(tx, owed.guest_id)
    else:
        subscriptions.refund(tx, owed.guest_id, owed.template_id)


def _hold(tx: Tx, known: _Round, owed: Owed, told: Told) -> None:
    """Nobody else of this template would get theirs either: all wait for the operator, none is lost."""
    log.error(
        "messages held template=%s outcome=%s field=%s rid=%s",
        owed.template_id,
        told.outcome.value,
        told.field,
        told.rid,
    )
    known.stop = True
    outcome = f"{told.outcome.value} {told.field}".strip()[:80]
    if deliveries.postpone(tx, owed, wait_ms=HELD_MS, outcome=outcome):
        deliveries.hold(tx, known.album_id, now_ms() + HELD_MS, template_id=owed.template_id, outcome=outcome)
    else:
        subscriptions.refund(tx, owed.guest_id, owed.template_id)


def _failed(tx: Tx, known: _Round, owed: Owed, exc: WeChatFailed) -> None:
    log.warning("not told delivery=%s errcode=%s kind=%s rid=%s", owed.delivery_id, exc.errcode, exc.kind, exc.rid)
    outcome = "lost" if exc.errcode is None else f"errcode {exc.errcode}"
    if exc.permanent:
        known.stop = True
        if deliveries.postpone(tx, owed, wait_ms=HELD_MS, outcome=outcome):
            deliveries.hold(tx, known.album_id, now_ms() + HELD_MS, outcome=outcome)
        else:
            subscriptions.refund(tx, owed.guest_id, owed.template_id)
        return
    wait_ms = max(exc.retry_after * 1000, LOST_MS if exc.kind is Kind.TRANSIENT else BUSY_MS)
    if exc.kind is Kind.RATE:
        known.stop = True
        deliveries.hold(tx, known.album_id, now_ms() + wait_ms, outcome=outcome)
    deliveries.postpone(tx, owed, wait_ms=wait_ms, outcome=outcome)
