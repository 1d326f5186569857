"""One platform and one browser for all tests of a file; every page that a test opened must have been free of errors."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from playwright.sync_api import Browser

from tests.browser.venue import Guests, Venue, opened
from tests.chromium import Launch
from web import shell

PHOTOS = 26


@pytest.fixture(scope="session")
def built() -> None:
    missing = [build for build in shell.BUILDS if not (shell.DIST / f"manifest-{build}.json").exists()]
    assert not missing, "web/dist is not built: run ./start.sh --setup dev"


@pytest.fixture(scope="module")
def venue(built: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Venue]:
    """The platform as `kuaimen up` starts it, with photos that a camera sent: as many as the file's own `PHOTOS`."""
    photos = getattr(request.module, "PHOTOS", PHOTOS)
    with opened(tmp_path_factory.mktemp("venue")) as found:
        found.shoot(photos)
        found.settle(photos)
        yield found


@pytest.fixture(scope="session")
def browser(chromium: Launch) -> Browser:
    return chromium()


@pytest.fixture
def guests(browser: Browser) -> Generator[Guests]:
    found = Guests(browser)
    yield found
    found.close()
    assert not found.troubles, found.troubles
