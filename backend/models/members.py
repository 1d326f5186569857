"""Tables of who works for whom: organizations, members, invitations."""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class Role(enum.StrEnum):
    """What a member may do; the matrix is `backend.accounts.RIGHTS`."""

    OWNER = "owner"
    ADMIN = "admin"
    PHOTOGRAPHER = "photographer"
    RETOUCHER = "retoucher"
    REVIEWER = "reviewer"
    SPONSOR = "sponsor"
    PLATFORM = "platform"


class Organization(Base):
    """机构: the tenant."""

    __tablename__ = "organizations"
    id: Mapped[str] = own_id()
    name: Mapped[str] = mapped_column(String(80))
    limits: Mapped[dict[str, Any] | None]  # `backend.usage.KINDS`; None: no limits
    created_at: Mapped[int] = mapped_column(default=now_ms)


class Member(Base):
    """成员: somebody who works for an organization."""

    __tablename__ = "members"
    __table_args__ = (UniqueConstraint("wechat_appid", "wechat_openid"),)
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    login: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(80), default="")
    role: Mapped[Role]
    password_hash: Mapped[str] = mapped_column(String(200))
    session_epoch: Mapped[int] = mapped_column(default=0)  # raising it ends every session
    event_id: Mapped[str | None] = mapped_column(String(16))  # None: every event of the organization
    sealed_totp: Mapped[str | None] = mapped_column(String(300))  # of the second step; asked for when `totp_at` is set
    totp_at: Mapped[int | None]  # the half minute of the last code that was taken
    recovery: Mapped[dict[str, Any] | None]  # {"hashes": [of codes not used yet]}
    wechat_appid: Mapped[str | None] = mapped_column(String(64))  # who confirms with WeChat instead of a password
    wechat_openid: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[int] = mapped_column(default=now_ms)
    disabled_at: Mapped[int | None]


class TeamInvitation(Base):
    """邀请: a link that makes one member, of one role, until it expires."""

    __tablename__ = "team_invitations"
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[Role]
    event_id: Mapped[str | None] = mapped_column(String(16))  # what the member will be limited to
    invited_by: Mapped[str] = mapped_column(String(80))
    member_id: Mapped[str | None] = mapped_column(String(16))  # who used it
    expires_at: Mapped[int]
    used_at: Mapped[int | None]
    revoked_at: Mapped[int | None]
    created_at: Mapped[int] = mapped_column(default=now_ms)
