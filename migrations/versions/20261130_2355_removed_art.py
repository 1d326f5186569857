"""removed art: out of the lists, its bytes gone a day later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261130_2355"
down_revision = "20261130_2350"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    with op.batch_alter_table("arts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("removed_at", moment, nullable=True))
