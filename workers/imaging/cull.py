"""Help with choosing: how sharp, how exposed, which are nearly the same. Suggestions only: «held», never deleted.

Pure functions of pixels. `looked_at` sums a photo up once; `near_duplicates` groups what was summed up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from workers import imaging
from workers.imaging import pixels
from workers.imaging.pixels import Rgb
from workers.imaging.shape import shrink, upright

Grey = npt.NDArray[np.float32]
LOOK_PX: Final = 1200
BLURRED: Final = 0.32  # below, a photo is suggested to be held
SAME_BITS: Final = 10  # of 128; bursts differ by fewer


@dataclass(frozen=True, slots=True)
class Looked:
    """`sharp`: 0 nothing is in focus – 1 crisp somewhere. `over`, `under`: share of the picture lost in white, black.

    `print`: 128 bits that stay nearly the same when little changes, hex.
    """

    sharp: float
    over: float
    under: float
    print: str

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is suggested to hold the photo; empty: show it."""
        found = {"blurred": self.sharp < BLURRED, "too_bright": self.over > 0.5, "too_dark": self.under > 0.97}
        return tuple(name for name, true in found.items() if true)


def looked_at(source: bytes) -> Looked:
    """Sum a photo up. Raises BadInput as a render does."""
    opened = imaging.open_source(source)
    decoded = pixels.decode(opened.source, opened.header, long_edge=LOOK_PX)
    photo = upright(pixels.rgb(shrink(decoded.rgbx, LOOK_PX)), opened.header.orientation)
    top, low = photo.max(-1), photo.min(-1)
    over, under = float((low >= 250).mean()), float((top <= 12).mean())
    return Looked(round(sharpness(photo), 3), round(over, 3), round(under, 3), fingerprint(photo))


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


def apart(one: str, other: str) -> int:
    """Bits in which two prints differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def near_duplicates(looked: Mapping[str, Looked], *, most_apart: int = SAME_BITS) -> list[tuple[str, ...]]:
    """Groups of photos that are nearly the same, the sharpest first: the one to keep. Photos alone are in no group."""
    ids = list(looked)
    prints = np.array([list(bytes.fromhex(one.print)) for one in looked.values()], np.uint8)
    leader = list(range(len(ids)))

    def lead(number: int) -> int:
        while leader[number] != number:
            leader[number] = leader[leader[number]]
            number = leader[number]
        return number

    for number in range(1, len(ids)):
        differ = np.unpackbits(prints[:number] ^ prints[number], axis=1).sum(1)
        for other in np.flatnonzero(differ <= most_apart):
            leader[lead(int(other))] = lead(number)
    groups: dict[int, list[str]] = {}
    for number, one in enumerate(ids):
        groups.setdefault(lead(number), []).append(one)
    return [tuple(sorted(group, key=lambda one: -looked[one].sharp)) for group in groups.values() if len(group) > 1]
