"""A camera on a cable: shots, a cable that is pulled, a card that is listed again; the real library on a folder."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from camera_bridge.bridge import Bridge
from camera_bridge.sources.gphoto import GphotoCable
from camera_bridge.sources.usb import CameraGone, CardFile, Tether
from tests.bridge.conftest import picture
from tests.bridge.platform import FakePlatform

pytestmark = pytest.mark.slow


class Body:
    """A camera with a card. The cable can be pulled; shots taken meanwhile are announced to nobody."""

    def __init__(self) -> None:
        self.card: dict[CardFile, bytes] = {}
        self.news: list[CardFile] = []
        self.plugged = True
        self.fetched: list[str] = []

    def shoot(self, name: str, content: bytes) -> None:
        file = CardFile("/DCIM/100TEST", name, len(content), 1_700_000_000 + len(self.card))
        self.card[file] = content
        if self.plugged:
            self.news.append(file)

    def plug(self) -> Wire:
        if not self.plugged:
            raise CameraGone("nothing on the cable")
        self.news.clear()
        return Wire(self)


class Wire:
    def __init__(self, body: Body) -> None:
        self._body = body

    @property
    def body(self) -> str:
        return "SN-77"

    def files(self) -> Iterator[CardFile]:
        yield from list(self._body.card)

    def fetch(self, file: CardFile) -> bytes:
        self._ask()
        self._body.fetched.append(file.name)
        return self._body.card[file]

    def wait(self, milliseconds: int) -> CardFile | None:
        time.sleep(min(milliseconds, 20) / 1000)
        self._ask()
        return self._body.news.pop(0) if self._body.news else None

    def close(self) -> None:
        pass

    def _ask(self) -> None:
        if not self._body.plugged:
            raise CameraGone("pulled")


@pytest.fixture
def body() -> Body:
    return Body()


@pytest.fixture
def tether(bridge: Bridge, body: Body) -> Iterator[Tether]:
    running = Tether(body.plug, bridge.spool)
    running.start()
    yield running
    running.stop()


def test_every_shot_and_what_was_shot_while_the_cable_was_out(
    tether: Tether, body: Body, bridge: Bridge, platform: FakePlatform
) -> None:
    platform.wait(lambda: tether.body == "SN-77")
    body.shoot("DSC_0001.JPG", picture(1))
    platform.wait(lambda: len(platform.originals()) == 1)
    body.plugged = False
    platform.wait(lambda: not tether.body)
    body.shoot("DSC_0002.JPG", picture(2))
    body.shoot("DSC_0003.JPG", picture(3))
    body.plugged = True
    platform.wait(lambda: len(platform.originals()) == 3)
    assert body.fetched == ["DSC_0001.JPG", "DSC_0002.JPG", "DSC_0003.JPG"], "nothing is fetched twice"
    assert bridge.state()["last"][0]["camera"] == "SN-77"


def test_a_jpeg_is_fetched_before_its_raw(bridge: Bridge, body: Body, platform: FakePlatform) -> None:
    body.shoot("DSC_0001.NEF", b"II*\0\x08\0\0\0\0\0\0\0\0\0")
    body.shoot("DSC_0001.JPG", picture(1))
    body.shoot("DSC_0002.JPG", picture(2))
    running = Tether(body.plug, bridge.spool)
    running.start()
    platform.wait(lambda: len(body.fetched) == 3)
    running.stop()
    assert body.fetched == ["DSC_0001.JPG", "DSC_0002.JPG", "DSC_0001.NEF"]


@pytest.mark.skipif(importlib.util.find_spec("gphoto2") is None, reason="gphoto2 is not installed")
def test_the_real_library_lists_and_reads(bridge: Bridge, platform: FakePlatform, tmp_path: Path) -> None:
    folder = tmp_path / "card" / "DCIM" / "100TEST"
    folder.mkdir(parents=True)
    for number in (1, 2):
        (folder / f"DSC_{number:04d}.JPG").write_bytes(picture(number))
    running = Tether(partial(GphotoCable, f"disk:{tmp_path / 'card'}", "Directory Browse"), bridge.spool)
    running.start()
    try:
        platform.wait(lambda: len(platform.originals()) == 2)
    finally:
        running.stop()
    assert set(platform.originals().values()) == {picture(1), picture(2)}
    assert (folder / "DSC_0001.JPG").read_bytes() == picture(1)
