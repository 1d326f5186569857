"""A wall of 10,000 photos on a processor four times slower, by Chromium's trace, beside an empty page as high.

    python -m benchmarks.wall

Starts a platform of its own and a headless browser. A task is what the page's main thread does at a stretch, a gap the
time between two frames that were drawn; without a graphics card, drawing is this machine's work as well. `cpu_x4_ms` is
unthrottled time of the processor, four times: what others on this machine cannot spoil. One line goes to results.jsonl.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, sync_playwright

from backend import clock
from tests.browser import frames
from tests.browser.venue import DESK, TALL, Guests, Venue, listening, until
from tests.chromium import PROGRAM
from tests.e2e.platform import Running

RESULTS: Final = Path(__file__).parent / "results.jsonl"
PHOTOS: Final = 10_000
SHOT: Final = 26
SLOWER: Final = 4
SCREENS: Final = 10
EMPTY: Final = '<body style="margin:0"><div style="height:200000px;background:linear-gradient(teal,navy)">'


def all_read(page: Page) -> None:
    last = f"Number(document.querySelector('#wall li').ariaSetSize) === {PHOTOS}"
    until(page, f"(window.scrollTo(0, document.body.scrollHeight), {last})", 200)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight / 2)")
    page.wait_for_timeout(1000)


def measured(page: Page) -> dict[str, Any]:
    slow = frames.scroll(page, SCREENS, slower=SLOWER)
    free = frames.scroll(page, SCREENS)

    def few(ms: list[float], times: int = 1) -> dict[str, float]:
        return {"longest": round(ms[0] * times, 1), "p99": round(ms[len(ms) // 100] * times, 1)}

    return {"task_ms": few(slow.busy), "cpu_x4_ms": few(free.cpu, SLOWER), "gap_ms": few(slow.gaps)}


def main() -> None:
    said: dict[str, Any] = {"bench": "wall", "at": clock.now_ms(), "photos": PHOTOS, "slower": SLOWER}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        running = Running(Path(folder) / "var")
        running.start()
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            venue = Venue(running, running.status(), Path(folder))
            venue.shoot(SHOT)
            venue.settle(SHOT)
            album = venue.plant_album("Large", PHOTOS)
            for name, size in (("phone", TALL), ("desk", DESK)):
                guests = Guests(browser)
                page = guests.open(f"{venue.album_url}?album={album}", size)
                listening(page)
                all_read(page)
                said[name] = {"wall": measured(page)}
                page.goto("about:blank")
                page.set_content(EMPTY)
                said[name]["empty"] = measured(page)
                guests.close()
        finally:
            browser.close()
            running.stop()
            running.end()
    with RESULTS.open("a") as results:
        results.write(json.dumps(said) + "\n")
    print(json.dumps(said, indent=2))


if __name__ == "__main__":
    main()
