"""A newcomer's first minutes: start, a code on the page, a confirmation, camera settings, the first photo."""

from __future__ import annotations

import ftplib
import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from camera_bridge.errors import ConfigError
from camera_bridge.welcome import Welcome
from tests.bridge.conftest import picture
from tests.bridge.platform import FakePlatform
from tests.chromium import Launch

pytestmark = pytest.mark.slow


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def newcomer(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """`kuaimen-bridge` on a computer that was never paired."""
    file = tmp_path / "bridge.json"
    with socket.create_server(("127.0.0.1", 0)) as free:
        ftp_port = free.getsockname()[1]
    users = [{"user": "cam1", "password": "48213907"}]
    ftp = {"host": "127.0.0.1", "port": ftp_port, "users": users}
    file.write_text(json.dumps({"state_port": port, "reserve_bytes": 0, "ftp": ftp}))
    command = [sys.executable, "-m", "camera_bridge.cli", "run", "--config", str(file)]
    env = {name: value for name, value in os.environ.items() if name != "KUAIMEN_BRIDGE_TOKEN"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    yield process
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)


@pytest.fixture
def page(chromium: Launch) -> Iterator[Page]:
    page = chromium().new_page(locale="zh-CN", viewport={"width": 1100, "height": 900})
    yield page
    page.close()


def test_from_nothing_to_the_first_photo(
    newcomer: subprocess.Popen[str], platform: FakePlatform, page: Page, port: int, tmp_path: Path
) -> None:
    assert newcomer.stdout is not None
    assert str(port) in newcomer.stdout.readline(), "the terminal says where to look"
    page.goto(f"http://127.0.0.1:{port}/")
    expect(page.locator("#server")).to_contain_text("平台在哪里")
    page.fill("#address", platform.url)
    page.click("#ask button")
    expect(page.locator("#digits")).to_have_text("K7F-1QX", timeout=15_000)
    platform.confirmed = True
    expect(page.locator("#connect")).to_contain_text("48213907", timeout=30_000)
    expect(page.locator("#light")).to_contain_text("还没有照片", timeout=15_000)
    config = json.loads((tmp_path / "bridge.json").read_text())
    assert config["token"] == platform.token
    with ftplib.FTP() as camera:
        camera.connect("127.0.0.1", config["ftp"]["port"], timeout=20)
        camera.login("cam1", "48213907")
        camera.storbinary("STOR DSC_0001.JPG", io.BytesIO(picture(1)))
    expect(page.locator("#checks li.on")).to_have_count(4, timeout=20_000)
    expect(page.locator("#shot img")).to_be_visible()


def test_a_nonsense_address_is_told(tmp_path: Path) -> None:
    welcome = Welcome(tmp_path / "bridge.json")
    for nonsense in ("", "ftp://x", "https://"):
        with pytest.raises(ConfigError, match="looks like"):
            welcome.choose(nonsense)
    assert welcome.state()["stage"] == "server"


def test_nobody_at_the_address_is_said_and_tried_again(tmp_path: Path, platform: FakePlatform) -> None:
    platform.go_away()
    welcome = Welcome(tmp_path / "bridge.json", platform.url)
    welcome.start()
    platform.wait(lambda: bool(welcome.state()["why"]))
    platform.come_back()
    platform.wait(lambda: bool(welcome.state()["code"]))
    platform.confirmed = True
    platform.wait(welcome.paired.is_set, 40)
    welcome.stop()
