"""What a file says about its shot: time, body, orientation, rating. Never trusted, often missing.

The pair key ties together what belongs to one press of the shutter (small copy from the air, full file from the card,
RAW beside JPEG): body, capture time with fractions, base name. A name alone is never an identity.
"""

from __future__ import annotations

import calendar
import hashlib
import re
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image

from camera_bridge.structure import Bytes

HEAD_BYTES: Final = 512 * 1024  # EXIF and XMP sit in front of the pixels
MOST_STARS: Final = 5
_RATING: Final = re.compile(rb'xmp:Rating(?:="|>)\s*(-?\d)')
_RENAMED: Final = re.compile(r"^(.*\d{3,})[_-]\d{1,2}$")  # DSC_0001_1: the camera avoided overwriting
_NUMBER: Final = re.compile(r"(\d{3,5})(?:[_-]\d{1,2})?$")


@dataclass(frozen=True, slots=True)
class Shot:
    """`shot_at` in ms UTC; without a zone in the file the bridge's own zone is assumed (`zoned` is False)."""

    orientation: int = 1
    shot_at: int | None = None
    zoned: bool = False
    serial: str = ""
    model: str = ""
    rating: int = 0
    adobe_rgb: bool = False
    stamp: str = ""


def read(view: Bytes) -> Shot:
    """Read the shot's facts from a file's first bytes (JPEG, TIFF-based RAW, CR3, HEIC). Never raises."""
    head = bytes(view[:HEAD_BYTES])
    exif = Image.Exif()
    try:
        exif.load(_block(head))
        inner: dict[int, Any] = dict(exif.get_ifd(0x8769))
        interop: dict[int, Any] = dict(exif.get_ifd(0xA005))
    except (struct.error, SyntaxError, ValueError, TypeError, KeyError, OSError, IndexError, EOFError):
        return Shot(rating=_rating(head, 0))
    stamp = _word(inner.get(0x9003) or exif.get(0x132))
    fraction = _word(inner.get(0x9291))
    shot_at, zoned = _moment(stamp, fraction, _word(inner.get(0x9011)))
    orientation = exif.get(0x112)
    return Shot(
        orientation=orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1,
        shot_at=shot_at,
        zoned=zoned,
        serial=_word(inner.get(0xA431)),
        model=_word(exif.get(0x110)),
        rating=_rating(head, exif.get(0x4746)),
        adobe_rgb=_word(interop.get(1)) == "R03",
        stamp=f"{stamp}.{fraction}" if stamp else "",
    )


def pair_key(shot: Shot, camera: str, name: str) -> str | None:
    """The same for every file of one press of the shutter; None when the file does not say when it was taken."""
    if not shot.stamp:
        return None
    body = shot.serial or shot.model or camera
    return hashlib.sha256(f"{body}|{shot.stamp}|{base_name(name).upper()}".encode()).hexdigest()[:24]


def pixels(file: Path, shot: Shot) -> tuple[int, int] | None:
    """(width, height) as seen upright, or None for formats this machine cannot open."""
    try:
        with Image.open(file) as image:
            width, height = image.size
            turned = shot.orientation >= 5 and image.format != "HEIF"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return (height, width) if turned else (width, height)


def base_name(name: str) -> str:
    """«DSC_0001_1.JPG» → «DSC_0001»."""
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    renamed = _RENAMED.match(stem)
    return renamed.group(1) if renamed else stem


def file_number(name: str) -> int | None:
    """The camera's own counter in a file name, or None."""
    found = _NUMBER.search(base_name(name))
    return int(found.group(1)) if found else None


def _block(head: bytes) -> bytes:
    """The bytes Pillow can read EXIF from."""
    if head.startswith((b"II", b"MM")):
        return head
    at = head.find(b"Exif\0\0")
    if at >= 0:
        return head[at:]
    at = head.find(b"CMT2")  # Canon's CR3 keeps the shot's own directory in a box
    return head[at + 4 :] if at >= 0 else b""


def _word(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return str(value).strip("\0 ") if value is not None else ""


def _rating(head: bytes, tag: object) -> int:
    found = _RATING.search(head)
    if found:
        return max(0, int(found.group(1)))
    return tag if isinstance(tag, int) and 0 <= tag <= 5 else 0


def _moment(stamp: str, fraction: str, zone: str) -> tuple[int | None, bool]:
    try:
        parts = time.strptime(stamp, "%Y:%m:%d %H:%M:%S")
        millis = int((fraction + "000")[:3]) if fraction.isdigit() else 0
        found = re.fullmatch(r"([+-])(\d\d):(\d\d)", zone)
        if found:
            minutes = int(found.group(2)) * 60 + int(found.group(3))
            shift = -minutes if found.group(1) == "-" else minutes
            return (calendar.timegm(parts) - shift * 60) * 1000 + millis, True
        return int(time.mktime(parts)) * 1000 + millis, False
    except (ValueError, OverflowError):
        return None, False
