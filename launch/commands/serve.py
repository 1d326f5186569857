"""`kuaimen serve`: the web process."""

from __future__ import annotations

from typing import Annotated

import typer

from launch import here, logs, serve


def run(
    workers: Annotated[int, typer.Option(min=1, help="Processes; one holds thousands of waiting guests.")] = 1,
) -> None:
    """Serve API, pages and live streams on KUAIMEN_HOST:KUAIMEN_PORT until SIGTERM."""
    settings = here.joined()
    logs.set_up(settings.log_level)
    serve.serve(settings, workers=workers)
