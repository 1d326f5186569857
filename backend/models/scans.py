"""Table of scans: how many guests came by which code, by hour."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base


class Scan(Base):
    """扫码: how often one source of an event (or of one of its albums) was opened in one hour."""

    __tablename__ = "scans"
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), primary_key=True)
    album_id: Mapped[str] = mapped_column(String(16), primary_key=True, default="")  # empty: the event's own code
    source: Mapped[str] = mapped_column(String(4), primary_key=True)  # backend.events.SOURCES
    way: Mapped[str] = mapped_column(String(8), primary_key=True)  # mini: the mini-program; h5: a browser
    hour_at: Mapped[int] = mapped_column(primary_key=True)
    opened: Mapped[int] = mapped_column(default=0)
