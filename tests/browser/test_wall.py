"""A wall of 10,000 photos, and a slow line."""

from __future__ import annotations

import statistics

import pytest
from playwright.sync_api import Page

from tests.browser.venue import DESK, TALL, Guests, Venue, listening, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
MANY = 10_000
SLOWER = 4  # times slower than this machine: a modest phone
LINE = {"offline": False, "latency": 80, "downloadThroughput": 5e6 / 8, "uploadThroughput": 5e6 / 8}
PAGE_BYTES = 300 * 1024
SMOOTH_MS = 50
SWITCH_MS = 200
# Time our own code takes per frame: what a busy machine cannot spoil.
WATCH_FRAMES = """
window.frames_ms = [];
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (act) => ask((at) => {
  const began = performance.now(); act(at); window.frames_ms.push(performance.now() - began);
});
"""


@pytest.fixture(scope="module")
def crowded(venue: Venue) -> str:
    """The address of an album of 10,000 photos."""
    return f"{venue.album_url}?album={venue.plant_album('大相册', MANY)}"


def scroll(page: Page, screens: int) -> None:
    for _ in range(screens):
        page.mouse.wheel(0, 700)
        page.wait_for_timeout(16)


def test_ten_thousand_photos_scroll_without_a_stutter(crowded: str, guests: Guests) -> None:
    page = guests.open("about:blank", DESK)
    page.add_init_script(WATCH_FRAMES)
    page.goto(crowded)
    listening(page)
    all_here = f"Number(document.querySelector('#wall li').ariaSetSize) === {MANY}"
    until(page, f"(window.scrollTo(0, document.body.scrollHeight), {all_here})", 120)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.mouse.move(700, 500)
    worst = []
    for place in (0.9, 0.5, 0.1):
        page.evaluate(f"window.scrollTo(0, document.body.scrollHeight * {place})")
        page.wait_for_timeout(500)
        page.evaluate("window.frames_ms.length = 0")
        scroll(page, 60)
        spent = page.evaluate("window.frames_ms")
        assert len(spent) > 20
        worst.append(max(spent))
    assert page.evaluate("document.querySelectorAll('#wall li').length") < 150
    assert min(worst) < SMOOTH_MS, worst  # of three, because others use this machine too


def test_layouts_change_at_once_and_what_was_looked_at_stays(venue: Venue, crowded: str, guests: Guests) -> None:
    """Deep in a large album, while 5,000 photos and more are laid out anew."""
    page = guests.open(crowded, DESK)
    listening(page)
    shown = "Number(document.querySelector('#wall li').ariaSetSize)"
    until(page, f"(window.scrollTo(0, document.body.scrollHeight), {shown} > 5000)", 120)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight / 2)")
    page.wait_for_timeout(600)
    tops = """Object.fromEntries([...document.querySelectorAll('#wall li')]
        .map((li) => [li.dataset.id, li.getBoundingClientRect().top]))"""
    seen = page.evaluate(tops)
    photo_id = min((top, one) for one, top in seen.items() if top > 100)[1]
    page.click("#layout")
    page.get_by_role("menuitemradio").nth(2).wait_for()
    took = page.evaluate("""async () => {
        const choice = document.querySelectorAll('#layout-menu button')[2];
        const began = performance.now();
        choice.click();
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        return performance.now() - began;
    }""")
    page.wait_for_timeout(300)
    assert -100 < page.evaluate(tops)[photo_id] < DESK[1]
    assert took < SWITCH_MS


def test_the_first_photos_come_soon_on_a_slow_line(venue: Venue, guests: Guests) -> None:
    took, weighed = [], []
    for _ in range(3):
        page = guests.open("about:blank", TALL)
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", LINE)
        sizes: list[float] = []
        urls: dict[str, str] = {}
        session.on("Network.responseReceived", lambda e, urls=urls: urls.update({e["requestId"]: e["response"]["url"]}))
        session.on(
            "Network.loadingFinished",
            lambda e, urls=urls, sizes=sizes: (
                "/blobs/" in urls.get(e["requestId"], "") or sizes.append(e["encodedDataLength"])
            ),
        )
        page.goto(venue.album_url, wait_until="commit")
        until(page, "document.querySelectorAll('#wall li').length >= 12")
        first = "[...document.querySelectorAll('#wall li img')].slice(0, 12)"
        until(page, f"{first}.length === 12 && {first}.every((img) => img.complete && img.naturalWidth)")
        took.append(
            page.evaluate(
                """() => { const seen = performance.getEntriesByType('resource')
                    .filter((one) => one.name.includes('-thumb.jpg')).map((one) => one.responseEnd)
                    .sort((a, b) => a - b); return seen[11]; }"""
            )
        )
        weighed.append(sum(sizes))
    assert max(weighed) < PAGE_BYTES
    assert min(took) < 1500, (took, statistics.median(took))
