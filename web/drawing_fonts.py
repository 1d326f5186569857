"""Noto Sans SC and Noto Serif SC, as a PDF wants them: how wide a text is, and a small font with just its glyphs.

The fonts come with CFF outlines, which ReportLab cannot embed. The glyphs a print needs (some dozens of 30,000) are
turned into quadratic curves, so that the PDF carries real, searchable text. Hangul, Thai, Arabic and emoji are not in
these fonts; such characters are left out.
"""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass
from typing import Any, Final

import pylopdf_fonts_zh_cn as fonts
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

SANS: Final = "KuaimenSans"
SERIF: Final = "KuaimenSerif"
UNIX_EPOCH: Final = 2_082_844_800  # s since 1904, as fonts count
CURVE_ERROR: Final = 0.5  # of 1,000 units per em: less than a printer's dot at poster sizes


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """What a layout needs of a font, in memory; `font` reads its file lazily and is not for two threads at once."""

    name: str
    glyph_names: dict[int, str]
    advances: dict[int, int]  # by character, in thousandths of an em
    font: Any  # fontTools is untyped here

    def has(self, character: str) -> bool:
        return ord(character) in self.glyph_names

    def kept(self, text: str) -> str:
        """`text` without the characters this font cannot draw."""
        return " ".join("".join(c for c in text if self.has(c)).split())

    def width(self, text: str) -> float:
        """In em: multiply by the size."""
        return sum(self.advances[ord(c)] for c in text) / 1000


@functools.cache
def face(name: str) -> Face:
    """0.2 s the first time."""
    path = fonts.serif_path() if name == SERIF else fonts.sans_path()
    font = TTFont(path, lazy=True)
    assert font["head"].unitsPerEm == 1000, path
    glyph_names, metrics = font.getBestCmap(), font["hmtx"].metrics
    return Face(name, glyph_names, {c: metrics[glyph][0] for c, glyph in glyph_names.items()}, font)


def small_font(face: Face, characters: set[str]) -> bytes:
    """A TrueType font with these characters (those the face has); ~1 ms per Chinese character."""
    wanted = {ord(c): face.glyph_names[ord(c)] for c in sorted(characters | {" "}) if face.has(c)}
    names = [".notdef", *dict.fromkeys(wanted.values())]
    glyph_set, metrics = face.font.getGlyphSet(), face.font["hmtx"].metrics
    drawn = {}
    for name in names:
        pen = TTGlyphPen(None)
        glyph_set[name].draw(Cu2QuPen(pen, CURVE_ERROR, reverse_direction=True))
        drawn[name] = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(wanted)
    builder.setupGlyf(drawn)
    builder.setupHorizontalMetrics({name: metrics[name] for name in names})
    head = face.font["hhea"]
    builder.setupHorizontalHeader(ascent=head.ascent, descent=head.descent)
    builder.setupNameTable({"familyName": face.name, "styleName": "Regular", "psName": face.name})
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120, sCapHeight=face.font["OS/2"].sCapHeight)
    builder.setupPost()
    builder.font.recalcTimestamp = False
    builder.font["head"].created = builder.font["head"].modified = UNIX_EPOCH  # same glyphs, same bytes
    out = io.BytesIO()
    builder.save(out)
    return out.getvalue()
