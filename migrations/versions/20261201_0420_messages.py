"""messages: a guest's words with a photo they gave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261201_0420"
down_revision = "20261201_0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("photos") as batch_op:
        batch_op.add_column(sa.Column("words", sa.String(length=120), server_default="", nullable=False))
