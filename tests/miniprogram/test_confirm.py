"""A member signs a browser in with their phone: the code is scanned, the phone asks, the browser goes on by itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

import pyotp
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.miniprogram.conftest import House
from tests.miniprogram.phone import Phone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
Guest = Callable[..., Phone]


def console(browser: Browser, house: House, path: str = "") -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{house.url}/console{path}")
    return page


def scan(page: Page, phone: Phone) -> str:
    """The phone's camera reads the code on the screen; returns the number beside it."""
    picture = page.locator(".scan img")
    picture.wait_for()
    answer = page.request.get(f"{page.url.split('/console')[0]}{picture.get_attribute('src')}")
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(answer.body()))).text
    [scene] = parse_qs(urlsplit(found).query)["scene"]
    phone.open(f"pages/confirm/confirm?scene={quote(scene, safe='')}")
    phone.until("phone.page().data.face === 'asking'")
    said = page.locator(".scan-number").inner_text()
    assert said.endswith(str(phone.data["asking"]["number"]))
    return said


def proven(page: Page, house: House, button: str) -> None:
    page.get_by_role("button", name=button).click()
    page.locator("input[name=proof]").fill(house.seed["password"])
    page.locator("form button[type=submit]").click()


def test_a_phone_is_bound_signs_in_and_a_second_step_stays(house: House, guest: Guest, browser: Browser) -> None:
    owner, phone = console(browser, house, "/account"), guest("owner")
    owner.fill("input[name=login]", house.seed["login"])
    owner.fill("input[name=password]", house.seed["password"])
    owner.click("button[type=submit]")
    proven(owner, house, "绑定微信")
    scan(owner, phone)
    phone.tap("确认绑定")
    expect(owner.get_by_text("已绑定", exact=True)).to_be_visible(timeout=20_000)

    newcomer = console(browser, house)
    newcomer.get_by_role("button", name="微信扫码登录").click()
    scan(newcomer, phone)
    phone.tap("确认登录")
    newcomer.locator("body.signed-in").wait_for()
    phone.until("phone.page().data.face === 'done'")

    proven(owner, house, "开启")
    secret = owner.locator(".account code").inner_text()
    qr = zxingcpp.read_barcode(Image.open(io.BytesIO(owner.locator(".account-qr").screenshot())))
    assert f"secret={secret}" in qr.text
    owner.locator("input[name=digits]").fill(pyotp.TOTP(secret).now())
    owner.get_by_role("button", name="确认").click()
    recovery = owner.locator(".recovery code")
    expect(recovery).to_have_count(10)
    newcomer.reload()
    newcomer.get_by_role("button", name="微信扫码登录").click()
    scan(newcomer, phone)
    phone.tap("确认登录")
    newcomer.locator("input[name=code]").fill(recovery.first.inner_text())
    newcomer.get_by_role("button", name="登录", exact=True).click()
    newcomer.locator("body.signed-in").wait_for()
    proven(owner, house, "关闭")
    expect(owner.get_by_text("未开启")).to_be_visible()
    phone.open(f"pages/album/album?id={house.seed['album_id']}")
    phone.until("phone.page().data.face === 'wall'")
    phone.now("wx.reLaunch({ url: '/pages/home/home' })")
    phone.until("phone.page().route === 'pages/home/home'")
    assert "/track" not in phone.asked()  # a member is no guest


def test_a_stranger_is_told_and_an_old_code_leads_nowhere(house: House, guest: Guest, browser: Browser) -> None:
    page, phone = console(browser, house), guest("stranger")
    page.get_by_role("button", name="微信扫码登录").click()
    page.locator(".scan img").wait_for()
    ticket = (page.locator(".scan img").get_attribute("src") or "").split("/")[-2]
    phone.open(f"pages/confirm/confirm?scene={quote(f'k={ticket}', safe='')}")
    phone.until("phone.page().data.face === 'failed'")
    assert "还没有绑定" in phone.data["problem"]
    phone.open("pages/confirm/confirm?scene=k%3Dgone")
    phone.until("phone.page().data.face === 'failed'")
    assert "已过期" in phone.data["problem"]
