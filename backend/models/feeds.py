"""Tables beside the photos of a feed: how far its files have come, and which photos left for another album."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base


class FeedFiles(Base):
    """图片流文件: what was written of an album's feed, for the guests that read files instead of asking us."""

    __tablename__ = "feed_files"
    album_id: Mapped[str] = mapped_column(ForeignKey("albums.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(default=-1)  # of the newest change in the files
    hour: Mapped[int] = mapped_column(default=0)  # whose addresses stand in them: hours since the epoch
    segments: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"segments": [{key, first, last, photos}]}
    lease_until: Mapped[int] = mapped_column(default=0)
    written_at: Mapped[int] = mapped_column(default=0)


class Departure(Base):
    """离开: a photo that was moved to another album; who has the old one open is told to take it off."""

    __tablename__ = "departures"
    __table_args__ = (Index(None, "album_id", "revision"), Index(None, "recalled_at"))
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), primary_key=True)
    album_id: Mapped[str] = mapped_column(ForeignKey("albums.id"), primary_key=True)  # which it left
    position: Mapped[int]  # the place it had there
    revision: Mapped[int]  # 变更号 of its leaving
    keys: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"keys": [...]}: its pictures there, to be deleted
    recalled_at: Mapped[int | None]  # they are
