"""Two compositions, upright and lying: a dark field with the title, and the codes on white.

Everything that is missing (time, place, logo, the mini-program code) gives its room to what is there.
"""

from __future__ import annotations

from typing import Final

from web import drawing_words as say
from web.drawing_fonts import SANS, SERIF, face
from web.drawing_parts import BOLD, Content, Frame, Type, codes, codes_height, soft, sponsor, stacked, strong
from web.drawing_pdf import Art
from web.drawing_shapes import INK, SOFT, WHITE, Block, Shape, Window, Words, iris
from web.drawing_text import Box, fit
from web.drawing_words import printable

POSTER: Final = Type(organization=14.5, meta=17, label=18, fine=11, how=15.5)
CARD: Final = Type(organization=20, meta=24, label=26, fine=17, how=21)
SMALL_CARD: Final = Type(organization=26, meta=29, label=30, fine=23, how=25)
TITLE_BOLD: Final = 0.014
LAP: Final = 30.0  # the codes' cards stand this far in the field


def upright(content: Content, width: float, height: float, type_: Type, bleed: float = 0) -> Art:
    """Title above, codes below: posters, A6 cards."""
    margin = width * 0.078
    inside = width - 2 * margin
    high = codes_height(content, inside, type_)
    foot = height - high + LAP - _foot_height(content, type_)
    field = Block(-bleed, -bleed, width + 2 * bleed, foot + bleed, content.palette.field)
    lens = iris(width * 0.90, height * 0.115, width * 0.56, content.palette)
    head = Frame(margin, margin, inside, foot - LAP - margin - type_.meta * 1.1)
    rest = Frame(margin, foot - LAP + high, inside, height - foot + LAP - high)
    shapes = [
        field,
        Window(field.x, field.y, field.width, field.height, lens),
        *_badge(content, head, type_),
        *_head(content, head, type_, inside - type_.fine * 9),
        *codes(content, Frame(margin, foot - LAP, inside), type_),
        *_foot(content, rest, type_),
    ]
    return Art(width, height, tuple(shapes), bleed)


def lying(content: Content, width: float, height: float, type_: Type, bleed: float = 0) -> Art:
    """Title on the left, codes on the right: table cards."""
    margin, edge = height * 0.075, width * 0.405
    field = Block(-bleed, -bleed, edge + bleed, height + 2 * bleed, content.palette.field)
    lens = iris(edge * 0.86, height * 0.13, edge * 0.78, content.palette)
    head = Frame(margin, margin, edge - 1.8 * margin, height - 2 * margin)
    right = Frame(edge + margin * 0.8, 0, width - edge - 1.7 * margin, height)
    thanks = height * 0.155 if content.logo else 0.0
    headline = type_.label * 1.4 + type_.fine * 2.9
    top = (height - headline - codes_height(content, right.width, type_) - thanks * 1.15) / 2
    below = top + headline + codes_height(content, right.width, type_)
    baseline = top + type_.label * 1.2
    shapes = [
        field,
        Window(field.x, field.y, field.width, field.height, lens),
        *_head(content, head, type_, head.width),
        *strong(say.HEADLINE.said(content.language), right.middle, baseline, type_.label * 1.4, right.width),
        *soft(say.HEADLINE.also(content.language), right.middle, baseline + type_.fine * 1.6, type_.fine, right.width),
        *codes(content, Frame(right.x, top + headline, right.width), type_),
        *sponsor(content, Frame(right.x, below + thanks * 0.15, right.width, thanks), type_, centred=True),
    ]
    return Art(width, height, tuple(shapes), bleed)


def _head(content: Content, frame: Frame, type_: Type, name_width: float) -> list[Shape]:
    """Organization at the top; title, time and place at the foot of the frame."""
    size = type_.organization
    name = fit(printable(content.organization), face(SANS), Box(name_width, size * 2.4, 2, size, size * 0.6))
    shapes = stacked(name, frame.x, frame.y, WHITE)
    top, foot = frame.y + max(name.height, size) + size * 1.2, frame.foot
    for text in (content.place, content.when):
        box = Box(frame.width, type_.meta * 2.6, 3, type_.meta, type_.meta * 0.62)
        said = fit(printable(text), face(SANS), box)
        if said.lines:
            shapes += stacked(said, frame.x, foot - said.height, content.palette.on_field)
            foot -= said.height + type_.meta * 0.5
    return shapes + _title(content, Frame(frame.x, top, frame.width, foot - top), type_)


def _title(content: Content, frame: Frame, type_: Type) -> list[Shape]:
    """At the foot of the frame, over a short stroke of colour."""
    stroke = Block(frame.x, frame.foot - type_.meta * 0.6 - 4, type_.meta * 2.9, 4, content.palette.accent)
    foot = stroke.y - type_.meta * 0.95
    box = Box(frame.width, foot - frame.y, 10, frame.width * 0.168, type_.meta * 0.62, 1.2)
    title = fit(printable(content.title), face(SERIF), box, weight=TITLE_BOLD)
    return [*stacked(title, frame.x, foot - title.height, WHITE, name=SERIF, weight=TITLE_BOLD), stroke]


def _badge(content: Content, frame: Frame, type_: Type) -> list[Shape]:
    """Says that these are live photos."""
    word, size = say.LIVE.said(content.language), type_.fine * 1.05
    width, high = face(SANS).width(word) * size + size * 2.7, size * 2.1
    x, y = frame.right - width, frame.y + type_.organization / 2 - high / 2
    pill = Block(x, y, width, high, content.palette.field, high / 2, content.palette.tint(0.35))
    dot = Block(
        x + size * 0.85, y + high / 2 - size * 0.27, size * 0.54, size * 0.54, content.palette.accent, size * 0.27
    )
    return [pill, dot, Words(word, x + size * 1.75, y + high / 2 + size * 0.36, size, WHITE, weight=0.01)]


def _foot_height(content: Content, type_: Type) -> float:
    """One line in each language, or two of each beside a logo, and air."""
    return type_.how * 3.0 + type_.fine * 4.2 if content.logo is None else type_.how * 2.4 + type_.fine * 5.8


def _foot(content: Content, frame: Frame, type_: Type) -> list[Shape]:
    """How to use it; with a sponsor, on the left of the logo."""
    how, middle = (say.HOW_ONE if content.mini is None else say.HOW_TWO), frame.y + frame.height / 2
    said, also = how.said(content.language), how.also(content.language)
    if content.logo is None:
        first = strong(said, frame.middle, middle - type_.fine * 0.2, type_.how, frame.width)
        return [*first, *soft(also, frame.middle, middle + type_.fine * 1.7, type_.fine, frame.width)]
    left = frame.width * 0.6
    words = fit(said, face(SANS), Box(left, type_.how * 2.6, 2, type_.how, type_.how * 0.6, 1.35), weight=BOLD)
    small = fit(also, face(SANS), Box(left, type_.fine * 2.6, 2, type_.fine, type_.fine * 0.7))
    y = middle - (words.height + type_.fine * 0.8 + small.height) / 2
    logo = Frame(
        frame.x + left + frame.width * 0.05, frame.y + type_.fine, frame.width * 0.35, frame.height - type_.fine * 2
    )
    return [
        *stacked(words, frame.x, y, INK, weight=BOLD),
        *stacked(small, frame.x, y + words.height + type_.fine * 0.8, SOFT),
        *sponsor(content, logo, type_),
    ]
