"""Tables of what guests say under photos, and of who objected."""

from __future__ import annotations

import enum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class CommentState(enum.StrEnum):
    """shown → waiting (two guests objected) → shown | hidden, by a member. See `backend.states.COMMENT`."""

    SHOWN = "shown"
    WAITING = "waiting"
    HIDDEN = "hidden"


class Comment(Base):
    """评论: a few words of a guest under a photo."""

    __tablename__ = "comments"
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), index=True)
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), index=True)
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"), index=True)
    by: Mapped[str] = mapped_column(String(40), default="")  # the name the guest goes by
    words: Mapped[str] = mapped_column(String(200))
    state: Mapped[CommentState] = mapped_column(default=CommentState.SHOWN)
    created_at: Mapped[int] = mapped_column(default=now_ms)


class CommentReport(Base):
    """举报: a guest objects to a comment; once per guest and comment."""

    __tablename__ = "comment_reports"
    comment_id: Mapped[str] = mapped_column(ForeignKey("comments.id"), primary_key=True)
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"), primary_key=True, index=True)
    created_at: Mapped[int] = mapped_column(default=now_ms)
    decided_at: Mapped[int | None]  # a member looked; None: it still counts
