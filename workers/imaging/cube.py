"""Creative looks from `.cube` files: read strictly, because an organizer's upload decides every photo's colours."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

import numpy as np

from backend.errors import BadInput
from workers.imaging.colour import Floats, Tone

_DOMAIN: Final = {"DOMAIN_MIN": (0.0, 0.0, 0.0), "DOMAIN_MAX": (1.0, 1.0, 1.0)}


@functools.lru_cache(maxsize=16)
def parse_cube(content: bytes) -> Floats:
    """The table of a `.cube` file, indexed [red, green, blue]. Raises BadInput saying what is wrong with it."""
    size, rows = 0, list[list[str]]()
    domain = dict(_DOMAIN)
    for line in content.decode("utf-8", "replace").removeprefix("\ufeff").splitlines():
        words = line.split("#", 1)[0].split()
        match words[:1]:
            case ["LUT_1D_SIZE"]:
                raise BadInput("cube: a 1D table; a 3D one is needed")
            case ["LUT_3D_SIZE"]:
                size = _size(words)
            case ["DOMAIN_MIN" | "DOMAIN_MAX" as name]:
                domain[name] = _triple(words)
            case [word] if word[0] in "+-.0123456789":
                rows.append(words)
    if not size:
        raise BadInput("cube: LUT_3D_SIZE is missing")
    if domain != _DOMAIN:
        raise BadInput(f"cube: the domain must be 0..1, not {domain['DOMAIN_MIN']}..{domain['DOMAIN_MAX']}")
    return _table(rows, size)


def _size(words: Sequence[str]) -> int:
    if len(words) != 2 or not words[1].isdecimal() or not 2 <= int(words[1]) <= 65:
        raise BadInput("cube: LUT_3D_SIZE must be between 2 and 65")
    return int(words[1])


def _triple(words: Sequence[str]) -> tuple[float, float, float]:
    try:
        red, green, blue = (float(word) for word in words[1:])
    except ValueError:
        raise BadInput(f"cube: {words[0]} needs three numbers") from None
    return red, green, blue


def _table(rows: Sequence[Sequence[str]], size: int) -> Floats:
    try:
        table = np.array(rows, np.float32)
    except ValueError:
        raise BadInput("cube: a line of the table is not three numbers") from None
    if table.shape != (size**3, 3):
        raise BadInput(f"cube: {size**3} lines of three numbers expected, {len(rows)} found")
    if not np.isfinite(table).all():
        raise BadInput("cube: the table holds values that are no numbers")
    return np.clip(table.reshape(size, size, size, 3).transpose(2, 1, 0, 3), 0, 1)


def cube_tone(table: Floats, strength: float) -> Tone:
    """A creative cube as a tone, trilinear between its nodes."""

    def tone(colours: Floats) -> Floats:
        last = table.shape[0] - 1
        place = np.clip(colours, 0, 1) * np.float32(last)
        cell = np.minimum(place.astype(np.int32), last - 1)
        rest = place - cell
        made = np.zeros_like(colours)
        for corner in np.ndindex(2, 2, 2):
            at = cell + np.array(corner)
            weight = np.where(corner, rest, 1 - rest).prod(-1, keepdims=True, dtype=np.float32)
            made += table[at[..., 0], at[..., 1], at[..., 2]] * weight
        return colours + np.float32(strength) * (made - colours)

    return tone
