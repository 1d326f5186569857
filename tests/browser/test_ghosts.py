"""A photo is seen coming: its place is on the wall while the camera still sends, and becomes the photo there."""

from __future__ import annotations

import io
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import Page, expect

from tests.browser import scenes
from tests.browser.venue import TALL, Guests, Venue, first_id, listening, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
HEAD = 96 << 10
GHOST_MS = 300
SHIFT = 0.05
GHOST = "document.querySelector('#wall li.ghost')"


@contextmanager
def sending(venue: Venue, *, size: tuple[int, int] = (1500, 1000)) -> Generator[float]:
    """The camera has sent the head of its next photo, at the moment that is yielded; the rest follows afterwards."""
    venue.shot += 1
    content = scenes.jpeg(venue.shot, width=size[0], height=size[1], quality=95)
    assert len(content) > 2 * HEAD
    with venue.camera() as ftp:
        data = ftp.transfercmd(f"STOR DSC{venue.shot:05d}.JPG")
        data.sendall(content[:HEAD])
        yield time.monotonic()
        data.sendall(content[HEAD:])
        data.close()
        ftp.voidresp()


def tops(page: Page) -> dict[str, int]:
    found: dict[str, int] = page.evaluate(
        """Object.fromEntries([...document.querySelectorAll('#wall li')]
            .map((li) => [li.dataset.id, Math.round(li.getBoundingClientRect().top)]))"""
    )
    return found


def settled(page: Page) -> None:
    until(
        page,
        "document.getAnimations().filter((one) => one.playState === 'running')"
        ".every((one) => ['pass', 'breathe'].includes(one.animationName))",
        30,
    )


@pytest.mark.parametrize("size", [(1500, 1000), (1000, 1500)], ids=["lying", "upright"])
def test_a_ghost_becomes_its_photo_in_place(venue: Venue, guests: Guests, size: tuple[int, int]) -> None:
    page = guests.open(venue.album_url, TALL)
    listening(page)
    settled(page)
    page.evaluate("window.shifts.length = 0")
    with sending(venue, size=size):
        until(page, f"{GHOST} !== null")
        settled(page)
        ghost_id = first_id(page)
        box = page.evaluate(f"(({{ width, height }}) => width / height)({GHOST}.getBoundingClientRect())")
        assert abs(box - size[0] / size[1]) < 0.02
        before = tops(page)
        page.evaluate(f"window.place = {GHOST}")
    picture = "window.place.querySelector('img')?.naturalWidth > 0 && !window.place.classList.contains('ghost')"
    until(page, picture, 30)
    assert first_id(page) == ghost_id == page.evaluate("window.place.dataset.id"), "the same tile"
    settled(page)
    assert tops(page) == before, "nothing moved when it came true"
    assert page.evaluate("window.shifts.reduce((sum, one) => sum + one, 0)") < SHIFT
    page.evaluate("window.place.querySelector('a').click()")
    page.wait_for_selector(".pswp--open")
    assert page.url.endswith(f"#p={ghost_id}")


def test_a_ghost_is_there_at_once(venue: Venue, guests: Guests) -> None:
    """From the head's last byte on the side of the camera to the tile in the page; the best of five."""
    page = guests.open(venue.album_url, TALL)
    listening(page)
    took = []
    for _ in range(5):
        with sending(venue) as sent:
            until(page, f"{GHOST} !== null")
            took.append((time.monotonic() - sent) * 1000)
        until(page, f"{GHOST} === null", 30)
    assert min(took) < GHOST_MS, took


def test_a_ghost_that_comes_to_nothing_leaves(venue: Venue, guests: Guests) -> None:
    page = guests.open(venue.album_url, TALL)
    listening(page)
    newest = first_id(page)
    venue.shot += 1
    content = scenes.jpeg(venue.shot, quality=95)
    ftp = venue.camera()
    data = ftp.transfercmd(f"STOR DSC{venue.shot:05d}.JPG")
    data.sendall(content[:HEAD])
    until(page, f"{GHOST} !== null")
    data.close()  # the camera's battery
    ftp.close()
    until(page, f"{GHOST} === null", 25)
    assert first_id(page) == newest


def test_who_comes_later_sees_what_may_still_come_and_nothing_else(venue: Venue, guests: Guests) -> None:
    with sending(venue):
        early = guests.open(venue.album_url, TALL)
        listening(early)
        until(early, f"{GHOST} !== null")
    until(early, f"{GHOST} === null", 30)
    late = guests.open(venue.album_url, TALL)
    listening(late)
    newest = first_id(late)
    venue.shoot()  # whatever was to be told again would have come before
    until(late, f"document.querySelector('#wall li:not(.ghost)').dataset.id !== '{newest}'", 30)
    assert late.evaluate("document.querySelectorAll('#wall li.ghost').length") == 0
    ids = late.evaluate("[...document.querySelectorAll('#wall li')].map((li) => li.dataset.id)")
    assert len(ids) == len(set(ids))


def test_no_ghost_where_a_person_decides(venue: Venue, guests: Guests) -> None:
    page = guests.open(venue.album_url, TALL, reduced_motion="reduce")
    listening(page)
    page.evaluate(
        """new MutationObserver(() => { window.haunted ||= document.querySelector('#wall li.ghost') !== null; })
            .observe(document.getElementById('wall'), { childList: true })"""
    )
    album = f"/albums/{venue.status['album_id']}"
    venue.organizer(f"{album}/culling", {"culling": "hold"})
    try:
        with sending(venue):
            page.wait_for_timeout(1_500)
        assert not page.evaluate("window.haunted")
    finally:
        venue.organizer(f"{album}/culling", {"culling": "suggest"})
    with sending(venue):
        until(page, "window.haunted === true")
        assert page.evaluate("document.getAnimations().length") == 0


def test_the_viewer_tells_to_the_second_when_what_happened(venue: Venue, guests: Guests) -> None:
    page = guests.open(venue.album_url, TALL)
    listening(page)
    before = first_id(page)
    shot_s = int(time.time()) - 2
    frame = scenes.jpeg(950, width=750, height=500, shot_at=shot_s * 1000)
    with venue.camera() as ftp:
        ftp.storbinary("STOR STAMP01.JPG", io.BytesIO(frame))
        sent = time.time()
    until(page, f"document.querySelector('#wall li').dataset.id !== '{before}'", 20)
    until(page, "document.querySelector('#wall li img')?.naturalWidth > 0", 20)
    live = time.time()
    page.tap("#wall li a")
    page.wait_for_selector(".pswp--open.pswp--ui-visible")
    stamps = page.locator(".viewer-times time")
    expect(stamps).to_have_count(2)
    given = time.time()
    venue.organizer(f"/photos/{first_id(page)}/retouched", scenes.jpeg(951, width=750, height=500))
    expect(stamps).to_have_count(3, timeout=60_000)
    said = [datetime.fromisoformat(one.get_attribute("datetime") or "").timestamp() for one in stamps.all()]
    assert said[0] == shot_s
    assert sent - 1 < said[1] < live + 1
    assert given - 1 < said[2] < time.time() + 1
    clocks = [datetime.fromtimestamp(at, timezone(timedelta(hours=8))).strftime("%H:%M:%S") for at in said]
    expect(stamps).to_have_text(clocks)
