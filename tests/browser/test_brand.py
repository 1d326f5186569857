"""The brand's editor in a real browser: what is shown is what guests get, on every shape, and it can be undone."""

from __future__ import annotations

import io
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.venue import DESK, TALL, Guests, Venue, until
from tests.cast import png_frame

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
READY = (
    "!document.querySelector('.brand-preview.busy') && document.querySelectorAll('.brand-pictures img').length === 4"
)


def at_the_brand(venue: Venue, guests: Guests, size: tuple[int, int] = DESK) -> Page:
    page = guests.open(f"{venue.url}/console", size)
    page.fill("input[name=login]", venue.status["console"]["login"])
    page.fill("input[name=password]", venue.status["console"]["password"])
    page.click("button[type=submit]")
    page.locator(".counters").wait_for()
    page.get_by_role("link", name="品牌与赞助商").click()
    until(page, READY, 90)
    return page


def previews(page: Page) -> list[np.ndarray[Any, Any]]:
    until(page, READY, 90)
    urls = page.evaluate("[...document.querySelectorAll('.brand-pictures img')].map((image) => image.src)")
    return [picture(url) for url in urls]


def picture(url: str) -> np.ndarray[Any, Any]:
    content = httpx.get(url, timeout=30).raise_for_status().content
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def red(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    found: np.ndarray[Any, Any] = (pixels[..., 0] > 190) & (pixels[..., 1:].max(-1) < 90)
    return found


def newest(venue: Venue) -> str:
    photos = venue.organizer(f"/events/{venue.status['event_id']}/photos?state=live&limit=1")["photos"]
    return str(photos[0]["view"])


def test_a_watermark_is_seen_before_it_is_saved_and_guests_get_the_same(venue: Venue, guests: Guests) -> None:
    page = at_the_brand(venue, guests)
    before = [int(red(one).sum()) for one in previews(page)]
    first = page.locator(".brand-pictures img").first.get_attribute("src")
    page.get_by_role("button", name="加文字").click()
    page.locator("input[name=text]").fill("盛典 ★ 2026")
    page.locator("input[name=colour]").fill("#ff0000")
    page.locator("input[name=size]").fill("14")
    page.locator(".nine input[value=sw]").check(force=True)
    until(page, f"document.querySelector('.brand-pictures img').src !== {first!r}", 60)
    page.wait_for_timeout(400)  # the last change is asked for after the pause of a hand
    shown = previews(page)
    for pixels, were in zip(shown, before, strict=True):  # on every shape, in the corner that was chosen
        height, width = pixels.shape[:2]
        corner = red(pixels)[height // 2 :, : width * 2 // 3]
        assert corner.sum() > were + 300
    view = newest(venue)
    assert red(picture(view)).sum() < 300  # guests see nothing of it yet
    page.get_by_role("button", name="保存并应用").click()
    expect(page.locator("#notice")).to_contain_text("已保存")
    venue.running.until(lambda: newest(venue).split("?")[0] != view.split("?")[0], 60)
    assert red(picture(newest(venue))).sum() > 300
    page.get_by_role("button", name="撤销").click()
    venue.running.until(lambda: newest(venue).split("?")[0] == view.split("?")[0], 120)


def test_a_sponsor_brings_a_frame_and_gets_a_turn(venue: Venue, guests: Guests) -> None:
    page = at_the_brand(venue, guests)
    page.get_by_role("button", name="赞助商", exact=True).click()
    page.get_by_role("button", name="加赞助商").click()
    page.set_input_files(
        ".marks:not([hidden]) input[type=file]", {"name": "acme.png", "mimeType": "image/png", "buffer": png_frame()}
    )
    expect(page.locator(".mark-head b", has_text="acme")).to_be_visible(timeout=60_000)
    page.locator("input[name=share]").fill("3")
    page.locator("input[name=until_at]").fill("2030-01-01T12:00")
    page.wait_for_timeout(400)
    for pixels in previews(page):
        foot = pixels[-4, pixels.shape[1] // 2]
        assert np.abs(foot - [0, 0, 255]).max() < 40
    page.get_by_role("button", name="保存并应用").click()
    expect(page.locator("#notice")).to_contain_text("已保存")
    [turn] = venue.organizer("/brands")["brands"][0]["turns"]
    assert (turn["share"], turn["until_at"] > 1_800_000_000_000) == (3, True)
    page.get_by_role("button", name="素材", exact=True).click()
    remove = page.get_by_role("button", name="删除 acme.png")
    expect(page.locator(".art-row", has_text="acme.png")).to_contain_text("用于")
    remove.click()
    expect(page.locator("#notice")).to_contain_text("素材正在使用")
    page.get_by_role("button", name="赞助商", exact=True).click()
    page.locator(".mark-head", has_text="acme").click()
    page.locator(".mark-card", has_text="acme").get_by_role("button", name="删除").click()
    page.get_by_role("button", name="保存并应用").click()
    venue.running.until(lambda: not venue.organizer("/brands")["brands"][0]["turns"], 30)
    page.get_by_role("button", name="素材", exact=True).click()
    expect(page.locator(".art-row", has_text="acme.png")).to_contain_text("未使用", timeout=60_000)
    remove.click()
    expect(page.locator("#notice")).to_contain_text("已删除 acme.png")
    expect(remove).to_have_count(0)
    page.get_by_role("button", name="撤销").click()
    expect(remove).to_be_visible()


@pytest.mark.parametrize("size", [DESK, TALL])
def test_nothing_stands_out_at_the_side(venue: Venue, guests: Guests, size: tuple[int, int]) -> None:
    page = at_the_brand(venue, guests, size)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_an_album_takes_a_cube_of_ones_own_or_says_why_not(venue: Venue, guests: Guests) -> None:
    page = guests.open(f"{venue.url}/console", DESK)
    page.fill("input[name=login]", venue.status["console"]["login"])
    page.fill("input[name=password]", venue.status["console"]["password"])
    page.click("button[type=submit]")
    page.locator(".fine summary").first.click()
    wide = "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('.fine'))"
    assert page.evaluate(wide) <= 0, "the panel fits its card"
    file = page.locator(".fine input[type=file]").first
    for name, content, words in (
        ("size.cube", cube(200), "LUT_3D_SIZE"),
        ("domain.cube", cube(3, "DOMAIN_MAX 4 4 4"), "domain"),
    ):
        file.set_input_files({"name": name, "mimeType": "text/plain", "buffer": content})
        expect(page.locator("#notice")).to_contain_text(words, timeout=60_000)
    page.screenshot(path=venue.shots / "cube-refused.png")
    chosen = page.locator("[name=cube_key]").first
    assert chosen.input_value() == ""
    file.set_input_files({"name": "film.cube", "mimeType": "text/plain", "buffer": cube(3)})
    until(page, "document.querySelector('[name=cube_key]').value !== ''", 60)
    until(page, "!document.querySelector('.fine [name=strength]').disabled", 30)
    page.locator(".fine [name=strength]").first.fill("0")
    event = f"/events/{venue.status['event_id']}/desk"
    venue.running.until(lambda: venue.organizer(event)["looks"][venue.status["album_id"]]["strength"] == 0, 30)
    look = venue.organizer(event)["looks"][venue.status["album_id"]]
    assert look["cube_key"] == chosen.input_value()


def cube(size: int, more: str = "") -> bytes:
    steps = [n / 2 for n in range(3)]
    rows = "\n".join(f"{r} {g} {b}" for b in steps for g in steps for r in steps)
    return f"LUT_3D_SIZE {size}\n{more}\n{rows}\n".encode()
