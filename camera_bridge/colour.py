"""Into sRGB: what a phone's browser assumes about a picture that carries no profile.

Embedded profiles are honoured; Adobe RGB that is only signalled (EXIF «R03», a name that begins with an underscore)
gets a profile made here, because Pillow brings none.
"""

from __future__ import annotations

import io
import struct
from typing import Final

from PIL import Image, ImageCms

_ADOBE: Final = (  # primaries of Adobe RGB (1998), adapted to D50: red, green, blue, as X, Y, Z
    ("rXYZ", (0.60974, 0.31111, 0.01947)),
    ("gXYZ", (0.20528, 0.62567, 0.06087)),
    ("bXYZ", (0.14919, 0.06322, 0.74457)),
)
_D50: Final = (0.9642, 1.0, 0.8249)
_GAMMA: Final = 563  # 2.19921875 in 8.8 fixed point


def to_srgb(image: Image.Image, profile: bytes | None, *, adobe: bool) -> Image.Image:
    """RGB in sRGB. A profile that cannot be read is ignored: a slightly wrong colour beats no picture."""
    if profile is None and adobe:
        profile = adobe_rgb_profile()
    if profile and not _is_srgb(profile):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turned = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            turned = None
        if turned is not None:
            return turned
    return image if image.mode == "RGB" else _flat(image)


def _flat(image: Image.Image) -> Image.Image:
    """Transparency becomes white, everything else what Pillow makes of it."""
    if "A" not in image.getbands():
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(rgba, mask=rgba.getchannel("A"))
    return paper


def _is_srgb(profile: bytes) -> bool:
    return b"sRGB" in profile[:1024] or "sRGB".encode("utf-16-be") in profile[:1024]


def adobe_rgb_profile() -> bytes:
    """A matrix profile (ICC version 2) with the primaries and gamma of Adobe RGB (1998)."""
    curve = b"curv\0\0\0\0" + struct.pack(">IHxx", 1, _GAMMA)
    text = b"Adobe RGB compatible"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" * (1 + 4 + 4 + 2 + 1 + 67)
    tags = [("desc", described + b"\0" * (-len(described) % 4)), ("wtpt", _xyz(_D50))]
    tags += [(name, _xyz(value)) for name, value in _ADOBE]
    tags += [(name, curve) for name in ("rTRC", "gTRC", "bTRC")]
    at = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, value in tags:
        table += struct.pack(">4sII", name.encode(), at + len(body), len(value))
        body += value
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"\0\0\0\0", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + struct.pack(">3i", *(round(one * 65536) for one in _D50))
    return head.ljust(128, b"\0") + table + body


def _xyz(value: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(one * 65536) for one in value))
