"""The retouch desk: settings people gave photos, what they may be worth, samples of whole photos."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.models.base import Json

revision = "20261130_1610"
down_revision = "20261125_1334"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adjustments",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.Column("member_id", sa.String(length=16), nullable=True),
        sa.Column("look", Json(), nullable=True),
        sa.Column("made_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_adjustments_photo_id_photos")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjustments")),
    )
    op.create_index(op.f("ix_adjustments_photo_id_made_at"), "adjustments", ["photo_id", "made_at"])
    op.create_index(op.f("ix_traces_photo_id"), "traces", ["photo_id"])
    with op.batch_alter_table("samples", schema=None) as batch_op:
        batch_op.add_column(sa.Column("whole", Json(), nullable=True))
    with op.batch_alter_table("photos", schema=None) as batch_op:
        promise = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
        batch_op.add_column(sa.Column("promise", promise, server_default="0", nullable=False))
