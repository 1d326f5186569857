"""Bytes to pixels: RGBX uint8 (height, width, 4), still in the file's own colours and as it lies in the file.

The fourth channel is padding: with four bytes per pixel the colour table is a fifth faster, and so is turning.

JPEG goes through libjpeg-turbo with strict checks, because every lenient decoder shows half a photo as a whole one.
Everything else, and the JPEGs it cannot read, goes through Pillow. CMYK arrives as sRGB already.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import pi_heif
import simplejpeg
from PIL import Image, ImageCms, JpegImagePlugin

from backend.errors import BadInput
from workers.imaging.header import PICTURE_ERRORS, Header, open_pillow

log = logging.getLogger(__name__)
Rgb = npt.NDArray[np.uint8]  # (height, width, 3)
Rgbx = npt.NDArray[np.uint8]  # (height, width, 4), the last is always 255; lean pictures do without it


Room = Callable[[int, int, int], Rgbx]  # height, width, channels
STRIP_PX: Final = 256
BLOCK_PX: Final = 16  # rows of a JPEG that are decoded together, at most
LEAST_GOOD: Final = 0.2  # of its height, that a cut-off picture must have to be worth showing


def fresh(height: int, width: int, channels: int) -> Rgbx:
    """A new array."""
    return np.empty((height, width, channels), np.uint8)


@dataclass(frozen=True, slots=True)
class Paper:
    """Where the pixels of slow decoders go, strip by strip: a converted copy of the whole picture, and numpy's copy of
    that, would take three times the memory.
    """

    room: Room
    lean: bool = False

    def filled(self, size: tuple[int, int], strip: Callable[[int, int], Image.Image]) -> Rgbx:
        """`strip(top, below)` gives the rows of a picture of `size` (width, height)."""
        width, height = size
        into, mode = self.room(height, width, 3 if self.lean else 4), "RGB" if self.lean else "RGBX"
        for top in range(0, height, STRIP_PX):
            below = min(top + STRIP_PX, height)
            into[top:below] = np.asarray(strip(top, below).convert(mode))
        return into

    def copied(self, image: Image.Image, change: Callable[[Image.Image], Image.Image]) -> Rgbx:
        """A whole picture, every strip changed."""
        return self.filled(image.size, lambda top, below: change(image.crop((0, top, image.width, below))))


@dataclass(slots=True)
class Decoded:
    """`damaged`: parts of the file could not be read; somebody should look at it."""

    rgbx: Rgbx
    damaged: bool = False
    managed: bool = False  # the pixels are sRGB already


def decode(
    source: bytes,
    header: Header,
    *,
    long_edge: int = 0,
    salvage: bool = False,
    room: Room = fresh,
    lean: bool = False,
) -> Decoded:
    """Decode the first picture, at the smallest scale whose long edge is at least `long_edge` px (0: full size).

    `room` gives the array to decode into. `salvage` takes what is there of a cut-off file
    instead of refusing it; `lean` saves memory for time by leaving the padding out.
    Raises BadInput: truncated, unsupported, no_room.
    """
    source = source[header.skip :] if header.skip else source
    try:
        if header.format == "jpeg" and header.mode != "CMYK":
            return _jpeg(source, _scale(header, long_edge), room, salvage=salvage, lean=lean)
        paper = Paper(room, lean=lean)
        return Decoded(_heic(source, paper)) if header.format == "heic" else _pillow(source, header, paper)
    except MemoryError as exc:
        raise BadInput(f"{header.width}x{header.height} px", code="no_room") from exc


def rgb(pixels: Rgbx) -> Rgb:
    """A copy without the padding."""
    return np.ascontiguousarray(pixels[..., :3])


def padded(pixels: Rgb) -> Rgbx:
    """A copy with the padding."""
    return np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])


def _scale(header: Header, long_edge: int) -> int:
    """8, 4, 2 or 1: by how much the decoder may shrink. Half sizes are exact; 3/8 and the like are slow and soft."""
    longest = max(header.width, header.height)
    return next((by for by in (8, 4, 2) if long_edge and longest // by >= long_edge), 1)


def _jpeg(source: bytes, by: int, room: Room, *, salvage: bool, lean: bool) -> Decoded:
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(source)
        scaled = {"min_width": -(-width // by), "min_height": -(-height // by)} if by > 1 else {}
        height, width, _, _ = simplejpeg.decode_jpeg_header(source, **scaled)
    except ValueError:
        return Decoded(_jpeg_by_pillow(source, Paper(room, lean=lean), salvage=salvage))
    into, order = room(height, width, 3 if lean else 4), "RGB" if lean else "RGBX"
    try:
        simplejpeg.decode_jpeg(source, order, buffer=into, **scaled)
        return Decoded(into)
    except ValueError as exc:
        cut = "end of jpeg file" in str(exc).lower()
        if cut and not salvage:
            raise BadInput(f"jpeg: {exc}", code="truncated") from exc
        log.warning("jpeg damaged, decoding what is there: %s", exc)
    try:
        into[:] = 128  # what is missing is grey, not a part of the photo before
        simplejpeg.decode_jpeg(source, order, strict=False, buffer=into, **scaled)
    except ValueError as exc:
        raise BadInput(f"jpeg: {exc}", code="unsupported") from exc
    good = _good_rows(into, BLOCK_PX // by) if cut else into.shape[0]
    if good < LEAST_GOOD * into.shape[0]:
        raise BadInput(f"jpeg: {good} of {into.shape[0]} rows arrived", code="truncated")
    return Decoded(into[:good], damaged=True)


def _good_rows(pixels: Rgbx, block: int) -> int:
    """Rows of a cut-off picture that arrived whole. Decoders fill what is missing with the last colour they know, and
    blend a row of it into its neighbours.
    """
    last = pixels[-1, -1]
    first = int(pixels.shape[0])  # of the rows below which nothing but that colour is left
    while first > 0 and bool((pixels[first - 1] == last).all()):
        first -= 1
    if first == pixels.shape[0]:  # only a part of the last blocks may be missing
        whole = not bool((pixels[-3:, -2 * block :] == last).all())
        return first if whole else (first - 1) // block * block
    return max(first // block * block - block, 0)


def _jpeg_by_pillow(source: bytes, paper: Paper, *, salvage: bool) -> Rgbx:
    try:
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(source))
        image.load()
    except PICTURE_ERRORS as exc:
        cut = "truncated" in str(exc) or not source.rstrip(b"\0").endswith(b"\xff\xd9")
        raise BadInput(f"jpeg: {exc}", code="truncated" if cut and not salvage else "unsupported") from exc
    return paper.copied(image, _flat)


def _heic(source: bytes, paper: Paper) -> Rgbx:
    try:
        picture = pi_heif.open_heif(io.BytesIO(source), convert_hdr_to_8bit=True)
        data, stride, mode = memoryview(picture.data), picture.stride, picture.mode
    except (*PICTURE_ERRORS, RuntimeError) as exc:
        raise BadInput(f"heic: {exc}", code="truncated") from exc
    width, height = picture.size

    def strip(top: int, below: int) -> Image.Image:
        rows = data[top * stride : below * stride]
        return _flat(Image.frombytes(mode, (width, below - top), rows, "raw", mode, stride))

    return paper.filled((width, height), strip)


def _pillow(source: bytes, header: Header, paper: Paper) -> Decoded:
    try:
        if header.format == "jpeg":
            image: Image.Image = JpegImagePlugin.JpegImageFile(io.BytesIO(source))
        else:
            image = open_pillow(source, header.format)
            if image.mode == "RGB" and "transparency" not in image.info:
                straight = _plain_webp(source, image) if header.format == "webp" else _straight(image, paper.room)
                if straight is not None:
                    return Decoded(straight)
        if image.mode == "CMYK":
            return Decoded(_printed(_straight(image, paper.room, "CMYK"), _print_colours(header.icc)), managed=True)
        image.load()
    except PICTURE_ERRORS as exc:
        raise BadInput(f"{header.format}: {exc}", code="truncated") from exc
    if image.mode.startswith("I") or image.mode == "F":
        return Decoded(paper.copied(image, _deep_grey(image)))
    return Decoded(paper.copied(image, _flat))


def _straight(image: Image.Image, room: Room, mode: str = "RGBX") -> Rgbx:
    """Have Pillow decode into our own array: one large picture in memory instead of two."""
    into = room(image.height, image.width, 4)
    image.im = Image.frombuffer(mode, image.size, into, "raw", mode, 0, 1).im
    image.load()
    return into


def _printed(inks: Rgbx, change: Callable[[Image.Image], Image.Image]) -> Rgbx:
    """Four inks become red, green, blue and padding where they are."""
    height, width = inks.shape[:2]
    for top in range(0, height, STRIP_PX):
        strip = inks[top : top + STRIP_PX]
        image = Image.frombuffer("CMYK", (width, strip.shape[0]), strip.tobytes(), "raw", "CMYK", 0, 1)
        strip[:] = np.asarray(change(image).convert("RGBX"))
    return inks


def _plain_webp(source: bytes, image: Image.Image) -> Rgbx | None:
    """Pillow's way with WebP has it in memory five times; OpenCV does the same in two. None: let Pillow try."""
    if getattr(image, "n_frames", 1) > 1:
        return None
    made = cv2.imdecode(np.frombuffer(source, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    return None if made is None or made.shape[:2] != (image.height, image.width) else np.asarray(made, np.uint8)


def _flat(image: Image.Image) -> Image.Image:
    """RGB; what is transparent becomes white, as on paper."""
    if image.mode in {"RGBA", "RGBa", "LA", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image.getchannel("A"))
        return paper
    return image.convert("RGB")


def _deep_grey(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """How 16-bit or floating grey becomes 8-bit; Pillow's own conversion would cut off instead of scale."""
    whole = image.mode != "F"
    top = 0.0
    for y in range(0, image.height, STRIP_PX):
        strip = np.asarray(image.crop((0, y, image.width, min(y + STRIP_PX, image.height))))
        top = max(top, float(np.nan_to_num(strip, posinf=0).max(initial=0)))
    top = max(top, 1e-6) if not whole else 65535.0 if top > 255 else 255.0

    def scaled(strip: Image.Image) -> Image.Image:
        values = np.nan_to_num(np.asarray(strip).astype(np.float32))
        return Image.fromarray(np.clip(np.rint(values * np.float32(255 / top)), 0, 255).astype(np.uint8))

    return scaled


def _print_colours(icc: bytes) -> Callable[[Image.Image], Image.Image]:
    """How CMYK becomes sRGB: by the file's profile, if it has one that can be used."""
    if icc:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), "CMYK", "RGB")
        except (*PICTURE_ERRORS, ImageCms.PyCMSError) as exc:
            log.warning("CMYK profile unusable, converting without it: %s", exc)
        else:
            return lambda strip: _transformed(strip, transform)
    return lambda strip: strip.convert("RGB")


def _transformed(strip: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    made = ImageCms.applyTransform(strip, transform)
    assert made is not None  # only in place there is none
    return made
