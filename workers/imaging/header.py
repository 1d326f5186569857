"""What a file says about itself, read before any decoder sees it, and what we refuse because of it.

Names and content types are never trusted: the first bytes decide. A few hundred bytes can ask a decoder for
gigabytes (pixel bomb) or minutes (a progressive JPEG of thousands of scans), so both are counted here.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field, replace
from typing import Final

import pi_heif
from PIL import GifImagePlugin, ImageFile, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from backend.errors import BadInput
from workers.imaging import exif, jpeg, raw
from workers.imaging.exif import Exif

HEIC_BRANDS: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_MAGIC: Final = (
    (b"\xff\xd8", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
)
_PILLOW: Final[dict[str, type[ImageFile.ImageFile]]] = {
    "png": PngImagePlugin.PngImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "gif": GifImagePlugin.GifImageFile,
}
PICTURE_ERRORS: Final = (OSError, SyntaxError, ValueError, struct.error, EOFError, IndexError, KeyError, TypeError)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one render may cost."""

    pixels: int = 120_000_000
    scans: int = 100
    memory_bytes: int = 700_000_000  # beside the worker itself; a 48 MP HEIC of a phone takes 400 MB


@dataclass(frozen=True, slots=True)
class Header:
    """Stored size in pixels (before turning upright), EXIF orientation 1–8, colour profile."""

    format: str
    width: int
    height: int
    mode: str = "RGB"  # RGB, RGBA, L or CMYK
    scans: int = 1
    coefficients: int = 0  # bytes of them that a decoder must hold at once, as for a progressive JPEG
    icc: bytes = b""
    exif: Exif = field(default_factory=Exif)
    skip: int = 0  # bytes before the picture
    carrier: str = ""  # what the picture came in, if that is something else

    @property
    def orientation(self) -> int:
        """1–8. Nonsense counts as upright, and so does a stale tag: upright pixels that kept the camera's old tag.

        It is stale when the tag turns by 90° while the size in the EXIF is the stored size transposed already.
        """
        tag = self.exif.number(exif.ORIENTATION)
        told = (self.exif.number(exif.PIXEL_WIDTH), self.exif.number(exif.PIXEL_HEIGHT))
        stale = tag >= 5 and self.width != self.height and told == (self.height, self.width)
        return tag if 1 <= tag <= 8 and not stale else 1

    @property
    def upright(self) -> tuple[int, int]:
        """(width, height) px as people see it."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


def sniff(source: bytes) -> str:
    """The format by the first bytes; "" when they say nothing we know."""
    if source[4:8] == b"ftyp":
        return "heic" if source[8:12] in HEIC_BRANDS else "film"
    if source[:4] == b"RIFF":
        return "webp" if source[8:12] == b"WEBP" else ""
    return next((kind for start, kind in _MAGIC if source.startswith(start)), "")


def read(source: bytes, limits: Limits) -> Header:
    """Read the header and refuse what would cost too much. Raises BadInput; never decodes a pixel."""
    if not source:
        raise BadInput("no bytes at all", code="truncated")
    kind = sniff(source)
    skip = 0 if kind else max(source.find(b"\xff\xd8\xff", 0, 1024), 0)
    if raw.is_raw(source):
        header = _raw(source, limits)
    elif kind == "jpeg" or skip:
        header = _jpeg(source, skip)
    elif kind == "heic":
        header = _heic(source)
    elif kind in _PILLOW:
        header = _pillow(source, kind, limits)
    elif kind:
        raise BadInput("an ISO media file, but no HEIC picture", code="unsupported")
    else:
        raise BadInput(f"unknown first bytes {source[:8].hex()}", code="not_a_picture")
    _refuse(header, limits, len(source))
    return header


def _refuse(header: Header, limits: Limits, held_bytes: int = 0) -> None:
    pixels = header.width * header.height
    if pixels > limits.pixels:
        size = f"{header.width}x{header.height} px, more than {limits.pixels / 1e6:.0f} MP"
        raise BadInput(size, code="too_many_pixels")
    if header.scans > limits.scans:
        raise BadInput(f"{header.scans} scans, more than {limits.scans}", code="too_many_scans")
    needed = room(header) + held_bytes
    if needed > limits.memory_bytes:
        raise BadInput(f"needs about {needed // 1_000_000} MB", code="no_room")


def room(header: Header) -> int:
    """Bytes a full decode takes at its peak: pixels, the decoder's own copies, and coefficients. Measured at 45 MP."""
    straight, else_way = {"jpeg": (3, 4), "heic": (9, 9), "webp": (7, 16)}.get(header.format, (4, 8))
    each = straight if header.mode == "RGB" else else_way
    return header.width * header.height * each + header.coefficients


def open_pillow(source: bytes, kind: str) -> ImageFile.ImageFile:
    """Pillow's reader of exactly that format, never another. Raises any of PICTURE_ERRORS."""
    return _PILLOW[kind](io.BytesIO(source))


def _pillow(source: bytes, kind: str, limits: Limits) -> Header:
    if kind == "png" and len(source) >= 26:  # a bomb may be nothing but its first chunk
        width, height = struct.unpack(">II", source[16:24])
        _refuse(Header("png", width, height), limits)
    try:
        image = open_pillow(source, kind)
        block = image.info.get("exif") or b""
        if kind == "tiff":
            tags = Exif({exif.ORIENTATION: int(image.getexif().get(exif.ORIENTATION, 1))})
        else:
            tags = exif.read(block.removeprefix(b"Exif\0\0"))
        coloured = kind == "png" or not image.mode.startswith(("I", "F"))
    except PICTURE_ERRORS as exc:
        raise BadInput(f"{kind}: {exc}", code="truncated" if len(source) < 64 else "not_a_picture") from exc
    mode = {"CMYK": "CMYK", "L": "L", "1": "L", "LA": "L", "RGBA": "RGBA"}.get(image.mode, "RGB" if coloured else "L")
    icc = image.info.get("icc_profile") or b""
    return Header(kind, image.width, image.height, mode, icc=icc, exif=tags)


def _heic(source: bytes) -> Header:
    try:
        picture = pi_heif.open_heif(io.BytesIO(source), convert_hdr_to_8bit=True)
    except (*PICTURE_ERRORS, RuntimeError) as exc:
        raise BadInput(f"heic: {exc}", code="truncated") from exc
    block: bytes = picture.info.get("exif") or b""
    tags = dict(exif.read(block.removeprefix(b"Exif\0\0")).tags)
    tags.pop(exif.ORIENTATION, None)  # the decoder turns HEIC itself
    width, height = picture.size
    return Header("heic", width, height, icc=picture.info.get("icc_profile") or b"", exif=Exif(tags))


def _jpeg(source: bytes, skip: int) -> Header:
    frame: jpeg.Frame | None = None
    block, chunks = b"", dict[int, bytes]()
    for marker, body in jpeg.segments(source, skip):
        frame = frame or jpeg.read_frame(marker, body)
        if marker == 0xE1 and body[:6] == b"Exif\0\0" and not block:
            block = body[6:]
        elif marker == 0xE2 and body[:12] == b"ICC_PROFILE\0" and len(body) > 14:
            chunks.setdefault(body[12], body[14:])
    if frame is None:
        raise BadInput("ends before the size is told", code="truncated")
    if not frame.width or not frame.height or frame.components not in {1, 3, 4}:
        raise BadInput(f"{frame.width}x{frame.height}, {frame.components} components", code="unsupported")
    return Header(
        "jpeg",
        frame.width,
        frame.height,
        {1: "L", 3: "RGB", 4: "CMYK"}[frame.components],
        scans=source.count(b"\xff\xda", skip),
        coefficients=128 * frame.blocks * (frame.marker in {0xC2, 0xC6, 0xCA, 0xCE}),
        icc=b"".join(chunks[number] for number in sorted(chunks)),
        exif=exif.read(block),
        skip=skip,
    )


def _raw(source: bytes, limits: Limits) -> Header:
    """The JPEG inside, with the orientation and the moment that the RAW file tells."""
    at = raw.preview_at(source)
    if at is None:
        raise BadInput(f"a RAW file without a JPEG of {raw.LEAST_PX} px inside", code="unsupported")
    inside = _jpeg(source, at)
    tags = {**inside.exif.tags, **exif.read(raw.exif_block(source)).tags}
    tags.pop(exif.PIXEL_WIDTH, None)  # those of the sensor, not of what we show
    scans = jpeg.scans(source, at, most=limits.scans)
    return replace(inside, exif=Exif(tags), scans=scans, carrier="raw")
