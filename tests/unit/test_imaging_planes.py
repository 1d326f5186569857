"""A full size that is turned while it is encoded is the picture that was turned first and encoded then."""

from __future__ import annotations

import numpy as np
import pytest
import simplejpeg

from backend.recipe import Frame, Layer, Recipe
from tests import imaging_pictures as pictures
from workers import imaging
from workers.imaging import native, output, patches, planes, shape

SIZES = ((60, 90), (61, 90), (60, 91), (131, 67), (1, 1), (2, 3))


@pytest.fixture(params=[True, False], ids=["native", "opencv"])
def way(request, monkeypatch) -> None:
    if not request.param:
        monkeypatch.setattr(native, "found", lambda: None)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", SIZES)
def test_luma_is_turned_exactly_and_chroma_belongs_to_its_pixels(size, orientation, way):
    lies = pictures.scene(*size)
    upright = np.ascontiguousarray(shape.upright(lies, orientation))
    luma, blue, red = planes.upright(lies, orientation)
    expected, *chroma = planes.upright(upright, 1)
    assert np.array_equal(luma, expected)
    for one, other in zip((blue, red), chroma, strict=True):
        assert one.shape == other.shape == ((luma.shape[0] + 1) // 2, (luma.shape[1] + 1) // 2)
        assert np.abs(one.astype(int) - other).max() <= 1


@pytest.mark.parametrize("orientation", range(2, 9))
def test_the_file_is_the_one_libjpeg_would_make(orientation, way):
    lies = pictures.scene(301, 200)
    made = pictures.pixels(output.jpeg(lies, 95, lies=orientation)).astype(int)
    upright = np.ascontiguousarray(shape.upright(lies, orientation))
    bare = simplejpeg.decode_jpeg(simplejpeg.encode_jpeg(upright, 95, "RGB", "420"))
    assert made.shape == bare.shape
    assert np.abs(made - bare).mean() < 0.6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_patch_lies_as_the_picture_does(orientation, way):
    dice = np.random.default_rng(2)
    lies = dice.integers(0, 256, (40, 60, 4), np.uint8)
    ink = dice.integers(0, 90, (9, 14, 4), np.uint8)
    ink[..., 3] = 120
    flat = np.full((5, 8, 4), (10, 20, 30, 60), np.uint8)
    laid = [patches.inked(ink.copy(), 11, 4, 1.0), patches.inked(flat, 2, 20, 1.0)]
    assert [patch.plain for patch in laid] == [False, True]
    expected = np.ascontiguousarray(shape.upright(lies.copy(), orientation))
    patches.blend(expected, laid)
    patches.blend(lies, laid, orientation)
    assert np.abs(shape.upright(lies, orientation).astype(int) - expected).max() == 0


def test_a_patch_of_one_colour_is_the_patch_of_many_pixels(way):
    photo = np.random.default_rng(3).integers(0, 256, (20, 30, 3), np.uint8)
    flat = np.full((12, 18, 4), (40, 90, 10, 100), np.uint8)
    spotted = flat.copy()
    spotted[0, 0] = (1, 1, 1, 1)
    made = []
    for ink in (flat, spotted):
        made.append(photo.copy())
        patches.blend(made[-1], [patches.inked(ink, 3, 4, 0.7)])
    made[0][4, 3] = made[1][4, 3] = 0
    assert np.abs(made[0].astype(int) - made[1]).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_full_size_looks_as_the_view_whichever_way_it_lies(orientation):
    recipe = Recipe(layers=(Layer(text="快门", size=12),), frame=Frame("frame", slices=(15, 10, 15, 10), band=8))
    stored = pictures.stored_turned(pictures.scene(900, 600), orientation)
    opened = imaging.open_source(pictures.jpeg(stored, exif=pictures.exif(orientation)))
    view, full = imaging.render(opened, recipe, {"frame": pictures.png_frame()}, ("view", "full"))
    assert (view.width, view.height) == (full.width, full.height) == (900, 600)
    assert np.abs(pictures.pixels(view.jpeg).astype(int) - pictures.pixels(full.jpeg)).mean() < 6
