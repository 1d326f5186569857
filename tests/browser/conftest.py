"""One platform and one browser for all tests of a file; every page that a test opened must have been free of errors."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from pathlib import Path

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


@pytest.fixture(scope="session")
def begun(built: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with `PHOTOS` photos from a camera. To draw and to render them takes longer than many a test."""
    folder = tmp_path_factory.mktemp("begun")
    with opened(folder) as found:
        found.shoot(PHOTOS)
        found.settle(PHOTOS)
        found.running.stop()
    return found.running.data_dir


@pytest.fixture(scope="module")
def venue(built: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Venue]:
    """The platform as `kuaimen up` starts it, with photos that a camera sent: as many as the file's own `PHOTOS`."""
    folder = tmp_path_factory.mktemp("venue")
    own: int | None = getattr(request.module, "PHOTOS", None)
    if own is None:
        shutil.copytree(request.getfixturevalue("begun"), folder / "var")
    with opened(folder) as found:
        if own is None:
            found.shot = PHOTOS
        else:
            found.shoot(own)
            found.settle(own)
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
