"""A guest's phone for tests: the bundled mini-program in Chromium, with `window.phone` as its remote control."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, BrowserContext, Locator, Page
from playwright.sync_api import TimeoutError as TooLate

WAIT_MS = 20_000


class Phone:
    """One guest with one phone; `open()` starts the mini-program as from a code, a card or a message."""

    def __init__(
        self, browser: Browser, bundle: Path, agent: str | None = None, density: int = 1, **settings: Any
    ) -> None:
        self.settings = settings
        self.bundle = bundle
        self.trouble: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport={"width": 390, "height": 844},
            user_agent=agent,
            has_touch=True,
            is_mobile=True,
            device_scale_factor=density,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        self.context.set_default_timeout(WAIT_MS)
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("console", lambda said: self.trouble.append(said.text) if said.type == "warning" else None)

    def open(self, where: str = "pages/home/home", **settings: Any) -> Phone:
        """From cold, but with what this phone has in its storage."""
        said = json.dumps(self.settings | settings | {"open": where})
        self.page.add_init_script(f"window.phone = {said}")
        self.page.goto(self.bundle.as_uri())
        return self

    def scan(self, scene: str, **settings: Any) -> Phone:
        return self.open(f"pages/event/event?scene={quote(scene, safe='')}", **settings)

    def now(self, expression: str) -> Any:
        """A value of `window.phone` or of the page."""
        return self.page.evaluate(expression)

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = self.now("phone.page().data")
        return found

    @property
    def route(self) -> str:
        return str(self.now("phone.page().route"))

    def until(self, expression: str, within_ms: int = WAIT_MS) -> None:
        """Waits until the expression is true on the phone. Fails with what the phone shows instead."""
        try:
            self.page.wait_for_function(expression, timeout=within_ms)
        except TooLate as exc:
            shown = {name: value for name, value in self.data.items() if isinstance(value, str | int)}
            raise AssertionError(f"never: {expression}\n{self.route} {shown}\n{self.asked()[-6:]}") from exc

    def calls(self, name: str) -> list[dict[str, Any]]:
        """Options of every call of `wx.<name>`, oldest first; functions in them are left out."""
        wanted = f"phone.calls.filter(call => call.name === {json.dumps(name)})"
        found: list[dict[str, Any]] = json.loads(
            self.now(f"JSON.stringify({wanted}.map(call => call.options ?? {{}}))")
        )
        return found

    def asked(self) -> list[str]:
        """Paths of all requests to the platform, oldest first."""
        return [call["url"].split("/mp/v1")[1] for call in self.calls("request")]

    def tap(self, words: str) -> None:
        self.page.get_by_text(words, exact=True).locator("visible=true").first.tap()

    def tiles(self) -> Locator:
        return self.page.locator("photo-wall swap-image")

    def wall(self, photos: int) -> None:
        """Waits until so many photos are on the wall (or as many as it draws at once), each with its picture."""
        drawn = f"document.querySelectorAll('{TILE}').length"
        enough = f"{drawn} >= {DRAWN}" if photos > DRAWN else f"{drawn} === {photos}"
        self.until(f"{enough} && ({SHOWN})()")

    def close(self) -> None:
        self.context.close()


DRAWN = 20  # tiles a phone draws at least when there are more
TILE = "photo-wall swap-image"
SHOWN = f"""() => [...document.querySelectorAll('{TILE}')].every(tile =>
  [...tile.querySelectorAll('img')].some(img => img.src.includes('/blobs/') && img.complete && img.naturalWidth > 0))"""
