"""Tables of slates: codes that guests hold up to a photographer, and the frames in which one was seen."""

from __future__ import annotations

import secrets

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base


def new_slate() -> str:
    return secrets.token_hex(8)


class Slate(Base):
    """名牌码: one per guest and event; whoever is photographed with it owns the frames that follow."""

    __tablename__ = "slates"
    __table_args__ = (UniqueConstraint("guest_id", "event_id"),)
    code: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_slate)
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"))
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"))
    created_at: Mapped[int] = mapped_column(default=now_ms)


class SlateShot(Base):
    """A frame that shows a slate; its camera's frames from here to its next slate are this guest's."""

    __tablename__ = "slate_shots"
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), index=True)
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"), index=True)
