"""What leaves the renderer: JPEG with a clean header, the ThumbHash placeholder, the dominant colour."""

from __future__ import annotations

import base64
import functools
import math
import struct
from typing import Final

import cv2
import numpy as np
import simplejpeg
from PIL import ImageCms

from workers.imaging import planes, shape
from workers.imaging.colour import Floats
from workers.imaging.pixels import Rgb, Rgbx


def jpeg(rgbx: Rgbx, quality: int, exif: bytes = b"", *, tagged: bool = True, lies: int = 1) -> bytes:
    """Baseline JPEG 4:2:0; `exif` is a TIFF block, `tagged` says in the file that its colours are sRGB, `lies` is the
    orientation of pixels that are not upright yet.
    """
    made: bytes
    if lies == 1:
        made = simplejpeg.encode_jpeg(rgbx, quality, "RGBX" if rgbx.shape[2] == 4 else "RGB", "420")
    else:
        made = simplejpeg.encode_jpeg_yuv_planes(*planes.upright(rgbx, lies), quality)
    (length,) = struct.unpack(">H", made[4:6])  # JFIF comes first, always
    segments = _segment(0xE1, b"Exif\0\0" + exif) if exif else b""
    if tagged:
        segments += _segment(0xE2, b"ICC_PROFILE\0\1\1" + srgb_profile())
    whole = memoryview(made)  # a full size is copied once, not three times
    return b"".join((whole[: 4 + length], segments, whole[4 + length :]))


def jpeg_within(most: int, rgbx: Rgbx, quality: int, least: int, exif: bytes = b"") -> tuple[bytes, Rgbx]:
    """As `jpeg`, of at most `most` bytes: less quality down to `least` where need be, then fewer pixels as well.

    Returns the pixels that were encoded, too. Nearly every picture is encoded once, a busy one two or three times.
    """
    while True:
        made = jpeg(rgbx, quality, exif)
        over = len(made) / most
        if over <= 1:
            return made, rgbx
        if quality > least:
            quality = max(least, quality - 1 - math.ceil(QUALITY_PER_E * math.log(over)))
        else:
            rgbx = shape.shrink(rgbx, int(max(rgbx.shape[:2]) * max(0.5, min(0.97, over**-0.6))))


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


@functools.cache
def srgb_profile() -> bytes:
    """The sRGB profile, with its moment of making fixed: the same recipe gives the same bytes."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return made[:24] + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + made[36:84] + bytes(16) + made[100:]


QUALITY_PER_E: Final = 52  # so much less quality makes a file e times smaller, between 50 and 76
TINY_PX: Final = 100  # enough for both of the following


def dominant(rgb: Rgb) -> str:
    """`#rrggbb` of the largest group of like colours, for the tile before anything else is there."""
    small = np.asarray(cv2.resize(rgb, (48, 48), interpolation=cv2.INTER_AREA), np.uint8).reshape(-1, 3)
    bins = (small >> 5).astype(np.int32) @ np.array([64, 8, 1])
    group = small[bins == np.bincount(bins, minlength=512).argmax()]
    red, green, blue = (round(float(level)) for level in group.mean(0))
    return f"#{red:02x}{green:02x}{blue:02x}"


def thumbhash(rgb: Rgb) -> str:
    """ThumbHash of an opaque picture, base64 of at most 25 bytes."""
    height, width = rgb.shape[:2]
    scale = min(1.0, 100 / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    red, green, blue = np.moveaxis(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255, 2, 0)
    across, down = max(1, _half_up(7 * width / max(width, height))), max(1, _half_up(7 * height / max(width, height)))
    light = _waves((red + green + blue) / 3, max(3, across), max(3, down))
    yellow = _waves((red + green) / 2 - blue, 3, 3)
    redness = _waves(red - green, 3, 3)
    head = _half_up(63 * light[0]) | _half_up(31.5 + 31.5 * yellow[0]) << 6 | _half_up(31.5 + 31.5 * redness[0]) << 12
    head |= _half_up(31 * light[2]) << 18
    tail = (down if width > height else across) | _half_up(63 * yellow[2]) << 3 | _half_up(63 * redness[2]) << 9
    tail |= (width > height) << 15
    nibbles = [_half_up(15 * wave) for part in (light, yellow, redness) for wave in part[1]]
    nibbles += [0] * (len(nibbles) % 2)
    pairs = bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
    return base64.b64encode(head.to_bytes(3, "little") + tail.to_bytes(2, "little") + pairs).decode()


def _half_up(value: float) -> int:
    return int(np.floor(value + 0.5))


def _waves(channel: Floats, across: int, down: int) -> tuple[float, list[float], float]:
    """The mean, the low cosine waves scaled to 0..1, and their scale."""
    height, width = channel.shape
    columns = np.cos(np.pi / width * np.outer(np.arange(across), np.arange(width) + 0.5))
    rows = np.cos(np.pi / height * np.outer(np.arange(down), np.arange(height) + 0.5))
    waves = rows @ channel.astype(np.float64) @ columns.T / (width * height)
    picked = [
        float(waves[y, x]) for y in range(down) for x in range(across) if (x or y) and x * down < across * (down - y)
    ]
    scale = max((abs(wave) for wave in picked), default=0.0)
    return float(waves[0, 0]), [0.5 + 0.5 / scale * wave if scale > 1e-6 else 0.5 for wave in picked], scale
