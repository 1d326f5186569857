"""微信来信: what WeChat pushed, kept until it is applied.

WeChat wants an answer within 5 s and repeats itself when it gets none. So the endpoint only keeps what it was told
(`keep`, one short transaction) and answers; a worker applies it (`workers.pushes`). The key is the same whenever WeChat
repeats itself, so nothing is kept twice; `done` is part of the transaction that applies, so nothing is applied twice.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from backend.clock import now_ms
from backend.db import Tx
from backend.jobs import ApplyPushes
from backend.models import Push
from backend.wechat.push import PushEvent, PushKind

log = logging.getLogger(__name__)

PORTION: Final = 50  # taken in one transaction
FIRST_PAUSE_MS: Final = 10_000  # after this another worker may try; doubled each time
LONGEST_PAUSE_MS: Final = 3600_000
ATTEMPTS: Final = 12  # about six hours
KEPT_MS: Final = 3 * 24 * 3600_000  # what is done, for whoever asks why; WeChat repeats itself within a minute
KEY_CHARACTERS: Final = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """One push to apply."""

    appid: str
    key: str
    event: dict[str, Any]

    def read(self) -> PushEvent:
        """Raises TypeError or ValueError when another version of the program kept it."""
        return PushEvent(**self.event)


def keep(tx: Tx, appid: str, events: Sequence[PushEvent]) -> None:
    """Owe them. What was kept before is left as it is; what we make no use of is not kept."""
    rows = [_row(appid, event) for event in events if event.kind is not PushKind.OTHER]
    if not rows:
        return
    insert = postgresql_insert if tx.get_bind().dialect.name == "postgresql" else sqlite_insert
    for row in rows:
        tx.execute(insert(Push).values(**row).on_conflict_do_nothing())
    tx.ring(ApplyPushes())


def _row(appid: str, event: PushEvent) -> dict[str, Any]:
    content = dataclasses.asdict(event)
    kind = {"appid": appid, "key": _short(event.key), "kind": event.kind.value, "content": content}
    return kind | {"made_at": event.made_at, "received_at": now_ms(), "attempts": 0, "due_at": 0, "outcome": ""}


def _short(key: str) -> str:
    return key if len(key) <= KEY_CHARACTERS else hashlib.sha256(key.encode()).hexdigest()


def due(tx: Tx) -> list[ApplyPushes]:
    """One job does them all."""
    some = select(Push.key).where(Push.done_at.is_(None), Push.due_at <= now_ms()).limit(1)
    return [ApplyPushes()] if tx.scalar(some) is not None else []


def take(tx: Tx, limit: int = PORTION) -> list[Taken]:
    """The next ones, verdicts about photos first; the attempt is counted, and a worker that dies is followed."""
    now = now_ms()
    query = select(Push).where(Push.done_at.is_(None), Push.due_at <= now)
    query = query.order_by(Push.kind != PushKind.MEDIA_CHECKED, Push.made_at, Push.key).limit(limit)
    found = []
    for row in tx.scalars(query.with_for_update(skip_locked=True)):
        if row.attempts >= ATTEMPTS:
            log.error("given up push=%s attempts=%s", row.key, row.attempts)
            row.done_at, row.outcome = now, "gave_up"
            continue
        row.due_at = now + min(FIRST_PAUSE_MS << row.attempts, LONGEST_PAUSE_MS)
        row.attempts += 1
        found.append(Taken(row.appid, row.key, row.content))
    return found


def done(tx: Tx, one: Taken) -> bool:
    """First in the transaction that applies it. False: somebody did already."""
    mine = update(Push).where(Push.appid == one.appid, Push.key == one.key, Push.done_at.is_(None))
    changed = tx.execute(mine.values(done_at=now_ms()))
    assert isinstance(changed, CursorResult)
    return bool(changed.rowcount == 1)


def forget(tx: Tx) -> None:
    """What was done days ago: it names guests and is of no more use."""
    tx.execute(delete(Push).where(Push.done_at < now_ms() - KEPT_MS))
