"""A guest's slate, their own wall, chosen photos and a card, in a browser: platform and renderer in this process."""

from __future__ import annotations

import json

import httpx
import pytest
from playwright.sync_api import expect

from backend.context import Stage
from backend.jobs import RenderPhoto
from tests.bridge_client import BridgeClient
from tests.browser.venue import TALL, Guests
from tests.cast import Cast, jpeg
from tests.integration.test_live import people, ringing, serving  # noqa: F401 fixtures
from tests.integration.test_mine import BEGUN, slate_frame
from workers import render

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PATIENCE_MS = 120_000


def test_slate_mine_chosen_and_card(built: None, ringing: Stage, people: Cast, guests: Guests) -> None:  # noqa: F811
    with serving(ringing) as url, httpx.Client(base_url=url) as http:
        bridge = BridgeClient(http)

        def shoot(data: bytes, second: int) -> None:
            said = bridge.shoot(data, camera="cam1", shot_at=BEGUN + 1000 * second)
            render.photo(ringing, RenderPhoto(said["photo_id"]))

        for n in range(8):
            shoot(jpeg("teal", (900, 600), words=str(n)), n)
        page = guests.open(f"{url}/a/{people.event.share_code}", TALL, wait=False)
        page.set_default_timeout(PATIENCE_MS)
        page.wait_for_selector("#wall.hung")
        page.tap("#mine")
        page.locator(".mine-code svg").wait_for()
        count = page.locator(".mine-count")
        expect(count).to_have_text("还没有你的照片，拍到后会自动出现", timeout=PATIENCE_MS)
        token = page.evaluate("localStorage.getItem('kuaimen.token')").split(" ")[0]
        asked = {"Authorization": f"Bearer {token}"}
        slate = http.post("/mp/v1/me/slate", json={"album_id": people.album.id}, headers=asked).json()
        shoot(slate_frame(slate["rows"], "a"), 20)
        shoot(jpeg("red", (900, 600), words="m1"), 21)
        expect(count).to_have_text("已有 1 张", timeout=PATIENCE_MS)
        page.get_by_role("button", name="只看我的照片").tap()
        tiles = page.locator("#wall li")
        expect(tiles).to_have_count(1, timeout=PATIENCE_MS)
        shoot(jpeg("blue", (900, 600), words="m2"), 22)
        expect(tiles).to_have_count(2, timeout=PATIENCE_MS)
        page.tap("#time")
        page.get_by_role("menuitemradio", name="全部时间").tap()
        expect(tiles).to_have_count(10, timeout=PATIENCE_MS)
        page.tap("#take")
        page.get_by_role("button", name="自己挑几张").tap()
        boxes = page.get_by_role("checkbox")
        boxes.nth(1).tap()
        boxes.nth(2).tap()
        expect(page.locator(".picked p")).to_have_text("已选 2 张", timeout=PATIENCE_MS)
        chosen = page.evaluate(
            "[...document.querySelectorAll('a[aria-checked=true]')].map((a) => a.closest('li').dataset.id)"
        )
        with page.expect_request("**/exports") as request:
            page.get_by_role("button", name="下载").last.tap()
        assert json.loads(request.value.post_data or "") == {"photo_ids": chosen}
        page.get_by_role("button", name="关闭").tap()
        page.locator("#wall li a").nth(1).tap()
        page.wait_for_selector(".pswp--open.pswp--ui-visible")
        page.get_by_role("button", name="分享", exact=True).tap()
        page.locator(".sharer-card img").wait_for()
        expect(page.get_by_role("link", name="保存海报")).to_be_visible(timeout=PATIENCE_MS)
