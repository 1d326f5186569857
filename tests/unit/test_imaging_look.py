"""The look: repairs what is wrong, keeps what is meant, explains itself in numbers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from backend.recipe import Look, Preset
from launch.bench import retouch, synthetic
from workers.imaging import colour, look, white
from workers.imaging.difference import delta_e, lab

GOOD = [synthetic.scene(240, 160, seed=seed, things=80) for seed in (0, 2, 5, 6)]


def decided(photo: np.ndarray, **wish: object) -> look.Values:
    return look.decide(photo, Look.from_json(wish))


def looked(photo: np.ndarray, **wish: object) -> np.ndarray:
    return retouch.ours(photo, Look.from_json(wish))


def stage() -> np.ndarray:
    """A dark stage: two blown spots and a dimly lit performer."""
    photo = np.full((200, 300, 3), (9, 7, 11), np.uint8)
    cv2.ellipse(photo, (150, 120), (25, 60), 0, 0, 360, (92, 66, 58), -1)
    for x in (60, 240):
        cv2.circle(photo, (x, 20), 9, (255, 252, 246), -1)
    return np.asarray(cv2.GaussianBlur(photo, (0, 0), 2))


def test_strength_zero_and_no_preset_change_nothing_at_all():
    for photo in (*GOOD, stage()):
        for wish in ({"strength": 0}, {"preset": "none"}):
            assert decided(photo, **wish).idle
            assert np.array_equal(looked(photo, **wish), photo)


def test_strength_is_a_matter_of_degree():
    dark = retouch.FAULTS["tungsten_-1.0"].plant(GOOD[3])
    steps = [delta_e(looked(dark, strength=amount), dark).mean() for amount in (0.0, 0.3, 0.6, 1.0)]
    assert steps == sorted(steps)
    assert steps[0] == 0
    assert steps[-1] > 4


@pytest.mark.parametrize("fault", ["ev_-1.5", "ev_-1.0", "tungsten", "fluorescent"])
def test_planted_faults_are_mostly_repaired(fault):
    before = after = 0.0
    for good in GOOD:
        faulty = retouch.FAULTS[fault].plant(good)
        before += delta_e(faulty, good).mean()
        after += delta_e(looked(faulty), good).mean()
    assert after < 0.7 * before


def test_a_dark_stage_stays_dark():
    for preset in ("auto", "stage", "portrait", "conference"):
        before, after = (float(np.median(lab(one)[..., 0])) for one in (stage(), looked(stage(), preset=preset)))
        assert abs(after - before) <= 2, preset


def test_coloured_stage_light_stays_coloured():
    for light in ((1, 0.1, 0.8), (0.1, 0.2, 1), (1, 0.25, 0.05)):
        lit = np.clip(stage().astype(float) * 1.8 * light, 0, 255).astype(np.uint8)
        values = decided(lit)
        assert max(values.red, values.green, values.blue) / min(values.red, values.green, values.blue) < 1.1


def test_high_key_stays_high():
    paper = np.full((200, 300, 3), (246, 247, 249), np.uint8)
    cv2.putText(paper, "speech", (40, 110), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (60, 60, 70), 4)
    assert delta_e(looked(paper), paper).mean() < 1.5


def test_over_exposed_colours_come_down_and_white_stays_white():
    for good in GOOD[1:]:
        faulty = retouch.FAULTS["ev_+1.0"].plant(good)
        made = looked(faulty)
        assert made[(faulty == 255).all(2)].min(initial=255) >= 253
        assert made.mean() <= faulty.mean() + 0.5


@pytest.mark.parametrize("preset", list(Preset))
@pytest.mark.parametrize(
    "photo", [GOOD[0], stage(), retouch.FAULTS["tungsten_-1.0"].plant(GOOD[1])], ids=["a", "b", "c"]
)
def test_tones_never_cross(preset, photo):
    """A brighter grey stays brighter, whatever is decided: no banding, no solarised skies."""
    ramp = np.linspace(0, 1, 400, dtype=np.float32)[:, None].repeat(3, 1)
    made = look.tone(decided(photo, preset=preset.value, contrast=0.5, ev=-0.7), ramp)
    assert (np.diff(made.mean(1)) >= -1e-5).all()
    assert made.min() >= 0
    assert made.max() <= 1


def test_black_and_white_has_no_colour_left():
    assert np.ptp(looked(GOOD[0], preset="mono").astype(int), axis=2).max() <= 2


def test_presets_have_tastes_of_their_own():
    faulty = retouch.FAULTS["ev_-1.0"].plant(GOOD[2])
    made = {preset: looked(faulty, preset=preset.value).tobytes() for preset in Preset}
    assert len(set(made.values())) >= 5


MEASURES = {
    "brightness": lambda photo: photo.mean(),
    "warmth": lambda photo: (photo[..., 0] - photo[..., 2]).mean(),
    "magenta": lambda photo: (photo[..., 0] + photo[..., 2] - 2 * photo[..., 1]).mean(),
    "contrast": lambda photo: 3 * photo.std(),
    "colour": lambda photo: np.ptp(photo, axis=2).mean(),
}


@pytest.mark.parametrize(
    ("stroke", "amount", "measure", "least"),
    [
        ("ev", 1.0, "brightness", 20),
        ("ev", -1.0, "brightness", -20),
        ("warmth", 1.0, "warmth", 15),
        ("warmth", -1.0, "warmth", -15),
        ("tint", 1.0, "magenta", 15),
        ("contrast", 1.0, "contrast", 9),
        ("vibrance", 1.0, "colour", 5),
        ("vibrance", -1.0, "colour", -10),
    ],
)
def test_strokes_by_hand(stroke, amount, measure, least):
    before, after = (
        MEASURES[measure](one.astype(int)) for one in (GOOD[0], looked(GOOD[0], preset="none", **{stroke: amount}))
    )
    assert (after - before) / least > 1


def test_values_are_numbers_people_can_read():
    shown = decided(retouch.FAULTS["ev_-1.0"].plant(GOOD[3])).shown()
    assert set(shown) == {"red", "green", "blue", "ev", "black", "contrast", "vibrance", "grey"}
    assert shown["ev"] > 0.3
    assert all(isinstance(value, float) for value in shown.values())


# --- white balance ------------------------------------------------------------------------------------------------


def linear(photo: np.ndarray) -> np.ndarray:
    return colour.to_linear(photo.astype(np.float32) / 255)


def test_a_cast_is_measured_in_stops():
    grey = np.random.default_rng(3).uniform(0.1, 0.5, (90, 120, 1)).astype(np.float32).repeat(3, 2)
    red, blue = white.cast(grey * np.array([1.25, 1.0, 0.72], np.float32))
    assert red == pytest.approx(np.log2(1.25), abs=0.12)
    assert blue == pytest.approx(np.log2(0.72), abs=0.12)
    assert max(abs(one) for one in white.cast(grey)) < 0.03


def test_a_clipped_channel_is_a_bound_not_a_value():
    """Paper under tungsten, red and green at their limit: only blue tells, and it is enough to know the direction."""
    paper = np.full((60, 90, 3), (1.0, 1.0, 0.70), np.float32)
    paper[:40] = np.random.default_rng(1).uniform(0.05, 0.3, (40, 90, 1)) * np.array([1.25, 1, 0.72])
    red, blue = white.cast(paper.astype(np.float32))
    assert blue < -0.3
    assert red > 0.1


def test_nothing_to_measure_is_no_cast():
    for photo in (np.zeros((40, 40, 3)), np.ones((40, 40, 3)), np.full((1, 1, 3), 0.5)):
        assert white.cast(photo.astype(np.float32)) == (pytest.approx(0, abs=0.05), pytest.approx(0, abs=0.05))
