"""Tables of the retouch desk."""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class RetouchState(enum.StrEnum):
    """open → claimed → submitted → accepted | returned → claimed. See `backend.states.RETOUCH`."""

    OPEN = "open"
    CLAIMED = "claimed"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    RETURNED = "returned"


class RetouchTask(Base):
    """精修任务: one photo in the hands of one retoucher, until `lease_until`. Made when somebody first takes it."""

    __tablename__ = "retouch_tasks"
    __table_args__ = (Index(None, "event_id", "state"),)
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"))
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), unique=True)
    state: Mapped[RetouchState] = mapped_column(default=RetouchState.OPEN)
    member_id: Mapped[str | None] = mapped_column(String(16))  # who holds it, or held it last
    lease_until: Mapped[int] = mapped_column(default=0)
    words: Mapped[str] = mapped_column(String(400), default="")  # why it was returned
    claimed_at: Mapped[int | None]
    submitted_at: Mapped[int | None]
    created_at: Mapped[int] = mapped_column(default=now_ms)


class Adjustment(Base):
    """调整: settings a person gave a photo, kept so that any of them can be shown again. None: the album's own look."""

    __tablename__ = "adjustments"
    __table_args__ = (Index(None, "photo_id", "made_at"),)
    id: Mapped[str] = own_id()
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"))
    member_id: Mapped[str | None] = mapped_column(String(16))  # who gave them; None: what was there before anybody did
    look: Mapped[dict[str, Any] | None]
    made_at: Mapped[int] = mapped_column(default=now_ms)


class Tag(Base):
    """标签: a word of a member's for a photo, to find it again. Guests never see it."""

    __tablename__ = "tags"
    __table_args__ = (Index(None, "event_id", "name"),)
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"))
