"""What may come in: every format people send, and every broken file answered with its reason, cheaply."""

from __future__ import annotations

import io
import struct
import time

import numpy as np
import pytest
from PIL import Image

from backend.errors import BadInput
from backend.recipe import Look, Preset, Recipe
from tests import imaging_pictures as pictures
from workers import imaging
from workers.imaging.header import Limits

PLAIN = Recipe(look=Look(preset=Preset.NONE))
SCENE = pictures.scene(600, 400)
GOOD = pictures.jpeg(SCENE)


def views(source: bytes, **options: object) -> imaging.Made:
    return next(imaging.render(imaging.open_source(source), PLAIN, {}, ("view",), **options))


def close(made: imaging.Made, scene: np.ndarray, *, within: float = 4.0) -> None:
    shown = pictures.pixels(made.jpeg).astype(float)
    assert shown.shape == scene.shape
    assert np.abs(shown - scene).mean() < within


def refused(source: bytes, **limits: int) -> str:
    with pytest.raises(BadInput) as wrong:
        list(imaging.render(imaging.open_source(source, Limits(**limits)), PLAIN, {}))
    return wrong.value.code


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("JPEG", {"quality": 95, "subsampling": "4:4:4"}),
        ("JPEG", {"quality": 95, "keep_rgb": True}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {"compression": "tiff_lzw"}),
    ],
)
def test_formats_that_cameras_and_people_send(kind, options):
    source = pictures.saved(Image.fromarray(SCENE), kind, **options)
    opened = imaging.open_source(source)
    assert (opened.facts.width, opened.facts.height) == (600, 400)
    close(views(source), SCENE)


def test_names_never_matter_only_first_bytes():
    assert imaging.open_source(pictures.saved(Image.fromarray(SCENE), "PNG")).facts.format == "png"


def test_transparent_parts_become_paper_white():
    image = Image.new("RGBA", (80, 60), (255, 0, 0, 0))
    assert pictures.pixels(views(pictures.saved(image, "PNG")).jpeg).min() > 250


def test_deep_grey_is_scaled_not_cut_off():
    ramp = np.linspace(0, 65535, 400).astype(np.uint16)[None].repeat(300, 0)
    shown = pictures.pixels(views(pictures.png_deep_grey(ramp)).jpeg)[150, :, 1]
    assert np.abs(shown.astype(int) - ramp[0] / 257).max() < 6


def test_grey_and_one_pixel_and_strips():
    close(
        views(pictures.saved(Image.fromarray(SCENE).convert("L"), "JPEG", quality=95)),
        SCENE.mean(2)[..., None].repeat(3, 2),
        within=30,
    )
    assert views(pictures.jpeg(SCENE[:1, :1])).width == 1
    made = views(pictures.saved(Image.new("RGB", (2, 30000)), "PNG"))
    assert (made.width, made.height) == (1, 2048)


def test_of_an_animation_the_first_frame_counts():
    first, second = Image.new("RGB", (60, 40), "blue"), Image.new("RGB", (60, 40), "red")
    for kind in ("GIF", "PNG", "WEBP"):
        out = io.BytesIO()
        first.save(out, kind, save_all=True, append_images=[second])
        red, _, blue = pictures.pixels(views(out.getvalue()).jpeg)[20, 30]
        assert blue > 200 > 60 > red


def test_an_mpo_is_its_first_picture():
    out = io.BytesIO()
    Image.fromarray(SCENE).save(out, "MPO", save_all=True, append_images=[Image.new("RGB", (600, 400))], quality=95)
    close(views(out.getvalue()), SCENE)


def test_cmyk_becomes_rgb():
    made = views(pictures.saved(Image.fromarray(SCENE).convert("CMYK"), "JPEG", quality=95))
    close(made, SCENE, within=8)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"", "truncated"),
        (b"\xff\xd8", "truncated"),
        (GOOD[:150], "truncated"),
        (GOOD[: len(GOOD) // 2], "truncated"),
        (GOOD[:-400], "truncated"),
        (GOOD[:-2], "truncated"),
        (pictures.saved(Image.fromarray(SCENE), "PNG")[:9000], "truncated"),
        (np.random.default_rng(4).bytes(5000), "not_a_picture"),
        (b"<html><body>404</body></html>", "not_a_picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not_a_picture"),
        (b"%PDF-1.7\n", "not_a_picture"),
        (struct.pack(">I4s4sI", 24, b"ftyp", b"isom", 0) + bytes(800), "unsupported"),
        (pictures.png_claiming(60_000, 60_000), "too_many_pixels"),
        (pictures.jpeg_claiming(65_500, 65_500), "too_many_pixels"),
        (pictures.scan_bomb(), "too_many_scans"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_bad_files_are_answered_with_their_reason(source, code):
    assert refused(source) == code


def test_bombs_are_refused_before_any_decoder_sees_them():
    bomb = pictures.scan_bomb()
    started = time.process_time()
    for _ in range(20):
        with pytest.raises(BadInput):
            imaging.open_source(bomb)
    once = time.process_time()
    list(imaging.render(imaging.open_source(GOOD), PLAIN, {}, ("thumb",)))
    assert (once - started) / 20 < time.process_time() - once, "refusing a bomb costs more than rendering a small photo"


def test_memory_is_bounded_before_decoding():
    assert refused(GOOD, memory_bytes=100_000) == "no_room"
    assert refused(GOOD, pixels=600 * 400 - 1) == "too_many_pixels"
    assert views(GOOD).width == 600


def test_what_a_progressive_file_holds_is_counted_before_decoding():
    scene = pictures.scene(160, 160)
    for sampling, planes in (("4:4:4", 3), ("4:2:2", 2), ("4:2:0", 1.5)):
        source = pictures.jpeg(scene, progressive=True, subsampling=sampling)
        needed = 3 * 160 * 160 + 2 * planes * 160 * 160 + len(source)
        assert refused(source, memory_bytes=int(needed) - 1) == "no_room"
        assert imaging.open_source(source, Limits(memory_bytes=int(needed)))


def test_damage_in_the_middle_is_rendered_and_reported():
    middle = len(GOOD) // 2
    source = GOOD[:middle] + b"\x13\x37\x00\x00" * 30 + GOOD[middle + 120 :]
    assert views(source).damaged
    assert not views(GOOD).damaged


@pytest.mark.parametrize("part", [0.4, 0.63, 0.8, 0.97, 0.997])
def test_salvage_leaves_no_band_where_nothing_arrived(part):
    scene = pictures.scene(803, 605)
    whole = pictures.jpeg(scene, quality=92)
    made = views(whole[: int(len(whole) * part)], salvage=True)
    shown = pictures.pixels(made.jpeg).astype(float)
    assert 0.2 * 605 <= shown.shape[0] < 605
    apart = np.abs(shown - scene[: shown.shape[0]]).mean((1, 2))
    assert apart[-20:].max() < 8, apart[-20:].round(1)


def test_what_lacks_its_end_mark_only_is_whole():
    made = views(GOOD[:-2], salvage=True)
    assert (made.damaged, made.height) == (True, SCENE.shape[0])


def test_salvage_shows_what_arrived_of_a_cut_file():
    made = views(GOOD[: len(GOOD) * 3 // 4], salvage=True)
    assert made.damaged
    shown = pictures.pixels(made.jpeg).astype(float)
    assert np.abs(shown[:200] - SCENE[:200]).mean() < 4


def test_garbage_around_a_jpeg_does_no_harm():
    close(views(b"\r\n\r\n" + GOOD), SCENE)
    close(views(GOOD + b"motion photo" * 500), SCENE)


# --- RAW ----------------------------------------------------------------------------------------------------------

BIG = pictures.jpeg(pictures.scene(900, 600))


def test_of_a_raw_file_the_largest_jpeg_inside_is_shown_as_the_camera_was_held():
    thumbnail = pictures.jpeg(pictures.scene(160, 120, seed=9))
    opened = imaging.open_source(pictures.raw_file(BIG, orientation=6, thumbnail=thumbnail))
    assert (opened.facts.format, opened.facts.width, opened.facts.height) == ("raw", 600, 900)
    made = next(imaging.render(opened, PLAIN, {}, ("view",)))
    close(made, np.rot90(pictures.scene(900, 600), 3))


def test_a_raw_file_without_a_picture_to_show_is_unsupported():
    assert refused(pictures.raw_file(pictures.jpeg(pictures.scene(160, 120)))) == "unsupported"
    assert refused(pictures.raw_file(b"")) == "unsupported"


def test_a_bomb_inside_a_raw_file_is_still_a_bomb():
    bomb = pictures.scan_bomb(edge=704)
    assert refused(pictures.raw_file(bomb)) == "too_many_scans"
    assert refused(pictures.raw_file(BIG), pixels=1000) == "too_many_pixels"


def test_an_ordinary_tiff_is_no_raw_file():
    source = pictures.saved(Image.fromarray(SCENE), "TIFF", compression="jpeg", quality=95)
    assert imaging.open_source(source).facts.format == "tiff"


@pytest.mark.parametrize(
    "source",
    [
        b"\xff\xd8" + b"\xff\xe0\x00\x02" * 400_000,
        b"\xff\xd8" + b"\xff" * 1_000_000,
        pictures.raw_file(b"\xff\xd8\xff\xe0" * 100_000),
        pictures.raw_file((b"\xff\xd8\xff\xe0" + bytes(60)) * 5000 + bytes(3_000_000)),
    ],
    ids=["segments", "padding", "starts", "starts and zeros"],
)
def test_headers_made_to_be_walked_for_ever_are_not(source):
    started = time.process_time()
    with pytest.raises(BadInput):
        imaging.open_source(source)
    spent = time.process_time() - started
    list(imaging.render(imaging.open_source(BIG), PLAIN, {}))
    assert spent < 10 * (time.process_time() - started - spent), "refusing it costs more than rendering ten photos"
