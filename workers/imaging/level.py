"""Is the horizon level? A suggestion only: lines that are nearly horizontal or upright vote for a small turn."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from workers.imaging.pixels import Rgb
from workers.imaging.shape import shrink

PROXY_PX: Final = 800
FARTHEST: Final = 6.0  # degrees; more is composition
AGREE: Final = 0.6  # degrees around the middle that count as agreement


def suggested_turn(upright: Rgb) -> tuple[float, float]:
    """Degrees clockwise that would level an upright picture (as `Look.turn`), and how sure that is, 0–1.

    (0.0, 0.0) when the lines say nothing, or do not agree.
    """
    small = shrink(upright, PROXY_PX)
    found: object = cv2.createLineSegmentDetector().detect(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))[0]
    x0, y0, x1, y1 = np.array([] if found is None else found, np.float64).reshape(-1, 4).T
    length = np.hypot(x1 - x0, y1 - y0)
    slope = np.degrees(np.arctan2(y1 - y0, x1 - x0))
    slope = (slope + 45) % 90 - 45  # upright lines lean by what level ones rise
    long = length > max(small.shape[:2]) / 16
    length, slope = length[long], slope[long]
    near = np.abs(slope) <= FARTHEST
    if length[near].sum() < 1.2 * max(small.shape[:2]):
        return 0.0, 0.0
    lean = _middle(slope[near], length[near])
    agreeing = float(length[near][np.abs(slope[near] - lean) <= AGREE].sum() / length[near].sum())
    sure = float(np.clip((agreeing - 0.45) / 0.4, 0, 1))
    return (0.0, 0.0) if abs(lean) < 0.3 or not sure else (round(-lean, 2), round(sure, 2))


def _middle(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    weights: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> float:
    """The weighted median."""
    order = np.argsort(values)
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(values[order][half])
