"""The guest's mark: who looked stands all over a private picture, so that a screenshot that travels can be asked where
it came from. Drawn when the picture is asked for; about 40 ms of CPU for a view, beside the event loop.
"""

from __future__ import annotations

import io
from typing import Final

import gevent
import pylopdf_fonts_zh_cn as fonts
from gevent import monkey
from PIL import Image, ImageDraw, ImageFont

from backend.recipe import PHONE_BYTES

OPACITY: Final = 46  # of 255: readable when looked for, no wall between the eye and the photo
TURN: Final = 24  # degrees
QUALITY: Final = 86
LESS: Final = (76, 66, 58, 50, 40, 30)  # where the mark makes a small file too large


def marked(data: bytes, name: str) -> bytes:
    """`data` is a JPEG of ours; so is the answer, of the same size in pixels. What suits a bad network still does."""
    if monkey.is_module_patched("socket"):
        found: bytes = gevent.get_hub().threadpool.apply(draw, (data, name))
        return found
    return draw(data, name)


def draw(data: bytes, name: str) -> bytes:
    with Image.open(io.BytesIO(data)) as opened:
        picture = opened.convert("RGB")
        profile = opened.info.get("icc_profile")
    picture.paste((255, 255, 255), mask=_pattern(picture.size, name))
    made = _saved(picture, QUALITY, profile)
    for quality in LESS:
        if len(made) <= PHONE_BYTES or len(data) > PHONE_BYTES:
            break
        made = _saved(picture, quality, profile)
    return made


def _saved(picture: Image.Image, quality: int, profile: bytes | None) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, icc_profile=profile)
    return out.getvalue()


def _pattern(size: tuple[int, int], name: str) -> Image.Image:
    """L, `size`: the name again and again, turned."""
    pixels = max(10, max(size) // 42)
    font = ImageFont.truetype(fonts.sans_path(), pixels)
    wide = round(font.getlength(name)) + 3 * pixels
    tall = 5 * pixels
    tile = Image.new("L", (wide, 2 * tall))
    pen = ImageDraw.Draw(tile)
    pen.text((0, pixels), name, OPACITY, font)
    pen.text((wide // 2, pixels + tall), name, OPACITY, font)
    pen.text((wide // 2 - wide, pixels + tall), name, OPACITY, font)
    edge = int(1.5 * max(size))
    sheet = Image.new("L", (edge, edge))
    for left in range(0, edge, wide):
        for top in range(0, edge, 2 * tall):
            sheet.paste(tile, (left, top))
    turned = sheet.rotate(TURN, Image.Resampling.BILINEAR)
    left, top = (edge - size[0]) // 2, (edge - size[1]) // 2
    return turned.crop((left, top, left + size[0], top + size[1]))
