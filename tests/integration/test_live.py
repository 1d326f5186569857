"""Followers of an album over real sockets: pushed, polled, resumed, and with Redis away."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from redis import Redis
from werkzeug.serving import make_server

from backend.context import Stage
from backend.db import Database
from backend.jobs import RenderPhoto, RqBell
from launch.app import create_app
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg, make_cast
from tests.redis_server import redis_server
from workers import render

pytestmark = pytest.mark.slow
SOON_S = 5


@contextmanager
def serving(stage: Stage) -> Iterator[str]:
    app = create_app(stage)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
        app.extensions["hub"].close()


@pytest.fixture
def ringing(stage: Stage) -> Iterator[Stage]:
    """The stage with the real bell, so that wake-ups travel through Redis."""
    bell = RqBell(stage.redis)
    db = Database(stage.settings.sqlalchemy_url, bell)
    yield dataclasses.replace(stage, bell=bell, db=db)
    db.engine.dispose()


@pytest.fixture
def people(ringing: Stage) -> Cast:
    with ringing.db.writing() as tx:
        return make_cast(tx)


def publish(stage: Stage, url: str, colour: str) -> str:
    """Through the front door and the renderer, as the worker would."""
    with httpx.Client(base_url=url) as http:
        photo_id: str = BridgeClient(http).shoot(jpeg(colour))["photo_id"]
    render.photo(stage, RenderPhoto(photo_id))
    return photo_id


def first_change(url: str, album_id: str, headers: dict[str, str] | None = None) -> dict:
    with httpx.stream("GET", f"{url}/mp/v1/albums/{album_id}/stream", timeout=20, headers=headers or {}) as lines:
        assert lines.headers["content-type"].startswith("text/event-stream")
        for line in lines.iter_lines():
            if line.startswith("data: "):
                return json.loads(line[6:])
    raise AssertionError("the stream ended")


def test_a_stream_brings_a_photo_within_a_moment(ringing: Stage, people: Cast) -> None:
    with serving(ringing) as url:
        got: list[dict] = []
        guests = [
            threading.Thread(target=lambda: got.append(first_change(url, people.album.id)), daemon=True)
            for _ in range(8)
        ]
        for guest in guests:
            guest.start()
        time.sleep(0.5)
        photo_id = publish(ringing, url, "red")
        began = time.monotonic()
        for guest in guests:
            guest.join(SOON_S)
        assert time.monotonic() - began < 3, "a wake-up, not the 15 s look, must bring it"
        assert [g["id"] for g in got] == [photo_id] * 8


def test_a_stream_resumes_where_it_was_cut(ringing: Stage, people: Cast) -> None:
    with serving(ringing) as url:
        first = publish(ringing, url, "red")
        second = publish(ringing, url, "blue")
        everything = httpx.get(f"{url}/mp/v1/albums/{people.album.id}/changes").json()
        assert [c["id"] for c in everything["changes"]] == [first, second]
        last = {"Last-Event-ID": str(everything["changes"][0]["revision"])}
        assert first_change(url, people.album.id, last)["id"] == second


def test_a_long_poll_waits_and_answers_at_once(ringing: Stage, people: Cast) -> None:
    with serving(ringing) as url:
        ask = f"{url}/mp/v1/albums/{people.album.id}/changes"
        began = time.monotonic()
        assert httpx.get(ask, params={"wait": 0.5}).json() == {"changes": [], "cursor": 0, "more": False, "front": 0}
        assert time.monotonic() - began >= 0.4
        answers: list[dict] = []
        waiting = threading.Thread(
            target=lambda: answers.append(httpx.get(ask, params={"wait": 20}, timeout=30).json()), daemon=True
        )
        waiting.start()
        time.sleep(0.3)
        photo_id = publish(ringing, url, "green")
        waiting.join(SOON_S)
        assert [c["id"] for c in answers[0]["changes"]] == [photo_id]
        assert answers[0]["cursor"] == answers[0]["changes"][0]["revision"]


def test_without_redis_followers_get_slower_and_miss_nothing(ringing: Stage, people: Cast) -> None:
    with redis_server() as url_of_dead:
        dead = Redis.from_url(url_of_dead)
    broken = dataclasses.replace(ringing, redis=dead)
    with serving(broken) as url:
        got: list[dict] = []
        guest = threading.Thread(target=lambda: got.append(first_change(url, people.album.id)), daemon=True)
        guest.start()
        time.sleep(0.3)
        photo_id = publish(ringing, url, "purple")
        guest.join(SOON_S)
        assert [g["id"] for g in got] == [photo_id]
    dead.close()
