"""The wall, live, on the running platform: scan, new photos, better versions, hidden ones, sleep, bad networks."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Route

from tests.miniprogram.conftest import House
from tests.miniprogram.phone import SHOWN, Phone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
Guest = Callable[..., Phone]
FOLLOWING = "phone.page().data.beating || phone.page().data.pulse === '自动更新'"  # a busy machine may be polled
FIRST_TOP = "document.querySelector('photo-wall swap-image').getBoundingClientRect().top"


def on_the_wall(house: House, phone: Phone) -> None:
    """The guest scanned the poster and sees every photo there is."""
    phone.scan(house.seed["scene"]).wall(len(house.photos()))


def told_of(photo_id: str) -> str:
    return f"phone.page().data.tiles.some(tile => tile.id === {photo_id!r})"


def test_a_scan_leads_to_a_wall_of_photos(house: House, guest: Guest) -> None:
    house.fill(4)
    phone = guest()
    on_the_wall(house, phone)
    assert phone.route == "pages/album/album"
    assert phone.data["eventTitle"] == "2026 年度盛典"
    assert phone.data["count"] == f"{len(house.photos())} 张"
    phone.until("phone.page().data.beating")
    scan, photos, stream = (path for path in phone.asked() if path != "/track")  # three requests, no more
    assert scan.startswith("/scan?scene=e%3D")
    assert photos.endswith("/photos?limit=60")
    assert "/stream?after=" in stream
    assert phone.calls("login") == []  # nobody needs a name to look


def test_a_new_photo_appears_by_itself(house: House, guest: Guest, record_property: Callable[..., None]) -> None:
    house.fill(4)
    phone = guest()
    on_the_wall(house, phone)
    phone.until("phone.page().data.beating")
    before = phone.asked()
    began = time.monotonic()
    photo_id = house.shoot()
    phone.until(f"{told_of(photo_id)} && ({SHOWN})()")
    record_property("seconds_to_the_wall", round(time.monotonic() - began, 3))
    asked = [path for path in phone.asked()[len(before) :] if not path.endswith(("/seen", "/track"))]
    assert asked == []  # it came on the stream that was open: no reload, no list
    phone.until("phone.calls.some(call => call.name === 'request' && call.options.url.endsWith('/seen'))")
    assert phone.now("phone.mostRequests") <= 10


def test_who_reads_further_down_is_not_moved(house: House, guest: Guest) -> None:
    house.fill(24)
    phone = guest()
    on_the_wall(house, phone)
    phone.until(FOLLOWING)
    phone.now("scrollTo(0, 500)")
    phone.until("scrollY === 500")
    before = phone.now(FIRST_TOP)
    first, second = house.shoot(), house.shoot()
    phone.until("phone.page().data.pill === '2 张新照片'")
    assert phone.now(FIRST_TOP) == before
    assert phone.now("scrollY") == 500
    phone.tap("2 张新照片")
    phone.until(f"{told_of(first)} && {told_of(second)} && scrollY === 0 && phone.page().data.pill === ''")


def test_a_better_version_comes_in_place(house: House, guest: Guest) -> None:
    house.fill(4)
    phone = guest()
    on_the_wall(house, phone)
    phone.until(FOLLOWING)
    newest = house.shoot((600, 400), original=(1800, 1200))
    tile = f"phone.page().data.tiles.find(tile => tile.id === {newest!r})"
    phone.until(f"{tile} !== undefined")
    house.running.until(lambda: house.photos()[0]["stage"] == "original", 30)
    thumb = house.photos()[0]["urls"]["thumb"].split("?")[0]
    phone.until(f"{tile}.thumb.startsWith({thumb!r}) && ({SHOWN})()")
    assert phone.now(f"phone.page().data.tiles.filter(tile => tile.id === {newest!r}).length") == 1


def test_a_hidden_photo_leaves_every_screen(house: House, guest: Guest) -> None:
    house.fill(4)
    photo_id = house.shoot()
    house.running.until(lambda: house.photos()[0]["id"] == photo_id, 30)
    wall, viewer = guest("wall"), guest("viewer")
    on_the_wall(house, wall)
    on_the_wall(house, viewer)
    viewer.tiles().first.tap()
    viewer.until("phone.page().route === 'pages/viewer/viewer' && phone.page().data.face === 'photo'")
    assert viewer.now("phone.page().data.slides[phone.page().data.current].id") == photo_id
    house.hide(photo_id)
    wall.until(f"phone.page().data.tiles.find(tile => tile.id === {photo_id!r}).gone")
    viewer.until("phone.page().data.gone")
    assert wall.now(f"phone.page().data.tiles.find(tile => tile.id === {photo_id!r}).thumb") == ""
    assert viewer.page.get_by_text("这张照片已下架").locator("visible=true").count() == 1


def test_an_old_wechat_polls_and_misses_nothing(house: House, guest: Guest) -> None:
    house.fill(4)
    phone = guest(chunked=False)
    on_the_wall(house, phone)
    phone.until("phone.page().data.pulse === '自动更新' || phone.page().data.pulse === '连接中'")
    photo_id = house.shoot()
    phone.until(told_of(photo_id))
    assert any("/changes?after=" in path and "wait=25" in path for path in phone.asked())


def test_a_phone_that_slept_goes_on_from_its_cursor(house: House, guest: Guest) -> None:
    house.fill(4)
    phone = guest()
    on_the_wall(house, phone)
    phone.until("phone.page().data.beating")
    phone.now("phone.hide()")
    phone.until("phone.requests === 0")
    photo_id = house.shoot()
    house.running.until(lambda: house.photos()[0]["id"] == photo_id, 30)
    before = len(phone.asked())
    phone.now("phone.show()")
    phone.until(told_of(photo_id))
    assert not any("/photos?" in path for path in phone.asked()[before:])  # no list: the changes after the cursor


def test_no_network_is_said_and_made_good(house: House, guest: Guest) -> None:
    house.fill(4)
    phone = guest()
    on_the_wall(house, phone)
    phone.until(FOLLOWING)
    before = phone.now(FIRST_TOP)
    phone.context.set_offline(True)
    phone.until("phone.page().data.banner === '网络已断开，恢复后会自动补齐照片'")
    assert phone.page.get_by_text("网络已断开，恢复后会自动补齐照片").locator("visible=true").count() == 1
    assert phone.now(FIRST_TOP) == before
    photo_id = house.shoot()
    house.running.until(lambda: house.photos()[0]["id"] == photo_id, 30)
    phone.context.set_offline(False)
    phone.until(f"{told_of(photo_id)} && phone.page().data.banner === ''")


def test_with_one_picture_in_five_lost_no_tile_stays_grey(house: House, guest: Guest) -> None:
    house.fill(10)
    phone = guest()
    chance = random.Random(7)
    lost = []

    def lose(route: Route) -> None:
        if chance.random() < 0.2:
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    phone.page.route("**/blobs/**", lose)
    on_the_wall(house, phone)
    assert lost


def test_a_token_that_is_no_longer_good_is_replaced(house: House, guest: Guest) -> None:
    house.fill(4)
    phone = guest()
    phone.page.add_init_script(
        "localStorage.setItem('session', JSON.stringify({token: 'stale', until: Date.now() + 1e9}))"
    )
    on_the_wall(house, phone)
    assert len(phone.calls("login")) == 1
