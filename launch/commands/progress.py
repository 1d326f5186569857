"""A bar for commands that take their time; on standard error, so that output stays clean."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TransferSpeedColumn


@contextmanager
def bar(title: str) -> Generator[Callable[[str, int, int], None]]:
    """Gives what is called with (what is done, bytes so far, bytes in all)."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as shown:
        task = shown.add_task(title, total=None)
        yield lambda what, done, total: shown.update(task, description=what, completed=done, total=total or None)
