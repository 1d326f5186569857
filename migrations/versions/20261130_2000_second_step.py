"""Members may have a second step, and a WeChat account that confirms for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.models.base import Json

revision = "20261130_2000"
down_revision = "20261130_1755"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sealed_totp", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("totp_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.add_column(sa.Column("recovery", Json(), nullable=True))
        batch_op.add_column(sa.Column("wechat_appid", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("wechat_openid", sa.String(length=64), nullable=True))
        batch_op.create_unique_constraint(
            batch_op.f("uq_members_wechat_appid_wechat_openid"), ["wechat_appid", "wechat_openid"]
        )
