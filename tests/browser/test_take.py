"""Many photos for one guest: packed while one looks on, found again, checked byte by byte."""

from __future__ import annotations

import hashlib
import io
import zipfile

import httpx
import pytest

from tests.browser.venue import TALL, Guests, Venue, listening, serious

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
