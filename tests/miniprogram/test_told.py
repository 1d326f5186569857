"""From the album in a browser to the mini-program and back: one tap, and WeChat tells of the photos found there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.test_mine import slate_frame
from tests.miniprogram.conftest import House
from tests.miniprogram.phone import Phone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
Guest = Callable[..., Phone]


@pytest.fixture
def album(browser: Browser, house: House) -> Iterator[Page]:
    """The guest's browser."""
    house.fill(3)
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, locale="zh-CN")
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(f"{house.url}/a/{house.seed['share_code']}")
    page.wait_for_selector("#wall.hung")
    yield page
    context.close()


def leads_to(house: House, url: str) -> str:
    """What WeChat opens when the link is tapped; here it leads to the sandbox's page, which says so."""
    state: dict[str, Any] = httpx.get(f"{house.sandbox}/_sandbox/state", trust_env=False).json()
    [opened] = parse_qs(urlsplit(url).query)["opened"]
    return next(str(link["page"]) for link in state["links"] if link["url"] == opened)


def link_of(page: Page) -> str:
    page.tap("#mine")
    page.get_by_role("button", name="微信提醒我").tap()
    link = page.get_by_role("link", name="打开小程序")
    expect(link).to_be_visible()
    return str(link.get_attribute("href"))


def test_what_the_browser_has_is_found_and_told_in_wechat(house: House, guest: Guest, album: Page) -> None:
    page = leads_to(house, link_of(album))
    no = guest("no", subscribe="reject").open(page)
    no.until("phone.page().data.face === 'ask'")
    no.tap("允许提醒")
    no.until("phone.toasts.includes('没有开启，随时可以再点')")
    assert no.data["face"] == "ask", "nobody is joined who did not say yes"
    phone = guest("told").open(page)
    phone.until("phone.page().data.face === 'ask'")
    phone.tap("允许提醒")
    phone.until("phone.page().data.face === 'done'")
    album.evaluate("dispatchEvent(new Event('visibilitychange'))")  # back from WeChat
    expect(album.get_by_text("已在微信里提醒你")).to_be_visible()
    token = album.evaluate("localStorage.getItem('kuaimen.token')").split(" ")[0]
    asked = {"Authorization": f"Bearer {token}"}
    slate = house.http.post("/mp/v1/me/slate", json={"album_id": house.seed["album_id"]}, headers=asked).json()
    house.bridge.shoot(slate_frame(slate["rows"], "s"), name="S1.JPG", camera="tied", shot_at=1_800_000_000_000)
    mine = house.bridge.shoot(slate_frame(["1"], "of me"), name="S2.JPG", camera="tied", shot_at=1_800_000_001_000)
    phone.tap("看我的照片")
    phone.until("phone.page().route === 'pages/mine/mine'")
    phone.until(f"phone.page().data.tiles.some(tile => tile.id === {mine['photo_id']!r})", 60_000)
    late = guest("late").open(page)
    late.until("phone.page().data.face === 'ask'")
    late.tap("允许提醒")
    late.until("phone.page().data.problem === '链接已用过或已过期，请回到浏览器再点一次'")
    album.get_by_role("button", name="取消关联").tap()
    expect(album.get_by_role("button", name="微信提醒我")).to_be_visible()


def test_a_private_album_is_entered_first(house: House, guest: Guest, album: Page) -> None:
    page = leads_to(house, link_of(album))
    rule = f"/albums/{house.seed['album_id']}/access"
    house.organizer(rule, {"access": "code", "secret": "GALA-26"})
    try:
        phone = guest("private").open(page)
        phone.until("phone.page().data.face === 'locked'")
        phone.tap("进入相册")
        phone.until("phone.page().route === 'pages/album/album' && phone.page().data.face === 'locked'")
        phone.page.locator("input").fill("gala 26")
        phone.tap("进入相册")
        phone.until("phone.page().data.face === 'wall'")
        phone.now("phone.back()")
        phone.until("phone.page().data.face === 'ask'")
        phone.open(page)  # later, from cold: the pass is kept
        phone.until("phone.page().data.face === 'ask'")
        phone.tap("允许提醒")
        phone.until("phone.page().data.face === 'done'")
    finally:
        house.organizer(rule, {"access": "public"})
