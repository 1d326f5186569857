"""What helps people choose and correct: sharpness, near duplicates, level horizons, skin, vector logos."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from backend import aids
from backend.aids import Aids
from backend.errors import BadInput
from backend.recipe import Layer, Look, Preset, Recipe
from launch.bench import synthetic
from tests import imaging_pictures as pictures
from workers import imaging
from workers.imaging import brand, faces, level, onnx_weights, shape, skin

DETAILED = synthetic.scene(1200, 800, seed=3, things=400)


# --- cull ---------------------------------------------------------------------------------------------------------


def looked(photo: np.ndarray, **exif: bytes) -> Aids:
    """As a render finds it."""
    made = imaging.render(imaging.open_source(pictures.jpeg(photo, **exif)), Recipe(), {}, ("thumb",), aids=True)
    seen = next(made).aids
    assert seen is not None
    return seen


def test_blur_is_seen_and_a_soft_background_is_not_blur():
    crisp = looked(DETAILED)
    blurred = cv2.GaussianBlur(DETAILED, (0, 0), 3)
    shaken = cv2.filter2D(DETAILED, -1, np.pad(np.full((1, 15), 1 / 15, np.float32), ((7, 7), (0, 0))))
    assert crisp.reasons == ()
    assert looked(blurred).reasons == ("blurred",)
    assert looked(shaken).reasons == ("blurred",)
    portrait = blurred.copy()
    portrait[200:600, 400:800] = DETAILED[200:600, 400:800]
    assert looked(portrait).reasons == ()
    assert crisp.sharp > looked(cv2.GaussianBlur(DETAILED, (0, 0), 1.2)).sharp > looked(blurred).sharp


def test_hopeless_exposure_is_named():
    assert "too_bright" in looked(np.clip(DETAILED.astype(int) + 240, 0, 255).astype(np.uint8)).reasons
    assert "too_dark" in looked((DETAILED // 40).astype(np.uint8)).reasons


def test_a_burst_is_one_group_and_its_sharpest_comes_first():
    burst = {
        "soft": cv2.GaussianBlur(DETAILED, (0, 0), 2),
        "sharp": DETAILED,
        "moved": np.roll(DETAILED, 8, 1),
        "brighter": np.clip(DETAILED * 1.15, 0, 255).astype(np.uint8),
        "other": synthetic.scene(1200, 800, seed=8, things=400),
        "another": synthetic.scene(1200, 800, seed=12, things=400),
    }
    groups = aids.near_duplicates({name: looked(photo) for name, photo in burst.items()})
    assert [set(group) for group in groups] == [{"soft", "sharp", "moved", "brighter"}]
    assert groups[0][-1] == "soft"
    assert aids.near_duplicates({}) == []


def test_orientation_does_not_hide_a_duplicate():
    stored = pictures.stored_turned(DETAILED, 6)
    turned = looked(stored, exif=pictures.exif(6))
    assert aids.apart(turned.print, looked(DETAILED).print) <= 4


def test_grouping_a_whole_event_is_quick():
    dice = np.random.default_rng(1)
    many = {str(n): Aids(0.5, 0, 0, dice.bytes(16).hex()) for n in range(2500)}
    started = time.process_time()
    assert aids.near_duplicates(many) == []
    once = time.process_time() - started
    aids.near_duplicates(dict(list(many.items())[:1250]))
    assert once < 8 * (time.process_time() - started - once) + 0.5


# --- faces --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "at"), [(120, (300, 200)), (240, (600, 400)), (150, (1050, 650))])
def test_a_face_is_found_where_it_is(size, at):
    picture = pictures.with_face(np.full((800, 1200, 3), (120, 130, 140), np.uint8), at, size)
    [found] = faces.find(picture)
    assert abs((found.x + found.width / 2) * 1200 - at[0]) < size * 0.2
    assert abs((found.y + found.height / 2) * 800 - at[1]) < size * 0.3
    assert 0.5 < found.height * 800 / size < 1.3
    assert looked(picture).faces == 1


def test_nobody_is_found_where_nobody_is():
    assert faces.find(DETAILED) == []
    assert faces.find(np.zeros((1, 5, 3), np.uint8)) == []


def test_without_the_weights_marks_stand_where_they_were_asked_to(monkeypatch):
    monkeypatch.setattr(faces, "detector", lambda: None)
    assert faces.find(DETAILED) == []
    assert looked(DETAILED).faces is None


def test_weights_that_are_not_the_known_ones_are_not_used(monkeypatch):
    monkeypatch.setattr(faces, "DIGEST", "0" * 64)
    assert faces.detector.__wrapped__() is None


def test_a_plain_network_stays_as_it_is():
    assert onnx_weights.plain(b"\x08\x06\x12\x07pytorch") == b"\x08\x06\x12\x07pytorch"


# --- level --------------------------------------------------------------------------------------------------------


def building() -> np.ndarray:
    photo = np.full((800, 1200, 3), (150, 180, 220), np.uint8)
    cv2.rectangle(photo, (0, 520), (1199, 799), (90, 110, 70), -1)
    for x in range(150, 1000, 140):
        cv2.rectangle(photo, (x, 180), (x + 80, 520), (170, 150, 130), -1)
        for y in range(200, 500, 60):
            cv2.rectangle(photo, (x + 15, y), (x + 60, y + 30), (60, 70, 90), -1)
    return photo


@pytest.mark.parametrize("lean", [-4.0, -2.0, 1.0, 3.0])
def test_a_leaning_horizon_is_levelled_by_the_suggestion(lean):
    leaning = shape.turned(building(), lean)
    turn, sure = level.suggested_turn(leaning)
    assert turn == pytest.approx(-lean, abs=0.4)
    assert sure > 0.5
    assert abs(level.suggested_turn(shape.turned(leaning, turn))[0]) < 0.5


def test_nothing_is_suggested_without_reason():
    assert level.suggested_turn(building()) == (0.0, 0.0)
    assert level.suggested_turn(pictures.scene(600, 400)) == (0.0, 0.0)


def test_turning_crops_to_a_full_picture_of_the_same_shape():
    recipe = Recipe(look=Look(preset=Preset.NONE, turn=3.0), view_px=600)
    white = pictures.jpeg(np.full((800, 1200, 3), 250, np.uint8))
    made = next(imaging.render(imaging.open_source(white), recipe, {}, ("view",)))
    assert made.width / made.height == pytest.approx(1.5, abs=0.02)
    assert pictures.pixels(made.jpeg).min() > 240, "an empty corner is in the picture"


# --- skin ---------------------------------------------------------------------------------------------------------


def face(edge: int = 900) -> np.ndarray:
    """Skin with pores before a blue wall with the same grain; an eye-like edge on the skin."""
    dice = np.random.default_rng(2)
    photo = np.full((edge, edge, 3), (60, 90, 160), np.float32)
    cv2.circle(photo, (edge // 2, edge // 2), edge // 3, (205, 160, 135), -1)
    cv2.circle(photo, (edge // 2, edge // 2), edge // 20, (30, 25, 25), -1)
    photo += dice.normal(0, 6, (edge, edge, 1))
    return np.clip(photo, 0, 255).astype(np.uint8)


def roughness(photo: np.ndarray, x: int, y: int) -> float:
    return float(photo[y - 30 : y + 30, x - 30 : x + 30].astype(float).std(axis=(0, 1)).mean())


def test_skin_is_smoothed_and_nothing_else():
    photo = np.dstack([face(), np.full((900, 900), 255, np.uint8)])
    before = photo.copy()
    skin.smoothed(photo, 1.0)
    assert roughness(photo, 450, 250) < 0.6 * roughness(before, 450, 250)
    assert roughness(photo, 80, 80) > 0.95 * roughness(before, 80, 80)
    eye = np.abs(photo[445:455, 445:455].astype(int) - before[445:455, 445:455])
    assert eye.mean() < 4
    assert np.abs(photo[200:300, 400:500].mean((0, 1)) - before[200:300, 400:500].mean((0, 1))).max() < 2
    assert (photo[..., 3] == 255).all()


def test_smoothing_is_asked_for_by_the_recipe_in_every_rendition():
    source = pictures.jpeg(face(), quality=97)
    plain, soft = (
        list(imaging.render(imaging.open_source(source), Recipe(look=look), {}, ("view", "full")))
        for look in (Look(preset=Preset.NONE), Look(preset=Preset.NONE, smooth=1.0))
    )
    for before, after in zip(plain, soft, strict=True):
        assert roughness(pictures.pixels(after.jpeg), 450, 250) < 0.75 * roughness(
            pictures.pixels(before.jpeg), 450, 250
        )


# --- vector logos -------------------------------------------------------------------------------------------------

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def svg(body: str, size: str = 'viewBox="0 0 300 100"') -> bytes:
    return f'<?xml version="1.0"?>\n<svg {NS} {size}>{body}</svg>'.encode()


@pytest.mark.parametrize("size", ['viewBox="0 0 300 100"', 'width="300" height="100"', 'width="300px" height="100px"'])
def test_a_vector_logo_is_drawn_crisp_at_its_shape(size):
    art = {"logo": svg('<rect width="300" height="100" fill="#00c8dc"/>', size)}
    pixels = np.full((1000, 1000, 4), 128, np.uint8)
    brand.lay(pixels, Recipe(layers=(Layer(art_key="logo", place="c", size=60, opacity=1),)), art, "view")
    rows, columns = np.nonzero((np.abs(pixels[..., :3].astype(int) - (0, 200, 220)) < 4).all(2))
    assert np.ptp(columns) == pytest.approx(600, abs=4)
    assert np.ptp(rows) == pytest.approx(200, abs=4)


@pytest.mark.parametrize(
    "art",
    [
        svg('<image xlink:href="/etc/logo.png" width="9" height="9"/>'),
        svg('<image href="file:///etc/logo.png" width="9" height="9"/>'),
        svg('<image href="http://127.0.0.1/x.png" width="9" height="9"/>'),
        svg('<filter id="f"><feTurbulence numOctaves="99999"/></filter>'),
        b'<!DOCTYPE svg [<!ENTITY x "y">]>' + svg("<g/>"),
        svg("<g/>", 'viewBox="0 0 100000 1"'),
        svg("<g/>", ""),
        svg("<rect"),
        b"<svg " + b"x" * 2_000_000,
    ],
)
def test_a_dangerous_or_broken_vector_logo_is_refused_with_words(art):
    with pytest.raises(BadInput) as wrong:
        brand.lay(np.zeros((64, 64, 4), np.uint8), Recipe(layers=(Layer(art_key="logo"),)), {"logo": art}, "view")
    assert wrong.value.detail.startswith("svg: ")
