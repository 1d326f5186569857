"""inspections: database against store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.models import Json

revision = "20261130_1710"
down_revision = "20261130_1700"
branch_labels = None
depends_on = None


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "inspections",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("wanted_by", sa.String(length=80), nullable=False),
        sa.Column("deep", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("mend", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("clean", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("age_s", _number(), nullable=False),
        sa.Column("done", _number(), nullable=False),
        sa.Column("total", _number(), nullable=False),
        sa.Column("found", Json(), nullable=True),
        sa.Column("failure", sa.String(length=200), nullable=False),
        sa.Column("attempts", _number(), nullable=False),
        sa.Column("lease_until", _number(), nullable=False),
        sa.Column("created_at", _number(), nullable=False),
        sa.Column("finished_at", _number(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspections")),
    )
    op.create_index(op.f("ix_inspections_finished_at"), "inspections", ["finished_at"], unique=False)
