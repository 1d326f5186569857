"""SVG logos as pixels. An SVG is a program somebody else wrote: what could read files or run for ever is refused."""

from __future__ import annotations

import io
import re
from typing import Final

import resvg_py
from PIL import Image

from backend.errors import BadInput

MOST_BYTES: Final = 1_000_000
LONG_EDGE: Final = 1600
_ROOT: Final = re.compile(r"<svg\b[^>]*>", re.DOTALL)
_BOX: Final = re.compile(r"""viewBox\s*=\s*["']\s*[-+.\d e]+[\s,]+[-+.\de]+[\s,]+([.\de+]+)[\s,]+([.\de+]+)\s*["']""")
_SIDES: Final = tuple(re.compile(rf"""\b{side}\s*=\s*["']\s*([.\d]+)""") for side in ("width", "height"))
_HREF: Final = re.compile(r"""href\s*=\s*["']\s*(?!#|data:image/(?:png|jpeg|webp))""", re.IGNORECASE)
_REFUSED: Final = {
    "<!": re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE),
    "<filter>": re.compile(r"<(?:\w+:)?filter\b", re.IGNORECASE),
    "a reference to something outside": _HREF,
}


def is_vector(art: bytes) -> bool:
    """Whether the first bytes look like an SVG."""
    return b"<svg" in art[:4096] and art.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def picture(art: bytes) -> Image.Image:
    """The logo as RGBA, its longer side `LONG_EDGE`. Raises BadInput saying what to do about it."""
    if len(art) > MOST_BYTES:
        raise BadInput(f"svg: {len(art)} bytes, at most {MOST_BYTES}; save it as PNG instead", code="unsupported")
    try:
        text = re.sub(r"<!--.*?-->", "", art.decode("utf-8-sig"), flags=re.DOTALL)
    except UnicodeDecodeError as exc:
        raise BadInput("svg: must be UTF-8; save it again, or as PNG", code="unsupported") from exc
    for what, pattern in _REFUSED.items():
        if pattern.search(text):
            raise BadInput(f"svg: {what} is not taken; save it as PNG instead", code="unsupported")
    width, height = _size(text)
    if not 1 / 50 <= width / height <= 50:
        raise BadInput(f"svg: {width:g} x {height:g} is too long and thin", code="unsupported")
    try:
        made = resvg_py.svg_to_bytes(
            svg_string=text, skip_system_fonts=True, width=max(1, round(LONG_EDGE * min(1.0, width / height)))
        )
    except ValueError as exc:
        raise BadInput(f"svg: {exc}", code="unsupported") from exc
    return Image.open(io.BytesIO(made), formats=("png",)).convert("RGBA")


def _size(text: str) -> tuple[float, float]:
    root = _ROOT.search(text)
    if root is None:
        raise BadInput("svg: it has no <svg> element", code="not_a_picture")
    box = _BOX.search(root[0])
    sides = box.groups() if box else tuple(found[1] if (found := side.search(root[0])) else "" for side in _SIDES)
    try:
        width, height = (float(side) for side in sides)
    except ValueError:
        width = height = 0.0
    if not (0 < width < 1e6 and 0 < height < 1e6):
        raise BadInput("svg: it needs a viewBox, or a width and a height", code="unsupported")
    return width, height
