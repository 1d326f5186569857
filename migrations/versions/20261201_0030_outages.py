"""outages: when a bridge was not heard of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261201_0030"
down_revision = "20261201_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "outages",
        sa.Column("bridge_id", sa.String(length=16), nullable=False),
        sa.Column("began_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["bridge_id"], ["bridges.id"], name=op.f("fk_outages_bridge_id_bridges")),
        sa.PrimaryKeyConstraint("bridge_id", "began_at", name=op.f("pk_outages")),
    )
