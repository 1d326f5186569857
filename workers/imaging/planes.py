"""What an encoder makes of pixels first: luma, and chroma of half the size. Turned upright on the way, if need be.

Turning them moves 1.5 bytes per pixel instead of three or four, and a large picture is never in memory twice.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from workers.imaging import native, shape
from workers.imaging.pixels import Rgbx

Plane = npt.NDArray[np.uint8]
STRIP: Final = 64  # rows at a time: what stays in a core's own cache


def upright(pixels: Rgbx, orientation: int) -> tuple[Plane, Plane, Plane]:
    """Luma, blue and red chroma of a picture that lies in `pixels` as in its file.

    Of an odd number of rows or columns the last upright one has its chroma for itself, as in every JPEG. The encoder
    reads luma of an even size all the same (TurboJPEG's planes are padded to the chroma factor): it is there, a
    repeated edge, behind the array that is returned. Never copy that array before it is encoded.
    """
    height, width = pixels.shape[:2]
    high, wide = height + height % 2, width + width % 2
    first_row = high - height if orientation in shape.BACK_Y else 0  # rows repeated before the first stored one
    first_column = wide - width if orientation in shape.BACK_X else 0
    whole = [np.empty((h, w) if orientation <= 4 else (w, h), np.uint8) for h, w in _sizes(high, wide)]
    for top in range(0, high, STRIP):
        below = min(top + STRIP, high)
        strip = _even(pixels, (top - first_row, below - first_row), (first_column, wide - width - first_column))
        for part, plane, all_rows, by in zip(
            converted(strip), whole, (high, high // 2, high // 2), (1, 2, 2), strict=True
        ):
            start, end = top // by, below // by
            if orientation in shape.BACK_Y:
                start, end = all_rows - end, all_rows - start
            turned = shape.upright(part, orientation)
            if orientation <= 4:
                plane[start:end] = turned
            else:
                plane[:, start:end] = turned
    luma, blue, red = whole
    size = (height, width) if orientation <= 4 else (width, height)
    return luma[: size[0], : size[1]], blue, red


def _sizes(high: int, wide: int) -> tuple[tuple[int, int], ...]:
    return (high, wide), (high // 2, wide // 2), (high // 2, wide // 2)


def _even(pixels: Rgbx, rows: tuple[int, int], columns: tuple[int, int]) -> Rgbx:
    """Some rows; those outside, and `columns` before and after, repeat the edge."""
    top, below = max(rows[0], 0), min(rows[1], pixels.shape[0])
    edges = (top - rows[0], rows[1] - below, *columns)
    strip = pixels[top:below]
    return np.asarray(cv2.copyMakeBorder(strip, *edges, cv2.BORDER_REPLICATE), np.uint8) if any(edges) else strip


def converted(strip: Rgbx) -> tuple[Plane, Plane, Plane]:
    """Luma, blue and red chroma; width and height are even."""
    quick = native.found()
    if quick is not None:
        return quick.planes(strip)
    mixed = cv2.cvtColor(strip, cv2.COLOR_RGB2YCrCb)
    small = cv2.resize(mixed, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    luma, red, blue = (cv2.extractChannel(*one) for one in ((mixed, 0), (small, 1), (small, 2)))
    return np.asarray(luma, np.uint8), np.asarray(blue, np.uint8), np.asarray(red, np.uint8)
