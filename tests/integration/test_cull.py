"""Aids for choosing: doubtful photos are marked, held where the album wants it, and one tap brings them back."""

from __future__ import annotations

import cv2
import httpx
import pytest

from backend.context import Stage
from backend.models import Photo, PhotoState
from launch.bench import synthetic
from tests import imaging_pictures as pictures
from tests.bridge_client import BridgeClient
from tests.cast import Cast
from tests.conftest import FakeBell
from tests.integration.test_brand import Owner

CRISP = synthetic.scene(1200, 800, seed=3, things=400)
BLURRED = cv2.GaussianBlur(CRISP, (0, 0), 3)


@pytest.fixture
def owner(cast: Cast, http: httpx.Client) -> Owner:
    return Owner(http)


def live(http: httpx.Client, cast: Cast) -> int:
    return len(http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"])


def listed(owner: Owner, cast: Cast, **query: object) -> list[dict]:
    return owner.get(f"/events/{cast.event.id}/photos", **query).json()["photos"]


def test_doubtful_photos_are_marked_and_live_all_the_same(
    stage: Stage, bell: FakeBell, cast: Cast, owner: Owner, http: httpx.Client
) -> None:
    for picture in (CRISP, BLURRED):
        BridgeClient(http).shoot(pictures.jpeg(picture), pictures.jpeg(picture, quality=96))
    bell.work(stage)
    assert live(http, cast) == 2
    [held] = listed(owner, cast, held=True)
    assert held["held"] == ["blurred"]
    assert held["aids"]["sharp"] < 0.32
    assert {tuple(one["held"]) for one in listed(owner, cast)} == {(), ("blurred",)}
    owner.post(f"/photos/{held['id']}/restore", {})  # somebody looked at it and wants it
    assert listed(owner, cast, held=True) == []
    assert live(http, cast) == 2


def test_held_photos_wait_for_one_tap_and_nothing_is_deleted(
    stage: Stage, bell: FakeBell, cast: Cast, owner: Owner, http: httpx.Client
) -> None:
    said = owner.post(f"/albums/{cast.album.id}/culling", {"culling": "hold"}).json()
    assert said == {"culling": "hold", "released": 0}
    for picture in (CRISP, BLURRED):
        BridgeClient(http).shoot(pictures.jpeg(picture))
    bell.work(stage)
    assert live(http, cast) == 1
    [held] = listed(owner, cast, held=True)
    assert (held["state"], held["thumb"] is not None) == ("stored", True)
    assert owner.post(f"/photos/{held['id']}/restore", {}).status_code == 204
    bell.work(stage)
    assert live(http, cast) == 2
    with stage.db.reading() as tx:
        assert tx.get_one(Photo, held["id"]).state is PhotoState.LIVE


def test_a_better_source_ends_the_doubt_and_leaving_hold_releases(
    stage: Stage, bell: FakeBell, cast: Cast, owner: Owner, http: httpx.Client
) -> None:
    owner.post(f"/albums/{cast.album.id}/culling", {"culling": "hold"})
    bridge = BridgeClient(http)
    original = pictures.jpeg(CRISP)
    card = bridge.card(original)
    bridge.preview(card, pictures.jpeg(BLURRED))
    bell.work(stage)
    assert live(http, cast) == 0
    bridge.original(card, original)
    bell.work(stage)
    assert live(http, cast) == 1

    bridge.shoot(pictures.jpeg(cv2.GaussianBlur(CRISP, (0, 0), 4)))
    bell.work(stage)
    assert live(http, cast) == 1
    assert owner.post(f"/albums/{cast.album.id}/culling", {"culling": "suggest"}).json()["released"] == 1
    assert live(http, cast) == 2


def test_off_looks_at_nothing(stage: Stage, bell: FakeBell, cast: Cast, owner: Owner, http: httpx.Client) -> None:
    owner.post(f"/albums/{cast.album.id}/culling", {"culling": "off"})
    BridgeClient(http).shoot(pictures.jpeg(BLURRED))
    bell.work(stage)
    [photo] = listed(owner, cast)
    assert (photo["aids"], photo["held"], photo["state"]) == (None, [], "live")


def test_alike_photos_are_one_group_with_the_sharpest_first(
    stage: Stage, bell: FakeBell, cast: Cast, owner: Owner, http: httpx.Client
) -> None:
    for picture in (cv2.GaussianBlur(CRISP, (0, 0), 1), CRISP, synthetic.scene(1200, 800, seed=8, things=400)):
        BridgeClient(http).shoot(pictures.jpeg(picture), pictures.jpeg(picture, quality=96))
    bell.work(stage)
    sharp = {one["id"]: one["aids"]["sharp"] for one in listed(owner, cast)}
    [group] = owner.get(f"/events/{cast.event.id}/alike").json()["groups"]
    assert len(group) == 2
    assert sharp[group[0]] > sharp[group[1]]


def test_the_feed_tells_the_dominant_colour(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    BridgeClient(http).shoot(pictures.jpeg(CRISP))
    bell.work(stage)
    [photo] = http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]
    assert len(photo["dominant"]) == 7
    assert photo["dominant"].startswith("#")
