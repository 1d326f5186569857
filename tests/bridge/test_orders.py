"""What the operator decides: modes, pause, take back, and what the bridge notices about cameras."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from camera_bridge.bridge import Bridge
from camera_bridge.cameras import Cameras
from camera_bridge.config import Config
from camera_bridge.ledger import Asset
from tests.bridge.conftest import login, picture, store
from tests.bridge.platform import FakePlatform

pytestmark = pytest.mark.slow


def starred(seed: int, stars: int) -> bytes:
    with Image.open(io.BytesIO(picture(seed))) as image:
        exif = image.getexif()
        exif[0x4746] = stars
        out = io.BytesIO()
        image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def names(platform: FakePlatform) -> set[str]:
    return {one.card["name"] for one in platform.photos.values() if one.preview}


def test_only_marked_photos_go_out_until_the_mode_changes(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform
) -> None:
    bridge = start(replace(settings, mode="marked"))
    platform.wait(lambda: bridge.line.is_up)
    with login(bridge) as camera:
        store(camera, "A_0001.JPG", starred(1, 0))
        store(camera, "A_0002.JPG", starred(2, 3))
    platform.wait(lambda: names(platform) == {"A_0002.JPG"})
    assert bridge.state()["counts"]["aside"] == 1
    platform.wait(lambda: bridge.state()["counts"]["waiting"] == 0)
    began = time.monotonic()
    assert bridge.do("mode", "auto")
    platform.wait(lambda: names(platform) == {"A_0001.JPG", "A_0002.JPG"})
    assert time.monotonic() - began < 2
    assert bridge.spool.ledger.faults() == []


def test_the_operator_picks(settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform) -> None:
    bridge = start(replace(settings, mode="pick"))
    platform.wait(lambda: bridge.line.is_up)
    with login(bridge) as camera:
        for number in (1, 2, 3):
            store(camera, f"A_000{number}.JPG", picture(number))
    second = bridge.spool.ledger.assets("WHERE name = 'A_0002.JPG'")[0]
    platform.wait(lambda: bridge.spool.preview_path(second.asset_id).exists(), 5)
    assert bridge.do("pick", second.asset_id)
    platform.wait(lambda: len(platform.originals()) == 1)
    assert names(platform) == {"A_0002.JPG"}
    assert not bridge.do("pick", second.asset_id), "picked once"


def test_a_switched_mode_outlives_a_restart(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform
) -> None:
    bridge = start(settings)
    bridge.do("mode", "pick")
    bridge.stop()
    assert start(settings).state()["mode"] == "pick"


def test_pause_publishes_nothing_and_receives_all(bridge: Bridge, platform: FakePlatform) -> None:
    platform.wait(lambda: bridge.line.is_up)
    bridge.do("pause")
    bridge.do("originals_later")
    with login(bridge) as camera:
        assert store(camera, "a.jpg", picture(1)).startswith("226")
    time.sleep(0.4)
    assert not platform.photos
    bridge.do("resume")
    bridge.do("originals_now")
    platform.wait(lambda: len(platform.originals()) == 1)


def test_the_platform_may_order_too(bridge: Bridge, platform: FakePlatform) -> None:
    platform.commands = [{"do": "mode", "about": "pick"}, "pause", {"do": "dance"}]
    platform.wait(lambda: bridge.state()["mode"] == "pick")
    platform.wait(lambda: bridge.state()["paused"])


def test_take_back_the_last_one(bridge: Bridge, platform: FakePlatform) -> None:
    with login(bridge) as camera:
        store(camera, "a.jpg", picture(1))
    platform.wait(lambda: bridge.state()["counts"]["original_safe"] == 1)
    assert bridge.do("retract")
    platform.wait(lambda: {one.state for one in platform.photos.values()} == {"hidden"})
    assert bridge.spool.ledger.faults() == []


def test_take_back_before_it_went_out(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform
) -> None:
    platform.trouble = lambda _method, _path: (503, b"")
    bridge = start(settings)
    with login(bridge) as camera:
        store(camera, "a.jpg", picture(1))
    asset = bridge.spool.ledger.assets()[0]
    assert bridge.do("retract", asset.asset_id)
    platform.trouble = lambda _method, _path: None
    platform.wait(lambda: bridge.line.is_up)
    time.sleep(0.3)
    assert not platform.photos
    assert bridge.spool.ledger.asset(asset.asset_id).why == "retracted"  # type: ignore[union-attr]  # just read


def shot(name: str, at: int, *, camera: str = "cam1", state: str = "spooled", **more: object) -> Asset:
    plain = Asset(
        asset_id=name, source="ftp", camera=camera, path=f"/{name}", name=name, kind="jpeg", size=1, sha256="",
        received_at=at, state=state,
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]  # fields by name


LONG_AGO = 1_700_000_000_000


def gaps(*shots: Asset) -> list[str]:
    cameras = Cameras()
    for one in shots:
        cameras.arrived(one)
    found = cameras.report()["cam1"]["gaps"]
    assert isinstance(found, list)
    return found


def test_numbers_that_never_came_are_named() -> None:
    come = [shot(f"DSC_{n:04d}.JPG", LONG_AGO) for n in (410, 411, 415, 416, 418)]
    assert gaps(*come) == ["DSC_0412-0414", "DSC_0417"]


def test_a_late_number_a_pair_and_a_new_card_are_no_gaps() -> None:
    come = [shot(f"DSC_{n:04d}.{kind}", LONG_AGO) for n in (1, 2) for kind in ("NEF", "JPG")]
    come += [shot("DSC_0004.JPG", LONG_AGO), shot("DSC_0003.JPG", LONG_AGO), shot("DSC_0003_1.JPG", LONG_AGO)]
    come += [shot("DSC_2000.JPG", LONG_AGO), shot("IMG_7000.JPG", LONG_AGO), shot("DSC_0100.JPG", LONG_AGO)]
    assert gaps(*come) == []


def test_the_counter_begins_again_after_9999() -> None:
    come = [shot(f"DSC_{n:04d}.JPG", LONG_AGO) for n in (9998, 9999, 1, 2, 4)]
    assert gaps(*come) == ["DSC_0003"]


def test_a_half_file_does_not_close_a_gap_and_a_card_does() -> None:
    come = [shot("DSC_0001.JPG", LONG_AGO), shot("DSC_0003.JPG", LONG_AGO)]
    half = shot("DSC_0002.JPG", LONG_AGO, state="partial")
    assert gaps(*come, half) == ["DSC_0002"]
    assert gaps(*come, shot("DSC_0002.JPG", LONG_AGO, camera="100NIKON", source="card")) == []


def test_a_wrong_clock_is_told_and_set_right() -> None:
    cameras = Cameras()
    slow = 7 * 60_000
    for n in range(4):
        taken = LONG_AGO + n * 10_000
        cameras.arrived(shot(f"A_{n:04d}.JPG", taken + 1200 + 300 * n, shot_at=taken - slow, serial="S1"))
        cameras.arrived(shot(f"B_{n:04d}.JPG", taken + 900, camera="cam2", shot_at=taken, serial="S2"))
    report = cameras.report()
    assert abs(report["cam1"]["clock_offset_ms"] - slow) < 1000
    assert report["cam2"]["clock_offset_ms"] == 0
    by_card = shot("C.JPG", LONG_AGO, camera="100NIKON", source="card", serial="S1")
    assert cameras.offset_ms(by_card) == report["cam1"]["clock_offset_ms"]


def test_the_corrected_time_is_what_the_platform_hears(bridge: Bridge, platform: FakePlatform) -> None:
    platform.wait(lambda: bridge.line.is_up)
    with login(bridge) as camera:
        for number in range(5):
            store(camera, f"A_{number:04d}.JPG", picture(number, shot=f"2020:01:01 00:00:{number:02d}"))
    platform.wait(lambda: len(platform.originals()) == 5)
    last = next(one for one in platform.photos.values() if one.card["name"] == "A_0004.JPG")
    assert abs(last.card["shot_at"] - last.card["received_at"]) < 60_000, "years wrong, now right"
    assert last.card["clock_offset_ms"] > 365 * 86_400_000


def test_photos_sent_before_the_error_was_known_are_set_right(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform
) -> None:
    bridge = start(settings)
    platform.wait(lambda: bridge.line.is_up)
    with login(bridge) as camera:
        for number in range(4):
            store(camera, f"A_{number:04d}.JPG", picture(number, shot=f"2020:01:01 00:00:{number:02d}"))
            platform.wait(lambda sent=number: len(platform.photos) == sent + 1)

    def all_right() -> bool:
        cards = [one.card for one in platform.photos.values()]
        return all(abs(one["shot_at"] - one["received_at"]) < 60_000 for one in cards)

    platform.wait(all_right, 15)
    bridge.stop()
    told = dict(platform.photos)
    again = start(settings)
    platform.wait(lambda: again.line.is_up)
    assert all_right(), told


def test_a_clock_set_by_hand_changes_nothing_that_was_shot_before() -> None:
    cameras = Cameras()
    slow = 90_000
    early = [
        shot(f"A_{n:04d}.JPG", LONG_AGO + n * 5000 + 800, shot_at=LONG_AGO + n * 5000 - slow, serial="S1")
        for n in range(4)
    ]
    late = [
        shot(f"A_{n:04d}.JPG", LONG_AGO + n * 5000 + 800, shot_at=LONG_AGO + n * 5000, serial="S1") for n in range(4, 8)
    ]
    for one in early + late:
        cameras.arrived(one)
    assert {cameras.offset_ms(one) for one in early} == {slow - 200}
    assert {cameras.offset_ms(one) for one in late} == {0}


def test_photos_from_out_of_reach_are_no_wrong_clock() -> None:
    cameras = Cameras()
    away = [
        shot(f"A_{n:04d}.JPG", LONG_AGO + 600_000 + n * 300, shot_at=LONG_AGO + n * 20_000, serial="S1")
        for n in range(5)
    ]
    near = shot("A_0009.JPG", LONG_AGO + 700_900, shot_at=LONG_AGO + 700_000, serial="S1")
    for one in [*away, near]:
        cameras.arrived(one)
    assert {cameras.offset_ms(one) for one in [*away, near]} == {0}


def test_a_photo_locked_in_the_camera_counts_as_marked(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform, tmp_path: Path
) -> None:
    bridge = start(replace(settings, mode="marked", min_rating=3))
    card = tmp_path / "card"
    card.mkdir()
    for number in (1, 2):
        (card / f"A_000{number}.JPG").write_bytes(picture(number))
    (card / "A_0002.JPG").chmod(0o444)  # what a locked file on a card looks like
    job = bridge.take_in([card])
    platform.wait(lambda: job.progress()["ended"], 30)
    assert names(platform) == {"A_0002.JPG"}


def test_raw_is_sent_when_switched_on_and_needs_no_preview_of_its_own(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform
) -> None:
    bridge = start(settings)
    jpeg = picture(1)
    facts = jpeg.index(b"Exif\0\0") + 6
    raw = jpeg[facts : facts + 5000]  # the same shot's facts, as a TIFF begins
    with login(bridge) as camera:
        store(camera, "A_0001.JPG", jpeg)
        store(camera, "A_0001.NEF", raw)
    platform.wait(lambda: len(platform.originals()) == 1)
    beside = bridge.spool.ledger.assets("WHERE name = 'A_0001.NEF'")[0]
    assert (beside.state, beside.why) == ("aside", "raw")
    assert bridge.do("raw", "send")
    platform.wait(lambda: len(platform.originals()) == 2)
    cards = [one.card for one in platform.photos.values()]
    assert len({one["pair_key"] for one in cards}) == 1, "one press of the shutter"
    assert sum(one.published for one in platform.photos.values() if one.preview) == 1
    assert not bridge.do("raw", "burn")


def test_a_switch_with_many_waiting_takes_no_two_seconds(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform
) -> None:
    platform.trouble = lambda _method, _path: (503, b"")
    bridge = start(settings)
    for number in range(2000):
        one = shot(f"A_{number:04d}.JPG", LONG_AGO, asset_id=f"x{number:05d}", sha256=f"{number}", rating=number % 2)
        bridge.spool.ledger.receive(one, ("preview", "original"))
    began = time.monotonic()
    assert bridge.do("mode", "marked")
    took = time.monotonic() - began
    assert bridge.state()["counts"]["waiting"] == 1000
    assert bridge.spool.ledger.faults() == []
    assert took < 5, "two seconds on a quiet machine"
