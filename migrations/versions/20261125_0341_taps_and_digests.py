"""taps and digests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261125_0341"
down_revision = "20261125_0340"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "taps",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("guest_id", sa.String(length=16), nullable=False),
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Enum("push", "client", name="tapsource", native_enum=False, length=16), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("both", sa.Boolean(), nullable=False),
        sa.Column("tapped_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["guest_id"], ["guests.id"], name=op.f("fk_taps_guest_id_guests")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taps")),
        sa.UniqueConstraint("key", name=op.f("uq_taps_key")),
    )
    with op.batch_alter_table("taps", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_taps_guest_id_template_id"), ["guest_id", "template_id"], unique=False)

    with op.batch_alter_table("albums", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("completed_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )

    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("round", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("msgid", sa.String(length=32), nullable=True))
        batch_op.drop_constraint(batch_op.f("uq_deliveries_guest_id_album_id_milestone"), type_="unique")
        batch_op.create_index(batch_op.f("ix_deliveries_msgid"), ["msgid"], unique=False)
        batch_op.create_unique_constraint(
            batch_op.f("uq_deliveries_guest_id_album_id_milestone_round"),
            ["guest_id", "album_id", "milestone", "round"],
        )
