"""Pictures for benchmarks where no photos are at hand: as large and as hard to decode as a camera's."""

from __future__ import annotations

import io
from typing import Final

import cv2
import numpy as np
from PIL import Image

from workers.imaging.pixels import Rgb

SHAPES: Final = {12: (4000, 3000), 24: (6000, 4000), 45: (8192, 5464)}  # megapixels: width, height
_SURFACES: Final = (
    (236, 234, 230), (250, 250, 248), (24, 24, 28), (48, 44, 42), (120, 118, 116), (178, 140, 118), (222, 182, 158),
    (96, 66, 52), (150, 110, 72), (110, 140, 84), (62, 92, 58), (126, 168, 210), (58, 96, 150), (176, 48, 44),
    (206, 170, 70), (90, 90, 96),
)  # fmt: skip


def camera_file(megapixels: int, *, orientation: int = 1) -> bytes:
    """A JPEG like those of cameras: 4:2:2, quality 97, grain, about 3.4 bits per pixel, EXIF."""
    width, height = SHAPES[megapixels]
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0110] = orientation, "Kuaimen", "Bench"
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    Image.fromarray(_grained(scene(width, height, seed=megapixels), 3.0)).save(
        out, "JPEG", quality=97, subsampling="4:2:2", exif=exif
    )
    return out.getvalue()


def scene(width: int, height: int, *, seed: int, things: int = 220) -> Rgb:
    """Overlapping things of many sizes before a soft background, lit from one side: the statistics of an ordinary
    photo, with whites, blacks, skin, leaves and sky in it.
    """
    dice = np.random.default_rng(seed)
    short = min(width, height)
    picture = np.full((height, width, 3), _SURFACES[int(dice.integers(2, len(_SURFACES)))], np.uint8)
    for _ in range(things):
        radius = int(short * min(0.45, 0.012 / dice.random() ** 0.8))
        colour = np.array(_SURFACES[int(dice.integers(len(_SURFACES)))]) * dice.uniform(0.85, 1.0)
        centre = (int(dice.integers(width)), int(dice.integers(height)))
        axes = (radius, max(2, int(radius * dice.uniform(0.35, 1))))
        cv2.ellipse(picture, centre, axes, float(dice.uniform(0, 180)), 0, 360, colour.tolist(), -1, cv2.LINE_AA)
    light = cv2.resize(
        dice.uniform(0.55, 1.0, (3, 4)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    lit = np.asarray(cv2.multiply(picture, cv2.merge([light] * 3), dtype=cv2.CV_8U), np.uint8)
    white = float(np.percentile(lit[:: max(1, height // 200), :: max(1, width // 200)].max(-1), 99.5))
    return np.asarray(cv2.convertScaleAbs(lit, alpha=252 / white), np.uint8)  # well exposed: white is white


def _grained(picture: Rgb, strength: float) -> Rgb:
    """Sensor noise, strip by strip to stay small."""
    cv2.setRNGSeed(7)
    for y in range(0, picture.shape[0], 256):
        strip = picture[y : y + 256]
        noise = np.empty(strip.shape, np.int16)
        cv2.randn(noise, np.zeros(3), np.full(3, strength))
        strip[:] = cv2.add(strip, noise, dtype=cv2.CV_8U)
    return picture
