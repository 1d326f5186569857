"""One Playwright per process: a second one beside the first refuses to start."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

__all__ = ["Launch", "chromium"]

PROGRAM = "/usr/bin/chromium-headless-shell"  # scripts/tools.sh installs it; the whole browser takes twice the CPU
Launch = Callable[..., Browser]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Launch]:
    """`chromium("--a-flag")` starts a headless browser; those still open at the end are closed."""
    with sync_playwright() as playwright:
        started: list[Browser] = []

        def launch(*flags: str) -> Browser:
            args = ["--no-sandbox", "--disable-dev-shm-usage", *flags]
            started.append(playwright.chromium.launch(executable_path=PROGRAM, args=args))
            return started[-1]

        yield launch
        for browser in started:
            browser.close()
