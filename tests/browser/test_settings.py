"""Everything of an event, changed while a guest is looking: on their screen within three seconds, and taken back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from backend.clock import now_ms
from tests.browser import scenes
from tests.browser.test_create import signed_in
from tests.browser.venue import DESK, TALL, Guests, Venue, listening, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # the platform starts within the first test
LIMIT_S, MACHINE_S = 3.0, 20.0  # what is promised; and how long a machine that does ten other things may take
HOUR_MS = 3_600_000
took: dict[str, float] = {}


@pytest.fixture(scope="module", autouse=True)
def figures() -> Iterator[None]:
    yield
    slowest = max(took.values(), default=0)
    print(f"settings on a guest's screen: {len(took)} options, slowest {slowest:.2f} s: {took}")
    middle = sorted(took.values())[len(took) // 2] if took else 0
    assert middle < LIMIT_S, took


@pytest.fixture(autouse=True)
def _everybody_again(venue: Venue) -> Iterator[None]:
    yield
    venue.organizer(f"/albums/{venue.status['album_id']}/access", {"access": "public"})


def at_settings(venue: Venue, guests: Guests, size: tuple[int, int] = DESK) -> Page:
    page = signed_in(venue, guests, f"/console/events/{venue.status['event_id']}/settings", size)
    page.locator(".album-card select[name=access]").first.wait_for()
    return page


def a_guest(venue: Venue, guests: Guests) -> Page:
    page = guests.open(venue.album_url, TALL)
    listening(page)
    return page


def seen(name: str, act: Callable[[], object], fact: Callable[[], object]) -> None:
    """`act`, and how long it takes until `fact` no longer raises."""
    act()
    began = time.monotonic()
    fact()
    took[name] = time.monotonic() - began


def typed(field: Locator, text: str) -> None:
    field.fill(text)
    field.blur()


def shows(where: Locator, text: str) -> Callable[[], None]:
    return lambda: expect(where).to_have_text(text, timeout=MACHINE_S * 1000)


def test_words_and_times(venue: Venue, guests: Guests) -> None:
    console, guest = at_settings(venue, guests), a_guest(venue, guests)
    field, on = console.locator, guest.locator
    before = guest.locator("h1").inner_text()
    seen("title", lambda: typed(field("[name=title]"), "春季发布会"), shows(on("h1"), "春季发布会"))
    console.locator("#notice .undo").click()
    expect(on("h1")).to_have_text(before, timeout=MACHINE_S * 1000)
    seen("place", lambda: typed(field("[name=place]"), "上海西岸"), shows(on(".where span"), "上海西岸"))
    seen(
        "starts_at",
        lambda: typed(field("[name=starts_at]"), "2025-05-06T09:30"),
        lambda: expect(on(".where time")).to_contain_text("2025", timeout=MACHINE_S * 1000),
    )
    seen("banner", lambda: typed(field("[name=banner]"), "感谢赞助"), shows(on("#banner"), "感谢赞助"))
    seen(
        "banner_link",
        lambda: typed(field("[name=banner_link]"), "https://sponsor.example/"),
        lambda: expect(on("#banner a")).to_have_attribute("href", "https://sponsor.example/", timeout=MACHINE_S * 1000),
    )
    seen(
        "banner_until",
        lambda: typed(field("[name=banner_until]"), "2021-01-01T00:00"),
        lambda: expect(on("#banner")).to_be_hidden(timeout=MACHINE_S * 1000),
    )
    seen(
        "banner_always",
        lambda: typed(field("[name=banner_until]"), ""),
        lambda: expect(on("#banner")).to_be_visible(timeout=MACHINE_S * 1000),
    )
    event = f"/events/{venue.status['event_id']}"
    venue.organizer(event, {"banner_until": now_ms() + 5_000})
    expect(on("#banner")).to_be_hidden(timeout=MACHINE_S * 1000)
    field("[name=state]").select_option("closed")
    expect(on("#pulse")).to_have_attribute("data-state", "closed", timeout=MACHINE_S * 1000)
    seen(
        "state",
        lambda: field("[name=state]").select_option("open"),
        lambda: expect(on("#pulse")).to_have_attribute("data-state", "live", timeout=MACHINE_S * 1000),
    )


def test_cover_and_start_page(venue: Venue, guests: Guests) -> None:
    console, guest = at_settings(venue, guests), a_guest(venue, guests)
    picture = scenes.jpeg(5, width=1800, height=900, shot_at=1)
    console.locator("[name=cover]").set_input_files({"name": "c.jpg", "mimeType": "image/jpeg", "buffer": picture})
    expect(console.locator(".cover-field img")).to_be_visible(timeout=60_000)
    until(guest, "document.querySelector('.cover')?.naturalWidth > 0", MACHINE_S)
    venue.organizer(f"/events/{venue.status['event_id']}", {"starts_at": now_ms() + HOUR_MS})
    console.locator("[name=welcome]").fill("欢迎光临")
    console.locator("[name=welcome]").blur()
    console.locator("label:has([name=countdown])").click()
    start = guest.locator("#start")
    seen(
        "start_page",
        lambda: console.locator("label:has([name=start_page])").click(),
        lambda: expect(start).to_be_visible(timeout=MACHINE_S * 1000),
    )
    expect(start).to_contain_text("欢迎光临")
    expect(start.locator(".start-count")).to_contain_text("00:5", timeout=MACHINE_S * 1000)
    seen(
        "start_button",
        lambda: typed(console.locator("[name=start_button]"), "去看照片"),
        shows(start.locator("a"), "去看照片"),
    )
    assert Axe().run(guest).violations_count == 0, Axe().run(guest).generate_report()
    start.locator("a").click()
    expect(start).to_be_hidden()
    guest.reload()
    listening(guest)
    expect(start).to_be_hidden()
    newcomer = guests.open(venue.album_url, TALL)
    expect(newcomer.locator("#start")).to_be_visible()
    seen(
        "no_start_page",
        lambda: console.locator("label:has([name=start_page])").click(),
        lambda: expect(newcomer.locator("#start")).to_be_hidden(timeout=MACHINE_S * 1000),
    )
    seen(
        "no_cover",
        lambda: console.get_by_role("button", name="移除封面").click(),
        lambda: expect(guest.locator(".cover")).to_have_count(0, timeout=MACHINE_S * 1000),
    )


def test_the_wall_and_its_language(venue: Venue, guests: Guests) -> None:
    console = at_settings(venue, guests)
    guest = guests.open(f"{venue.album_url}?album={venue.status['album_id']}", TALL)  # another test adds albums
    listening(guest)
    newest = guest.locator("#wall li").first.get_attribute("data-id")
    path = f"{venue.url}/mp/v1/albums/{venue.status['album_id']}/photos?limit=1&order="
    liked = venue.organizer(f"/events/{venue.status['event_id']}/photos?limit=9")["photos"][8]["id"]
    session = guest.request.post(f"{venue.url}/mp/v1/session", data={"device": "d" * 20}).json()
    guest.request.put(f"{venue.url}/mp/v1/photos/{liked}/like", headers={"Authorization": f"Bearer {session['token']}"})
    assert guest.request.get(f"{path}hot").json()["photos"][0]["id"] == liked
    first = "document.querySelector('#wall li[aria-posinset=\"1\"]')?.dataset.id"
    seen(
        "order",
        lambda: console.locator("[name=order]").select_option("hot"),
        lambda: until(guest, f"{first} === '{liked}'", MACHINE_S),
    )
    console.locator("[name=order]").select_option("new")
    until(guest, f"{first} === '{newest}'", MACHINE_S)
    height = guest.evaluate("document.querySelector('#wall').offsetHeight")
    seen(
        "layout",
        lambda: console.locator("[name=layout]").select_option("grid"),
        lambda: until(guest, f"document.querySelector('#wall').offsetHeight !== {height}", MACHINE_S),
    )
    seen(
        "likes",
        lambda: console.locator("label:has([name=likes])").click(),
        lambda: until(guest, "document.body.classList.contains('no-likes')", MACHINE_S),
    )
    seen(
        "language",
        lambda: console.locator("[name=language]").select_option("en"),
        lambda: until(guest, "document.documentElement.lang === 'en'", MACHINE_S),
    )
    guest.reload()
    listening(guest)
    assert guest.evaluate("document.documentElement.lang") == "en"
    for name, value in (("layout", "rows"), ("language", "")):
        console.locator(f"[name={name}]").select_option(value)
    console.locator("label:has([name=likes])").click()
    until(guest, "!document.body.classList.contains('no-likes')", MACHINE_S)


def test_albums_and_who_may_see_them(venue: Venue, guests: Guests) -> None:
    console = at_settings(venue, guests)
    guest = guests.open(f"{venue.album_url}?album={venue.status['album_id']}", TALL)  # not any album: this one
    listening(guest)
    first = console.locator(f".album-card[data-album='{venue.status['album_id']}']")
    tab = guest.locator("nav.tabs a[aria-current]")
    before = first.locator("[name=album_title]").input_value()
    seen("album_title", lambda: typed(first.locator("[name=album_title]"), "主会场"), shows(tab, "主会场"))
    typed(first.locator("[name=album_title]"), before)
    tabs = guest.locator("nav.tabs a").count()
    seen(
        "album_add",
        lambda: console.get_by_role("button", name="添加相册").click(),
        lambda: expect(guest.locator("nav.tabs a")).to_have_count(tabs + 1, timeout=MACHINE_S * 1000),
    )
    last = console.locator(".album-card").last
    last.get_by_role("button", name="上移").click()
    expect(guest.locator("nav.tabs a").nth(tabs)).not_to_have_text("新相册", timeout=MACHINE_S * 1000)
    seen(
        "downloads",
        lambda: first.locator("label:has([name=downloads])").click(),
        lambda: expect(guest.locator("#take")).to_be_hidden(timeout=MACHINE_S * 1000),
    )
    first.locator("label:has([name=downloads])").click()
    expect(guest.locator("#take")).to_be_visible(timeout=MACHINE_S * 1000)
    seen(
        "comments",
        lambda: first.locator("label:has([name=comments])").click(),
        lambda: until(guest, "document.body.classList.contains('talks')", MACHINE_S),
    )
    guest.wait_for_timeout(5_000)  # who is refused right after opening is told so instead of being sent to the door
    first.locator("[name=access]").select_option("code")
    first.locator("[name=secret]").fill("GALA2026")
    seen(
        "access",
        lambda: first.get_by_role("button", name="设为新的").click(),
        lambda: guest.locator("input[name=code]").wait_for(timeout=MACHINE_S * 1000),
    )
    guest.fill("input[name=code]", "gala2026")
    guest.click("button")
    listening(guest)
    guest.locator("nav.tabs a:not([aria-current])").first.click()  # elsewhere while the code changes
    tab = guest.locator(f"nav.tabs a[data-album='{venue.status['album_id']}']")
    expect(tab).not_to_have_attribute("aria-current", "page")
    until(guest, "document.querySelectorAll('#wall li').length === 0")
    photo = venue.organizer(f"/events/{venue.status['event_id']}/photos?limit=1")["photos"][0]["id"]
    rule = f"/albums/{venue.status['album_id']}/access"
    venue.organizer(rule, {"access": "code", "secret": "SPRING26"})
    tab.click()
    guest.fill("input[name=code]", "spring26")
    guest.click("button")
    listening(guest)
    expect(tab).to_have_attribute("aria-current", "page")
    sent = guests.open(f"{venue.album_url}?album={venue.status['album_id']}&f=l#p={photo}", TALL)
    sent.fill("input[name=code]", "spring26")
    sent.click("button")
    sent.wait_for_selector(".pswp--open")  # the photo they came for
    assert sent.url.endswith(f"#p={photo}")
    first.locator("[name=access]").select_option("public")
    venue.running.until(lambda: bool(venue.organizer(rule)["access"] == "public"), MACHINE_S)
    stranger = guests.open(venue.album_url, TALL)
    listening(stranger)


@pytest.mark.parametrize("size", [DESK, TALL])
def test_everybody_can_use_it(venue: Venue, guests: Guests, size: tuple[int, int]) -> None:
    page = at_settings(venue, guests, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    found = Axe().run(page).response["violations"]
    assert [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found if v["impact"] in ("serious", "critical")] == []
    page.locator("#language").click()
    expect(page.get_by_role("heading", name="Event settings")).to_be_visible()
