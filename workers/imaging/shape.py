"""Geometry: shrink, turn upright, straighten, sharpen. RGB uint8 in, RGB uint8 out."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from workers.imaging.pixels import Rgb

_SHARPEN: Final = np.array([[-1, -2, -1], [-2, 12, -2], [-1, -2, -1]], np.float32)  # 16 × (picture - its 3x3 blur)


def fitted(width: int, height: int, long_edge: int) -> tuple[int, int]:
    """The size whose longer side is `long_edge`; never larger than it was, never thinner than 1 px."""
    scale = min(1.0, long_edge / max(width, height)) if long_edge else 1.0
    return max(1, round(width * scale)), max(1, round(height * scale))


def shrink(rgb: Rgb, long_edge: int) -> Rgb:
    """A smaller picture: exact whole-number box first, which costs a tenth of filtering the full size."""
    height, width = rgb.shape[:2]
    size = fitted(width, height, long_edge)
    by = max(width, height) // max(size)
    if by > 1 and min(width, height) >= by:
        rgb = np.asarray(cv2.resize(rgb, (width // by, height // by), interpolation=cv2.INTER_AREA), np.uint8)
    if (rgb.shape[1], rgb.shape[0]) == size:
        return rgb
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def upright(rgb: Rgb, orientation: int) -> Rgb:
    """Undo EXIF orientation 2–8; 1 gives the very same array."""
    if orientation >= 5:
        rgb = np.asarray(cv2.transpose(rgb), np.uint8)
    flip = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    return rgb if flip is None else np.asarray(cv2.flip(rgb, flip), np.uint8)


def turned(rgb: Rgb, degrees: float) -> Rgb:
    """Turn clockwise about the middle and crop to the largest upright part of the same shape without empty corners."""
    height, width = rgb.shape[:2]
    angle = math.radians(abs(degrees))
    ratio = max(width, height) / min(width, height)
    keep = 1 / (math.cos(angle) + ratio * math.sin(angle))
    size = (max(1, int(width * keep)), max(1, int(height * keep)))
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1)
    matrix[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    return np.asarray(
        cv2.warpAffine(rgb, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def crisp(rgb: Rgb, amount: float) -> Rgb:
    """Sharpen finest detail by `amount` (0–1)."""
    kernel = _SHARPEN * np.float32(amount / 16)
    kernel[1, 1] += 1
    return np.asarray(cv2.filter2D(rgb, -1, kernel), np.uint8)
