"""scans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261125_0418"
down_revision = "20261125_0355"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "scans",
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("album_id", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=4), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("hour_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("opened", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_scans_event_id_events")),
        sa.PrimaryKeyConstraint("event_id", "album_id", "source", "way", "hour_at", name=op.f("pk_scans")),
    )
