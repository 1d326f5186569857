"""`kuaimen migrate`: the schema."""

from __future__ import annotations

import typer
from sqlalchemy.exc import OperationalError

from launch import here, logs
from launch.home import furnish
from launch.migrate import migrate
from launch.trouble import Trouble


def run() -> None:
    """Upgrade the database to the newest schema. Repeating is harmless."""
    settings = here.joined()
    logs.set_up("WARNING")
    furnish(settings.data_dir)
    try:
        typer.echo(migrate(settings))
    except OperationalError as exc:
        raise Trouble(
            f"无法打开数据库：{exc.orig}。请检查 KUAIMEN_DATABASE_URL 或 KUAIMEN_DATA_DIR。",
            f"Cannot open the database: {exc.orig}. Check KUAIMEN_DATABASE_URL or KUAIMEN_DATA_DIR.",
        ) from None
