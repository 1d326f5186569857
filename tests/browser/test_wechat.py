"""What organizers see of WeChat: messages and their outcomes, the queue of photos; and the sandbox's own page."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import scenes
from tests.browser.test_create import signed_in
from tests.browser.venue import DESK, TALL, Guests, Venue, serious

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PHOTOS = 5
PATIENCE_MS = 60_000
RETOUCH, DONE = "KM_RETOUCH_DONE", "KM_ALBUM_DONE"


class Guest:
    """Somebody in the mini-program by a code, or in a browser by a device."""

    def __init__(self, venue: Venue, code: str = "", **said: str) -> None:
        self.url, self.album, self.headers = f"{venue.url}/mp/v1", venue.status["album_id"], {}
        self.session = self.ask("/session", {"code": code} if code else said)
        self.headers = {"Authorization": f"Bearer {self.session.json().get('token')}"}

    def ask(self, path: str, body: dict[str, Any] | bytes | None = None) -> httpx.Response:
        said: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        method = "GET" if body is None else "POST"
        return httpx.request(method, f"{self.url}{path}", headers=self.headers, timeout=30, trust_env=False, **said)

    def allow(self, **said: Any) -> int:
        return int(self.ask("/subscriptions", {"album_id": self.album, **said}).json()["left"])

    def photos(self) -> list[str]:
        return [str(photo["id"]) for photo in self.ask(f"/albums/{self.album}/photos?limit=100").json()["photos"]]

    def report(self, photo_id: str, reason: str, words: str = "") -> None:
        said = self.ask(f"/photos/{photo_id}/report", {"reason": reason, "words": words})
        assert said.json() == {"hidden": True}


def console(venue: Venue, guests: Guests, size: tuple[int, int] = DESK) -> Page:
    page = signed_in(venue, guests, f"/console/events/{venue.status['event_id']}", size)
    page.set_default_timeout(PATIENCE_MS)
    page.locator(".told p").first.wait_for()
    return page


def told(venue: Venue) -> dict[str, Any]:
    found: dict[str, Any] = venue.organizer(f"/events/{venue.status['event_id']}/messages")
    return found


def row(page: Page, badge: str) -> Locator:
    return page.locator(f".told > .row:has([data-state={badge}])")


def within(page: Page) -> bool:
    """Nothing is wider than the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_messages_and_what_became_of_each(venue: Venue, guests: Guests) -> None:
    honest, forged, before = Guest(venue, "dev:alice"), Guest(venue, "dev:bob"), told(venue)
    assert honest.allow() == 3
    assert forged.allow(results={DONE: "accept"}) == 1  # WeChat knows of no tap
    page = console(venue, guests)
    expect(page.locator(".told > p").first).to_have_text(
        f"{before['listeners'] + 2} 位访客等待消息，还可发 {before['allowed'] + 4} 条", timeout=PATIENCE_MS
    )
    page.get_by_role("button", name="相册已完整，通知访客").click()
    expect(row(page, "live")).to_contain_text("相册完整已送达", timeout=PATIENCE_MS)
    expect(row(page, "rejected")).to_contain_text("1 相册完整访客未订阅或额度已用完")
    expect(page.locator("[data-list=messages]")).to_have_text(
        re.compile(r"已发 [1-9] · 待发 0 · 未达 1"), timeout=PATIENCE_MS
    )
    page.get_by_text("最近的消息").click()
    expect(page.locator(".newest .row")).to_have_count(len(told(venue)["messages"]))
    expect(page.locator(".newest")).to_contain_text("相册完整 · 访客 ")
    assert serious(page) == []
    page.screenshot(path=venue.shots / "messages.png", full_page=True)
    page.get_by_role("button", name="Switch to English").or_(page.locator("#language")).first.click()
    expect(row(page, "rejected")).to_contain_text("The guest allows no more messages", timeout=PATIENCE_MS)
    small = console(venue, guests, TALL)
    expect(row(small, "live")).to_be_visible()
    assert within(small)


def test_the_queue_of_photos_to_decide_about(venue: Venue, guests: Guests) -> None:
    guest = Guest(venue, "dev:carol")
    first, second, *_ = guest.photos()
    guest.report(first, "me", "照片里有我和孩子，请不要公开")
    guest.report(second, "improper")
    venue.organizer(f"/albums/{guest.album}/access", {"contributions": "review"})
    picture = scenes.jpeg(77, width=900, height=600)
    given = guest.ask(f"/albums/{guest.album}/contributions?name=小王", picture)
    page = console(venue, guests)
    cases = page.locator(".case")
    expect(cases).to_have_count(3, timeout=PATIENCE_MS)
    for select in ("checking", "contributions"):
        name, field = page.locator(f"label:has([name={select}]) span"), page.locator(f"[name={select}]")
        box, below = name.bounding_box(), field.bounding_box()
        assert box
        assert below
        assert (box["x"], box["y"] + box["height"]) <= (below["x"], below["y"]), "the name stands above its field"
    assert serious(page) == []
    page.screenshot(path=venue.shots / "queue.png", full_page=True)

    def decide(photo_id: str, word: str) -> None:
        page.locator(f".case[data-photo='{photo_id}']").get_by_role("button", name=word, exact=True).click()
        expect(page.locator(f".case[data-photo='{photo_id}']")).to_have_count(0, timeout=PATIENCE_MS)

    expect(page.locator(f".case[data-photo='{first}']")).to_contain_text("拍到了我 照片里有我和孩子，请不要公开")
    decide(first, "不再显示")
    decide(second, "恢复显示")
    decide(given.json()["id"], "上线")
    expect(page.locator(".review")).to_be_hidden()
    wanted = {second, given.json()["id"]}
    venue.running.until(lambda: wanted <= set(guest.photos()), 60)
    assert first not in guest.photos()
    assert within(console(venue, guests, TALL))


def test_every_button_of_the_sandbox(venue: Venue, guests: Guests) -> None:
    sandbox = venue.running.state()["wechat_base_url"]
    page = guests.open(sandbox, DESK)
    page.set_default_timeout(PATIENCE_MS)
    said = page.locator("#said")
    allowed = told(venue)["allowed"]

    def code_of(name: str) -> str:
        before = said.inner_text()
        page.get_by_label("名字").fill(name)
        page.get_by_role("button", name="登录").click()
        expect(said).not_to_have_text(before)
        expect(said).to_contain_text("登录码")
        return said.inner_text().rsplit(" ", 1)[-1].rsplit("：", 1)[-1]

    def enter(name: str) -> Guest:
        return Guest(venue, code_of(name))

    def allows(n: int) -> None:
        venue.running.until(lambda: told(venue)["allowed"] == allowed + n, 30)

    dora = enter("dora")
    assert dora.session.status_code == 200
    assert dora.allow() == 3
    allows(3)
    phone = page.locator(".phone", has=page.get_by_text("sandbox_dora", exact=True))
    ask = phone.locator(".ask", has_text="照片精修完成通知")
    ask.get_by_role("button", name="允许").click()
    allows(4)  # WeChat's push says so
    pushes = page.locator("#pushes tr")
    newest = httpx.get(f"{sandbox}/_sandbox/state", trust_env=False).json()["pushes"][-1]["push_id"]
    expect(pushes.first.locator("[data-push]")).to_have_attribute("data-push", str(newest))
    expect(pushes.first).to_contain_text("✓")
    pushes.first.get_by_role("button", name="重发").click()
    expect(pushes.first).to_contain_text("✓, ✓")
    ask.get_by_role("button", name="取消").click()
    expect(pushes.first.locator("[data-push]")).to_have_attribute("data-push", str(newest + 1))
    expect(pushes.first).to_contain_text("✓")
    allows(4)  # the same tap counted once, and «no» takes nothing away
    ask.get_by_role("button", name="关闭通知").click()
    expect(ask.locator(".left")).to_have_text("0")
    allows(2)

    fault, path, times = (page.locator(f"#inject [name={name}]") for name in ("fault", "path", "times"))
    fault.select_option("40226")
    path.select_option("/sns/jscode2session")
    times.select_option("直到恢复")
    page.get_by_role("button", name="注入").click()
    expect(page.locator("#faults")).to_contain_text("40226")
    risky = enter("mallory").session
    assert (risky.status_code, risky.json()["code"]) == (403, "risky_guest")
    expect(page.locator("#calls tr").first).to_contain_text("40226")
    page.get_by_role("button", name="全部恢复").click()
    expect(page.locator("#faults div")).to_have_count(0)
    assert enter("mallory").session.status_code == 200

    page.locator("[name=media_suggest]").select_option("risky")
    before = dora.photos()
    venue.organizer(f"/albums/{dora.album}/checking", {"checking": "after"})
    venue.running.until(lambda: not set(before) & set(dora.photos()), 60)  # they are checked, found risky, and gone
    venue.organizer(f"/albums/{dora.album}/checking", {"checking": "off"})
    page.locator("[name=media_suggest]").select_option("pass")
    venue.organizer("/photos/act", {"photo_ids": before, "do": "restore"})
    venue.running.until(lambda: set(before) <= set(dora.photos()), 60)

    page.get_by_role("button", name="+2 小时").click()
    expect(page.locator("#clock")).to_contain_text("已拨快 2.0 h")
    old = code_of("dora")
    page.get_by_role("button", name="+10 分钟").click()
    expect(page.locator("#clock")).to_contain_text("已拨快 2.2 h")
    assert Guest(venue, old).session.json()["code"] == "bad_js_code", "codes live five minutes"
    page.get_by_role("button", name="+1 天").click()
    expect(page.locator("#clock")).to_contain_text("已拨快 26.2 h")
    assert enter("dora").session.status_code == 200, "the platform got itself a new token"
    back = {"seconds": -94_200}  # else what other tests' guests tap lies a day ahead, and counts beside their own word
    httpx.post(f"{sandbox}/_sandbox/advance", json=back, trust_env=False).raise_for_status()
    assert serious(page) == []
    page.screenshot(path=venue.shots / "sandbox.png", full_page=True)
    link = Guest(venue, device="d" * 16).ask(f"/albums/{dora.album}/tie", {}).json()["url"]
    linked = guests.open(link, DESK)
    expect(linked.locator("#opened .code")).to_contain_text("pages/told/told?album=")
    page.locator("#language").click()
    expect(page.get_by_role("button", name="Mend all")).to_be_visible()
    small = guests.open(sandbox, TALL)
    small.locator(".phone").first.wait_for()
    assert within(small)
    small.screenshot(path=venue.shots / "sandbox-small.png", full_page=True)
