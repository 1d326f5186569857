"""The organizer's brand on a picture: marks in the nine-grid, sponsor frames that fit every shape.

Everything is drawn for the exact size of the rendition and laid on as small premultiplied patches, so that a full-size
picture pays for the pixels of the logo only. Patches are kept between photos of the same size.
"""

from __future__ import annotations

import functools
import io
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import pylopdf_fonts_zh_cn as fonts
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from backend.errors import BadInput
from backend.recipe import Frame, Layer, Place, Recipe
from workers.imaging import header, legible, vector
from workers.imaging.header import PICTURE_ERRORS, Limits
from workers.imaging.patches import Patch, blend, inked, kept, patch_of
from workers.imaging.pixels import Rgbx

ART_LIMITS: Final = Limits(pixels=16_000_000, memory_bytes=300_000_000)
TILE_PX: Final = 128
THINNER: Final = (1.0, 0.8, 0.65, 0.5)
TRIED_PX: Final = 480
REACH_PX: Final = 3  # how far stretching looks beyond its box, px of the art
INKED: Final = 240  # of 255 shine through; more is hardly seen


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int

    def overlap(self, other: Box) -> int:
        """Pixels both cover."""
        wide = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        high = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(wide, 0) * max(high, 0)


def lay(
    rgbx: Rgbx, recipe: Recipe, art: Mapping[str, bytes], kind: str, faces: Sequence[Box] = (), lies: int = 1
) -> None:
    """Frame first, then marks inside its window, away from `faces`. In place. Raises BadInput when art is unusable.

    `lies` is the orientation of pixels that are not upright yet; `faces` always are.
    """
    height, width = rgbx.shape[:2] if lies <= 4 else rgbx.shape[1::-1]
    window = Box(0, 0, width, height)
    if recipe.frame is not None:
        content = _found(art, _art_for(recipe.frame, width / height))
        frame = _thin_enough(recipe.frame, content, (width, height), faces)
        window = _window(frame, art_size(content), window)
        blend(rgbx, _frame(frame, content, width, height), lies)
    laid: list[tuple[Place, Box]] = []
    for layer in recipe.layers:
        if kind in layer.kinds:
            ink = _mark(layer, _found(art, layer.art_key) if layer.art_key else b"", (width, height), window)
            others = [box for place, box in laid if place is not layer.place]  # in one place they are meant to stack
            patch = _placed(layer, ink, (window, min(width, height)), faces, others)
            laid.append((layer.place, Box(patch.x, patch.y, *patch.ink.shape[1::-1])))
            if layer.shadow and not patch.plain:
                patch = legible.told_apart(patch, rgbx, lies, layer.shadow, shadowed=bool(layer.text))
            blend(rgbx, [patch], lies)


def _found(art: Mapping[str, bytes], key: str) -> bytes:
    if key not in art:
        raise BadInput(f"art {key} was not given")
    return art[key]


# --- marks --------------------------------------------------------------------------------------------------------


def _mark(layer: Layer, art: bytes, size: tuple[int, int], window: Box) -> Patch:
    short = min(size)
    room = max(1, round(window.width - 2 * layer.margin / 100 * short))
    head = max(1, round(window.height - 2 * layer.margin / 100 * short))
    pixels = max(1, round(layer.size / 100 * short))
    if layer.text:
        return kept().one((layer, pixels, room), lambda: _text(layer, pixels, room))
    return kept().one((layer, art, pixels, room, head), lambda: _logo(layer, art, pixels, (room, head)))


def _text(layer: Layer, pixels: int, room: int) -> Patch:
    font = _font(layer.serif, max(6, pixels))
    stroke = pixels / 42 if layer.bold else 0.0
    wide = font.getbbox(layer.text, stroke_width=stroke)[2]
    if wide > room:
        font = _font(layer.serif, max(6, int(pixels * room / wide)))
    left, top, right, bottom = font.getbbox(layer.text, stroke_width=stroke)
    edge = math.ceil(pixels * 0.18) if layer.shadow else 1
    size = (math.ceil(right - left) + 2 * edge, math.ceil(bottom - top) + 2 * edge)
    letters = Image.new("L", size)
    ImageDraw.Draw(letters).text((edge - left, edge - top), layer.text, 255, font, stroke_width=stroke)
    return patch_of(_inked(letters, layer, pixels), 0, 0, layer.opacity)


def _inked(letters: Image.Image, layer: Layer, pixels: int) -> Image.Image:
    """The mask in the layer's colour, over its soft shadow."""
    colour = Image.new("RGBA", letters.size, layer.colour)
    colour.putalpha(letters)
    shade = Image.new("RGBA", letters.size)
    if layer.shadow:
        soft = letters.filter(ImageFilter.GaussianBlur(pixels * 0.07))
        dark = Image.new("L", letters.size)
        dark.paste(soft, (max(1, round(pixels * 0.03)),) * 2)
        shade.putalpha(dark.point([round(level * layer.shadow) for level in range(256)]))
    return Image.alpha_composite(shade, colour)


@functools.lru_cache(maxsize=6)  # of 2 MB each, with the letters that were drawn
def _font(serif: bool, pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(fonts.serif_path() if serif else fonts.sans_path(), pixels)


def _logo(layer: Layer, art: bytes, pixels: int, most: tuple[int, int]) -> Patch:
    image = _opened(art)
    scale = min(pixels / max(image.size), most[0] / image.width, most[1] / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return patch_of(image.resize(size, Image.Resampling.LANCZOS), 0, 0, layer.opacity)


def place(size: tuple[int, int], window: Box, where: Place, margin: int) -> Box:
    """Where a box of `size` goes in `window`."""
    free_x, free_y = window.width - size[0], window.height - size[1]
    across = {"w": margin, "e": free_x - margin}.get(where[-1], free_x // 2)
    down = {"n": margin, "s": free_y - margin}.get(where[0], free_y // 2)
    x = min(max(across, 0), max(free_x, 0))
    y = min(max(down, 0), max(free_y, 0))
    return Box(window.x + x, window.y + y, *size)


def _placed(layer: Layer, ink: Patch, room: tuple[Box, int], faces: Sequence[Box], others: Sequence[Box]) -> Patch:
    """The patch where the layer wants it, or at the nearest place that covers less of the faces, then of other marks.

    `room` is the window and the picture's short edge, px.
    """
    window, short = room
    high, wide = ink.ink.shape[:2]
    margin = round(layer.margin / 100 * short)
    wish = place((wide, high), window, layer.place, margin)
    spots = [wish]
    if faces or others:
        spots += [place((wide, high), window, other, margin) for other in Place]

    def cost(spot: Box) -> tuple[int, int, float]:
        over_faces, over_marks = (sum(spot.overlap(one) for one in boxes) for boxes in (faces, others))
        return over_faces, over_marks, math.hypot(spot.x - wish.x, spot.y - wish.y)

    best = min(spots, key=cost)
    return _cut(replace(ink, x=best.x, y=best.y), window)


def _cut(patch: Patch, window: Box) -> Patch:
    """Nothing may stick out of the picture, however small it is."""
    high, wide = window.y + window.height - patch.y, window.x + window.width - patch.x
    clear = None if patch.clear is None else patch.clear[:high, :wide]
    return replace(patch, ink=patch.ink[:high, :wide], clear=clear)


# --- frames -------------------------------------------------------------------------------------------------------


def _art_for(frame: Frame, aspect: float) -> str:
    """The art drawn for the nearest shape."""
    if not frame.shapes:
        return frame.art_key
    return min(frame.shapes, key=lambda one: abs(math.log(one.aspect / aspect))).art_key


def _thin_enough(frame: Frame, art: bytes, size: tuple[int, int], faces: Sequence[Box]) -> Frame:
    """The nine-patch as it is meant, or thinner, down to half, when its ink would cover faces.

    Tried at a small size, where drawing is cheap; so every rendition of a photo has the same.
    """
    if frame.slices is None or not faces:
        return frame
    scale = min(1.0, TRIED_PX / max(size))
    size = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    faces = [Box(*(round(scale * one) for one in (face.x, face.y, face.width, face.height))) for face in faces]
    best, least = frame, math.inf
    for part in THINNER:
        thinner = replace(frame, band=frame.band * part)
        covered = sum(_covered(patch, face) for patch in _frame(thinner, art, *size) for face in faces)
        if covered < least:
            best, least = thinner, covered
        if not covered:
            break
    return best


def _covered(patch: Patch, face: Box) -> int:
    """Pixels of a face that are under ink."""
    high, wide = patch.ink.shape[:2]
    if not Box(patch.x, patch.y, wide, high).overlap(face):
        return 0
    rows = slice(max(face.y - patch.y, 0), max(face.y + face.height - patch.y, 0))
    columns = slice(max(face.x - patch.x, 0), max(face.x + face.width - patch.x, 0))
    if patch.clear is None:
        return patch.ink[rows, columns, 0].size
    return int(np.count_nonzero(patch.clear[rows, columns] < INKED))


def _window(frame: Frame, art: tuple[int, int], whole: Box) -> Box:
    """What a nine-patch leaves free."""
    if frame.slices is None:
        return whole
    top, right, bottom, left = _bands(frame, art, whole.width, whole.height)
    return Box(left, top, whole.width - left - right, whole.height - top - bottom)


def _bands(frame: Frame, art: tuple[int, int], width: int, height: int) -> tuple[int, int, int, int]:
    """How thick the four edges become, in px: top, right, bottom, left."""
    top, right, bottom, left = _cuts(frame, art)
    scale = frame.band / 100 * min(width, height) / max(top, right, bottom, left)
    scale = min(scale, (width - 2) / max(left + right, 1), (height - 2) / max(top + bottom, 1))
    return round(top * scale), round(right * scale), round(bottom * scale), round(left * scale)


def _cuts(frame: Frame, art: tuple[int, int]) -> tuple[float, float, float, float]:
    """Where the art is cut, in its own px."""
    assert frame.slices is not None
    top, right, bottom, left = frame.slices
    return top * art[1] / 100, right * art[0] / 100, bottom * art[1] / 100, left * art[0] / 100


def _frame(frame: Frame, art: bytes, width: int, height: int) -> Iterator[Patch]:
    return kept().many((frame, art, width, height), lambda: _build_frame(frame, art, width, height))


def _build_frame(frame: Frame, art: bytes, width: int, height: int) -> Iterator[Patch]:
    image = _premultiplied(art)
    high, wide = image.shape[:2]
    pieces = [((0.0, 0.0, float(wide), float(high)), Box(0, 0, width, height))]
    if frame.slices is not None:
        pieces = list(_nine(frame, (wide, high), width, height))
    for source, target in pieces:
        if target.width > 0 and target.height > 0 and source[2] > source[0] and source[3] > source[1]:
            yield from _tiles(image, source, target, frame.opacity)


def _nine(
    frame: Frame, art: tuple[int, int], width: int, height: int
) -> Iterator[tuple[tuple[float, float, float, float], Box]]:
    top, right, bottom, left = _cuts(frame, art)
    high, wide_right, low, wide_left = _bands(frame, art, width, height)
    from_x, from_y = (0, left, art[0] - right, art[0]), (0, top, art[1] - bottom, art[1])
    to_x, to_y = (0, wide_left, width - wide_right, width), (0, high, height - low, height)
    for row in range(3):
        for column in range(3):
            source = (from_x[column], from_y[row], from_x[column + 1], from_y[row + 1])
            x, y = to_x[column], to_y[row]
            yield source, Box(x, y, to_x[column + 1] - x, to_y[row + 1] - y)


def _tiles(image: Rgbx, source: tuple[float, float, float, float], target: Box, opacity: float) -> Iterator[Patch]:
    """`source` of the premultiplied art stretched to `target`, as patches where there is ink.

    Strip by strip, to stay small; where the art is empty nothing is stretched.
    """
    scale = (source[3] - source[1]) / target.height
    columns = slice(max(0, int(source[0]) - REACH_PX), math.ceil(source[2]) + REACH_PX)
    inked_rows = image[:, columns, 3].max(1) > 0
    for y in range(0, target.height, TILE_PX):
        high = min(TILE_PX, target.height - y)
        part = (source[0], source[1] + y * scale, source[2], source[1] + (y + high) * scale)
        if not inked_rows[max(0, int(part[1]) - REACH_PX) : math.ceil(part[3]) + REACH_PX].any():
            continue
        strip = _stretched(image, part, (target.width, high))
        for x, wide in _runs(strip):
            yield inked(strip[:, x : x + wide].copy(), target.x + x, target.y + y, opacity)


def _stretched(image: Rgbx, part: tuple[float, float, float, float], size: tuple[int, int]) -> Rgbx:
    """A part of the art at another size; larger ones by OpenCV, smaller ones by Pillow, which averages."""
    across, down = (part[2] - part[0]) / size[0], (part[3] - part[1]) / size[1]
    reach = REACH_PX * math.ceil(max(across, down, 1))
    left, top = max(0, int(part[0]) - reach), max(0, int(part[1]) - reach)
    near = np.ascontiguousarray(image[top : math.ceil(part[3]) + reach, left : math.ceil(part[2]) + reach])
    if _one_colour(near.view(np.uint32)[..., 0]) is not None:
        return np.full((size[1], size[0], 4), near[0, 0])
    if max(across, down) <= 1:
        places = np.array([[across, 0, part[0] + across / 2 - 0.5], [0, down, part[1] + down / 2 - 0.5]])
        way = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(image, places, size, flags=way, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    whole = Image.frombytes("RGBa", near.shape[1::-1], near.tobytes())
    box = (part[0] - left, part[1] - top, part[2] - left, part[3] - top)
    return np.array(whole.resize(size, Image.Resampling.BICUBIC, box=box))


def _runs(strip: Rgbx) -> Iterator[tuple[int, int]]:
    """Columns that hold ink, in whole tiles: place and width. Tiles of one colour come apart from others: they are
    laid on fast, and kept as a single pixel.
    """
    whole = strip.view(np.uint32)[..., 0]
    edges = [*range(0, whole.shape[1], TILE_PX), whole.shape[1]]
    tiles = [(left, whole[:, left:right]) for left, right in itertools.pairwise(edges)]
    for said, run in itertools.groupby(tiles, key=lambda one: _one_colour(one[1])):
        places = list(run)
        if said != 0:
            yield places[0][0], places[-1][0] + places[-1][1].shape[1] - places[0][0]


def _one_colour(tile: npt.NDArray[np.uint32]) -> int | None:
    """The pixel that all are; 0: empty."""
    first = tile[0, 0]
    return int(first) if bool((tile == first).all()) else None


# --- art ----------------------------------------------------------------------------------------------------------


def _opened(art: bytes) -> Image.Image:
    """An uploaded picture as RGBA. Raises BadInput."""
    if vector.is_vector(art):
        return vector.picture(art)
    head = header.read(art, ART_LIMITS)
    try:
        image = Image.open(io.BytesIO(art), formats=(head.format,))
        image.load()
    except PICTURE_ERRORS as exc:
        raise BadInput(f"art: {exc}", code="unsupported") from exc
    return image.convert("RGBA")


@functools.lru_cache(maxsize=1)  # up to 64 MB
def _premultiplied(art: bytes) -> Rgbx:
    """As stretching needs it."""
    return np.array(_opened(art).convert("RGBa"))


def forget(excess: int) -> None:
    """Hold no decoded art and no fonts: both are needed only for patches that are not held."""
    del excess
    _premultiplied.cache_clear()
    _font.cache_clear()


@functools.lru_cache(maxsize=8)
def art_size(art: bytes) -> tuple[int, int]:
    """(width, height) px of a logo or frame. Raises BadInput when it cannot be used."""
    return _opened(art).size
