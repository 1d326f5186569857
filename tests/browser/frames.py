"""How smoothly a page scrolls, by Chromium's own trace: its main thread's tasks, and its frames."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from playwright.sync_api import Page

CATEGORIES: Final = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline.frame", "__metadata"]
TASK: Final = "ThreadControllerImpl::RunTask"
PX_PER_S: Final = 2500  # a strong flick
MODEST_MS: Final = 20  # of `LOOP` on a modest phone: four times what it takes where docs/album.md was measured
LOOP: Final = """() => {
    const took = [];
    for (let run = 0, x = 0; run < 40; run++) {
        const began = performance.now();
        for (let n = 0; n < 4e6; n++) x = (Math.imul(x, 1103515245) + n) | 0;
        took.push(performance.now() - began + (x & 0));
    }
    return took.sort((a, b) => a - b)[10];
}"""


@dataclass(frozen=True, slots=True)
class Frames:
    """Milliseconds, longest first."""

    busy: list[float]  # every task of the page's main thread, as others on this machine let it run
    cpu: list[float]  # the same in time of the processor, which others cannot spoil
    gaps: list[float]  # between frames that were drawn


def slower(page: Page) -> float:
    """How many times slower a modest phone is than this machine, by a loop, as quick as others let it be."""
    return MODEST_MS / float(page.evaluate(LOOP))


def scroll(page: Page, screens: int, *, slower: int = 1) -> Frames:
    """Down by so many screens, as a finger or a wheel would; the processor so many times slower meanwhile."""
    size = page.viewport_size or {"width": 0, "height": 0}
    events: list[dict[str, Any]] = []
    done: list[bool] = []
    session = page.context.new_cdp_session(page)
    session.on("Tracing.dataCollected", lambda said: events.extend(filter(_wanted, said["value"])))
    session.on("Tracing.tracingComplete", lambda _said: done.append(True))
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    session.send("Tracing.start", {"traceConfig": {"includedCategories": CATEGORIES}})
    middle = {"x": size["width"] / 2, "y": size["height"] / 2}
    way = {"yDistance": -screens * size["height"], "speed": PX_PER_S, "preventFling": True}
    session.send("Input.synthesizeScrollGesture", middle | way)
    session.send("Tracing.end")
    while not done:
        page.wait_for_timeout(20)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    session.detach()
    return _read(events)


def _wanted(event: dict[str, Any]) -> bool:
    return (event["name"] == TASK and "dur" in event) or event["name"] in ("DrawFrame", "thread_name")


def _read(events: list[dict[str, Any]]) -> Frames:
    mains = {
        (e["pid"], e["tid"]) for e in events if e["name"] == "thread_name" and e["args"]["name"] == "CrRendererMain"
    }
    tasks: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        of = (event["pid"], event["tid"])
        if event["name"] == TASK and of in mains:
            tasks[of].append(event)
    ours = max(tasks.values(), key=lambda some: sum(e.get("tdur", 0) for e in some))  # others' pages do nothing
    drawn = sorted(e["ts"] for e in events if e["name"] == "DrawFrame")
    return Frames(
        busy=sorted((e["dur"] / 1000 for e in ours), reverse=True),
        cpu=sorted((e.get("tdur", 0) / 1000 for e in ours), reverse=True),
        gaps=sorted(((b - a) / 1000 for a, b in pairwise(drawn)), reverse=True),
    )
