"""The picture in the README is what the tests see: the live album on a desk and on a phone.

`KUAIMEN_README_PICTURE=docs/screenshot.png pytest tests/browser/test_readme.py` writes it anew.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Browser

from tests.browser.venue import Venue

pytestmark = pytest.mark.slow

PAPER, ROUND = (236, 232, 225), 28
KEPT = Path(__file__).parents[2] / "docs" / "screenshot.png"


def seen(browser: Browser, venue: Venue, width: int, height: int, scale: float) -> Image.Image:
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale, locale="zh-CN", color_scheme="light"
    )
    page = context.new_page()
    page.goto(venue.album_url)
    page.wait_for_function("document.images.length > 5 && [...document.images].slice(0, 6).every((i) => i.complete)")
    page.wait_for_timeout(800)
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    context.close()
    return shot


def rounded(shot: Image.Image) -> Image.Image:
    mask = Image.new("L", shot.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *shot.size), ROUND, fill=255)
    shot.putalpha(mask)
    return shot


def lay(sheet: Image.Image, shot: Image.Image, at: tuple[int, int]) -> None:
    shade = Image.new("RGBA", sheet.size, (0, 0, 0, 0))
    box = (at[0], at[1] + 14, at[0] + shot.width, at[1] + shot.height + 14)
    ImageDraw.Draw(shade).rounded_rectangle(box, ROUND, fill=(30, 22, 12, 90))
    sheet.alpha_composite(shade.filter(ImageFilter.GaussianBlur(24)))
    sheet.alpha_composite(shot, at)


def test_the_album_on_a_desk_and_on_a_phone(browser: Browser, venue: Venue, tmp_path: Path) -> None:
    desk = rounded(seen(browser, venue, 1280, 800, 1.0))
    phone = rounded(seen(browser, venue, 390, 760, 1.0).resize((312, 608), Image.Resampling.LANCZOS))
    sheet = Image.new("RGBA", (1480, 900), (*PAPER, 255))
    lay(sheet, desk, (60, 50))
    lay(sheet, phone, (1110, 250))
    written = Path(os.environ.get("KUAIMEN_README_PICTURE", tmp_path / "screenshot.png"))
    sheet.convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(written, optimize=True)
    with Image.open(KEPT) as kept:
        assert kept.size == sheet.size, "the README's picture is of another layout; write it anew"
