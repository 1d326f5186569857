"""The table of feed files: how far the files of a public album's feed have come."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey
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
