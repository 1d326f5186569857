"""find an album's planned messages in their order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261125_0355"
down_revision = "20261125_0352"
branch_labels = None
depends_on = None


def upgrade() -> None:
    planned = sa.text("state = 'planned'")
    op.drop_index("ix_deliveries_due", table_name="deliveries")
    op.create_index(
        "ix_deliveries_planned",
        "deliveries",
        ["album_id", "due_at", "id"],
        sqlite_where=planned,
        postgresql_where=planned,
    )
