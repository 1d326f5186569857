"""A venue: the running platform with a camera on its FTP port, an organizer, and guests with browsers."""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ftplib import FTP
from pathlib import Path
from typing import Any

import httpx
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import select

from backend.clock import now_ms
from backend.config import Settings
from backend.db import Database
from backend.face_notice import CHECKLIST
from backend.jobs import Job
from backend.models import Album, Photo, PhotoState, Rendition, Source, SourceKind, new_id
from tests import people
from tests.browser import scenes
from tests.e2e.platform import Running

PHONE, TALL, DESK, WIDE = (360, 640), (390, 844), (1440, 900), (1920, 1080)
WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(entry.value);
}).observe({ type: "layout-shift", buffered: true });
"""


class Silent:
    """A bell nobody hears: rows planted behind the platform's back need no work."""

    def ring(self, job: Job) -> None: ...
    def wake(self, album_id: str, revision: int) -> None: ...
    def waiting(self, queue: str) -> int:
        return 0


@dataclass
class Venue:
    running: Running
    status: dict[str, Any]
    shots: Path
    shot: int = 0
    _token: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        return str(self.status["url"])

    @property
    def album_url(self) -> str:
        return f"{self.url}/a/{self.status['share_code']}"

    def shoot(self, n: int = 1, *, small: bool = True) -> float:
        """The camera sends its next `n` photos. Returns the moment after the last byte (monotonic seconds)."""
        done = 0.0
        for _ in range(n):
            name, content = self.picture(small=small)
            with self.camera() as ftp:
                ftp.storbinary(f"STOR {name}", io.BytesIO(content))
                done = time.monotonic()
        return done

    def picture(self, *, small: bool = True) -> tuple[str, bytes]:
        """A photo nobody saw before, ready to be sent."""
        self.shot += 1
        width, height = scenes.size_of(self.shot)
        if small:
            width, height = width // 2, height // 2
        content = scenes.jpeg(self.shot, width=width, height=height, shot_at=now_ms() - 2_000)
        return f"DSC{self.shot:05d}.JPG", content

    def camera(self) -> FTP:
        said = self.status["ftp"]
        ftp = FTP(timeout=30)
        ftp.connect(said["host"], said["port"])
        ftp.login(said["user"], said["password"])
        return ftp

    def shoot_people(self) -> None:
        """Three photos of drawn people: person 0, person 1, both."""
        for number, picture in enumerate((people.portrait(0), people.portrait(1), people.portrait(0, 1))):
            with self.camera() as ftp:
                ftp.storbinary(f"STOR FACE{number}.JPG", io.BytesIO(picture))
        self.settle(3)

    def find_faces(self) -> None:
        """The organizer offers «find me»; all three photos are looked at."""
        [event] = self.organizer("/events")["events"]
        at = f"/events/{event['id']}/faces"
        checklist = dict.fromkeys(CHECKLIST, True)
        self.organizer(at, {"active": True, "contact": "dpo@example.com", "checklist": checklist})
        self.running.until(lambda: self.organizer(at)["counts"]["photos"] == 3, 90)

    def settle(self, live: int, within_s: float = 120) -> None:
        """Until so many photos are live and nothing is left to be rendered."""
        self.running.until(lambda: self.running.live() >= live, within_s)

    def organizer(self, path: str, body: dict[str, Any] | bytes | None = None) -> Any:
        """Ask /api/v1 in the organizer's name; a body of bytes is a file."""
        if not self._token:
            who = {k: self.status["console"][k] for k in ("login", "password")}
            self._token = httpx.post(f"{self.url}/api/v1/login", json=who).raise_for_status().json()["token"]
        headers = {"Authorization": f"Bearer {self._token}"}
        method = "GET" if body is None else "POST"
        said: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = httpx.request(method, f"{self.url}/api/v1{path}", headers=headers, timeout=30, **said)
        return answer.raise_for_status().json() if answer.content else None

    def retouched(self) -> list[str]:
        """Ids of photos whose shown version was made by hand."""
        database = Database(Settings(data_dir=self.running.data_dir).sqlalchemy_url, Silent())
        with database.reading() as tx:
            of_hands = select(Source.id).filter_by(kind=SourceKind.RETOUCHED)
            found = list(tx.scalars(select(Photo.id).where(Photo.made_source_id.in_(of_hands))))
        database.engine.dispose()
        return found

    def plant_album(self, title: str, n: int) -> str:
        """An album of `n` live photos that nobody retouched, straight into the database, with pictures of others."""
        settings = Settings(data_dir=self.running.data_dir)
        database = Database(settings.sqlalchemy_url, Silent())
        with database.reading() as tx:
            here = select(Photo).filter_by(state=PhotoState.LIVE, album_id=self.status["album_id"])
            shot = select(Source.id).where(Source.kind != SourceKind.RETOUCHED)
            models = tx.scalars(here.where(Photo.made_source_id.in_(shot))).all()
            keys = {(r.photo_id, r.kind): r for r in tx.scalars(select(Rendition))}
            of = tx.get_one(Album, self.status["album_id"])
        with database.writing() as tx:
            album = Album(
                organization_id=of.organization_id,
                event_id=of.event_id,
                title=title,
                place_in_event=9,
                recipe_id=of.recipe_id,
                revision=n,
            )
            tx.add(album)
            tx.flush()
            album_id = album.id
            began = now_ms() - n * 3_000
            for i in range(1, n + 1):
                like = models[(i * 7 + i // 5) % len(models)]
                photo = _copy(like, album_id, i, began + i * 3_000)
                tx.add(photo)
                tx.add_all(_borrow(keys[like.id, kind], photo.id) for kind in ("thumb", "view", "phone"))
        database.engine.dispose()
        return album_id


@contextmanager
def opened(folder: Path) -> Generator[Venue]:
    """The platform as `kuaimen up` starts it, and its end; screenshots are in `folder` too."""
    running = Running(folder / "var")
    (folder / "shots").mkdir(parents=True)
    try:
        running.start()
        yield Venue(running, running.status(), folder / "shots")
    finally:
        running.end()  # at once: how it stops is tested elsewhere


def _copy(like: Photo, album_id: str, position: int, at: int) -> Photo:
    return Photo(
        id=new_id(),
        organization_id=like.organization_id,
        event_id=like.event_id,
        album_id=album_id,
        state=PhotoState.LIVE,
        digest=hashlib.sha256(f"{album_id}{position}".encode()).hexdigest(),
        size=1,
        width=like.width,
        height=like.height,
        placeholder=like.placeholder,
        source_id=like.source_id,
        made_source_id=like.made_source_id,
        made_recipe_id=like.made_recipe_id,
        position=position,
        revision=position,
        shot_at=at - (position % 5 == 0) * 1_200_000,  # every fifth from a card that was read later
        live_at=at + 900,
        likes=position % 89,
    )


def _borrow(made: Rendition, photo_id: str) -> Rendition:
    return Rendition(
        photo_id=photo_id,
        kind=made.kind,
        key=made.key,
        recipe_id=made.recipe_id,
        source_id=made.source_id,
        width=made.width,
        height=made.height,
        size=made.size,
    )


@dataclass
class Guests:
    """Browsers of guests; what went wrong in any of their pages is kept."""

    browser: Browser
    troubles: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, url: str, size: tuple[int, int] = TALL, *, wait: bool = True, **options: Any) -> Page:
        width, height = size
        phone = width < 600
        said = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "service_workers": "block"} | options
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=2 if phone else 1,
            is_mobile=phone,
            has_touch=phone,
            **said,
        )
        self._contexts.append(context)
        context.add_init_script(WATCH_SHIFTS)
        page = context.new_page()
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self._heard(page, said.type, said.text))
        page.goto(url, wait_until="load" if wait else "commit")
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        self._contexts.clear()

    def _heard(self, page: Page, kind: str, text: str) -> None:
        expected = "Failed to load resource" in text  # tests cut the network on purpose and look at the page instead
        if kind == "error" and not expected:
            self.troubles.append(f"{page.url}: {text}")


def until(page: Page, fact: str, within_s: float = 15, why: Callable[[], object] | None = None) -> float:
    """Seconds until the expression is true. The page's policy forbids the evaluation that wait_for_function does."""
    began = time.monotonic()
    while not page.evaluate(fact):
        took = time.monotonic() - began
        assert took < within_s, f"not within {within_s} s: {fact} {why() if why else ''}"
        page.wait_for_timeout(20)
    return time.monotonic() - began


def first_id(page: Page) -> str:
    return str(page.evaluate("document.querySelector('#wall li')?.dataset.id ?? ''"))


def listening(page: Page, carrier: str = "stream") -> None:
    until(page, f"document.getElementById('pulse')?.dataset.carrier === {json.dumps(carrier)}", 60)


def serious(page: Page) -> list[str]:
    """What axe finds that shuts somebody out."""
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found if v["impact"] in ("serious", "critical")]
