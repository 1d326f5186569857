"""The marker segments of a JPEG, walked without decoding a pixel."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MOST_SEGMENTS: Final = 4000
_FRAMES: Final = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_BARE: Final = {0x01, *range(0xD0, 0xD9)}  # markers without a length
_MARKER: Final = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")


@dataclass(frozen=True, slots=True)
class Frame:
    """What SOF tells."""

    marker: int
    width: int
    height: int
    components: int
    blocks: int = 0  # of 8x8 coefficients, all components together


def segments(source: bytes, start: int, *, strict: bool = False) -> Iterator[tuple[int, bytes]]:
    """Marker and body of every segment before the first scan. `strict` ends where something else stands between."""
    at = start + 2
    for _ in range(MOST_SEGMENTS):  # a file may be nothing but millions of them
        after, at = at, source.find(b"\xff", at, at + 1 if strict else len(source))
        if at < after or at + 4 > len(source):
            return
        marker = source[at + 1]
        if marker == 0xFF or marker in _BARE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in {0xD9, 0xDA}:
            return
        (length,) = struct.unpack_from(">H", source, at + 2)
        yield marker, source[at + 4 : at + 2 + length]
        at += 2 + max(length, 2)


def read_frame(marker: int, body: bytes) -> Frame | None:
    """The frame, if the segment is one."""
    if marker not in _FRAMES or len(body) < 6:
        return None
    _bits, height, width, components = struct.unpack(">BHHB", body[:6])
    factors = [divmod(one, 16) for one in body[7 : 6 + 3 * components : 3]]
    across, down = (max((factor[way] for factor in factors), default=1) or 1 for way in (0, 1))
    units = -(-width // (8 * across)) * -(-height // (8 * down))
    return Frame(marker, width, height, components, units * sum(wide * high for wide, high in factors))


def frame(source: bytes, start: int) -> Frame | None:
    """The first frame of the JPEG at `start`; None when those bytes are no JPEG after all."""
    for number, (marker, body) in enumerate(segments(source, start, strict=True)):
        if number > 100 or marker < 0xC0:
            return None
        found = read_frame(marker, body)
        if found is not None:
            return found
    return None


def scans(source: bytes, start: int, *, most: int) -> int:
    """How many scans the JPEG at `start` has, counted exactly up to its end; stops counting after `most`."""
    at, count = start + 2, 0
    while count <= most:
        found = _MARKER.search(source, at)
        if found is None or found[0][1] == 0xD9 or found.end() + 2 > len(source):
            break
        count += found[0][1] == 0xDA
        (length,) = struct.unpack_from(">H", source, found.end())
        at = found.end() + max(length, 2)
    return count
