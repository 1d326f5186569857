"""One real event, walked by everybody it has: owner, photographer, retoucher, sponsor, guests, who runs the platform.

From an installation nobody has used to the report as a PDF, by what each of them sees on a screen of their own. The
camera is an FTP client; the bridge in between is the real one, paired by its code.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from ftplib import FTP
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Page, expect

from launch import ports
from tests.browser import scenes
from tests.browser.test_create import signed_in
from tests.browser.test_pairing import BRIDGE
from tests.browser.test_pairing import until as until_said
from tests.browser.test_team import PASSWORD, serious
from tests.browser.venue import DESK, TALL, Guests, Venue, listening, until
from tests.cast import png_frame
from tests.e2e.platform import Running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"  # no robot
SHOTS = 4
SPONSOR = "https://acme.example/"
SLOW_MS = 60_000  # a machine that does ten other things
NUMBERS = ("guests", "visit", "viewable", "view", "click", "download", "share")


@pytest.fixture
def empty(built: None, tmp_path: Path) -> Generator[Venue]:
    """An installation as it is after its first start: nobody has sent or seen a photo."""
    running = Running(tmp_path / "var")
    try:
        running.start()
        yield Venue(running, running.status(), tmp_path)
        running.stop()
    finally:
        running.end()


def test_five_people_and_an_event(empty: Venue, guests: Guests, tmp_path: Path) -> None:
    owner = signed_in(empty, guests, "/console?all")
    event_id, album_url = make_event(owner)
    photographer = join(guests, invitation(empty, owner, "photographer", event_id), "老周", "zhou.camera")
    retoucher = join(guests, invitation(empty, owner, "retoucher", event_id), "小林", "lin.retoucher")
    with bridge(empty, photographer, event_id, tmp_path) as camera:
        guest = guests.open(album_url, TALL, user_agent=PHONE)
        listening(guest)
        bring_a_sponsor(empty, owner, event_id)
        for n in range(SHOTS):
            size = {"width": 900, "height": 600}
            content = scenes.jpeg(n, **size, shot_at=int(time.time() * 1000) - 1_000)
            camera.storbinary(f"STOR DSC_{n:04d}.JPG", io.BytesIO(content))
        until(guest, f"document.querySelectorAll('#wall li[data-id]').length === {SHOTS}", 120)
        owner.goto(f"{empty.url}/console/events/{event_id}")
        expect(owner.locator("[data-counter=original_stored] dd")).to_have_text(str(SHOTS), timeout=SLOW_MS)
        retouch(empty, retoucher, guest, event_id)
        look_around(guest)
    report = read_numbers(empty, guests, owner, event_id)
    assert report["totals"] | {"viewable": 0} == dict.fromkeys(NUMBERS, 0) | {
        "guests": 1, "visit": 1, "view": 1, "click": 1, "download": 1, "share": 1
    }  # fmt: skip
    compare_documents(empty, owner, event_id, report)
    look_in_from_above(empty, guests)


def make_event(owner: Page) -> tuple[str, str]:
    """From the template to the code; returns the event's id and the address the code leads to."""
    owner.get_by_role("link", name="新建活动").click()
    owner.get_by_text("会议论坛").click()
    owner.get_by_label("活动名称").fill("春季新品发布会")
    owner.get_by_label("地点").fill("上海")
    owner.get_by_role("button", name="创建活动").click()
    owner.locator(".ready-qr").wait_for()
    found = re.search(r"/events/([\w-]+)/ready", owner.url)
    assert found
    return found.group(1), str(owner.locator(".ready-url a").get_attribute("href"))


def invitation(venue: Venue, owner: Page, role: str, event_id: str) -> str:
    owner.goto(f"{venue.url}/console/team")
    owner.get_by_label("角色").last.select_option(role)
    owner.get_by_label("范围").select_option(event_id)
    owner.get_by_role("button", name="生成邀请链接").click()
    return owner.locator(".made code").inner_text()


def join(guests: Guests, link: str, name: str, login: str) -> Page:
    page = guests.open(link, DESK)
    page.get_by_label("姓名").fill(name)
    page.get_by_label("账号").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="加入").click()
    page.locator("body.signed-in").wait_for()
    expect(page.get_by_role("link", name="设置")).to_have_count(0)  # not theirs to change
    return page


@contextmanager
def bridge(venue: Venue, photographer: Page, event_id: str, folder: Path) -> Iterator[FTP]:
    """The photographer pairs a bridge by the code on its screen, starts it, and connects a camera."""
    screen, settings = folder / "screen.txt", folder / "walk-bridge.json"
    running: list[subprocess.Popen[bytes]] = []
    try:
        with screen.open("wb") as out:
            pair = [*BRIDGE, "pair", "--server", venue.url, "--config", str(settings)]
            running.append(subprocess.Popen(pair, stdout=out, stderr=out))
            code = until_said(screen, r"([2-9A-Z]{3}-[2-9A-Z]{3})\b")
            photographer.goto(f"{venue.url}/pair/{code.replace('-', '')}")
            photographer.locator("select[name=album]").select_option(label="主会场")
            photographer.locator("form button[type=submit]").click()
            assert running[0].wait(60) == 0
            said = json.loads(settings.read_text())
            said |= {"spool_dir": str(folder / "spool"), "state_port": ports.free()}
            said["ftp"] |= {"port": ports.free(), "host": "127.0.0.1"}
            settings.write_text(json.dumps(said))
            running.append(subprocess.Popen([*BRIDGE, "run", "--config", str(settings)], stdout=out, stderr=out))
            photographer.wait_for_selector(".steps li.done[data-step=heard]", timeout=SLOW_MS)
            user = said["ftp"]["users"][0]
            with FTP(timeout=30) as camera:
                camera.connect("127.0.0.1", said["ftp"]["port"])
                camera.login(user["user"], user["password"])
                photographer.wait_for_selector(".steps li.done[data-step=camera]", timeout=SLOW_MS)
                yield camera
            photographer.wait_for_selector(".steps li.done[data-step=photo]", timeout=SLOW_MS)
    finally:
        for process in running:
            if process.poll() is None:
                process.terminate()
                process.wait(20)


def bring_a_sponsor(venue: Venue, owner: Page, event_id: str) -> None:
    owner.goto(f"{venue.url}/console/events/{event_id}/brand")
    owner.get_by_role("button", name="赞助商", exact=True).click()
    owner.get_by_role("button", name="加赞助商").click()
    file = {"name": "acme.png", "mimeType": "image/png", "buffer": png_frame()}
    owner.set_input_files(".marks:not([hidden]) input[type=file]", file)
    expect(owner.locator(".mark-head b", has_text="acme")).to_be_visible(timeout=SLOW_MS)
    owner.locator("input[name=sponsor_link]").fill(SPONSOR)
    owner.locator("input[name=sponsor_link]").press("Tab")
    expect(owner.locator("#notice")).to_contain_text("已保存")
    owner.get_by_role("button", name="保存并应用").click()
    expect(owner.locator("#notice")).to_contain_text("照片正在更新")


def retouch(venue: Venue, retoucher: Page, guest: Page, event_id: str) -> None:
    """Take the first that needs it, bring it back edited elsewhere, and time it to a guest's open album."""
    retoucher.get_by_role("link", name="修图台").click()
    retoucher.locator(".queue-row .act").first.click(timeout=SLOW_MS)
    held = retoucher.locator(".queue-held")
    expect(held).to_have_count(1, timeout=SLOW_MS)
    found = re.search(r"DSC_\d{4}\.JPG", held.inner_text())
    assert found
    answer = retoucher.request.get(f"{venue.url}/api/v1/events/{event_id}/photos", params={"name": found.group()})
    [photo] = answer.json()["photos"]
    tile = f"document.querySelector('#wall li[data-id=\"{photo['id']}\"] img').src"
    before = guest.evaluate(tile)
    edited = scenes.jpeg(77, width=900, height=600, shot_at=1_790_000_000_000)
    began = time.monotonic()
    file = {"name": found.group(), "mimeType": "image/jpeg", "buffer": edited}
    retoucher.set_input_files("input[type=file]", file)
    until(guest, f"{tile} !== {json.dumps(before)}", 60)
    print(f"a version by hand is in an open album {time.monotonic() - began:.2f} s after it was handed in")
    expect(held).to_have_count(0, timeout=SLOW_MS)


def look_around(guest: Page) -> None:
    """A guest sees tiles, opens one, likes it, looks at who paid for it, takes it home and passes it on."""
    guest.wait_for_timeout(1_300)  # half of a tile for a second
    guest.locator("#wall li[data-id] a").first.click()
    guest.locator(".viewer-heart").click()
    guest.context.route(f"{SPONSOR}**", lambda asked: asked.fulfill(body="ACME"))
    with guest.expect_popup() as shop:
        guest.get_by_role("link", name="acme").click(timeout=SLOW_MS)
    assert shop.value.url.startswith(SPONSOR)
    shop.value.close()
    guest.context.grant_permissions(["clipboard-read", "clipboard-write"])
    guest.get_by_role("button", name="分享", exact=True).click()
    guest.get_by_role("button", name="分享链接").click()
    guest.get_by_role("button", name="下载", exact=True).click()
    with guest.expect_download(timeout=SLOW_MS):
        guest.locator(".viewer-save").click(timeout=SLOW_MS)
    guest.keyboard.press("Escape")


def read_numbers(venue: Venue, guests: Guests, owner: Page, event_id: str) -> dict[str, Any]:
    """On the owner's screen, and on the sponsor's own; returns the report they are made of."""
    owner.goto(f"{venue.url}/console/events/{event_id}/numbers")
    for told in ("share", "download"):  # by the guest's phone, every ten seconds
        expect(owner.locator(f"[data-number={told}] dd")).to_have_text("1", timeout=SLOW_MS)
    expect(owner.locator("[data-number=viewable] dd")).not_to_have_text("0")
    expect(owner.locator(".chart rect")).to_have_count(1)
    acme = owner.locator(".sponsor", has_text="acme")
    acme.get_by_role("button", name="赞助商只读链接").click()
    link = owner.locator(".office-once code").inner_text()
    report: dict[str, Any] = owner.request.get(f"{venue.url}/api/v1/events/{event_id}/report").json()
    [sponsor] = report["sponsors"]
    page = guests.open(link, TALL)
    expect(page.get_by_role("heading", name=sponsor["name"])).to_be_visible()
    for word, number in (
        ("可见曝光", "viewable"),
        ("大图浏览", "view"),
        ("链接点击", "click"),
        ("下载", "download"),
        ("分享", "share"),
    ):
        expect(page.locator(".sums div", has_text=word).locator("dd")).to_have_text(str(sponsor[number]))
    assert page.evaluate("document.documentElement.scrollWidth") <= TALL[0]
    assert serious(page) == []
    return report


def compare_documents(venue: Venue, owner: Page, event_id: str, report: dict[str, Any]) -> None:
    """The certificate is drawn up, and the PDF says what the screen said."""
    owner.goto(f"{venue.url}/console/events/{event_id}/cameras")
    owner.get_by_role("button", name="交付证明").click()
    owner.wait_for_url("**/certificates/*")
    document = pypdfium2.PdfDocument(owner.request.get(f"{venue.url}/api/v1/events/{event_id}/report.pdf").body())
    text = "".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    totals = [report["totals"][number] for number in NUMBERS]
    assert [int(n) for n in re.findall(r"\d+", text.split("合计")[1].split("\n")[0])] == totals
    assert "acme" in text
    assert owner.url in text


def look_in_from_above(venue: Venue, guests: Guests) -> None:
    """Whoever runs the installation sees the organization, its photos, and that nothing failed."""
    login, _, password = venue.running.ask("platform-admin", "ops").stdout.strip().partition(" / ")
    page = guests.open(f"{venue.url}/console/platform", DESK)
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    row = page.locator(".office tr", has_text="快门示例机构")
    expect(row.locator("[data-head=照片]")).to_have_text(str(SHOTS), timeout=SLOW_MS)
    expect(page.get_by_text("没有失败的任务")).to_be_visible()
