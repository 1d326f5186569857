"""The test before the event: what it predicts on a known link, and what it makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from camera_bridge import cli, forecast
from camera_bridge.bridge import Bridge
from camera_bridge.config import Config
from camera_bridge.forecast import Measured, Plan
from camera_bridge.ledger import Ledger
from launch.bench.link import Link, Shape
from tests.bridge.platform import FakePlatform
from tests.bridge.test_orders import shot

FAST = Measured(rtt_ms=40, drains=3e6, preview_bytes=70_000, preview_p50_ms=90, preview_p95_ms=140)
WEAK = replace(FAST, drains=500_000)


def test_an_uplink_that_keeps_up() -> None:
    said = forecast.judge(Plan(10, 11_000_000, 4), FAST)
    assert (said["verdict"], said["backlog_hours"]) == ("go", 0)
    assert "跟得上" in forecast.words(said)[0]


def test_an_uplink_that_originals_overrun() -> None:
    said = forecast.judge(Plan(10, 11_000_000, 4), WEAK)
    assert said["verdict"] == "late"
    comes_in, hours = 10 / 60 * 11_000_000, 4
    assert said["backlog_hours"] == pytest.approx(hours * (comes_in - 500_000) / 500_000, rel=0.01)
    assert said["keeps_up_bytes"] == 3_000_000
    zh, en = forecast.words(said)
    assert "10.7 小时" in zh
    assert "up to 3.0 MB" in en


def test_an_uplink_that_is_none() -> None:
    assert forecast.judge(Plan(), replace(FAST, preview_p95_ms=4000))["verdict"] == "no_go"
    assert forecast.judge(Plan(), replace(FAST, drains=0))["verdict"] == "no_go"


def test_how_far_behind_in_an_hour(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    assert forecast.ahead(ledger, 1e6) is None
    now = forecast.now_ms()
    for n in range(10):  # 10 photos of 12 MB in two minutes, none sent
        one = shot(f"A_{n:04d}.JPG", now - 120_000 + 12_000 * n, sha256=f"{n}", size=12_000_000)
        ledger.receive(one, ("original",))
    said = forecast.ahead(ledger, 500_000)
    assert said is not None
    assert said["photos_per_min"] == pytest.approx(5, abs=0.1)
    assert said["behind_s"] == 240
    assert said["behind_in_an_hour_s"] == pytest.approx(240 + 3600, rel=0.01), "twice as much comes in as goes out"
    ledger.close()


@pytest.fixture
def link(platform: FakePlatform) -> Iterator[Link]:
    with Link(Shape(5, 40), "127.0.0.1", platform.port) as running:
        yield running


@pytest.mark.slow
def test_the_prediction_fits_the_link(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform, link: Link
) -> None:
    bridge = start(replace(settings, server=f"http://127.0.0.1:{link.port}"))
    platform.wait(lambda: bridge.line.is_up)
    test = bridge.preflight(Plan(10, 11_000_000, 4), seconds=15)
    assert bridge.preflight(Plan(), seconds=15) is test, "one at a time"
    platform.wait(lambda: test.progress()["ended"], 60)
    said = test.progress()["result"]
    assert said is not None, test.why
    assert said["verdict"] == "late"
    assert 0.1 * 625_000 < said["drain_bytes_s"] < 700_000, "5 Mbit/s; how near it comes is the bench's business"
    assert platform.measured > 1_000_000
    assert not platform.photos
    assert not bridge.desk.busy


@pytest.mark.slow
def test_the_command_prints_go_or_no_go(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bridge.json"
    file.write_text(json.dumps({"server": platform.url, "token": platform.token, "reserve_bytes": 0}))
    monkeypatch.setattr(Bridge.preflight, "__defaults__", (3.0,))
    assert cli.main(["preflight", "--config", str(file), "--rate", "2", "--mb", "1"]) == 0
    assert "Go: 95 %" in capsys.readouterr().out
    platform.trouble = lambda _method, path: (503, b"") if path == "/measure" else None
    assert cli.main(["preflight", "--config", str(file)]) == 1
    assert "no go" in capsys.readouterr().err
