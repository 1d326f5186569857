"""Prints of an event: what hangs on the wall and stands on the tables. Values in, PNG or PDF out.

The face of `web.drawing_*`. No request, no database, no network: the same content gives the same bytes.
"""

from __future__ import annotations

import io
from typing import Final, Literal

from PIL import Image, ImageDraw

from backend.errors import BadInput
from web.drawing_layout import CARD, POSTER, SMALL_CARD, lying, upright
from web.drawing_logo import Logo
from web.drawing_logo import opened as logo
from web.drawing_parts import Content
from web.drawing_pdf import Art, Page, Place, pdf, png
from web.drawing_shapes import QUIET_MODULES, matrix
from web.drawing_words import printable, spoken_span

__all__ = [
    "Content",
    "Logo",
    "Paper",
    "branded",
    "cards_pdf",
    "logo",
    "mini_code",
    "poster_pdf",
    "poster_png",
    "qr_png",
]
__all__ += ["printable", "spoken_span"]

Paper = Literal["a4", "a3"]
LOGO_SHARE: Final = 0.42  # WeChat keeps about 0.45 of a code's width free in the middle
INSIDE: Final = 0.68  # of the disc: the square within the circle, and air
OVERSAMPLED: Final = 4
EDITION: Final = "1"  # raise it when prints shall look different: kept ones are made anew

MM: Final = 72 / 25.4
A4: Final = (210 * MM, 297 * MM)
WIDTHS: Final = {"a4": 210, "a3": 297}  # mm
PNG_PX: Final = 2480  # wide: 300 dpi on A4, 212 dpi on A3
QR_PX: Final = 1024
BLEED: Final = 3 * MM
EDGE: Final = 12 * MM  # from the sheet's edge to the first cut
GUTTER: Final = 2 * BLEED
GRIDS: Final = {2: (1, 2), 4: (2, 2), 8: (2, 4)}  # cards per sheet: columns, rows
SMALL: Final = 0.4  # art shrunk to less than this has larger words
MAX_CARDS: Final = 400
MAX_CODE_PIXELS: Final = 4_000_000


def qr_png(text: str) -> bytes:
    """A plain QR with its quiet zone, black on white, one bit deep; about 1,000 px wide."""
    rows = matrix(text)
    side = len(rows) + 2 * QUIET_MODULES
    bits = Image.new("1", (side, side), 1)
    for y, row in enumerate(rows, QUIET_MODULES):
        for x, dark in enumerate(row, QUIET_MODULES):
            bits.putpixel((x, y), 0 if dark else 1)
    return _png(bits.resize((QR_PX // side * side,) * 2, Image.Resampling.NEAREST))


def mini_code(picture: bytes) -> bytes:
    """What WeChat answered, as an opaque PNG. Raises BadInput `not_a_picture`."""
    try:
        with Image.open(io.BytesIO(picture), formats=("PNG", "JPEG")) as file:
            if file.width * file.height > MAX_CODE_PIXELS:
                raise BadInput(f"code of {file.width}×{file.height} px", code="not_a_picture")
            seen = file.convert("RGBA")
    except (OSError, SyntaxError, ValueError):
        raise BadInput("the code is no picture", code="not_a_picture") from None
    white = Image.new("RGBA", seen.size, "white")
    return _png(Image.alpha_composite(white, seen).convert("RGB"))


def branded(code: bytes, brand: Logo, share: float = LOGO_SHARE, middle: float = 0.5) -> bytes:
    """A mini-program code (PNG of `mini_code`) with a logo in its middle instead of the mini-program's face.

    The logo stays within the disc that WeChat keeps free of dots. `share`: the disc's part of the code's width;
    `middle`: where it is on the code's height.
    """
    with Image.open(io.BytesIO(code)) as file:
        picture = file.convert("RGB")
    side = round(min(picture.size) * share)
    disc = Image.new("L", (side * OVERSAMPLED,) * 2, 0)
    ImageDraw.Draw(disc).ellipse((0, 0, side * OVERSAMPLED - 1, side * OVERSAMPLED - 1), fill=255)
    x, y = picture.width // 2, round(picture.height * middle)
    red, green, blue = (round(c * 255) for c in brand.paper)
    ground = Image.new("RGB", (side, side), (red, green, blue))
    picture.paste(ground, (x - side // 2, y - side // 2), disc.resize((side, side), Image.Resampling.LANCZOS))
    art = brand.on(brand.paper)
    art.thumbnail((round(side * INSIDE), round(side * INSIDE)), Image.Resampling.LANCZOS)
    picture.paste(art, (x - art.width // 2, y - art.height // 2))
    return _png(picture)


def poster_pdf(content: Content, paper: Paper) -> bytes:
    art = upright(content, *A4, POSTER)
    scale = WIDTHS[paper] / WIDTHS["a4"]
    page = Page(A4[0] * scale, A4[1] * scale, (Place(0, 0, scale),))
    return pdf(art, [page], title=printable(content.title), author=printable(content.organization))


def poster_png(content: Content, paper: Paper) -> bytes:
    """2,480 px wide."""
    return png(poster_pdf(content, paper), PNG_PX, PNG_PX / WIDTHS[paper] * 25.4)


def cards_pdf(content: Content, count: int, per: int) -> bytes:
    """`count` table cards, `per` on a sheet of A4 (2, 4 or 8), 3 mm bleed, cut along the marks. Raises BadInput."""
    if per not in GRIDS:
        raise BadInput(f"per={per}: choose {', '.join(map(str, GRIDS))} cards on a sheet")
    if not 1 <= count <= MAX_CARDS:
        raise BadInput(f"n={count}: 1 to {MAX_CARDS} cards")
    columns, rows = GRIDS[per]
    wide = (A4[0] - 2 * EDGE - (columns - 1) * GUTTER) / columns
    high = (A4[1] - 2 * EDGE - (rows - 1) * GUTTER) / rows
    art, scale = _card(content, wide, high)
    cells = [(EDGE + c * (wide + GUTTER), EDGE + r * (high + GUTTER)) for r in range(rows) for c in range(columns)]
    pages = [_sheet(cells[: count - done], wide, high, scale) for done in range(0, count, per)]
    return pdf(art, pages, title=printable(content.title), author=printable(content.organization))


def _card(content: Content, wide: float, high: float) -> tuple[Art, float]:
    """The art, drawn large, and how much it must shrink."""
    compose, unit = (lying, 842.0) if wide > high else (upright, 595.0)
    scale = wide / unit
    return compose(content, unit, high / scale, CARD if scale > SMALL else SMALL_CARD, BLEED / scale), scale


def _sheet(cells: list[tuple[float, float]], wide: float, high: float, scale: float) -> Page:
    """Marks stand in the sheet's margin only, clear of every bleed; a cut goes from edge to edge."""
    near, far = BLEED + 1 * MM, EDGE - 4 * MM
    xs = sorted({at for x, _ in cells for at in (x, x + wide)})
    ys = sorted({at for _, y in cells for at in (y, y + high)})
    marks = [
        (x, end, x, end + step)
        for x in xs
        for end, step in ((EDGE - near, near - far), (A4[1] - EDGE + near, far - near))
    ]
    marks += [
        (end, y, end + step, y)
        for y in ys
        for end, step in ((EDGE - near, near - far), (A4[0] - EDGE + near, far - near))
    ]
    return Page(*A4, tuple(Place(x, y, scale) for x, y in cells), tuple(marks))


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
