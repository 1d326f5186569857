"""Timing a swipe inside the page: from the finger's lifting to the next photo's picture, decoded, in the middle."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Page

LINE: Final = {"offline": False, "latency": 80, "downloadThroughput": 5e6 / 8, "uploadThroughput": 5e6 / 8}
MOST_MS: Final = 200
PICTURES: Final = ".pswp img, wx-swiper-item img"
WATCH: Final = """(pictures) => { window.swiped = new Promise((done) => {
  const middle = () => [...document.querySelectorAll(pictures)].find((img) => {
    const box = img.getBoundingClientRect();
    const there = box.left <= innerWidth / 2 && box.right >= innerWidth / 2;
    const large = /-(phone|view)[.]jpg/.test(img.src) && img.complete && img.naturalWidth > 0;
    return there && large && Number(getComputedStyle(img).opacity) > 0.9;
  });
  const before = middle()?.src;
  let lifted;
  addEventListener("touchend", () => { lifted = performance.now(); }, { once: true, capture: true });
  const look = async () => {
    const img = middle();
    if (lifted === undefined || !img || img.src === before) return requestAnimationFrame(look);
    await img.decode();
    requestAnimationFrame(() => done([performance.now() - lifted, img.src]));
  };
  requestAnimationFrame(look);
}); }"""
CAME: Final = """new Set(performance.getEntriesByType("resource").map((one) => one.name.split("?")[0])
  .filter((name) => /-(phone|view)[.]jpg/.test(name))).size"""


def swipe(page: Page, *, far: int) -> tuple[float, str]:
    """One flick of `far` px to the left, which leaves the next photo short of the middle.

    Returns milliseconds, and the address of the picture that was shown.
    """
    finger = page.context.new_cdp_session(page)
    page.evaluate(WATCH, PICTURES)
    for kind, x in (("touchStart", 340), ("touchMove", 340 - far // 2), ("touchMove", 340 - far), ("touchEnd", None)):
        points = [] if x is None else [{"x": x, "y": 420}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    took, src = page.evaluate("window.swiped")
    finger.detach()
    return float(took), str(src)
