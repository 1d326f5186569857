"""The audit trail: who did what to which thing, before and after. Every operation a person causes leaves a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from backend.db import Tx
from backend.models import Audit

SYSTEM = "system"


def record(
    tx: Tx,
    organization_id: str,
    actor: str,
    action: str,
    subject: str,
    change: tuple[dict[str, Any], dict[str, Any]] = ({}, {}),
) -> None:
    """`actor` and `subject` are `<noun>:<id>`; `change` is (before, after)."""
    before, after = change
    tx.add(
        Audit(organization_id=organization_id, actor=actor, action=action, subject=subject, before=before, after=after)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for; empty: everything. `subject` and `actor` may be just the noun: `photo`, `member`."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    before: int | None = None  # done_at of the last row seen
    since: int | None = None
    limit: int = 100


def find(tx: Tx, organization_id: str, search: Search) -> list[Audit]:
    """Newest first."""
    query = select(Audit).where(Audit.organization_id == organization_id)
    for column, said in ((Audit.actor, search.actor), (Audit.subject, search.subject)):
        if said:
            query = query.where(column == said if ":" in said else column.startswith(f"{said}:", autoescape=True))
    if search.action:
        query = query.where(Audit.action == search.action)
    if search.before is not None:
        query = query.where(Audit.done_at < search.before)
    if search.since is not None:
        query = query.where(Audit.done_at >= search.since)
    return list(tx.scalars(query.order_by(Audit.done_at.desc(), Audit.id).limit(search.limit)))
