"""Apply what WeChat pushed: taps, «off», arrivals, verdicts; each in a transaction that also marks it done."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Final

from redis import RedisError

from backend import checking, deliveries, pushes, subscriptions
from backend.context import Stage
from backend.db import Tx
from backend.jobs import ApplyPushes
from backend.pushes import Taken
from backend.wechat import Suggest, Verdict
from backend.wechat.push import PushEvent, PushKind

log = logging.getLogger(__name__)
SLICE_S: Final = 0.5  # then photos have their turn; the next push, or the sweep, rings again


def apply(stage: Stage, job: ApplyPushes) -> None:
    """All that are due, for a while."""
    with contextlib.suppress(RedisError):
        stage.redis.delete(job.rung_key)  # before the look: what is kept from here on rings again
    end_at = time.monotonic() + SLICE_S
    while True:
        with stage.db.writing() as tx:
            taken = pushes.take(tx)
        for one in taken:
            _apply(stage, one)
        if len(taken) < pushes.PORTION or time.monotonic() > end_at:
            break


def _apply(stage: Stage, one: Taken) -> None:
    """Done, or left to a later attempt: one that cannot be applied must not keep the others waiting."""
    try:
        event = one.read()
        with stage.db.writing() as tx:
            if pushes.done(tx, one):
                _change(tx, one.appid, event)
    except Exception:
        log.exception("not applied push=%s", one.key)


def _change(tx: Tx, appid: str, event: PushEvent) -> None:
    if event.kind is PushKind.POPUP and event.accepted:
        subscriptions.told_by_push(tx, appid, event.openid, event.template_id, event.made_at, event.key)
    elif event.kind is PushKind.CHANGE and not event.accepted:
        subscriptions.void_openid(tx, appid, event.openid, event.template_id)
    elif event.kind is PushKind.SENT:
        deliveries.arrived(tx, appid, event.openid, event.template_id, event.msgid, event.errcode)
    elif event.kind is PushKind.MEDIA_CHECKED:
        checking.heard(tx, event.trace_id, Verdict(event.suggest or Suggest.REVIEW, event.label), event.errcode)
