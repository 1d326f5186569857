"""A photo is told of while the camera still sends it, and only where guests would see it by itself."""

from __future__ import annotations

import ftplib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from camera_bridge.bridge import Bridge
from camera_bridge.config import Config
from tests.bridge.conftest import login, picture, store
from tests.bridge.platform import FakePlatform

pytestmark = pytest.mark.slow
HEAD = 64 << 10


@contextmanager
def sending(camera: ftplib.FTP, name: str, content: bytes) -> Iterator[socket.socket]:
    """The camera has sent the head of a photo; the rest follows when the block ends."""
    data = camera.transfercmd(f"STOR {name}")
    data.sendall(content[:HEAD])
    yield data
    data.sendall(content[HEAD:])
    data.close()
    assert camera.voidresp().startswith("226")


def ready(bridge: Bridge, platform: FakePlatform) -> None:
    platform.wait(lambda: bridge.line.is_up)


def test_a_photo_is_told_of_while_it_arrives(bridge: Bridge, platform: FakePlatform) -> None:
    ready(bridge, platform)
    content = picture(1, size=(3000, 2000), orientation=6)
    assert len(content) > 4 * HEAD
    with login(bridge) as camera:
        with sending(camera, "DSC_0001.JPG", content):
            platform.wait(lambda: bool(platform.seen))
            assert platform.photos == {}
        platform.wait(lambda: len(platform.photos) == 1)
    [photo] = platform.photos.values()
    seen = {"asset_id": photo.card["asset_id"], "camera": "cam1", "width": 2000, "height": 3000}
    assert platform.seen == [seen], "once, upright"
    assert platform.gone == []


def test_what_comes_to_nothing_is_taken_back(bridge: Bridge, platform: FakePlatform) -> None:
    ready(bridge, platform)
    content = picture(2, size=(3000, 2000))
    with login(bridge) as camera:
        store(camera, "DSC_0001.JPG", content)
        platform.wait(lambda: bool(platform.originals()))
        platform.seen.clear()
        with sending(camera, "DSC_0001_1.JPG", content):  # the same bytes again: no second photo
            platform.wait(lambda: len(platform.seen) == 1)
        platform.wait(lambda: len(platform.gone) == 1)
        data = camera.transfercmd("STOR DSC_0002.JPG")
        data.sendall(picture(3, size=(3000, 2000))[: 2 * HEAD])
        platform.wait(lambda: len(platform.seen) == 2)
        camera.close()
        data.close()
    platform.wait(lambda: len(platform.gone) == 2)
    assert [one["asset_id"] for one in platform.gone] == [one["asset_id"] for one in platform.seen]
    assert "width" not in platform.gone[0]


@pytest.mark.parametrize("order", [("mode", "pick"), ("mode", "marked"), ("pause", "")])
def test_what_is_not_shown_by_itself_is_not_told_of(
    bridge: Bridge, platform: FakePlatform, order: tuple[str, str]
) -> None:
    ready(bridge, platform)
    bridge.do(*order)
    with login(bridge) as camera:
        store(camera, "DSC_0001.JPG", picture(4, size=(3000, 2000)))
        bridge.do("mode", "auto")
        bridge.do("resume")
        with sending(camera, "DSC_0002.JPG", picture(5, size=(3000, 2000))):
            platform.wait(lambda: bool(platform.seen))
    assert len(platform.seen) == 1


def test_what_is_no_photo_is_not_told_of(bridge: Bridge, platform: FakePlatform) -> None:
    ready(bridge, platform)
    with login(bridge) as camera:
        store(camera, "DSC_0001.XMP", b"<x:xmpmeta/>" * 20_000)
        with sending(camera, "DSC_0002.JPG", picture(6, size=(3000, 2000))):
            platform.wait(lambda: bool(platform.seen))
    assert len(platform.seen) == 1


def test_an_older_platform_gets_its_photos_all_the_same(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform
) -> None:
    platform.ghostly = False
    bridge = start(settings)
    ready(bridge, platform)
    with login(bridge) as camera, sending(camera, "DSC_0001.JPG", picture(7, size=(3000, 2000))):
        platform.wait(lambda: platform.calls["POST /ghosts"] == 1)
    platform.wait(lambda: bool(platform.originals()))
    assert bridge.line.is_up
