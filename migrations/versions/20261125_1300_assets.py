"""assets: several files of one press of the shutter are one photo."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261125_1300"
down_revision = "20261125_1245"
branch_labels = None
depends_on = None

LARGE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "assets",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.Column("bridge_id", sa.String(length=16), nullable=True),
        sa.Column("bridge_asset_id", sa.String(length=64), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", LARGE, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("jpeg", "heic", "raw", "other", name="assetkind", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column(
            "intake",
            sa.Enum("ftp", "usb", "folder", "card", name="intake", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("camera", sa.String(length=80), nullable=False),
        sa.Column("serial", sa.String(length=80), nullable=False),
        sa.Column("pair_key", sa.String(length=160), nullable=True),
        sa.Column("pixels", LARGE, nullable=False),
        sa.Column("announced_at", LARGE, nullable=False),
        sa.ForeignKeyConstraint(["bridge_id"], ["bridges.id"], name=op.f("fk_assets_bridge_id_bridges")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_assets_event_id_events")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_assets_photo_id_photos")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
        sa.UniqueConstraint("event_id", "digest", name=op.f("uq_assets_event_id_digest")),
    )
    op.create_index(op.f("ix_assets_photo_id"), "assets", ["photo_id"])
    op.create_index(op.f("ix_assets_event_id_pair_key"), "assets", ["event_id", "pair_key"])
    op.create_index(op.f("ix_assets_bridge_id_bridge_asset_id"), "assets", ["bridge_id", "bridge_asset_id"])
    op.execute(  # so far a photo was one file; that file takes the photo's id
        "INSERT INTO assets (id, event_id, photo_id, bridge_id, bridge_asset_id, digest, size, name, kind, intake,"
        " camera, serial, pair_key, pixels, announced_at)"
        " SELECT id, event_id, id, bridge_id, asset_id, digest, size, name, 'jpeg', 'ftp', camera, '', pair_key, 0,"
        " announced_at FROM photos"
    )
    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asset_id", sa.String(length=16), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_sources_asset_id_assets"), "assets", ["asset_id"], ["id"])
    op.execute("UPDATE sources SET asset_id = photo_id WHERE kind IN ('preview', 'original')")
    op.drop_table("uploads")  # a bridge that was sending starts that file over
    op.create_table(
        "uploads",
        sa.Column("asset_id", sa.String(length=16), nullable=False),
        sa.Column("upload_id", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("part_bytes", LARGE, nullable=False),
        sa.Column("created_at", LARGE, nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_uploads_asset_id_assets")),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("pk_uploads")),
    )
