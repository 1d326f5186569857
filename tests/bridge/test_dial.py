"""The clock for cameras: one photo of it sets a camera right to a fraction of a second, and is shown to nobody."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import Callable

import pytest
from PIL import Image, ImageFilter

from camera_bridge import dial
from camera_bridge.bridge import Bridge
from camera_bridge.cameras import Cameras
from camera_bridge.clock import now_ms
from camera_bridge.config import Config
from tests.bridge.conftest import login, picture, store
from tests.bridge.platform import FakePlatform
from tests.bridge.test_orders import LONG_AGO, shot


def screen(code: str, *, share: float, tilt: float = 7) -> Image.Image:
    """A photo of a screen with the clock: small in the picture, tilted, a little soft."""
    rows = code.split("\n")
    dots = Image.new("L", (len(rows) + 8, len(rows) + 8), 255)
    for y, row in enumerate(rows):
        for x, dot in enumerate(row):
            dots.putpixel((x + 4, y + 4), 0 if dot == "1" else 255)
    side = int(1600 * share)
    face = dots.resize((side, side), Image.Resampling.NEAREST).rotate(tilt, expand=True, fillcolor=255)
    with Image.open(io.BytesIO(picture(7))) as scene:
        photo = scene.convert("RGB")
    photo.paste(face.convert("RGB").filter(ImageFilter.GaussianBlur(1.0)), (300, 200))
    return photo


def jpeg_of(photo: Image.Image, taken_at: int, error_ms: int, serial: str = "SN123456") -> bytes:
    """As a camera would write it whose clock is wrong by `error_ms`."""
    wrong = taken_at + error_ms
    exif = Image.Exif()
    inner = exif.get_ifd(0x8769)
    inner[0x9003] = time.strftime("%Y:%m:%d %H:%M:%S", time.localtime(wrong // 1000))
    inner[0x9291] = f"{wrong % 1000:03d}"
    inner[0xA431] = serial
    out = io.BytesIO()
    photo.save(out, "JPEG", quality=88, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_a_photo_of_the_clock_is_read(share: float) -> None:
    photo = screen(dial.draw(1_764_042_000_123), share=share)
    assert dial.read(photo.resize((1280, 853))) == 1_764_042_000_123


def test_other_codes_and_no_codes_are_not_the_clock() -> None:
    with Image.open(io.BytesIO(picture(3))) as plain:
        assert dial.read(plain) is None


def test_faces_come_in_advance_and_arm_the_search() -> None:
    clock = dial.Dial()
    assert not clock.armed
    given = clock.faces()
    assert clock.armed
    moments = [one["at"] for one in given["faces"]]
    assert moments[0] <= given["now"] < moments[-1]
    assert {b - a for a, b in itertools.pairwise(moments)} == {dial.SLOT_MS}
    assert len({one["code"] for one in given["faces"]}) == len(moments)


@pytest.mark.slow
def test_three_wrong_cameras_sort_within_a_second(
    bridge: Bridge, platform: FakePlatform, settings: Config, start: Callable[[Config], Bridge]
) -> None:
    platform.wait(lambda: bridge.line.is_up)
    errors = {"cam1": -90_000, "cam2": 7_000, "cam3": 3_600_000}
    given = bridge.dial.faces()["faces"]
    for number, (user, error) in enumerate(errors.items()):
        taken = given[number]["at"] + 30  # somewhere within the time a face is shown
        with login(bridge, user) as camera:
            photo = screen(given[number]["code"], share=0.3)
            store(camera, f"C_{number}001.JPG", jpeg_of(photo, taken, error, serial=user))
    platform.wait(lambda: bridge.state()["counts"]["aside"] == 3)
    assert not platform.photos, "the clock is shown to nobody"
    began = now_ms()
    for step in range(6):  # one shot a second, by turns
        user = f"cam{1 + step % 3}"
        with Image.open(io.BytesIO(picture(step))) as scene, login(bridge, user) as camera:
            content = jpeg_of(scene.convert("RGB"), began + 1000 * step, errors[user], serial=user)
            store(camera, f"D_{step}002.JPG", content)
    platform.wait(lambda: len(platform.originals()) == 6)
    said = sorted((one.card["shot_at"], one.card["name"]) for one in platform.photos.values())
    assert [name for _, name in said] == [f"D_{step}002.JPG" for step in range(6)]
    assert all(abs(at - (began + 1000 * step)) <= 200 for step, (at, _) in enumerate(said)), said
    assert {one["clock_by"] for one in bridge.state()["ftp"]["users"] if one["last_name"]} == {"qr"}
    bridge.stop()
    again = start(settings)
    assert abs(again.cameras.report()["cam3"]["clock_offset_ms"] + 3_600_000) <= 200, "outlives a restart"
    assert again.spool.ledger.faults() == []


def test_a_clock_that_was_set_afterwards_is_judged_anew() -> None:
    cameras = Cameras()
    cameras.read_clock(shot("A_0001.JPG", LONG_AGO, shot_at=LONG_AGO - 90_000, serial="S"), LONG_AGO)
    cameras.arrived(shot("A_0002.JPG", LONG_AGO + 5_000, shot_at=LONG_AGO - 86_500, serial="S"))
    assert cameras.report()["cam1"]["clock_offset_ms"] == 90_000
    for n in range(3, 7):  # somebody set the camera right
        at = LONG_AGO + n * 10_000
        cameras.arrived(shot(f"A_000{n}.JPG", at + 1_200, shot_at=at, serial="S"))
    assert cameras.report()["cam1"]["clock_offset_ms"] == 0
    assert cameras.report()["cam1"]["clock_by"] == "minimum"
