"""API keys, webhooks and their log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.models import Json

revision = "20261130_1720"
down_revision = "20261130_1715"
branch_labels = None
depends_on = None


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("start", sa.String(length=12), nullable=False),
        sa.Column("scopes", Json(), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=True),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", _number(), nullable=False),
        sa.Column("expires_at", _number(), nullable=True),
        sa.Column("used_at", _number(), nullable=True),
        sa.Column("revoked_at", _number(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_api_keys_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_keys_token_hash")),
    )
    op.create_index(op.f("ix_api_keys_organization_id"), "api_keys", ["organization_id"], unique=False)
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.String(length=16), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("sealed_secret", sa.String(length=300), nullable=False),
        sa.Column("kinds", Json(), nullable=False),
        sa.Column("event_id", sa.String(length=16), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", _number(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_webhooks_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index(op.f("ix_webhooks_organization_id"), "webhooks", ["organization_id"], unique=False)
    op.create_table(
        "hook_calls",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("webhook_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("attempts", _number(), nullable=False),
        sa.Column("due_at", _number(), nullable=False),
        sa.Column("lease_until", _number(), nullable=False),
        sa.Column("status", _number(), nullable=True),
        sa.Column("said", sa.String(length=300), nullable=False),
        sa.Column("took_ms", _number(), nullable=True),
        sa.Column("created_at", _number(), nullable=False),
        sa.Column("settled_at", _number(), nullable=True),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name=op.f("fk_hook_calls_webhook_id_webhooks")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_calls")),
    )
    op.create_index(op.f("ix_hook_calls_settled_at_due_at"), "hook_calls", ["settled_at", "due_at"], unique=False)
    op.create_index(
        op.f("ix_hook_calls_webhook_id_created_at"), "hook_calls", ["webhook_id", "created_at"], unique=False
    )
