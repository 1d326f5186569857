"""Tables of guests, what they may and did: invitations to an album, receipts of downloads, likes."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class Guest(Base):
    """访客: a WeChat user, or a browser, looking at an album. The openid is unique per appid."""

    __tablename__ = "guests"
    __table_args__ = (UniqueConstraint("appid", "openid"),)
    id: Mapped[str] = own_id()
    appid: Mapped[str] = mapped_column(String(32))  # «h5» for browsers
    openid: Mapped[str] = mapped_column(String(64))
    unionid: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[int] = mapped_column(default=now_ms)
    seen_at: Mapped[int] = mapped_column(default=now_ms)


class Invitation(Base):
    """邀请: one name on the list of an album; opened by its own code, or by the phone number WeChat vouches for."""

    __tablename__ = "invitations"
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    album_id: Mapped[str] = mapped_column(ForeignKey("albums.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    phone_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    opened: Mapped[int] = mapped_column(default=0)  # how often it was used
    opened_at: Mapped[int | None]
    created_at: Mapped[int] = mapped_column(default=now_ms)


class Receipt(Base):
    """下载回执: this guest took this photo home. Who must be told when it is recalled."""

    __tablename__ = "receipts"
    __table_args__ = (Index(None, "guest_id", "album_id", "taken_at"),)
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    album_id: Mapped[str] = mapped_column(ForeignKey("albums.id"))
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), index=True)
    guest_id: Mapped[str | None] = mapped_column(ForeignKey("guests.id"))  # None: somebody without a session
    by: Mapped[str] = mapped_column(String(16), default="one")  # one, or the export's id
    size: Mapped[int] = mapped_column(default=0)  # bytes
    taken_at: Mapped[int] = mapped_column(default=now_ms)


class Like(Base):
    """喜欢: once per guest and photo."""

    __tablename__ = "likes"
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), primary_key=True)
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"), primary_key=True, index=True)
    created_at: Mapped[int] = mapped_column(default=now_ms)
