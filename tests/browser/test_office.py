"""What is not of one event: bin, programs, audit, numbers, account, and the platform; on a desk and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_create import signed_in
from tests.browser.test_team import serious
from tests.browser.venue import DESK, TALL, Guests, Venue

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # the platform starts within the first test
PHOTOS = 3  # of the venue
SLOW_MS = 30_000  # a machine that does ten other things
TITLES = {
    "/console/bin": "Bin",
    "/console/programs": "Programs and usage",
    "/console/audit": "Audit",
    "/console/account": "My account",
    "/console/team": "Team",
    "/console/platform": "Platform",
}


@pytest.fixture(scope="module")
def ops(venue: Venue) -> dict[str, str]:
    """Whoever runs the installation; sees all these pages."""
    said = venue.running.ask("platform-admin", "operations@photo-house.example").stdout
    login, _, password = said.strip().partition(" / ")
    return {"login": login, "password": password}


def fits(page: Page, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    assert serious(page) == [], page.url


@pytest.mark.parametrize("size", [DESK, TALL])
def test_every_page_fits_in_both_languages(
    venue: Venue, guests: Guests, ops: dict[str, str], size: tuple[int, int]
) -> None:
    page = guests.open(f"{venue.url}/console", size)
    page.fill("input[name=login]", ops["login"])
    page.fill("input[name=password]", ops["password"])
    page.click("button[type=submit]")
    page.locator("body.signed-in").wait_for()
    event = f"/console/events/{venue.status['event_id']}"
    pages = TITLES | {f"{event}/numbers": "Numbers", f"{event}/cameras": "Cameras and bridges"}
    for path, title in pages.items():
        page.goto(f"{venue.url}{path}")
        page.locator("h1").wait_for()
        fits(page, size[0])
        page.locator("#language").click()
        expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible(timeout=SLOW_MS)
        fits(page, size[0])
        page.locator("#language").click()
        expect(page.locator("h1")).not_to_have_text(title, timeout=SLOW_MS)


def test_a_photo_goes_into_the_bin_and_comes_back_on_a_phone(venue: Venue, guests: Guests) -> None:
    photo = venue.organizer(f"/events/{venue.status['event_id']}/photos?state=live&limit=1")["photos"][0]
    venue.organizer(f"/photos/{photo['id']}/remove", {})
    page = signed_in(venue, guests, "/console/bin", TALL)
    page.get_by_text(photo["name"]).wait_for()
    page.get_by_role("button", name="恢复").first.click()
    expect(page.locator("#notice")).to_contain_text("已恢复", timeout=SLOW_MS)
    expect(page.get_by_text(photo["name"])).to_have_count(0)


def test_the_audit_and_a_key_say_what_they_mean(venue: Venue, guests: Guests) -> None:
    event = f"/events/{venue.status['event_id']}"
    venue.organizer(event, {"banner": "谢谢", "likes": False})
    venue.organizer(event, {"banner": "", "likes": True})
    venue.organizer("/keys", {"name": "官网", "scopes": ["see_event", "take_originals"]})
    page = signed_in(venue, guests, "/console/audit", DESK)
    page.get_by_label("操作").select_option("change_event")
    row = page.locator(".office tbody tr").first
    expect(row).to_contain_text("改了活动", timeout=SLOW_MS)
    expect(row.locator(".deed")).to_have_text("横幅 谢谢 → 无点赞 否 → 是")
    page.goto(f"{venue.url}/console/programs")
    expect(page.locator(".office tr", has_text="官网")).to_contain_text("看活动 · 取原图", timeout=SLOW_MS)


def test_times_are_the_events_own_wherever_the_organizer_sits(venue: Venue, guests: Guests) -> None:
    settings = f"{venue.url}/console/events/{venue.status['event_id']}/settings"
    page = guests.open(settings, DESK, timezone_id="America/New_York")
    page.fill("input[name=login]", venue.status["console"]["login"])
    page.fill("input[name=password]", venue.status["console"]["password"])
    page.click("button[type=submit]")
    page.locator("[name=starts_at]").fill("2025-12-24T19:30")
    page.locator("[name=starts_at]").blur()
    expect(page.locator("#notice.up")).to_be_visible(timeout=SLOW_MS)
    expect(page.locator(".zone")).to_contain_text("Asia/Shanghai")
    front = venue.organizer(f"/events/{venue.status['event_id']}/front")
    assert front["starts_at"] == 1_766_575_800_000  # 11:30 UTC
    page.reload()
    expect(page.locator("[name=starts_at]")).to_have_value("2025-12-24T19:30", timeout=SLOW_MS)
    there = guests.open(settings, DESK)
    there.locator("input[name=login]").wait_for()
    expect(there.locator(".zone")).to_be_empty()


def test_what_cannot_be_shown_says_why_and_leads_on(venue: Venue, guests: Guests) -> None:
    event = venue.status["event_id"]
    page = signed_in(venue, guests, "/console/events/nothing-here/brand")
    expect(page.locator(".stuck")).to_have_text("内容不存在")
    assert serious(page) == []
    page.goto(f"{venue.url}/console/events/{event}/brand")
    page.get_by_role("link", name="返回活动").click()
    expect(page).to_have_url(f"{venue.url}/console/events/{event}")
    page.route("**/api/v1/me", lambda route: route.abort())
    page.reload()
    expect(page.locator(".stuck")).to_have_text("网络不通，正在重试")
    page.unroute("**/api/v1/me")
    page.get_by_role("button", name="重新加载").click()
    expect(page.get_by_role("link", name="全部活动")).to_be_visible()
