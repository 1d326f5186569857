"""pairings and orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261125_0446"
down_revision = "20261125_0445"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = sa.Enum("waiting", "confirmed", "refused", name="pairingstate", native_enum=False, length=16)


def upgrade() -> None:
    with op.batch_alter_table("bridges", schema=None) as batch_op:
        batch_op.add_column(sa.Column("paused_at", NUMBER, nullable=True))
        batch_op.add_column(sa.Column("ordered", NUMBER, nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("told", NUMBER, nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("identity", sa.Text(), nullable=True))
    op.create_table(
        "pairings",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=80), nullable=False),
        sa.Column("state", STATES, nullable=False),
        sa.Column("bridge_id", sa.String(length=16), nullable=True),
        sa.Column("takes_over", sa.Boolean(), nullable=False),
        sa.Column("asked_at", NUMBER, nullable=False),
        sa.Column("ends_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["bridge_id"], ["bridges.id"], name=op.f("fk_pairings_bridge_id_bridges")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairings")),
        sa.UniqueConstraint("code", name=op.f("uq_pairings_code")),
    )
    op.create_index(op.f("ix_pairings_ends_at"), "pairings", ["ends_at"])
    op.create_table(
        "bridge_orders",
        sa.Column("bridge_id", sa.String(length=16), nullable=False),
        sa.Column("n", NUMBER, autoincrement=False, nullable=False),
        sa.Column("do", sa.String(length=20), nullable=False),
        sa.Column("about", sa.String(length=80), nullable=False),
        sa.Column("ordered_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["bridge_id"], ["bridges.id"], name=op.f("fk_bridge_orders_bridge_id_bridges")),
        sa.PrimaryKeyConstraint("bridge_id", "n", name=op.f("pk_bridge_orders")),
    )
