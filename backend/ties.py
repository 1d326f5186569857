"""A guest's browser and the same guest's WeChat: tied at one event, so that WeChat tells of what the browser found.

A tie leads one way: who joined is told of, and sees, the photos that are the browser's guest's; the browser learns
nothing of them. It begins with a ticket that only the browser was given: it works once, for ten minutes, at one
event. The browser sees whether somebody joined, and can cut the tie.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import and_, delete, or_, select, update

from backend import security
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import Gone
from backend.models import Tie

TICKET_S: Final = 600


def offer(tx: Tx, guest_id: str, event_id: str, ticket: str) -> None:
    """From now on somebody who shows the ticket can join; an earlier ticket that nobody used ends."""
    mine = delete(Tie).where(Tie.guest_id == guest_id, Tie.event_id == event_id)
    tx.execute(mine.where(Tie.joined_id.is_(None)))
    tx.add(
        Tie(
            event_id=event_id,
            guest_id=guest_id,
            ticket_hash=security.token_hash(ticket),
            expires_at=now_ms() + TICKET_S * 1000,
        )
    )


def join(tx: Tx, guest_id: str, event_id: str, ticket: str) -> None:
    """Idempotent for who joined. A browser's guest is tied to one guest of WeChat at a time. Raises Gone `tie_over`."""
    shown = and_(Tie.ticket_hash == security.token_hash(ticket), Tie.event_id == event_id)
    fresh = and_(Tie.joined_id.is_(None), Tie.expires_at > now_ms())
    tx.execute(update(Tie).where(shown, fresh).values(joined_id=guest_id, joined_at=now_ms()))
    found = tx.scalars(select(Tie).where(shown, Tie.joined_id == guest_id)).first()
    if found is None:
        raise Gone("used, over or unknown", code="tie_over")
    others = delete(Tie).where(Tie.guest_id == found.guest_id, Tie.event_id == event_id, Tie.id != found.id)
    tx.execute(others)


def tied(tx: Tx, guest_id: str, event_id: str) -> bool:
    """Whether somebody in WeChat is told of this browser's photos."""
    joined = select(Tie.id).where(Tie.guest_id == guest_id, Tie.event_id == event_id, Tie.joined_id.is_not(None))
    return tx.scalar(joined.limit(1)) is not None


def cut(tx: Tx, guest_id: str, event_id: str) -> None:
    """Either side ends it, and every ticket of theirs. Idempotent."""
    either = or_(Tie.guest_id == guest_id, Tie.joined_id == guest_id)
    tx.execute(delete(Tie).where(either, Tie.event_id == event_id))


def same(tx: Tx, guest_id: str, event_id: str) -> list[str]:
    """Whose photos are this guest's: their own, and those of the browsers tied to them."""
    browsers = select(Tie.guest_id).where(Tie.joined_id == guest_id, Tie.event_id == event_id)
    return [guest_id, *tx.scalars(browsers)]
