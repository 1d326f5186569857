"""slates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261125_0449"
down_revision = "20261125_0447"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slates",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("guest_id", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_slates_event_id_events")),
        sa.ForeignKeyConstraint(["guest_id"], ["guests.id"], name=op.f("fk_slates_guest_id_guests")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_slates")),
        sa.UniqueConstraint("guest_id", "event_id", name=op.f("uq_slates_guest_id_event_id")),
    )
    op.create_table(
        "slate_shots",
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("guest_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_slate_shots_event_id_events")),
        sa.ForeignKeyConstraint(["guest_id"], ["guests.id"], name=op.f("fk_slate_shots_guest_id_guests")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_slate_shots_photo_id_photos")),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_slate_shots")),
    )
    with op.batch_alter_table("slate_shots", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_slate_shots_event_id"), ["event_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_slate_shots_guest_id"), ["guest_id"], unique=False)
