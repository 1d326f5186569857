"""What the platform keeps for the bridge and asks of it: the ledger's story, the cameras' identity, orders."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from camera_bridge import pairing
from camera_bridge.bridge import Bridge
from camera_bridge.config import Config
from camera_bridge.uplink.told import story_id
from tests.bridge.conftest import PASSWORD, login, picture, store
from tests.bridge.platform import FakePlatform

pytestmark = pytest.mark.slow

Start = Callable[[Config], Bridge]


def test_the_whole_story_reaches_the_platform(bridge: Bridge, platform: FakePlatform) -> None:
    with login(bridge) as camera:
        for number in range(20):
            store(camera, f"A_{number:04d}.JPG", picture(number, size=(320, 213)))
    platform.wait(lambda: len(platform.originals()) == 20)
    story = story_id(bridge.spool.ledger)
    platform.wait(lambda: len(platform.stories.get(story, [])) == bridge.spool.ledger.tip().n, 30)
    assert platform.stories[story][-1]["chain"] == bridge.spool.ledger.tip().chain
    assert platform.beats[0]["ledger"]["id"] == story


def test_a_story_told_otherwise_before_is_a_fault(settings: Config, start: Start, platform: FakePlatform) -> None:
    bridge = start(settings)
    with login(bridge) as camera:
        store(camera, "A_0001.JPG", picture(1))
    story = story_id(bridge.spool.ledger)
    platform.wait(lambda: len(platform.stories.get(story, [])) >= 3)
    bridge.stop()
    platform.stories[story][-1]["chain"] = "f" * 64
    again = start(settings)
    with login(again) as camera:
        store(camera, "A_0002.JPG", picture(2))
    platform.wait(lambda: again.state()["story_fault"] == "chain_broken")
    platform.wait(lambda: len(platform.originals()) == 2)  # photos go on


def test_a_platform_without_these_requests_gets_photos_all_the_same(
    settings: Config, start: Start, platform: FakePlatform
) -> None:
    newer = ("/ledger", "/identity", "/commands")
    platform.trouble = lambda _method, path: (404, {"code": "not_found", "message": ""}) if path in newer else None
    bridge = start(settings)
    with login(bridge) as camera:
        store(camera, "A_0001.JPG", picture(1))
    platform.wait(lambda: len(platform.originals()) == 1)
    assert bridge.state()["story_fault"] == ""


def test_an_order_arrives_within_a_second_and_is_done_once(
    settings: Config, start: Start, platform: FakePlatform
) -> None:
    bridge = start(settings)
    platform.wait(lambda: platform.calls["POST /heartbeat"] > 0)
    began = time.monotonic()
    platform.order("mode", "pick")
    platform.wait(lambda: bridge.state()["mode"] == "pick")
    assert time.monotonic() - began < 3, "far below the ten seconds between heartbeats"
    bridge.do("mode", "auto")
    bridge.stop()
    again = start(settings)
    platform.wait(lambda: again.line.is_up)
    time.sleep(0.5)
    assert again.state()["mode"] == "auto", "an order that was carried out stays carried out"
    platform.wait(lambda: platform.beats[-1]["have"] == 1, 15)


def test_a_spare_computer_takes_the_place(bridge: Bridge, platform: FakePlatform, tmp_path: Path) -> None:
    platform.wait(lambda: bool(platform.identity))
    platform.confirmed = True
    spare = tmp_path / "spare" / "bridge.json"
    pairing.pair(platform.url, spare, lambda _offer: None)
    said = json.loads(spare.read_text())
    assert {one["user"]: one["password"] for one in said["ftp"]["users"]} == {f"cam{n}": PASSWORD for n in range(1, 5)}
    assert "server" not in platform.identity, "whose platform it is comes from the pairing"
