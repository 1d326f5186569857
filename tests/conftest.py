"""A stage of real parts: SQLite or PostgreSQL, a real redis-compatible server, the local store, the WeChat sandbox."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr
from redis import Redis, RedisError
from sqlalchemy import create_engine
from werkzeug.routing import Rule

from backend import security
from backend.config import Settings
from backend.context import Stage
from backend.db import Database
from backend.jobs import Job
from backend.models import Base
from backend.security import Signer
from backend.storage.local import LocalStore
from backend.wechat import Login, Outcome, Suggest, TextScene, Told, Verdict
from launch.app import create_app
from miniprogram_api.hub import Hub
from tests import postgres
from tests.cast import Cast, make_cast
from workers import runner

pytest_plugins = ["tests.chromium", "tests.redis_server", "tests.wechat_sandbox"]  # fixtures with real parts behind
PLATFORMS = ("e2e", "browser", "miniprogram")


class FakeBell:
    """Keeps what was rung; `work()` does it, in order, as a worker would."""

    def __init__(self) -> None:
        self.rung: list[Job] = []
        self.woken: list[tuple[str, int]] = []
        self.hubs: list[Hub] = []  # of the apps under test: told at once, where Redis takes a moment
        self.broken = False

    def ring(self, job: Job) -> None:
        if self.broken:
            raise RedisError("redis is gone")
        self.rung.append(job)

    def wake(self, album_id: str, revision: int) -> None:
        if self.broken:
            raise RedisError("redis is gone")
        self.woken.append((album_id, revision))
        for hub in self.hubs:
            hub._woken(album_id, revision)

    def waiting(self, queue: str) -> int:
        return sum(job.queue == queue for job in self.rung)

    def work(self, stage: Stage) -> None:
        while self.rung:
            runner.handle(stage, self.rung.pop(0))


class FakeWeChat:
    """For flows that are not about WeChat; what is about it uses the sandbox (tests/contract)."""

    appid = "wxfake"

    def __init__(self) -> None:
        self.told: list[str] = []
        self.outcome = Outcome.SENT

    def login(self, js_code: str) -> Login:
        return Login(openid=f"openid-{js_code}", session_key="k")

    def check_text(self, openid: str, text: str, *, scene: TextScene = TextScene.COMMENT) -> Verdict:
        return Verdict(Suggest.PASS, 100)

    def tapped(self, openid: str, template_id: str) -> None:
        return

    def tell(self, openid: str, template_id: str, data: dict[str, str], *, page: str = "") -> Told:
        if self.outcome is Outcome.SENT:
            self.told.append(openid)
        return Told(self.outcome)


@pytest.fixture(scope="session", autouse=True)
def cheap() -> Iterator[None]:
    """What tests do thousands of times: apps, all with the same 240 routes, and passwords nobody attacks.

    The functions that build a route's URL take most of an app's making: they are compiled once in a process.
    """
    real = Rule._compile_builder

    def once(self: Rule, append_unknown: bool = True) -> Any:
        key = (self.rule, repr(self.defaults), append_unknown)
        if key not in made:
            made[key] = real(self, append_unknown)
        return made[key]

    made: dict[tuple[str, str, bool], Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", once)
        patch.setattr(security, "_passwords", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session")
def template_database() -> Iterator[postgres.Server | None]:
    with postgres.server(os.environ.get("TEST_DATABASE", "sqlite")) as found:
        yield found


@pytest.fixture(scope="session")
def template_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SQLite with every table and no row; a copy is quicker than the statements."""
    path = tmp_path_factory.mktemp("template") / "kuaimen.db"
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
def database_url(tmp_path: Path, template_database: postgres.Server | None, template_file: Path) -> Iterator[str]:
    """An empty migrated database: a copy of the session's template."""
    if template_database is None:
        path = shutil.copy(template_file, tmp_path / "kuaimen.db")
        yield f"sqlite:///{path}"
    else:
        with template_database.clone() as url:
            yield url


@pytest.fixture
def bell() -> FakeBell:
    return FakeBell()


@pytest.fixture
def stage(tmp_path: Path, bell: FakeBell, database_url: str, redis_url: str) -> Iterator[Stage]:
    settings = Settings(
        data_dir=tmp_path, database_url=database_url, redis_url=redis_url, secret_key=SecretStr("test"), lease_ttl=60
    )
    db = Database(database_url, bell)
    redis = Redis.from_url(redis_url)
    redis.flushdb()
    store = LocalStore(tmp_path / "blobs", base_url="http://kuaimen.test", secret="test")
    yield Stage(settings, db, store, bell, FakeWeChat(), redis, Signer("test"))
    for hub in bell.hubs:
        hub.close()
    redis.close()
    db.engine.dispose()


@pytest.fixture
def cast(stage: Stage) -> Cast:
    with stage.db.writing() as tx:
        return make_cast(tx)


@pytest.fixture
def http(stage: Stage, bell: FakeBell) -> Iterator[httpx.Client]:
    """The whole app without a socket."""
    with visitor(stage, bell) as client:
        yield client


def visitor(stage: Stage, bell: FakeBell) -> httpx.Client:
    """A browser without cookies, before an app of its own."""
    app = create_app(stage)
    bell.hubs.append(app.extensions["hub"])
    return httpx.Client(transport=httpx.WSGITransport(app), base_url="http://kuaimen.test")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that start a whole platform come first, so that no process is left alone with them at the end.

    On the machine that decides, a missing program is a fault of scripts/tools.sh: its tests run, and fail.
    """
    items.sort(key=lambda item: item.path.parent.name not in PLATFORMS)
    if os.environ.get("CI"):
        for item in items:
            item.own_markers = [mark for mark in item.own_markers if not _misses_a_program(mark)]


def _misses_a_program(mark: pytest.Mark) -> bool:
    reason = str(mark.kwargs.get("reason", ""))
    return mark.name == "skipif" and "is not installed" in reason and "gphoto2" not in reason
