"""A stand-in for the mini-program code: a QR any phone can scan, in the round dress of the real thing.

It says in words that it comes from the sandbox, so that nobody prints a thousand of them.
"""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Final
from urllib.parse import quote

import qrcode
from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

INK: Final = (0, 0, 0, 255)
GREEN: Final = (7, 193, 96, 255)
WORDS: Final = "小程序码(沙箱)"
WORDS_WITHOUT_FONT: Final = "sandbox code"
FONTS: Final = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
)
DRAWN_PX: Final = 1720  # small codes are drawn larger and reduced: smooth edges


def draw(h5: str, scene: str, width: int, *, hyaline: bool) -> bytes:
    """JPEG, or a transparent PNG when `hyaline`; `width` px wide, scannable."""
    paper = (255, 255, 255, 0 if hyaline else 255)
    scale = max(DRAWN_PX // width, 1)
    size = width * scale
    image = Image.new("RGBA", (size, size), paper)
    radius = size * 0.4
    _ring(ImageDraw.Draw(image), size, radius)
    _place_qr(image, f"{h5.rstrip('/')}/s?scene={quote(scene, safe='')}", radius, scale)
    small = image.resize((width, width), Image.Resampling.LANCZOS)
    _label(small, width)
    out = io.BytesIO()
    if hyaline:
        small.save(out, "PNG")
    else:
        small.convert("RGB").save(out, "JPEG", quality=92)
    return out.getvalue()


def _ring(pen: ImageDraw.ImageDraw, size: int, radius: float) -> None:
    """The rays around a mini-program code."""
    middle_x, middle_y = size / 2, size * 0.46
    for step in range(72):
        angle = math.radians(step * 5)
        inner, outer = radius * 1.02, radius * (1.05 + 0.03 * (step * 7 % 3))
        ends = [(middle_x + r * math.cos(angle), middle_y + r * math.sin(angle)) for r in (inner, outer)]
        pen.line(ends, fill=GREEN if step % 9 == 0 else INK, width=max(size // 110, 1))


def _place_qr(image: Image.Image, content: str, radius: float, scale: int) -> None:
    """The QR with its quiet zone, as the largest square inside the circle, in whole pixels per module."""
    code = qrcode.QRCode(border=3, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(content)
    code.make(fit=True)
    rows = code.get_matrix()
    module = int(radius * math.sqrt(2) / len(rows) / scale) * scale or scale
    side = module * len(rows)
    bits = Image.new("L", (len(rows), len(rows)), 255)
    bits.putdata([0 if dark else 255 for row in rows for dark in row])
    square = bits.resize((side, side), Image.Resampling.NEAREST)
    left, top = (image.width - side) // 2 // scale * scale, int(image.height * 0.46 - side / 2) // scale * scale
    image.paste(Image.new("RGBA", (side, side), INK), (left, top), Image.eval(square, lambda v: 255 - v))


def _label(image: Image.Image, width: int) -> None:
    font, words = _font(max(width // 18, 10))
    ImageDraw.Draw(image).text((width / 2, width * 0.965), words, fill=GREEN, font=font, anchor="mm")


def _font(px: int) -> tuple[FreeTypeFont | ImageFont.ImageFont, str]:
    found = next((path for path in FONTS if Path(path).exists()), None)
    if found:
        return ImageFont.truetype(found, px), WORDS
    return ImageFont.load_default(px), WORDS_WITHOUT_FONT
