"""The retouch desk in a real browser: keys, sliders, files that come back, and what a guest sees of it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import scenes
from tests.browser.venue import DESK, TALL, Guests, Venue, until

pytestmark = pytest.mark.slow


def at_the_desk(venue: Venue, guests: Guests, size: tuple[int, int] = DESK) -> Page:
    page = guests.open(f"{venue.url}/console", size)
    page.fill("input[name=login]", venue.status["console"]["login"])
    page.fill("input[name=password]", venue.status["console"]["password"])
    page.click("button[type=submit]")
    page.locator(".counters").wait_for()
    page.get_by_role("link", name="修图台").click()
    page.locator(".desk-tile").first.wait_for()
    return page


def photos(venue: Venue) -> dict[str, dict[str, Any]]:
    found = venue.organizer(f"/events/{venue.status['event_id']}/photos?limit=200")["photos"]
    return {p["name"]: p for p in found}


def test_twenty_photos_are_rated_from_the_keyboard_without_waiting(venue: Venue, guests: Guests) -> None:
    page = at_the_desk(venue, guests)
    began = time.monotonic()
    for n in range(20):
        expect(page.locator(".desk-caption")).to_contain_text(f"{n + 1} / ")
        until(page, "document.querySelector('.desk-stage img').complete")
        page.keyboard.press(str(n % 5 + 1))
    assert time.monotonic() - began < 20  # sixty a minute, with a browser of a busy machine in between
    expect(page.locator(".desk-caption")).to_contain_text("21 / ")
    venue.running.until(lambda: sum(p["rating"] is not None for p in photos(venue).values()) >= 20, 10)


@pytest.mark.parametrize("size", [DESK, TALL])
def test_nothing_stands_out_at_the_side(venue: Venue, guests: Guests, size: tuple[int, int]) -> None:
    page = at_the_desk(venue, guests, size)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_slider_is_on_the_guests_screen(venue: Venue, guests: Guests) -> None:
    page = at_the_desk(venue, guests)
    name = (page.locator(".desk-caption").text_content() or "").split(" · ")[0]
    before = page.get_attribute(".desk-stage img", "src") or ""
    slider = page.locator("input[name=ev]")
    slider.fill("1.5")
    slider.dispatch_event("change")
    expect(page.locator(".desk-stage img")).not_to_have_attribute("src", before, timeout=20_000)
    assert photos(venue)[name]["own_look"]["ev"] == 1.5
    page.get_by_role("button", name="撤销").click()
    expect(page.locator("input[name=ev]")).to_have_value("0")


def test_a_file_of_the_same_name_comes_back_and_can_be_taken_back(venue: Venue, guests: Guests) -> None:
    venue.running.until(lambda: any(p["original_at"] for p in photos(venue).values()), 120)
    name = next(n for n, p in photos(venue).items() if p["original_at"] and not p["retouched_at"])
    page = at_the_desk(venue, guests)
    edited = scenes.jpeg(77, width=900, height=600, shot_at=1_790_000_000_000)
    chosen = {"name": name.lower().replace(".jpg", ".jpeg"), "mimeType": "image/jpeg", "buffer": edited}
    page.set_input_files("input[type=file]", chosen)
    expect(page.locator("#notice")).to_contain_text("已替换")
    venue.running.until(lambda: photos(venue)[name]["retouched_at"], 20)
    page.locator(f".desk-tile[title='{name}']").click()
    expect(page.locator(".version").first).to_contain_text("精修")
    page.locator(".version", has_text="原图").get_by_role("button").click()
    expect(page.locator(".version", has_text="原图")).to_contain_text("正在展示", timeout=20_000)
