"""«Find me» in the guest's browser: notice, consent, selfie, answer, and the end of it."""

from __future__ import annotations

import io
import time
from collections.abc import Generator

import pytest

from backend.face_notice import CHECKLIST
from tests import people
from tests.browser.test_album import serious
from tests.browser.venue import TALL, Guests, Venue, listening
from tests.e2e.platform import Running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def venue(built: None, tmp_path_factory: pytest.TempPathFactory) -> Generator[Venue]:
    """An event of three photos: person 0, person 1, both."""
    running = Running(tmp_path_factory.mktemp("venue") / "var")
    running.start()
    try:
        found = Venue(running, running.status(), tmp_path_factory.mktemp("shots"))
        for number, picture in enumerate((people.portrait(0), people.portrait(1), people.portrait(0, 1))):
            with found.camera() as ftp:
                ftp.storbinary(f"STOR FACE{number}.JPG", io.BytesIO(picture))
        found.settle(3)
        yield found
    finally:
        running.stop()
        running.end()


def test_a_guest_finds_follows_and_deletes(venue: Venue, guests: Guests) -> None:
    page = guests.open(venue.album_url, TALL)
    assert page.locator("#find").count() == 0, "off until the organizer switches it on"
    [event] = venue.organizer("/events")["events"]
    at = f"/events/{event['id']}/faces"
    checklist = dict.fromkeys(CHECKLIST, True)
    venue.organizer(at, {"active": True, "contact": "dpo@example.com", "checklist": checklist})
    venue.running.until(lambda: venue.organizer(at)["counts"]["photos"] == 3, 90)

    page = guests.open(venue.album_url, TALL)
    listening(page)
    page.tap("#find")
    page.locator(".finder-notice p").first.wait_for()
    page.screenshot(path=venue.shots / "notice.png")
    assert serious(page) == []
    assert page.locator(".finder input:checked").count() == 0, "nothing is ticked beforehand"
    page.get_by_label("我已满 14 周岁").check()
    page.get_by_role("button", name="同意并自拍").tap()
    picture = page.locator(".finder input[type=file]")
    picture.wait_for(state="attached")
    began = time.monotonic()
    picture.set_input_files({"name": "me.jpg", "mimeType": "image/jpeg", "buffer": people.portrait(0, size=300)})
    page.locator(".finder-tiles li").first.wait_for()
    took = time.monotonic() - began
    page.screenshot(path=venue.shots / "found.png")
    assert page.get_by_role("heading", name="很像你的照片 2 张").count() == 1
    assert page.locator(".finder-tiles").first.locator("li").count() == 2
    assert took < 10, "the engine is loaded with the first selfie; the machine may be busy"
    assert serious(page) == []
    page.get_by_role("button", name="停止并删除").tap()
    page.get_by_text("剩余 0").wait_for()
