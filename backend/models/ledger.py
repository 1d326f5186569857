"""Tables of the ledger: what bridges tell of every file, line by line, and the certificates drawn from it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class Story(Base):
    """账本: how far we have the hash chain of one spool of one bridge."""

    __tablename__ = "stories"
    bridge_id: Mapped[str] = mapped_column(ForeignKey("bridges.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # the bridge's own name for it
    n: Mapped[int] = mapped_column(default=0)  # lines we have
    chain: Mapped[str] = mapped_column(String(64))  # hash of the last of them
    told_at: Mapped[int] = mapped_column(default=now_ms)  # when it last grew
    faults: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"<kind> <line>": when it was first seen}


class StoryLine(Base):
    """One line as the bridge wrote it. `body` stays text, because the hash is over it."""

    __tablename__ = "story_lines"
    bridge_id: Mapped[str] = mapped_column(ForeignKey("bridges.id"), primary_key=True)
    story_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    asset_id: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    chain: Mapped[str] = mapped_column(String(64))


class Certificate(Base):
    """交付证明: the account of an event, signed; it never changes, a later one is another."""

    __tablename__ = "certificates"
    __table_args__ = (Index(None, "event_id", "drawn_at"),)
    id: Mapped[str] = own_id()  # also the secret of its address
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"))
    document: Mapped[str] = mapped_column(Text)  # exactly the bytes that are signed
    signature: Mapped[str] = mapped_column(String(120))  # base64 of Ed25519
    key_id: Mapped[str] = mapped_column(String(16))
    public_key: Mapped[str] = mapped_column(Text)  # PEM
    drawn_at: Mapped[int] = mapped_column(default=now_ms)
