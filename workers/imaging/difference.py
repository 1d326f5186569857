"""How different two colours look to people: CIE L*a*b* and CIEDE2000. For benchmarks and tests."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from workers.imaging.pixels import Rgb

Lab = npt.NDArray[np.float64]
_TO_XYZ: Final = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE: Final = np.array([0.95047, 1.0, 1.08883])  # D65


def lab(rgb: Rgb) -> Lab:
    """L*a*b* of sRGB uint8."""
    encoded = rgb.astype(np.float64) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _TO_XYZ.T / _WHITE
    root = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def delta_e(one: Rgb, other: Rgb) -> npt.NDArray[np.float64]:
    """CIEDE2000 per pixel (Sharma, Wu, Dalal 2005): 1 is just visible side by side, 3 is clearly visible."""
    return ciede2000(lab(one), lab(other))


def ciede2000(one: Lab, other: Lab) -> npt.NDArray[np.float64]:
    light, chroma, hue = _polar(one, other)
    mean_light, mean_chroma, mean_hue = light.mean(0), chroma.mean(0), _mean_hue(chroma, hue)
    turn = (hue[1] - hue[0] + 180) % 360 - 180
    grey = chroma[0] * chroma[1] == 0
    delta_hue = 2 * np.sqrt(chroma[0] * chroma[1]) * np.sin(np.radians(np.where(grey, 0, turn)) / 2)
    weight = (
        1
        - 0.17 * np.cos(np.radians(mean_hue - 30))
        + 0.24 * np.cos(np.radians(2 * mean_hue))
        + 0.32 * np.cos(np.radians(3 * mean_hue + 6))
        - 0.20 * np.cos(np.radians(4 * mean_hue - 63))
    )
    by_light = (light[1] - light[0]) / (1 + 0.015 * (mean_light - 50) ** 2 / np.sqrt(20 + (mean_light - 50) ** 2))
    by_chroma = (chroma[1] - chroma[0]) / (1 + 0.045 * mean_chroma)
    by_hue = delta_hue / (1 + 0.015 * mean_chroma * weight)
    blue = 60 * np.exp(-(((mean_hue - 275) / 25) ** 2))
    twist = -2 * np.sqrt(mean_chroma**7 / (mean_chroma**7 + 25.0**7)) * np.sin(np.radians(blue))
    squared = by_light**2 + by_chroma**2 + by_hue**2 + twist * by_chroma * by_hue
    return np.asarray(np.sqrt(np.maximum(squared, 0)))


def _polar(one: Lab, other: Lab) -> tuple[Lab, Lab, Lab]:
    """L', C' and h' of both, stacked."""
    both = np.stack([one, other])
    light, a, b = np.moveaxis(both, -1, 0)
    mean = np.hypot(a, b).mean(0)
    a = a * (1.5 - 0.5 * np.sqrt(mean**7 / (mean**7 + 25.0**7)))
    return light, np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360


def _mean_hue(chroma: Lab, hue: Lab) -> npt.NDArray[np.float64]:
    total, apart = hue.sum(0), np.abs(hue[0] - hue[1])
    mean = np.where(apart <= 180, total / 2, np.where(total < 360, (total + 360) / 2, (total - 360) / 2))
    return np.asarray(np.where(chroma[0] * chroma[1] == 0, total, mean))
