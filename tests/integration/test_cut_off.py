"""A cut-off file waits for the whole one; if that never comes, what arrived is shown, and marked as damaged."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import update

from backend.clock import now_ms
from backend.context import Stage
from backend.models import Photo, PhotoState, Source
from tests import imaging_pictures as pictures
from tests.bridge_client import BridgeClient
from tests.cast import Cast
from tests.conftest import FakeBell
from tests.integration.test_brand import Owner
from workers import sweep
from workers.render import REST_MS

WHOLE = pictures.jpeg(pictures.scene(1600, 1200), quality=92)
CUT = WHOLE[: len(WHOLE) * 6 // 10]


@pytest.fixture
def owner(cast: Cast, http: httpx.Client) -> Owner:
    return Owner(http)


def live(http: httpx.Client, cast: Cast) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]
    return found


def time_is_over(stage: Stage, bell: FakeBell) -> None:
    with stage.db.writing() as tx:
        tx.execute(update(Source).values(stored_at=Source.stored_at - REST_MS))
        tx.execute(update(Photo).values(render_due_at=0))
    sweep.once(stage)
    bell.work(stage)


def test_it_waits_then_shows_what_arrived_and_says_so(
    stage: Stage, bell: FakeBell, cast: Cast, owner: Owner, http: httpx.Client
) -> None:
    bridge = BridgeClient(http)
    photo_id = bridge.original(bridge.card(CUT), CUT).json()["photo_id"]
    bell.work(stage)
    with stage.db.reading() as tx:
        waiting = tx.get_one(Photo, photo_id)
        assert (waiting.state, waiting.refusal) == (PhotoState.STORED, None)
        assert waiting.render_due_at > now_ms()
    assert live(http, cast) == []
    sweep.once(stage)
    bell.work(stage)
    assert live(http, cast) == []  # not yet
    time_is_over(stage, bell)
    [shown] = live(http, cast)
    view = Image.open(io.BytesIO(http.get(shown["urls"]["view"]).content))
    assert view.width == 1600
    assert 400 < view.height < 1000  # the missing part is no grey band
    [listed] = owner.get(f"/events/{cast.event.id}/photos", held=True).json()["photos"]
    assert (listed["id"], listed["state"], listed["held"]) == (photo_id, "live", ["damaged"])


def test_an_album_that_holds_doubtful_photos_holds_it(
    stage: Stage, bell: FakeBell, cast: Cast, owner: Owner, http: httpx.Client
) -> None:
    owner.post(f"/albums/{cast.album.id}/culling", {"culling": "hold"})
    bridge = BridgeClient(http)
    photo_id = bridge.original(bridge.card(CUT), CUT).json()["photo_id"]
    bell.work(stage)
    time_is_over(stage, bell)
    assert live(http, cast) == []
    [listed] = owner.get(f"/events/{cast.event.id}/photos", held=True).json()["photos"]
    assert "damaged" in listed["held"]
    owner.post(f"/photos/{photo_id}/restore", {})
    bell.work(stage)
    assert [one["id"] for one in live(http, cast)] == [photo_id]


def test_the_whole_file_takes_its_place_and_ends_the_doubt(
    stage: Stage, bell: FakeBell, cast: Cast, owner: Owner, http: httpx.Client
) -> None:
    bridge = BridgeClient(http)
    first = bridge.card(CUT) | {"name": "DSC_0001.JPG", "pair_key": "press-1"}
    photo_id = bridge.original(first, CUT).json()["photo_id"]
    bell.work(stage)
    time_is_over(stage, bell)
    again = bridge.card(WHOLE) | {"name": "DSC_0001.JPG", "pair_key": "press-1"}
    assert bridge.original(again, WHOLE).json()["photo_id"] == photo_id
    bell.work(stage)
    [shown] = live(http, cast)
    assert Image.open(io.BytesIO(http.get(shown["urls"]["view"]).content)).size == (1600, 1200)
    assert owner.get(f"/events/{cast.event.id}/photos", held=True).json()["photos"] == []


def test_a_whole_preview_is_better_than_a_part(
    stage: Stage, bell: FakeBell, cast: Cast, owner: Owner, http: httpx.Client
) -> None:
    bridge = BridgeClient(http)
    card = bridge.card(CUT)
    bridge.preview(card, pictures.jpeg(pictures.scene(800, 600)))
    bridge.original(card, CUT)
    bell.work(stage)
    time_is_over(stage, bell)
    [shown] = live(http, cast)
    assert Image.open(io.BytesIO(http.get(shown["urls"]["view"]).content)).size == (800, 600)
    assert owner.get(f"/events/{cast.event.id}/photos", held=True).json()["photos"] == []


@pytest.mark.parametrize("part", [0.02, 0.1])
def test_too_little_is_refused_for_good(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, part: float
) -> None:
    bridge, scrap = BridgeClient(http), WHOLE[: int(len(WHOLE) * part)]
    photo_id = bridge.original(bridge.card(scrap), scrap).json()["photo_id"]
    bell.work(stage)
    time_is_over(stage, bell)
    with stage.db.reading() as tx:
        refused = tx.get_one(Photo, photo_id)
        assert (refused.state, refused.refusal) == (PhotoState.REJECTED, "truncated")
