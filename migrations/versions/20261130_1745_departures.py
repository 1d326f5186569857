"""photos that were moved to another album."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.models import Json

revision = "20261130_1745"
down_revision = "20261130_1740"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "departures",
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.Column("album_id", sa.String(length=16), nullable=False),
        sa.Column("position", NUMBER, nullable=False),
        sa.Column("revision", NUMBER, nullable=False),
        sa.Column("keys", Json(), nullable=False),
        sa.Column("recalled_at", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["album_id"], ["albums.id"], name=op.f("fk_departures_album_id_albums")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_departures_photo_id_photos")),
        sa.PrimaryKeyConstraint("photo_id", "album_id", name=op.f("pk_departures")),
    )
    op.create_index(op.f("ix_departures_album_id_revision"), "departures", ["album_id", "revision"])
    op.create_index(op.f("ix_departures_recalled_at"), "departures", ["recalled_at"])
