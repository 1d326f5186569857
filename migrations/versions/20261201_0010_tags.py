"""tags: words of members for photos."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261201_0010"
down_revision = "20261130_2355"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tags",
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_tags_event_id_events")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_tags_photo_id_photos")),
        sa.PrimaryKeyConstraint("photo_id", "name", name=op.f("pk_tags")),
    )
    op.create_index(op.f("ix_tags_event_id_name"), "tags", ["event_id", "name"])
