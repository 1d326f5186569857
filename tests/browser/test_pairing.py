"""A newcomer's walk: a code on the bridge's screen, the console, a camera, the first photo; nothing else to read."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import time
from ftplib import FTP
from pathlib import Path

import httpx
import pytest

from launch import ports
from tests.browser.venue import DESK, Guests, Venue
from tests.cast import jpeg

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
BRIDGE = (sys.executable, "-P", "-m", "camera_bridge.cli")


def until(path: Path, pattern: str, within_s: float = 60) -> str:
    """What the bridge's screen says, once it says it."""
    end = time.monotonic() + within_s
    while True:
        found = re.search(pattern, path.read_text(errors="replace"))
        if found:
            return found.group(1)
        assert time.monotonic() < end, path.read_text(errors="replace")
        time.sleep(0.2)


def test_from_a_code_to_the_first_photo(venue: Venue, guests: Guests, tmp_path: Path) -> None:
    screen, settings = tmp_path / "screen.txt", tmp_path / "bridge.json"
    with screen.open("wb") as out:
        pairing = subprocess.Popen(
            [*BRIDGE, "pair", "--server", venue.url, "--config", str(settings)], stdout=out, stderr=out
        )
    bridge: subprocess.Popen[bytes] | None = None
    try:
        code = until(screen, r"([2-9A-Z]{3}-[2-9A-Z]{3})\b")
        page = guests.open(f"{venue.url}/pair/{code.replace('-', '')}", DESK)
        page.fill("[name=login]", venue.status["console"]["login"])
        page.fill("[name=password]", venue.status["console"]["password"])
        page.click("button[type=submit]")
        page.wait_for_selector("[name=album]")
        assert code in page.inner_text(".pair")
        page.screenshot(path=str(tmp_path / "1-confirm.png"))
        page.fill("[name=name]", "左侧")
        page.click("button[type=submit]")
        page.wait_for_selector(".steps li.done[data-step=paired]")
        assert pairing.wait(40) == 0
        page.screenshot(path=str(tmp_path / "2-paired.png"))

        said = json.loads(settings.read_text())
        said |= {"spool_dir": str(tmp_path / "spool"), "state_port": ports.free(), "ftp": said["ftp"]}
        said["ftp"] |= {"port": ports.free(), "host": "127.0.0.1"}
        settings.write_text(json.dumps(said))
        with screen.open("ab") as out:
            bridge = subprocess.Popen([*BRIDGE, "run", "--config", str(settings)], stdout=out, stderr=out)
        page.wait_for_selector(".steps li.done[data-step=heard]", timeout=60_000)
        user = said["ftp"]["users"][0]
        with FTP(timeout=30) as camera:
            camera.connect("127.0.0.1", said["ftp"]["port"])
            camera.login(user["user"], user["password"])
            page.wait_for_selector(".steps li.done[data-step=camera]", timeout=30_000)
            page.screenshot(path=str(tmp_path / "3-camera.png"))
            camera.storbinary("STOR DSC_0001.JPG", io.BytesIO(jpeg("teal", (1200, 800), words="first")))
        page.wait_for_selector(".steps li.done[data-step=photo]", timeout=60_000)
        page.wait_for_selector(".first img[alt='DSC_0001.JPG']")  # its own photo, not another bridge's
        page.screenshot(path=str(tmp_path / "4-photo.png"))

        page.click("a.quiet")
        page.wait_for_selector("tr[data-camera=cam1]")
        page.wait_for_selector(".health li[data-level=good]")
        page.screenshot(path=str(tmp_path / "5-cameras.png"))
        panel = page.locator(".bridge", has_text="左侧")
        panel.get_by_text("暂停发布").click()
        panel.get_by_text("恢复发布").wait_for()
        panel.get_by_text("恢复发布").click()
        panel.get_by_text("撤回最后一张").click()
        page.wait_for_selector(".notice.up")
        shown = httpx.get(f"{venue.url}/mp/v1/albums/{venue.status['album_id']}/photos").json()["photos"]
        assert len(shown) == venue.shot, "the last one was taken back"
    finally:
        for process in (pairing, bridge):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(20)
