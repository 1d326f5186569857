"""exports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.models import Json

revision = "20261125_0445"
down_revision = "20261125_0440"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.String(length=16), nullable=False),
        sa.Column("album_id", sa.String(length=16), nullable=False),
        sa.Column("wish", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned", "making", "ready", "failed", "withdrawn", name="exportstate", native_enum=False, length=16
            ),
            nullable=False,
        ),
        sa.Column("done", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("photos", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("parts", Json(), nullable=False),
        sa.Column("attempts", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lease_until", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ready_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("expires_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["album_id"], ["albums.id"], name=op.f("fk_exports_album_id_albums")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_exports_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    with op.batch_alter_table("exports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_exports_album_id"), ["album_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_exports_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_exports_wish"), ["wish"], unique=False)

    op.create_table(
        "export_photos",
        sa.Column("export_id", sa.String(length=16), nullable=False),
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["export_id"], ["exports.id"], name=op.f("fk_export_photos_export_id_exports")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_export_photos_photo_id_photos")),
        sa.PrimaryKeyConstraint("export_id", "photo_id", name=op.f("pk_export_photos")),
    )
    with op.batch_alter_table("export_photos", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_export_photos_photo_id"), ["photo_id"], unique=False)
