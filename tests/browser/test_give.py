"""What guests give to an album in their browsers: photos of their own (G11), and words under photos (G7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.test_create import signed_in
from tests.browser.venue import DESK, TALL, Guests, Venue, listening, serious
from tests.cast import jpeg

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PATIENCE_MS = 60_000


@pytest.fixture(autouse=True)
def _closed_again(venue: Venue) -> Iterator[None]:
    yield
    rule(venue, "off")


def rule(venue: Venue, to: str) -> None:
    venue.organizer(f"/albums/{venue.status['album_id']}/access", {"contributions": to, "comments": to == "open"})


def picture(colour: str) -> FilePayload:
    return {"name": f"{colour}.jpg", "mimeType": "image/jpeg", "buffer": jpeg(colour, (1200, 800), words=colour)}


def test_a_given_photo_is_seen_after_somebody_looked(venue: Venue, guests: Guests) -> None:
    page, other = guests.open(venue.album_url, TALL), guests.open(venue.album_url, TALL)
    listening(page)
    listening(other)
    expect(page.locator("#give")).to_be_hidden()
    rule(venue, "review")
    expect(page.locator("#give")).to_be_visible(timeout=PATIENCE_MS)  # without a reload
    page.tap("#give")
    page.get_by_placeholder("署名，选填").fill("小王")
    page.get_by_placeholder("想说的话").fill("新婚快乐 <b>")
    expect(page.locator(".give-left")).to_contain_text("今天还能投")
    page.locator(".give input[type=file]").set_input_files([picture("teal"), picture("navy")])
    expect(page.locator(".give_waiting")).to_have_count(2, timeout=PATIENCE_MS)
    expect(page.get_by_placeholder("想说的话")).to_have_value("")  # it went with these
    assert serious(page) == []
    page.screenshot(path=venue.shots / "give.png")
    waiting = [case["photo_id"] for case in until_asked(venue, 2)]
    assert not any(other.locator(f"#wall [data-id='{one}']").count() for one in waiting)
    console = signed_in(venue, guests, f"/console/events/{venue.status['event_id']}")
    case = console.locator(f"article[data-photo='{waiting[0]}']")
    expect(case.locator("q")).to_have_text("新婚快乐 <b>", timeout=PATIENCE_MS)  # decided on together with the photo
    case.scroll_into_view_if_needed()
    console.screenshot(path=venue.shots / "give-console.png")
    screen = guests.open(f"{venue.url}/screen/{venue.status['share_code']}?mode=spotlight", DESK)
    venue.organizer(f"/photos/{waiting[0]}/review", {"keep": True})
    expect(other.locator(f"#wall [data-id='{waiting[0]}']")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".give_live")).to_have_count(1, timeout=PATIENCE_MS)  # by itself
    other.tap(f"#wall [data-id='{waiting[0]}'] a")
    expect(other.get_by_text("来宾 小王")).to_be_visible(timeout=PATIENCE_MS)
    expect(other.locator(".viewer-words")).to_have_text("新婚快乐 <b>")
    other.screenshot(path=venue.shots / "give-viewer.png")
    expect(screen.locator(".spot figcaption")).to_have_text("新婚快乐 <b>小王", timeout=PATIENCE_MS)
    screen.screenshot(path=venue.shots / "give-screen.png", animations="disabled")
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator(".give_live + button").tap()
    expect(page.locator(".give_shown")).to_have_count(1, timeout=PATIENCE_MS)
    expect(other.locator(f"#wall [data-id='{waiting[0]}']")).to_have_count(0, timeout=PATIENCE_MS)


def test_what_was_not_sent_is_kept_for_another_try(venue: Venue, guests: Guests) -> None:
    rule(venue, "open")
    page = guests.open(venue.album_url, TALL)
    page.tap("#give")
    expect(page.locator(".give-left")).to_contain_text("今天还能投", timeout=PATIENCE_MS)
    page.route("**/contributions?**", lambda route: route.abort())
    page.locator(".give input[type=file]").set_input_files([picture("olive")])
    expect(page.locator(".give_failed")).to_have_count(1, timeout=PATIENCE_MS)
    page.unroute("**/contributions?**")
    page.get_by_role("button", name="重试").tap()
    expect(page.locator(".give_live")).to_have_count(1, timeout=PATIENCE_MS)


def test_words_under_a_photo(venue: Venue, guests: Guests) -> None:
    page = guests.open(venue.album_url, TALL)
    listening(page)
    page.tap("#wall li a")
    page.wait_for_selector(".pswp--open.pswp--ui-visible")
    talk = page.locator(".viewer-talk")
    expect(talk).to_be_hidden()
    rule(venue, "open")
    expect(talk).to_be_visible(timeout=PATIENCE_MS)  # without a reload
    talk.tap()
    expect(page.locator(".talk li")).to_contain_text("还没有评论", timeout=PATIENCE_MS)
    page.get_by_placeholder("署名，选填").fill("小王")
    page.get_by_placeholder("写评论，最多 200 字").fill("灯光真好看 <b>" * 6)
    page.get_by_role("button", name="发表").tap()
    expect(page.locator(".talk li")).to_contain_text("灯光真好看 <b>", timeout=PATIENCE_MS)
    expect(page.locator(".talk h2")).to_have_text("1 条评论")
    assert serious(page) == []
    page.screenshot(path=venue.shots / "talk.png")

    for theme in ("dark", "light"):
        _report(guests.open(page.url, DESK, color_scheme=theme), venue, theme)
    expect(page.locator(".talk-off")).to_be_visible(timeout=PATIENCE_MS)  # by itself
    expect(page.locator(".talk h2")).to_have_text("评论")
    console = signed_in(venue, guests, f"/console/events/{venue.status['event_id']}")
    case = console.locator("article[data-comment]")
    expect(case).to_contain_text("2 位来宾举报", timeout=PATIENCE_MS)
    case.scroll_into_view_if_needed()
    console.screenshot(path=venue.shots / "talk-console.png")
    assert serious(console) == []
    case.get_by_role("button", name="不再显示").click()
    console.get_by_text("不再显示的评论（1）").click()
    console.screenshot(path=venue.shots / "talk-console-off.png")
    case.get_by_role("button", name="恢复显示").click()  # thought better of
    expect(case).to_have_count(0, timeout=PATIENCE_MS)
    expect(page.locator(".talk-off")).to_have_count(0, timeout=PATIENCE_MS)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="删除").tap()
    expect(page.locator(".talk li")).to_contain_text("还没有评论", timeout=PATIENCE_MS)


def _report(page: Page, venue: Venue, theme: str) -> None:
    talk = page.locator(".viewer-talk")
    expect(talk).to_have_attribute("aria-label", "1 条评论", timeout=PATIENCE_MS)
    page.screenshot(path=venue.shots / f"talk-viewer-{theme}.png")
    talk.click()
    button = page.get_by_role("button", name="举报")
    expect(button).to_be_visible(timeout=PATIENCE_MS)
    assert serious(page) == []
    page.screenshot(path=venue.shots / f"talk-{theme}.png")
    page.once("dialog", lambda dialog: dialog.accept())
    button.click()
    expect(button).to_have_count(0, timeout=PATIENCE_MS)


def until_asked(venue: Venue, n: int) -> list[dict[str, Any]]:
    """The cases a person is to look at, once there are so many."""
    path = f"/events/{venue.status['event_id']}/review"
    venue.running.until(lambda: len(venue.organizer(path)["cases"]) >= n, 60)
    found: list[dict[str, Any]] = venue.organizer(path)["cases"]
    return found
