"""Photos taken home: many at once, packed while one looks on and checked byte by byte; one, and its better version."""

from __future__ import annotations

import hashlib
import io
import zipfile

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser import scenes
from tests.browser.venue import DESK, TALL, Guests, Venue, listening, serious

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_many_photos_are_taken_home_at_once(venue: Venue, guests: Guests) -> None:
    """Packed by a worker while the guest looks on; found again after a reload; every file has its SHA-256."""
    page = guests.open(venue.album_url, TALL)
    listening(page)
    page.tap("#take")
    assert serious(page) == []
    page.get_by_role("button", name="全部").tap()
    page.locator(".sheet li a").first.wait_for(timeout=150_000)
    page.reload()
    page.tap("#take")
    links = page.locator(".sheet li a")
    links.first.wait_for(timeout=30_000)
    *parts, manifest = [link.get_attribute("href") or "" for link in links.all()]
    found: dict[str, bytes] = {}
    for part in parts:
        with zipfile.ZipFile(io.BytesIO(httpx.get(part).content)) as packed:
            found |= {name: packed.read(name) for name in packed.namelist()}
    lines = [line.split("  ", 1) for line in httpx.get(manifest).text.splitlines() if line]
    promised = {name: digest for digest, name in lines}
    photos = {name: content for name, content in found.items() if content.startswith(b"\xff\xd8")}
    assert len(photos) == venue.running.live()
    assert {name: hashlib.sha256(content).hexdigest() for name, content in photos.items()}.items() <= promised.items()


def test_who_saved_a_photo_is_offered_the_version_by_hand_once(venue: Venue, guests: Guests) -> None:
    """The same photo at the same place, with its likes; downloads are the new version from now on."""
    page = guests.open(venue.album_url, DESK)
    listening(page)
    page.click("#wall li:nth-child(3) a")
    page.wait_for_selector(".pswp--open.pswp--ui-visible")
    photo_id = page.evaluate("location.hash").removeprefix("#p=")
    page.locator(".viewer-heart").click()
    first = download(page)
    offer = page.locator("#notice.up", has_text="可以再存一次")
    venue.organizer(f"/photos/{photo_id}/retouched", scenes.jpeg(77, width=900, height=600))
    offer.wait_for(timeout=60_000)
    expect(page.locator(".viewer-times")).to_contain_text("精修")
    assert page.evaluate("location.hash") == f"#p={photo_id}"
    expect(page.locator(".viewer-heart")).to_have_attribute("aria-pressed", "true")
    assert download(page) != first
    page.reload()
    page.wait_for_selector(".pswp--open.pswp--ui-visible")
    page.wait_for_timeout(1500)
    assert offer.count() == 0, "once"


def download(page: Page) -> bytes:
    """The picture as the guest's phone keeps it."""
    page.get_by_role("button", name="下载", exact=True).click()
    page.locator(".viewer-save").wait_for(timeout=60_000)
    with page.expect_download() as taken:
        page.locator(".viewer-save").click()
    return taken.value.path().read_bytes()
