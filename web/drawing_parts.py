"""The parts both compositions are made of: the codes on their cards, lines of words, the sponsor's logo."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from web import drawing_words as say
from web.drawing_fonts import SANS, face
from web.drawing_logo import Logo
from web.drawing_shapes import (
    HOUSE,
    INK,
    LINE,
    SOFT,
    WECHAT_GREEN,
    WHITE,
    Block,
    Code,
    Colour,
    Palette,
    Picture,
    Shape,
    Words,
    matrix,
)
from web.drawing_text import Box, Fitted, fit
from web.drawing_words import Language, Phrase

BOLD: Final = 0.028  # em added to the strokes of the one weight the fonts have
RADIUS: Final = 10.0
SINGLE: Final = 1.2  # a code that stands alone, by one of two
GAP: Final = 0.04  # between two cards, of their common width
INSET: Final = 0.055  # of the mini-program code in its card


@dataclass(frozen=True, slots=True)
class Content:
    """What a print says. Texts as people wrote them; `mini` and `logo` are None when there is none."""

    title: str
    when: str
    place: str
    organization: str
    h5: str
    language: Language
    mini: bytes | None = field(default=None, repr=False)  # PNG
    logo: Logo | None = None

    @property
    def palette(self) -> Palette:
        return self.logo.palette if self.logo else HOUSE


@dataclass(frozen=True, slots=True)
class Type:
    """Sizes in the art's points. A card is printed at a third of its size, so its finest words are larger."""

    organization: float
    meta: float
    label: float
    fine: float
    how: float


@dataclass(frozen=True, slots=True)
class Frame:
    """A part of the art, points."""

    x: float
    y: float
    width: float
    height: float = 0.0

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def foot(self) -> float:
        return self.y + self.height


def stacked(fitted: Fitted, x: float, y: float, ink: Colour, *, name: str = SANS, weight: float = 0.0) -> list[Shape]:
    """Lines from the left; `y` is the top of the first."""
    first, step = y + fitted.size * 0.88, fitted.size * fitted.leading
    return [Words(text, x, first + n * step, fitted.size, ink, name, weight) for n, text in enumerate(fitted.lines)]


def strong(text: str, x: float, y: float, size: float, width: float) -> list[Shape]:
    """One bold centred line, smaller when it is too wide; `y` is its baseline."""
    fitted = fit(text, face(SANS), Box(width, size * 1.1, 1, size, size * 0.4), weight=BOLD)
    return [Words(one, x, y, fitted.size, INK, weight=BOLD, align="centre") for one in fitted.lines]


def soft(text: str, x: float, y: float, size: float, width: float) -> list[Shape]:
    """One quiet centred line."""
    fitted = fit(text, face(SANS), Box(width, size * 1.1, 1, size, size * 0.4))
    return [Words(one, x, y, fitted.size, SOFT, align="centre") for one in fitted.lines]


def codes(content: Content, frame: Frame, type_: Type) -> list[Shape]:
    """White cards side by side from the frame's top, or one in the middle when there is no mini-program code."""
    side = frame.width * (1 - GAP) / 2
    plain, dark = matrix(content.h5), content.palette.field
    if content.mini is None:
        only = Frame(frame.middle - side * SINGLE / 2, frame.y, side * SINGLE)
        return [
            *_card(only, type_),
            Code(only.x, only.y, only.width, plain),
            *_label(say.EITHER, only, content, type_, dark),
        ]
    left, right = Frame(frame.x, frame.y, side), Frame(frame.right - side, frame.y, side)
    inset, mini = side * INSET, side * (1 - 2 * INSET)
    return [
        *_card(left, type_),
        Picture(left.x + inset, left.y + inset, mini, mini, Image.open(io.BytesIO(content.mini))),
        *_label(say.WECHAT, left, content, type_, WECHAT_GREEN),
        *_card(right, type_),
        Code(right.x, right.y, side, plain),
        *_label(say.CAMERA, right, content, type_, dark),
    ]


def codes_height(content: Content, width: float, type_: Type) -> float:
    """How high `codes` will be in a frame of this width."""
    return width * (1 - GAP) / 2 * (SINGLE if content.mini is None else 1.0) + _label_height(type_)


def _label_height(type_: Type) -> float:
    return type_.label * 2.0 + type_.fine * 2.5


def _card(frame: Frame, type_: Type) -> list[Shape]:
    return [Block(frame.x, frame.y, frame.width, frame.width + _label_height(type_), WHITE, RADIUS, LINE)]


def _label(phrase: Phrase, frame: Frame, content: Content, type_: Type, ink: Colour) -> list[Shape]:
    """What to scan it with: a pill in one language, a line below in the other."""
    words, high, top = phrase.said(content.language), type_.label * 2.0, frame.y + frame.width
    em = face(SANS).width(words)
    size = min(type_.label, frame.width * 0.78 / em)
    wide = min(em * size + high * 1.1, frame.width * 0.92)
    pill = Block(frame.middle - wide / 2, top, wide, high, ink, high / 2)
    text = Words(words, frame.middle, top + high / 2 + size * 0.36, size, WHITE, weight=BOLD * 0.8, align="centre")
    also = soft(
        phrase.also(content.language), frame.middle, top + high + type_.fine * 1.5, type_.fine, frame.width * 0.9
    )
    return [pill, text, *also]


def sponsor(content: Content, frame: Frame, type_: Type, *, centred: bool = False) -> list[Shape]:
    """The sponsor's logo under a small caption, at the right of the frame or in its middle."""
    if content.logo is None:
        return []
    pad = frame.height * 0.1 if content.logo.for_dark else 0.0
    caption = type_.fine * 1.8
    wide, high = _within(content.logo.ratio, frame.width - 2 * pad, frame.height - caption - 2 * pad)
    x = frame.middle - wide / 2 if centred else frame.right - wide - pad
    top = frame.y + (frame.height - caption - high - 2 * pad) / 2
    words = f"{say.SPONSOR.said(content.language)}  {say.SPONSOR.also(content.language)}"
    size, y = type_.fine * 0.9, top + caption + pad
    middle = x + wide / 2
    captioned = Words(words, middle, top + size, size, SOFT, align="centre")
    if not centred and middle + face(SANS).width(words) * size / 2 > frame.right:
        captioned = Words(words, frame.right, top + size, size, SOFT, align="right")
    plate = [Block(x - pad, y - pad, wide + 2 * pad, high + 2 * pad, content.logo.paper, pad)] if pad else []
    return [captioned, *plate, Picture(x, y, wide, high, content.logo.on(content.logo.paper))]


def _within(ratio: float, width: float, height: float) -> tuple[float, float]:
    """The largest width and height of this ratio; a square logo is not drawn as large as a long one."""
    height = min(height, (width * width * 0.16 / ratio) ** 0.5)
    wide = min(width, height * ratio)
    return wide, wide / ratio
