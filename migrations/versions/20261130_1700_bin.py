"""the bin: when photos and events were removed; proofs of what was purged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261130_1700"
down_revision = "20261130_1625"
branch_labels = None
depends_on = None


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("photos", schema=None) as batch_op:
        batch_op.add_column(sa.Column("removed_at", _number(), nullable=True))
        batch_op.create_index(batch_op.f("ix_photos_removed_at"), ["removed_at"], unique=False)
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("removed_at", _number(), nullable=True))
        batch_op.add_column(sa.Column("removed_from", sa.String(length=16), nullable=True))
        batch_op.create_index(batch_op.f("ix_events_removed_at"), ["removed_at"], unique=False)
    op.create_table(
        "purges",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("photos", _number(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(length=120), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("purged_at", _number(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purges")),
    )
    op.create_index(op.f("ix_purges_organization_id"), "purges", ["organization_id"], unique=False)
