"""Prints: every code decodes, also from across the room; colours and files of sponsors are held to rules."""

from __future__ import annotations

import io
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from backend.errors import AppError
from tests.drawing_prints import (
    H5,
    MINI_SAYS,
    compositions,
    content,
    decoded,
    logo_file,
    mini,  # noqa: F401 - fixture
    pages,
    pixels,
)
from web import drawing
from web.drawing_layout import CARD, POSTER, SMALL_CARD, upright
from web.drawing_parts import Type
from web.drawing_shapes import WHITE, Block, Code, contrast, palette

# ruff: noqa: F811 - the fixture is used by the name it is imported under

# --- codes ---------------------------------------------------------------------------------------------------------


def test_the_plain_qr_decodes_and_has_its_quiet_zone() -> None:
    picture = pixels(drawing.qr_png(H5))
    assert decoded(picture) == [H5]
    side = picture.shape[0]
    assert picture.shape[1] == side
    assert 900 < side <= 1024
    dark = np.argwhere(picture[:, :, 0] == 0)
    module = side / (33 + 8)  # 43 bytes: version 4
    assert dark.min() == pytest.approx(4 * module)


def test_the_mini_code_is_opaque_and_decodes(mini: bytes) -> None:
    opened = Image.open(io.BytesIO(mini))
    assert (opened.format, opened.mode, opened.size) == ("PNG", "RGB", (1280, 1280))
    assert opened.getpixel((0, 0)) == (255, 255, 255)
    assert decoded(np.array(opened)) == [MINI_SAYS]


@pytest.mark.parametrize("answered", [b"", b"{}", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0" + b"x" * 99, b"GIF89a" * 9])
def test_a_mini_code_that_is_no_picture_is_refused(answered: bytes) -> None:
    with pytest.raises(AppError) as refused:
        drawing.mini_code(answered)
    assert refused.value.code == "not_a_picture"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("paper", ["a4", "a3"])
def test_a_poster_decodes_as_pdf_and_as_png(mini: bytes, paper: str, language: str) -> None:
    said = content(mini, language=language, logo=drawing.logo(logo_file()))
    document = drawing.poster_pdf(said, paper)
    (page,) = pages(document)
    wide, high = {"a4": (595, 842), "a3": (842, 1191)}[paper]
    assert page.shape[:2] == (pytest.approx(high * 3, abs=4), pytest.approx(wide * 3, abs=4))
    assert decoded(page) == [H5, MINI_SAYS]
    picture = drawing.poster_png(said, paper)
    assert decoded(pixels(picture)) == [H5, MINI_SAYS]
    opened = Image.open(io.BytesIO(picture))
    assert opened.width == drawing.PNG_PX
    assert opened.width / opened.info["dpi"][0] * 25.4 == pytest.approx({"a4": 210, "a3": 297}[paper], abs=1)


def test_without_a_mini_code_the_plain_one_is_larger(mini: bytes) -> None:
    (page,) = pages(drawing.poster_pdf(content(), "a4"))
    assert decoded(page) == [H5]
    sides = [
        next(s.side for s in upright(c, 595, 842, POSTER).shapes if isinstance(s, Code))
        for c in (content(mini), content())
    ]
    assert sides[1] > sides[0] * 1.15


@pytest.mark.parametrize(("per", "sheets"), [(2, 5), (4, 3), (8, 2)])
def test_every_table_card_decodes(mini: bytes, per: int, sheets: int) -> None:
    found = [decoded(page) for page in pages(drawing.cards_pdf(content(mini), 9, per), 4.0)]
    assert len(found) == sheets
    for n, said in enumerate(found):
        cards = min(per, 9 - n * per)
        assert said == [H5] * cards + [MINI_SAYS] * cards


@pytest.mark.parametrize(("count", "per"), [(0, 4), (401, 4), (8, 3), (8, 0)])
def test_cards_that_make_no_sense_are_refused(count: int, per: int) -> None:
    with pytest.raises(AppError) as refused:
        drawing.cards_pdf(content(), count, per)
    assert refused.value.status == 422


def test_colour_reaches_beyond_every_cut_and_no_mark_reaches_the_colour() -> None:
    page = pages(drawing.cards_pdf(content(), 8, 8), 4.0)[0]
    point = 4.0
    mm = 72 / 25.4 * point
    cut, bleed = round(12 * mm), round(3 * mm)
    inside_bleed = page[cut + 40 : cut + 200, cut - bleed + 4 : cut]
    assert (inside_bleed.max(axis=2) < 60).all()  # the dark field
    outside = page[cut - 6 : cut + 200, : cut - bleed - 4]
    assert (outside.min(axis=2) < 220).any()  # the mark
    between = page[cut - 20 : cut + 20, cut - bleed - round(0.9 * mm) : cut - bleed - 4]
    assert (between == 255).all()


# --- across the room (O4) --------------------------------------------------------------------------------------------


def seen_from(picture: np.ndarray, width_m: float, distance_m: float, seed: int) -> np.ndarray:
    """What a phone's main camera (4,032 px over 69°) gets of a print, held not quite straight, in poor light.

    Then enlarged threefold, as scanners do with what they found.
    """
    rng, fine = np.random.default_rng(seed), 4
    per_metre = 4032 / (2 * distance_m * np.tan(np.radians(69.4 / 2)))
    high, wide = picture.shape[:2]
    width_px = width_m * per_metre
    room = (round(width_px * 1.5), round(width_px * high / wide * 1.4))
    tilt, roll = np.radians(rng.uniform(8, 16)), np.radians(rng.uniform(-5, 5))
    corners = []
    for x, y in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
        across, down = x * width_m, y * width_m * high / wide
        across, down = across * np.cos(roll) - down * np.sin(roll), across * np.sin(roll) + down * np.cos(roll)
        far = distance_m + across * np.sin(tilt)
        scale = per_metre * distance_m * fine / far
        corners.append((across * np.cos(tilt) * scale + room[0] * fine / 2, down * scale + room[1] * fine / 2))
    edges = np.float32([(0, 0), (wide, 0), (wide, high), (0, high)])
    soft = cv2.GaussianBlur(picture, (0, 0), max(wide / (width_px * fine), 1) / 2)
    matrix = cv2.getPerspectiveTransform(edges, np.float32(corners))
    seen = cv2.warpPerspective(soft, matrix, (room[0] * fine, room[1] * fine), borderValue=(120, 118, 115))
    seen = cv2.resize(seen, room, interpolation=cv2.INTER_AREA).astype(np.float32)
    seen = cv2.GaussianBlur(seen, (0, 0), 0.7) * 0.75 + 25 + rng.normal(0, 6, seen.shape)
    kept = cv2.imencode(".jpg", np.clip(seen, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
    return cv2.resize(cv2.imdecode(kept, cv2.IMREAD_COLOR), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(("paper", "width_m"), [("a4", 0.210), ("a3", 0.297)])
def test_a_poster_is_scanned_from_three_metres(mini: bytes, paper: str, width_m: float) -> None:
    """The sandbox's stand-in is a QR half as wide as a real mini-program code: it must do from half as far."""
    picture = pixels(drawing.poster_png(content(mini), paper))
    for seed in range(2):
        assert H5 in decoded(seen_from(picture, width_m, 3.0, seed))
        assert decoded(seen_from(picture, width_m, 1.5, seed)) == [H5, MINI_SAYS]


@pytest.mark.parametrize(("per", "distance_m"), [(2, 0.8), (4, 0.6), (8, 0.35)])
def test_a_table_card_is_scanned_from_an_arms_length(mini: bytes, per: int, distance_m: float) -> None:
    (sheet,) = pages(drawing.cards_pdf(content(mini), per, per), 5.0)
    columns, rows = drawing.GRIDS[per]
    one = np.ascontiguousarray(sheet[: sheet.shape[0] // rows, : sheet.shape[1] // columns])
    assert decoded(seen_from(one, 0.21 / columns, distance_m, 1)) == [H5, MINI_SAYS]


# --- logos -----------------------------------------------------------------------------------------------------------


def bomb() -> bytes:
    """A small file that claims 30,000 × 30,000 pixels."""
    header = logo_file()
    claimed = (30_000).to_bytes(4, "big") * 2
    rest = header[24:29]
    crc = zlib.crc32(b"IHDR" + claimed + rest).to_bytes(4, "big")
    return header[:16] + claimed + rest + crc + header[33:]


@pytest.mark.parametrize(
    ("blob", "code"),
    [
        (b"", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        (logo_file()[:-400], "not_a_picture"),
        (logo_file((0, 0, 0, 0)), "not_a_picture"),
        (logo_file(kind="TIFF"), "not_a_picture"),
        (bomb(), "too_many_pixels"),
        (b"\0" * (8 * 1024 * 1024 + 1), "too_large"),
    ],
    ids=["empty", "svg", "truncated", "invisible", "tiff", "bomb", "large"],
)
def test_a_logo_that_cannot_be_used_is_refused(blob: bytes, code: str) -> None:
    with pytest.raises(AppError) as refused:
        drawing.logo(blob)
    assert refused.value.code == code


def test_a_logo_is_trimmed_and_gives_the_print_its_colour() -> None:
    blue = drawing.logo(logo_file())
    assert blue.image.size == (601, 201)
    red, green, colour = blue.palette.field
    assert colour > red
    assert colour > green
    assert not blue.for_dark
    assert drawing.logo(logo_file((90, 90, 90, 255))).palette == content().palette  # grey: the house's own


def test_a_white_logo_stands_on_dark(mini: bytes) -> None:
    white = drawing.logo(logo_file((255, 255, 255, 255)))
    assert white.for_dark
    assert contrast(white.paper, WHITE) > 9
    for art in compositions(content(mini, logo=white)):
        plates = [s for s in art.shapes if isinstance(s, Block) and s.ink == white.paper]
        assert len(plates) >= 3  # field, pill, plate


@pytest.mark.parametrize("hue", [n / 24 for n in range(24)])
def test_words_can_be_read_in_every_colour(hue: float) -> None:
    colours = palette(hue)
    assert contrast(colours.field, WHITE) >= 9
    assert contrast(colours.field, colours.on_field) >= 7
    assert contrast(colours.field, colours.accent) >= 3.5
    assert contrast(colours.tint(0.135), colours.on_field) >= 4.5  # over the lens


def test_the_logo_is_on_the_paper(mini: bytes) -> None:
    (page,) = pages(drawing.poster_pdf(content(mini, logo=drawing.logo(logo_file((20, 80, 190, 255)))), "a4"))
    foot = page[-page.shape[0] // 8 :, page.shape[1] // 2 :].astype(int)
    distance = np.abs(foot - np.array([190, 80, 20])).sum(axis=2)  # PDFium gives BGR
    assert (distance < 12).mean() > 0.02


def test_sizes_of_cards_differ_from_posters() -> None:
    """A card is printed at a third of the art's size: its finest words must still be 6 pt on paper."""
    for type_, width_mm, unit in ((CARD, 90, 595), (SMALL_CARD, 90, 842)):
        assert isinstance(type_, Type)
        assert type_.fine * width_mm * 72 / 25.4 / unit >= 6
