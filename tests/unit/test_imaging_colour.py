"""Colours and orientation: whatever the camera stored, guests see it upright and as it was."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from backend.errors import BadInput
from backend.recipe import Look, Preset, Recipe
from tests import imaging_pictures as pictures
from workers import imaging
from workers.imaging import colour, cube
from workers.imaging.difference import ciede2000, delta_e

PLAIN = Recipe(look=Look(preset=Preset.NONE), view_quality=95, thumb_quality=95, full_quality=97)
SCENE = pictures.scene(360, 240)


def rendered(source: bytes, *kinds: str, recipe: Recipe = PLAIN, **art: bytes) -> dict[str, np.ndarray]:
    made = imaging.render(imaging.open_source(source), recipe, art, kinds or ("view", "thumb", "full"))
    return {one.kind: pictures.pixels(one.jpeg) for one in made}


@pytest.mark.parametrize("name", ["srgb", "adobe", "p3", "prophoto"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_in_every_profile_is_upright_and_right(orientation, name):
    stored = pictures.stored_turned(pictures.in_profile(SCENE, name), orientation)
    source = pictures.jpeg(
        stored, subsampling="4:4:4", icc_profile=pictures.profile(name), exif=pictures.exif(orientation)
    )
    reference = np.array(
        ImageCms.profileToProfile(
            Image.fromarray(pictures.in_profile(SCENE, name)),
            ImageCms.ImageCmsProfile(io.BytesIO(pictures.profile(name))),
            ImageCms.createProfile("sRGB"),
        )
    )
    assert delta_e(reference, SCENE).mean() < 1, "the test's own profile is wrong"
    assert imaging.open_source(source).facts.width == 360
    for kind, shown in rendered(source).items():
        small = np.array(Image.fromarray(reference).resize(shown.shape[1::-1], Image.Resampling.LANCZOS))
        assert delta_e(shown, small).mean() < 3, kind
        assert np.percentile(delta_e(shown, small), 95) < 5, kind


def test_ignoring_a_profile_would_be_seen():
    wrong = delta_e(pictures.in_profile(SCENE, "prophoto"), SCENE).mean()
    assert wrong > 6
    assert delta_e(pictures.in_profile(SCENE, "adobe"), SCENE).mean() > 2


@pytest.mark.parametrize("icc", [b"garbage", pictures.profile("p3")[:200], b"\0" * 3000])
def test_a_broken_profile_counts_as_srgb(icc):
    shown = rendered(pictures.jpeg(SCENE, icc_profile=icc), "full")["full"]
    assert delta_e(shown, SCENE).mean() < 1.5


def test_adobe_rgb_told_by_exif_alone():
    stored = pictures.in_profile(SCENE, "adobe")
    told = pictures.jpeg(stored, exif=pictures.exif(interop="R03"))
    silent = pictures.jpeg(stored, exif=pictures.exif(interop="R98"))
    assert delta_e(rendered(told, "full")["full"], SCENE).mean() < 1.5
    assert delta_e(rendered(silent, "full")["full"], SCENE).mean() > 2


def test_grey_profile_and_table_profile_go_through_the_engine():
    grey = np.array(Image.fromarray(SCENE).convert("L"))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = pictures.saved(Image.fromarray(grey), "JPEG", quality=95, icc_profile=lab)
    assert np.abs(rendered(source, "full")["full"][..., 0].astype(int) - grey).mean() < 2


@pytest.mark.parametrize("tag", [0, 9, 77, 65535])
def test_nonsense_orientation_counts_as_upright(tag):
    shown = rendered(pictures.jpeg(SCENE, exif=pictures.exif(tag)), "full")["full"]
    assert shown.shape == SCENE.shape
    assert delta_e(shown, SCENE).mean() < 1.5


def test_a_stale_orientation_is_seen_through():
    """Upright pixels, but the camera's old tag, and EXIF dimensions of before somebody turned them."""
    tall = pictures.scene(480, 720)
    stale = pictures.jpeg(tall, exif=pictures.exif(6, wide=720, high=480))
    assert rendered(stale, "full")["full"].shape == (720, 480, 3)
    true = pictures.jpeg(tall, exif=pictures.exif(6, wide=480, high=720))
    assert rendered(true, "full")["full"].shape == (480, 720, 3)


def test_nothing_to_do_is_bit_exact():
    source = pictures.saved(Image.fromarray(SCENE), "PNG")
    still = Recipe(look=Look(preset=Preset.AUTO, strength=0), full_quality=90)
    assert colour.fused([]) is None
    made = next(imaging.render(imaging.open_source(source), still, {}, ("full",)))
    assert set(made.look.values()) <= {0.0, 1.0}
    assert np.array_equal(
        pictures.pixels(made.jpeg), pictures.pixels(imaging.output.jpeg(np.dstack([SCENE, SCENE[..., 0]]), 90))
    )


# --- cubes --------------------------------------------------------------------------------------------------------


def cube_file(size: int = 4, *, swap: bool = False, extra: str = "") -> bytes:
    steps = np.linspace(0, 1, size)
    rows = [(r, g, b) for b in steps for g in steps for r in steps]
    text = "\n".join(" ".join(f"{v:.5f}" for v in (row[::-1] if swap else row)) for row in rows)
    return f'TITLE "test"\n# made by a test\nLUT_3D_SIZE {size}\n{extra}\n{text}\n'.encode()


def test_a_cube_that_changes_nothing_changes_nothing():
    table = cube.parse_cube(cube_file(5))
    colours = np.random.default_rng(1).random((500, 3)).astype(np.float32)
    assert np.abs(cube.cube_tone(table, 1.0)(colours) - colours).max() < 1e-5


def test_a_cube_is_applied_with_its_strength():
    look = {"preset": "none", "cube_key": "film"}
    source = pictures.jpeg(SCENE)
    swapped = rendered(source, "full", recipe=Recipe(look=Look.from_json(look)), film=cube_file(9, swap=True))["full"]
    assert delta_e(swapped, SCENE[..., ::-1]).mean() < 1.5
    half = Look.from_json({**look, "cube_strength": 0.5})
    mixed = rendered(source, "full", recipe=Recipe(look=half), film=cube_file(9, swap=True))["full"]
    assert np.abs(mixed.astype(float) - (SCENE / 2.0 + SCENE[..., ::-1] / 2.0)).mean() < 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "LUT_3D_SIZE is missing"),
        (b"LUT_3D_SIZE 900\n", "between 2 and 65"),
        (b"LUT_3D_SIZE 2\n0 0 0\n", "8 lines"),
        (b"LUT_1D_SIZE 4\n", "1D"),
        (cube_file(2, extra="DOMAIN_MAX 4 4 4"), "domain"),
        (cube_file(2).replace(b"1.00000 1.00000 1", b"1.00000 nan 1"), "no numbers"),
        (cube_file(2).replace(b"1.00000", b"0 1"), "three numbers"),
        (b"\xff\xfe\x00LUT", "LUT_3D_SIZE"),
    ],
)
def test_a_wrong_cube_is_explained(content, words):
    with pytest.raises(BadInput) as wrong:
        cube.parse_cube(content)
    assert words in wrong.value.detail


# --- the measure itself -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [  # Sharma, Wu, Dalal 2005, table 1
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_ciede2000_gives_the_published_values(one, other, expected):
    assert ciede2000(np.array([one], float), np.array([other], float))[0] == pytest.approx(expected, abs=1e-4)
