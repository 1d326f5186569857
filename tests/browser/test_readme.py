"""The picture in the README is what the tests see: the live album on a desk and on a phone.

`KUAIMEN_README_PICTURE=docs/screenshot.png pytest tests/browser/test_readme.py` writes it anew.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Page

from tests.browser.venue import DESK, TALL, Guests, Venue, listening, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PAPER, SHADE, SHEET = "#dcd7cd", "#2a2118", (1640, 1010)
KEPT = Path(__file__).parents[2] / "docs" / "screenshot.png"
WANTED = "KUAIMEN_README_PICTURE"
LARGE = 18  # photos of full size, for a picture that is kept


def test_the_album_on_a_desk_and_on_a_phone(venue: Venue, guests: Guests, tmp_path: Path) -> None:
    if WANTED in os.environ:
        before = venue.running.live()
        venue.shoot(LARGE, small=False)
        venue.settle(before + LARGE)
    desk = seen(guests.open(venue.album_url, DESK)).resize((1320, 825), Image.Resampling.LANCZOS)
    phone = seen(guests.open(venue.album_url, TALL, color_scheme="dark")).resize((355, 768), Image.Resampling.LANCZOS)
    sheet = Image.new("RGB", SHEET, PAPER)
    lay(sheet, desk, (50, 60), 10)
    lay(sheet, phone, (1240, 200), 26)
    assert len(sheet.resize((64, 40)).getcolors(4096) or []) > 200, "the album looks empty"
    few = sheet.quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
    few.save(Path(os.environ.get(WANTED, tmp_path / "screenshot.png")), optimize=True)
    with Image.open(KEPT) as kept:
        assert kept.size == sheet.size, "the README's picture is of another layout; write it anew"


def seen(page: Page) -> Image.Image:
    listening(page)
    until(page, "[...document.querySelectorAll('#wall img')].every((img) => img.naturalWidth)", 30)
    page.wait_for_timeout(2500)  # larger places take their better pictures
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def lay(sheet: Image.Image, shot: Image.Image, at: tuple[int, int], radius: int) -> None:
    """A screen on the sheet, with round corners and a soft shadow."""
    mask = Image.new("L", shot.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, shot.width - 1, shot.height - 1), radius, fill=255)
    shade = Image.new("L", sheet.size, 0)
    shade.paste(mask.point(lambda v: v // 3), (at[0], at[1] + 14))
    sheet.paste(SHADE, (0, 0), shade.filter(ImageFilter.GaussianBlur(22)))
    sheet.paste(shot, at, mask)
