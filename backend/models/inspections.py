"""The table of inspections: database against store, both ways."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, false
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class Inspection(Base):
    """核对: does the store hold what the database names, and nothing else? One run, with what it may do about it."""

    __tablename__ = "inspections"
    id: Mapped[str] = own_id()
    wanted_by: Mapped[str] = mapped_column(String(80))
    deep: Mapped[bool] = mapped_column(default=False, server_default=false())  # read every source and hash it
    mend: Mapped[bool] = mapped_column(default=False, server_default=false())  # have lost renditions made anew
    clean: Mapped[bool] = mapped_column(default=False, server_default=false())  # delete orphans; else only count
    age_s: Mapped[int]  # younger orphans are left alone: somebody may be about to name them
    done: Mapped[int] = mapped_column(default=0)  # objects seen so far
    total: Mapped[int] = mapped_column(default=0)  # objects the database names
    found: Mapped[dict[str, Any] | None]  # `backend.inspection.Findings`
    failure: Mapped[str] = mapped_column(String(200), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[int] = mapped_column(default=now_ms)
    finished_at: Mapped[int | None] = mapped_column(index=True)
