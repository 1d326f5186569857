"""A wall of 10,000 photos, and a slow line."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser import frames
from tests.browser.venue import DESK, TALL, Guests, Venue, listening, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
MANY = 10_000
LINE = {"offline": False, "latency": 80, "downloadThroughput": 5e6 / 8, "uploadThroughput": 5e6 / 8}
PAGE_BYTES = 300 * 1024
SMOOTH_MS = 50
SWITCH_MS = 200


@pytest.fixture(scope="module")
def crowded(venue: Venue) -> str:
    """The address of an album of 10,000 photos."""
    return f"{venue.album_url}?album={venue.plant_album('大相册', MANY)}"


def test_ten_thousand_photos_scroll_without_a_stutter(crowded: str, guests: Guests) -> None:
    """Each task of the page's main thread, in time of a modest phone's processor, which others here cannot spoil."""
    page = guests.open(crowded, TALL)
    listening(page)
    all_here = f"Number(document.querySelector('#wall li').ariaSetSize) === {MANY}"
    until(page, f"(window.scrollTo(0, document.body.scrollHeight), {all_here})", 120)
    longest = []
    for place in (0.9, 0.5, 0.1):
        runs = [longest_task(page, place) for _ in range(3)]
        longest.append(
            min(runs)
        )  # what stutters does so each time; other processes share this one's caches now and then
    assert page.evaluate("document.querySelectorAll('#wall li').length") < 150
    assert statistics.median(longest) < SMOOTH_MS, longest


def longest_task(page: Page, place: float) -> float:
    """Milliseconds, while six screens pass from there on."""
    page.evaluate(f"window.scrollTo(0, document.body.scrollHeight * {place})")
    page.wait_for_timeout(500)
    slower, began = frames.slower(page), page.evaluate("scrollY")
    seen = frames.scroll(page, 6)
    assert page.evaluate("scrollY") - began > 5 * TALL[1]
    return seen.cpu[0] * slower


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


SWITCHED = """async (choice) => {
    const next = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const first = () => document.querySelector('#wall li')?.dataset.id;
    const before = first();
    const began = performance.now();
    document.querySelector(choice).click();
    while (!first() || first() === before) await next();
    const took = performance.now() - began;
    const bare = (li) => li.getBoundingClientRect().top < innerHeight && !li.querySelector('img');
    while ([...document.querySelectorAll('#wall li')].some(bare)) await next();
    return [Math.round(took), Math.round(performance.now() - began)];
}"""


def test_orders_hours_and_albums_change_at_once(
    crowded: str, guests: Guests, record_property: Callable[..., None]
) -> None:
    """From the tap to the first tiles of what was asked for. Where everything is slow: against opening the page."""
    page = guests.open(crowded, TALL)
    listening(page)
    thumbs = "performance.getEntriesByType('resource').filter((one) => one.name.includes('-thumb.jpg'))"
    opened_ms = page.evaluate(f"{thumbs}.map((one) => one.responseEnd).sort((a, b) => a - b)[5]")
    tabs = [f"nav.tabs a:nth-child({n})" for n in (1, 2)]
    took: dict[str, list[list[int]]] = {}
    for _ in range(3):
        for what in ("by the shutter", "by likes", "an hour"):
            took.setdefault(what, []).append(page.evaluate(SWITCHED, in_menu(page, what)))
            page.evaluate(SWITCHED, in_menu(page, "everything"))
        page.evaluate(SWITCHED, tabs[0])
        took.setdefault("an album", []).append(page.evaluate(SWITCHED, tabs[1]))
    print(f"opened in {opened_ms:.0f} ms; switches: {took}")
    record_property("opened_ms", round(opened_ms))
    record_property("switch_ms", took)
    middle = {what: statistics.median(tiles for tiles, _ in times) for what, times in took.items()}
    assert max(middle.values()) < max(SWITCH_MS, opened_ms / 2), middle


def in_menu(page: Page, what: str) -> str:
    page.click("#time")
    page.get_by_role("menuitemradio").last.wait_for()
    place = {"everything": "first-child", "by the shutter": "nth-child(2)", "by likes": "nth-child(3)"}
    return f"#time-menu button:{place.get(what, 'last-child')}"


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
