"""The operator's page: what it shows, who may look, who may ask, in a real browser and at the socket."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from camera_bridge.bridge import Bridge
from camera_bridge.config import Config
from camera_bridge.screen import KEY_HEADER, Screen, _Handler
from tests.bridge.conftest import PASSWORD, login, picture, store
from tests.bridge.platform import FakePlatform
from tests.chromium import Launch

pytestmark = pytest.mark.slow


@pytest.fixture
def screen(bridge: Bridge) -> Iterator[Screen]:
    running = Screen(bridge, "127.0.0.1", 0)
    running.start()
    yield running
    running.stop()


def ask(
    screen: Screen, method: str, path: str, doc: object = None, **headers: str
) -> tuple[int, dict[str, Any], http.client.HTTPMessage]:
    line = http.client.HTTPConnection("127.0.0.1", screen.port, timeout=10)
    line.request(
        method, path, json.dumps(doc) if doc is not None else None, {k.replace("_", "-"): v for k, v in headers.items()}
    )
    reply = line.getresponse()
    body = reply.read()
    line.close()
    said = json.loads(body) if "json" in (reply.getheader("Content-Type") or "") else {}
    return reply.status, said, reply.headers


def key(screen: Screen) -> dict[str, str]:
    return {KEY_HEADER: screen.key}


def test_orders_need_the_key(screen: Screen, bridge: Bridge) -> None:
    assert ask(screen, "POST", "/do", {"do": "pause"})[0] == 403
    assert not bridge.desk.paused
    assert ask(screen, "POST", "/do", {"do": "pause"}, **key(screen))[0] == 200
    assert bridge.desk.paused
    assert ask(screen, "POST", "/do", {"do": "dance"}, **key(screen))[0] == 404


def test_a_foreign_host_name_is_refused(screen: Screen) -> None:
    assert ask(screen, "GET", "/state", Host="evil.example")[0] == 403


def test_from_elsewhere_only_with_the_key(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    def from_the_phone(handler: _Handler) -> None:
        handler.client_address = ("192.168.8.30", 1)
        type(handler).__mro__[1].setup(handler)  # type: ignore[attr-defined]  # the base's own

    monkeypatch.setattr(_Handler, "setup", from_the_phone, raising=False)
    for path in ("/", "/state", "/preview/x", "/?key=wrong", "/?key=%E5%BF%AB"):
        status, _, headers = ask(screen, "GET", path)
        assert status == 403, path
        assert headers["Set-Cookie"] is None, "a wrong key earns nothing"
    status, _, headers = ask(screen, "GET", f"/?key={screen.key}")
    assert status == 200
    assert ask(screen, "GET", "/state", Cookie=headers["Set-Cookie"].split(";")[0])[0] == 200


def test_a_path_cannot_leave_the_previews(screen: Screen) -> None:
    for path in ("/preview/../ledger.db", "/preview/..%2fledger.db", "/preview/", "/preview/%00"):
        assert ask(screen, "GET", path)[0] == 404


def test_the_self_test_goes_through_the_door_and_nobody_sees_it(
    screen: Screen, bridge: Bridge, platform: FakePlatform
) -> None:
    platform.wait(lambda: bridge.line.is_up)
    status, said, _ = ask(screen, "POST", "/selftest", {}, **key(screen))
    assert (status, said["ok"]) == (200, True), said
    assert not platform.photos
    assert bridge.state()["counts"]["received"] == bridge.state()["counts"]["aside"] == 0


@pytest.fixture
def browser_page(chromium: Launch) -> Iterator[Page]:
    page = chromium().new_page(locale="zh-CN", viewport={"width": 390, "height": 844})
    yield page
    page.close()


def test_the_page_says_what_to_do(screen: Screen, bridge: Bridge, platform: FakePlatform, browser_page: Page) -> None:
    faults: list[str] = []
    browser_page.on("pageerror", lambda error: faults.append(str(error)))
    browser_page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    platform.wait(lambda: bridge.line.is_up)
    browser_page.goto(f"http://127.0.0.1:{screen.port}/")
    assert "还没有照片" in browser_page.inner_text("#light")
    assert PASSWORD in browser_page.inner_text("#steps")
    with login(bridge) as camera:
        store(camera, "<img src=x onerror=alert(1)>.jpg", picture(1))
        browser_page.wait_for_selector("#shot img", timeout=30_000)
        expect(browser_page.locator("#light")).to_contain_text("可以关闭", timeout=30_000)
    assert "<img src=x" in browser_page.inner_text("#files"), "a name is words, never markup"
    browser_page.click("#tongue")
    assert "safe in the cloud" in browser_page.inner_text("#light")
    browser_page.click("#orders button >> nth=0")
    platform.wait(lambda: bridge.desk.paused)
    wide = browser_page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390, "nothing sticks out on a phone"
    assert not faults


def test_the_light_warns_while_originals_are_only_here(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform, browser_page: Page
) -> None:
    platform.trouble = lambda _method, _path: (503, b"")
    bridge = start(settings)
    with login(bridge) as camera:
        store(camera, "a.jpg", picture(1))
    running = Screen(bridge, "127.0.0.1", 0)
    running.start()
    try:
        browser_page.goto(f"http://127.0.0.1:{running.port}/")
        assert "请勿关闭" in browser_page.inner_text("#light")
        assert "bad" in (browser_page.get_attribute("#light", "class") or "")
    finally:
        running.stop()
