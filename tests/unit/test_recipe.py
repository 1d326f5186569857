"""Recipes: equal wishes are one recipe, every field counts, wrong fields are named."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter

import pytest

from backend.errors import BadInput
from backend.recipe import Art, Frame, Layer, Look, Part, Place, Preset, Recipe, Turn

FULL = Recipe(
    look=Look(preset=Preset.PORTRAIT, strength=0.8, cube_key="art/film.cube"),
    layers=(Layer(text="快门 2026"), Layer(art_key="art/logo.png", place=Place.NW, size=12)),
    frame=Frame("art/frame.png", slices=(10, 5, 20, 5)),
    turns=(Turn(Frame("art/other.png", shapes=(Art("art/tall.png", 0.7),)), 2.0, 1000, 2000),),
)
TEXT, ART, FRAME = Layer(text="字"), Layer(art_key="k"), Frame("k", slices=(1, 1, 1, 1))
CHANGES: list[tuple[Part, dict[str, object]]] = [
    (Look(), {"preset": "food", "strength": 0.5, "cube_key": "c", "cube_strength": 0.5, "smooth": 0.2, "sharpen": 0.3}),
    (Look(), {"ev": 0.1, "warmth": 0.1, "tint": 0.1, "contrast": 0.1, "vibrance": 0.1, "turn": 1}),
    (Look(), {"crop": [0.1, 0.2, 0.5, 0.5]}),
    (TEXT, {"text": "别的", "place": "n", "margin": 1, "size": 9, "opacity": 0.1, "colour": "#000000", "shadow": 0}),
    (TEXT, {"serif": True, "bold": True, "kinds": ["view"]}),
    (ART, {"art_key": "other"}),
    (FRAME, {"art_key": "other", "slices": [1, 1, 1, 2], "band": 3, "opacity": 0.5}),
    (Frame("k"), {"shapes": [{"art_key": "tall", "aspect": 0.7}]}),
    (Turn(FRAME, 1), {"frame": None, "share": 2, "from_at": 1, "until_at": 1}),
    (Recipe(), {"look": {"ev": 1}, "layers": [{"text": "a"}], "frame": {"art_key": "k"}, "thumb_px": 481}),
    (Recipe(), {"turns": [{"frame": None, "share": 1}], "thumb_quality": 81, "view_px": 2049, "view_quality": 86}),
    (Recipe(), {"full_px": 4000, "full_quality": 91, "avoid_faces": False}),
]


def holding(part: Part) -> Recipe:
    match part:
        case Recipe():
            return part
        case Look():
            return Recipe(look=part)
        case Layer():
            return Recipe(layers=(part,))
        case Frame():
            return Recipe(frame=part)
    return Recipe(turns=(part,))


def test_json_and_back_is_the_same_recipe():
    again = Recipe.from_json(json.loads(json.dumps(FULL.to_json())))
    assert again == FULL
    assert again.id == FULL.id
    assert len(FULL.id) == 64


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [(part, name, value) for part, changes in CHANGES for name, value in changes.items()],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_any_changed_field_gives_another_id(part, name, value):
    changed = type(part).from_json({**part.to_json(), name: value})
    assert holding(changed).id != holding(part).id


def test_every_field_was_changed():
    for kind in (Look, Layer, Frame, Turn, Recipe):
        changed = {name for part, changes in CHANGES if isinstance(part, kind) for name in changes}
        assert changed == {one.name for one in dataclasses.fields(kind)}


def test_a_new_pipeline_gives_new_ids(monkeypatch):
    before = Recipe().id
    monkeypatch.setattr(Recipe, "pipeline", 99)
    assert Recipe().id != before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"look": {"strength": 7}}, "look.strength: must be between 0 and 1"),
        ({"look": {"strength": float("nan")}}, "look.strength"),
        ({"look": {"preset": "magic"}}, "look.preset: must be one of none, auto"),
        ({"layers": [{"text": "a"}, {"text": "b", "place": "middle"}]}, "layers[1].place"),
        ({"layers": [{"text": "a", "art_key": "k"}]}, "layers[0].text: a layer has either text or art_key"),
        ({"layers": [{"text": "a"}] * 7}, "layers: must be a list of at most 6"),
        ({"layers": [{"text": "a", "colour": "red"}]}, "layers[0].colour"),
        ({"layers": [{"art_key": "../../etc passwd"}]}, "layers[0].art_key"),
        ({"frame": {"slices": [1, 2, 3, 4]}}, "frame.art_key: is missing"),
        ({"frame": {"art_key": "k", "slices": [1, 2, 3]}}, "frame.slices: must be 4 numbers"),
        ({"turns": [{"share": 1, "frame": {"art_key": "k", "band": 99}}]}, "turns[0].frame.band"),
        ({"thumb_px": True}, "thumb_px: must be a whole number"),
        ({"wiew_px": 2048}, "wiew_px: there is no such field"),
        ([], "must be an object"),
    ],
)
def test_wrong_fields_are_named(content, words):
    with pytest.raises(BadInput) as wrong:
        Recipe.from_json(content)
    assert words in wrong.value.detail


def test_art_keys_are_all_blobs_a_render_may_need():
    assert FULL.art_keys() == {"art/film.cube", "art/logo.png", "art/frame.png", "art/other.png", "art/tall.png"}
    assert Recipe(layers=(Layer(text="字"),)).art_keys() == frozenset()


def test_recipes_from_before_there_was_a_crop_keep_their_names():
    content = {"pipeline": Recipe.pipeline, **Recipe().to_json()}
    del content["look"]["crop"]
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert Recipe().id == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize("crop", [[0.5, 0, 0.6, 1], [0, 0.95, 1, 0.1], [0, 0, 0.05, 1], [0, 0, 1], [0, 0, 1, "1"], 3])
def test_a_crop_is_inside_the_picture(crop: object):
    with pytest.raises(BadInput, match="crop"):
        Look.from_json({"crop": crop})


def test_turns_share_the_photos_and_keep_their_hours():
    recipe = Recipe(
        frame=Frame("none"),
        turns=(Turn(Frame("a"), 3), Turn(Frame("b"), 1), Turn(Frame("late"), 4, from_at=1000, until_at=2000)),
    )
    early = Counter(recipe.for_photo(f"p{n}", 500).frame.art_key for n in range(4000))
    assert early["a"] / 4000 == pytest.approx(0.75, abs=0.02)
    assert early["b"] / 4000 == pytest.approx(0.25, abs=0.02)
    late = Counter(recipe.for_photo(f"p{n}", 1500).frame.art_key for n in range(4000))
    assert late["late"] / 4000 == pytest.approx(0.5, abs=0.02)
    assert "late" not in {recipe.for_photo(f"p{n}", when).frame.art_key for n in range(99) for when in (2000, None)}
    assert recipe.for_photo("p1", 500) == recipe.for_photo("p1", 500)


def test_outside_every_turn_the_ordinary_frame_stays():
    recipe = Recipe(frame=Frame("house"), turns=(Turn(Frame("a"), 1, from_at=1000),))
    assert recipe.for_photo("p", 10).frame == Frame("house")
    assert Recipe().for_photo("p", 10) == Recipe()
