"""Faces are covered in every size, however the picture lies in its file, and nobody gets them back."""

from __future__ import annotations

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from backend.recipe import Recipe
from tests import people
from workers import imaging
from workers.imaging import mask, recognition
from workers.imaging.faces import Face
from workers.imaging.mask import Masks


def scene() -> np.ndarray:
    """Person 0 to the left, person 1 to the right; wider than high."""
    picture = np.full((500, 900, 3), (120, 130, 140), np.uint8)
    return people.drawn(people.drawn(picture, 0, (200, 260), 220), 1, (680, 240), 220)


LEFT = Face(120 / 900, 150 / 500, 160 / 900, 220 / 500)
STORED = {  # how a camera writes it, for each orientation
    1: lambda up: up,
    2: lambda up: cv2.flip(up, 1),
    3: lambda up: cv2.rotate(up, cv2.ROTATE_180),
    4: lambda up: cv2.flip(up, 0),
    5: cv2.transpose,
    6: lambda up: cv2.rotate(up, cv2.ROTATE_90_COUNTERCLOCKWISE),
    7: lambda up: cv2.transpose(cv2.flip(up, -1)),
    8: lambda up: cv2.rotate(up, cv2.ROTATE_90_CLOCKWISE),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("look", [{}, {"turn": 4.0}, {"crop": [0.02, 0.02, 0.96, 0.96]}])
def test_every_rendition_is_covered(orientation: int, look: dict[str, object]) -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(STORED[orientation](scene()))).save(out, "JPEG", quality=95, exif=exif)
    recipe = Recipe.from_json({"look": {"preset": "none", **look}})
    opened = replace(imaging.open_source(out.getvalue()), masks=Masks([LEFT]))
    me, other = (recognition.engine().look(people.portrait(n, size=300), selfie=True).faces[0].vector for n in (0, 1))
    made = list(imaging.render(opened, recipe, {}, ("view", "phone", "thumb", "full")))
    assert [one.kind for one in made] == ["view", "phone", "thumb", "full"]
    for one in made:
        seen = recognition.engine().look(one.jpeg).faces
        assert not [face for face in seen if face.x < 0.45 and face.vector @ me > 0.42], one.kind
        assert one.kind == "thumb" or any(face.vector @ other > 0.5 for face in seen), one.kind


def test_a_mosaic_holds_a_few_numbers_only() -> None:
    covered = scene()
    mask.cover(covered, Masks([LEFT]))
    inside = covered[190:340, 150:250]
    small = cv2.resize(inside, (6, 6), interpolation=cv2.INTER_AREA)
    again = cv2.resize(small, inside.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    assert np.abs(again.astype(int) - inside).mean() < 12, "nothing finer than its cells is left"
    assert np.abs(scene()[190:340, 150:250].astype(int) - inside).mean() > 15


def test_everybody_and_places_that_may_have_moved() -> None:
    for masks in (Masks(everybody=True), Masks([Face(0.45, 0.1, 0.05, 0.1)], doubtful=True)):
        covered = scene()
        mask.cover(covered, masks)
        assert recognition.engine().faces(covered) == [], "every face, when in doubt"
    covered = scene()
    mask.cover(covered, Masks([LEFT], doubtful=True))
    assert len(recognition.engine().faces(covered)) == 1, "the place is still a face's"


def test_a_place_at_the_edge_or_tiny_breaks_nothing() -> None:
    for place in (Face(-0.2, -0.2, 0.3, 0.3), Face(0.95, 0.95, 0.2, 0.2), Face(0.5, 0.5, 0.0005, 0.0005)):
        mask.cover(scene(), Masks([place]))
    mask.cover(np.zeros((3, 2, 3), np.uint8), Masks([LEFT]))
