"""fronts of events: what guests meet first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.models import Json

revision = "20261125_1245"
down_revision = "20261125_1236"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("front", Json(), nullable=False, server_default="{}"))
        batch_op.add_column(
            sa.Column(
                "front_revision",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                nullable=False,
                server_default="0",
            )
        )
        batch_op.add_column(sa.Column("cover_key", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("cover_source_key", sa.String(length=200), nullable=True))
        batch_op.add_column(
            sa.Column(
                "cover_attempts",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                nullable=False,
                server_default="0",
            )
        )
        batch_op.add_column(sa.Column("cover_refusal", sa.String(length=32), nullable=True))
