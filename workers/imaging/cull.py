"""Help with choosing, measured on pixels: how sharp, how exposed, what it looks like to itself later."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from backend.aids import Aids
from workers.imaging import faces, level
from workers.imaging.pixels import Rgb
from workers.imaging.shape import shrink

Grey = npt.NDArray[np.float32]
LOOK_PX: Final = 1200


def looked(photo: Rgb) -> Aids:
    """Sum an upright photo up, before anything is done to its look."""
    small = shrink(photo, LOOK_PX)
    top, low = small.max(-1), small.min(-1)
    over, under = float((low >= 250).mean()), float((top <= 12).mean())
    turn, sure = level.suggested_turn(small)
    found = faces.find(small) if faces.detector() else None
    return Aids(
        sharp=round(sharpness(small), 3),
        over=round(over, 3),
        under=round(under, 3),
        print=fingerprint(small),
        turn=turn,
        sure=sure,
        faces=None if found is None else len(found),
    )


def sharpness(photo: Rgb) -> float:
    """How crisp the crispest part is, 0–1: what a photo loses when it is blurred once more (Crete et al. 2007).

    The sharpest of 8 × 8 parts counts, because a portrait's background is meant to be soft; and of across and down
    the worse, because a shaken camera blurs one way only.
    """
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    both = [one[np.isfinite(one)] for one in (_lost(grey, 0), _lost(grey, 1))]
    return min(float(np.percentile(one, 95)) if one.size else 0.0 for one in both)


def _lost(grey: Grey, axis: int) -> Grey:
    """Share of the differences between neighbours that a small blur takes away, per part; NaN where it is flat."""
    kernel = (1, 5) if axis == 0 else (5, 1)
    before = np.abs(np.diff(grey, axis=axis))
    after = np.abs(np.diff(cv2.blur(grey, kernel), axis=axis))
    gone = np.maximum(before - after, 0)
    size = (8, 8)
    strength = cv2.resize(before, size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(gone, size, interpolation=cv2.INTER_AREA) / np.maximum(strength, 1e-6)
    return np.asarray(np.where(strength > 1.2, share, np.nan), np.float32)


def fingerprint(photo: Rgb) -> str:
    """Brighter-than-its-neighbour bits, across and down (difference hash), hex."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    across = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    down = cv2.resize(grey, (8, 9), interpolation=cv2.INTER_AREA)
    bits = np.concatenate([(across[:, 1:] > across[:, :-1]).reshape(-1), (down[1:] > down[:-1]).reshape(-1)])
    return np.packbits(bits).tobytes().hex()
