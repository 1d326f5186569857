"""`kuaimen seed`: a first event to look at."""

from __future__ import annotations

import typer

from launch import here, logs
from launch.home import furnish
from launch.seed import seed
from launch.stage import open_stage
from launch.trouble import Trouble


def run() -> None:
    """Plant one event with an album, a brand kit, an organizer and a bridge. Repeating is harmless."""
    settings = here.joined()
    logs.set_up("WARNING")
    furnish(settings.data_dir)
    try:
        seeded = seed(open_stage(settings))
    except ValueError as exc:
        raise Trouble("种子数据缺失", str(exc)) from None
    typer.echo(f"event={seeded.event_id} album={seeded.album_id} share_code={seeded.share_code} login={seeded.login}")
