"""Tables of exports: many photos as ZIP files, made once for everybody who wants the same."""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class ExportState(enum.StrEnum):
    """planned → making → ready → withdrawn; planned | making → failed. See `backend.states.EXPORT`."""

    PLANNED = "planned"
    MAKING = "making"
    READY = "ready"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class Export(Base):
    """打包下载: photos of an album as parts of at most 2 GB, with the SHA-256 of every file."""

    __tablename__ = "exports"
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    album_id: Mapped[str] = mapped_column(ForeignKey("albums.id"), index=True)
    wish: Mapped[str] = mapped_column(
        String(64), index=True
    )  # digest of what is wanted: the same wish, the same export
    state: Mapped[ExportState] = mapped_column(default=ExportState.PLANNED, index=True)
    done: Mapped[int] = mapped_column(default=0)  # photos whose full size is there, then photos that are in a part
    photos: Mapped[int]
    bytes: Mapped[int] = mapped_column(default=0)
    parts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"parts": [{key, size, sha256, photos: [ids], sums}]}
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[int] = mapped_column(default=now_ms)
    ready_at: Mapped[int | None]
    expires_at: Mapped[int | None]


class ExportPhoto(Base):
    """What an export holds, or is to hold."""

    __tablename__ = "export_photos"
    export_id: Mapped[str] = mapped_column(ForeignKey("exports.id"), primary_key=True)
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), primary_key=True, index=True)
