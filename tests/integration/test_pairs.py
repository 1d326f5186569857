"""One press of the shutter, several files: small from the air, full from the card, RAW beside JPEG; one tile."""

from __future__ import annotations

import itertools
import threading

import httpx
import pytest
from sqlalchemy import func, select

from backend.context import Stage
from backend.models import Asset, Photo, PhotoState, Source
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg, make_cast
from tests.conftest import FakeBell

SMALL, FULL = jpeg("teal", (900, 600), words="one"), jpeg("teal", (1800, 1200), words="one")
OTHER = jpeg("navy", (900, 600), words="two")
RAW = b"II*\0" + b"raw" * 400
AIR = {"camera": "cam1", "source": "ftp", "pair_key": "p1", "width": 900, "height": 600}
CARD = {"camera": "100CANON", "source": "card", "pair_key": "p1", "width": 1800, "height": 1200}


@pytest.fixture
def bridge(http: httpx.Client, cast: Cast) -> BridgeClient:
    return BridgeClient(http)


def shown(http: httpx.Client, cast: Cast) -> list[dict[str, object]]:
    answer = http.get(f"/mp/v1/albums/{cast.album.id}/photos")
    answer.raise_for_status()
    photos: list[dict[str, object]] = answer.json()["photos"]
    return photos


def test_the_full_file_from_the_card_takes_the_place_of_the_small_one(
    stage: Stage, bell: FakeBell, http: httpx.Client, cast: Cast, bridge: BridgeClient
) -> None:
    first = bridge.shoot(SMALL, SMALL, **AIR)
    bell.work(stage)
    [before] = shown(http, cast)
    second = bridge.shoot(jpeg("teal", (640, 427), words="one"), FULL, **CARD)
    bell.work(stage)
    [after] = shown(http, cast)
    assert first["photo_id"] == second["photo_id"] == after["id"] == before["id"]
    assert (after["position"], after["stage"]) == (before["position"], "original")
    assert after["revision"] > before["revision"], "open albums are told"
    assert (before["width"], after["width"]) == (900, 1800)
    assert after["urls"] != before["urls"], "a changed picture has a new address"


@pytest.mark.parametrize("order", list(itertools.permutations(("small", "full", "raw"))))
def test_in_any_order_the_largest_picture_counts_and_raw_only_alone(
    stage: Stage, bell: FakeBell, http: httpx.Client, cast: Cast, bridge: BridgeClient, order: tuple[str, ...]
) -> None:
    files = {
        "small": (SMALL, AIR),
        "full": (FULL, CARD),
        "raw": (RAW, CARD | {"kind": "raw", "width": 6000, "height": 4000}),
    }
    for name in order:
        content, more = files[name]
        bridge.original(bridge.card(content, **more), content).raise_for_status()
    bell.work(stage)
    [one] = shown(http, cast)
    assert one["width"] == 1800
    with stage.db.reading() as tx:
        assert tx.scalar(select(func.count(Asset.id))) == 3
        photo = tx.scalars(select(Photo)).one()
        assert tx.get_one(Source, photo.source_id).size == len(FULL)
    known = bridge.post("/assets/reconcile", {"sha256": [bridge.card(f)["sha256"] for f, _ in files.values()]}).json()
    assert [one["original"] for one in known["known"].values()] == ["stored"] * 3, "each by its own bytes"


def test_a_raw_original_does_not_hide_the_jpeg_that_is_on_its_way(
    stage: Stage, bell: FakeBell, http: httpx.Client, cast: Cast, bridge: BridgeClient
) -> None:
    bridge.preview(bridge.card(FULL, **AIR), SMALL)
    bridge.original(bridge.card(RAW, **AIR | {"kind": "raw"}), RAW)
    bell.work(stage)
    [one] = shown(http, cast)
    assert one["stage"] == "preview"


def test_the_small_copy_being_stored_does_not_answer_for_the_full_one(bridge: BridgeClient, cast: Cast) -> None:
    bridge.shoot(SMALL, SMALL, **AIR)
    [said] = bridge.announce(bridge.card(FULL, **CARD))
    assert (said["original"], said["upload"] is None) == ("wanted", False)


def test_two_files_of_one_photo_are_sent_side_by_side(bridge: BridgeClient, cast: Cast) -> None:
    cards = bridge.card(SMALL, **AIR), bridge.card(FULL, **CARD)
    small, full = bridge.announce(*cards)
    assert small["upload"]["upload_id"] != full["upload"]["upload_id"]
    for said, card, content in ((full, cards[1], FULL), (small, cards[0], SMALL)):
        bridge.send(said["upload"], content)
        assert bridge.complete(card, said["upload"]["upload_id"]).json()["original"] == "stored"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (AIR, AIR | {"camera": "cam2"}),  # two bodies of one model, IMG_0001 in the same second
        (AIR | {"serial": "11"}, AIR | {"serial": "12"}),
        (AIR | {"serial": "11"}, CARD | {"serial": "12"}),
        (CARD, CARD | {"camera": "101CANON"}),
        (AIR | {"pair_key": None}, CARD | {"pair_key": None}),
    ],
)
def test_files_of_two_cameras_are_two_photos(
    bridge: BridgeClient, cast: Cast, one: dict[str, object], other: dict[str, object]
) -> None:
    assert bridge.shoot(SMALL, **one)["photo_id"] != bridge.shoot(OTHER, **other)["photo_id"]


def test_a_card_file_that_could_be_of_either_camera_gets_a_tile_of_its_own(bridge: BridgeClient, cast: Cast) -> None:
    tiles = {bridge.shoot(SMALL, **AIR)["photo_id"], bridge.shoot(OTHER, **AIR | {"camera": "cam2"})["photo_id"]}
    assert bridge.shoot(FULL, **CARD)["photo_id"] not in tiles


def test_a_serial_number_tells_whose_the_card_is(bridge: BridgeClient, cast: Cast) -> None:
    bridge.shoot(SMALL, **AIR)
    mine = bridge.shoot(OTHER, **AIR | {"camera": "cam2", "serial": "12"})["photo_id"]
    assert bridge.shoot(FULL, **CARD | {"serial": "12"})["photo_id"] == mine


def test_another_tenants_pair_key_means_nothing(stage: Stage, http: httpx.Client, cast: Cast) -> None:
    with stage.db.writing() as tx:
        make_cast(tx, login="stranger", token="stranger")
    mine = BridgeClient(http).shoot(SMALL, **AIR)["photo_id"]
    assert BridgeClient(http, "stranger").shoot(FULL, **CARD)["photo_id"] != mine


def test_what_was_taken_back_stays_away_when_its_full_file_comes(
    stage: Stage, bell: FakeBell, http: httpx.Client, cast: Cast, bridge: BridgeClient
) -> None:
    bridge.shoot(SMALL, **AIR)
    small = bridge.card(SMALL)["asset_id"]
    bell.work(stage)
    bridge.post(f"/assets/{small}/retract", {}).raise_for_status()
    assert bridge.shoot(SMALL, FULL, **CARD)["state"] == "hidden"
    bell.work(stage)
    assert shown(http, cast) == []


def test_retracting_any_of_its_files_takes_the_photo_back(
    stage: Stage, bell: FakeBell, http: httpx.Client, cast: Cast, bridge: BridgeClient
) -> None:
    bridge.shoot(SMALL, **AIR)
    bridge.shoot(SMALL, FULL, **CARD)
    bell.work(stage)
    bridge.post(f"/assets/{bridge.card(FULL)['asset_id']}/retract", {}).raise_for_status()
    with stage.db.reading() as tx:
        assert tx.scalars(select(Photo.state)).all() == [PhotoState.HIDDEN]


@pytest.mark.parametrize("turn", range(8))
def test_files_announced_at_the_same_moment_are_one_photo(
    stage: Stage, bell: FakeBell, http: httpx.Client, cast: Cast, turn: int
) -> None:
    """Every file from a thread of its own, all through the same door at once, also each file twice."""
    files = [(SMALL, AIR), (FULL, CARD), (RAW, CARD | {"kind": "raw"}), (OTHER, AIR | {"camera": "cam2"})] * 2
    start = threading.Barrier(len(files))
    photo_ids: list[tuple[str, str]] = []

    def send(content: bytes, more: dict[str, object]) -> None:
        client = BridgeClient(http)
        start.wait()
        try:
            said = client.original(client.card(content, **more), content)
        except httpx.HTTPStatusError as gone:  # the other one was done first: asked again, as bridges do
            if gone.response.status_code != 404:
                raise
            said = client.original(client.card(content, **more), content)
        if said.status_code != 409:  # the other one was sending the same file at this moment
            photo_ids.append((str(more["camera"]), said.json()["photo_id"]))

    threads = [threading.Thread(target=send, args=one) for one in (files[turn:] + files[:turn])]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    bell.work(stage)
    by_camera = {camera: {pid for name, pid in photo_ids if name == camera} for camera, _ in photo_ids}
    assert all(len(found) == 1 for found in by_camera.values())
    with stage.db.reading() as tx:
        assert tx.scalar(select(func.count(Asset.id))) == 4
        assert tx.scalar(select(func.count(Photo.id))) in {2, 3}
        air = by_camera["cam1"].pop()
        assert air not in by_camera["cam2"]
