"""Geometry: shrink, turn upright, straighten, sharpen. Pixels of any number of channels in, the same out."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from workers.imaging.pixels import STRIP_PX, Rgbx

_ROTATED: Final = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}
_SHARPEN: Final = np.array([[-1, -2, -1], [-2, 12, -2], [-1, -2, -1]], np.float32)  # 16 × (picture - its 3x3 blur)


def fitted(width: int, height: int, long_edge: int) -> tuple[int, int]:
    """The size whose longer side is `long_edge`; never larger than it was, never thinner than 1 px."""
    scale = min(1.0, long_edge / max(width, height)) if long_edge else 1.0
    return max(1, round(width * scale)), max(1, round(height * scale))


def cut(pixels: Rgbx, aspect: float) -> Rgbx:
    """The middle of a picture with that width / height, as large as it can be."""
    height, width = pixels.shape[:2]
    wide, high = min(width, max(1, round(height * aspect))), min(height, max(1, round(width / aspect)))
    left, top = (width - wide) // 2, (height - high) // 2
    return pixels[top : top + high, left : left + wide]


def cropped(pixels: Rgbx, crop: tuple[float, float, float, float]) -> Rgbx:
    """The part that `crop` (left, top, width, height, of the whole) names; a copy, so that the rest can be let go."""
    height, width = pixels.shape[:2]
    left, top = min(round(crop[0] * width), width - 1), min(round(crop[1] * height), height - 1)
    right, foot = max(left + 1, round((crop[0] + crop[2]) * width)), max(top + 1, round((crop[1] + crop[3]) * height))
    return pixels[top:foot, left:right].copy()


def shrink(pixels: Rgbx, long_edge: int) -> Rgbx:
    """A smaller picture: boxes of whole pixels first, which cost a tenth of filtering the full size, then the rest,
    less than a half, in between. The very same array when it is small enough.
    """
    height, width = pixels.shape[:2]
    size = fitted(width, height, long_edge)
    by = max(width, height) // max(size)
    if by > 1 and min(width, height) >= by:
        whole = pixels[: height // by * by, : width // by * by]
        pixels = np.asarray(cv2.resize(whole, None, fx=1 / by, fy=1 / by, interpolation=cv2.INTER_AREA), np.uint8)
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    way = cv2.INTER_LINEAR if min(pixels.shape[:2]) > 8 else cv2.INTER_AREA
    return np.asarray(cv2.resize(pixels, size, interpolation=way), np.uint8)


def upright(pixels: Rgbx, orientation: int) -> Rgbx:
    """Undo EXIF orientation 2–8; 1 gives the very same array. One channel or several."""
    if orientation in _ROTATED:
        return np.asarray(cv2.rotate(pixels, _ROTATED[orientation]), np.uint8)
    if orientation in {5, 7}:
        pixels = np.asarray(cv2.transpose(pixels), np.uint8)
    flip = {2: 1, 4: 0, 7: -1}.get(orientation)
    return pixels if flip is None else np.asarray(cv2.flip(pixels, flip), np.uint8)


BACK_X: Final = frozenset({2, 3, 7, 8})  # orientations that put the last stored column first
BACK_Y: Final = frozenset({3, 4, 6, 7})  # and the last stored row


def lying(pixels: Rgbx, orientation: int) -> Rgbx:
    """The opposite of `upright`: as a picture of that orientation lies in its file."""
    return upright(pixels, {6: 8, 8: 6}.get(orientation, orientation))


def lies_at(orientation: int, picture: tuple[int, int], part: tuple[int, int, int, int]) -> tuple[slice, slice]:
    """Rows and columns of the stored `picture` (height, width) where the upright `part` (x, y, width, height) lies."""
    x, y, wide, high = part
    down, across = ((y, high), (x, wide)) if orientation <= 4 else ((x, wide), (y, high))
    top = picture[0] - sum(down) if orientation in BACK_Y else down[0]
    left = picture[1] - sum(across) if orientation in BACK_X else across[0]
    return slice(top, top + down[1]), slice(left, left + across[1])


def turned(pixels: Rgbx, degrees: float) -> Rgbx:
    """Turn clockwise about the middle and crop to the largest upright part of the same shape without empty corners."""
    height, width = pixels.shape[:2]
    angle = math.radians(abs(degrees))
    ratio = max(width, height) / min(width, height)
    keep = 1 / (math.cos(angle) + ratio * math.sin(angle))
    size = (max(1, int(width * keep)), max(1, int(height * keep)))
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1)
    matrix[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    return np.asarray(
        cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def crisp(pixels: Rgbx, amount: float) -> Rgbx:
    """Sharpen finest detail by `amount` (0–1)."""
    return np.asarray(cv2.filter2D(pixels, -1, _kernel(amount)), np.uint8)


def crisp_in_place(pixels: Rgbx, amount: float) -> None:
    """As `crisp`, strip by strip: a large picture is in memory once."""
    kernel, height = _kernel(amount), pixels.shape[0]
    above = pixels[:0]
    for top in range(0, height, STRIP_PX):
        below = min(top + STRIP_PX, height)
        strip = np.concatenate([above, pixels[top : below + 1]])
        above = pixels[below - 1 : below].copy()
        first = 1 if top else 0
        pixels[top:below] = cv2.filter2D(strip, -1, kernel)[first : first + below - top]


def _kernel(amount: float) -> npt.NDArray[np.float32]:
    kernel = _SHARPEN * np.float32(amount / 16)
    kernel[1, 1] += 1
    return kernel
