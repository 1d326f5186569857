"""What a guest does: begin, be reminded, save, share, ask to take down, find again, choose a language."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Route

from tests.miniprogram.conftest import House
from tests.miniprogram.phone import Phone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
Guest = Callable[..., Phone]


def looking_at_a_photo(house: House, phone: Phone) -> str:
    """The guest scanned, and opened the newest photo. Returns its id."""
    house.fill(4)
    phone.scan(house.seed["scene"]).wall(len(house.photos()))
    phone.tiles().first.tap()
    phone.until("phone.page().route === 'pages/viewer/viewer' && phone.page().data.face === 'photo'")
    phone.page.wait_for_timeout(100)
    return str(phone.now("phone.page().data.slides[phone.page().data.current].id"))


def like(phone: Phone) -> None:
    """The heart says how many did so before; other tests may have."""
    phone.page.get_by_text(re.compile(r"^(喜欢|\d+)$")).locator("visible=true").first.tap()


def test_who_asked_to_be_reminded_is_told_and_led_to_the_album(house: House, guest: Guest) -> None:
    house.fill(4)
    phone = guest("mei")
    phone.scan(house.seed["scene"]).wall(len(house.photos()))
    phone.tap("提醒我")
    phone.until("phone.toasts.includes('已开启，还会提醒你 3 次')")
    [asked] = phone.calls("requestSubscribeMessage")
    assert len(asked["tmplIds"]) == 3  # one message each: first photos, retouched photos, the complete album
    house.complete()
    house.running.until(lambda: len(house.messages("mei")) == 1, 60)
    page = house.messages("mei")[0]["page"]
    opened = guest("mei").open(page)
    opened.wall(len(house.photos()))
    assert opened.route == "pages/album/album"


def test_who_says_no_is_left_alone(house: House, guest: Guest) -> None:
    house.fill(4)
    phone = guest("yu", subscribe="reject")
    phone.scan(house.seed["scene"]).wall(len(house.photos()))
    phone.tap("提醒我")
    phone.until("phone.toasts.includes('没有开启，随时可以再点')")
    assert phone.calls("login") == []


def test_the_switch_in_wechat_is_shown_to_who_turned_it_off(house: House, guest: Guest) -> None:
    house.fill(4)
    phone = guest("zhe", subscribe="off")
    phone.scan(house.seed["scene"]).wall(len(house.photos()))
    phone.tap("提醒我")
    phone.until("phone.calls.some(call => call.name === 'openSetting')")
    assert phone.calls("showModal")[0]["title"] == "微信通知已关闭"


def test_a_photo_is_saved_in_full_size(house: House, guest: Guest) -> None:
    phone = guest()
    looking_at_a_photo(house, phone)
    phone.tap("保存")
    phone.until("phone.toasts.includes('已保存到手机相册')")
    [saved] = phone.now("phone.saved")
    assert saved["type"] == "image/jpeg"
    assert saved["bytes"] > 5_000
    assert phone.data["saved"]


def test_a_refused_permission_leads_to_the_settings(house: House, guest: Guest) -> None:
    phone = guest(album="deny", settings=True)
    looking_at_a_photo(house, phone)
    phone.tap("保存")
    phone.until("phone.saved.length === 1")
    assert phone.calls("showModal")[0]["title"] == "需要相册权限"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"album": "deny", "settings": False}, "长按图片，也可以保存到手机"),
        ({"album": "deny", "modal": False}, "长按图片，也可以保存到手机"),
        ({"album": "private"}, "需先同意《用户隐私保护指引》才能保存"),
    ],
)
def test_without_permission_the_photo_is_shown_for_pressing(
    house: House, guest: Guest, settings: dict[str, Any], words: str
) -> None:
    phone = guest(**settings)
    looking_at_a_photo(house, phone)
    phone.tap("保存")
    phone.until(f"phone.toasts.includes({words!r})")
    assert phone.calls("previewImage")[0]["showmenu"] is True
    assert phone.now("phone.saved") == []


def test_who_closes_the_question_is_not_asked_again(house: House, guest: Guest) -> None:
    phone = guest(album="cancel")
    looking_at_a_photo(house, phone)
    phone.tap("保存")
    phone.until("phone.calls.some(call => call.name === 'saveImageToPhotosAlbum') && !phone.page().data.busy")
    assert phone.calls("showModal") == phone.calls("openSetting") == phone.calls("previewImage") == []
    assert (phone.now("phone.saved"), phone.data["saved"]) == ([], False)


def test_a_picture_that_is_lost_on_the_way_is_fetched_again(house: House, guest: Guest) -> None:
    """Two answers lost: saved all the same. A network that stays away is said, and the next tap works."""
    phone = guest()
    looking_at_a_photo(house, phone)
    lost: list[str] = []

    def lose(route: Route) -> None:
        if "-full.jpg" in route.request.url and len(lost) < 2:
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    phone.page.route("**/blobs/**", lose)
    phone.tap("保存")
    phone.until("phone.saved.length === 1")
    assert len(lost) == 2
    phone.page.unroute("**/blobs/**")
    phone.page.route("**/blobs/**-full.jpg?**", lambda route: route.abort())
    phone.tap("保存")
    phone.until("phone.toasts.includes('没能保存，请再试一次') && !phone.page().data.busy")
    phone.page.unroute("**/blobs/**-full.jpg?**")
    phone.tap("保存")
    phone.until("phone.saved.length === 2")


def test_a_weak_network_is_said_and_the_wall_goes_on(house: House, guest: Guest) -> None:
    house.fill(4)
    phone = guest()
    phone.scan(house.seed["scene"]).wall(len(house.photos()))
    phone.now("dispatchEvent(new CustomEvent('weak', { detail: true }))")
    phone.until("phone.page().data.banner === '网络较慢，正在努力加载'")
    photo_id = house.shoot()
    phone.until(f"phone.page().data.tiles.some(tile => tile.id === {photo_id!r})")
    phone.now("dispatchEvent(new CustomEvent('weak', { detail: false }))")
    phone.until("phone.page().data.banner === ''")


def test_an_album_without_downloads_says_so(house: House, guest: Guest) -> None:
    album = f"/albums/{house.seed['album_id']}/access"
    house.organizer(album, {"downloads": False})
    try:
        phone = guest()
        looking_at_a_photo(house, phone)
        phone.tap("保存")
        phone.until("phone.toasts.includes('主办方未开放下载')")
        assert phone.now("phone.saved") == []
    finally:
        house.organizer(album, {"downloads": True})


def test_a_photo_becomes_a_card_with_a_code(house: House, guest: Guest) -> None:
    phone = guest()
    photo_id = looking_at_a_photo(house, phone)
    phone.tap("海报")
    phone.until("phone.calls.some(call => call.name === 'showShareImageMenu')")
    [asked] = [call for call in phone.calls("downloadFile") if "card.jpg" in call["url"]]
    card = Image.open(io.BytesIO(house.http.get(asked["url"]).content))
    [code] = [found.text for found in zxingcpp.read_barcodes(card)]
    assert f"#p={photo_id}" in code


def test_asking_to_take_a_photo_down(house: House, guest: Guest) -> None:
    """Until the platform takes such requests the page must say so; from then on the photo must go."""
    phone = guest("fang")
    photo_id = looking_at_a_photo(house, phone)
    phone.tap("申请下架")
    phone.until("phone.page().route === 'pages/report/report' && phone.page().data.thumb !== ''")
    phone.tap("提交申请")
    phone.until("phone.toasts.includes('请先选一个原因')")
    phone.tap("照片里有我，我不想公开")
    phone.page.locator("textarea").fill("请不要公开")
    phone.tap("提交申请")
    phone.until("phone.page().data.done !== '' || phone.page().data.problem !== ''")
    call = [c for c in phone.calls("request") if c["url"].endswith(f"/photos/{photo_id}/report")][-1]
    assert call["data"] == {"reason": "me", "words": "请不要公开"}
    assert call["header"]["Authorization"].startswith("Bearer ")
    paths = house.http.get("/mp/v1/openapi.json").json()["paths"]
    if any(path.endswith("/report") for path in paths):
        assert phone.data["done"] in ("hidden", "waiting")
    else:
        assert phone.data["problem"] == "这里暂时不能提交，请直接联系主办方或现场工作人员"
        assert phone.data["done"] == ""


def test_a_shared_photo_opens_for_somebody_else(house: House, guest: Guest) -> None:
    phone = guest("sharer")
    photo_id = looking_at_a_photo(house, phone)
    phone.tap("分享")
    phone.until("phone.shared.length === 1")
    card = phone.now("phone.shared[0]")
    assert card["title"] == "2026 年度盛典"
    assert "/blobs/" in card["imageUrl"]
    other = guest("friend").open(card["path"].lstrip("/"))
    other.until("phone.page().data.face === 'photo'")
    assert other.now("phone.page().data.slides[phone.page().data.current].id") == photo_id


def test_swiping_zooming_and_the_times_of_a_photo(house: House, guest: Guest) -> None:
    phone = guest()
    photo_id = looking_at_a_photo(house, phone)
    stamps = {stamp["word"]: stamp["time"] for stamp in phone.data["freshness"]["stamps"]}
    [live_at] = [photo["live_at"] for photo in house.photos() if photo["id"] == photo_id]
    assert stamps["上线"] == f"{datetime.fromtimestamp(live_at / 1000, ZoneInfo('Asia/Shanghai')):%H:%M:%S}"  # N14
    finger = phone.context.new_cdp_session(phone.page)

    def touch(kind: str, *points: tuple[int, int]) -> None:
        said = {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]}
        finger.send("Input.dispatchTouchEvent", said)

    touch("touchStart", (340, 420))
    for x in range(320, 40, -40):
        touch("touchMove", (x, 420))
    touch("touchEnd")
    phone.until("phone.page().data.current === 1")
    assert phone.now("phone.page().data.slides[1].id") == house.photos()[1]["id"] != photo_id
    for _ in range(2):
        phone.page.touchscreen.tap(195, 420)
    phone.until("phone.page().data.zoomed && phone.page().data.scale === 2.5")


def test_what_was_liked_is_found_again_after_a_restart(house: House, guest: Guest) -> None:
    phone = guest()
    photo_id = looking_at_a_photo(house, phone)
    like(phone)
    phone.until("phone.page().data.liked")
    phone.until("phone.page().data.offer")  # a natural moment to offer a reminder
    phone.open("pages/mine/mine").wall(1)
    assert phone.now("phone.page().data.tiles[0].id") == photo_id


def test_photos_are_found_by_the_hour_without_a_face(house: House, guest: Guest) -> None:
    house.fill(4)
    phone = guest()
    phone.scan(house.seed["scene"]).wall(len(house.photos()))
    phone.tap("我的")
    phone.until("phone.page().route === 'pages/mine/mine'")
    phone.tap("按时间")
    phone.until("phone.page().data.tab === 'find' && phone.page().data.tiles.length > 0")
    assert phone.data["hour"] == phone.data["hours"][0]["id"]


def test_somebody_without_a_code_finds_a_way_in(house: House, guest: Guest) -> None:
    """The path of WeChat's reviewer: nothing scanned, nothing seen before."""
    house.fill(4)
    phone = guest().open()
    for words in ("扫码进入", "看一个示例", "怎么用", "关于与隐私"):
        assert phone.page.get_by_text(words).locator("visible=true").count() == 1, words
    phone.page.locator("input").fill(house.seed["share_code"])
    phone.page.locator("input").press("Enter")
    phone.wall(len(house.photos()))
    phone.open()
    phone.until("phone.page().data.rows.length === 1")
    phone.tap("看一个示例")
    phone.wall(len(house.photos()))


def test_a_code_nobody_knows_is_answered_in_words(house: House, guest: Guest) -> None:
    phone = guest().scan("e=nosuchcode&f=p")
    phone.until("phone.page().data.face === 'failed'")
    assert phone.data["problem"] == "内容不存在"
    assert phone.page.get_by_text("没有找到这个活动").locator("visible=true").count() == 1


def test_the_language_changes_without_a_reload(house: House, guest: Guest) -> None:
    phone = guest().open("pages/about/about")
    phone.page.get_by_text("English").tap()
    phone.until("phone.page().data.t.title === 'About & privacy'")
    phone.open("pages/event/event?scene=e%3Dnosuchcode")
    phone.until("phone.page().data.problem === 'There is nothing here.'")
    assert phone.page.get_by_text("No such event").locator("visible=true").count() == 1


def test_an_event_page_shows_cover_albums_and_the_way_in(house: House, guest: Guest) -> None:
    house.fill(4)
    scene = house.seed["scene"].replace("=", "%3D").replace("&", "%26")
    phone = guest().open(f"pages/event/event?scene={scene}&stay=1")
    phone.until("phone.page().data.cover !== '' && phone.page().data.rows[0].strip.length === 4")
    assert phone.data["phase"] == "live"
    phone.tap("进入相册")
    phone.wall(len(house.photos()))


def test_likes_are_counted_for_everybody(house: House, guest: Guest) -> None:
    house.fill(3)
    photo = house.photos()[1]
    before = photo["likes"]
    where = f"pages/viewer/viewer?album={house.seed['album_id']}&id={photo['id']}&at={photo['position']}"
    for n, name in enumerate(("yu", "zhou"), start=1):
        phone = guest(name).open(where)
        like(phone)
        phone.until(f"phone.page().data.liked && phone.page().data.likes === '{before + n}'")
        house.running.until(lambda n=n: house.photos()[1]["likes"] == before + n, 20)


HALF_SEEN = """[...document.querySelectorAll('photo-wall swap-image')].map((tile, at) => {
  const { top, bottom, height } = tile.getBoundingClientRect()
  return Math.min(bottom, innerHeight) - Math.max(top, 0) >= height / 2 ? phone.page().data.tiles[at].id : ''
}).filter(id => id !== '')"""
GLANCE = f"""new Promise(done => {{
  scrollTo(0, document.documentElement.scrollHeight)
  setTimeout(() => {{
    done({HALF_SEEN})
    scrollTo(0, 0)
  }}, 400)
}})"""


def test_what_a_guest_does_stands_in_the_organizers_numbers(house: House, guest: Guest) -> None:
    """A second of half a tile counts, a glance does not; other guests here say that they are robots."""
    house.fill(24)
    phone = guest("shu", agent="Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) MicroMessenger/8.0.60")
    phone.scan(house.seed["scene"]).wall(len(house.photos()))
    phone.page.wait_for_timeout(1_500)
    looked_at = set(phone.now(HALF_SEEN))
    glanced_at = set(phone.now(GLANCE)) - looked_at
    phone.until("scrollY === 0")
    liked = int(house.photos()[0]["likes"])
    phone.tiles().first.tap()
    phone.until("phone.page().data.face === 'photo'")
    phone.page.locator(".act").first.tap()
    phone.tap("保存")
    phone.until("phone.saved.length === 1 && !phone.page().data.busy")
    phone.tap("分享")
    phone.until("phone.shared.length === 1")
    phone.now("phone.back()")
    phone.now("wx.reLaunch({ url: '/pages/home/home' })")  # who leaves the album tells at once
    wanted = {"guests": 1, "visit": 1, "viewable": len(looked_at), "view": 1, "click": 0, "download": 1, "share": 1}
    house.running.until(lambda: house.report()["totals"] == wanted, 30)
    assert [(one["source"], one["viewable"]) for one in house.report()["sources"]] == [("p", len(looked_at))]
    told = [call["data"] for call in phone.calls("request") if call["url"].endswith("/track")]
    seen = [step["photo_id"] for batch in told for step in batch["traces"] if step["kind"] == "viewable"]
    assert glanced_at
    assert (sorted(seen), house.photos()[0]["likes"]) == (sorted(looked_at), liked + 1)


def test_a_private_album_opens_by_its_code_and_closes_when_it_changes(house: House, guest: Guest) -> None:
    house.fill(3)
    album = f"/albums/{house.seed['album_id']}/access"
    house.organizer(album, {"access": "code", "secret": "8888"})
    try:
        phone = guest("qin").open(f"pages/album/album?id={house.seed['album_id']}")
        phone.until("phone.page().data.face === 'locked'")
        phone.page.locator(".door-code input, input.door-code").first.fill("1234")
        phone.tap("进入相册")
        phone.until("phone.page().data.problem !== ''")
        assert not [call for call in phone.calls("request") if "/pictures/" in call["url"]]
        phone.page.locator(".door-code input, input.door-code").first.fill("8888")
        phone.tap("进入相册")
        phone.until("phone.page().data.face === 'wall' && phone.page().data.tiles.length >= 3")
        phone.until("[...document.querySelectorAll('photo-wall img')].some(img => img.naturalWidth > 0)")
        house.organizer(album, {"secret": "9999"})
        phone.until("phone.page().data.face === 'locked'", 60_000)
    finally:
        house.organizer(album, {"access": "public"})
