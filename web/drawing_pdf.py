"""Shapes to PDF, and PDF to pixels: one drawing, so that the printed poster and its picture are the same.

ReportLab keeps fonts in one table per process and PDFium serves one thread, so drawing is done one at a time.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pypdfium2
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from web.drawing_fonts import face, small_font
from web.drawing_shapes import QUIET_MODULES, Block, Code, Colour, Outline, Picture, Shape, Window, Words

POINTS_PER_INCH: Final = 72
FILL_AND_STROKE: Final = 2  # how PDF thickens a text
MARK: Final[Colour] = (0.0, 0.0, 0.0)
_TURN: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Art:
    """Shapes in their own coordinates; `bleed` is how far beyond the edges the colour goes."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    bleed: float = 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the art's top left corner goes on a page, points from the page's top left, and how much it is enlarged."""

    x: float
    y: float
    scale: float


@dataclass(frozen=True, slots=True)
class Page:
    """`marks`: thin lines to cut along, x1 y1 x2 y2."""

    width: float
    height: float
    places: tuple[Place, ...]
    marks: tuple[tuple[float, float, float, float], ...] = ()


def pdf(art: Art, pages: Iterable[Page], *, title: str, author: str) -> bytes:
    """The art is in the file once, however often it is placed. Same input, same bytes."""
    out = io.BytesIO()
    with _TURN, _fonts(art.shapes):
        canvas = Canvas(out, invariant=1, pageCompression=1)
        canvas.setTitle(title)
        canvas.setAuthor(author)
        canvas.setCreator("Kuaimen")
        canvas.beginForm("art", -art.bleed, -art.bleed, art.width + art.bleed, art.height + art.bleed)
        for shape in art.shapes:
            _draw(canvas, shape, art.height)
        canvas.endForm()
        for page in pages:
            _page(canvas, page, art.height)
        canvas.save()
    return out.getvalue()


def png(document: bytes, width_px: int, dpi: float) -> bytes:
    """The first page as a PNG of this width."""
    with _TURN:
        opened = pypdfium2.PdfDocument(document)
        try:
            page = opened[0]
            image = page.render(scale=width_px / page.get_width()).to_pil()
        finally:
            opened.close()
    out = io.BytesIO()
    image.convert("RGB").save(out, "PNG", dpi=(dpi, dpi), compress_level=6)
    return out.getvalue()


@contextmanager
def _fonts(shapes: Iterable[Shape]) -> Iterator[None]:
    """Fonts with just the glyphs of these shapes, known to ReportLab meanwhile."""
    needed: dict[str, set[str]] = {}
    for shape in shapes:
        if isinstance(shape, Words):
            needed.setdefault(shape.face, set()).update(shape.text)
    for name, characters in needed.items():
        _forget(name)
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(small_font(face(name), characters))))
    try:
        yield
    finally:
        for name in needed:
            _forget(name)


def _forget(name: str) -> None:
    """ReportLab has no way to unregister; without it the table grows with every print and keeps the oldest glyphs."""
    pdfmetrics._fonts.pop(name, None)  # noqa: SLF001 see above
    pdfmetrics._dynFaceNames.pop(name.encode(), None)  # noqa: SLF001 see above


def _page(canvas: Any, page: Page, art_height: float) -> None:  # noqa: ANN401 ReportLab has no types
    canvas.setPageSize((page.width, page.height))
    for place in page.places:
        canvas.saveState()
        canvas.translate(place.x, page.height - place.y - art_height * place.scale)
        canvas.scale(place.scale, place.scale)
        canvas.doForm("art")
        canvas.restoreState()
    canvas.setStrokeColorRGB(*MARK)
    canvas.setLineWidth(0.25)
    for x1, y1, x2, y2 in page.marks:
        canvas.line(x1, page.height - y1, x2, page.height - y2)
    canvas.showPage()


def _draw(canvas: Any, shape: Shape, height: float) -> None:  # noqa: ANN401 ReportLab has no types
    """One shape, turned from «y down» to PDF's «y up»."""
    match shape:
        case Words():
            _words(canvas, shape, height - shape.y)
        case Block():
            _block(canvas, shape, height)
        case Outline():
            _outline(canvas, shape, height)
        case Picture():
            box = (shape.x, height - shape.y - shape.height, shape.width, shape.height)
            canvas.drawImage(ImageReader(shape.image), *box)
        case Code():
            _code(canvas, shape, height)
        case Window():
            _window(canvas, shape, height)


def _words(canvas: Any, words: Words, y: float) -> None:  # noqa: ANN401 ReportLab has no types
    width = face(words.face).width(words.text) * words.size
    x = words.x - {"left": 0.0, "centre": width / 2, "right": width}[words.align]
    text = canvas.beginText(x, y)
    text.setFont(words.face, words.size)
    text.setFillColorRGB(*words.ink)
    if words.weight:
        text.setTextRenderMode(FILL_AND_STROKE)
        canvas.setStrokeColorRGB(*words.ink)
        canvas.setLineWidth(words.weight * words.size)
        canvas.setLineJoin(1)
    text.textOut(words.text)
    text.setTextRenderMode(0)
    canvas.drawText(text)


def _block(canvas: Any, block: Block, height: float) -> None:  # noqa: ANN401 ReportLab has no types
    canvas.setFillColorRGB(*block.ink)
    if block.edge is not None:
        canvas.setStrokeColorRGB(*block.edge)
        canvas.setLineWidth(0.75)
    y, stroke = height - block.y - block.height, int(block.edge is not None)
    if block.radius:
        canvas.roundRect(block.x, y, block.width, block.height, block.radius, stroke=stroke, fill=1)
    else:
        canvas.rect(block.x, y, block.width, block.height, stroke=stroke, fill=1)


def _outline(canvas: Any, outline: Outline, height: float) -> None:  # noqa: ANN401 ReportLab has no types
    canvas.setFillColorRGB(*outline.ink)
    path = canvas.beginPath()
    first, *rest = outline.points
    path.moveTo(first[0], height - first[1])
    for x, y in rest:
        path.lineTo(x, height - y)
    path.close()
    canvas.drawPath(path, stroke=0, fill=1)


def _code(canvas: Any, code: Code, height: float) -> None:  # noqa: ANN401 ReportLab has no types
    """One path of one rectangle per run: no hairlines between modules."""
    module = code.side / (len(code.matrix) + 2 * QUIET_MODULES)
    canvas.setFillColorRGB(0, 0, 0)
    path = canvas.beginPath()
    for row, modules in enumerate(code.matrix):
        y = height - code.y - (row + 1 + QUIET_MODULES) * module
        for start, end in _runs(modules):
            path.rect(code.x + (start + QUIET_MODULES) * module, y, (end - start) * module, module)
    canvas.drawPath(path, stroke=0, fill=1)


def _runs(modules: tuple[bool, ...]) -> Iterator[tuple[int, int]]:
    start = 0
    for n, dark in enumerate((*modules, False)):
        if not dark:
            if n > start:
                yield start, n
            start = n + 1


def _window(canvas: Any, window: Window, height: float) -> None:  # noqa: ANN401 ReportLab has no types
    canvas.saveState()
    path = canvas.beginPath()
    path.rect(window.x, height - window.y - window.height, window.width, window.height)
    canvas.clipPath(path, stroke=0, fill=0)
    for outline in window.shapes:
        _outline(canvas, outline, height)
    canvas.restoreState()
