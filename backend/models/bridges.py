"""Tables of the camera bridges."""

from __future__ import annotations

import enum
from typing import Any, Final

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id

ONLINE_MS: Final = 30_000  # after a heartbeat; they come every few seconds


class BridgeState(enum.StrEnum):
    """pairing → paired → revoked. See `backend.states.BRIDGE`."""

    PAIRING = "pairing"
    PAIRED = "paired"
    REVOKED = "revoked"


class PairingState(enum.StrEnum):
    """waiting → confirmed | refused. See `backend.states.PAIRING`."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


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
    paused_at: Mapped[int | None]  # its photos are not published while this is set
    ordered: Mapped[int] = mapped_column(default=0)  # number of the latest order
    told: Mapped[int] = mapped_column(default=0)  # number of the latest order it was told, or said to have
    identity: Mapped[str | None] = mapped_column(Text)  # what a spare needs, sealed


class Pairing(Base):
    """配对: a bridge that shows a code and waits for somebody to confirm it. No tenant's until then."""

    __tablename__ = "pairings"
    id: Mapped[str] = own_id()
    code: Mapped[str] = mapped_column(String(8), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64))  # who may fetch the token
    device: Mapped[str] = mapped_column(String(80))
    state: Mapped[PairingState] = mapped_column(default=PairingState.WAITING)
    bridge_id: Mapped[str | None] = mapped_column(ForeignKey("bridges.id"))  # what it became
    takes_over: Mapped[bool] = mapped_column(default=False)  # the place of a bridge that was there before
    asked_at: Mapped[int] = mapped_column(default=now_ms)
    ends_at: Mapped[int] = mapped_column(index=True)


class Order(Base):
    """指令: what the console wants of a bridge, numbered; told until the bridge says that it has it."""

    __tablename__ = "bridge_orders"
    bridge_id: Mapped[str] = mapped_column(ForeignKey("bridges.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    do: Mapped[str] = mapped_column(String(20))
    about: Mapped[str] = mapped_column(String(80), default="")
    ordered_at: Mapped[int] = mapped_column(default=now_ms)


class Outage(Base):
    """断线: a bridge was not heard of for `ONLINE_MS` or longer; written down when it is heard again."""

    __tablename__ = "outages"
    bridge_id: Mapped[str] = mapped_column(ForeignKey("bridges.id"), primary_key=True)
    began_at: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ended_at: Mapped[int]
