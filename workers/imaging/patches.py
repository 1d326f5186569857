"""Patches: small premultiplied pieces of a brand, laid on a picture, and kept between photos within a budget."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from workers.imaging import native, shape
from workers.imaging.pixels import Rgbx

BUDGET_BYTES: Final = 64_000_000
MOST_BYTES: Final = 48_000_000  # of one brand at one size; larger ones are drawn anew


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A piece to lay at (x, y): `ink` is premultiplied RGBX, `clear` how much of the picture shines through (0–255);
    None: nothing anywhere. Of one colour everywhere both are views of a single pixel.
    """

    x: int
    y: int
    ink: Rgbx
    clear: npt.NDArray[np.uint8] | None

    @property
    def nbytes(self) -> int:
        return 5 if self.plain else self.ink.nbytes + (0 if self.clear is None else self.clear.nbytes)

    @property
    def plain(self) -> bool:
        """One colour everywhere."""
        return self.ink.strides[0] == 0


def patch_of(image: Image.Image, x: int, y: int, opacity: float) -> Patch:
    """An RGBA image as a patch."""
    return inked(np.array(image.convert("RGBa")), x, y, opacity)


def inked(ink: Rgbx, x: int, y: int, opacity: float) -> Patch:
    """Premultiplied RGBA, which the patch keeps, as a patch."""
    if ink.strides[0] == 0 or bool((ink.view(np.uint32) == ink.view(np.uint32)[0, 0]).all()):
        one = inked_pixel(ink[:1, :1].copy(), opacity)
        clear = None if one.clear is None else np.broadcast_to(one.clear, ink.shape[:2])
        return Patch(x, y, np.broadcast_to(one.ink, ink.shape), clear)
    return replace(inked_pixel(ink, opacity), x=x, y=y)


def inked_pixel(ink: Rgbx, opacity: float) -> Patch:
    """Ink, and what shines through."""
    if opacity < 1:
        ink = np.asarray(cv2.convertScaleAbs(ink, alpha=opacity), np.uint8)
    clear = 255 - ink[..., 3]
    solid = not clear.any()
    ink[..., 3] = 255 if solid else 0
    return Patch(0, 0, ink, None if solid else clear)


def blend(pixels: Rgbx, patches: Iterable[Patch], lies: int = 1) -> None:
    """Lay patches on, in place. `lies` is the orientation of pixels that are not upright yet; patches always are."""
    channels, quick = pixels.shape[2], native.found()
    size = pixels.shape[:2] if lies <= 4 else pixels.shape[1::-1]
    for patch in (_inside(one, size) for one in patches):
        high, wide = patch.ink.shape[:2]
        under = pixels[shape.lies_at(lies, pixels.shape[:2], (patch.x, patch.y, wide, high))]
        if not high or not wide:
            continue
        if patch.plain:
            _tint(under, patch)
            continue
        ink, clear = shape.lying(patch.ink, lies), patch.clear
        if clear is None:
            under[:] = ink[..., :channels]
            continue
        clear = shape.lying(clear, lies)
        if quick is not None:
            quick.blend(under, np.ascontiguousarray(ink), np.ascontiguousarray(clear))
        else:
            _blend(under, ink[..., :channels], clear)


def _inside(patch: Patch, size: tuple[int, int]) -> Patch:
    """What of a patch is in a picture of `size` (height, width); pictures may be smaller than any frame."""
    high, wide = patch.ink.shape[:2]
    if 0 <= patch.x <= size[1] - wide and 0 <= patch.y <= size[0] - high:
        return patch
    x, y = max(patch.x, 0), max(patch.y, 0)
    rows = slice(y - patch.y, max(y - patch.y, min(high, size[0] - patch.y)))
    columns = slice(x - patch.x, max(x - patch.x, min(wide, size[1] - patch.x)))
    return Patch(x, y, patch.ink[rows, columns], None if patch.clear is None else patch.clear[rows, columns])


def _tint(under: Rgbx, patch: Patch) -> None:
    """A patch of one colour: which way it lies is all the same."""
    ink = patch.ink[0, 0, : under.shape[2]]
    if patch.clear is None:
        under[:] = ink
        return
    levels = np.arange(256, dtype=np.uint32)[:, None] * np.array([patch.clear[0, 0]] * 3 + [255])[: under.shape[2]]
    table = np.minimum((levels + 127) // 255 + ink, 255).astype(np.uint8)
    under[:] = cv2.LUT(under, table[None])


def _blend(under: Rgbx, ink: Rgbx, clear: npt.NDArray[np.uint8]) -> None:
    full = np.full_like(clear, 255)
    every = cv2.merge([clear, clear, clear, full][: under.shape[2]])
    cv2.multiply(under, every, dst=under, scale=1 / 255)
    cv2.add(under, ink, dst=under)


class Kept:
    """The patches used last."""

    def __init__(self) -> None:
        self._held: OrderedDict[Hashable, tuple[Patch, ...]] = OrderedDict()
        self._bytes = 0
        self._budget = BUDGET_BYTES

    def grow(self, left: int) -> None:
        """From here on `left` bytes more than now may be held."""
        self._budget = min(self._bytes + left, BUDGET_BYTES)

    def one(self, key: Hashable, draw: Callable[[], Patch]) -> Patch:
        """The patch of that key, drawn if it is not held."""
        (patch,) = self.many(key, lambda: iter((draw(),)))
        return patch

    def many(self, key: Hashable, draw: Callable[[], Iterator[Patch]]) -> Iterator[Patch]:
        """As `one`. What is too large to keep is handed out piece by piece and never held as a whole."""
        if key in self._held:
            self._held.move_to_end(key)
            yield from self._held[key]
            return
        drawn: list[Patch] = []
        total, most = 0, min(self._budget, MOST_BYTES)
        for patch in draw():
            total += patch.nbytes
            if total <= most:
                drawn.append(patch)
                self.forget(self._bytes + total - self._budget)
            else:
                drawn.clear()
            yield patch
        if total <= most:
            self._held[key] = tuple(drawn)
            self._bytes += total

    def forget(self, excess: int) -> None:
        """Hold so many bytes less: what was used longest ago goes first."""
        least = max(self._bytes - excess, 0)
        while self._held and self._bytes > least:
            _, gone = self._held.popitem(last=False)
            self._bytes -= sum(patch.nbytes for patch in gone)


@functools.cache
def kept() -> Kept:
    """The patches of this process."""
    return Kept()
