"""Webhooks: what an organization's addresses are owed, and what became of it.

«The database owes, the queue rings, the sweep repeats»: a call is a row of the transaction that made its reason true,
so nothing that happened goes untold, and nothing is told that did not happen.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, Final

from sqlalchemy import delete, select, update

from backend.clock import now_ms
from backend.db import Tx
from backend.jobs import CallHook
from backend.models import HookCall, Webhook, new_id

KINDS: Final = ("photo.live", "photo.updated", "photo.hidden", "original.stored", "ping")
WAITS_S: Final = (10, 60, 300, 1800, 7200, 21600, 43200, 86400)  # between tries; then it is given up
LEASE_S: Final = 60
KEPT_MS: Final = 30 * 24 * 3600 * 1000


def owe(tx: Tx, organization_id: str, event_id: str, kind: str, said: dict[str, Any]) -> None:
    """Every address of the organization that wants to hear of this is owed a call."""
    for hook in tx.scalars(select(Webhook).where(Webhook.organization_id == organization_id, Webhook.active)):
        if kind in hook.kinds["kinds"] and hook.event_id in (None, event_id):
            call(tx, hook, kind, {"event_id": event_id} | said)


def call(tx: Tx, hook: Webhook, kind: str, said: dict[str, Any]) -> HookCall:
    call_id, now = new_id(), now_ms()
    body = {"id": call_id, "kind": kind, "at": now, "organization_id": hook.organization_id, "data": said}
    made = HookCall(
        id=call_id, webhook_id=hook.id, kind=kind, body=json.dumps(body, ensure_ascii=False), created_at=now
    )
    tx.add(made)
    tx.ring(CallHook(hook.id))
    return made


def signature(secret: str, at_s: int, body: str) -> str:
    """The value of X-Kuaimen-Signature: a receiver refuses what is old or does not match."""
    made = hmac.new(secret.encode(), f"{at_s}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at_s},v1={made}"


def take(tx: Tx, webhook_id: str) -> tuple[Webhook, HookCall] | None:
    """The oldest call that is due, under a lease and counted. None: nothing is due, or somebody is at it."""
    now = now_ms()
    hook = tx.get(Webhook, webhook_id)
    if hook is None or not hook.active:
        return None
    owed = select(HookCall.id).where(HookCall.webhook_id == webhook_id, HookCall.settled_at.is_(None))
    call_id = tx.scalars(owed.where(HookCall.due_at <= now).order_by(HookCall.created_at).limit(1)).first()
    free = update(HookCall).where(HookCall.id == call_id, HookCall.lease_until <= now)
    counted = free.values(lease_until=now + LEASE_S * 1000, attempts=HookCall.attempts + 1)
    if call_id is None or tx.execute(counted.returning(HookCall.id)).first() is None:
        return None
    return hook, tx.get_one(HookCall, call_id, populate_existing=True)


def settle(tx: Tx, one: HookCall, *, status: int | None, said: str, took_ms: int) -> bool:
    """What came of a try. True: it is over, taken (2xx) or given up; else it is due again later."""
    taken = status is not None and 200 <= status < 300
    over = taken or one.attempts > len(WAITS_S)
    facts: dict[str, Any] = {"status": status, "said": said[:300], "took_ms": took_ms, "lease_until": 0, "taken": taken}
    if over:
        facts["settled_at"] = now_ms()
    else:
        facts["due_at"] = now_ms() + WAITS_S[one.attempts - 1] * 1000
    tx.execute(update(HookCall).where(HookCall.id == one.id).values(**facts))
    return over


def again(tx: Tx, one: HookCall) -> None:
    """Call once more, whatever became of it: the same id, so that a receiver can tell."""
    facts = {"attempts": 0, "due_at": 0, "lease_until": 0, "settled_at": None, "taken": False}
    tx.execute(update(HookCall).where(HookCall.id == one.id).values(**facts))
    tx.ring(CallHook(one.webhook_id))


def due(tx: Tx, limit: int) -> list[CallHook]:
    now = now_ms()
    owed = select(HookCall.webhook_id).join(Webhook, Webhook.id == HookCall.webhook_id).where(Webhook.active)
    owed = owed.where(HookCall.settled_at.is_(None), HookCall.due_at <= now, HookCall.lease_until <= now)
    return [CallHook(one) for one in tx.scalars(owed.distinct().limit(limit))]


def tidy(tx: Tx) -> None:
    """The log keeps thirty days."""
    tx.execute(delete(HookCall).where(HookCall.settled_at < now_ms() - KEPT_MS))


def drop(tx: Tx, hook: Webhook) -> None:
    """With its log."""
    tx.execute(delete(HookCall).where(HookCall.webhook_id == hook.id))
    tx.delete(hook)
