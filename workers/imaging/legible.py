"""A mark where it would be lost: white on white, black on black. It gets a soft rim then, and only then."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from workers.imaging import shape
from workers.imaging.colour import LUMA
from workers.imaging.patches import Patch
from workers.imaging.pixels import Rgbx

CLOSE: Final = 56  # levels, in every colour, that are hard to tell apart
LOST: Final = 0.5  # of the place that is so close to the ink
LOOKED_AT_PX: Final = 64


def told_apart(patch: Patch, pixels: Rgbx, lies: int, strength: float, *, shadowed: bool) -> Patch:
    """The patch, with a rim if it needs one. `pixels` lie as in their file; `shadowed`: has a dark shadow already."""
    if patch.clear is None or not patch.clear.size:
        return patch
    cover = 255 - patch.clear.astype(np.float32)
    if cover.max() < 1:
        return patch
    ink = patch.ink[..., :3].sum((0, 1)) * (255 / float(cover.sum()))
    high, wide = patch.ink.shape[:2]
    under = pixels[shape.lies_at(lies, pixels.shape[:2], (patch.x, patch.y, wide, high))]
    light = float(ink @ LUMA) > 127
    if (light and shadowed) or not under.size:
        return patch
    apart = np.abs(shape.shrink(under, LOOKED_AT_PX)[..., :3] - ink).max(-1)
    if (apart < CLOSE).mean() < LOST:
        return patch
    return _rimmed(patch, strength, 0 if light else 255)


def _rimmed(patch: Patch, strength: float, level: int) -> Patch:
    assert patch.clear is not None
    reach = max(1.0, min(patch.ink.shape[:2]) / 24)
    edge = round(3 * reach)
    edges = (edge, edge, edge, edge, cv2.BORDER_CONSTANT)
    ink = np.asarray(cv2.copyMakeBorder(patch.ink, *edges, value=(0, 0, 0, 0)), np.uint8)
    clear = np.asarray(cv2.copyMakeBorder(patch.clear, *edges, value=255), np.uint8)
    rim = np.minimum(cv2.GaussianBlur(255 - clear, (0, 0), reach).astype(np.float32) * 1.6, 255) * strength
    rim = rim * clear / 255
    ink[..., :3] = np.minimum(ink[..., :3] + (rim * (level / 255))[..., None], 255)
    return replace(patch, x=patch.x - edge, y=patch.y - edge, ink=ink, clear=np.rint(clear - rim).astype(np.uint8))
