"""Call webhooks: one address per job, oldest first, for a while; a failure ends its turn, so nobody is hammered."""

from __future__ import annotations

import logging
import time

from backend import hooks, outgoing
from backend.clock import now_ms
from backend.context import Stage
from backend.errors import AppError
from backend.jobs import CallHook
from backend.models import HookCall, Webhook

log = logging.getLogger(__name__)
TURN_S = 20.0


def call(stage: Stage, job: CallHook) -> None:
    """May run twice: the same call carries the same id."""
    until = time.monotonic() + TURN_S
    while time.monotonic() < until:
        with stage.db.writing() as tx:
            taken = hooks.take(tx, job.webhook_id)
        if taken is None or not _one(stage, *taken):
            return
    with stage.db.writing() as tx:
        tx.ring(job)


def _one(stage: Stage, hook: Webhook, owed: HookCall) -> bool:
    """False: it was not taken."""
    secret = stage.signer.unseal(hook.sealed_secret)
    at_s = now_ms() // 1000
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Kuaimen-Webhook/1",
        "X-Kuaimen-Event": owed.kind,
        "X-Kuaimen-Delivery": owed.id,
        "X-Kuaimen-Signature": hooks.signature(secret or "", at_s, owed.body),
    }
    status, said, took = None, "sealed under another secret key", 0
    if secret is not None:
        try:
            answer = outgoing.post(hook.url, owed.body.encode(), headers, private=stage.settings.webhook_private)
            status, said, took = answer.status, answer.text, answer.took_ms
        except AppError as exc:
            said = exc.detail
    with stage.db.writing() as tx:
        over = hooks.settle(tx, owed, status=status, said=said, took_ms=took)
    log.info("hook=%s call=%s kind=%s status=%s over=%s", hook.id, owed.id, owed.kind, status, over)
    return status is not None and 200 <= status < 300
