"""The big screen and the console, in a browser, against the running platform."""

from __future__ import annotations

import io
import time

import pytest
from PIL import Image
from playwright.sync_api import expect

from backend.clock import now_ms
from tests.browser import scenes
from tests.browser.venue import DESK, TALL, WIDE, Guests, Venue, listening, serious, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ON_STAGE = "[...document.querySelectorAll('#stage [data-id]')].map((one) => one.dataset.id)"
BROKEN = "[...document.querySelectorAll('#stage img')].filter((img) => img.complete && !img.naturalWidth).length"
TEN_MINUTES_MS = 10 * 60 * 1000


def screen(venue: Venue, mode: str) -> str:
    return f"{venue.url}/screen/{venue.status['share_code']}?mode={mode}"


@pytest.mark.parametrize("mode", ["wall", "slides", "spotlight"])
def test_a_new_photo_is_on_the_screen_within_two_seconds(venue: Venue, guests: Guests, mode: str) -> None:
    page = guests.open(screen(venue, mode), WIDE)
    until(page, f"{ON_STAGE}.length > 0 && document.getElementById('pulse').dataset.state === 'live'", 30)
    page.wait_for_timeout(1500)
    took = []
    for _ in range(3):
        known = page.evaluate(ON_STAGE)
        sent = venue.shoot()
        newest = ""
        while not newest:
            fresh = page.evaluate("document.querySelector('#stage .fresh')?.dataset.id ?? ''")
            newest = fresh if fresh not in known else ""
            assert time.monotonic() - sent < 20
        took.append(time.monotonic() - sent)
    assert min(took) < 2, took


@pytest.mark.parametrize("mode", ["wall", "slides", "spotlight"])
def test_ten_minutes_without_a_network_are_not_seen(venue: Venue, guests: Guests, mode: str) -> None:
    page = guests.open("about:blank", WIDE)
    page.clock.install()
    page.goto(screen(venue, mode))
    page.clock.run_for(3000)
    until(page, f"{ON_STAGE}.length > 0", 30)
    for _ in range(8):  # the reel fills itself a few pictures at a time
        page.clock.run_for(2000)
        page.wait_for_timeout(200)
    page.context.set_offline(True)
    shown = set()
    for _ in range(10):
        page.clock.run_for(TEN_MINUTES_MS // 10)
        page.wait_for_timeout(60)
        shown |= set(page.evaluate(ON_STAGE))
        assert page.evaluate(BROKEN) == 0
        assert page.evaluate("document.querySelectorAll('#stage img').length") > 0
    assert len(shown) > 3, "it stood still"
    page.context.set_offline(False)
    known = page.evaluate(ON_STAGE)
    venue.shoot()
    for _ in range(40):
        page.clock.run_for(1000)
        page.wait_for_timeout(100)
        fresh = page.evaluate("document.querySelector('#stage .fresh')?.dataset.id ?? ''")
        if fresh and fresh not in known:
            break
    assert fresh not in known


def test_only_finished_photos_where_it_says_so(venue: Venue, guests: Guests) -> None:
    finished = f"{screen(venue, 'wall')}&show=finished"
    unfinished = guests.open(f"{finished}&album={venue.plant_album('没修过', 12)}", WIDE)
    until(unfinished, f"{ON_STAGE}.length > 5", 30)  # nothing is finished here: never empty
    page = guests.open(screen(venue, "wall"), WIDE)
    until(page, f"{ON_STAGE}.length > 5", 30)
    photo_id = page.evaluate(ON_STAGE)[0]
    venue.organizer(f"/photos/{photo_id}/retouched", scenes.jpeg(900, width=750, height=500))
    venue.running.until(lambda: photo_id in venue.retouched(), 60)
    page.goto(finished)
    known = venue.retouched()  # also what other tests retouched
    until(page, f"{ON_STAGE}.includes('{photo_id}') && {ON_STAGE}.every((id) => {known}.includes(id))", 30)


def test_only_the_last_hour_where_it_says_so(venue: Venue, guests: Guests) -> None:
    old = scenes.jpeg(901, width=750, height=500, shot_at=now_ms() - 3 * 3_600_000)
    with venue.camera() as ftp:
        ftp.storbinary("STOR OLD00001.JPG", io.BytesIO(old))
    event = f"/events/{venue.status['event_id']}/photos?state=live&limit=1"
    venue.running.until(lambda: venue.organizer(event)["photos"][0]["name"] == "OLD00001.JPG", 60)
    old_id = venue.organizer(event)["photos"][0]["id"]
    page = guests.open(screen(venue, "wall"), WIDE)
    until(page, f"{ON_STAGE}.includes('{old_id}')", 30)
    page.goto(f"{screen(venue, 'wall')}&show=hour")
    until(page, f"{ON_STAGE}.length > 5", 30)
    assert old_id not in page.evaluate(ON_STAGE)


def test_a_photo_taken_down_leaves_the_screen(venue: Venue, guests: Guests) -> None:
    page = guests.open(screen(venue, "wall"), WIDE)
    until(page, f"{ON_STAGE}.length > 5", 30)
    photo_id = page.evaluate("document.querySelector('#stage .large').dataset.id")
    venue.organizer(f"/photos/{photo_id}/hide", {})
    until(page, f"!{ON_STAGE}.includes('{photo_id}')", 3)
    venue.organizer(f"/photos/{photo_id}/restore", {})


def test_the_screen_changes_modes_by_key_and_keeps_it(venue: Venue, guests: Guests) -> None:
    page = guests.open("about:blank", WIDE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(screen(venue, "wall"))
    until(page, f"{ON_STAGE}.length > 0", 30)
    assert not [url for url in asked if "/faces" in url or "faces-" in url], "nobody looks for faces in a hall"
    assert "faces" not in page.content()
    page.keyboard.press("3")
    until(page, "document.body.dataset.mode === 'spotlight'")
    assert "mode=spotlight" in page.url
    assert serious(page) == []


def test_the_wall_leaves_the_code_free_and_shows_no_photo_twice(venue: Venue, guests: Guests) -> None:
    for size in (WIDE, DESK):
        page = guests.open(screen(venue, "wall"), size)
        until(page, f"{ON_STAGE}.length > 5", 30)
        shown = page.evaluate(ON_STAGE)
        assert len(shown) == len(set(shown))
        covered = """(() => { const code = document.querySelector('.code').getBoundingClientRect();
            return [...document.querySelectorAll('#stage .place')].filter((place) => {
                const box = place.getBoundingClientRect();
                return box.right > code.left && box.bottom > code.top; }).length; })()"""
        assert page.evaluate(covered) == 0


def test_partners_stand_beside_the_title(venue: Venue, guests: Guests) -> None:
    """The pictures of the album's brand kit, as an organizer uploads them."""
    out = io.BytesIO()
    Image.new("RGBA", (300, 100), (200, 60, 30, 255)).save(out, "PNG")
    art = venue.organizer("/arts?name=partner.png", out.getvalue())["art"]
    layer = {"art_key": art["key"], "place": "sw", "size": 10.0}
    brand = venue.organizer("/brands", {"name": "伙伴", "layers": [layer]})["brand"]
    with_brand = f"/albums/{venue.plant_album('伙伴专场', 0)}/brand"
    venue.running.until(lambda: venue.organizer("/arts")["arts"][0]["state"] == "ready", 60)
    venue.organizer(with_brand, {"watermark": True, "frame": False, "brand_id": brand["id"]})
    page = guests.open(f"{screen(venue, 'wall')}&album={with_brand.split('/')[2]}", WIDE)
    until(page, "document.querySelector('.sponsors img')?.naturalWidth === 300", 20)
    none = guests.open(screen(venue, "wall"), WIDE)
    assert none.locator(".sponsors").count() == 0


def test_the_one_at_the_controls_decides_what_is_shown(venue: Venue, guests: Guests) -> None:
    page = guests.open(screen(venue, "wall"), WIDE)
    until(page, f"{ON_STAGE}.length > 5", 30)
    page.wait_for_timeout(1500)  # the first pictures are all there
    page.keyboard.press(" ")
    place = page.locator("#stage .small[data-id]").first
    unwanted = place.get_attribute("data-id")
    place.click()
    assert unwanted in page.evaluate(ON_STAGE), "one press only asks"
    place.click()
    until(page, f"!{ON_STAGE}.includes('{unwanted}')")
    page.reload()
    until(page, f"{ON_STAGE}.length > 5", 30)
    page.wait_for_timeout(1500)
    assert unwanted not in page.evaluate(ON_STAGE), "also after a restart"
    page.keyboard.press(" ")
    page.mouse.move(500, 400)
    page.get_by_label("上屏前等待").select_option("10")
    assert "safe=10" in page.url
    known = page.evaluate(ON_STAGE)
    before = venue.running.live()
    sent = venue.shoot()
    venue.settle(before + 1)
    page.wait_for_timeout(3000)
    assert set(page.evaluate(ON_STAGE)) <= set(known), "somebody may still take it down"
    until(page, "document.querySelector('#stage .fresh') !== null", 40)
    assert time.monotonic() - sent > 8


def test_the_console_counts_hides_and_brands(venue: Venue, guests: Guests) -> None:
    album = guests.open(venue.album_url)
    listening(album)
    page = guests.open(f"{venue.url}/console", DESK)
    page.get_by_label("账号").fill(venue.status["console"]["login"])
    page.get_by_label("密码").fill("not it")
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("账号或密码不正确")
    assert serious(page) == []
    page.get_by_label("密码").fill(venue.status["console"]["password"])
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/console/events/*")

    def counter(name: str) -> int:
        return int(page.locator(f"[data-counter={name}] dd").inner_text().replace(",", ""))

    until(page, "(document.querySelector('[data-counter=received] dd')?.textContent ?? '–') !== '–'")
    received = counter("received")
    venue.shoot()
    expect(page.locator("[data-counter=received] dd")).to_have_text(f"{received + 1:,}", timeout=8_000)
    expect(page.locator(".waiting")).not_to_contain_text("出图中", timeout=20_000)
    assert counter("received") == counter("live") + counter("hidden") + counter("failed")
    for file in ("poster.pdf", "poster.png", "qr.png"):
        assert page.locator(f"a[href*='/{file}']").count() == 1

    newest = venue.organizer(f"/events/{venue.status['event_id']}/photos?state=live&limit=1")["photos"][0]
    photo_id, name = newest["id"], newest["name"]
    until(album, f"document.querySelector('#wall li').dataset.id === '{photo_id}'")
    page.get_by_role("button", name=f"下架 {name}").click()
    until(album, f"!document.querySelector('#wall li[data-id=\"{photo_id}\"]')", 5)
    page.get_by_role("button", name="已下架", exact=True).click()
    page.get_by_role("button", name=f"恢复 {name}").click()
    until(album, f"document.querySelector('#wall li').dataset.id === '{photo_id}'", 20)
    assert serious(page) == []


def test_the_console_tries_a_brand_and_chooses_looks(venue: Venue, guests: Guests) -> None:
    venue.shoot()
    page = guests.open(f"{venue.url}/console", DESK)
    page.get_by_label("账号").fill(venue.status["console"]["login"])
    page.get_by_label("密码").fill(venue.status["console"]["password"])
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/console/events/*")
    event = f"/events/{venue.status['event_id']}"

    page.get_by_role("button", name="试看品牌").first.click()
    expect(page.locator(".shapes img")).to_have_count(4, timeout=30_000)
    until(page, "[...document.querySelectorAll('.shapes img')].every(one => one.naturalWidth > 0)", 20)

    page.locator("[data-album] [name=preset]").first.select_option("mono")
    expect(page.locator("#notice")).to_contain_text("已保存")
    assert venue.organizer(event)["albums"][0]["look"]["preset"] == "mono"
    page.locator("[data-album] [name=culling]").first.select_option("hold")
    expect(page.locator("[data-album] [name=culling]").first).to_be_enabled()
    assert venue.organizer(event)["albums"][0]["culling"] == "hold"

    page.locator("tbody .tick").first.check()
    page.locator(".chosen [name=preset]").select_option("outdoor")
    page.get_by_role("button", name="应用").click()
    expect(page.locator(".chosen")).to_be_hidden()
    assert venue.organizer(f"{event}/photos?limit=1")["photos"][0]["own_look"]["preset"] == "outdoor"
    page.get_by_role("button", name="待定", exact=True).click()
    expect(page.locator(".none")).to_be_visible()
    assert serious(page) == []
    page.locator("[data-album] [name=preset]").first.select_option("")
    page.locator("[data-album] [name=culling]").first.select_option("suggest")
    expect(page.locator("[data-album] [name=culling]").first).to_be_enabled()


def test_the_console_fits_a_phone(venue: Venue, guests: Guests) -> None:
    page = guests.open(f"{venue.url}/console", TALL)
    page.get_by_label("账号").fill(venue.status["console"]["login"])
    page.get_by_label("密码").fill(venue.status["console"]["password"])
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/console/events/*")
    page.locator(".photos tbody tr").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= TALL[0]
