"""`kuaimen work PLACE`: one worker process on exactly one queue.

RQ loses jobs of a worker that listens on two queues when it dies (20 of 25 were lost); with one it loses none.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Annotated

import typer
from redis import Redis, RedisError

from backend import photos
from backend.context import Stage
from backend.jobs import KINDS, QUEUES, IndexFaces, NotifyAlbum, RefreshPhoto, RenderPhoto
from launch import doctor, here, holding, logs
from launch.home import furnish
from launch.stage import open_redis, open_stage
from launch.trouble import Trouble
from workers import render, runner
from workers.hot import HotWorker

log = logging.getLogger(__name__)
PATIENCE_S = 10.0
RENDERING = frozenset(kind.queue for kind in (RenderPhoto, RefreshPhoto))


def run(
    place: Annotated[str, typer.Argument(help=f"{', '.join(QUEUES)}; the second on a machine is live-2, and so on.")],
    *,
    burst: Annotated[bool, typer.Option(help="Stop when the queue is empty.")] = False,
) -> None:
    """Do jobs of one queue until SIGTERM. Loads everything once, does every job in this process."""
    queue = place.partition("-")[0]
    if queue not in QUEUES:
        raise Trouble(f"没有队列 {queue}", f"There is no queue {queue}; there are {', '.join(QUEUES)}", code=2)
    settings = here.joined()
    logs.set_up(settings.log_level)
    home = furnish(settings.data_dir)
    stage = open_stage(settings)
    runner.open_stage(stage)
    if queue in RENDERING:
        render.warm()
    if queue == IndexFaces.queue:
        os.nice(10)  # live photos first, also where there is one core for both
    if queue == NotifyAlbum.queue:
        threading.Thread(target=look_at_wechat, args=(stage,), name="wechat-check", daemon=True).start()
    wait_for(stage.redis)
    watch = holding.Holding(home.job_file(place))
    take_over(stage, watch)
    worker = HotWorker(
        queue, open_redis(settings, answer_s=None), max_rss_bytes=settings.worker_max_rss_bytes, watch=watch
    )
    watch.ready()
    worker.work(burst=burst, logging_level="WARNING")


def look_at_wechat(stage: Stage) -> None:
    """At the start: does what guests will be told fit the templates, are token and page fine? Said in the log."""
    for finding in doctor.look(stage, doctor.wechat):
        if finding.level is not doctor.Level.OK:
            log.error("%s: %s", finding.about, finding.english)


def wait_for(redis: Redis) -> None:
    """A worker without its doorbell stays warm and waits: being started again and again would cost more."""
    said = 0.0
    while True:
        try:
            redis.ping()
        except RedisError as exc:
            if time.monotonic() - said > PATIENCE_S:
                said = time.monotonic()
                log.warning("waiting for redis: %s", type(exc).__name__)
            time.sleep(0.2)
        else:
            return


def take_over(stage: Stage, watch: holding.Holding) -> None:
    """If the last worker in this place was killed with a job in its hands, free the photo and ring again.

    Without this the photo waits for its lease to run out. A photo that kills every worker is set aside by its count
    of attempts.
    """
    left = holding.left_behind(watch.path)
    if left is None:
        return
    kind, payload = left
    job = KINDS[kind](**payload)
    log.warning("the worker before died with job=%s; again", job)
    with stage.db.writing() as tx:
        if isinstance(job, RenderPhoto | RefreshPhoto):
            photos.release(tx, job.photo_id)
        tx.ring(job)
