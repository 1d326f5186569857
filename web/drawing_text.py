"""Fitting words into a box: break where a reader would, then choose the largest size that holds.

Lines are balanced, not filled: a title of two lines reads as two halves, never as one line and a leftover. Chinese
may break between any two characters, but not before 。 or after （, and rather at a space or a mark than inside a word.
"""

from __future__ import annotations

import functools
import itertools
import unicodedata
from dataclasses import dataclass
from typing import Final

from web.drawing_fonts import Face

CLINGS_LEFT: Final = frozenset("、。，．·・！？：；）】》〉」』”’…—–,.!?:;)]}%°~～")
CLINGS_RIGHT: Final = frozenset("（【《〈「『“‘([{$¥￥#№")
OPENS_A_PHRASE: Final = frozenset("暨及与和之")  # a good place to start a line
INSIDE_A_WORD: Final = 2.5  # em² of raggedness worth accepting to avoid a break between two plain Chinese characters
BEFORE_A_PHRASE: Final = 0.5
BETWEEN_WORDS: Final = 0.2  # a mark before the space makes it free
PATIENCE: Final = 0.72  # how much smaller a text may get to avoid such a break
STEP: Final = 0.95
ELLIPSIS: Final = "…"


@dataclass(frozen=True, slots=True)
class Piece:
    """What a line never breaks inside of. `broken`: a part of a word that was too long for its line."""

    text: str
    spaced: bool  # there was a space before it
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """What a text may take: points, and how many lines."""

    width: float
    height: float
    lines: int
    largest: float
    smallest: float
    leading: float = 1.24


@dataclass(frozen=True, slots=True)
class Fitted:
    size: float
    lines: tuple[str, ...]
    leading: float

    @property
    def height(self) -> float:
        """From the top of the first line's box to the foot of the last one's."""
        return self.size * (1 + self.leading * (len(self.lines) - 1)) if self.lines else 0.0


def fit(text: str, face: Face, box: Box, *, weight: float = 0.0) -> Fitted:
    """The text at the largest size that fits; cut with an ellipsis only when the smallest does not.

    `weight`: how much the stroke of a bold text adds to every line, in em.
    """
    whole = face.kept(text)
    size, good = box.largest, None
    while size > max(box.smallest, good.size * PATIENCE if good else 0):
        lines = _lines(whole, face, box, size, weight)
        if lines is not None and not any(p.broken for line in lines for p in line):
            good = good or _fitted(lines, size, box)
            if _unbroken(lines):
                return _fitted(lines, size, box)
        size *= STEP
    if good is not None:
        return good
    lines = _lines(whole, face, box, box.smallest, weight)
    while lines is None and whole:
        whole = whole[: -2 if whole.endswith(ELLIPSIS) else -1].rstrip() + ELLIPSIS
        lines = _lines(whole, face, box, box.smallest, weight)
    return _fitted(lines or [], box.smallest, box)


def _fitted(lines: list[list[Piece]], size: float, box: Box) -> Fitted:
    return Fitted(size, tuple(_said(line) for line in lines), box.leading)


def _lines(text: str, face: Face, box: Box, size: float, weight: float) -> list[list[Piece]] | None:
    """Balanced lines, or None when there are too many of them."""
    room = box.width / size - weight
    pieces = [part for piece in _pieces(text) for part in _cut(piece, face, room)]
    count = _greedy(pieces, face, room)
    if count > box.lines or Fitted(size, ("",) * count, box.leading).height > box.height:
        return None
    return _balanced(pieces, face, room, count)


def _pieces(text: str) -> list[Piece]:
    found: list[Piece] = []
    for word in text.split():
        spaced = True
        for character in word:
            before = found[-1].text if found and not spaced else ""
            if before and _together(before[-1], character):
                found[-1] = Piece(before + character, found[-1].spaced)
            else:
                found.append(Piece(character, spaced))
            spaced = False
    return found


def _together(before: str, after: str) -> bool:
    if after in CLINGS_LEFT or before in CLINGS_RIGHT:
        return True
    return not (_wide(before) or _wide(after)) and before not in "—–"


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _cut(piece: Piece, face: Face, room: float) -> list[Piece]:
    """The piece, in several when it alone is wider than a line."""
    if face.width(piece.text) <= room:
        return [piece]
    parts = [""]
    for character in piece.text:
        if parts[-1] and face.width(parts[-1] + character) > room:
            parts.append("")
        parts[-1] += character
    return [Piece(part, piece.spaced and n == 0, broken=True) for n, part in enumerate(parts)]


def _said(line: list[Piece]) -> str:
    return "".join((" " if p.spaced and n else "") + p.text for n, p in enumerate(line))


def _greedy(pieces: list[Piece], face: Face, room: float) -> int:
    count, line = 0, list[Piece]()
    for piece in pieces:
        if not line or face.width(_said([*line, piece])) > room:
            count, line = count + 1, []
        line.append(piece)
    return count


def _balanced(pieces: list[Piece], face: Face, room: float, count: int) -> list[list[Piece]]:
    """Exactly `count` lines, none wider than `room`, of the least raggedness plus the price of every break."""
    ideal = face.width(_said(pieces)) / max(count, 1)

    @functools.cache
    def best(start: int, left: int) -> tuple[float, tuple[int, ...]]:
        """Price and ends of `left` lines that hold everything from `start` on."""
        if left == 0:
            return (0.0, ()) if start == len(pieces) else (float("inf"), ())
        found: tuple[float, tuple[int, ...]] = (float("inf"), ())
        for end in range(start + 1, len(pieces) - left + 2):
            width = face.width(_said(pieces[start:end]))
            if width > room:
                break
            rest, ends = best(end, left - 1)
            price = (width - ideal) ** 2 + rest + _price(pieces, end)
            if price < found[0]:
                found = price, (end, *ends)
        return found

    ends = best(0, count)[1]
    return [pieces[start:end] for start, end in zip((0, *ends), ends, strict=False)]


def _unbroken(lines: list[list[Piece]]) -> bool:
    """No line starts inside a word."""
    flat = [piece for line in lines for piece in line]
    starts = itertools.accumulate(len(line) for line in lines[:-1])
    return all(_price(flat, at) < INSIDE_A_WORD for at in starts)


def _price(pieces: list[Piece], at: int) -> float:
    """What a break before piece `at` costs."""
    if at >= len(pieces) or pieces[at - 1].text[-1] in CLINGS_LEFT:
        return 0.0
    if pieces[at].spaced:
        return BETWEEN_WORDS
    return BEFORE_A_PHRASE if pieces[at].text[0] in OPENS_A_PHRASE else INSIDE_A_WORD
