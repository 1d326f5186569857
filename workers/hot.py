"""The RQ worker: starts a job within milliseconds and loses none when a worker dies.

Stock RQ forks per job (12 ms, and libvips hangs in the child) and looks for the jobs of dead workers every ten
minutes. This one works in process on exactly one queue, so that every job is in the queue, in the intermediate queue
or in the started registry; and the living look for the dead every five seconds. The overridden methods are
semi-private: RQ is pinned to its minor version and tests/integration/test_hot_worker.py kills real workers.
"""

from __future__ import annotations

import faulthandler
import logging
import resource
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from redis import Redis, RedisError
from rq import Queue, SimpleWorker
from rq.executions import Execution
from rq.intermediate_queue import IntermediateQueue
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.utils import current_timestamp, parse_composite_key
from rq.worker import BaseWorker, WorkerStatus
from typing_extensions import override

log = logging.getLogger(__name__)

BEAT_S: Final = 4  # how often a busy worker says that it lives
DEAD_S: Final = 15  # silence after which its job goes back to the queue
LOOK_S: Final = 5  # how often the living look for the dead; an idle worker blocks no longer than this
STRANDED_S: Final = 4  # between «popped» and «started»: longer than that means the worker died there
DEATHS: Final = 3  # a job that was in the hands of this many dying workers is not handed out again
GRACE_S: Final = 15  # beyond the job's time limit; RQ's alarm cannot interrupt a stuck native call, this can


class Watch(Protocol):
    """Is told what the worker holds, so that somebody outside can see it, and kill it when it hangs."""

    def begins(self, job: Job) -> None: ...

    def ends(self) -> None: ...


class Unwatched:
    """Nobody looks."""

    def begins(self, job: Job) -> None:
        pass

    def ends(self) -> None:
        pass


class Stranded(IntermediateQueue):
    """Jobs that were popped but not started: back to the front, instead of failing them after a minute."""

    @override
    def cleanup(self, worker: BaseWorker, queue: Queue) -> None:
        started = set(queue.started_job_registry.get_job_ids(cleanup=False))
        for job_id in self.get_job_ids():
            if job_id in started or self.connection.set(self.get_first_seen_key(job_id), 1, nx=True, ex=STRANDED_S * 5):
                continue
            # the mark outlives STRANDED_S; what is left of its life tells how long ago the job was first seen
            if STRANDED_S * 5 - self.connection.ttl(self.get_first_seen_key(job_id)) < STRANDED_S:
                continue
            log.warning("job=%s was popped by a worker that died; back to the front", job_id)
            with self.connection.pipeline() as pipe:
                pipe.lrem(self.key, 1, job_id)
                pipe.lpush(queue.key, job_id)
                pipe.delete(self.get_first_seen_key(job_id))
                pipe.execute()


class HotQueue(Queue):
    @property
    @override
    def intermediate_queue(self) -> IntermediateQueue:
        return Stranded(self.key, connection=self.connection)

    @override
    def acquire_maintenance_lock(self) -> bool:
        # stock: 15 minutes; a worker killed while it holds the lock would stop all repairs for as long
        return bool(self.connection.set(self.registry_cleaning_key, 1, nx=True, ex=LOOK_S * 2))


class HotWorker(SimpleWorker):
    """One process, one queue, jobs in process. Stops by itself when it has grown beyond `max_rss_bytes`."""

    queue_class = HotQueue
    exponential_backoff_factor = 1.0  # a redis that comes back is found within a second, not a minute

    def __init__(
        self, queue: str, redis: Redis, *, name: str | None = None, max_rss_bytes: int = 0, watch: Watch | None = None
    ) -> None:
        self._max_rss_bytes = max_rss_bytes
        self._watch = watch or Unwatched()
        super().__init__(
            [queue],
            name=name,
            connection=redis,
            worker_ttl=20,  # RQ blocks on the queue for worker_ttl - 15 s
            maintenance_interval=LOOK_S,
            job_monitoring_interval=BEAT_S,
            log_job_description=False,
            serializer=JSONSerializer,
        )

    @override
    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        return DEAD_S

    @override
    def execute_job(self, job: Job, queue: Queue) -> None:
        execution = self.prepare_execution(job)
        limit = (job.timeout or queue.DEFAULT_TIMEOUT) + GRACE_S
        # a C thread that needs no interpreter lock: prints where everybody stands and ends the process
        faulthandler.dump_traceback_later(limit, exit=True, file=2)
        self._watch.begins(job)
        try:
            with self._beating(job, execution):
                self.perform_job(job, queue, execution)
        finally:
            faulthandler.cancel_dump_traceback_later()
            self._watch.ends()
        self.set_state(WorkerStatus.IDLE)
        self._stop_when_swollen()

    @override
    def clean_registries(self) -> None:
        for queue in self.queues:
            if queue.acquire_maintenance_lock():
                take_from_the_dead(queue)
                self.connection.delete(queue.registry_cleaning_key)
        super().clean_registries()  # type: ignore[no-untyped-call]  # RQ types it only in part

    @contextmanager
    def _beating(self, job: Job, execution: Execution) -> Generator[None]:
        done = threading.Event()

        def beat() -> None:
            while not done.wait(BEAT_S):
                try:
                    self.maintain_heartbeats(job, execution)
                except RedisError as exc:
                    log.warning("no heartbeat for job=%s: %s", job.id, type(exc).__name__)

        thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(1)

    def _stop_when_swollen(self) -> None:
        rss = rss_bytes()
        if self._max_rss_bytes and rss > self._max_rss_bytes:
            log.warning("resident memory rss_mb=%s is over the limit; making room for a fresh worker", rss >> 20)
            self._stop_requested = True


def take_from_the_dead(queue: Queue) -> None:
    """Put back the jobs whose worker has not been heard of for DEAD_S; RQ alone would fail those without `Retry`."""
    registry, redis = queue.started_job_registry, queue.connection
    for raw in redis.zrangebyscore(registry.key, 0, current_timestamp()):
        entry = _text(raw)
        job_id, _ = parse_composite_key(entry)
        if _text(redis.hget(Job.key_for(job_id), "status")) != JobStatus.STARTED:
            continue  # finished, or put back already
        deaths = _count(redis, f"kuaimen:deaths:{job_id}")
        if deaths >= DEATHS:
            log.error("job=%s was in the hands of deaths=%s dying workers; left to the sweep", job_id, deaths)
            continue  # RQ's own cleaning moves it to the failed ones
        with redis.pipeline() as pipe:
            pipe.zrem(registry.key, entry)
            pipe.lrem(queue.intermediate_queue_key, 1, job_id)
            pipe.hset(Job.key_for(job_id), "status", JobStatus.QUEUED.value)
            pipe.lpush(queue.key, job_id)
            pipe.execute()
        log.warning("job=%s: its worker fell silent; back to the front, deaths=%s", job_id, deaths)


def _count(redis: Redis, key: str) -> int:
    with redis.pipeline() as pipe:
        pipe.incr(key)
        pipe.expire(key, 3600)
        return int(pipe.execute()[0])


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def rss_bytes() -> int:
    """Resident memory of this process."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
