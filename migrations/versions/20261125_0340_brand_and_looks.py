"""Art and samples of brands, looks of albums and photos, aids for choosing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.models import Json

revision = "20261125_0340"
down_revision = "20261125_0330"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "arts",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.Enum("picture", "cube", name="artkind", native_enum=False, length=16), nullable=False),
        sa.Column("size", WHOLE, nullable=False),
        sa.Column("width", WHOLE, nullable=True),
        sa.Column("height", WHOLE, nullable=True),
        sa.Column("refusal", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("attempts", WHOLE, nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("checked_at", WHOLE, nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_arts_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arts")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_arts_organization_id_key")),
    )
    op.create_index(op.f("ix_arts_checked_at"), "arts", ["checked_at"])
    op.create_table(
        "samples",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.String(length=16), nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.Column("photo_id", sa.String(length=16), nullable=True),
        sa.Column("pictures", Json(), nullable=False),
        sa.Column("refusal", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("attempts", WHOLE, nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("made_at", WHOLE, nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_samples_organization_id_organizations")
        ),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_samples_photo_id_photos")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_samples")),
    )
    op.create_index(op.f("ix_samples_made_at"), "samples", ["made_at"])
    op.add_column("brand_kits", sa.Column("turns", Json(), nullable=True))
    op.add_column("albums", sa.Column("look", Json(), nullable=True))
    culling = sa.Enum("off", "suggest", "hold", name="culling", native_enum=False, length=16)
    op.add_column("albums", sa.Column("culling", culling, nullable=False, server_default="suggest"))
    op.add_column("photos", sa.Column("own_look", Json(), nullable=True))
    op.add_column("photos", sa.Column("recipe_id", sa.String(length=64), nullable=True))
    op.add_column("photos", sa.Column("aids", Json(), nullable=True))
    op.add_column("photos", sa.Column("held", sa.String(length=64), nullable=True))
