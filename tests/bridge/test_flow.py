"""From the camera's last byte to the platform: previews first, originals whole, every file exactly once."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable

import pytest
from PIL import Image

from camera_bridge.bridge import Bridge
from camera_bridge.config import Config
from tests.bridge.conftest import login, picture, store
from tests.bridge.platform import FakePlatform

pytestmark = pytest.mark.slow


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_photo_is_live_and_its_original_safe(bridge: Bridge, platform: FakePlatform) -> None:
    content = picture(1, size=(3000, 2000), orientation=6)
    with login(bridge) as camera:
        assert store(camera, "DSC_0001.JPG", content).startswith("226")
    platform.wait(lambda: sha(content) in platform.originals())
    photo = platform.photos[sha(content)]
    assert photo.original == content
    with Image.open(io.BytesIO(photo.preview)) as image:
        assert image.size[0] < image.size[1], "orientation 6 is applied"
        assert max(image.size) >= 1024
    assert len(photo.preview) <= 120_000
    card = photo.card
    assert (card["name"], card["camera"], card["kind"]) == ("DSC_0001.JPG", "cam1", "jpeg")
    assert (card["size"], card["width"], card["height"]) == (len(content), 2000, 3000)
    platform.wait(lambda: bridge.state()["safe_to_close"])
    state = bridge.state()
    assert state["counts"] == {
        "received": 1, "preview_live": 1, "original_safe": 1, "waiting": 0,
        "refused": 0, "partial": 0, "aside": 0, "duplicates": 0,
    }  # fmt: skip
    assert "1" in state["sentence_zh"]
    assert state["last"][0]["preview_at"] <= state["last"][0]["original_at"]


def test_the_preview_goes_before_the_original(bridge: Bridge, platform: FakePlatform) -> None:
    content = picture(2)
    with login(bridge) as camera:
        store(camera, "a.jpg", content)
    platform.wait(lambda: bool(platform.originals()))
    assert platform.calls["PUT /assets/…/preview"] == 1
    assert platform.photos[sha(content)].published == 1


def test_the_same_bytes_twice_are_one_photo(bridge: Bridge, platform: FakePlatform) -> None:
    content = picture(3)
    with login(bridge) as camera:
        store(camera, "DSC_0001.JPG", content)
        assert store(camera, "DSC_0001_1.JPG", content).startswith("226")
    platform.wait(lambda: bool(platform.originals()))
    assert len(platform.photos) == 1
    assert bridge.state()["counts"]["duplicates"] == 1


def test_another_photo_under_the_same_name_is_another_photo(bridge: Bridge, platform: FakePlatform) -> None:
    first, second = picture(4), picture(5)
    with login(bridge) as camera, login(bridge, "cam2") as other:
        store(camera, "DSC_0001.JPG", first)
        store(camera, "DSC_0001.JPG", second)
        store(other, "DSC_0001.JPG", picture(6))
    platform.wait(lambda: len(platform.originals()) == 3)
    assert platform.originals()[sha(first)] == first
    assert platform.originals()[sha(second)] == second


def test_photos_taken_while_the_platform_is_away_follow_when_it_is_back(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform
) -> None:
    platform.trouble = lambda _method, _path: (503, b"away")
    bridge = start(settings)
    contents = [picture(seed, size=(900, 600)) for seed in range(10, 22)]
    with login(bridge) as camera:
        for number, content in enumerate(contents):
            assert store(camera, f"DSC_{number:04d}.JPG", content).startswith("226")
    assert not bridge.state()["safe_to_close"]
    assert "12" in bridge.state()["sentence_en"]
    platform.trouble = lambda _method, _path: None
    platform.wait(lambda: len(platform.originals()) == len(contents))
    assert {sha(one) for one in contents} == set(platform.originals())


def test_a_refused_preview_ends_refused_and_its_original_is_still_sent(bridge: Bridge, platform: FakePlatform) -> None:
    refusal = {"code": "not_a_picture", "message": "no"}
    platform.trouble = lambda _method, path: (422, refusal) if path.endswith("/preview") else None
    with login(bridge) as camera:
        store(camera, "a.jpg", picture(7))
    platform.wait(lambda: bool(platform.originals()))
    platform.wait(lambda: bridge.state()["safe_to_close"])


def test_a_refused_original_ends_refused_with_its_reason(bridge: Bridge, platform: FakePlatform) -> None:
    asked: list[str] = []

    def trouble(_method: str, path: str) -> tuple[int, dict[str, object]] | None:
        if path != "/assets":
            return None
        asked.append(path)
        return 413, {"code": "too_large", "message": "太大"}

    platform.trouble = trouble
    with login(bridge) as camera:
        store(camera, "a.jpg", picture(8))
    platform.wait(lambda: bridge.state()["counts"]["refused"] == 1)
    assert bridge.state()["last"][0]["why"] == "too_large"
    assert len(asked) == 1, "a refusal is not asked again"
    assert bridge.state()["safe_to_close"]


def test_what_is_no_picture_is_kept_and_sent_to_nobody(bridge: Bridge, platform: FakePlatform) -> None:
    with login(bridge) as camera:
        assert store(camera, "notes.jpg", b"these are words, not a picture").startswith("226")
        assert store(camera, "DSC_0001.XMP", b"<xmp/>").startswith("226")
        store(camera, "b.jpg", picture(9))
    platform.wait(lambda: bool(platform.originals()))
    state = bridge.state()
    assert (state["counts"]["refused"], state["counts"]["aside"], len(platform.photos)) == (1, 1, 1)
    assert {one["name"]: one["why"] for one in state["last"]}["notes.jpg"] == "not_a_picture"
    refused = bridge.spool.ledger.assets("WHERE name = 'notes.jpg'")[0]
    assert bridge.spool.path(refused.asset_id).read_bytes() == b"these are words, not a picture"


def test_an_original_never_overtakes_its_own_preview(bridge: Bridge, platform: FakePlatform) -> None:
    """A preview the platform could not take at once waits for its next try; the original waits with it."""
    platform.wait(lambda: bridge.line.is_up)
    asked: list[str] = []

    def trouble(method: str, path: str) -> tuple[int, bytes] | None:
        if path.endswith("/preview"):
            asked.append("preview")
            return (503, b"") if asked.count("preview") <= 2 else None
        if method == "POST" and path.endswith("/assets"):
            asked.append("original")
        return None

    platform.trouble = trouble
    with login(bridge) as camera:
        store(camera, "A_0001.JPG", picture(1))
    platform.wait(lambda: len(platform.originals()) == 1)
    assert asked[:4] == ["preview", "preview", "preview", "original"]
    [one] = platform.photos.values()
    assert one.preview
