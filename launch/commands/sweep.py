"""`kuaimen sweep`: the loop that makes every lost ring good."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Annotated

import typer
from redis import RedisError
from sqlalchemy.exc import OperationalError

from launch import here, logs
from launch.stage import open_stage
from workers import sweep

log = logging.getLogger(__name__)


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
    while not stopped.wait(every):
        try:
            rung = sweep.once(stage)
        except RedisError as exc:
            log.warning("redis does not answer: %s", type(exc).__name__)
        except OperationalError as exc:  # busy or away; the next round tries again
            log.warning("the database does not answer: %s", exc.orig)
        else:
            if rung:
                log.info("rung=%s", rung)
