"""Tables for programs of an organization: keys they ask with, and addresses that are told what happens."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class ApiKey(Base):
    """接口密钥: what a program of the organization shows. Only its hash is kept."""

    __tablename__ = "api_keys"
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    start: Mapped[str] = mapped_column(String(12))  # its first characters, to tell it from others
    scopes: Mapped[dict[str, Any]]  # {"scopes": [rights]}
    event_id: Mapped[str | None] = mapped_column(String(16))  # None: every event of the organization
    made_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[int] = mapped_column(default=now_ms)
    expires_at: Mapped[int | None]
    used_at: Mapped[int | None]  # last, to the minute
    revoked_at: Mapped[int | None]


class Webhook(Base):
    """网络钩子: an address of the organization that is told, signed, what happens."""

    __tablename__ = "webhooks"
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    url: Mapped[str] = mapped_column(String(500))
    sealed_secret: Mapped[str] = mapped_column(String(300))
    kinds: Mapped[dict[str, Any]]  # {"kinds": [`backend.hooks.KINDS`]}
    event_id: Mapped[str | None] = mapped_column(String(16))
    active: Mapped[bool] = mapped_column(default=True)
    made_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[int] = mapped_column(default=now_ms)


class HookCall(Base):
    """回调: one thing one address is owed. The row is the log, too."""

    __tablename__ = "hook_calls"
    __table_args__ = (Index(None, "webhook_id", "created_at"), Index(None, "settled_at", "due_at"))
    id: Mapped[str] = own_id()
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id"))
    kind: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)  # exactly the bytes that are signed and sent
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[int] = mapped_column(default=0)
    status: Mapped[int | None]  # of the last answer
    said: Mapped[str] = mapped_column(String(300), default="")  # how the last answer began, or what went wrong
    took_ms: Mapped[int | None]
    created_at: Mapped[int] = mapped_column(default=now_ms)
    settled_at: Mapped[int | None]  # taken, or given up
    taken: Mapped[bool] = mapped_column(default=False)
