"""Large arrays are kept between photos: a fresh 100 MB costs as much as turning a picture, page by page."""

from __future__ import annotations

import ctypes
import functools
import resource
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
MOST_BYTES: Final = 112_000_000  # a 28 MP picture; larger ones are rare and would stay for ever
MOST_ARRAYS: Final = 1  # nothing else is as large
MUCH_BYTES: Final = 380_000_000
BOUND_BYTES: Final = 430_000_000  # for the worker and the pixels of a render; brand and encoded files come on top
STATM: Final = Path("/proc/self/statm")
_FRUGAL: Final = (
    (-8, 2),  # M_ARENA_MAX: heaps
    (-3, 15_000_000),  # M_MMAP_THRESHOLD: bytes from which a piece stands alone
    (-1, 64_000_000),  # M_TRIM_THRESHOLD: free bytes a heap may keep
)


class Shelf:
    """Whoever takes an array owns it until it is given back; two renders at once simply get different ones."""

    def __init__(self) -> None:
        self._free: list[Bytes] = []

    def take(self, height: int, width: int, channels: int) -> Bytes:
        """Room for pixels; the content is whatever was there."""
        size = height * width * channels
        try:
            kept = self._free.pop()
        except IndexError:
            kept = np.empty(0, np.uint8)
        flat = kept if kept.size >= size else np.empty(size, np.uint8)
        return flat[:size].reshape(height, width, channels)

    def give(self, pixels: Bytes) -> None:
        """Give back what `take` gave. Nothing may look at it any more."""
        whole = pixels
        while isinstance(whole.base, np.ndarray):
            whole = whole.base
        if whole.nbytes <= MOST_BYTES and len(self._free) < MOST_ARRAYS:
            self._free.append(whole.reshape(-1))

    @property
    def nbytes(self) -> int:
        """What is kept."""
        return sum(one.nbytes for one in self._free)

    def forget(self, excess: int) -> None:
        """Keep nothing: a large picture is coming and needs the room."""
        del excess
        self._free.clear()


class Loan:
    """What one render has taken; all of it goes back when the render ends, however it ends."""

    def __init__(self) -> None:
        self._taken: list[Bytes] = []

    def take(self, height: int, width: int, channels: int) -> Bytes:
        """As `Shelf.take`."""
        taken = shelf().take(height, width, channels)
        self._taken.append(taken)
        return taken

    def end(self) -> None:
        """Give everything back. Nothing may look at it any more."""
        while self._taken:
            shelf().give(self._taken.pop())


def trim() -> None:
    """Give what was freed back to the system, where the C library can (glibc; 9 ms)."""
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if give_back is not None:
        give_back(0)


def resident() -> int:
    """Bytes of this process that are in memory; 0 where that is not told."""
    try:
        return int(STATM.read_text().split()[1]) * resource.getpagesize()
    except (OSError, ValueError):  # no Linux
        return 0


def relieve() -> None:
    """After a render: give back what heaps hold between the pieces that are kept, when that has become much."""
    if resident() > MUCH_BYTES:
        trim()


def make_room(needed: int, kept: Sequence[Callable[[int], None]]) -> int:
    """Before a render that takes `needed` bytes: forget what was `kept`, one by one, until it fits the bound.

    Each is told how many bytes are too much; what was used last is best kept, the next photo is of the same event.
    Returns how many bytes are left.
    """
    for forget in kept:
        if resident() + needed > BOUND_BYTES:
            trim()
        if resident() + needed > BOUND_BYTES:
            forget(resident() + needed - BOUND_BYTES)
    if resident() + needed > BOUND_BYTES:
        trim()
    return max(BOUND_BYTES - resident() - needed, 0)


def frugal() -> None:
    """Let this process, a worker, give large pieces of memory back at once (glibc; elsewhere nothing happens).

    Left to itself glibc soon keeps pieces of up to 32 MB in its heaps: 20–35 MB more at the peak of mixed sizes.
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        for setting, value in _FRUGAL:
            tune(setting, value)


@functools.cache
def shelf() -> Shelf:
    """The shelf of this process."""
    return Shelf()
