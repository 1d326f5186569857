"""Tables of the review: what machines and guests say about a photo, and what became of it."""

from __future__ import annotations

import enum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class CheckState(enum.StrEnum):
    """wanted → asked → passed | review | risky; a person settles `review` or overrules. See `backend.states.CHECK`."""

    WANTED = "wanted"
    ASKED = "asked"
    PASSED = "passed"
    REVIEW = "review"
    RISKY = "risky"


class Reason(enum.StrEnum):
    """Why a guest asks to take a photo down."""

    ME = "me"
    CHILD = "child"
    IMPROPER = "improper"
    RIGHTS = "rights"
    OTHER = "other"


class ReportState(enum.StrEnum):
    """open → upheld | dismissed. See `backend.states.REPORT`."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class Check(Base):
    """检测: a machine's opinion of a photo and of each human-made version of it; a person's counts more."""

    __tablename__ = "checks"
    __table_args__ = (
        Index(
            "ix_checks_due",
            "due_at",
            sqlite_where=text("state IN ('wanted', 'asked')"),
            postgresql_where=text("state IN ('wanted', 'asked')"),
        ),
    )
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), primary_key=True)
    album_id: Mapped[str] = mapped_column(ForeignKey("albums.id"), index=True)
    state: Mapped[CheckState] = mapped_column(default=CheckState.WANTED)
    source_id: Mapped[str | None] = mapped_column(ForeignKey("sources.id"))  # a human-made version, looked at again
    trace_id: Mapped[str | None] = mapped_column(String(64), unique=True)  # WeChat's name for the question
    label: Mapped[int] = mapped_column(default=0)  # WeChat's: 20001 politics, 20002 porn …
    reason: Mapped[str] = mapped_column(String(40), default="")  # why a person must look: unseen, silent, errcode …
    asks: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[int] = mapped_column(default=0)  # ask (again) then
    created_at: Mapped[int] = mapped_column(default=now_ms)
    settled_at: Mapped[int | None]


class Report(Base):
    """取下申请: a guest asks to take a photo down; once per guest and photo."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("photo_id", "guest_id"),)
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), index=True)
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"))
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"), index=True)
    reason: Mapped[Reason]
    words: Mapped[str] = mapped_column(String(300), default="")
    hid: Mapped[bool]  # this request took the photo off
    state: Mapped[ReportState] = mapped_column(default=ReportState.OPEN)
    created_at: Mapped[int] = mapped_column(default=now_ms)
    decided_at: Mapped[int | None]
    decided_by: Mapped[str] = mapped_column(String(80), default="")  # member:<id>
