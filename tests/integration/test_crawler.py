"""A refused guest never receives a byte of a photo.

A crawler remembers every address anybody was ever shown: pictures, downloads, cards, packs, lists, the feed's files,
pages, the big screen. Then all of them are asked again, bent and unbent, by everybody who has no right (any more).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

import httpx
import pytest
from werkzeug.routing import Rule

from backend.context import Stage
from launch.app import create_app
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, Cast, jpeg, make_cast
from tests.conftest import FakeBell
from tests.integration.test_exports import finished
from tests.integration.test_protection import enter, guest, is_picture, lock, photos, visitor
from workers import export as making
from workers import sweep

pytestmark = pytest.mark.timeout(400)  # some thousand requests
HOME = "http://kuaimen.test"
STREAM = "guest_live.stream"  # stays open: asked for by itself
BARE = {  # what answers a GET outside the console and the bridge, and shows no photo of an album
    "guest_push.check_url": "WeChat's handshake",
    "guest_pairing.show": "a bridge that asks for an event; for members (test_rights.py)",
    "guest_confirm.show": "a browser that asks to sign in; for members (test_sign_in.py)",
    "openapi_mp_v1": "a description",
    "healthz": "a word",
    "certificate_pages.show": "counts and names of files, under an address nobody can guess",
    "certificate_pages.document": "the same",
    "certificate_pages.key": "a public key",
    "pages.assets": "scripts and styles",
    "pages.invitation_code": "a member's link as a code",
    "pages.service_worker": "a script",
    "pages.console": "an empty page; what fills it is the matrix test's",
}
LINK = re.compile(r"(?:https?://kuaimen\.test)?/(?:blobs|feed|mp/v1/pictures)/[^\s\"'<>\\),]+")
CREW = ("/api/v1", "/bridge/v1")
Headers = dict[str, str]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "LOOK_MS", 1)


@pytest.fixture
def owner(stage: Stage, cast: Cast) -> Iterator[httpx.Client]:
    with visitor(stage) as client:
        said = client.post("/api/v1/login", json={"login": "owner", "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {said.json()['token']}"
        yield client


class Crawler:
    """What was seen, by whoever it was shown to."""

    def __init__(self, stage: Stage, bell: FakeBell, cast: Cast) -> None:
        self.stage, self.bell, self.cast = stage, bell, cast
        self.seen: set[str] = set()

    def crawl(self, client: httpx.Client) -> None:
        """Every address this guest is ever shown, and every one they may ask by themselves."""
        self.bell.work(self.stage)
        album = f"/mp/v1/albums/{self.cast.album.id}"
        lists = ("photos?order=hot", "photos?from=0&to=99999999999999", "changes?after=0")
        for name in lists:
            self._read(client, f"{album}/{name}")
        for card in photos(client, self.cast.album.id).json()["photos"]:
            self._photo(client, card["id"])
        self._pack(client)
        self._everything(client)
        files = client.get(album).json()["live"]["files"]
        if files:
            self._files(client, files["head"])
        self._read(client, f"/mp/v1/scan?scene=e={self.cast.event.share_code}")

    def _everything(self, client: httpx.Client) -> None:
        """Whatever the app answers a GET about this album, also what nobody thought of here."""
        known = {
            "album_id": self.cast.album.id,
            "share_code": self.cast.event.share_code,
            "event_id": self.cast.event.id,
        }
        for card in photos(client, self.cast.album.id).json()["photos"]:
            for rule in guests_own(self.stage):
                if rule.arguments <= {*known, "photo_id"} and rule.endpoint != STREAM:
                    path = rule.rule
                    for name, value in (known | {"photo_id": card["id"]}).items():
                        path = path.replace(f"<{name}>", value)
                    self._read(client, f"{path}?album={self.cast.album.id}" if path.startswith("/a/") else path)

    def unseen(self) -> set[str]:
        """Endpoints of which no address was ever seen."""
        app = create_app(self.stage)
        match = app.url_map.bind("kuaimen.test").match
        seen = {match(unquote(urlsplit(url).path), method="GET")[0] for url in self.seen}
        return {rule.endpoint for rule in guests_own(self.stage)} - seen - {STREAM}

    def _photo(self, client: httpx.Client, photo_id: str) -> None:
        self._read(client, f"/mp/v1/photos/{photo_id}/download")
        self.bell.work(self.stage)
        self._read(client, f"/mp/v1/photos/{photo_id}/download")

    def _pack(self, client: httpx.Client) -> None:
        asked = client.post(f"/mp/v1/albums/{self.cast.album.id}/exports", json={})
        if asked.is_success:
            finished(self.stage, self.bell, client, asked.json()["id"])
            self._read(client, f"/mp/v1/exports/{asked.json()['id']}")

    def _files(self, client: httpx.Client, head: str) -> None:
        said = self._read(client, head).json()
        for segment in self._read(client, said["index"]).json()["segments"]:
            self._read(client, segment["url"])

    def _read(self, client: httpx.Client, path: str) -> httpx.Response:
        answer = client.get(path)
        self.seen.add(str(answer.url))
        if answer.headers["content-type"].split(";")[0] in ("application/json", "text/html"):
            self.seen |= {urljoin(HOME, unescape(found)) for found in LINK.findall(answer.text.replace("\\u0026", "&"))}
        return answer

    def refused(self, client: httpx.Client, who: str, headers: Headers | None = None) -> None:
        """Whatever is answered: no picture, no pack, and no address of one."""
        for url in sorted(self.seen):
            for shape in shapes(url, self.cast):
                for more in ({}, {"Range": "bytes=0-4000"}):
                    bare(client.get(shape, headers=(headers or {}) | more), (who, shape))


def guests_own(stage: Stage) -> list[Rule]:
    """Everything that answers a GET, but for the console's and the bridge's (test_rights.py)."""
    rules = create_app(stage).url_map.iter_rules()
    guests = [rule for rule in rules if "GET" in (rule.methods or set()) and not rule.rule.startswith(CREW)]
    return [rule for rule in guests if rule.endpoint not in BARE]


def bare(answer: httpx.Response, where: Any) -> None:
    kind = answer.headers["content-type"].split(";")[0]
    assert not is_picture(answer), where
    assert b"PK\x03\x04" not in answer.content, where
    assert kind.split("/")[0] != "image", where
    assert kind not in ("application/zip", "text/plain"), where
    if kind in ("application/json", "text/html"):
        assert not re.search(r"/(?:blobs|pictures)/[rxo]/", answer.text), where


def shapes(url: str, cast: Cast) -> Iterator[str]:
    """The address as it was, and as somebody clever would bend it."""
    yield url
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    if asked:
        yield urlunsplit(parts._replace(query=""))
    for name in ("a", "v", "e", "g", "s", "n"):
        if name in asked:
            yield urlunsplit(parts._replace(query=urlencode({k: v for k, v in asked.items() if k != name})))
            yield urlunsplit(parts._replace(query=urlencode(asked | {name: f"{asked[name]}9"})))
    for one, two in (
        ("/mp/v1/pictures/", "/blobs/"),
        ("/blobs/", "/mp/v1/pictures/"),
        ("/r/", "/o/"),
        ("/r/", "/x/../r/"),
        ("/r/", f"/f/../r/{cast.album.id}/../"),
        ("/x/", "/r/"),
        ("-view", "-full"),
        ("-view", "-phone"),
        ("-phone", "-full"),
        ("/blobs/", "/feed/"),
        ("/feed/", "/blobs/f/"),
    ):
        if one in parts.path:
            yield urlunsplit(parts._replace(path=parts.path.replace(one, two, 1)))
    yield urlunsplit(parts._replace(path=quote(parts.path).replace("/r/", "%2Fr%2F")))


def strangers(stage: Stage, cast: Cast, other: Cast, old: str) -> dict[str, Headers]:
    def token(album_id: str, ttl_s: int) -> str:
        return stage.signer.issue("album", f"{album_id}.someone.", ttl_s=ttl_s, epoch=2)

    said = {"old": old, "forged": old[:-3] + "abc", "expired": token(cast.album.id, -5)}
    said["another album's"] = token(other.album.id, 500)
    return {"nothing": {}} | {who: {"X-Album-Token": pass_} for who, pass_ in said.items()}


def test_a_refused_guest_never_receives_a_byte_of_a_photo(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    with stage.db.writing() as tx:
        other = make_cast(tx, login="other", token="other")
    BridgeClient(visitor(stage)).shoot(jpeg("red"), jpeg("red", (1600, 1200)))
    BridgeClient(visitor(stage), token="other").shoot(jpeg("blue"))
    bell.work(stage)
    crawler = Crawler(stage, bell, cast)
    crawler.crawl(guest(stage, "p"))
    lock(owner, cast.album.id, "code", "GALA26")
    crawler.refused(visitor(stage), "before a worker has cleared anything away")
    alice = guest(stage, "a")
    old = enter(alice, cast.album.id, "GALA26").json()["album_token"]
    crawler.crawl(alice)
    kinds = (
        "-phone.jpg",
        "/mp/v1/pictures/r/",
        "/mp/v1/pictures/x/",
        "/blobs/r/",
        "/blobs/x/",
        "/head.json",
        "/card.jpg",
        "/mine",
    )
    for kind in (*kinds, "/screen/", "/exports/", "/feed/"):
        assert any(kind in url for url in crawler.seen), kind
    assert crawler.unseen() == set(), "an endpoint the crawler does not know: show it, or say in BARE why it is bare"
    own = {url for url in crawler.seen if "/mp/v1/pictures/" in url}
    assert [url for url in own if alice.get(url).status_code != 200] == [], "the addresses were good"

    lock(owner, cast.album.id, "code", "OTHER26")
    stream = f"/mp/v1/albums/{cast.album.id}/stream?after=0"
    for who, headers in strangers(stage, cast, other, old).items():
        crawler.refused(visitor(stage), who, headers)
        assert visitor(stage).get(stream, headers=headers).status_code in (401, 403), who
    time.sleep(1.1)  # how old a rule may be
    crawler.refused(alice, "who was in before, with her cookie")


@pytest.mark.parametrize("access", ["public", "code"])
def test_a_recalled_photo_is_gone_from_every_address(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client, access: str
) -> None:
    """The album's only photo; whoever had every right keeps asking for it in every way they know."""
    BridgeClient(visitor(stage)).shoot(jpeg("red"), jpeg("red", (1600, 1200)))
    bell.work(stage)
    if access == "code":
        lock(owner, cast.album.id, "code", "GALA26")
    alice = guest(stage, "a")
    enter(alice, cast.album.id, "GALA26")
    crawler = Crawler(stage, bell, cast)
    crawler.crawl(alice)
    [card] = photos(alice, cast.album.id).json()["photos"]
    assert is_picture(alice.get(card["urls"]["view"]))
    assert alice.post(f"/mp/v1/photos/{card['id']}/report", json={"reason": "me"}).json() == {"hidden": True}
    bell.work(stage)
    time.sleep(0.6)  # two writings of the feed's files are half a second apart
    sweep.once(stage)
    bell.work(stage)
    crawler.refused(alice, "after the recall")
