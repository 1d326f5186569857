"""Tables of the camera bridges."""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class BridgeState(enum.StrEnum):
    """pairing → paired → revoked. See `backend.states.BRIDGE`."""

    PAIRING = "pairing"
    PAIRED = "paired"
    REVOKED = "revoked"


class Bridge(Base):
    """相机桥: a paired agent beside the cameras."""

    __tablename__ = "bridges"
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), index=True)
    album_id: Mapped[str] = mapped_column(ForeignKey("albums.id"))  # where its photos go
    name: Mapped[str] = mapped_column(String(80))
    state: Mapped[BridgeState] = mapped_column(default=BridgeState.PAIRED)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    cameras: Mapped[dict[str, Any]] = mapped_column(default=dict)  # camera user → album_id
    seen_at: Mapped[int | None]
    said: Mapped[dict[str, Any]] = mapped_column(default=dict)  # its last heartbeat
    created_at: Mapped[int] = mapped_column(default=now_ms)
