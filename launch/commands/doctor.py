"""`kuaimen doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

import logging
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from backend.errors import AppError
from launch import here
from launch.doctor import Finding, Level, examine
from launch.home import furnish
from launch.stage import open_stage
from launch.trouble import Trouble

SIGNS: Final = {Level.OK: ("✓", "green"), Level.WARN: ("!", "yellow"), Level.FAIL: ("✗", "red")}


def run(
    *,
    english: Annotated[bool, typer.Option("--english", help="Only English.")] = False,
    chinese: Annotated[bool, typer.Option("--chinese", help="只用中文")] = False,
) -> None:
    """Check settings, disk, database, store, redis, WeChat, clock, libraries. Exit status 1 when something fails."""
    settings = here.joined()
    logging.basicConfig(level=logging.CRITICAL)
    furnish(settings.data_dir)
    try:
        stage = open_stage(settings)
    except (AppError, ValueError) as exc:
        raise Trouble(f"设置不完整：{exc}", "The settings do not suffice") from None
    console = Console(highlight=False)
    worst = Level.OK
    for finding in examine(stage):
        console.print(_line(finding, zh=not english, en=not chinese), soft_wrap=True)
        if finding.level is Level.FAIL:
            worst = Level.FAIL
    raise typer.Exit(1 if worst is Level.FAIL else 0)


def _line(finding: Finding, *, zh: bool, en: bool) -> Text:
    sign, colour = SIGNS[finding.level]
    words = dict.fromkeys([*([finding.chinese] if zh else []), *([finding.english] if en else [])])
    row = Text(f"{sign} ", style=colour)
    row.append(f"{finding.about:<15} ", style="bold")
    row.append(" / ".join(words))
    return row
