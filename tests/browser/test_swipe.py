"""Swiping in the viewer (G5): which copy a screen gets, and how soon the next photo is there on a mobile line."""

from __future__ import annotations

import io
import statistics
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests import imaging_pictures
from tests.browser.venue import TALL, WIDE, Guests, Venue, listening, until
from tests.swipes import CAME, LINE, MOST_MS, swipe

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SHOWN = "document.querySelector('.pswp__item[aria-hidden=false] img.pswp__img:not(.pswp__img--placeholder)')"
PLACE = f"(({{x, y, width, height}}) => [x, y, width, height].map(Math.round))({SHOWN}.getBoundingClientRect())"
PHOTOS = 7


@pytest.fixture(scope="module")
def busy(venue: Venue) -> Venue:
    """The newest photos of the album are large, and hard to make small."""
    before = venue.running.live()
    for number in range(PHOTOS):
        size = (1600, 2400) if number == PHOTOS - 2 else (2400, 1600)
        content = imaging_pictures.jpeg(imaging_pictures.busy(*size, grain=4, seed=number))
        with venue.camera() as ftp:
            ftp.storbinary(f"STOR BUSY{number}.JPG", io.BytesIO(content))
    venue.settle(before + PHOTOS)
    return venue


def look(venue: Venue, guests: Guests, size: tuple[int, int], *, line: bool = False) -> Page:
    page = guests.open("about:blank", size)
    if line:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", LINE)
    page.goto(venue.album_url)
    listening(page)
    page.click("#wall li a")
    page.wait_for_selector(".pswp--open.pswp--ui-visible")
    until(page, f"{SHOWN}?.complete && {SHOWN}.naturalWidth > 0", 30)
    page.wait_for_timeout(600)  # while it opens it takes no keys
    return page


def test_a_phone_gets_the_small_copy_and_the_view_when_it_zooms(busy: Venue, guests: Guests) -> None:
    page = look(busy, guests, TALL)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("ArrowRight")  # an upright one
    until(page, f"{SHOWN}?.naturalHeight === 1280")
    assert "-phone.jpg" in page.evaluate(f"{SHOWN}.src")
    page.wait_for_timeout(600)
    assert not [url for url in asked if "-view.jpg" in url]
    page.evaluate(f"window.one = {SHOWN}")
    page.touchscreen.tap(195, 350)
    page.touchscreen.tap(195, 350)
    until(page, f"{SHOWN}.src.includes('-view.jpg') && {SHOWN}.naturalHeight === 2048")
    assert page.evaluate(f"window.one === {SHOWN}"), "the picture in its place, not another slide"
    box = page.evaluate(PLACE)
    assert box[2] > 2 * 390
    page.wait_for_timeout(500)
    assert page.evaluate(PLACE) == box
    expect(page.locator(".pswp__error-msg")).to_have_count(0)


def test_a_large_screen_gets_the_view(busy: Venue, guests: Guests) -> None:
    page = look(busy, guests, WIDE)
    assert page.evaluate(f"[{SHOWN}.src.includes('-view.jpg'), {SHOWN}.naturalWidth]") == [True, 2048]


def test_the_next_photo_is_there_when_it_is_swiped_to(
    busy: Venue, guests: Guests, record_property: Callable[..., None]
) -> None:
    """On 5 Mbit/s and 80 ms, after standing on a photo until its neighbours came; the middle of five swipes."""
    page = look(busy, guests, TALL, line=True)
    took, seen = [], []
    for number in range(5):
        until(page, f"{CAME} >= {number + 3}", 30)
        ms, src = swipe(page, far=220)
        took.append(ms)
        seen.append(src)
        page.wait_for_timeout(700)  # the slide comes to rest
    record_property("swipe_ms", took)
    assert len(set(seen)) == 5
    assert all("-phone.jpg" in src for src in seen)
    assert statistics.median(took) <= MOST_MS, took
