"""The six counters of the console: fresh within a second, and with what a real bridge keeps to itself."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.venue import DESK, PHONE, Guests, Venue, listening, until

pytestmark = pytest.mark.slow
PARTS = ("live", "waiting", "hidden", "failed", "purged", "on_bridges", "aside", "refused")


def test_counters_add_up_with_what_only_the_bridge_has(venue: Venue, guests: Guests) -> None:
    event = f"/events/{venue.status['event_id']}"
    page = guests.open(f"{venue.url}/console", DESK)
    page.fill("input[name=login]", venue.status["console"]["login"])
    page.fill("input[name=password]", venue.status["console"]["password"])
    page.click("button[type=submit]")
    page.locator(".counters").wait_for()
    before = venue.organizer(event)["counters"]
    [bridge] = venue.organizer(f"{event}/bridges")["bridges"]
    venue.organizer(f"/bridges/{bridge['id']}/orders", {"do": "mode", "about": "pick"})
    venue.running.until(lambda: mode(venue, event) == "pick", 30)
    venue.shoot(2)
    expect(page.locator(".waiting")).to_contain_text("留在相机桥不发布 2", timeout=20_000)
    expect(page.locator("[data-counter=received] dd")).to_have_text(str(before["received"] + 2))
    expect(page.locator("[data-counter=live] dd")).to_have_text(str(before["live"]))
    venue.organizer(f"/bridges/{bridge['id']}/orders", {"do": "mode", "about": "auto"})
    expect(page.locator("[data-counter=live] dd")).to_have_text(str(before["live"] + 2), timeout=30_000)
    expect(page.locator(".waiting")).not_to_contain_text("留在相机桥", timeout=20_000)
    expect(page.locator("[data-counter=received] dd")).to_have_text(str(before["received"] + 2))


def test_counters_are_asked_for_at_least_every_second(venue: Venue, guests: Guests) -> None:
    page = guests.open(f"{venue.url}/console", DESK)
    page.fill("input[name=login]", venue.status["console"]["login"])
    page.fill("input[name=password]", venue.status["console"]["password"])
    page.click("button[type=submit]")
    page.locator(".counters").wait_for()
    told: list[float] = []
    path = f"/api/v1/events/{venue.status['event_id']}"
    page.on("response", lambda said: told.append(time.monotonic()) if said.url.endswith(path) else None)
    page.wait_for_timeout(10_000)
    gaps = sorted(b - a for a, b in itertools.pairwise(told))
    assert len(gaps) >= 8
    assert gaps[len(gaps) // 2] <= 1.0, gaps


HALF_SEEN = """[...document.querySelectorAll("#wall li[data-id]")].filter((tile) => {
  const { top, height } = tile.getBoundingClientRect();
  return Math.min(top + height, innerHeight) - Math.max(top, 0) >= height / 2;
}).map((tile) => tile.dataset.id)"""


def test_half_of_a_tile_for_a_second_is_an_impression_and_a_glance_is_none(venue: Venue, guests: Guests) -> None:
    page = guests.open(venue.album_url, PHONE, user_agent="Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile")
    told: list[dict[str, Any]] = []
    page.on(
        "request", lambda asked: told.extend(asked.post_data_json["traces"] if asked.url.endswith("/track") else ())
    )
    listening(page)
    until(page, f"({HALF_SEEN}).length > 2")
    page.wait_for_timeout(3_000)  # it begins to count once the first photos are there
    looked_at = set(page.evaluate(HALF_SEEN))
    page.evaluate("scrollTo(0, 3 * innerHeight)")
    page.wait_for_timeout(300)
    glanced_at = set(page.evaluate(HALF_SEEN)) - looked_at
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(10_500)  # told every ten seconds
    seen = {one["photo_id"] for one in told if one["kind"] == "viewable"}
    assert glanced_at
    assert seen == looked_at
    assert [one["kind"] for one in told].count("visit") == 1


def mode(venue: Venue, event: str) -> Any:  # a heartbeat says anything
    return venue.organizer(f"{event}/bridges")["bridges"][0]["said"].get("mode")
