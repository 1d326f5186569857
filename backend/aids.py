"""Aids for choosing photos: what a machine saw in one, as numbers. Suggestions only: «held», never deleted.

`workers.imaging.cull` measures; whoever chooses asks here what the numbers mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import numpy as np

BLURRED: Final = 0.32  # below, a photo is suggested to be held
SAME_BITS: Final = 10  # of 128; bursts differ by fewer
DAMAGED: Final = "damaged"  # parts of the file are missing or unreadable
REASONS: Final = ("blurred", "too_bright", "too_dark", DAMAGED)


@dataclass(frozen=True, slots=True)
class Aids:
    """`sharp`: 0 nothing is in focus – 1 crisp somewhere. `over`, `under`: share of the picture lost in white, black.

    `print`: 128 bits that stay nearly the same when little changes, hex. `turn`: degrees clockwise that would level
    it, `sure` of that 0–1. `faces`: how many were found; None: nobody looked.
    """

    sharp: float
    over: float
    under: float
    print: str
    turn: float = 0.0
    sure: float = 0.0
    faces: int | None = None
    damaged: bool = False
    source_id: str = ""  # of which bytes this is said

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Aids:
        return cls(**{one.name: content[one.name] for one in fields(cls) if one.name in content})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is suggested to hold the photo, of REASONS; empty: show it."""
        found = (self.sharp < BLURRED, self.over > 0.5, self.under > 0.97, self.damaged)
        return tuple(name for name, true in zip(REASONS, found, strict=True) if true)


def apart(one: str, other: str) -> int:
    """Bits in which two prints differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def near_duplicates(seen: Mapping[str, Aids], *, most_apart: int = SAME_BITS) -> list[tuple[str, ...]]:
    """Groups of photos that are nearly the same, the sharpest first: the one to keep. Photos alone are in no group."""
    ids = list(seen)
    prints = np.array([list(bytes.fromhex(one.print)) for one in seen.values()], np.uint8)
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
    return [tuple(sorted(group, key=lambda one: -seen[one].sharp)) for group in groups.values() if len(group) > 1]
