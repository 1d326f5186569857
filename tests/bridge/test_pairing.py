"""A newcomer's first minutes: a code on the screen, a confirmation, and a configuration that runs."""

from __future__ import annotations

import json
import socket
import stat
import threading
import time
from pathlib import Path

import pytest

from camera_bridge import cli, config
from tests.bridge.platform import TOKEN, FakePlatform

pytestmark = pytest.mark.slow


def test_a_code_a_confirmation_a_configuration(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bridge.json"
    paired: list[int] = []
    waiting = threading.Thread(
        target=lambda: paired.append(cli.main(["pair", "--server", platform.url, "--config", str(path)]))
    )
    waiting.start()
    platform.wait(lambda: platform.offers == 1)
    time.sleep(0.2)
    assert not path.exists(), "nothing is written before somebody confirmed"
    platform.confirmed = True
    waiting.join(20)
    assert paired == [0]
    said = capsys.readouterr().out
    assert "K7F-1QX" in said
    assert TOKEN not in said
    found = config.load(path)
    assert found.token == TOKEN
    assert found.ftp is not None
    assert [one.user for one in found.ftp.users] == ["cam1", "cam2"]
    assert all(one.password.isdigit() and len(one.password) == 8 for one in found.ftp.users)
    assert found.ftp.users[0].password in said
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_expired_code_is_followed_by_a_new_one(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    platform.expired = platform.confirmed = True
    assert cli.main(["pair", "--server", platform.url, "--config", str(tmp_path / "bridge.json")]) == 0
    said = capsys.readouterr().out
    assert "K7F-1QX" in said
    assert "K7F-2QX" in said


def test_a_usual_port_in_use_is_not_what_cameras_are_told(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make run` on the same laptop has a bridge of its own there; this one used to end after pairing."""
    path = tmp_path / "bridge.json"
    platform.confirmed = True
    with socket.socket() as other:
        try:
            other.bind(("127.0.0.1", 2121))
            other.listen()
        except OSError:  # another program of this machine has it: as good
            pass
        assert cli.main(["pair", "--server", platform.url, "--config", str(path)]) == 0
        found = config.load(path)
        assert found.ftp is not None
        assert 2121 < found.ftp.port < 2141
        assert f"FTP {found.ftp.port}" in capsys.readouterr().out


def test_pairing_again_keeps_the_cameras(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bridge.json"
    users = [{"user": "nikon", "password": "11112222"}]
    path.write_text(json.dumps({"server": "http://old", "token": "gone", "ftp": {"port": 2200, "users": users}}))
    platform.confirmed = True
    assert cli.main(["pair", "--server", platform.url, "--config", str(path)]) == 0
    doc = json.loads(path.read_text())
    assert (doc["token"], doc["server"]) == (TOKEN, platform.url)
    assert doc["ftp"] == {"port": 2200, "users": users}
    capsys.readouterr()


def test_nobody_at_that_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bridge.json"
    assert cli.main(["pair", "--server", "http://127.0.0.1:9", "--config", str(path)]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not path.exists()
