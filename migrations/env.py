"""Alembic's entry: run the migrations on the connection that `launch.migrate` hands over."""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from backend.models import Base, Json


def render_item(kind: str, item: object, autogen: AutogenContext) -> str | Literal[False]:
    """Our own column types by name, with their import."""
    if kind == "type" and isinstance(item, Json):
        autogen.imports.add("from backend.models import Json")
        return "Json()"
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL lock_timeout = '4s'")
            connection.exec_driver_sql("SET LOCAL statement_timeout = '60s'")
        context.run_migrations()


run(context.config.attributes["connection"])
