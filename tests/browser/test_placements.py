"""Sponsors between photos, on the start page and where photos are taken home, in a real browser."""

from __future__ import annotations

import io
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.browser.test_create import signed_in
from tests.browser.venue import DESK, PHONE, TALL, Guests, Venue, listening, serious, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
MANY = 800
SLOW_MS = 30_000
ROBOTLESS = {"user_agent": "Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile"}
NAMES = ("Acme", "Globex", "Initech")
TILES = """[...document.querySelectorAll("#wall li.sponsored")]
  .map((li) => [li.dataset.placement, Number(li.ariaPosInSet), li.dataset.card])"""


TOPS = """JSON.stringify([...document.querySelectorAll("#wall li[data-id]")]
  .map((li) => [li.dataset.id, Math.round(li.getBoundingClientRect().top), li.getBoundingClientRect().bottom])
  .filter(([, top, bottom]) => bottom > 0 && top < innerHeight).map(([id, top]) => [id, top]))"""
KEPT = """Object.entries(localStorage).filter(([name]) => name.startsWith("slot.tile"))
  .map(([, said]) => JSON.parse(said))"""


def logo(name: str) -> bytes:
    """A wordmark on nothing, as sponsors send them."""
    picture = Image.new("RGBA", (900, 420), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    colour = {"Acme": "#c8102e", "Globex": "#0b4f9c", "Initech": "#1d7a4a"}[name]
    draw.rounded_rectangle((40, 110, 240, 310), 40, fill=colour)
    draw.text((280, 140), name.upper(), fill="#1a1a1a", font_size=150)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def ready(venue: Venue, key: str) -> bool:
    return any(one["key"] == key and one["state"] == "ready" for one in venue.organizer("/arts")["arts"])


@pytest.fixture(scope="module")
def arts(venue: Venue) -> dict[str, str]:
    """Keys, by sponsor."""
    keys = {}
    for name in NAMES:
        art = venue.organizer(f"/arts?name={name}.png", logo(name))["art"]
        venue.organizer(f"/arts/{art['id']}", {"name": name, "link": f"https://{name.lower()}.example/"})
        keys[name] = art["key"]
    venue.running.until(lambda: all(ready(venue, key) for key in keys.values()), 60)
    return keys


@pytest.fixture
def event(venue: Venue) -> Iterator[str]:
    """Its path under /api/v1; what a test placed is away afterwards."""
    path = f"/events/{venue.status['event_id']}"
    yield path
    for one in venue.organizer(f"{path}/placements")["placements"]:
        venue.organizer(f"/placements/{one['id']}/remove", {})
    venue.organizer(path, {"tile_every": 12, "start_page": False})


def place(venue: Venue, event: str, slot: str, key: str, **said: Any) -> str:
    return str(venue.organizer(f"{event}/placements", {"slot": slot, "art_key": key, **said})["placement"]["id"])


def scrolled(page: Page, steps: int) -> dict[str, tuple[str, int]]:
    """Placement and place of every tile that came by, by card."""
    seen = {}
    for _ in range(steps):
        page.evaluate("scrollBy(0, innerHeight * 1.6)")
        page.wait_for_timeout(90)
        for placement, at, card in page.evaluate(TILES):
            seen[card] = (placement, at)
    return seen


def test_shares_hold_on_the_real_wall_and_tiles_keep_their_distance(
    venue: Venue, guests: Guests, event: str, arts: dict[str, str]
) -> None:
    shares = {
        place(venue, event, "tile", arts[name], share=share): share
        for name, share in zip(NAMES, (5, 3, 2), strict=True)
    }
    venue.organizer(event, {"tile_every": 6})
    page = guests.open(f"{venue.album_url}?album={venue.plant_album('大相册', MANY)}", TALL)
    listening(page)
    until(page, "document.querySelectorAll('#wall li.sponsored').length > 0")
    seen = scrolled(page, 90)
    assert len(seen) >= MANY // 6 - 4
    counted = Counter(placement for placement, _ in seen.values())
    for placement, share in shares.items():
        assert abs(counted[placement] / len(seen) - share / 10) < 0.02, counted
    places = sorted(at for _, at in seen.values())
    assert min(b - a for a, b in itertools.pairwise(places)) > 6, "six photos between two"
    assert page.evaluate("document.querySelectorAll('#wall li').length") < 150


def test_a_cap_ends_the_day_and_the_next_visit_begins_where_it_ended(
    venue: Venue, guests: Guests, event: str, arts: dict[str, str]
) -> None:
    one, other = (place(venue, event, "tile", arts[name], cap=2) for name in NAMES[:2])
    venue.organizer(event, {"tile_every": 6})
    address = f"{venue.album_url}?album={venue.plant_album('小相册', 120)}"
    page = guests.open(address, TALL, **ROBOTLESS)
    listening(page)
    until(page, "document.querySelectorAll('#wall li.sponsored').length > 0")
    seen = scrolled(page, 14)
    assert Counter(placement for placement, _ in seen.values()) == {one: 2, other: 2}
    page.evaluate("scrollTo(0, 0)")
    tile = page.locator("#wall li.sponsored").first
    tile.scroll_into_view_if_needed()
    page.wait_for_timeout(1_500)
    [day] = page.evaluate(KEPT)
    assert len(day["seen"]) >= 1
    assert sum(day["shown"].values()) == len(day["seen"])
    page.reload()
    listening(page)
    page.wait_for_timeout(500)
    again = scrolled(page, 14)
    left = Counter({one: 2, other: 2}) - Counter(day["shown"])
    assert Counter(placement for placement, _ in again.values()) == left


def test_a_tile_never_moves_what_is_looked_at_and_follows_the_organizer(
    venue: Venue, guests: Guests, event: str, arts: dict[str, str]
) -> None:
    venue.organizer(event, {"tile_every": 6})
    page = guests.open(f"{venue.album_url}?album={venue.plant_album('看着', 90)}", TALL)
    listening(page)
    page.evaluate("scrollTo(0, 700)")
    page.wait_for_timeout(400)
    before = page.evaluate(TOPS)
    placed = place(venue, event, "tile", arts["Acme"], words="新品上市")
    assert until(page, "document.querySelectorAll('#wall li.sponsored').length > 0", 3) < 3
    assert page.evaluate(TOPS) == before
    page.locator("#wall li.sponsored").first.scroll_into_view_if_needed()
    link = page.locator("#wall li.sponsored a").first
    expect(link).to_have_accessible_name("赞助：Acme · 新品上市（打开新页面）")
    for layout in ("grid", "waterfall", "rows"):
        page.click("#layout")
        page.get_by_role("menuitemradio").nth(["rows", "waterfall", "grid"].index(layout)).click()
        page.wait_for_timeout(500)
        page.screenshot(path=venue.shots / f"tiles-{layout}.png")
        assert page.locator("#wall li.sponsored").count() > 0
    assert not serious(page)
    venue.organizer(f"/placements/{placed}", {"words": "今晚开奖"})
    assert until(page, "document.querySelector('#wall li.sponsored small')?.textContent.includes('今晚开奖')", 3) < 3
    page.click("#language")
    page.evaluate("scrollTo(0, 1500)")  # the button is at the top, the first tile below what was looked at
    until(page, "document.querySelector('#wall li.sponsored small')?.textContent.startsWith('Sponsored')")
    venue.organizer(f"/placements/{placed}/remove", {})
    assert until(page, "document.querySelectorAll('#wall li.sponsored').length === 0", 3) < 3


@pytest.mark.parametrize("size", [PHONE, TALL, DESK])
def test_start_page_and_downloads_name_a_sponsor_and_taps_are_counted(
    venue: Venue, guests: Guests, event: str, arts: dict[str, str], size: tuple[int, int]
) -> None:
    start = place(venue, event, "start", arts["Globex"], words="独家冠名")
    home = place(venue, event, "download", arts["Initech"])
    venue.organizer(event, {"start_page": True})
    page = guests.open(venue.album_url, size, **ROBOTLESS)
    told: list[dict[str, Any]] = []
    page.on(
        "request", lambda asked: told.extend(asked.post_data_json["traces"] if asked.url.endswith("/track") else ())
    )
    page.context.route("https://*.example/**", lambda route: route.fulfill(body="ok"))
    sponsor = page.locator("#start .sponsor-line a")
    expect(sponsor).to_have_attribute("href", "https://globex.example/", timeout=20_000)
    page.wait_for_timeout(1_500)
    page.screenshot(path=venue.shots / f"start-{size[0]}.png")
    assert sum(page.evaluate("window.shifts")) < 0.05
    sponsor.click()
    page.locator("#start > a").click()
    page.click("#take")
    line = page.locator("dialog.sheet .sponsor-line a")
    expect(line).to_have_accessible_name("赞助：Initech（打开新页面）")
    page.wait_for_timeout(1_500)
    page.screenshot(path=venue.shots / f"take-{size[0]}.png")
    assert not serious(page)
    line.click()
    page.locator("dialog.sheet .sheet-row button").last.click()
    page.wait_for_timeout(10_500)  # told every ten seconds
    counted = Counter((one["kind"], one["placement_id"]) for one in told if "placement_id" in one)
    assert counted == {(kind, one): 1 for kind in ("viewable", "click") for one in (start, home)}
    assert httpx.get(f"{venue.url}/mp/v1/albums/{venue.status['album_id']}/front").json()["placements"]


@pytest.mark.parametrize("size", [DESK, TALL])
def test_an_organizer_places_a_sponsor_and_takes_it_back(
    venue: Venue, guests: Guests, event: str, arts: dict[str, str], size: tuple[int, int]
) -> None:
    page = signed_in(venue, guests, f"/console{event}/brand", size)
    page.get_by_role("button", name="广告位").click()
    expect(page.locator(".slots-none")).to_be_visible(timeout=SLOW_MS)
    between = page.locator(".slot[data-slot=tile]")
    between.get_by_role("button", name="放一个赞助商").click()
    between.locator(".art-tile[title='Acme']").click()
    card = between.locator(".slot-card")
    expect(card).to_contain_text("Acme", timeout=SLOW_MS)
    card.get_by_label("一句话").fill("今晚开奖")
    card.get_by_label("一句话").blur()
    expect(card.locator(".slot-shown")).to_contain_text("今晚开奖", timeout=SLOW_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    expect(page.locator(".brand-preview.busy")).to_have_count(0, timeout=SLOW_MS)  # dimmed meanwhile
    assert serious(page) == []
    page.screenshot(path=venue.shots / f"slots-{size[0]}.png")
    assert [(one["slot"], one["words"]) for one in shown(venue)] == [("tile", "今晚开奖")]
    card.get_by_role("button", name="删除").click()
    expect(card).to_have_count(0, timeout=SLOW_MS)
    page.get_by_role("button", name="撤销").click()
    expect(card).to_contain_text("今晚开奖", timeout=SLOW_MS)
    assert [one["words"] for one in shown(venue)] == ["今晚开奖"]


def shown(venue: Venue) -> list[dict[str, Any]]:
    """What guests' phones are told."""
    front = httpx.get(f"{venue.url}/mp/v1/albums/{venue.status['album_id']}/front", trust_env=False).json()
    return list(front["placements"])
