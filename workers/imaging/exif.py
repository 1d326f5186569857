"""EXIF, read and written by ourselves: a few harmless tags in, the same few out, nothing else can slip through.

What a camera wrote is never copied as a block: places, serial numbers, owners' names, maker notes and stale thumbnails
live in there. Text is UTF-8 in the files we write, whatever it was before; Chinese desktop software often wrote GBK.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Final

ORIENTATION, DATE_TIME, EXIF_IFD, INTEROP_IFD = 0x0112, 0x0132, 0x8769, 0xA005
SHOT, SHOT_OFFSET, SHOT_SUBSEC = 0x9003, 0x9011, 0x9291
COLOUR_SPACE, PIXEL_WIDTH, PIXEL_HEIGHT, INTEROP_INDEX = 0xA001, 0xA002, 0xA003, 0x0001
MAKE, MODEL, ARTIST, COPYRIGHT, LENS = 0x010F, 0x0110, 0x013B, 0x8298, 0xA434
EXPOSURE_TIME, F_NUMBER, ISO, FOCAL_LENGTH, FOCAL_35MM = 0x829A, 0x829D, 0x8827, 0x920A, 0xA405

KEPT_MAIN: Final = (MAKE, MODEL, ARTIST, COPYRIGHT)
KEPT_SHOT: Final = (EXPOSURE_TIME, F_NUMBER, ISO, SHOT, SHOT_OFFSET, FOCAL_LENGTH, FOCAL_35MM, LENS)
_READ: Final = {
    "main": {ORIENTATION, DATE_TIME, EXIF_IFD, *KEPT_MAIN},
    "shot": {SHOT_SUBSEC, COLOUR_SPACE, PIXEL_WIDTH, PIXEL_HEIGHT, INTEROP_IFD, *KEPT_SHOT},
    "interop": {INTEROP_INDEX},
}
_UNIT: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}  # bytes per value of a TIFF type
_LONGEST: Final = 400  # bytes of a text we are willing to carry
_MOMENT: Final = re.compile(r"(\d{4})\D(\d\d)\D(\d\d)\D(\d\d)\D(\d\d)\D(\d\d)")
_OFFSET: Final = re.compile(r"([+-])(\d\d):?(\d\d)")

Value = str | int | tuple[int, int]


@dataclass(frozen=True, slots=True)
class Exif:
    """The tags we know, text decoded, rationals as (numerator, denominator)."""

    tags: Mapping[int, Value] = field(default_factory=dict)

    def number(self, tag: int) -> int:
        """0 when the tag is absent or no whole number."""
        value = self.tags.get(tag)
        return value if isinstance(value, int) else 0

    def text(self, tag: int) -> str:
        value = self.tags.get(tag)
        return value if isinstance(value, str) else ""


def read(block: bytes) -> Exif:
    """Read a TIFF block. Garbage gives an empty Exif, half-garbage the readable half; never raises."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None or len(block) < 8:
        return Exif()
    tags: dict[int, Value] = {}
    (main,) = struct.unpack(order + "I", block[4:8])
    for part, pointer in (("main", main), ("shot", EXIF_IFD), ("interop", INTEROP_IFD)):
        offset = pointer if part == "main" else tags.pop(pointer, 0)
        if isinstance(offset, int) and offset:
            tags.update(_directory(block, order, offset, _READ[part]))
    return Exif(tags)


def _directory(block: bytes, order: str, offset: int, wanted: set[int]) -> Iterator[tuple[int, Value]]:
    if offset + 2 > len(block):
        return
    (count,) = struct.unpack_from(order + "H", block, offset)
    for number in range(min(count, 512)):
        place = offset + 2 + 12 * number
        if place + 12 > len(block):
            return
        tag, kind, length = struct.unpack_from(order + "HHI", block, place)
        size = _UNIT.get(kind, 0) * length
        if tag not in wanted or not size:
            continue
        at = place + 8 if size <= 4 else struct.unpack_from(order + "I", block, place + 8)[0]
        value = _value(block[at : at + min(size, _LONGEST)], order, kind)
        if value is not None:
            yield tag, value


def _value(raw: bytes, order: str, kind: int) -> Value | None:
    if kind in {1, 2, 7}:
        return _words(raw)
    form = order + {3: "H", 4: "I", 5: "II", 9: "i", 10: "ii"}[kind]
    if len(raw) < struct.calcsize(form):
        return None
    found: tuple[int, ...] = struct.unpack_from(form, raw)
    return (found[0], found[1]) if len(found) == 2 else found[0]


def _words(raw: bytes) -> str:
    raw = raw.split(b"\0", 1)[0].strip()
    for charset in ("utf-8", "gb18030"):
        try:
            return raw.decode(charset)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def shot_at(exif: Exif, *, assumed_minutes: int) -> tuple[int | None, bool]:
    """The moment of the shutter in ms UTC, and whether the camera told its own time zone.

    Most cameras write local time without a zone; `assumed_minutes` east of Greenwich is taken then.
    """
    found = _MOMENT.match(exif.text(SHOT) or exif.text(DATE_TIME))
    if found is None:
        return None, False
    zone = _OFFSET.fullmatch(exif.text(SHOT_OFFSET))
    minutes = assumed_minutes
    if zone is not None:
        minutes = (int(zone[2]) * 60 + int(zone[3])) * (1 if zone[1] == "+" else -1)
    year, month, day, hour, minute, second = (int(one) for one in found.groups())
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone(timedelta(minutes=minutes)))
        stamp = int(moment.timestamp()) * 1000
    except (ValueError, OverflowError):
        return None, False
    fraction = re.match(r"\d{1,3}", exif.text(SHOT_SUBSEC))
    return (stamp + int(f"{fraction[0]:0<3}") if fraction else stamp), zone is not None


def kept(exif: Exif) -> bytes:
    """A fresh TIFF block for guests: artist, copyright, camera, lens, exposure, time; upright; sRGB."""
    main: dict[int, Value] = {tag: exif.tags[tag] for tag in KEPT_MAIN if exif.tags.get(tag)}
    shot: dict[int, Value] = {tag: exif.tags[tag] for tag in KEPT_SHOT if exif.tags.get(tag)}
    main[ORIENTATION] = 1
    shot[COLOUR_SPACE] = 1
    head = b"II*\0" + struct.pack("<I", 8)
    size = len(_written({**main, EXIF_IFD: 0}, 8))
    return head + _written({**main, EXIF_IFD: 8 + size}, 8) + _written(shot, 8 + size)


def _written(tags: Mapping[int, Value], offset: int) -> bytes:
    """One directory with its values behind it, for a place `offset` bytes into the block."""
    entries, behind = b"", b""
    after = offset + 2 + 12 * len(tags) + 4
    for tag in sorted(tags):
        kind, count, raw = _packed(tag, tags[tag])
        if len(raw) <= 4:
            inline = raw.ljust(4, b"\0")
        else:
            inline = struct.pack("<I", after + len(behind))
            behind += raw + b"\0" * (len(raw) % 2)
        entries += struct.pack("<HHI", tag, kind, count) + inline
    return struct.pack("<H", len(tags)) + entries + b"\0\0\0\0" + behind


def _packed(tag: int, value: Value) -> tuple[int, int, bytes]:
    if isinstance(value, str):
        raw = value.encode()[:_LONGEST].decode(errors="ignore").encode() + b"\0"
        return 2, len(raw), raw
    if isinstance(value, tuple):
        return 5, 1, struct.pack("<II", value[0] & 0xFFFFFFFF, value[1] & 0xFFFFFFFF)
    if tag == EXIF_IFD:
        return 4, 1, struct.pack("<I", value)
    return 3, 1, struct.pack("<H", value & 0xFFFF)
