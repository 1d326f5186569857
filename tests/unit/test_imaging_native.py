"""The native way and OpenColorIO give the same picture; without a compiler nothing is missing."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.recipe import Frame, Layer, Look, Recipe
from tests import imaging_pictures as pictures
from workers import imaging
from workers.imaging import colour, look, native, patches, planes
from workers.imaging.difference import delta_e

GOLDEN = {
    (100, 60): (175, 84, 74),
    (500, 60): (106, 156, 90),
    (100, 330): (100, 95, 163),
    (335, 235): (25, 20, 27),
    (230, 165): (255, 245, 231),
    (300, 8): (200, 0, 0),
}
WAYS = ("native", "opencolorio")
WARM = look.Values(red=1.15, green=0.98, blue=0.85, ev=0.6, contrast=0.15, vibrance=0.2, black=0.02)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> native.Kernel:
    made = native.build(tmp_path_factory.mktemp("native"))
    if made is None:
        pytest.skip("there is no C compiler on this machine")
    kernel = native.load(made)
    assert kernel is not None
    return kernel


@pytest.fixture
def way(request, monkeypatch, compiled) -> str:
    monkeypatch.setattr(native, "found", lambda: compiled if request.param == "native" else None)
    return request.param


def toned(photo: np.ndarray, values: look.Values, quick: native.Kernel | None, monkeypatch) -> np.ndarray:
    monkeypatch.setattr(native, "found", lambda: quick)
    made = photo.copy()
    colour.apply(colour.fused([functools.partial(look.tone, values)]), made)
    return made


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 127), (2, 128), (5, 129), (97, 131)])
def test_every_pixel_is_within_one_level(size, channels, compiled, monkeypatch):
    photo = np.random.default_rng(7).integers(0, 256, (*size, channels), np.uint8)
    photo[..., 3:] = 255
    quick, slow = (toned(photo, WARM, one, monkeypatch) for one in (compiled, None))
    assert np.abs(quick.astype(int) - slow).max() <= 1
    assert (quick[..., 3:] == 255).all()


def test_every_corner_and_edge_of_the_cube(compiled, monkeypatch):
    levels = np.array([0, 1, 7, 8, 9, 127, 128, 247, 248, 254, 255], np.uint8)
    photo = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(11, 121, 3)
    quick, slow = (toned(photo, WARM, one, monkeypatch) for one in (compiled, None))
    assert np.abs(quick.astype(int) - slow).max() <= 1


def test_a_table_that_changes_nothing_changes_nothing(compiled):
    steps = np.linspace(0, 1, 33, dtype=np.float32)
    nodes = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1)
    photo = np.random.default_rng(3).integers(0, 256, (300, 500, 3), np.uint8)
    made = photo.copy()
    compiled.tone(made, native.packed(nodes))
    assert np.array_equal(made, photo)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [(2, 2), (6, 130), (64, 254)])
def test_planes_are_those_of_opencv(size, channels, compiled, monkeypatch):
    photo = np.random.default_rng(5).integers(0, 256, (*size, channels), np.uint8)
    made = []
    for quick in (compiled, None):
        monkeypatch.setattr(native, "found", lambda quick=quick: quick)
        made.append(planes.converted(photo))
    for quick, slow in zip(*made, strict=True):
        assert quick.shape == slow.shape
        assert np.abs(quick.astype(int) - slow).max() <= 1


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [(1, 1), (5, 127), (9, 300)])
def test_a_brand_is_laid_as_opencv_lays_it(size, channels, compiled, monkeypatch):
    dice = np.random.default_rng(6)
    photo, letters = dice.integers(0, 256, (40, 320, channels), np.uint8), dice.integers(0, 256, (*size, 4), np.uint8)
    patch = patches.patch_of(Image.fromarray(letters), 7, 3, 0.8)
    made = []
    for quick in (compiled, None):
        monkeypatch.setattr(native, "found", lambda quick=quick: quick)
        made.append(photo.copy())
        patches.blend(made[-1], [patch])
    assert np.abs(made[0].astype(int) - made[1]).max() <= 1
    outside = np.ones(photo.shape, bool)
    outside[3 : 3 + size[0], 7 : 7 + size[1]] = False
    assert np.array_equal(made[0][outside], photo[outside])


def test_a_brand_is_refused_where_it_does_not_fit(compiled):
    ink, clear = np.zeros((4, 6, 4), np.uint8), np.zeros((4, 6), np.uint8)
    for under in (np.zeros((4, 5, 3), np.uint8), np.zeros((4, 12, 4), np.uint8)[:, ::2], np.zeros((4, 6, 2), np.uint8)):
        with pytest.raises(ValueError, match="ink"):
            compiled.blend(under, ink, clear)
    with pytest.raises(ValueError, match="pixels"):
        compiled.planes(np.zeros((4, 5, 3), np.uint8))


def test_it_refuses_memory_it_could_spoil(compiled):
    table = native.packed(np.zeros((33, 33, 33, 3), np.float32))
    for wrong in (
        np.zeros((4, 8, 3), np.uint8)[:, ::2],
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((4, 4, 3), np.float32),
    ):
        with pytest.raises(ValueError, match="pixels"):
            compiled.tone(wrong, table)
    with pytest.raises(ValueError, match="table"):
        compiled.tone(np.zeros((4, 4, 3), np.uint8), table[:17])


@pytest.mark.parametrize("way", WAYS, indirect=True)
def test_the_golden_picture(way):
    """One render of everything, held to numbers found once and looked at; both ways must meet them."""
    recipe = Recipe(
        look=Look(preset="outdoor", ev=0.3, warmth=0.2),
        layers=(Layer(text="快门", size=8, opacity=1),),
        frame=Frame("frame", slices=(15, 10, 15, 10), band=8),
        view_px=600,
    )
    source = pictures.jpeg(
        pictures.stored_turned(pictures.in_profile(pictures.scene(900, 600), "p3"), 6),
        icc_profile=pictures.profile("p3"),
        exif=pictures.exif(6),
    )
    made = imaging.render(
        imaging.open_source(source), recipe, {"frame": pictures.png_frame()}, ("view", "thumb", "full")
    )
    view, thumb, full = (pictures.pixels(one.jpeg) for one in made)
    assert (view.shape, thumb.shape, full.shape) == ((400, 600, 3), (320, 480, 3), (600, 900, 3))
    for (x, y), expected in GOLDEN.items():
        near = (
            full[round(1.5 * y) - 4 : round(1.5 * y) + 5, round(1.5 * x) - 4 : round(1.5 * x) + 5]
            .reshape(-1, 3)
            .mean(0)
        )
        assert np.abs(near - expected).max() < 8, ((x, y), near.round(), expected)
        patch = view[y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3).mean(0)
        assert np.abs(patch - expected).max() < 6, ((x, y), patch.round(), expected)


def test_both_ways_render_the_same_picture(compiled, monkeypatch):
    source = pictures.jpeg(pictures.scene(900, 600))
    shown = []
    for quick in (compiled, None):
        monkeypatch.setattr(native, "found", lambda quick=quick: quick)
        made = imaging.render(imaging.open_source(source), Recipe(look=Look(ev=0.5)), {}, ("full",))
        shown.append(pictures.pixels(next(made).jpeg))
    assert delta_e(*shown).mean() < 0.2


def test_no_compiler_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(native.shutil, "which", lambda name: None)
    assert native.build(tmp_path) is None


def test_a_library_that_does_not_load_is_no_error(tmp_path):
    broken = tmp_path / "tone.so"
    broken.write_bytes(b"not a library")
    assert native.load(broken) is None


def test_the_name_follows_the_source(tmp_path, monkeypatch):
    before = native.library(tmp_path)
    other = tmp_path / "tone.c"
    other.write_text(native.SOURCE.read_text() + "\n/* changed */\n")
    monkeypatch.setattr(native, "SOURCE", other)
    assert native.library(tmp_path) != before


@pytest.mark.slow
def test_building_by_command_says_what_happened():
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-P", "workers/imaging/native.py"], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("native renderer: ")
    assert not done.stderr
