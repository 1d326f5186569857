"""faces: veils, masks, photos that come back; taps, grouping, corrections."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261130_1735"
down_revision = "20261130_1720"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "face_returns",
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.Column("asked_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_face_returns_photo_id_photos")),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_face_returns")),
    )
    op.create_table(
        "face_veils",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("guest_id", sa.String(length=16), nullable=False),
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.Enum("blur", "exclude", name="veilkind", native_enum=False, length=16), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "approved", "declined", "ended", name="veilstate", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("x", sa.Double(), nullable=False),
        sa.Column("y", sa.Double(), nullable=False),
        sa.Column("width", sa.Double(), nullable=False),
        sa.Column("height", sa.Double(), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("consent_id", sa.String(length=16), nullable=True),
        sa.Column("engine", sa.String(length=40), nullable=True),
        sa.Column("vector", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("decided_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("ended_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_face_veils_event_id_events")),
        sa.ForeignKeyConstraint(["guest_id"], ["guests.id"], name=op.f("fk_face_veils_guest_id_guests")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_face_veils_organization_id_organizations")
        ),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_face_veils_photo_id_photos")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_face_veils")),
    )
    with op.batch_alter_table("face_veils", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_face_veils_event_id_state"), ["event_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_face_veils_guest_id_event_id"), ["guest_id", "event_id"], unique=False)

    op.create_table(
        "face_masks",
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.Column("veil_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.Enum("blur", "exclude", name="veilkind", native_enum=False, length=16), nullable=False),
        sa.Column("x", sa.Double(), nullable=False),
        sa.Column("y", sa.Double(), nullable=False),
        sa.Column("width", sa.Double(), nullable=False),
        sa.Column("height", sa.Double(), nullable=False),
        sa.Column("made_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_face_masks_photo_id_photos")),
        sa.ForeignKeyConstraint(["veil_id"], ["face_veils.id"], name=op.f("fk_face_masks_veil_id_face_veils")),
        sa.PrimaryKeyConstraint("photo_id", "veil_id", name=op.f("pk_face_masks")),
    )
    with op.batch_alter_table("face_masks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_face_masks_veil_id"), ["veil_id"], unique=False)

    with op.batch_alter_table("face_rules", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tap_h5", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("tap_mini", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(
            sa.Column(
                "grouped", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False
            )
        )
        batch_op.add_column(
            sa.Column("epoch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False)
        )

    with op.batch_alter_table("face_templates", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shift", sa.Double(), server_default="0", nullable=False))
