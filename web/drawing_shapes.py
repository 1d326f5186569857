"""What a print is made of: a flat list of shapes in points, x to the right, y down from the top.

Colours are solid, without transparency: every printer and every PDF reader shows the same.
"""

from __future__ import annotations

import colorsys
import math
from dataclasses import dataclass, field
from typing import Final, Literal

import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M

from web.drawing_fonts import SANS

Colour = tuple[float, float, float]  # red, green, blue, 0–1
Align = Literal["left", "centre", "right"]

WHITE: Final[Colour] = (1.0, 1.0, 1.0)
INK: Final[Colour] = (0.09, 0.08, 0.07)
SOFT: Final[Colour] = (0.40, 0.38, 0.35)
LINE: Final[Colour] = (0.88, 0.87, 0.84)
WECHAT_GREEN: Final[Colour] = (0.027, 0.647, 0.322)  # WeChat's, darker: white words on it can be read
QUIET_MODULES: Final = 4  # a decoder needs this much white around a QR


@dataclass(frozen=True, slots=True)
class Words:
    """One line. `y` is the baseline; `weight` thickens the strokes, in em."""

    text: str
    x: float
    y: float
    size: float
    ink: Colour = INK
    face: str = SANS
    weight: float = 0.0
    align: Align = "left"


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle, with round corners and an edge if wanted."""

    x: float
    y: float
    width: float
    height: float
    ink: Colour
    radius: float = 0.0
    edge: Colour | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """A closed polygon."""

    points: tuple[tuple[float, float], ...]
    ink: Colour


@dataclass(frozen=True, slots=True)
class Picture:
    """An RGB image, stretched over the box."""

    x: float
    y: float
    width: float
    height: float
    image: Image.Image = field(repr=False)


@dataclass(frozen=True, slots=True)
class Code:
    """A QR as vectors, `side` points wide with its quiet zone, which must be white already."""

    x: float
    y: float
    side: float
    matrix: tuple[tuple[bool, ...], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Window:
    """Shapes of which only what lies inside the rectangle is seen."""

    x: float
    y: float
    width: float
    height: float
    shapes: tuple[Outline, ...]


Shape = Words | Block | Outline | Picture | Code | Window


@dataclass(frozen=True, slots=True)
class Palette:
    """`field` is dark: white words on it have a contrast of at least 9. `accent` shows on it with at least 3.5."""

    field: Colour
    accent: Colour
    on_field: Colour = (0.80, 0.78, 0.75)

    def tint(self, share: float) -> Colour:
        """The field with this share of white."""
        red, green, blue = (c + (1 - c) * share for c in self.field)
        return red, green, blue


YELLOWS: Final = (0.08, 0.2)  # hues whose dark is mud: they keep the house's field
HOUSE: Final = Palette(field=(0.082, 0.071, 0.063), accent=(1.0, 0.478, 0.333))


def palette(hue: float) -> Palette:
    """A dark field and a clear accent of this hue (0–1)."""
    accent = _accent(hue)
    if YELLOWS[0] < hue < YELLOWS[1]:
        return Palette(HOUSE.field, accent)
    light = 0.17
    while contrast(WHITE, found := colorsys.hls_to_rgb(hue, light, 0.62)) < 11:
        light -= 0.01
    red, green, blue = (0.74 + 0.26 * (0.45 * c + 0.3) for c in colorsys.hls_to_rgb(hue, 0.6, 0.5))
    return Palette(found, accent, (red, green, blue))


def _accent(hue: float) -> Colour:
    light = 0.55
    while contrast(found := colorsys.hls_to_rgb(hue, light, 0.85), HOUSE.field) < 6:
        light += 0.02
    return found


def contrast(one: Colour, other: Colour) -> float:
    """By WCAG: 1 (none) to 21 (black on white)."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def matrix(text: str) -> tuple[tuple[bool, ...], ...]:
    """The modules of a QR for `text`, without quiet zone; True is dark."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(text)
    code.make(fit=True)
    return tuple(tuple(bool(dark) for dark in row) for row in code.get_matrix())


def iris(x: float, y: float, radius: float, colours: Palette, blades: int = 9) -> tuple[Outline, ...]:
    """The blades of a lens, half closed: the shutter this product is named after."""
    hole, turn = radius * 0.30, 2 * math.pi / blades
    corners = [(hole * math.cos(turn * n), hole * math.sin(turn * n)) for n in range(blades)]
    found = []
    for n in range(blades):
        before, here, after = corners[n - 1], corners[n], corners[(n + 1) % blades]
        start, end = _reach(before, here, radius), _reach(here, after, radius)
        rim = [(radius * math.cos(a), radius * math.sin(a)) for a in _arc(start, end)]
        points = tuple((x + px, y + py) for px, py in (here, *rim, after))
        light = 0.5 + 0.5 * math.cos(turn * n - 2.2)
        found.append(Outline(points, colours.tint(0.035 + 0.10 * light)))
    return tuple(found)


def _reach(from_: tuple[float, float], through: tuple[float, float], radius: float) -> float:
    """The angle at which the ray meets the rim."""
    dx, dy = through[0] - from_[0], through[1] - from_[1]
    length = math.hypot(dx, dy)
    dx, dy = dx / length, dy / length
    along = through[0] * dx + through[1] * dy
    far = -along + math.sqrt(along**2 - (through[0] ** 2 + through[1] ** 2) + radius**2)
    return math.atan2(through[1] + far * dy, through[0] + far * dx)


def _arc(start: float, end: float) -> list[float]:
    span = (end - start) % (2 * math.pi)
    return [start + span * n / 12 for n in range(13)]
