"""`kuaimen sweep`: the loop that makes every lost ring good."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import Annotated

import typer
from redis import RedisError
from sqlalchemy.exc import OperationalError

from backend.context import Stage
from launch import here, logs
from launch.stage import open_stage
from workers import sweep

log = logging.getLogger(__name__)
TIDY_S = 3600.0


def run(
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two rounds.")] = 1.5,
    *,
    once: Annotated[bool, typer.Option(help="One round, then print how many were rung.")] = False,
) -> None:
    """Every second or two, ring for what the database says is owed."""
    settings = here.joined()
    logs.set_up(settings.log_level)
    stage = open_stage(settings)
    if once:
        typer.echo(sweep.once(stage))
        return
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopped.set())
    tidy_at = time.monotonic() + TIDY_S
    while not stopped.wait(every):
        tidy = time.monotonic() >= tidy_at
        if _round(stage, tidy=tidy) and tidy:
            tidy_at = time.monotonic() + TIDY_S


def _round(stage: Stage, *, tidy: bool) -> bool:
    """False: something did not answer; the next round tries again."""
    try:
        rung = sweep.once(stage)
        if tidy:
            log.info("dropped_uploads=%s", sweep.tidy(stage))
    except RedisError as exc:
        log.warning("redis does not answer: %s", type(exc).__name__)
        return False
    except OperationalError as exc:
        log.warning("the database does not answer: %s", exc.orig)
        return False
    if rung:
        log.info("rung=%s", rung)
    return True
