"""faces: rules of events, faces in photos, consents of guests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.models import Json

revision = "20261125_1310"
down_revision = "20261125_1300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "face_consents",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("guest_id", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column(
            "kind", sa.Enum("search", "follow", name="consentkind", native_enum=False, length=16), nullable=False
        ),
        sa.Column("notice", sa.String(length=16), nullable=False),
        sa.Column("guardian", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("given_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expires_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_face_consents_event_id_events")),
        sa.ForeignKeyConstraint(["guest_id"], ["guests.id"], name=op.f("fk_face_consents_guest_id_guests")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_face_consents")),
    )
    with op.batch_alter_table("face_consents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_face_consents_event_id_guest_id"), ["event_id", "guest_id"], unique=False)

    op.create_table(
        "face_rules",
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("children", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("contact", sa.String(length=120), nullable=False),
        sa.Column("checklist", Json(), nullable=False),
        sa.Column("notice", sa.String(length=16), nullable=False),
        sa.Column("sealed_key", sa.String(length=200), nullable=True),
        sa.Column("purge_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("purged_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("certificate", Json(), nullable=True),
        sa.Column("switched_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_face_rules_event_id_events")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_face_rules_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_face_rules")),
    )
    with op.batch_alter_table("face_rules", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_face_rules_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_face_rules_purge_at"), ["purge_at"], unique=False)

    op.create_table(
        "face_templates",
        sa.Column("guest_id", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("engine", sa.String(length=40), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_face_templates_event_id_events")),
        sa.ForeignKeyConstraint(["guest_id"], ["guests.id"], name=op.f("fk_face_templates_guest_id_guests")),
        sa.PrimaryKeyConstraint("guest_id", "event_id", name=op.f("pk_face_templates")),
    )
    op.create_table(
        "face_matches",
        sa.Column("guest_id", sa.String(length=16), nullable=False),
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("found_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_face_matches_event_id_events")),
        sa.ForeignKeyConstraint(["guest_id"], ["guests.id"], name=op.f("fk_face_matches_guest_id_guests")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_face_matches_photo_id_photos")),
        sa.PrimaryKeyConstraint("guest_id", "photo_id", name=op.f("pk_face_matches")),
    )
    with op.batch_alter_table("face_matches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_face_matches_event_id"), ["event_id"], unique=False)

    op.create_table(
        "face_scans",
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("engine", sa.String(length=40), nullable=False),
        sa.Column("attempts", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("faces", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_face_scans_event_id_events")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_face_scans_photo_id_photos")),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_face_scans")),
    )
    with op.batch_alter_table("face_scans", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_face_scans_event_id"), ["event_id"], unique=False)

    op.create_table(
        "faces",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.Column("engine", sa.String(length=40), nullable=False),
        sa.Column("ordinal", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("x", sa.Double(), nullable=False),
        sa.Column("y", sa.Double(), nullable=False),
        sa.Column("width", sa.Double(), nullable=False),
        sa.Column("height", sa.Double(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("size_px", sa.Double(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_faces_event_id_events")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_faces_photo_id_photos")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faces")),
        sa.UniqueConstraint("photo_id", "engine", "ordinal", name=op.f("uq_faces_photo_id_engine_ordinal")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("faces", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_faces_event_id_id"), ["event_id", "id"], unique=False)
