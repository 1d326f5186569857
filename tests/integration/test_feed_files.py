"""The feed as files: what a phone that reads only them ends up with is what the album shows."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from backend import clock, feed_files
from backend.context import Stage
from backend.jobs import WriteFeed
from backend.models import FeedFiles
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, Cast, jpeg
from tests.conftest import FakeBell
from workers import feed_files as writing
from workers import sweep

XHR = {"X-Requested-With": "kuaimen"}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_files, "SEGMENT", 3)
    monkeypatch.setattr(writing, "NEWEST", 4)
    monkeypatch.setattr(feed_files, "BETWEEN_MS", 0)


def shoot(stage: Stage, bell: FakeBell, http: httpx.Client, n: int, start: int = 0) -> None:
    for k in range(start, start + n):
        BridgeClient(http).shoot(jpeg("red", (64, 48), words=str(k)))
    bell.work(stage)


def head(http: httpx.Client, cast: Cast) -> dict[str, Any]:
    live = http.get(f"/mp/v1/albums/{cast.album.id}").json()["live"]
    return fetched(http, live["files"]["head"])


def fetched(http: httpx.Client, url: str) -> dict[str, Any]:
    answer = http.get(url.replace("http://127.0.0.1:8080", ""))
    assert answer.status_code == 200, url
    return answer.json()


class Phone:
    """Reads nothing but files."""

    def __init__(self, http: httpx.Client, cast: Cast) -> None:
        self.http, self.cast, self.cursor, self.photos, self.read = http, cast, -1, {}, 0

    def look(self) -> list[str]:
        found = head(self.http, self.cast)
        if self.cursor < found["since"]:
            self.photos = {}
            for segment in fetched(self.http, found["index"])["segments"]:
                self.read += 1
                for photo in fetched(self.http, segment["url"])["photos"]:
                    self.photos[photo["id"]] = photo
        for change in found["changes"]:
            if change["revision"] > self.cursor:
                self.photos.pop(change["id"], None)
                if not change.get("hidden"):
                    self.photos[change["id"]] = change
        self.cursor = found["revision"]
        return [p["id"] for p in sorted(self.photos.values(), key=lambda p: -p["position"])]


def shown(http: httpx.Client, cast: Cast) -> list[str]:
    return [p["id"] for p in http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]]


def test_a_phone_that_reads_files_sees_what_the_album_shows(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    shoot(stage, bell, http, 8)
    early, late = Phone(http, cast), Phone(http, cast)
    assert early.look() == shown(http, cast)
    assert len(fetched(http, head(http, cast)["index"])["segments"]) == 3
    http.post("/api/v1/login", json={"login": "owner", "password": PASSWORD})
    http.post(f"/api/v1/photos/{shown(http, cast)[1]}/hide", headers=XHR)
    bell.work(stage)
    assert early.look() == shown(http, cast)
    shoot(stage, bell, http, 9, start=8)
    assert early.look() == late.look() == shown(http, cast)
    assert len(shown(http, cast)) == 16
    view = head(http, cast)["changes"][-1]["urls"]["view"]
    assert http.get(view).content.startswith(b"\xff\xd8\xff")


def test_only_what_changed_is_written_and_nothing_old_stays(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    shoot(stage, bell, http, 7)
    before = fetched(http, head(http, cast)["index"])["segments"]
    shoot(stage, bell, http, 1, start=7)
    after = fetched(http, head(http, cast)["index"])["segments"]
    assert [s["url"] for s in after[1:]] == [s["url"] for s in before[1:]]
    assert after[0]["url"] != before[0]["url"]
    kept = list(stage.store.keys(feed_files.key(cast.album.id, "")))
    assert len(kept) == len(after) + 2, "segments, index, head"
    assert sweep.once(stage) == 0


def test_a_lost_doorbell_and_a_new_hour_are_made_good_by_the_sweep(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    shoot(stage, bell, http, 2)
    with stage.db.writing() as tx:
        tx.get_one(FeedFiles, cast.album.id).revision = 0
    assert sweep.once(stage) == 1
    assert bell.rung == [WriteFeed(cast.album.id)]
    bell.work(stage)
    hour = clock.now_ms() + feed_files.HOUR_MS
    monkeypatch.setattr(feed_files, "now_ms", lambda: hour)
    assert sweep.once(stage) == 1
    bell.work(stage)
    assert sweep.once(stage) == 0


def test_a_private_album_has_no_files(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    shoot(stage, bell, http, 2)
    found = head(http, cast)
    http.post("/api/v1/login", json={"login": "owner", "password": PASSWORD})
    said = {"access": "code", "secret": "GALA26"}
    http.post(f"/api/v1/albums/{cast.album.id}/access", json=said, headers=XHR)
    assert bell.rung == [WriteFeed(cast.album.id)]
    bell.work(stage)
    assert list(stage.store.keys(feed_files.key(cast.album.id, ""))) == []
    assert http.get(found["index"].replace("http://127.0.0.1:8080", "")).status_code == 404
    assert http.get(f"/mp/v1/albums/{cast.album.id}").json()["live"]["files"] is None
    assert sweep.once(stage) == 0


def test_a_crowd_is_sent_to_the_files(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    shoot(stage, bell, http, 1)
    transport = http._transport
    assert isinstance(transport, httpx.WSGITransport)
    hub = transport.app.extensions["hub"]  # type: ignore[attr-defined]
    assert http.get(f"/mp/v1/albums/{cast.album.id}").json()["live"]["carrier"] == "stream"
    hub.guests = stage.settings.stream_guests
    assert http.get(f"/mp/v1/albums/{cast.album.id}").json()["live"]["carrier"] == "files"
    hub.guests *= 2
    assert http.get(f"/mp/v1/albums/{cast.album.id}/stream").status_code == 429
