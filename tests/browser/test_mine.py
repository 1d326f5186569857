"""A guest's slate, their own wall, chosen photos and a card, in a browser, against the running platform."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from backend.clock import now_ms
from tests.browser import scenes
from tests.browser.venue import TALL, Guests, Venue, listening, serious
from tests.integration.test_mine import slate_frame

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PHOTOS = 8
PATIENCE_MS = 60_000
MINE_S = 2
CARD_S = 1


def test_slate_mine_chosen_and_card(venue: Venue, guests: Guests, record_property: Callable[..., None]) -> None:
    page = guests.open(venue.album_url, TALL)
    page.set_default_timeout(PATIENCE_MS)
    listening(page)
    tiles = page.locator("#wall li")
    before = tiles.count()
    page.tap("#mine")
    page.locator(".mine-code svg").wait_for()
    count = page.locator(".mine-count")
    expect(count).to_have_text("还没有你的照片，拍到后会自动出现", timeout=PATIENCE_MS)
    assert serious(page) == []
    shoot(venue, "SLATE", the_slate(venue, page))
    shoot(venue, "MINE0")
    expect(count).to_have_text("已有 1 张", timeout=PATIENCE_MS)
    page.get_by_role("button", name="只看我的照片").tap()
    expect(tiles).to_have_count(1, timeout=PATIENCE_MS)
    arrivals = [joined(venue, page, n) for n in range(1, 4)]
    record_property("mine_s", arrivals)
    assert min(arrivals) < MINE_S, arrivals

    page.tap("#time")
    page.get_by_role("menuitemradio", name="全部时间").tap()
    expect(tiles).to_have_count(before + 4, timeout=PATIENCE_MS)
    page.tap("#take")
    page.get_by_role("button", name="自己挑几张").tap()
    boxes = page.get_by_role("checkbox")
    boxes.nth(1).tap()
    boxes.nth(2).tap()
    expect(page.locator(".picked p")).to_have_text("已选 2 张", timeout=PATIENCE_MS)
    assert serious(page) == []
    chosen = page.evaluate(
        "[...document.querySelectorAll('a[aria-checked=true]')].map((a) => a.closest('li').dataset.id)"
    )
    with page.expect_request("**/exports") as request:
        page.get_by_role("button", name="下载").last.tap()
    assert json.loads(request.value.post_data or "") == {"photo_ids": chosen}
    page.get_by_role("button", name="关闭").tap()

    page.locator("#wall li a").nth(1).tap()
    page.wait_for_selector(".pswp--open.pswp--ui-visible")
    cards = [card(page, last=n == 2) for n in range(3)]
    record_property("card_s", cards)
    print(f"mine {arrivals} s; cards {cards} s")
    assert min(cards) < CARD_S, cards


def the_slate(venue: Venue, page: Page) -> bytes:
    """The guest's code as a photographer's camera sees it."""
    token = page.evaluate("localStorage.getItem('kuaimen.token')").split(" ")[0]
    asked = {"Authorization": f"Bearer {token}"}
    said = httpx.post(f"{venue.url}/mp/v1/me/slate", json={"album_id": venue.status["album_id"]}, headers=asked)
    frame = Image.open(io.BytesIO(slate_frame(said.raise_for_status().json()["rows"], "a")))
    out = io.BytesIO()
    frame.save(out, "JPEG", quality=90, exif=scenes.stamp(now_ms()))
    return out.getvalue()


def shoot(venue: Venue, name: str, frame: bytes | None = None) -> float:
    """Returns the moment after the last byte."""
    seed = 700 + venue.shot
    venue.shot += 1
    content = frame or scenes.jpeg(seed, width=750, height=500, shot_at=now_ms())
    with venue.camera() as ftp:
        ftp.storbinary(f"STOR {name}.JPG", io.BytesIO(content))
        return time.monotonic()


def joined(venue: Venue, page: Page, n: int) -> float:
    """Seconds from a frame's last byte to its picture among the guest's own."""
    sent = shoot(venue, f"MINE{n}")
    expect(page.locator("#wall li:has(img)")).to_have_count(n + 1, timeout=PATIENCE_MS)
    return round(time.monotonic() - sent, 2)


def card(page: Page, *, last: bool) -> float:
    """Seconds from the tap to the card of the photo that is shown; then on to the next photo."""
    button = page.get_by_role("button", name="分享", exact=True)
    button.wait_for()
    page.wait_for_timeout(600)  # while the viewer moves it takes no taps
    began = time.monotonic()
    button.tap()
    page.locator(".sharer-card img").wait_for()
    took = round(time.monotonic() - began, 2)
    expect(page.get_by_role("link", name="保存海报")).to_be_visible(timeout=PATIENCE_MS)
    if last:
        assert serious(page) == []
    page.locator(".sharer").get_by_role("button", name="关闭").tap()
    page.keyboard.press("ArrowRight")
    return took
