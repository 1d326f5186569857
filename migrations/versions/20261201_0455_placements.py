"""placements: sponsors' pictures on pages of an event; where each trace met its sponsor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261201_0455"
down_revision = "20261201_0420"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SLOT = sa.Enum("frame", "banner", "start", "tile", "download", name="slot", native_enum=False, length=16)


def upgrade() -> None:
    op.create_table(
        "placements",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("slot", SLOT, nullable=False),
        sa.Column("art_id", sa.String(length=16), nullable=False),
        sa.Column("sponsor_id", sa.String(length=16), nullable=False),
        sa.Column("words", sa.String(length=60), nullable=False),
        sa.Column("share", NUMBER, nullable=False),
        sa.Column("cap", NUMBER, nullable=False),
        sa.Column("from_at", NUMBER, nullable=True),
        sa.Column("until_at", NUMBER, nullable=True),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("removed_at", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["art_id"], ["arts.id"], name=op.f("fk_placements_art_id_arts")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_placements_event_id_events")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_placements_organization_id_organizations")
        ),
        sa.ForeignKeyConstraint(["sponsor_id"], ["arts.id"], name=op.f("fk_placements_sponsor_id_arts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placements")),
    )
    op.create_index(op.f("ix_placements_event_id"), "placements", ["event_id"])
    with op.batch_alter_table("traces", schema=None) as batch_op:
        batch_op.add_column(sa.Column("slot", SLOT, nullable=True))
    op.execute(
        "UPDATE traces SET slot = CASE WHEN photo_id IS NULL THEN 'banner' ELSE 'frame' END WHERE frame_key IS NOT NULL"
    )
