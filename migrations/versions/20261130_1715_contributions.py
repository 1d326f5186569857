"""contributions: guests give photos to an album."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261130_1715"
down_revision = "20261130_1710"
branch_labels = None
depends_on = None


def upgrade() -> None:
    rule = sa.Enum("off", "review", "open", name="contributions", native_enum=False, length=16)
    with op.batch_alter_table("albums", schema=None) as batch_op:
        batch_op.add_column(sa.Column("contributions", rule, server_default="off", nullable=False))
        batch_op.add_column(
            sa.Column(
                "contributions_a_day",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                server_default="20",
                nullable=False,
            )
        )
    with op.batch_alter_table("photos", schema=None) as batch_op:
        batch_op.add_column(sa.Column("guest_id", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("by", sa.String(length=40), server_default="", nullable=False))
        batch_op.create_foreign_key(batch_op.f("fk_photos_guest_id_guests"), "guests", ["guest_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_photos_guest_id"), ["guest_id"], unique=False)
