"""sponsor links: where a guest's tap on a sponsor leads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261130_2350"
down_revision = "20261130_2110"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("arts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("link", sa.String(length=300), server_default="", nullable=False))
