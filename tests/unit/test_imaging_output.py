"""What goes out: nothing private, the photographer's name, a placeholder, the same bytes every time."""

from __future__ import annotations

import base64
import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from backend.recipe import PHONE_BYTES, PHONE_PX, PHONE_QUALITIES, Layer, Look, Preset, Recipe
from tests import imaging_pictures as pictures
from workers import imaging
from workers.imaging import exif as exifs
from workers.imaging import output

RECIPE = Recipe(layers=(Layer(text="快门 Kuaimen"),), view_px=640, thumb_px=240)
SCENE = pictures.scene(900, 600)
PRIVATE = pictures.jpeg(
    SCENE,
    exif=pictures.exif(
        1, artist="李雷 摄影".encode(), copyright=b"(c) Li Lei 2026", model=b"R5",
        shot="2026:11:23 20:15:30", offset="+08:00", subsec="25",
    ),
    comment=b"secret comment", xmp=b"<x:xmpmeta>GPSLatitude Secret Owner</x:xmpmeta>",
)  # fmt: skip


def rendered(source: bytes = PRIVATE, recipe: Recipe = RECIPE, *kinds: str) -> list[imaging.Made]:
    return list(imaging.render(imaging.open_source(source), recipe, {}, kinds or ("full", "thumb", "phone", "view")))


def test_order_and_sizes():
    made = rendered()
    assert [(one.kind, one.width, one.height) for one in made] == [
        ("view", 640, 427),
        ("phone", 640, 427),
        ("thumb", 240, 160),
        ("full", 900, 600),
    ]
    for one in made:
        assert Image.open(io.BytesIO(one.jpeg)).size == (one.width, one.height)


def test_nothing_is_made_larger_than_it_was():
    made = rendered(pictures.jpeg(pictures.scene(300, 200)))
    assert {(one.width, one.height) for one in made} - {(240, 160)} == {(300, 200)}


def test_the_view_is_there_before_the_full_size_is_touched():
    first = next(imaging.render(imaging.open_source(PRIVATE), RECIPE, {}, ("view", "phone", "thumb", "full")))
    assert first.kind == "view"


@pytest.mark.parametrize("size", [(1920, 1280), (1280, 1920), (2600, 1100)])
@pytest.mark.parametrize("grain", [0, 12, 30, 90])
def test_a_phones_copy_is_never_too_large(size, grain):
    source = pictures.jpeg(pictures.busy(*size, grain=grain), quality=92)
    view, phone = rendered(source, Recipe(), "view", "phone")
    assert len(view.jpeg) > PHONE_BYTES >= len(phone.jpeg) > PHONE_BYTES * 0.6, "nor much smaller than it has to be"
    image = Image.open(io.BytesIO(phone.jpeg))
    assert image.size == (phone.width, phone.height)
    assert max(image.size) > 700, "pixels are the last thing that is given up"
    assert abs(phone.width / phone.height - size[0] / size[1]) < 0.01


def test_a_phones_copy_loses_quality_before_pixels(monkeypatch):
    asked = []
    real = output.jpeg
    monkeypatch.setattr(output, "jpeg", lambda *said, **more: asked.append(said[1]) or real(*said, **more))
    calm = rendered(pictures.jpeg(pictures.scene(1920, 1280)), Recipe(), "view", "phone")[1]
    assert (asked, calm.width) == ([85, PHONE_QUALITIES[0]], PHONE_PX)
    asked.clear()
    busier = rendered(pictures.jpeg(pictures.busy(grain=0)), Recipe(), "view", "phone")[1]
    assert busier.width == PHONE_PX
    assert PHONE_QUALITIES[0] > asked[-1] >= PHONE_QUALITIES[1]
    assert len(asked) <= 4, "each try costs guests time"
    noise = rendered(pictures.jpeg(pictures.busy(grain=90)), Recipe(), "view", "phone")[1]
    assert noise.width < PHONE_PX


def test_a_phones_copy_is_the_view_made_smaller():
    source = pictures.jpeg(pictures.scene(2400, 1600))
    view, phone = (pictures.pixels(one.jpeg) for one in rendered(source, Recipe(layers=RECIPE.layers), "view", "phone"))
    small = cv2.resize(view, phone.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - phone).mean() < 2.5


def test_places_owners_and_serials_stay_at_home():
    assert b"SERIAL-4711" in PRIVATE
    for one in rendered():
        for secret in (b"SERIAL-4711", b"Secret Owner", b"secret comment", b"GPS", b"xmpmeta"):
            assert secret not in one.jpeg
        assert not Image.open(io.BytesIO(one.jpeg)).getexif().get_ifd(0x8825)


def test_artist_copyright_and_time_stay_with_the_picture():
    for one in rendered():
        tags = Image.open(io.BytesIO(one.jpeg)).getexif()
        if one.kind == "thumb":
            assert not tags
            continue
        assert tags[0x013B].encode("latin-1").decode() == "李雷 摄影"
        assert tags[0x8298] == "(c) Li Lei 2026"
        assert tags[0x0112] == 1
        assert tags.get_ifd(0x8769)[0x9003] == "2026:11:23 20:15:30"


def test_views_say_that_they_are_srgb():
    view, phone, thumb, full = rendered()
    for one in (view, phone, full):
        profile = ImageCms.ImageCmsProfile(io.BytesIO(Image.open(io.BytesIO(one.jpeg)).info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)
    assert "icc_profile" not in Image.open(io.BytesIO(thumb.jpeg)).info


def test_chinese_names_survive_in_whatever_charset_they_came():
    for stored in ("韩梅梅".encode(), "韩梅梅".encode("gb18030")):
        block = exifs.read(pictures.exif(artist=stored).removeprefix(b"Exif\0\0"))
        assert block.text(exifs.ARTIST) == "韩梅梅"
        assert exifs.read(exifs.kept(block)).text(exifs.ARTIST) == "韩梅梅"


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_garbage_exif_never_raises(cut):
    good = pictures.exif(6, artist=b"x" * 60, shot="2026:01:01 10:00:00").removeprefix(b"Exif\0\0")
    exifs.read(good[:cut])
    noise = np.random.default_rng(cut).integers(0, 256, len(good), np.uint8).tobytes()
    exifs.read(good[:8] + noise[8:])
    exifs.read(good[:cut] + noise[cut:])


@pytest.mark.parametrize(
    ("tags", "expected", "told"),
    [
        ({"shot": "2026:11:23 20:15:30", "offset": "+08:00", "subsec": "25"}, 1795436130250, True),
        ({"shot": "2026:11:23 20:15:30", "offset": "-05:30"}, 1795436130000 + int(13.5 * 3600) * 1000, True),
        ({"shot": "2026:11:23 20:15:30"}, 1795436130000, False),
        ({"shot": "0000:00:00 00:00:00"}, None, False),
        ({"shot": "yesterday"}, None, False),
        ({}, None, False),
    ],
)
def test_the_moment_of_the_shutter(tags, expected, told):
    facts = imaging.open_source(pictures.jpeg(SCENE, exif=pictures.exif(**tags))).facts
    assert (facts.shot_at, facts.zone_told) == (expected, told)


def test_the_same_recipe_gives_the_same_bytes():
    assert [one.jpeg for one in rendered()] == [one.jpeg for one in rendered()]


def test_the_look_is_told():
    dark = pictures.jpeg((SCENE * 0.4).astype(np.uint8))
    made = rendered(dark)[0]
    assert made.look["ev"] > 0.1
    none = rendered(dark, Recipe(look=Look(preset=Preset.NONE)), "view")[0]
    assert none.look["ev"] == 0


# --- placeholder --------------------------------------------------------------------------------------------------


def decoded(placeholder: str) -> tuple[np.ndarray, float]:
    """Mean colour and aspect ratio, read back as a client does."""
    raw = base64.b64decode(placeholder)
    head, tail = int.from_bytes(raw[:3], "little"), int.from_bytes(raw[3:5], "little")
    light = (head & 63) / 63
    yellow, redness = (head >> 6 & 63) / 31.5 - 1, (head >> 12 & 63) / 31.5 - 1
    blue = light - 2 / 3 * yellow
    red = (3 * light - blue + redness) / 2
    wide = bool(tail >> 15)
    across, down = (7, tail & 7) if wide else (tail & 7, 7)
    return np.array([red, red - redness, blue]), across / down


@pytest.mark.parametrize("size", [(900, 600), (600, 900), (500, 500), (1600, 200), (7, 5)])
def test_the_placeholder_is_small_and_tells_colour_and_shape(size):
    scene = pictures.scene(*size)
    placeholder = output.thumbhash(scene)
    assert len(base64.b64decode(placeholder)) <= 25
    colour, aspect = decoded(placeholder)
    assert np.abs(colour - scene.mean((0, 1)) / 255).max() < 0.05
    assert aspect == pytest.approx(min(max(size[0] / size[1], 1 / 7), 7), rel=0.25)


def test_known_placeholder():
    """Worked out by hand from the format's description: a flat picture has no waves."""
    flat = np.full((40, 40, 3), (255, 0, 0), np.uint8)
    raw = base64.b64decode(output.thumbhash(flat))
    head = int.from_bytes(raw[:3], "little")
    assert (head & 63, head >> 6 & 63, head >> 12 & 63, head >> 18) == (21, 47, 63, 0)
    assert int.from_bytes(raw[3:5], "little") == 7
    assert set(raw[5:]) == {0x88, 0x08}


def test_dominant_colour_is_what_most_pixels_are():
    picture = np.full((100, 100, 3), (20, 40, 200), np.uint8)
    picture[:30] = (250, 250, 250)
    red, green, blue = (int(output.dominant(picture)[place : place + 2], 16) for place in (1, 3, 5))
    assert abs(red - 20) < 12
    assert abs(green - 40) < 12
    assert abs(blue - 200) < 12
