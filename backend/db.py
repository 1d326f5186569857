"""The database: engine, transaction, and work that waits for the commit."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from redis import RedisError
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.orm import Session

from backend.jobs import Bell, Job

log = logging.getLogger(__name__)
_open: ContextVar[bool] = ContextVar("in_transaction", default=False)


class Tx(Session):
    """A session that may also ring for work and wake readers; both happen once the facts are committed."""

    def ring(self, job: Job) -> None:
        self.info.setdefault("jobs", {})[job] = None  # a dict keeps order and drops repeats

    def wake(self, album_id: str, revision: int) -> None:
        """Tell whoever follows the album that `revision` is there to be read."""
        woken = self.info.setdefault("woken", {})
        woken[album_id] = max(revision, woken.get(album_id, 0))

    def alone(self, *about: str) -> None:
        """Until the end of this transaction nobody else is alone about the same. SQLite's writers always are."""
        if self.get_bind().dialect.name == "postgresql":
            key = hashlib.blake2b("\n".join(about).encode(), digest_size=8).digest()
            self.execute(select(func.pg_advisory_xact_lock(int.from_bytes(key, signed=True))))


class Database:
    """One engine. `reading()` never waits for a writer, `writing()` commits and then rings."""

    def __init__(self, url: str, bell: Bell) -> None:
        self.engine = _engine(url)
        self._bell = bell
        self._reader = self.engine.execution_options(begin="BEGIN")

    @contextmanager
    def reading(self) -> Generator[Tx]:
        """A consistent view. What is changed in it is thrown away."""
        with Tx(self._reader, expire_on_commit=False) as tx, _inside():
            yield tx

    @contextmanager
    def writing(self) -> Generator[Tx]:
        """Commit at the end, roll back on any error; then ring.

        A bell that fails is logged, not raised: the facts are committed and the sweep rings again.
        """
        with Tx(self.engine, expire_on_commit=False) as tx, tx.begin(), _inside():
            yield tx
        jobs, woken = tx.info.pop("jobs", ()), tx.info.pop("woken", {})
        try:
            for album_id, revision in woken.items():
                self._bell.wake(album_id, revision)
            for job in jobs:
                self._bell.ring(job)
        except RedisError as exc:
            log.warning("could not ring: %s jobs=%s; the sweep will", type(exc).__name__, len(jobs))

    def scrub(self) -> bool:
        """After a deletion that must leave nothing: empty SQLite's journal, where older pages still are. False: not
        now, because somebody reads; the journal is written over in time anyway. May wait two seconds: not for servers.

        PostgreSQL keeps old rows until its vacuum, and in its own journal: there it is the event's key that goes.
        """
        if self.engine.dialect.name != "sqlite":
            return True
        with self.engine.connect().execution_options(begin="SELECT 1", isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=2000")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").first()
            connection.exec_driver_sql("PRAGMA busy_timeout=15000")
        return busy is None or not busy[0]


def outside() -> None:
    """Adapters call this first: nobody may wait for a network while holding a transaction."""
    assert not _open.get(), "network or image work inside a transaction"


@contextmanager
def _inside() -> Generator[None]:
    token = _open.set(True)
    try:
        yield
    finally:
        _open.reset(token)


def _engine(url: str) -> Engine:
    if url.startswith("sqlite"):
        engine = create_engine(url)

        @event.listens_for(engine, "connect")
        def _pragmas(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None
            for pragma in (
                "journal_mode=WAL",
                "synchronous=NORMAL",
                "busy_timeout=15000",
                "foreign_keys=ON",
                "temp_store=MEMORY",
                "secure_delete=ON",  # what is deleted is overwritten, not only forgotten
            ):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            # deferred BEGIN meets «database is locked» on upgrade; writers take the lock at once
            connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN IMMEDIATE"))

        return engine
    return create_engine(url, pool_size=20, max_overflow=20, pool_pre_ping=True)
