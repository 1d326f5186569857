"""`kuaimen bench faces-lag`: does looking for faces make guests wait?

In turns, within one run: a photo is sent and, the moment it is live, another one, whose lag is measured; first while
nobody looks for faces, then while the first one of the two is being looked at. Then it waits until ten photos a
minute are what was sent, or until every photo was looked at, whichever takes longer.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer

from backend.clock import now_ms
from backend.face_notice import CHECKLIST
from launch import here
from launch.bench import append_result, lag
from launch.bench.lag import Seen
from launch.status import status

PACE_S: Final = 12.0  # for two photos: ten a minute
BEHIND_S: Final = 300
OFF: Final[dict[str, Any]] = {"active": False}
ON: Final[dict[str, Any]] = {"active": True, "contact": "bench", "checklist": dict.fromkeys(CHECKLIST, True)}


@dataclass(frozen=True, slots=True)
class Event:
    """The event of the running platform, and a guest who follows it."""

    http: httpx.Client
    where: dict[str, Any]
    token: dict[str, str]
    seen: Seen

    def switch(self, said: dict[str, Any]) -> None:
        self._faces("POST", said)

    def catch_up(self) -> float:
        """Seconds until every live photo was looked at."""
        began = time.monotonic()
        album = f"/mp/v1/albums/{self.where['album_id']}"
        while self._faces("GET")["counts"]["photos"] < self.http.get(album).raise_for_status().json()["photos"]:
            if time.monotonic() - began > BEHIND_S:
                raise TimeoutError("faces are not looked for as fast as photos come")
            time.sleep(0.1)
        return time.monotonic() - began

    def shoot(self, photo: Path) -> tuple[str, float]:
        """The photo's id, and ms from its last byte until it was live."""
        name = f"FACES{now_ms() % 10**9}.{photo.suffix.lstrip('.')}"
        sent_at = lag.push(self.where["ftp"], name, lag.unlike(photo.read_bytes()))
        found = lag.await_live(self.http, self.token, self.where, name, self.seen)
        return str(found["id"]), float(found["live_at"] - sent_at)

    def settle(self, photo_id: str) -> None:
        lag.await_settled(self.http, self.token, self.where, photo_id)

    def _faces(self, method: str, said: dict[str, Any] | None = None) -> dict[str, Any]:
        at = f"/api/v1/events/{self.where['event_id']}/faces"
        answer: dict[str, Any] = self.http.request(method, at, json=said, headers=self.token).raise_for_status().json()
        return answer


def run(
    *,
    photos: Annotated[Path, typer.Option(help="A folder of photos of people to send.")],
    pairs: Annotated[int, typer.Option(min=1, help="How often it is measured, 24 s each time.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Only the figures, as the last line.")] = False,
) -> None:
    """Photos through the FTP port of the running platform, in turns without and with faces being looked for."""
    settings = here.joined()
    where = status(settings, here.home_of(settings))
    figures = measure(where, photos, pairs, tell=lambda line: print(line, file=sys.stderr))
    append_result("faces_lag", figures)
    if not as_json:
        print(f"live {figures['to_idle']} times idle; looked at {figures['looked_at_s']['p95']} s after it was live")
    print(json.dumps(figures))


def measure(where: dict[str, Any], folder: Path, pairs: int, *, tell: Callable[[str], None]) -> dict[str, Any]:
    """Figures: lag (ms) until live without and with faces, their ratio, and how soon a photo was looked at.

    Raises TimeoutError when a photo does not come out, HTTPStatusError when there is no face engine.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in lag.SUFFIXES)
    idle: list[float] = []
    beside: list[float] = []
    looked_s: list[float] = []
    with httpx.Client(base_url=where["url"], timeout=30) as http, lag.following(where) as seen:
        event = Event(http, where, lag.sign_in(http, where), seen)
        for number in range(pairs):
            photo = files[number % len(files)]
            event.switch(OFF)
            with at_pace():
                idle.append(_two(event, photo))
            event.switch(ON)
            event.catch_up()
            with at_pace():
                beside.append(_two(event, photo))
                looked_s.append(event.catch_up())
            tell(f"{number + 1}/{pairs} {photo.name}: {idle[-1]:.0f} ms, beside faces {beside[-1]:.0f} ms")
        event.switch(OFF)
    return {
        "pairs": pairs,
        "idle_ms": lag.percentiles(idle),
        "indexing_ms": lag.percentiles(beside),
        "to_idle": round(statistics.median(beside) / max(statistics.median(idle), 1), 2),
        "looked_at_s": lag.percentiles(looked_s),
        "keeps_up": max(looked_s) <= PACE_S,
    }


def _two(event: Event, photo: Path) -> float:
    """The lag of the second one."""
    event.shoot(photo)
    photo_id, took = event.shoot(photo)
    event.settle(photo_id)
    return took


@contextmanager
def at_pace() -> Iterator[None]:
    """Two photos, and then nothing until their twelve seconds are over."""
    ends = time.monotonic() + PACE_S
    yield
    time.sleep(max(0.0, ends - time.monotonic()))
