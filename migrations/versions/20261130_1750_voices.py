"""Photos know whose turn they are; what was seen of whom is counted from an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261130_1750"
down_revision = "20261130_1745"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("photos", schema=None) as batch_op:
        batch_op.add_column(sa.Column("voice", sa.String(length=200), nullable=True))
    op.create_index(op.f("ix_traces_event_id_frame_key_kind"), "traces", ["event_id", "frame_key", "kind"])
