"""The parts of a harness test: npm's packages, the bundle, the running platform, a browser, guests with phones."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from tests.bridge_client import BridgeClient
from tests.cast import jpeg
from tests.chromium import Launch
from tests.e2e.platform import Running
from tests.miniprogram.phone import Phone

ROOT = Path(__file__).resolve().parents[2] / "miniprogram"
INSTALLED = ROOT / "node_modules" / ".package-lock.json"  # npm writes it last: half an installation has none
COLOURS = ("teal", "maroon", "navy", "olive", "purple", "sienna", "slategray", "darkgreen")


class House:
    """The platform of a test module: takes photos in, hides them, tells what guests were told."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.seed: dict[str, Any] = json.loads((running.data_dir / "seed.json").read_text())
        self.sandbox: str = running.state()["wechat_base_url"]
        self.url = f"http://127.0.0.1:{running.env['KUAIMEN_PORT']}"
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)
        self.bridge = BridgeClient(self.http, self.seed["bridge_token"])
        self._shot = 0

    def shoot(self, size: tuple[int, int] = (1200, 800), original: tuple[int, int] | None = None) -> str:
        """One press of the shutter. Returns the photo's id; with `original` the better source is sent too."""
        self._shot += 1
        colour, words = COLOURS[self._shot % len(COLOURS)], f"photo {self._shot}"
        better = jpeg(colour, original, words=f"{words} original") if original else None
        return str(self.bridge.shoot(jpeg(colour, size, words=words), better, name=f"P{self._shot}.JPG")["photo_id"])

    def album(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/mp/v1/albums/{self.seed['album_id']}").json()
        return found

    def photos(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get(
            f"/mp/v1/albums/{self.seed['album_id']}/photos", params={"limit": 100}
        ).json()["photos"]
        return found

    def fill(self, photos: int) -> None:
        """At least so many photos are live."""
        before = len(self.photos())
        for _ in range(photos - before):
            self.shoot()
        self.running.until(lambda: len(self.photos()) >= photos, 60)

    def hide(self, photo_id: str) -> None:
        self.organizer(f"/photos/{photo_id}/hide")

    def complete(self) -> None:
        """Nothing more will come to the album."""
        self.organizer(f"/albums/{self.seed['album_id']}/complete")

    def organizer(self, path: str, body: dict[str, Any] | None = None, content: bytes | None = None) -> dict[str, Any]:
        """A POST to /api/v1 in the organizer's name: JSON, or a file."""
        answer = self.http.post(f"/api/v1{path}", json=body, content=content, headers=self._signed_in)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    def asked(self, path: str) -> dict[str, Any]:
        """A GET from /api/v1 in the organizer's name."""
        found: dict[str, Any] = self.http.get(f"/api/v1{path}", headers=self._signed_in).raise_for_status().json()
        return found

    def report(self) -> dict[str, Any]:
        """The organizer's numbers of the event."""
        return self.asked(f"/events/{self.seed['event_id']}/report")

    @cached_property
    def _signed_in(self) -> dict[str, str]:
        who = {"login": self.seed["login"], "password": self.seed["password"]}
        return {"Authorization": f"Bearer {self.http.post('/api/v1/login', json=who).json()['token']}"}

    def messages(self, guest: str) -> list[dict[str, Any]]:
        """What WeChat delivered to this guest."""
        said = httpx.get(f"{self.sandbox}/_sandbox/messages", params={"openid": f"sandbox_{guest}"}, trust_env=False)
        found: list[dict[str, Any]] = said.raise_for_status().json()["messages"]
        return found


@pytest.fixture(scope="session")
def npm() -> Callable[..., str]:
    """Runs a command of miniprogram/package.json; installs what is locked first. Fails with what it printed."""
    found = shutil.which("npm")
    assert found, "npm is not installed; the mini-program needs Node 20 or newer"

    def run(*words: str) -> str:
        answer = subprocess.run([found, *words], cwd=ROOT, capture_output=True, text=True, timeout=500, check=False)
        assert answer.returncode == 0, f"npm {' '.join(words)}\n{answer.stdout}\n{answer.stderr}"
        return answer.stdout

    with (ROOT / "package.json").open() as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)  # test processes start side by side
        if not INSTALLED.is_file():
            run("ci", "--silent")
    return run


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    running = Running(tmp_path_factory.mktemp("house") / "data")
    try:
        running.start()
        found = House(running)
        yield found
        found.http.close()
    finally:
        running.end()


@pytest.fixture(scope="module")
def bundle(house: House, npm: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bundle") / "guest.html"
    npm("run", "-s", "harness", "--", "--api", house.url, "--out", str(out), "--demo", house.seed["scene"])
    return out


@pytest.fixture(scope="session")
def browser(chromium: Launch) -> Browser:
    """WeChat knows no cross-origin rule for wx.request; a browser without one stands in."""
    return chromium("--disable-web-security")


@pytest.fixture
def guest(browser: Browser, bundle: Path, house: House) -> Iterator[Callable[..., Phone]]:
    """Makes guests: `guest("lin")` has a phone of their own. Whatever went wrong on a phone fails the test."""
    phones: list[Phone] = []

    def make(name: str = "lin", **settings: Any) -> Phone:
        phones.append(Phone(browser, bundle, guest=name, sandbox=house.sandbox, **settings))
        return phones[-1]

    yield make
    trouble = [line for phone in phones for line in phone.trouble]
    for phone in phones:
        phone.close()
    assert trouble == []
