"""Tables of subscription messages: what guests allow, what they want to hear of, what they were told."""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class DeliveryState(enum.StrEnum):
    """planned → sent | refused. See `backend.states.DELIVERY`."""

    PLANNED = "planned"
    SENT = "sent"
    REFUSED = "refused"


class Milestone(enum.StrEnum):
    """What a subscription message may announce; what each is worth: `backend.milestones.VALUE`."""

    OPEN = "open"
    FIRST_PHOTOS = "first_photos"
    NEW_PHOTOS = "new_photos"
    RETOUCHED = "retouched"
    COMPLETE = "complete"
    FOUND = "found"


class TapSource(enum.StrEnum):
    """Who told of a tap first."""

    PUSH = "push"
    CLIENT = "client"


class Push(Base):
    """微信来信: one thing WeChat told us, kept before it is answered; once, however often WeChat repeats it."""

    __tablename__ = "pushes"
    __table_args__ = (
        Index(
            "ix_pushes_due",
            "due_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )
    appid: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    content: Mapped[dict[str, Any]]  # a `backend.wechat.push.PushEvent`
    made_at: Mapped[int]
    received_at: Mapped[int] = mapped_column(default=now_ms)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[int | None]
    outcome: Mapped[str] = mapped_column(String(80), default="")


class Quota(Base):
    """订阅额度: messages this guest still allows for this template."""

    __tablename__ = "quotas"
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"), primary_key=True)
    template_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    left: Mapped[int] = mapped_column(default=0)


class Tap(Base):
    """点按: one «允许» of a guest, as WeChat's push or the guest's phone told it; both tell of the same tap."""

    __tablename__ = "taps"
    __table_args__ = (Index(None, "guest_id", "template_id"),)
    id: Mapped[str] = own_id()
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"))
    template_id: Mapped[str] = mapped_column(String(64))
    source: Mapped[TapSource]
    key: Mapped[str | None] = mapped_column(String(200), unique=True)  # the same when told again
    both: Mapped[bool] = mapped_column(default=False)  # the other source has told of it too
    tapped_at: Mapped[int]
    created_at: Mapped[int] = mapped_column(default=now_ms)


class Subscription(Base):
    """订阅: this guest wants to hear of this album."""

    __tablename__ = "subscriptions"
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"), primary_key=True)
    album_id: Mapped[str] = mapped_column(ForeignKey("albums.id"), primary_key=True, index=True)
    template_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[int] = mapped_column(default=now_ms)


class Delivery(Base):
    """推送: one subscription message owed to one guest; one per album and milestone, digests one per round."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("guest_id", "album_id", "milestone", "round"),
        Index(
            "ix_deliveries_planned",
            "album_id",
            "due_at",
            "id",
            sqlite_where=text("state = 'planned'"),
            postgresql_where=text("state = 'planned'"),
        ),
    )
    id: Mapped[str] = own_id()
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"))
    album_id: Mapped[str] = mapped_column(ForeignKey("albums.id"), index=True)
    template_id: Mapped[str] = mapped_column(String(64))
    milestone: Mapped[Milestone]
    round: Mapped[int] = mapped_column(default=0, server_default="0")  # of digests; everything else is told once
    count: Mapped[int] = mapped_column(default=0, server_default="0")  # photos it tells of
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.PLANNED)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str] = mapped_column(String(80), default="")
    msgid: Mapped[str | None] = mapped_column(String(32), index=True)  # WeChat's, also in its push about the arrival
    created_at: Mapped[int] = mapped_column(default=now_ms)
    settled_at: Mapped[int | None]
