"""An album over a line that loses every fifth question: nothing stays grey, nothing stays dead."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.bad_line import BadLine
from tests.browser.venue import TALL, Guests, Venue, first_id
from tests.chromium import Launch

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
SEED = 1
PATIENCE_S = 60
GREY = """[...document.querySelectorAll('#wall li')].filter((li) => {
    const box = li.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight
        && ![...li.querySelectorAll('img')].some((img) => img.complete && img.naturalWidth);
}).length"""
HUNG = f"document.querySelector('#wall.hung li') && {GREY} === 0"


def test_nothing_stays_grey_or_dead_on_a_bad_line(
    venue: Venue, chromium: Launch, record_property: Callable[..., None]
) -> None:
    """The guest's browser reaches the platform only over the bad line, which stays bad."""
    port = urlsplit(venue.url).port
    assert port
    with BadLine(port, seed=SEED) as line:
        browser = chromium(f"--host-resolver-rules=MAP 127.0.0.1:{port} 127.0.0.1:{line.port}")
        guests = Guests(browser)
        page = guests.open("about:blank", TALL)
        began = time.monotonic()
        sooner_or_later(page, venue.album_url, HUNG)
        seen_s = time.monotonic() - began
        height = 0
        while height != (height := page.evaluate("document.body.scrollHeight")):
            for top in range(0, height, TALL[1] // 2):
                page.evaluate(f"window.scrollTo(0, {top})")
                sooner_or_later(page, venue.album_url, f"{GREY} === 0")
            sooner_or_later(page, venue.album_url, "!document.querySelector('#end').hidden")
        page.evaluate("window.scrollTo(0, 0)")
        before = first_id(page)
        venue.shoot()
        sooner_or_later(
            page, venue.album_url, f"document.querySelector('#wall li').dataset.id !== '{before}' && {HUNG}"
        )
        press(page, "#theme", "document.documentElement.dataset.theme")
        press(page, "#language", "document.documentElement.lang === 'en'")
        press(page, "#time", "document.querySelectorAll('#time-menu:not([hidden]) button').length > 1")
        page.get_by_role("menuitemradio").last.tap()
        press(page, "#take", "document.querySelector('dialog.sheet[open]')?.clientWidth < 420")
        page.keyboard.press("Escape")
        press(page, "#wall li a", "document.querySelector('.pswp--open')?.clientHeight === innerHeight")
        expect(page.locator(".pswp__item[aria-hidden=false] img.pswp__img:not(.pswp__img--placeholder)")).to_be_visible(
            timeout=PATIENCE_S * 1000
        )
        assert line.lost > 5
        record_property("seconds_to_the_first_screen", round(seen_s, 1))
        print(f"first screen {seen_s:.1f} s; {line.lost} of {line.asked} questions lost")
        guests.close()
        browser.close()
    assert guests.troubles == []


def sooner_or_later(page: Page, url: str, fact: str) -> None:
    """A guest whose browser says that there is no page asks for it again; everything else has to come by itself."""
    began = time.monotonic()
    while True:
        try:
            if not page.url.startswith("http"):
                page.goto(url, wait_until="commit", timeout=8_000)
            if page.evaluate(fact):
                return
        except Error:  # the page did not come, or is just being asked for anew
            pass
        assert time.monotonic() - began < PATIENCE_S, (fact, page.url)
        page.wait_for_timeout(50)


def press(page: Page, what: str, effect: str) -> None:
    """As a guest does: once more when nothing happens."""
    began = time.monotonic()
    while not page.evaluate(effect):
        assert time.monotonic() - began < PATIENCE_S, what
        page.locator(what).first.tap()
        for _ in range(40):
            page.wait_for_timeout(50)
            if page.evaluate(effect):
                break
