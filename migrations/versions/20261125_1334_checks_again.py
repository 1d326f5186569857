"""checks: the human-made version that was looked at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261125_1334"
down_revision = "20261125_1320"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("checks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("source_id", sa.String(length=16), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_checks_source_id_sources"), "sources", ["source_id"], ["id"])
