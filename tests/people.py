"""Drawn people: the same number is the same person for the engine, however large and wherever they stand."""

from __future__ import annotations

import io
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

Rgb = np.ndarray
_LOOKS = (  # hair, skin, iris, lips; half widths of face, eye, mouth; brow, beard
    ((205, 170, 90), (245, 215, 200), (70, 120, 190), (215, 60, 90), 62, 24, 18, 2, False),
    ((15, 15, 15), (120, 80, 55), (20, 10, 10), (90, 40, 40), 88, 13, 38, 9, True),
)


def portrait(*people: int, size: int = 180, turned: bool = False) -> bytes:
    """A JPEG in which these people stand beside each other; `turned`: as a phone writes it, by orientation 6."""
    picture = np.full((round(size * 2.2), max(1, len(people)) * round(size * 2), 3), (120, 130, 140), np.uint8)
    for place, person in enumerate(people):
        picture = drawn(picture, person, (round(size * (2 * place + 1)), round(size * 1.1)), size)
    return jpeg(picture, orientation=6 if turned else 1)


def jpeg(picture: Rgb, *, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    if orientation == 6:
        picture = np.rot90(picture)
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(out, "JPEG", quality=92, exif=exif)
    return out.getvalue()


def drawn(picture: Rgb, person: int, at: tuple[int, int], size: int) -> Rgb:
    """Person 0 or 1, about `size` px high, with the face in the middle of `at`."""
    hair, skin, iris, lips, wide, eye, mouth, brow, beard = _LOOKS[person]
    made, scale = picture.copy(), size / 220

    def oval(centre: Sequence[float], axes: Sequence[float], colour: tuple[int, int, int]) -> None:
        where = (round(at[0] + centre[0] * scale), round(at[1] + centre[1] * scale))
        half = (max(1, round(axes[0] * scale)), max(1, round(axes[1] * scale)))
        cv2.ellipse(made, where, half, 0, 0, 360, colour, -1, cv2.LINE_AA)

    oval((0, -30), (wide + 20, 110), hair)
    oval((0, 10), (wide, 100), skin)
    if beard:
        oval((0, 78), (wide * 0.75, 40), hair)
    for side in (-1, 1):
        oval((side * wide * 0.43, -15), (eye, 9), (250, 250, 250))
        oval((side * wide * 0.43, -15), (8, 8), iris)
        oval((side * wide * 0.43, -38), (eye + 5, brow), hair)
        oval((side * 8, 36), (4, 3), (120, 70, 60))
    oval((0, 20), (10, 22), tuple(max(0, c - 22) for c in skin))
    oval((0, 66), (mouth, 9), lips)
    return np.asarray(cv2.GaussianBlur(made, (0, 0), 1.2))
