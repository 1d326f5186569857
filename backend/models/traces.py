"""Tables of what guests did, as it happened: every statistic is a SELECT over these rows."""

from __future__ import annotations

import enum

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base
from backend.models.brand import Slot


class TraceKind(enum.StrEnum):
    """viewable: half of it on screen for a second; view: opened large; click: a sponsor's link, or the banner."""

    VISIT = "visit"
    VIEWABLE = "viewable"
    VIEW = "view"
    CLICK = "click"
    DOWNLOAD = "download"
    SHARE = "share"


class Trace(Base):
    """足迹: one thing one guest did. (batch, n) is its name: what is sent twice is counted once."""

    __tablename__ = "traces"
    __table_args__ = (
        Index(None, "event_id", "done_at"),
        Index(None, "photo_id"),
        Index(None, "event_id", "frame_key", "kind"),
    )
    batch: Mapped[str] = mapped_column(String(40), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(String(16))
    event_id: Mapped[str] = mapped_column(String(16))
    album_id: Mapped[str] = mapped_column(String(16))
    photo_id: Mapped[str | None] = mapped_column(String(16))
    guest_id: Mapped[str] = mapped_column(String(64))  # a random id of the phone; never an address
    kind: Mapped[TraceKind]
    source: Mapped[str] = mapped_column(String(2), default="")  # where the guest came from: events.SOURCES
    recipe_id: Mapped[str | None] = mapped_column(String(64))  # what the photo was made with
    frame_key: Mapped[str | None] = mapped_column(String(200))  # the art of the sponsor it is of, if any
    slot: Mapped[Slot | None]  # where that sponsor was met
    done_at: Mapped[int]
