"""reports and checks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261125_0330"
down_revision = "20261123_2250"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "checks",
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.Column("album_id", sa.String(length=16), nullable=False),
        sa.Column(
            "state",
            sa.Enum("wanted", "asked", "passed", "review", "risky", name="checkstate", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("trace_id", sa.String(length=64), nullable=True),
        sa.Column("label", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("asks", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("settled_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["album_id"], ["albums.id"], name=op.f("fk_checks_album_id_albums")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_checks_photo_id_photos")),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_checks")),
        sa.UniqueConstraint("trace_id", name=op.f("uq_checks_trace_id")),
    )
    with op.batch_alter_table("checks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_checks_album_id"), ["album_id"], unique=False)
        batch_op.create_index(
            "ix_checks_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('wanted', 'asked')"),
            postgresql_where=sa.text("state IN ('wanted', 'asked')"),
        )

    op.create_table(
        "reports",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.Column("guest_id", sa.String(length=16), nullable=False),
        sa.Column(
            "reason",
            sa.Enum("me", "child", "improper", "rights", "other", name="reason", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("hid", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "upheld", "dismissed", name="reportstate", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("decided_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_reports_event_id_events")),
        sa.ForeignKeyConstraint(["guest_id"], ["guests.id"], name=op.f("fk_reports_guest_id_guests")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_reports_organization_id_organizations")
        ),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_reports_photo_id_photos")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("photo_id", "guest_id", name=op.f("uq_reports_photo_id_guest_id")),
    )
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reports_event_id"), ["event_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reports_guest_id"), ["guest_id"], unique=False)

    with op.batch_alter_table("albums", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "checking",
                sa.Enum("off", "after", "before", name="checking", native_enum=False, length=16),
                server_default="off",
                nullable=False,
            )
        )
