"""Guests' own photos (G11) on the phone: chosen, given under a name, looked at by a person, shown, taken back."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable, Iterator

import pytest
from PIL import Image
from playwright.sync_api import Route

from tests.cast import jpeg
from tests.miniprogram.conftest import House
from tests.miniprogram.phone import Phone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
Guest = Callable[..., Phone]
STATES = "phone.page().data.rows.map(row => row.state)"


@pytest.fixture(autouse=True)
def _closed_again(house: House) -> Iterator[None]:
    house.fill(3)
    yield
    rule(house, "off")


def rule(house: House, to: str, **more: object) -> None:
    house.organizer(f"/albums/{house.seed['album_id']}/access", {"contributions": to, **more})


def picture(colour: str, words: str) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg(colour, (1600, 1200), words=words)).decode()


def giving(house: House, phone: Phone) -> None:
    phone.scan(house.seed["scene"]).wall(len(house.photos()))
    phone.tap("投稿")
    phone.until("phone.page().route === 'pages/give/give' && phone.page().data.face === 'give'")


def shown(house: House) -> list[str]:
    return [str(photo["by"]) for photo in house.photos() if photo["by"]]


def test_given_photos_are_seen_after_somebody_looked(house: House, guest: Guest) -> None:
    rule(house, "review")
    phone = guest("giver", roll=[picture("teal", "given 1"), picture("navy", "given 2")])
    other = guest("other")
    other.scan(house.seed["scene"]).wall(len(house.photos()))
    giving(house, phone)
    phone.page.locator("input").fill("小王")
    phone.tap("选照片")
    phone.until(f"{STATES}.join() === 'waiting,waiting'")
    assert phone.page.get_by_text("等待主办方查看").locator("visible=true").count() == 2
    assert phone.data["leftWord"] == "今天还能投 18 张"
    ids = [row["id"] for row in phone.data["rows"]]
    phone.page.wait_for_timeout(2_000)
    assert shown(house) == []
    assert not set(ids) & {tile["id"] for tile in other.data["tiles"]}
    house.organizer(f"/photos/{ids[1]}/review", {"keep": False})
    house.organizer(f"/photos/{ids[0]}/review", {"keep": True})
    other.until(f"phone.page().data.tiles.some(tile => tile.id === {ids[0]!r})")
    phone.until(f"{STATES}.join() === 'live,off'")  # by itself, because the album changed
    assert shown(house) == ["小王"]
    other.tiles().first.tap()
    other.until("phone.page().route === 'pages/viewer/viewer' && phone.page().data.face === 'photo'")
    assert other.page.get_by_text("来宾 小王").locator("visible=true").count() == 1
    [card] = [photo for photo in house.photos() if photo["by"]]
    with Image.open(io.BytesIO(house.http.get(card["urls"]["view"]).content)) as view:
        assert view.size[0] * 3 == view.size[1] * 4


def test_taken_back_by_whoever_gave_it(house: House, guest: Guest) -> None:
    rule(house, "open")
    phone = guest("giver2", roll=[picture("olive", "given 3")])
    giving(house, phone)
    before = len(house.photos())
    phone.tap("选照片")
    house.running.until(lambda: len(house.photos()) == before + 1, 40)
    phone.until(f"{STATES}[0] === 'live'")
    phone.tap("撤回")
    phone.until(f"phone.toasts.includes('已撤回') && {STATES}[0] === 'off'")
    assert len(house.photos()) == before


def test_a_lost_network_keeps_the_picture_for_another_try(house: House, guest: Guest) -> None:
    rule(house, "open")
    phone = guest("giver3", roll=[picture("purple", "given 4")])
    giving(house, phone)
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST":
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    phone.page.route("**/contributions?**", lose)
    phone.tap("选照片")
    phone.until(f"{STATES}[0] === 'failed'", 40_000)
    assert len(lost) == 4  # patience first
    phone.page.unroute("**/contributions?**")
    phone.tap("重试")
    phone.until(f"{STATES}[0] === 'live' || {STATES}[0] === 'waiting'")


def test_privacy_a_second_thought_and_a_closed_door(house: House, guest: Guest) -> None:
    rule(house, "review")
    phone = guest("giver4")
    giving(house, phone)
    phone.tap("选照片")  # and closes the chooser
    phone.until("phone.calls.some(call => call.name === 'chooseMedia')")
    assert phone.data["rows"] == []
    private = guest("giver5", album="private", roll=[picture("maroon", "given 5")])
    giving(house, private)
    private.tap("选照片")
    private.until("phone.toasts.includes('需先同意《用户隐私保护指引》才能选照片')")
    rule(house, "off")
    closed = guest("giver6").open(f"pages/give/give?album={house.seed['album_id']}")
    closed.until("phone.page().data.face === 'off'")
    closed.scan(house.seed["scene"]).wall(len(house.photos()))
    assert closed.page.get_by_text("投稿", exact=True).locator("visible=true").count() == 0


def test_shared_to_the_timeline_opens_for_somebody_without_a_name(house: House, guest: Guest) -> None:
    """WeChat's single page (scene 1154): nobody can log in there, and nobody needs to."""
    phone = guest("sharer")
    phone.scan(house.seed["scene"]).wall(len(house.photos()))
    album = phone.now("phone.timeline()")
    assert album["title"].startswith("「2026 年度盛典」")
    assert "/blobs/" in album["imageUrl"]
    friend = guest("friend", scene=1154).open(f"pages/album/album?{album['query']}")
    friend.wall(len(house.photos()))
    phone.tiles().first.tap()
    phone.until("phone.page().route === 'pages/viewer/viewer' && phone.page().data.face === 'photo'")
    photo = phone.now("phone.timeline()")
    friend.open(f"pages/viewer/viewer?{photo['query']}")
    friend.until("phone.page().data.face === 'photo'")
    newest = house.photos()[0]["id"]
    assert friend.now("phone.page().data.slides[phone.page().data.current].id") == newest
    assert friend.calls("login") == []


def test_the_card_and_the_next_photo_are_at_hand(
    house: House, guest: Guest, record_property: Callable[..., None]
) -> None:
    """G8: the card with photo and code; G5: the neighbours' pictures are there before the finger is."""
    house.fill(5)
    phone = guest("swiper")
    phone.scan(house.seed["scene"]).wall(len(house.photos()))
    phone.tiles().first.tap()
    phone.until("phone.page().route === 'pages/viewer/viewer' && phone.page().data.face === 'photo'")
    cards, swipes = [], []
    for n in range(3):
        photo = house.photos()[n]
        began = phone.now("performance.now()")
        phone.now(f"fetch('{house.url}/mp/v1/photos/{photo['id']}/card.jpg').then(said => said.blob())")
        cards.append(phone.now("performance.now()") - began)
        assert int(house.http.get(photo["urls"]["view"]).headers["content-length"]) <= 200_000
    finger = phone.context.new_cdp_session(phone.page)
    for n in range(1, 4):
        there = (
            f"[...document.querySelectorAll('wx-swiper-item')][{n}].querySelector('img[src*=\"-view\"]')?.naturalWidth"
        )
        phone.until(f"{there} > 0")  # fetched ahead, while the guest looks at the one before
        for kind, x in (("touchStart", 340), ("touchMove", 200), ("touchMove", 60), ("touchEnd", None)):
            points = [] if x is None else [{"x": x, "y": 420}]
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        began = time.monotonic()
        phone.until(f"phone.page().data.current === {n}")
        assert phone.now(there) > 0
        swipes.append((time.monotonic() - began) * 1000)
        phone.page.wait_for_timeout(400)  # the slide comes to rest
    record_property("card_ms", cards)
    record_property("swipe_ms", swipes)
