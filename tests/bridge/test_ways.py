"""Two networks at once: previews are hedged, one cut cable costs a fraction of a second, and both come back."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from camera_bridge.bridge import Bridge
from camera_bridge.config import Config
from camera_bridge.uplink.ways import ANY, Way, Ways
from launch.bench.link import Link, Shape
from tests.bridge.conftest import login, picture, store
from tests.bridge.platform import FakePlatform

VENUE, PHONE = "127.0.0.2", "127.0.0.3"  # two addresses of this machine stand for two networks


@pytest.fixture
def link(platform: FakePlatform) -> Iterator[Link]:
    with Link(Shape(20, 40), "127.0.0.1", platform.port) as running:
        yield running


@pytest.fixture
def twofold(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform, link: Link
) -> Iterator[Bridge]:
    bridge = start(replace(settings, server=f"http://127.0.0.1:{link.port}", uplinks=(VENUE, PHONE)))
    platform.wait(lambda: bridge.line.is_up)
    yield bridge
    link.mend()
    link.mend(VENUE)


def shoot(bridge: Bridge, platform: FakePlatform, number: int) -> float:
    """Seconds from the last byte to the preview on the platform."""
    content = picture(number, size=(900, 600))
    with login(bridge) as camera:
        store(camera, f"DSC_{number:04d}.JPG", content)
    name = f"DSC_{number:04d}.JPG"
    asset = bridge.spool.ledger.assets("WHERE name = ?", name)[0]
    platform.wait(lambda: asset.sha256 in platform.photos and bool(platform.photos[asset.sha256].preview), 40)
    return platform.photos[asset.sha256].preview_at - asset.received_at / 1000


@pytest.mark.slow
def test_a_cable_cut_in_a_burst_is_not_felt(twofold: Bridge, platform: FakePlatform, link: Link) -> None:
    for number in range(1, 4):
        shoot(twofold, platform, number)
    used = next(one["name"] for one in twofold.ways.report() if one["used"])
    link.cut(used)
    took = [shoot(twofold, platform, number) for number in range(4, 9)]
    assert max(took) < 2.0, took
    assert twofold.line.is_up, "one network is enough"
    assert next(one["name"] for one in twofold.ways.report() if one["used"]) != used
    assert twofold.state()["counts"]["refused"] == 0
    platform.wait(lambda: len(platform.originals()) == 8, 60)  # they too take the other way
    assert len(platform.photos) == 8
    assert all(one.published == 1 for one in platform.photos.values()), "twice sent is once published"


@pytest.mark.slow
def test_a_network_that_comes_back_is_noticed(twofold: Bridge, platform: FakePlatform, link: Link) -> None:
    link.cut(VENUE)
    platform.wait(lambda: not _ok(twofold, VENUE), 60)
    assert _ok(twofold, PHONE)
    link.mend(VENUE)
    platform.wait(lambda: _ok(twofold, VENUE), 60)


@pytest.mark.slow
def test_both_cut_is_offline_and_nothing_is_lost(twofold: Bridge, platform: FakePlatform, link: Link) -> None:
    link.cut()
    with login(twofold) as camera:
        store(camera, "DSC_0001.JPG", picture(1))
    platform.wait(lambda: not twofold.line.is_up, 60)
    link.mend()
    platform.wait(lambda: len(platform.originals()) == 1, 60)


def _ok(bridge: Bridge, name: str) -> bool:
    return bool(next(one["ok"] for one in bridge.ways.report() if one["name"] == name))


def test_the_best_way_is_the_preferred_one_that_works() -> None:
    ways = Ways(("wlan0", "usb0"))
    venue, phone = Way("wlan0"), Way("usb0")
    assert ways.best() == venue
    assert ways.failed(venue, "cut"), "another way works"
    assert ways.best() == phone
    assert not ways.failed(phone, "cut too")
    ways.answered(venue, 40.0)
    assert ways.best() == venue
    ways.answered(phone, 20.0)
    ways.prefer(phone)
    assert ways.best() == phone


def test_networks_come_and_go() -> None:
    names: list[tuple[str, ...]] = [("wlan0",)]
    ways = Ways(look=lambda: names[-1])
    assert ways.all == (ANY,), "one network: the system chooses"
    assert ways.report() == []
    names.append(("wlan0", "usb0"))
    ways.look_again()
    assert ways.all == (Way("wlan0"), Way("usb0"))
    ways.prefer(Way("usb0"))
    names.append(("wlan0",))
    ways.look_again()
    assert ways.best() == ANY


def test_a_socket_leaves_by_the_way_it_is_bound_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as far, socket.socket() as near:
        Way(PHONE).bind(near)
        near.connect(far.getsockname())
        line, address = far.accept()
        line.close()
    assert address[0] == PHONE


@pytest.mark.skipif(not hasattr(socket, "SO_BINDTODEVICE"), reason="only Linux binds to a device")
def test_a_socket_is_bound_to_an_interface() -> None:
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as far, socket.socket() as near:
        try:
            Way("lo").bind(near)
        except PermissionError:
            pytest.skip("this kernel wants rights for that")
        near.settimeout(5)
        near.connect(far.getsockname())
    with socket.socket() as near, pytest.raises(OSError):
        Way("nosuch0").bind(near)
    assert time.monotonic() - began < 5
