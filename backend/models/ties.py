"""Table of ties: the guest of a browser and the guest of a mini-program who are one person at one event."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class Tie(Base):
    """关联: begins as a ticket that works once until `expires_at`; a tie when somebody joined with it."""

    __tablename__ = "ties"
    id: Mapped[str] = own_id()
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), index=True)
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"), index=True)  # who asked for it, in a browser
    joined_id: Mapped[str | None] = mapped_column(ForeignKey("guests.id"), index=True)  # who opened it, in WeChat
    ticket_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[int]
    joined_at: Mapped[int | None]
    created_at: Mapped[int] = mapped_column(default=now_ms)
