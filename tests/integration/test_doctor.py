"""The doctor on real parts, each of them ill in turn: the line names the part and says what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from redis import Redis
from sqlalchemy import text

from backend.config import Settings
from backend.context import Stage
from backend.db import Database
from backend.security import Signer
from backend.storage.local import LocalStore
from backend.wechat import WeChat
from backend.wechat.opening import SANDBOX_APPID, SANDBOX_SECRET, open_wechat
from launch import doctor, here
from launch.doctor import Finding, Level
from launch.migrate import migrate
from launch.status import Mute
from tests.wechat_sandbox import Sandbox

pytestmark = pytest.mark.slow


@pytest.fixture
def patient(tmp_path: Path, redis_url: str, wechat: WeChat, sandbox: Sandbox) -> Iterator[Stage]:
    settings = Settings(data_dir=tmp_path, redis_url=redis_url, wechat_base_url=sandbox.url, secret_key=SecretStr("s"))
    migrate(settings)
    db = Database(settings.sqlalchemy_url, Mute())
    redis = Redis.from_url(redis_url)
    store = LocalStore(tmp_path / "blobs", base_url="http://kuaimen.test", secret="s")
    yield Stage(settings, db, store, Mute(), wechat, redis, Signer("s"))
    redis.close()
    db.engine.dispose()


def found(stage: Stage, about: str) -> list[Finding]:
    """All but the rare-bug warning of old SQLite versions."""
    return [f for f in doctor.examine(stage) if f.about.startswith(about) and "WAL" not in f.english]


def ill(stage: Stage, **changed: Any) -> Stage:
    return replace(stage, settings=stage.settings.model_copy(update=changed))


def test_a_healthy_platform(patient: Stage) -> None:
    levels = {f.about: f.level for f in doctor.examine(patient) if "WAL" not in f.english}
    assert levels.pop("site") is Level.WARN  # nothing is served in this test
    levels.pop("front end", None)
    assert set(levels.values()) == {Level.OK}
    assert {"settings", "disk", "database", "store:local", "redis", "wechat:sandbox", "clock", "pictures"} == set(
        levels
    )
    assert list(patient.store.keys("a/doctor/")) == []


def test_an_old_schema_says_migrate(patient: Stage) -> None:
    with patient.db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '20200101_0000'"))
    (line,) = found(patient, "database")
    assert line.level is Level.FAIL
    assert "kuaimen migrate" in line.english


def test_a_database_that_is_away(patient: Stage) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=2", Mute())
    (line,) = found(replace(patient, db=away), "database")
    assert line.level is Level.FAIL
    assert "KUAIMEN_DATABASE_URL" in line.english


def test_a_store_that_cannot_be_written(patient: Stage, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = LocalStore(tmp_path / "file" / "blobs", base_url="http://kuaimen.test", secret="s")
    (line,) = found(replace(patient, store=store), "store")
    assert line.level is Level.FAIL


def test_redis_away_and_redis_that_forgets(patient: Stage) -> None:
    with Redis(port=9, socket_connect_timeout=0.2) as nobody:
        (line,) = found(replace(patient, redis=nobody), "redis")
    assert line.level is Level.FAIL
    assert "KUAIMEN_REDIS_URL" in line.english
    patient.redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert [f.level for f in found(patient, "redis")] == [Level.WARN, Level.OK]
    finally:
        patient.redis.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize(
    ("errcode", "path", "words"),
    [
        (40164, "/cgi-bin/stable_token", "whitelist"),
        (40125, "/cgi-bin/stable_token", "KUAIMEN_WECHAT_SECRET"),
        (40013, "/cgi-bin/stable_token", "KUAIMEN_WECHAT_APPID"),
        (41030, "/wxa/getwxacodeunlimit", "KUAIMEN_WECHAT_CHECK_PATH"),
    ],
)
def test_what_wechat_refuses_is_explained(
    patient: Stage,
    sandbox: Sandbox,
    errcode: int,
    path: str,
    words: str,
) -> None:
    sandbox.act("inject", errcode=errcode, errmsg="injected", path=path, times=9)
    line = found(patient, "wechat")[-1]
    assert line.level is Level.FAIL
    assert str(errcode) in line.english
    assert str(errcode) in line.chinese
    assert words in line.english


@pytest.mark.parametrize(
    ("secret", "switched", "errcode", "words"),
    [
        ("wrong", {}, "40125", "KUAIMEN_WECHAT_SECRET"),
        (SANDBOX_SECRET, {"whitelist": ["203.0.113.7"]}, "40164", "127.0.0.1"),  # which address to enter there
        (SANDBOX_SECRET, {"pages": ["pages/home/home"]}, "41030", "KUAIMEN_WECHAT_CHECK_PATH"),
    ],
)
def test_what_an_operator_forgets_by_wechats_own_rules(
    patient: Stage,
    sandbox: Sandbox,
    secret: str,
    switched: dict[str, Any],
    errcode: str,
    words: str,
) -> None:
    """Nothing injected: a real appid and secret, a sandbox that keeps the rules."""
    settings = patient.settings.model_copy(update={"wechat_appid": SANDBOX_APPID, "wechat_secret": SecretStr(secret)})
    patient.wechat.templates()  # the token everybody shares is good for two hours: it must hide nothing
    sandbox.act("switch", **switched)
    real = replace(
        patient, settings=settings, wechat=open_wechat(settings, patient.redis, registry=CollectorRegistry())
    )
    line = found(real, "wechat")[-1]
    assert line.level is Level.FAIL
    for said in (line.chinese, line.english):
        assert errcode in said
        assert words in said


def test_it_knows_every_page_that_the_platform_sends_people_to() -> None:
    home = Path(doctor.__file__).parents[1]
    sources = [
        path for room in ("backend", "miniprogram_api", "web", "workers") for path in (home / room).rglob("*.py")
    ]
    named = {page for path in sources for page in re.findall(r'"(pages/\w+/\w+)', path.read_text())}
    assert named == set(doctor.PAGES)
    assert named <= set(json.loads((home / "miniprogram" / "src" / "app.json").read_text())["pages"])


def test_a_page_that_is_not_released_is_named(patient: Stage, sandbox: Sandbox) -> None:
    sandbox.act("switch", pages=[page for page in doctor.PAGES if page != "pages/told/told"])
    line = found(patient, "wechat")[-1]
    assert (line.level, line.about) == (Level.FAIL, "wechat:sandbox pages/told/told")
    lines = found(ill(patient, wechat_check_path=False), "wechat")  # codes open it as it is; messages do not
    assert [one.level for one in lines] == [Level.WARN, Level.OK]
    assert "pages/told/told" in lines[0].chinese


def test_templates_that_do_not_fit(patient: Stage) -> None:
    missing = ill(patient, wechat_template_id="KM_NONE")
    assert found(missing, "wechat")[0].level is Level.WARN
    assert "KUAIMEN_WECHAT_TEMPLATE_ID" in found(missing, "wechat")[0].english
    misfit = ill(patient, wechat_template_fields="album=thing9,count=number2")
    lines = found(misfit, "wechat")
    assert {f.level for f in lines[:-1]} == {Level.FAIL}
    assert any("thing9" in f.english for f in lines)
    nonsense = ill(patient, wechat_template_fields="album")
    assert "KUAIMEN_WECHAT_TEMPLATE_FIELDS" in found(nonsense, "wechat")[0].english


def test_a_platform_that_does_not_run(patient: Stage) -> None:
    stopped = ill(patient, redis_url="", wechat_base_url=here.NOWHERE)
    for about in ("redis", "wechat"):
        (line,) = found(stopped, about)
        assert line.level is Level.OK
        assert "kuaimen up" in line.english


def test_settings_that_cannot_work(patient: Stage, tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("s")
    (tmp_path / "secret.key").chmod(0o644)
    lines = found(ill(patient, wechat_appid="wx1", public_url="http://photos.example.com"), "settings")
    assert [f.level for f in lines] == [Level.FAIL, Level.FAIL, Level.OK]
    assert "https" in lines[0].english
    assert "chmod 600" in lines[1].english


def test_a_check_that_breaks_does_not_stop_the_others(patient: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_path: object) -> None:
        raise RuntimeError("no such disk")

    monkeypatch.setattr(doctor.shutil, "disk_usage", broken)
    lines = {f.about: f for f in doctor.examine(patient)}
    assert lines["disk"].level is Level.FAIL
    assert "no such disk" in lines["disk"].english
    assert lines["store:local"].level is Level.OK


@pytest.mark.parametrize(
    ("version", "safe"),
    [((3, 40, 1), False), ((3, 44, 6), True), ((3, 45, 0), False), ((3, 51, 2), False), ((3, 51, 3), True)],
)
def test_sqlite_versions(version: tuple[int, ...], safe: bool) -> None:
    assert doctor.sqlite_is_safe(version) is safe
