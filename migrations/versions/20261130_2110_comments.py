"""comments: guests write under photos, where an album's switch allows it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261130_2110"
down_revision = "20261130_2000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    with op.batch_alter_table("albums", schema=None) as batch_op:
        batch_op.add_column(sa.Column("comments", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "comments",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("photo_id", sa.String(length=16), nullable=False),
        sa.Column("guest_id", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column(
            "state",
            sa.Enum("shown", "waiting", "hidden", name="commentstate", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_comments_event_id_events")),
        sa.ForeignKeyConstraint(["guest_id"], ["guests.id"], name=op.f("fk_comments_guest_id_guests")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_comments_organization_id_organizations")
        ),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_comments_photo_id_photos")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    with op.batch_alter_table("comments", schema=None) as batch_op:
        for column in ("event_id", "guest_id", "photo_id"):
            batch_op.create_index(batch_op.f(f"ix_comments_{column}"), [column], unique=False)
    op.create_table(
        "comment_reports",
        sa.Column("comment_id", sa.String(length=16), nullable=False),
        sa.Column("guest_id", sa.String(length=16), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("decided_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_comment_reports_comment_id_comments")),
        sa.ForeignKeyConstraint(["guest_id"], ["guests.id"], name=op.f("fk_comment_reports_guest_id_guests")),
        sa.PrimaryKeyConstraint("comment_id", "guest_id", name=op.f("pk_comment_reports")),
    )
    with op.batch_alter_table("comment_reports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_comment_reports_guest_id"), ["guest_id"], unique=False)
