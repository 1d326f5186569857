"""A team grows by links and codes, changes roles, and shrinks at once."""

from __future__ import annotations

import io

import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.test_create import signed_in
from tests.browser.venue import DESK, TALL, Guests, Venue

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # the platform starts within the first test
PASSWORD = "a long enough one"


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found if v["impact"] in ("serious", "critical")]


def test_somebody_comes_by_a_code_and_goes_at_a_click(venue: Venue, guests: Guests) -> None:
    page = signed_in(venue, guests, "/console?all")
    page.get_by_role("link", name="团队").click()
    page.get_by_label("角色").last.select_option("retoucher")
    expect(page.get_by_text("修图台，选片")).to_be_visible()
    page.get_by_label("范围").select_option(venue.status["event_id"])
    page.get_by_role("button", name="生成邀请链接").click()
    link = page.locator(".made code").inner_text()
    shown = page.locator(".made img")
    expect(shown).to_be_visible()
    assert zxingcpp.read_barcode(Image.open(io.BytesIO(shown.screenshot()))).text == link
    assert serious(page) == []

    comer = guests.open(link, TALL)
    expect(comer.get_by_text("修图师")).to_be_visible()
    assert serious(comer) == []
    comer.get_by_label("姓名").fill("小林")
    comer.get_by_label("账号").fill("lin.retoucher")
    comer.get_by_label("密码").fill(PASSWORD)
    comer.get_by_role("button", name="加入").click()
    comer.locator("body.signed-in").wait_for()
    expect(comer.get_by_role("link", name="团队")).to_have_count(0)
    expect(guests.open(link, TALL).get_by_role("heading", name="这个邀请链接已失效")).to_be_visible()

    page.reload()
    row = page.locator(".member", has_text="小林")
    row.get_by_role("combobox").select_option("reviewer")
    expect(page.locator("#notice")).to_contain_text("角色已更改")
    page.locator("#notice .undo").click()
    expect(row.get_by_role("combobox")).to_have_value("retoucher")
    row.get_by_role("button", name="移出团队").click()
    expect(row.get_by_text("已移出")).to_be_visible()
    comer.reload()
    expect(comer.get_by_label("密码")).to_be_visible()


def test_an_invitation_is_taken_back(venue: Venue, guests: Guests) -> None:
    page = signed_in(venue, guests, "/console/team")
    page.locator(".member").first.wait_for()
    waiting = page.get_by_role("button", name="撤回")  # newest first; other tests invite people too
    before = waiting.count()
    page.get_by_role("button", name="生成邀请链接").click()
    link = page.locator(".made code").inner_text()
    expect(waiting).to_have_count(before + 1)
    waiting.first.click()
    expect(waiting).to_have_count(before)
    expect(guests.open(link).get_by_role("heading", name="这个邀请链接已失效")).to_be_visible()


@pytest.mark.parametrize("size", [DESK, TALL])
def test_everybody_can_use_it(venue: Venue, guests: Guests, size: tuple[int, int]) -> None:
    page = signed_in(venue, guests, "/console/team", size)
    page.locator(".member").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert serious(page) == []
    page.locator("#language").click()
    expect(page.get_by_role("heading", name="Team")).to_be_visible()
