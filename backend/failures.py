"""Jobs that failed unexpectedly: written down so that somebody sees them, and done again when somebody says so."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from backend.clock import now_ms
from backend.db import Tx
from backend.jobs import KINDS, Job
from backend.models import Failure

KEPT_MS: Final = 14 * 24 * 3600 * 1000
ERROR: Final = 2000  # characters, from the end


def record(tx: Tx, job: Job, error: str) -> None:
    """The same job is one row that counts."""
    payload = asdict(job)
    words = json.dumps([type(job).__name__, payload], sort_keys=True)
    own_id = hashlib.sha256(words.encode()).hexdigest()
    same = update(Failure).where(Failure.id == own_id)
    counted = same.values(times=Failure.times + 1, last_at=now_ms(), error=error[-ERROR:])
    if tx.execute(counted.returning(Failure.id)).first() is None:
        try:
            with tx.begin_nested():
                tx.add(Failure(id=own_id, kind=type(job).__name__, payload=payload, error=error[-ERROR:]))
        except IntegrityError:
            tx.execute(counted)


def newest(tx: Tx, limit: int = 200) -> list[Failure]:
    return list(tx.scalars(select(Failure).order_by(Failure.last_at.desc()).limit(limit)))


def retry(tx: Tx, failure: Failure) -> None:
    """Ring for it again; should it fail again, it is written down again."""
    tx.ring(KINDS[failure.kind](**failure.payload))
    tx.delete(failure)


def tidy(tx: Tx) -> None:
    tx.execute(delete(Failure).where(Failure.last_at < now_ms() - KEPT_MS))
