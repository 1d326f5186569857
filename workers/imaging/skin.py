"""Softer skin, when the organizer asks: a guided filter (He et al. 2010) on luminance, only where skin is.

Edges stay because the picture guides its own smoothing; eyes, lips and hair are no skin and stay as they are. The
filter's two coefficients are found on a small copy (He & Sun 2015) and laid over strips, so a full size costs little.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from workers.imaging.look import skin_mask
from workers.imaging.pixels import Rgbx, rgb
from workers.imaging.shape import shrink

Grey = npt.NDArray[np.float32]
GUIDE_PX: Final = 800
STRIP: Final = 256
MOST: Final = 0.7  # of the difference to the filtered picture, at smooth = 1
EPSILON: Final = 0.0025  # variance below which texture is smoothed away


def smoothed(pixels: Rgbx, amount: float) -> None:
    """Smooth skin by `amount` (0–1), in place. The pixels are sRGB."""
    small = rgb(shrink(pixels, GUIDE_PX))
    mask = _soft_mask(small)
    if float(mask.mean()) < 0.003:
        return
    slope, offset = _coefficients(small)
    height, width = pixels.shape[:2]
    for y in range(0, height, STRIP):
        strip = pixels[y : y + STRIP]
        luma = np.divide(
            cv2.cvtColor(strip, cv2.COLOR_RGBA2GRAY if strip.shape[2] == 4 else cv2.COLOR_RGB2GRAY),
            255,
            dtype=np.float32,
        )
        gain, base, skin = (_grown(one, (width, height), y, strip.shape[0]) for one in (slope, offset, mask))
        change = (gain * luma + base - luma) * skin * np.float32(amount * MOST * 255)
        strip[..., :3] = cv2.add(strip[..., :3], cv2.merge([change] * 3), dtype=cv2.CV_8U)


def _soft_mask(small: npt.NDArray[np.uint8]) -> Grey:
    """Where skin is, 0–1: specks removed, edges soft."""
    raw = skin_mask(small).astype(np.uint8) * 255
    open_ = cv2.morphologyEx(raw, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.GaussianBlur(open_, (0, 0), 3).astype(np.float32) / 255, np.float32)


def _coefficients(small: npt.NDArray[np.uint8]) -> tuple[Grey, Grey]:
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    radius = max(3, max(small.shape) // 90)
    box = (2 * radius + 1, 2 * radius + 1)
    mean, square = cv2.blur(luma, box), cv2.blur(luma * luma, box)
    variance = square - mean * mean
    slope = variance / (variance + EPSILON)
    return np.asarray(cv2.blur(slope, box), np.float32), np.asarray(cv2.blur(mean - slope * mean, box), np.float32)


def _grown(small: Grey, size: tuple[int, int], top: int, rows: int) -> Grey:
    """`rows` rows from `top` on of a small map, had it been enlarged to `size` (width, height)."""
    across, down = small.shape[1] / size[0], small.shape[0] / size[1]
    place = np.array([[across, 0, across / 2 - 0.5], [0, down, (top + 0.5) * down - 0.5]])
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(small, place, (size[0], rows), flags=way, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
