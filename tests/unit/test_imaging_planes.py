"""A full size that is turned while it is encoded is the picture that was turned first and encoded then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import simplejpeg

from backend.recipe import Frame, Layer, Look, Recipe
from tests import imaging_pictures as pictures
from workers import imaging
from workers.imaging import native, output, patches, planes, shape
from workers.imaging.faces import Face
from workers.imaging.mask import Masks

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
    behind = luma.base  # what TurboJPEG reads: a plane without it killed a worker, once in a thousand odd pictures
    assert behind.shape == tuple(side + side % 2 for side in luma.shape)
    assert np.array_equal(behind[-1, : luma.shape[1]], luma[-1])
    assert np.array_equal(behind[: luma.shape[0], -1], luma[:, -1])
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


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("size", [(1, 1), (1, 2), (3, 1), (2, 40)])
def test_a_picture_smaller_than_its_frame_is_still_a_picture(size, orientation, way):
    recipe = Recipe(
        layers=(Layer(text="快门", size=60), Layer(art_key="logo", size=90)),
        frame=Frame("frame", slices=(15, 10, 15, 10), band=20),
    )
    source = pictures.jpeg(pictures.scene(90, 60)[: size[0], : size[1]], exif=pictures.exif(orientation))
    art = {"frame": pictures.png_frame(), "logo": pictures.png_logo(width=60, height=20)}
    made = list(imaging.render(imaging.open_source(source), recipe, art, ("view", "thumb", "full")))
    assert {one.width * one.height for one in made} == {size[0] * size[1]}


@pytest.mark.parametrize("at", [(-3, -2), (55, 38), (70, 0), (0, 90), (-40, 0)])
def test_what_sticks_out_of_a_picture_is_left_out(at, way):
    photo = np.zeros((40, 60, 3), np.uint8)
    ink = np.random.default_rng(4).integers(1, 99, (9, 14, 4), np.uint8)
    large = np.zeros((240, 260, 3), np.uint8)
    patches.blend(photo, [patches.inked(ink.copy(), *at, 1.0)])
    patches.blend(large, [patches.inked(ink.copy(), at[0] + 100, at[1] + 100, 1.0)])
    assert np.array_equal(photo, large[100:140, 100:160])


@pytest.mark.parametrize("orientation", [1, 2, 6, 7])
def test_who_does_not_want_to_be_seen_is_covered_in_the_full_size_too(orientation):
    scene = np.random.default_rng(8).integers(0, 256, (300, 450, 3), np.uint8)
    stored = pictures.stored_turned(scene, orientation)
    opened = imaging.open_source(pictures.jpeg(stored, quality=97, exif=pictures.exif(orientation)))
    covered = replace(opened, masks=Masks((Face(0.2, 0.2, 0.3, 0.3),)))
    plain, full = (
        pictures.pixels(next(imaging.render(one, Recipe(look=Look(preset="none")), {}, ("full",))).jpeg)
        for one in (opened, covered)
    )
    inside = (slice(100, 120), slice(140, 170))
    assert plain[inside].std() > 40
    assert full[inside].std() < 25
    assert np.abs(full[220:, 300:].astype(int) - plain[220:, 300:]).mean() < 4
