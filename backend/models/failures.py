"""The table of failures: jobs that ended with an error nobody expected."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base


class Failure(Base):
    """失败的任务: one row per job, however often it failed; gone when somebody has it done again."""

    __tablename__ = "failures"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # digest of what was to be done
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]]
    error: Mapped[str] = mapped_column(Text)  # the end of the traceback
    times: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[int] = mapped_column(default=now_ms)
    last_at: Mapped[int] = mapped_column(default=now_ms, index=True)
