"""The command as a person meets it: run, status, send, stop, and what it says when something is in the way."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from camera_bridge import cli
from tests.bridge.conftest import PASSWORD, picture
from tests.bridge.platform import TOKEN, FakePlatform

pytestmark = pytest.mark.slow


def write_config(folder: Path, server: str, /, **changes: object) -> Path:
    doc = {
        "server": server,
        "token": TOKEN,
        "spool_dir": "spool",
        "inbox": "inbox",
        "ftp": {"host": "127.0.0.1", "port": 0, "users": [{"user": "cam1", "password": PASSWORD}], "tls": "auto"},
        "state_port": 0,
        "reserve_bytes": 1 << 20,
    } | changes
    path = folder / "bridge.json"
    path.write_text(json.dumps(doc), encoding="utf-8")
    return path


class Run:
    """`kuaimen-bridge run` as a process."""

    def __init__(self, config: Path) -> None:
        command = [sys.executable, "-m", "camera_bridge.cli", "run", "--config", str(config)]
        self._log = config.parent / f"run-{time.monotonic_ns()}.log"  # a pipe nobody reads would fill
        with self._log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stderr=log, env=os.environ)
        self.note = config.parent / "spool" / "screen.json"
        end = time.monotonic() + 20
        while not self.note.exists() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)

    def state(self) -> dict[str, object]:
        line = http.client.HTTPConnection("127.0.0.1", json.loads(self.note.read_text())["port"], timeout=10)
        line.request("GET", "/state")
        doc = json.loads(line.getresponse().read())
        line.close()
        assert isinstance(doc, dict)
        return doc

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, float]:
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        return code, self._log.read_text(encoding="utf-8"), time.monotonic() - began


@pytest.fixture
def running(tmp_path: Path, platform: FakePlatform) -> Iterator[Run]:
    run = Run(write_config(tmp_path, platform.url))
    yield run
    run.end(signal.SIGKILL)


def test_run_answers_for_its_state_and_stops_when_told(running: Run, platform: FakePlatform) -> None:
    platform.wait(lambda: bool(running.state()["server_ok"]))
    state = running.state()
    assert state["safe_to_close"] is True
    assert isinstance(state["ftp"], dict)
    assert state["ftp"]["users"][0]["user"] == "cam1"
    code, err, seconds = running.end()
    assert code == 0, err
    assert seconds < 3, "stops within three seconds"
    assert PASSWORD not in err
    assert TOKEN not in err


def test_a_taken_port_is_one_clear_line(tmp_path: Path, platform: FakePlatform) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        users = [{"user": "cam1", "password": PASSWORD}]
        config = write_config(tmp_path, platform.url, ftp={"host": "127.0.0.1", "port": port, "users": users})
        run = Run(config)
        code, err, _ = run.end()
    assert code == 2
    last = err.strip().splitlines()[-1]
    assert str(port) in last
    assert "ftp.port" in last
    assert "Traceback" not in err


def test_two_bridges_never_share_a_spool(running: Run, tmp_path: Path, platform: FakePlatform) -> None:
    second = Run(write_config(tmp_path, platform.url))
    code, err, _ = second.end(0)
    assert code == 1
    assert "another bridge" in err


def test_send_goes_through_the_running_bridge(
    running: Run, tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    card = tmp_path / "card" / "DCIM"
    card.mkdir(parents=True)
    for seed in range(3):
        (card / f"DSC_{seed:04d}.JPG").write_bytes(picture(seed))
    (card / "readme.jpg").write_bytes(b"words")
    code = cli.main(["send", str(tmp_path / "card"), "--config", str(tmp_path / "bridge.json")])
    out = capsys.readouterr().out
    assert code == 0, out
    assert "4 files: 3 live" in out
    assert "readme.jpg: not_a_picture" in out
    assert running.process.poll() is None


def test_send_alone_waits_until_the_originals_are_safe(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(picture(5))
    assert cli.main(["send", str(photo), "--config", str(write_config(tmp_path, platform.url))]) == 0
    assert list(platform.originals().values()) == [photo.read_bytes()]
    assert "1 safe" in capsys.readouterr().out


def test_the_same_card_twice_sends_nothing_twice(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(picture(5))
    config = str(write_config(tmp_path, platform.url))
    cli.main(["send", str(photo), "--config", config])
    photo.rename(tmp_path / "b.jpg")
    (tmp_path / "c.jpg").write_bytes(picture(5))
    assert cli.main(["send", str(tmp_path / "b.jpg"), str(tmp_path / "c.jpg"), "--config", config]) == 0
    assert (len(platform.photos), platform.calls["PUT /assets/…/preview"]) == (1, 1)
    assert "2 files: 2 live" in capsys.readouterr().out


def test_status_of_a_bridge_that_does_not_run(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["status", "--config", str(write_config(tmp_path, platform.url))]) == 1
    assert "not running" in capsys.readouterr().err


def test_status_in_words_and_as_json(running: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(tmp_path / "bridge.json")
    assert cli.main(["status", "--config", config]) == 0
    words = capsys.readouterr().out
    assert "No photos yet" in words
    assert "还没有照片" in words
    assert cli.main(["status", "--json", "--config", config]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["received"] == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"server": "photos.example.com"}, "server"),
        ({"token": ""}, "token"),
        ({"spooldir": "x"}, "spooldir: no such setting"),
        ({"ftp": {"users": []}}, "ftp.users"),
        ({"ftp": {"users": [{"user": "a", "password": "b"}] * 2}}, "same user"),
        ({"ftp": {"users": [{"user": "a", "password": "b"}], "passive_ports": "many"}}, "passive_ports"),
        ({"state_port": 70000}, "state_port"),
    ],
)
def test_a_bad_setting_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, object], words: str
) -> None:
    config = write_config(tmp_path, "http://127.0.0.1:1", **changes)
    assert cli.main(["status", "--config", str(config)]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_orders_from_a_terminal(running: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert running.state()["mode"] == "auto"
    config = str(tmp_path / "bridge.json")
    assert cli.main(["do", "mode", "pick", "--config", config]) == 0
    assert cli.main(["do", "mode", "dance", "--config", config]) == 1
    capsys.readouterr()
    assert cli.main(["status", "--config", config]) == 0
    said = capsys.readouterr().out
    assert "mode      pick" in said
    assert "room for about" in said
