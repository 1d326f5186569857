"""Patches: small premultiplied pieces of a brand, laid on a picture, and kept between photos within a budget."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from workers.imaging.pixels import Rgbx

BUDGET_BYTES: Final = 64_000_000
MOST_BYTES: Final = 48_000_000  # of one brand at one size; larger ones are drawn anew


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A piece to lay at (x, y): `ink` is premultiplied RGBX, `clear` how much of the picture shines through (0–255);
    None: nothing anywhere.
    """

    x: int
    y: int
    ink: Rgbx
    clear: npt.NDArray[np.uint8] | None

    @property
    def nbytes(self) -> int:
        return self.ink.nbytes + (0 if self.clear is None else self.clear.nbytes)


def patch_of(image: Image.Image, x: int, y: int, opacity: float) -> Patch:
    """An RGBA image, or one that is premultiplied already (RGBa), as a patch."""
    premultiplied = image if image.mode == "RGBa" else image.convert("RGBa")
    ink = np.array(premultiplied)
    if opacity < 1:
        ink = np.asarray(cv2.convertScaleAbs(ink, alpha=opacity), np.uint8)
    clear = 255 - ink[..., 3]
    solid = not clear.any()
    ink[..., 3] = 255 if solid else 0
    return Patch(x, y, ink, None if solid else clear)


def blend(pixels: Rgbx, patches: Iterable[Patch]) -> None:
    """Lay patches on, in place."""
    channels = pixels.shape[2]
    for patch in patches:
        high, wide = patch.ink.shape[:2]
        under = pixels[patch.y : patch.y + high, patch.x : patch.x + wide]
        ink = patch.ink[..., :channels]
        if patch.clear is None:
            under[:] = ink
            continue
        full = np.full_like(patch.clear, 255)
        clear = cv2.merge([patch.clear, patch.clear, patch.clear, full][:channels])
        cv2.multiply(under, clear, dst=under, scale=1 / 255)
        cv2.add(under, ink, dst=under)


class Kept:
    """The patches used last."""

    def __init__(self) -> None:
        self._held: OrderedDict[Hashable, tuple[Patch, ...]] = OrderedDict()
        self._bytes = 0

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
        total = 0
        for patch in draw():
            total += patch.nbytes
            if total <= MOST_BYTES:
                drawn.append(patch)
            else:
                drawn.clear()
            yield patch
        if total <= MOST_BYTES:
            self._keep(key, tuple(drawn), total)

    def clear(self) -> None:
        """Hold nothing."""
        self._held.clear()
        self._bytes = 0

    def _keep(self, key: Hashable, patches: tuple[Patch, ...], total: int) -> None:
        self._held[key] = patches
        self._bytes += total
        while self._bytes > BUDGET_BYTES:
            _, gone = self._held.popitem(last=False)
            self._bytes -= sum(patch.nbytes for patch in gone)


@functools.cache
def kept() -> Kept:
    """The patches of this process."""
    return Kept()
