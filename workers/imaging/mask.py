"""Cover faces for good: a coarse mosaic in an oval, of which nobody gets the face back. In place.

A blur can be undone in part, because it is a sum of all its pixels; a mosaic of a few cells holds a few numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from workers.imaging import faces
from workers.imaging.faces import Face
from workers.imaging.pixels import Rgbx, rgb
from workers.imaging.shape import shrink

CELLS: Final = 5  # across a face: eyes, nose and mouth are one colour each, or less
AIR: Final = 0.3  # around the box, as a part of its size: detectors draw from brow to chin
CLOSER_PX: Final = 1600


@dataclass(frozen=True, slots=True)
class Masks:
    """Where to cover. `doubtful`: drawn on another picture of the same moment, so they may be elsewhere now.
    `everybody`: all faces there are.
    """

    places: Sequence[Face] = ()
    doubtful: bool = False
    everybody: bool = False

    def __bool__(self) -> bool:
        return bool(self.places) or self.everybody


NONE: Final = Masks()


def cover(picture: Rgbx, masks: Masks) -> None:
    """Of an upright picture, before it is straightened, cropped or marked."""
    for place in _where(picture, masks):
        _mosaic(picture, place)


def _where(picture: Rgbx, masks: Masks) -> list[Face]:
    """Places as they are in this very picture; when one of them is nowhere near a face, every face, to be safe."""
    if not masks.everybody and not masks.doubtful:
        return list(masks.places)
    there = faces.find(rgb(shrink(picture, CLOSER_PX)), px=CLOSER_PX)
    if masks.everybody or not all(any(_near(face, place) for face in there) for place in masks.places):
        return [*masks.places, *there]
    return [*masks.places, *(face for face in there if any(_near(face, place) for place in masks.places))]


def _near(face: Face, place: Face) -> bool:
    """The middle of the face is in the place, and they are about as large."""
    across, down = face.x + face.width / 2 - place.x, face.y + face.height / 2 - place.y
    inside = 0 <= across <= place.width and 0 <= down <= place.height
    return inside and 0.4 < face.width / max(place.width, 1e-6) < 2.5


def _mosaic(picture: Rgbx, place: Face) -> None:
    height, width = picture.shape[:2]
    left, right = (place.x - AIR * place.width) * width, (place.x + (1 + AIR) * place.width) * width
    top, bottom = (place.y - AIR * place.height) * height, (place.y + (1 + AIR) * place.height) * height
    x0, x1 = max(0, round(left)), min(width, max(round(right), round(left) + 4))
    y0, y1 = max(0, round(top)), min(height, max(round(bottom), round(top) + 4))
    if x1 <= x0 or y1 <= y0:
        return
    part = picture[y0:y1, x0:x1]
    cells = max(1, min(round(CELLS * (1 + 2 * AIR)), x1 - x0)), max(1, min(round(CELLS * (1 + 2 * AIR)), y1 - y0))
    coarse = cv2.resize(part, cells, interpolation=cv2.INTER_AREA)
    flat = cv2.resize(coarse, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR).reshape(part.shape)
    oval = np.zeros(part.shape[:2], np.uint8)
    middle = (round((left + right) / 2) - x0, round((top + bottom) / 2) - y0)
    cv2.ellipse(oval, middle, (round((right - left) / 2) + 1, round((bottom - top) / 2) + 1), 0, 0, 360, 255, -1)
    part[oval > 0] = flat[oval > 0]
