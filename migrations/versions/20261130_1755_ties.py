"""ties: a guest's browser and the same guest's WeChat."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261130_1755"
down_revision = "20261130_1750"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "ties",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=False),
        sa.Column("guest_id", sa.String(length=16), nullable=False),
        sa.Column("joined_id", sa.String(length=16), nullable=True),
        sa.Column("ticket_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("joined_at", moment, nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_ties_event_id_events")),
        sa.ForeignKeyConstraint(["guest_id"], ["guests.id"], name=op.f("fk_ties_guest_id_guests")),
        sa.ForeignKeyConstraint(["joined_id"], ["guests.id"], name=op.f("fk_ties_joined_id_guests")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ties")),
        sa.UniqueConstraint("ticket_hash", name=op.f("uq_ties_ticket_hash")),
    )
    for column in ("event_id", "guest_id", "joined_id"):
        op.create_index(op.f(f"ix_ties_{column}"), "ties", [column], unique=False)
