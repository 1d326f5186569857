"""Sponsors around the photos: the banner's line, whose frame is on a photo, pictures in their slots."""

from __future__ import annotations

import io
from urllib.parse import quote

import pytest
from PIL import Image, ImageDraw

from tests.miniprogram.conftest import House
from tests.miniprogram.test_guest import Guest, looking_at_a_photo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
LINK = "https://globex.example/"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) MicroMessenger/8.0.60"  # a robot counts nothing

TILE = "photo-wall sponsor-picture"
SEEN = "() => Object.values(wx.getStorageSync('hands')).flatMap(({ seen }) => seen).length"
FRONT = "() => getApp().stage.rooms.known(phone.page().data.albumId)?.front ?? null"
ON_SCREEN = """JSON.stringify([...document.querySelectorAll('photo-wall swap-image')]
  .map(tile => [[...tile.querySelectorAll('img')].pop()?.src, tile.getBoundingClientRect()])
  .filter(([, { top, bottom }]) => bottom > 0 && top < innerHeight).map(([src, { left, top }]) => [src, left, top]))"""


def logo() -> bytes:
    """A wordmark on nothing, as sponsors send them."""
    picture = Image.new("RGBA", (900, 420), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((40, 110, 240, 310), 40, fill="#0b4f9c")
    draw.text((280, 140), "GLOBEX", fill="#1a1a1a", font_size=150)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def drawn(house: House) -> str:
    """Key of a sponsor's picture guests may be shown."""
    art = house.organizer("/arts?name=globex.png", content=logo())["art"]
    house.organizer(f"/arts/{art['id']}", {"name": "Globex", "link": LINK})
    house.running.until(
        lambda: any(one["id"] == art["id"] and one["state"] == "ready" for one in house.asked("/arts")["arts"]), 60
    )
    return str(art["key"])


def counted(house: House, slot: str) -> tuple[int, int]:
    """Viewable impressions and clicks in the slot, by the organizer's report."""
    lines = [one for one in house.report()["sponsors"] if one["name"] == "Globex"]
    slots = [one for line in lines for one in line["versions"] if one["slot"] == slot]
    return sum(one["viewable"] for one in slots), sum(one["click"] for one in slots)


def test_a_sponsors_line_comes_and_goes_while_guests_look(house: House, guest: Guest) -> None:
    event = f"/events/{house.seed['event_id']}"
    house.fill(2)
    phone = guest().scan(house.seed["scene"])
    phone.wall(len(house.photos()))
    house.organizer(event, {"banner": "感谢山海支持", "banner_link": "https://sponsor.example/"})
    phone.until("phone.page().data.sponsor.words === '感谢山海支持'")
    phone.tap("感谢山海支持")
    phone.until("phone.toasts.includes('链接已复制，请在浏览器打开')")
    assert phone.calls("setClipboardData")[-1]["data"] == "https://sponsor.example/"
    scene = house.seed["scene"].replace("=", "%3D").replace("&", "%26")
    other = guest("other").open(f"pages/event/event?scene={scene}&stay=1")
    other.until("phone.page().data.sponsor.words === '感谢山海支持'")
    house.organizer(event, {"banner": "", "banner_link": ""})
    phone.until("phone.page().data.sponsor.words === ''")


def test_the_sponsor_of_a_photo_is_named_under_it(house: House, guest: Guest) -> None:
    [frame] = [art for art in house.asked("/arts")["arts"] if art["used_by"]]
    link = "https://acme.example/spring"
    house.organizer(f"/arts/{frame['id']}", {"name": "Acme", "link": link})
    phone = guest("hai", agent=PHONE)
    photo_id = looking_at_a_photo(house, phone)
    phone.until("phone.page().data.sponsor.words === 'Acme ↗'")
    before = house.report()["totals"]["click"]
    phone.tap("Acme ↗")
    phone.until("phone.toasts.includes('链接已复制，请在浏览器打开')")
    assert phone.calls("setClipboardData")[-1]["data"] == link
    phone.now("wx.reLaunch({ url: '/pages/home/home' })")
    house.running.until(lambda: house.report()["totals"]["click"] == before + 1, 30)
    told = [call["data"] for call in phone.calls("request") if call["url"].endswith("/track")]
    [tap] = [step for batch in told for step in batch["traces"] if step["kind"] == "click"]
    assert tap["photo_id"] == photo_id
    house.organizer(f"/arts/{frame['id']}", {"link": ""})


def test_a_sponsor_on_the_events_page_comes_while_it_is_open_and_is_counted(house: House, guest: Guest) -> None:
    key, event = drawn(house), house.seed["event_id"]
    phone = guest("ping", agent=PHONE).open(f"pages/event/event?scene={quote(house.seed['scene'], safe='')}&stay=1")
    phone.until("phone.page().data.face === 'event'")
    phone.page.wait_for_timeout(1_500)
    assert phone.data["placed"] == []
    placed = {"slot": "start", "art_key": key, "words": "新品上市", "cap": 1}
    one = house.organizer(f"/events/{event}/placements", placed)["placement"]
    phone.until("phone.page().data.placed.length === 1", 45_000)
    sight = phone.page.locator("sponsor-picture")
    sight.scroll_into_view_if_needed()
    spoken = sight.locator("[aria-role=link]")
    assert spoken.get_attribute("aria-label") == "赞助 · Globex · 新品上市"
    assert phone.page.get_by_text("赞助", exact=True).is_visible()
    phone.until("Object.values(wx.getStorageSync('hands')).some(({ seen }) => seen.length === 1)")
    sight.tap()
    phone.until("phone.toasts.includes('链接已复制，请在浏览器打开')")
    assert phone.calls("setClipboardData")[-1]["data"] == LINK
    house.running.until(lambda: counted(house, "start") == (1, 1), 30)
    again = phone.open(f"pages/event/event?scene={quote(house.seed['scene'], safe='')}&stay=1")
    again.until("phone.page().data.face === 'event' && phone.requests === 0")
    assert any(path.endswith("/front") for path in again.asked())
    assert again.data["placed"] == [], "once a day for this guest"
    house.organizer(f"/placements/{one['id']}/remove")


def test_tiles_hang_between_photos_and_move_nothing(house: House, guest: Guest) -> None:
    key, event = drawn(house), house.seed["event_id"]
    house.fill(30)
    house.organizer(f"/events/{event}", {"tile_every": 6})
    before = counted(house, "tile")
    phone = guest("qi", agent=PHONE).scan(house.seed["scene"])
    phone.wall(len(house.photos()))
    phone.until(f"({FRONT})() !== null")
    looked_at = phone.now(ON_SCREEN)
    placed = {"slot": "tile", "art_key": key, "words": "新品上市", "cap": 2}
    one = house.organizer(f"/events/{event}/placements", placed)["placement"]
    phone.until(f"document.querySelectorAll('{TILE}').length === 2")
    assert phone.now(ON_SCREEN) == looked_at
    order = [photo["id"] for photo in house.photos()]
    at, then = sorted(order.index(tile["id"].split(".")[0]) + 1 for tile in phone.data["tiles"] if "placed" in tile)
    assert at > 6
    assert then == at + 6

    sight = phone.page.locator(TILE).first
    sight.scroll_into_view_if_needed()
    assert sight.locator("[aria-role=link]").get_attribute("aria-label") == "赞助 · Globex · 新品上市"
    assert sight.get_by_text("赞助", exact=True).is_visible()
    phone.until(f"({SEEN})() === 1")
    sight.tap()
    phone.until("phone.toasts.includes('链接已复制，请在浏览器打开')")
    assert phone.calls("setClipboardData")[-1]["data"] == LINK
    house.running.until(lambda: counted(house, "tile") == (before[0] + 1, before[1] + 1), 30)
    house.hide(order[at - 1])
    phone.until(f"document.querySelectorAll('{TILE}').length === 1")  # it goes with its photo

    album = f"pages/album/album?id={house.seed['album_id']}"
    for left in (1, 0):
        again = phone.open(album)
        again.until(f"({FRONT})()?.placements.length === 1")
        again.page.wait_for_timeout(1_500)
        assert again.page.locator(TILE).count() == left, "twice a day for this guest"
        if left:
            again.page.locator(TILE).scroll_into_view_if_needed()
            again.until(f"({SEEN})() === 2")
    house.organizer(f"/placements/{one['id']}/remove")


def test_no_tile_hangs_among_a_guests_own_photos_and_a_removed_one_goes(house: House, guest: Guest) -> None:
    key, event = drawn(house), house.seed["event_id"]
    house.fill(30)
    house.organizer(f"/events/{event}", {"tile_every": 6})
    one = house.organizer(f"/events/{event}/placements", {"slot": "tile", "art_key": key})["placement"]
    phone = guest("bo", agent=PHONE).scan(house.seed["scene"])
    phone.until(f"document.querySelectorAll('{TILE}').length > 1")
    photos = f"getApp().stage.rooms.known('{house.seed['album_id']}').feed.photos"
    phone.now(f"{photos}.forEach(photo => getApp().stage.mine.add('liked', photo))")
    phone.now("wx.navigateTo({ url: '/pages/mine/mine?list=liked' })")
    phone.until("phone.page().route === 'pages/mine/mine' && phone.page().data.tiles.length > 12")
    assert phone.page.locator(TILE).locator("visible=true").count() == 0
    phone.now("phone.back()")
    house.organizer(f"/placements/{one['id']}/remove")
    phone.until(f"document.querySelectorAll('{TILE}').length === 0")


def test_a_sponsor_stands_where_photos_are_packed(house: House, guest: Guest) -> None:
    key, event = drawn(house), house.seed["event_id"]
    house.fill(2)
    one = house.organizer(f"/events/{event}/placements", {"slot": "download", "art_key": key})["placement"]
    before = counted(house, "download")
    phone = guest("an", agent=PHONE).open(f"pages/pack/pack?album={house.seed['album_id']}")
    phone.until("phone.page().data.placed.length === 1")
    phone.page.wait_for_timeout(2_000)
    phone.page.locator("sponsor-picture").tap()
    phone.until("phone.toasts.includes('链接已复制，请在浏览器打开')")
    house.running.until(lambda: counted(house, "download") == (before[0] + 1, before[1] + 1), 30)
    house.organizer(f"/placements/{one['id']}/remove")
