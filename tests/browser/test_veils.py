"""The organizer's page of faces, and a guest who asks to be covered, both in browsers on the running platform."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from backend.face_notice import CHECKLIST
from launch.commands import certificate
from tests.browser.venue import DESK, TALL, Guests, Venue, listening, opened, serious

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def venue(built: None, tmp_path_factory: pytest.TempPathFactory) -> Generator[Venue]:
    with opened(tmp_path_factory.mktemp("venue")) as found:
        found.shoot_people()
        yield found


def console(venue: Venue, guests: Guests, event_id: str) -> Page:
    page = guests.open(f"{venue.url}/console", DESK)
    page.fill("input[name=login]", venue.status["console"]["login"])
    page.fill("input[name=password]", venue.status["console"]["password"])
    page.click("button[type=submit]")
    page.get_by_role("link", name="人脸与隐私").click()
    page.locator(".faces-form").wait_for(timeout=90_000)  # the engine is loaded when it is first asked about
    assert page.url.endswith(f"/console/events/{event_id}/faces")
    return page


def test_the_organizer_answers_for_it_a_guest_is_covered_and_all_of_it_ends(
    venue: Venue, guests: Guests, tmp_path: Path
) -> None:
    [event] = venue.organizer("/events")["events"]
    at = f"/events/{event['id']}/faces"
    page = console(venue, guests, event["id"])
    assert page.locator(".faces-line input:checked").count() == 0, "nothing is ticked beforehand"
    page.get_by_role("button", name="确认并开启").click()
    assert not venue.organizer(at)["active"], "every line of the assessment is needed"
    for name in CHECKLIST:
        page.locator(f"[name=line_{name}]").check()
    page.fill("[name=contact]", "dpo@example.com")
    page.locator("[name=tap_h5]").check()
    assert serious(page) == []
    page.screenshot(path=venue.shots / "faces-off.png", full_page=True)
    page.get_by_role("button", name="确认并开启").click()
    expect(page.get_by_text("已开启", exact=True)).to_be_visible(timeout=30_000)
    venue.running.until(lambda: venue.organizer(at)["counts"]["photos"] == 3, 120)
    expect(page.locator("[data-count=faces] dd")).to_have_text("4", timeout=30_000)
    expect(page.get_by_text("全平台存储人数 2 / 100,000")).to_be_visible()

    listed = venue.organizer(f"/events/{event['id']}/photos?limit=9")["photos"]
    [both] = [photo["id"] for photo in listed if photo["name"] == "FACE2.JPG"]
    me = guests.open(f"{venue.album_url}#p={both}", TALL)
    listening(me)
    me.get_by_role("button", name="人物").tap()
    rings = me.locator("button.veil-ring")
    rings.first.wait_for()
    assert rings.count() == 2, "both are in it"
    rings.first.tap()
    me.get_by_label("遮住我的脸").check()
    me.locator("[name=everywhere]").check()
    me.get_by_label("补充说明（选填）").fill("请遮一下")
    me.screenshot(path=venue.shots / "ask.png")
    assert serious(me) == []
    me.get_by_role("button", name="提交申请").tap()
    me.get_by_text("已收到").wait_for()

    card = page.locator("[data-veil]")
    expect(card).to_have_count(1, timeout=30_000)
    expect(card).to_contain_text("请遮一下")
    assert card.locator(".veil-picture i").bounding_box() is not None
    page.screenshot(path=venue.shots / "request.png", full_page=True)
    assert serious(page) == []
    began = time.monotonic()
    card.get_by_role("button", name="同意").click()
    expect(card).to_contain_text("涉及 2 张照片", timeout=30_000)
    venue.running.until(lambda: venue.running.live() == 3, 60)
    took = time.monotonic() - began
    print(f"covered after {took:.1f} s")
    assert took < 30, "the goal is 10 s on an idle machine; this one may be busy"
    me.reload()
    listening(me)
    me.wait_for_timeout(500)
    me.screenshot(path=venue.shots / "covered.png")

    page.get_by_role("button", name="立即删除全部人脸数据").click()
    page.get_by_role("button", name="删除并出具证明").click()
    expect(page.get_by_text("剩余 0")).to_be_visible(timeout=30_000)
    with page.expect_download() as download:
        page.get_by_role("link", name="下载证明（带签名）").click()
    proof = tmp_path / "proof.json"
    download.value.save_as(proof)
    key = tmp_path / "key.pem"
    public = page.get_by_role("link", name="验证公钥").get_attribute("href")
    key.write_bytes(httpx.get(f"{venue.url}{public}").raise_for_status().content)
    certificate.run(proof, key)
    assert json.loads(proof.read_text())["certificate"]["deleted"]["faces"] == 4
    page.screenshot(path=venue.shots / "deleted.png", full_page=True)
    assert guests.troubles == []
