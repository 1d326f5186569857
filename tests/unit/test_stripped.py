"""Uploaded art keeps its pixels and loses its story."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from backend.stripped import stripped
from tests import imaging_pictures as pictures

SCENE = Image.fromarray(pictures.scene(120, 80))
EXIF = pictures.exif(1, artist=b"Secret Maker")
XMP = b"<x:xmpmeta>GPSLatitude 31</x:xmpmeta>"
WORDS = PngImagePlugin.PngInfo()
WORDS.add_text("Comment", "GPSLatitude 31")
ICC = pictures.profile("p3")
FILES = {
    "jpeg": pictures.saved(SCENE, "JPEG", exif=EXIF, xmp=XMP, comment=b"Secret words", icc_profile=ICC),
    "png": pictures.saved(SCENE, "PNG", exif=EXIF, pnginfo=WORDS, icc_profile=ICC),
    "webp": pictures.saved(SCENE, "WEBP", exif=EXIF, xmp=XMP, lossless=True, icc_profile=ICC),
    "webp, transparent": pictures.saved(SCENE.convert("RGBA"), "WEBP", exif=EXIF, lossless=True),
}


@pytest.mark.parametrize("name", FILES)
def test_pixels_and_colours_stay_and_everything_else_goes(name):
    before, made = Image.open(io.BytesIO(FILES[name])), stripped(FILES[name])
    assert b"SERIAL-4711" in FILES[name]
    for secret in (b"SERIAL-4711", b"Secret", b"GPSLatitude", b"xmpmeta"):
        assert secret not in made
    after = Image.open(io.BytesIO(made))
    assert not after.getexif()
    assert np.array_equal(np.asarray(after), np.asarray(before))
    assert after.info.get("icc_profile") == before.info.get("icc_profile")
    assert stripped(made) == made


def test_a_second_picture_behind_the_first_goes_too():
    assert stripped(FILES["jpeg"] + FILES["jpeg"]).count(b"\xff\xd8\xff") == 2 or b"Secret" not in stripped(
        FILES["jpeg"] + b"Secret"
    )


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8\xff", FILES["jpeg"][:30], FILES["png"][:20], b"<svg/>", b"RIFF\0\0\0\0WEBP"]
)
def test_what_is_no_picture_is_no_error(content):
    assert isinstance(stripped(content), bytes)


def test_what_is_not_understood_stays_as_it_is():
    assert stripped(b"LUT_3D_SIZE 2") == b"LUT_3D_SIZE 2"
