"""The table of what people did."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class Audit(Base):
    """审计: everything a person did to a photo, an album or a member."""

    __tablename__ = "audits"
    __table_args__ = (Index(None, "organization_id", "done_at"), Index(None, "subject"))
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    actor: Mapped[str] = mapped_column(String(80))  # member:<id>, guest:<id>, system
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80))  # photo:<id>, album:<id>, …
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(default=dict)
    done_at: Mapped[int] = mapped_column(default=now_ms)
