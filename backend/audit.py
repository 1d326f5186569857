"""The audit trail: who did what to which thing, before and after. Every operation a person causes leaves a row."""

from __future__ import annotations

from typing import Any

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
