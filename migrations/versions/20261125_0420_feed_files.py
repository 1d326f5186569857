"""feed files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.models import Json

revision = "20261125_0420"
down_revision = "20261125_0418"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed_files",
        sa.Column("album_id", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hour", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("segments", Json(), nullable=False),
        sa.Column("lease_until", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("written_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["album_id"], ["albums.id"], name=op.f("fk_feed_files_album_id_albums")),
        sa.PrimaryKeyConstraint("album_id", name=op.f("pk_feed_files")),
    )
