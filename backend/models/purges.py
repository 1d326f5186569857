"""The table of purges: what was deleted for good, as a signed list of hashes without the pictures."""

from __future__ import annotations

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class Purge(Base):
    """清除证明: an event whose rows and bytes are gone. It names the event and points at nothing any more."""

    __tablename__ = "purges"
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(String(16), index=True)
    event_id: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(80))
    photos: Mapped[int]
    document: Mapped[str] = mapped_column(Text)  # exactly the bytes that are signed
    signature: Mapped[str] = mapped_column(String(120))  # base64 of Ed25519
    key_id: Mapped[str] = mapped_column(String(16))
    public_key: Mapped[str] = mapped_column(Text)  # PEM
    purged_at: Mapped[int] = mapped_column(default=now_ms)
