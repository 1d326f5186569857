"""Tell subscribed guests of an album's milestones."""

from __future__ import annotations

import logging

from backend import feed, subscriptions
from backend.clock import now_ms
from backend.context import Stage
from backend.jobs import NotifyAlbum
from backend.models import Album, Delivery
from backend.states import lease_delivery
from backend.wechat import Outcome, WeChatFailed, fields

log = logging.getLogger(__name__)


def album(stage: Stage, job: NotifyAlbum) -> None:
    """Plan in one transaction, send outside, settle one by one: a crash repeats at most one message."""
    with stage.db.writing() as tx:
        subscriptions.plan(tx, job.album_id)
    with stage.db.reading() as tx:
        found = tx.get(Album, job.album_id)
        if found is None:
            return
        words: dict[str, str | int] = {
            "album": found.event.title,
            "count": feed.visible(tx, found.id),
            "time": now_ms(),
            "tip": "有新照片，点击查看",
        }
        page = f"pages/album/album?id={found.id}&e={found.event.share_code}&f=m"
        owed = subscriptions.owed(tx, job.album_id)
    said = fields.fit(fields.parse_mapping(stage.settings.wechat_template_fields), words)
    for delivery, openid in owed:
        _tell(stage, delivery, openid, said, page)


def _tell(stage: Stage, delivery: Delivery, openid: str, said: dict[str, str], page: str) -> None:
    with stage.db.writing() as tx:
        if not lease_delivery(tx, delivery.id, stage.settings.lease_ttl):
            return
    try:
        told = stage.wechat.tell(openid, delivery.template_id, said, page=page)
    except WeChatFailed as exc:
        log.warning("not told delivery=%s errcode=%s permanent=%s", delivery.id, exc.errcode, exc.permanent)
        with stage.db.writing() as tx:
            if exc.permanent:
                subscriptions.settle(tx, delivery, told=False, outcome=f"errcode {exc.errcode}")
            else:
                wait_ms = max(1, exc.retry_after) * 1000
                subscriptions.postpone(tx, delivery, wait_ms=wait_ms, outcome=f"errcode {exc.errcode}")
        return
    with stage.db.writing() as tx:
        if told.outcome is Outcome.SENT:
            subscriptions.settle(tx, delivery, told=True, outcome=f"msgid {told.msgid}")
        elif told.outcome is Outcome.BUSY:
            subscriptions.postpone(tx, delivery, wait_ms=max(1, told.retry_after) * 1000, outcome="busy")
        else:
            if told.outcome is Outcome.REFUSED:
                subscriptions.void(tx, delivery.guest_id, delivery.template_id)
            subscriptions.settle(tx, delivery, told=False, outcome=told.outcome.value)
