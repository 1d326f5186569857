"""Camera RAW: we show the JPEG the camera put inside, as the photographer saw it on the back; we develop nothing.

Every maker hides it elsewhere, so it is not looked up but looked for: the largest ordinary JPEG in the file.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from workers.imaging import jpeg

LEAST_PX: Final = 640  # long edge; less is a thumbnail nobody wants on a screen
_STARTS: Final = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
_JPEG: Final = re.compile(rb"\xff\xd8\xff[\xc0\xc1\xc2\xc4\xdb\xe0-\xef\xfe]")
_MOST_FOUND: Final = 300
_DNG_VERSION, _SUB_DIRECTORIES, _MAKE = 0xC612, 0x014A, 0x010F


def is_raw(source: bytes) -> bool:
    """Whether the first bytes are those of a RAW file. Most are TIFF; what makes them RAW stands in the directory."""
    if source.startswith(_STARTS) or source[4:12] == b"ftypcrx ":
        return True
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(source[:4])
    if order is None:
        return False
    tags = _tags(source, order)
    return source[8:10] == b"CR" or _DNG_VERSION in tags or {_SUB_DIRECTORIES, _MAKE} <= tags


def _tags(source: bytes, order: str) -> set[int]:
    if len(source) < 10:
        return set()
    (offset,) = struct.unpack_from(order + "I", source, 4)
    if offset + 2 > len(source):
        return set()
    (count,) = struct.unpack_from(order + "H", source, offset)
    places = (offset + 2 + 12 * number for number in range(min(count, 200)))
    return {struct.unpack_from(order + "H", source, place)[0] for place in places if place + 2 <= len(source)}


def preview_at(source: bytes) -> int | None:
    """Where the largest JPEG starts; None when there is none worth showing."""
    best, most = None, 0
    for number, found in enumerate(_JPEG.finditer(source)):
        if number >= _MOST_FOUND:
            break
        frame = jpeg.frame(source, found.start())
        if frame is None or frame.marker not in {0xC0, 0xC1, 0xC2} or frame.components != 3:
            continue
        if max(frame.width, frame.height) >= LEAST_PX and frame.width * frame.height > most:
            best, most = found.start(), frame.width * frame.height
    return best


def exif_block(source: bytes) -> bytes:
    """The camera's own TIFF block, which knows the orientation; the JPEG inside often does not."""
    if source[4:12] == b"ftypcrx ":
        at = source.find(b"CMT1", 0, 65536)
        return source[at + 4 : at + 65536] if at > 0 else b""
    if source.startswith((b"IIRO", b"IIRS", b"IIU\0")):
        return b"II*\0" + source[4:65536]
    return source[:1_000_000] if source[:2] in {b"II", b"MM"} else b""
