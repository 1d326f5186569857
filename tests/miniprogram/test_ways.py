"""Ways in and round: a schedule, a phone number, the feed's files; ways home with photos: the slate, packs."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable

import pytest
from PIL import Image, ImageFilter
from playwright.sync_api import Route

from backend.face_notice import CHECKLIST
from tests import people
from tests.cast import jpeg
from tests.miniprogram.conftest import House
from tests.miniprogram.phone import Phone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
Guest = Callable[..., Phone]
HOUR = 3_600_000
SHOT = 1_795_600_000_000


def told_of(photo_id: str) -> str:
    return f"phone.page().data.tiles.some(tile => tile.id === {photo_id!r})"


def with_files(house: House) -> None:
    house.fill(4)
    house.running.until(lambda: house.album()["live"]["files"] is not None, 30)


def test_a_crowded_platform_is_read_by_its_files(house: House, guest: Guest) -> None:
    """Streams are refused with 429, nothing else is asked: photos come, better ones too, and hidden ones go."""
    with_files(house)
    phone = guest()
    phone.page.route("**/stream?**", lambda route: route.fulfill(status=429, json={"code": "too_many", "message": ""}))
    phone.scan(house.seed["scene"]).wall(len(house.photos()))
    photo_id = house.shoot()
    phone.until(told_of(photo_id))
    house.hide(photo_id)
    phone.until(f"phone.page().data.tiles.find(tile => tile.id === {photo_id!r}).gone")
    urls = [call["url"] for call in phone.calls("request")]
    assert sum(url.endswith("/head.json") for url in urls) >= 2
    assert not any("/changes?" in url for url in urls)
    assert phone.data["pulse"] == "自动更新"


def test_a_platform_that_answers_no_more_is_read_by_its_files(house: House, guest: Guest) -> None:
    """Stream, then poll, then files, by itself; the store goes on without the platform's own answers."""
    with_files(house)
    phone = guest(chunked=False)
    away: list[str] = []

    def refuse(route: Route) -> None:
        away.append(route.request.url)
        route.fulfill(status=503, json={"code": "busy", "message": ""})

    phone.page.route("**/changes?**", refuse)
    phone.scan(house.seed["scene"]).wall(len(house.photos()))
    photo_id = house.shoot()
    phone.until(told_of(photo_id))
    assert len(away) == 2


def test_the_event_page_says_what_is_under_way(house: House, guest: Guest) -> None:
    house.fill(4)
    now = time.time_ns() // 1_000_000
    lines = [
        {"starts_at": now - 2 * HOUR, "ends_at": now - HOUR, "title": "签到", "place": "一楼大厅"},
        {"starts_at": now - HOUR, "ends_at": now + HOUR, "title": "颁奖典礼", "place": "主会场"},
        {"starts_at": now + 2 * HOUR, "title": "晚宴"},
    ]
    house.organizer(f"/events/{house.seed['event_id']}/schedule", {"items": lines})
    scene = house.seed["scene"].replace("=", "%3D").replace("&", "%26")
    phone = guest().open(f"pages/event/event?scene={scene}&stay=1")
    phone.until("phone.page().data.slots.length === 3")
    assert [slot["phase"] for slot in phone.data["slots"]] == ["over", "now", "soon"]
    for words in ("日程", "颁奖典礼", "主会场", "进行中", "晚宴"):
        assert phone.page.get_by_text(words).locator("visible=true").count() == 1, words
    phone.now("scrollTo(0, document.documentElement.scrollHeight)")
    phone.until("phone.page().data.look === 'bar'")
    phone.now("scrollTo(0, 0)")
    phone.until("phone.page().data.look === 'over'")
    assert [call["frontColor"] for call in phone.calls("setNavigationBarColor")] == ["#000000", "#ffffff"]


def test_a_shared_event_shows_the_photo_of_this_moment(house: House, guest: Guest) -> None:
    """M5: the page was opened before the photo was taken, and nobody touched it since."""
    house.fill(3)
    scene = house.seed["scene"].replace("=", "%3D").replace("&", "%26")
    phone = guest().open(f"pages/event/event?scene={scene}&stay=1")
    phone.until("phone.page().data.rows[0]?.strip.length > 0")
    photo_id = house.shoot()
    house.running.until(lambda: house.photos()[0]["id"] == photo_id, 40)
    phone.now("phone.share()")
    phone.until("phone.shared.length === 1")
    [newest, *_] = house.photos()
    assert phone.now("phone.shared[0].imageUrl").split("?")[0] == newest["urls"]["view"].split("?")[0]
    assert phone.now("phone.timeline().imageUrl") == phone.now("phone.shared[0].imageUrl")
    assert time.time_ns() // 1_000_000 - newest["live_at"] < 5 * 60_000


def test_a_listed_guest_enters_by_phone_and_shares_no_private_picture(house: House, guest: Guest) -> None:
    house.fill(3)
    album = f"/albums/{house.seed['album_id']}"
    house.organizer(f"{album}/access", {"access": "list"})
    try:
        house.organizer(f"{album}/invitations", {"guests": [{"name": "李雷", "phone": "13800138000"}]})
        stranger = guest("nobody", number="13900139000").open(f"pages/album/album?id={house.seed['album_id']}")
        stranger.until("phone.page().data.face === 'locked'")
        stranger.tap("用微信手机号验证")
        stranger.until("phone.page().data.problem !== ''")
        assert stranger.data["face"] == "locked"
        phone = guest("lei", number="13800138000").open(f"pages/album/album?id={house.seed['album_id']}")
        phone.until("phone.page().data.face === 'locked'")
        phone.tap("用微信手机号验证")
        phone.until("phone.page().data.face === 'wall' && phone.page().data.tiles.length >= 3")
        phone.until("[...document.querySelectorAll('photo-wall img')].some(img => img.naturalWidth > 0)")
        phone.tap("分享")
        phone.until("phone.shared.length === 1")
        assert phone.now("phone.shared[0].imageUrl") == "/images/share.png"
    finally:
        house.organizer(f"{album}/access", {"access": "public"})


def test_the_photographer_shoots_the_code_and_what_follows_is_for_the_guest(house: House, guest: Guest) -> None:
    """The phone's own screen, as a camera sees it, goes through the bridge; the frames after it come by themselves."""
    house.fill(4)
    phone = guest("ming")
    phone.scan(house.seed["scene"]).wall(len(house.photos()))
    phone.tap("我的")
    phone.until("phone.page().route === 'pages/mine/mine'")
    phone.tap("为我拍的")
    phone.until("phone.page().data.empty !== ''")
    phone.tap("出示名牌码")
    phone.until("phone.page().route === 'pages/slate/slate' && phone.page().data.face === 'slate'")
    phone.until("[...document.querySelectorAll('wx-image img')].some(img => img.naturalWidth > 400)")
    assert phone.now("phone.brightness") == 1
    seen = house.bridge.shoot(held_up(phone.page.screenshot()), name="SLATE.JPG", camera="cam9", shot_at=SHOT)
    phone.now("phone.back()")
    phone.until("phone.page().route === 'pages/mine/mine' && phone.brightness === 0.4")
    house.running.until(lambda: bool(house.photos()) and seen["photo_id"] not in [p["id"] for p in house.photos()], 30)
    picture = jpeg("teal", (900, 600), words="for ming")
    theirs = house.bridge.shoot(picture, name="M1.JPG", camera="cam9", shot_at=SHOT + 2000)["photo_id"]
    others = house.bridge.shoot(jpeg("navy", (900, 600), words="other"), camera="cam8", shot_at=SHOT + 3000)["photo_id"]
    phone.until(told_of(theirs))
    house.running.until(lambda: others in [p["id"] for p in house.photos()], 30)
    phone.page.wait_for_timeout(500)
    assert [tile["id"] for tile in phone.data["tiles"]] == [theirs]
    phone.until("phone.page().data.mayRemind")
    phone.tap("拍到我时提醒我")
    phone.until("!phone.page().data.mayRemind")
    assert len(phone.calls("requestSubscribeMessage")) == 1


def test_all_photos_are_packed_and_the_link_gives_them(house: House, guest: Guest) -> None:
    house.fill(4)
    phone = guest("gao")
    phone.scan(house.seed["scene"]).wall(len(house.photos()))
    phone.tap("打包")
    phone.until("phone.page().route === 'pages/pack/pack' && phone.page().data.may")
    phone.page.get_by_text(f"打包 {len(house.photos())} 张").tap()
    phone.until("phone.page().data.face === 'ready'", 60_000)
    phone.tap("复制链接")
    phone.until("phone.clipboard !== '' && phone.toasts.includes('链接已复制，请在浏览器里打开')")
    with zipfile.ZipFile(io.BytesIO(house.http.get(phone.now("phone.clipboard")).content)) as pack:
        assert len([name for name in pack.namelist() if name.endswith(".jpg")]) == len(house.photos())
        assert pack.testzip() is None
    again = phone.open(f"pages/pack/pack?album={house.seed['album_id']}")  # after a restart it is still there
    again.until("phone.page().data.face === 'ready'")
    house.hide(house.photos()[0]["id"])
    again.now("phone.hide()")
    again.now("phone.show()")
    again.until("phone.page().data.face === 'failed'")
    assert again.data["problem"] == "其中有照片刚被撤下，请重新打包"


def test_chosen_photos_are_packed(house: House, guest: Guest) -> None:
    house.fill(5)
    phone = guest("xin").open(f"pages/pack/pack?album={house.seed['album_id']}")
    phone.until("phone.page().data.face === 'choose'")
    phone.tap("自己挑")
    phone.until("phone.page().data.tiles.length >= 5 && phone.page().data.actWord === '请先选照片'")
    for n in (0, 2):
        phone.tiles().nth(n).tap()
    phone.until("phone.page().data.actWord === '打包 2 张'")
    phone.tap("打包 2 张")
    phone.until("phone.page().data.face === 'ready'", 60_000)
    assert phone.data["parts"][0]["line"].startswith("2 张 · ")


def test_an_album_without_downloads_packs_nothing(house: House, guest: Guest) -> None:
    house.fill(4)
    album = f"/albums/{house.seed['album_id']}/access"
    house.organizer(album, {"downloads": False})
    try:
        phone = guest().scan(house.seed["scene"])
        phone.wall(len(house.photos()))
        assert phone.page.get_by_text("打包", exact=True).locator("visible=true").count() == 0
        phone.open(f"pages/pack/pack?album={house.seed['album_id']}")
        phone.until("phone.page().data.may")
        phone.page.get_by_text("打包 ").last.tap()
        phone.until("phone.page().data.problem !== ''")
    finally:
        house.organizer(album, {"downloads": True})


def test_a_tapped_face_finds_more_of_this_person_where_the_organizer_lets_it(house: House, guest: Guest) -> None:
    """Consent by somebody of 14 or older or by a guardian, asked each time; who chooses neither sends nothing."""
    faces = f"/events/{house.seed['event_id']}/faces"
    switch: dict[str, object] = {
        "active": True,
        "contact": "dpo@example.com",
        "checklist": dict.fromkeys(CHECKLIST, True),
    }
    shot = [str(house.bridge.shoot(people.portrait(n), name=f"F{n}.JPG")["photo_id"]) for n in (0, 0, 1)]
    house.running.until(lambda: set(shot) <= {photo["id"] for photo in house.photos()}, 60)
    house.organizer(faces, switch)
    [photo] = [one for one in house.photos() if one["id"] == shot[0]]
    page = f"pages/person/person?album={house.seed['album_id']}&id={photo['id']}&at={photo['position']}"
    may = f"/mp/v1/photos/{photo['id']}/faces"
    house.running.until(lambda: bool(house.http.get(may).json()["faces"]), 60)
    phone = guest("mei").open(page)
    phone.until("phone.page().data.rings.length === 1")
    phone.page.locator(".ring").tap()
    phone.page.get_by_text("遮住这张脸").wait_for()
    assert not phone.data["tap"], "off for mini-programs unless the organizer says so"
    assert phone.page.get_by_text("看这个人的更多照片").count() == 0

    house.organizer(faces, switch | {"tap_mini": True})
    for choice, found in (("", 0), ("监护人", 2), ("我已满 14", 2)):
        phone = guest("mei").open(page, choice=choice)
        phone.until("phone.page().data.rings.length === 1 && phone.page().data.tap")
        phone.page.locator(".ring").tap()
        phone.tap("看这个人的更多照片")
        phone.until("phone.calls.some(call => call.name === 'showActionSheet')")
        if found:
            phone.until("phone.page().data.foundWord !== ''")
            assert {one["id"] for one in phone.data["found"]} >= set(shot[:2])
            assert shot[2] not in [one["id"] for one in phone.data["found"]]
        else:
            phone.page.wait_for_timeout(300)
            assert not [path for path in phone.asked() if "/consents" in path or "/like" in path]
        assert "dpo@example.com" in phone.calls("showModal")[0]["content"], "the whole notice is shown first"


def held_up(screen: bytes) -> bytes:
    """A camera's frame of a phone: the screen small in it, a little turned, a little soft."""
    with Image.open(io.BytesIO(screen)) as opened:
        shown = opened.convert("RGB").resize((390, 844)).rotate(6, expand=True, fillcolor=(90, 80, 70))
    frame = Image.new("RGB", (1600, 1067), (90, 80, 70))
    frame.paste(shown, (600, 60))
    out = io.BytesIO()
    frame.filter(ImageFilter.GaussianBlur(0.7)).save(out, "JPEG", quality=80)
    return out.getvalue()
