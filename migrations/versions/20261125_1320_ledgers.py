"""ledgers: the bridges' stories and signed certificates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.models import Json

revision = "20261125_1320"
down_revision = "20261125_1310"
branch_labels = None
depends_on = None


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "stories",
        sa.Column("bridge_id", sa.String(length=16), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("n", _number(), nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.Column("told_at", _number(), nullable=False),
        sa.Column("faults", Json(), nullable=False),
        sa.ForeignKeyConstraint(["bridge_id"], ["bridges.id"], name=op.f("fk_stories_bridge_id_bridges")),
        sa.PrimaryKeyConstraint("bridge_id", "id", name=op.f("pk_stories")),
    )
    op.create_table(
        "story_lines",
        sa.Column("bridge_id", sa.String(length=16), nullable=False),
        sa.Column("story_id", sa.String(length=64), nullable=False),
        sa.Column("n", _number(), autoincrement=False, nullable=False),
        sa.Column("at", _number(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("asset_id", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["bridge_id"], ["bridges.id"], name=op.f("fk_story_lines_bridge_id_bridges")),
        sa.PrimaryKeyConstraint("bridge_id", "story_id", "n", name=op.f("pk_story_lines")),
    )
    op.create_table(
        "certificates",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(length=120), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("drawn_at", _number(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_certificates_event_id_events")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_certificates_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
    )
    op.create_index(op.f("ix_certificates_event_id_drawn_at"), "certificates", ["event_id", "drawn_at"])
