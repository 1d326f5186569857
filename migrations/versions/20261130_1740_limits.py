"""limits of organizations; failed jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.models import Json

revision = "20261130_1740"
down_revision = "20261130_1735"
branch_labels = None
depends_on = None


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("organizations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("limits", Json(), nullable=True))
    op.create_table(
        "failures",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("payload", Json(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("times", _number(), nullable=False),
        sa.Column("first_at", _number(), nullable=False),
        sa.Column("last_at", _number(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failures")),
    )
    op.create_index(op.f("ix_failures_last_at"), "failures", ["last_at"], unique=False)
