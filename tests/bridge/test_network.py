"""Bad networks: a log-in page in the way, a pulled cable, a stalled platform, a revoked token, a clock that jumps."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from camera_bridge import clock
from camera_bridge.bridge import Bridge
from camera_bridge.config import Config
from camera_bridge.preview import Wish, affordable
from camera_bridge.uplink.platform import Account, Platform
from launch.bench.link import Link, Shape
from tests.bridge.conftest import login, picture, store
from tests.bridge.platform import FakePlatform

pytestmark = pytest.mark.slow

Start = Callable[[Config], Bridge]


@pytest.fixture
def link(platform: FakePlatform) -> Iterator[Link]:
    with Link(Shape(20, 20), "127.0.0.1", platform.port) as running:
        yield running


def test_a_log_in_page_refuses_nothing(settings: Config, start: Start, platform: FakePlatform) -> None:
    platform.trouble = lambda _method, _path: (200, b"<html>Welcome to Hotel Wi-Fi</html>")
    bridge = start(settings)
    platform.wait(lambda: bridge.line.condition().state == "portal")
    with login(bridge) as camera:
        assert store(camera, "a.jpg", picture(1)).startswith("226")
    time.sleep(0.3)
    state = bridge.state()
    assert (state["counts"]["refused"], state["counts"]["waiting"]) == (0, 1)
    assert "登录" in state["sentence_zh"]
    platform.trouble = lambda _method, _path: None
    platform.wait(lambda: len(platform.originals()) == 1)


@pytest.mark.parametrize("status", [302, 404, 403])
def test_a_portal_that_appears_later_refuses_nothing(bridge: Bridge, platform: FakePlatform, status: int) -> None:
    platform.wait(lambda: bridge.line.is_up)
    platform.trouble = lambda _method, _path: (status, b"<html>log in</html>")
    with login(bridge) as camera:
        store(camera, "a.jpg", picture(1))
    platform.wait(lambda: bridge.line.condition().state == "portal")
    assert bridge.state()["counts"]["refused"] == 0
    platform.trouble = lambda _method, _path: None
    platform.wait(lambda: len(platform.originals()) == 1)


def test_somebody_else_who_speaks_json_is_not_the_platform(
    settings: Config, start: Start, platform: FakePlatform
) -> None:
    platform.trouble = lambda _method, path: (200, {"n": "x", "proof": "0" * 64}) if path == "/ping" else None
    bridge = start(settings)
    platform.wait(lambda: bridge.line.condition().state == "portal")
    assert not platform.calls["PUT /assets/…/preview"]


def test_a_pulled_cable(settings: Config, start: Start, platform: FakePlatform, link: Link) -> None:
    """Connections stay open and silent; photos are taken in, and follow when the cable is back."""
    bridge = start(replace(settings, server=f"http://127.0.0.1:{link.port}"))
    platform.wait(lambda: bridge.line.is_up)
    link.cut()
    contents = [picture(seed, size=(900, 600)) for seed in range(4)]
    with login(bridge) as camera:
        for number, content in enumerate(contents):
            assert store(camera, f"DSC_{number:04d}.JPG", content).startswith("226")
    assert not platform.photos
    platform.wait(lambda: not bridge.line.is_up, 30)
    link.mend()
    wanted = {hashlib.sha256(one).hexdigest(): one for one in contents}
    platform.wait(lambda: platform.originals() == wanted, 60)


def test_many_photos_come_in_order_after_the_network_returns(
    settings: Config, start: Start, platform: FakePlatform
) -> None:
    platform.trouble = lambda _method, _path: (503, b"")
    bridge = start(settings)
    with login(bridge) as camera:
        for number in range(100):
            store(camera, f"DSC_{number:04d}.JPG", picture(number, size=(320, 213)))
    began = time.monotonic()
    platform.trouble = lambda _method, _path: None
    platform.wait(lambda: len(platform.photos) == 100, 60)
    assert time.monotonic() - began < 60
    shown = [platform.photos[sha].card["name"] for sha in platform.published_order]
    assert shown == sorted(shown), "albums show the order of publication"


def test_a_stalled_platform_holds_up_nobody_at_the_door(bridge: Bridge, platform: FakePlatform) -> None:
    platform.wait(lambda: bridge.line.is_up)
    free = threading.Event()

    def stall(_method: str, path: str) -> None:
        if path.endswith("/preview"):
            free.wait(20)

    platform.trouble = stall
    with login(bridge) as camera:
        for number in range(3):
            assert store(camera, f"{number}.jpg", picture(number)).startswith("226")
    free.set()
    platform.wait(lambda: len(platform.originals()) == 3)


def test_a_revoked_token_stops_sending_and_not_receiving(bridge: Bridge, platform: FakePlatform) -> None:
    platform.wait(lambda: bridge.line.is_up)
    platform.token = "another"
    with login(bridge) as camera:
        assert store(camera, "a.jpg", picture(1)).startswith("226")
    platform.wait(lambda: bridge.line.condition().state == "revoked")
    assert bridge.state()["counts"]["refused"] == 0
    assert "配对" in bridge.state()["sentence_zh"]


def test_a_platform_that_forgot_is_told_again(bridge: Bridge, platform: FakePlatform) -> None:
    with login(bridge) as camera:
        store(camera, "a.jpg", picture(1))
    platform.wait(lambda: bridge.state()["counts"]["original_safe"] == 1)
    platform.photos.clear()
    bridge.crew.keeper._reconciled_at = -1e9
    platform.wait(lambda: len(platform.originals()) == 1)


def test_an_expired_grant_is_asked_for_anew(bridge: Bridge, platform: FakePlatform) -> None:
    asked: list[str] = []

    def expire(_method: str, path: str) -> tuple[int, bytes] | None:
        if path.startswith("/blobs/") and len(asked) < 2:
            asked.append(path)
            return 403, b"<Error><Code>AccessDenied</Code></Error>"
        return None

    platform.trouble = expire
    with login(bridge) as camera:
        store(camera, "a.jpg", picture(1))
    platform.wait(lambda: len(platform.originals()) == 1)
    assert platform.calls["POST /assets"] == 3


def test_a_clock_that_jumps_back_loses_nothing(
    bridge: Bridge, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.wait(lambda: bridge.line.is_up)
    with login(bridge) as camera:
        store(camera, "a.jpg", picture(1))
        real = clock.now_ms
        for module in ("spool", "ledger", "uplink.senders", "uplink.keeper", "state", "clock"):
            monkeypatch.setattr(f"camera_bridge.{module}.now_ms", lambda: real() - 40 * 365 * 86_400_000)
        store(camera, "b.jpg", picture(2))
        platform.wait(lambda: len(platform.originals()) == 2)
    assert bridge.spool.ledger.faults() == []


def test_previews_fit_the_uplink() -> None:
    wish = Wish()
    assert affordable(wish, 0) == wish, "nothing is known yet"
    weak, fair, strong = (affordable(wish, mbit * 125_000) for mbit in (2, 5, 50))
    assert weak.px < fair.px < strong.px == wish.px
    assert weak.max_bytes * 8 / 2e6 <= 0.125
    assert fair.max_bytes * 8 / 5e6 <= 0.105


def test_the_link_is_as_slow_as_it_says(platform: FakePlatform, link: Link) -> None:
    """Lower bounds only: a loaded machine may be slower than its link, never faster."""
    link.reshape(Shape(5, 40))
    far = Platform(Account(f"http://127.0.0.1:{link.port}", platform.token))
    try:
        assert far.ping() >= 40
        began = time.monotonic()
        far.reconcile([f"{number:064x}" for number in range(1000)])
        assert time.monotonic() - began >= 67_000 * 8 / 5e6
    finally:
        far.wire.hang_up()
