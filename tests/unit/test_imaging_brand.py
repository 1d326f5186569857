"""Marks and frames: where they should be, on every shape, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backend.errors import BadInput
from backend.recipe import Art, Frame, Layer, Look, Place, Preset, Recipe
from tests import imaging_pictures as pictures
from workers import imaging
from workers.imaging import brand
from workers.imaging.brand import Box
from workers.imaging.patches import Kept, Patch

SHAPES = [(1200, 800), (800, 1200), (1200, 900), (900, 1200), (1000, 1000), (1600, 900), (900, 1600)]
GREY = 128
ART = {"frame": pictures.png_frame(), "logo": pictures.png_logo()}


def branded(size: tuple[int, int], *layers: Layer, frame: Frame | None = None, art=ART, faces=()) -> np.ndarray:
    """A grey picture with the brand laid on."""
    pixels = np.full((size[1], size[0], 4), GREY, np.uint8)
    pixels[..., 3] = 255
    boxes = [Box(*face) for face in faces]
    brand.lay(pixels, Recipe(layers=layers, frame=frame), art, "view", boxes)
    assert (pixels[..., 3] == 255).all()
    return pixels[..., :3]


def touched(rgb: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is not grey."""
    rows, columns = np.nonzero(np.abs(rgb.astype(int) - GREY).max(2) > 20)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("size", SHAPES)
@pytest.mark.parametrize("where", Place)
def test_marks_sit_in_the_nine_grid_with_their_margin(size, where):
    layer = Layer(art_key="logo", place=where, margin=5, size=30, opacity=1)
    left, top, right, bottom = touched(branded(size, layer))
    short = min(size)
    margin, wide, high = 0.05 * short, 0.30 * short, 0.10 * short
    assert right - left == pytest.approx(wide, abs=3)
    assert bottom - top == pytest.approx(high, abs=3)
    across = {"w": margin, "e": size[0] - margin - wide}.get(where[-1], (size[0] - wide) / 2)
    down = {"n": margin, "s": size[1] - margin - high}.get(where[0], (size[1] - high) / 2)
    assert left == pytest.approx(across, abs=3)
    assert top == pytest.approx(down, abs=3)


def test_the_mark_has_its_colour_and_opacity():
    middle = branded((400, 400), Layer(art_key="logo", place="c", size=50, opacity=0.5))[200, 200]
    assert np.abs(middle.astype(int) - (np.array([0, 200, 220]) + GREY) / 2).max() <= 2


@pytest.mark.parametrize("level", [8, 128, 247])
@pytest.mark.parametrize("kind", ["art", "text"])
@pytest.mark.parametrize("ink", ["#FFFFFF", "#000000"])
def test_a_mark_can_be_told_from_a_place_as_light_as_it_is(level, kind, ink):
    """Where it is told apart anyway nothing is added; shadow 0 never adds anything."""
    logo = pictures.png_logo(ink)

    def spread(shadow: float) -> int:
        pixels = np.full((400, 600, 4), level, np.uint8)
        mark = (
            Layer(art_key="logo", size=40, shadow=shadow)
            if kind == "art"
            else Layer(text="快门", size=20, shadow=shadow)
        )
        brand.lay(pixels, Recipe(layers=(replace(mark, colour=ink, opacity=1.0),)), {"logo": logo}, "view")
        return int(np.ptp(pixels[..., 0].astype(int)))

    assert spread(0.5) > 60
    lost = abs(level - (255 if ink == "#FFFFFF" else 0)) < 56
    if lost:
        assert spread(0.0) < 30
    elif kind == "art":
        assert spread(0.5) == spread(0.0)


@pytest.mark.parametrize("text", ["快门 2026 年会", "Kuaimen", "上海 · 摄影 李雷"])
@pytest.mark.parametrize("serif", [True, False])
def test_text_is_drawn_in_its_colour_at_its_height(text, serif):
    layer = Layer(text=text, place="c", size=20, colour="#FF0000", opacity=1, shadow=0, serif=serif)
    rgb = branded((1500, 600), layer)
    assert (rgb[..., 0] > 240).sum() > 500
    _, top, _, bottom = touched(rgb)
    assert 0.5 * 120 < bottom - top < 1.35 * 120


def test_every_common_character_has_a_glyph():
    """A missing glyph draws the same box as any other missing one."""
    font = brand._font(serif=False, pixels=40)
    missing = font.getmask("\U000f0000").getbbox(), bytes(font.getmask("\U000f0000"))
    for one in "快门年会上海摄影师修图赞助商广州深圳北京龘é€·—©":
        assert (font.getmask(one).getbbox(), bytes(font.getmask(one))) != missing


def test_shadow_darkens_behind_and_bold_is_heavier():
    light = branded((600, 300), Layer(text="字", place="c", size=40, shadow=0, opacity=1))
    shade = branded((600, 300), Layer(text="字", place="c", size=40, shadow=1, opacity=1))
    assert light.min() >= GREY - 2
    assert shade.min() < GREY - 40
    bold = branded((600, 300), Layer(text="字", place="c", size=40, shadow=0, opacity=1, bold=True))
    assert (bold > 240).sum() > 1.1 * (light > 240).sum()


def test_long_text_shrinks_to_fit_and_tiny_pictures_survive():
    left, _, right, _ = touched(branded((500, 700), Layer(text="很长的赞助商名称" * 6, size=12)))
    assert left >= 0
    assert right <= 500
    for size in [(1, 1), (3, 40), (40, 3)]:
        branded(size, Layer(text="快门", size=50), Layer(art_key="logo"), frame=Frame("frame", slices=(15, 10, 15, 10)))


@pytest.mark.parametrize("size", SHAPES)
def test_a_nine_patch_looks_the_same_on_every_shape(size):
    """Corners keep their shape, every band has the same share of the short edge, the middle is free."""
    frame = Frame("frame", slices=(15, 10, 15, 10), band=10)
    rgb = branded(size, frame=frame)
    band, (wide, high) = round(0.10 * min(size)), size
    for x, y in [(0, 0), (wide - band, 0), (0, high - band), (wide - band, high - band)]:
        corner = rgb[y + 4 : y + band - 4, x + 4 : x + band - 4].reshape(-1, 3)
        assert np.abs(corner.astype(int) - (120, 0, 120)).max() < 25
    bands = {
        "top": (rgb[4 : band - 4, band + 8 : wide - band - 8], (200, 0, 0)),
        "bottom": (rgb[high - band + 4 : -4, band + 8 : wide - band - 8], (0, 0, 200)),
        "left": (rgb[band + 8 : high - band - 8, 4 : band - 4], (0, 160, 0)),
        "right": (rgb[band + 8 : high - band - 8, wide - band + 4 : -4], (200, 160, 0)),
    }
    for name, (part, colour) in bands.items():
        assert np.abs(part.reshape(-1, 3).astype(int) - colour).max() < 25, name
    middle = rgb[band + 4 : high - band - 4, band + 4 : wide - band - 4]
    assert (middle == GREY).all()


@pytest.mark.parametrize("size", SHAPES)
def test_marks_stay_inside_the_window_of_a_nine_patch(size):
    frame = Frame("frame", slices=(15, 10, 15, 10), band=10)
    bare, full = branded(size, frame=frame), branded(size, Layer(art_key="logo", size=25, opacity=1), frame=frame)
    rows, columns = np.nonzero((bare != full).any(2))
    band = round(0.10 * min(size))
    assert columns.max() < size[0] - band
    assert rows.max() < size[1] - band


@pytest.mark.parametrize(("size", "colour"), [((1200, 800), 10), ((800, 1200), 90), ((1000, 1000), 200)])
def test_art_for_the_nearest_shape_is_taken(size, colour):
    def flat(level: int, shape: tuple[int, int]) -> bytes:
        image = pictures.Image.new("RGBA", shape, (level, level, level, 255))
        return pictures.saved(image, "PNG")

    art = {"wide": flat(10, (300, 200)), "tall": flat(90, (200, 300)), "square": flat(200, (200, 200))}
    frame = Frame("wide", shapes=(Art("wide", 1.5), Art("tall", 0.67), Art("square", 1.0)))
    assert (branded(size, frame=frame, art=art) == colour).all()


def test_overlay_art_covers_the_picture_and_lets_it_through():
    rgb = branded((1200, 800), frame=Frame("frame"))
    assert np.abs(rgb[5, 600].astype(int) - (200, 0, 0)).max() < 5
    assert (rgb[400, 600] == GREY).all()
    half = branded((1200, 800), frame=Frame("frame", opacity=0.5))
    assert np.abs(half[5, 600].astype(int) - (164, 64, 64)).max() < 5


def test_marks_keep_away_from_faces():
    layer = Layer(art_key="logo", place="se", size=30, margin=5, opacity=1)
    free = branded((1200, 800), layer)
    left, top, right, bottom = touched(free)
    moved = touched(branded((1200, 800), layer, faces=[(left - 20, top - 60, right - left, 200)]))
    assert (
        Box(*moved[:2], moved[2] - moved[0], moved[3] - moved[1]).overlap(Box(left - 20, top - 60, right - left, 200))
        == 0
    )
    assert touched(branded((1200, 800), layer, faces=[(10, 10, 100, 100)])) == (left, top, right, bottom)


def test_bad_art_is_a_clear_answer():
    with pytest.raises(BadInput, match="was not given"):
        branded((100, 100), Layer(art_key="lost"))
    with pytest.raises(BadInput):
        branded((100, 100), Layer(art_key="broken"), art={"broken": b"not a picture"})


def test_the_view_and_the_full_size_carry_the_same_brand():
    recipe = Recipe(
        look=Look(preset=Preset.NONE),
        layers=(Layer(art_key="logo", size=30, opacity=1),),
        frame=Frame("frame", slices=(15, 10, 15, 10), band=8),
        view_px=600,
    )
    grey = pictures.jpeg(np.full((800, 1200, 3), GREY, np.uint8))
    made = imaging.render(imaging.open_source(grey), recipe, ART, ("view", "phone", "thumb", "full"))
    shown = {one.kind: pictures.pixels(one.jpeg) for one in made}
    for kind in ("view", "phone", "thumb"):
        small = pictures.Image.fromarray(shown["full"]).resize(shown[kind].shape[1::-1], pictures.Image.Resampling.BOX)
        assert np.abs(np.array(small).astype(int) - shown[kind]).mean() < 4, kind


def test_a_layer_may_be_for_some_renditions_only():
    recipe = Recipe(look=Look(preset=Preset.NONE), layers=(Layer(art_key="logo", size=60, place="c", kinds=("full",)),))
    grey = pictures.jpeg(np.full((400, 600, 3), GREY, np.uint8))
    for one in imaging.render(imaging.open_source(grey), recipe, ART, ("view", "phone", "thumb", "full")):
        marked = np.abs(pictures.pixels(one.jpeg).astype(int) - GREY).max() > 60
        assert marked == (one.kind == "full")


@pytest.mark.parametrize("size", [(1200, 800), (800, 1200), (1280, 720), (900, 900)])
def test_a_found_face_is_covered_by_neither_mark_nor_frame(size):
    """T8: whatever was asked for, the render finds the face and lays nothing over it."""
    width, height = size
    at = (width - 130, height - 160)
    picture = pictures.with_face(np.full((height, width, 3), (120, 130, 140), np.uint8), at, 150)
    mark = Layer(text="快门", size=12, colour="#FF0000", opacity=1, shadow=0, margin=4)
    frame = Frame("frame", slices=(12, 12, 12, 12), band=14)

    def changed(recipe: Recipe) -> int:
        """Pixels of the face that are not as without a brand."""
        bare = Recipe(look=recipe.look)
        made, plain = (
            pictures.pixels(next(imaging.render(imaging.open_source(pictures.jpeg(picture)), one, art)).jpeg).astype(
                int
            )
            for one, art in ((recipe, ART), (bare, {}))
        )
        part = np.s_[at[1] - 75 : at[1] + 75, at[0] - 50 : at[0] + 50]
        return int((np.abs(made - plain).max(-1)[part] > 60).sum())

    plain = Look(preset="none")
    heedless = Recipe(look=plain, layers=(mark,), frame=frame, avoid_faces=False)
    assert changed(heedless) > 300
    assert changed(Recipe(look=plain, layers=(mark,), frame=frame)) == 0


def test_a_frame_that_is_clear_over_a_face_stays_as_it_is():
    """Art may be empty where the nine-patch has a band: nothing is covered there."""
    art = pictures.Image.new("RGBA", (600, 400), (0, 0, 0, 0))
    art.paste((0, 0, 255, 255), (0, 340, 600, 400))  # only a foot
    frame = Frame("frame", slices=(0, 12, 15, 12), band=14)
    content = {"frame": pictures.saved(art, "PNG")}
    at_the_edge = (5, 200, 60, 80)
    plain, beside = (branded((600, 400), frame=frame, art=content, faces=faces) for faces in ((), [at_the_edge]))
    assert (plain == beside).all()
    at_the_foot = branded((600, 400), frame=frame, art=content, faces=[(200, 300, 80, 70)])
    assert (at_the_foot != plain).any()


def test_marks_keep_away_from_each_other_unless_they_are_meant_to_stack():
    wide = Layer(text="快门年会 2026", size=12, colour="#FF0000", opacity=1, shadow=0)
    foot = Layer(text="照片直播", place="s", size=12, colour="#0000FF", opacity=1, shadow=0)

    def boxes(*layers: Layer) -> list[tuple[int, int, int, int]]:
        made = branded((400, 600), *layers).astype(int)
        found = []
        for channel in (0, 2):
            rows, columns = np.nonzero((made[..., channel] - made[..., 1] > 60) & (made[..., 1] < GREY - 40))
            found.append((columns.min(), rows.min(), columns.max(), rows.max()))
        return found

    first, second = boxes(wide, foot)
    assert first[0] > second[2] or first[1] > second[3] or second[1] > first[3]  # beside, or above each other
    stacked = branded((400, 600), replace(wide, place="s"), foot).astype(int)
    blue = (stacked[..., 2] - stacked[..., 0] > 60).nonzero()
    alone = (
        branded((400, 600), foot).astype(int)[..., 2] - branded((400, 600), foot).astype(int)[..., 0] > 60
    ).nonzero()
    assert (blue[0].min(), blue[1].min()) == (alone[0].min(), alone[1].min())


def test_patches_used_longest_ago_make_room_for_a_large_picture():
    kept, drawn = Kept(), []

    def used(name: str) -> None:
        def draw() -> Patch:
            drawn.append(name)
            return Patch(0, 0, np.zeros((10, 25, 4), np.uint8), None)

        kept.one(name, draw)

    for name in ("a", "b", "c", "a"):
        used(name)
    kept.forget(1001)  # two patches of 1,000 bytes each
    for name in ("a", "b", "c"):
        used(name)
    assert drawn == ["a", "b", "c", "b", "c"]
