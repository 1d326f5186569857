"""Photos by the armful: hidden, shown again, moved to another album, looked into."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from backend.context import Stage
from backend.models import Album, Photo
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, Cast, jpeg
from tests.conftest import FakeBell, visitor
from workers import sweep


@pytest.fixture
def owner(stage: Stage, bell: FakeBell, cast: Cast) -> httpx.Client:
    client = visitor(stage, bell)
    said = client.post("/api/v1/login", json={"login": "owner", "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {said.json()['token']}"
    return client


@pytest.fixture
def ids(stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client) -> list[str]:
    """Three live photos, oldest first."""
    bridge = BridgeClient(owner)
    made = [bridge.shoot(jpeg(colour, (600, 400)))["photo_id"] for colour in ("navy", "teal", "olive")]
    bell.work(stage)
    return made


def live(http: httpx.Client, album_id: str) -> list[str]:
    return [p["id"] for p in http.get(f"/mp/v1/albums/{album_id}/photos").raise_for_status().json()["photos"]]


def changed(owner: httpx.Client, path: str, **said: object) -> Any:
    return owner.post(f"/api/v1/photos/{path}", json=said).raise_for_status().json()["changed"]


def another(owner: httpx.Client, cast: Cast) -> str:
    made = owner.post(f"/api/v1/events/{cast.event.id}/albums", json={"title": "晚宴"}).raise_for_status()
    return str(made.json()["album"]["id"])


def test_many_are_hidden_and_taken_back(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client, http: httpx.Client, ids: list[str]
) -> None:
    changed(owner, "act", photo_ids=ids[:1], do="hide")
    assert changed(owner, "act", photo_ids=ids, do="hide") == sorted(ids[1:]), "what was hidden before is not ours"
    assert live(http, cast.album.id) == []
    assert changed(owner, "act", photo_ids=ids[1:], do="restore") == sorted(ids[1:])
    bell.work(stage)
    assert live(http, cast.album.id) == [ids[2], ids[1]]


def test_a_moved_photo_leaves_every_open_album_and_appears_in_the_other(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client, http: httpx.Client, ids: list[str]
) -> None:
    other = another(owner, cast)
    old = http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"][1]
    cursor = http.get(f"/mp/v1/albums/{cast.album.id}").json()["revision"]
    assert changed(owner, "move", photo_ids=[ids[1]], album_id=other) == [{"id": ids[1], "from": cast.album.id}]
    [gone] = http.get(f"/mp/v1/albums/{cast.album.id}/changes?after={cursor}").json()["changes"]
    assert (gone["id"], gone["position"], gone["hidden"]) == (ids[1], old["position"], True)
    bell.work(stage)
    assert live(http, cast.album.id) == [ids[2], ids[0]]
    [shown] = http.get(f"/mp/v1/albums/{other}/photos").json()["photos"]
    assert (shown["id"], shown["album_id"]) == (ids[1], other)
    assert http.get(shown["urls"]["view"]).status_code == 200
    assert http.get(old["urls"]["view"]).status_code in (403, 404)
    assert changed(owner, "move", photo_ids=[ids[1]], album_id=other) == []
    back = http.get(f"/mp/v1/albums/{cast.album.id}").json()["revision"]
    changed(owner, "move", photo_ids=[ids[1]], album_id=cast.album.id)
    bell.work(stage)
    assert live(http, cast.album.id) == [ids[1], ids[2], ids[0]]
    said = http.get(f"/mp/v1/albums/{cast.album.id}/changes?after={back}").json()["changes"]
    assert [(c["id"], "hidden" in c) for c in said] == [(ids[1], False)]


def test_its_old_pictures_go_even_when_the_bell_is_lost(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client, http: httpx.Client, ids: list[str]
) -> None:
    other = another(owner, cast)
    changed(owner, "move", photo_ids=ids[:1], album_id=other)
    bell.rung.clear()
    sweep.once(stage)
    bell.work(stage)
    assert not [key for key in stage.store.keys(f"r/{cast.album.id}/") if key.split("/")[-1] == ""]
    assert len(list(stage.store.keys(f"r/{cast.album.id}/"))) == len(list(stage.store.keys(f"r/{other}/"))) * 2
    assert live(http, other) == ids[:1]


def test_a_hidden_or_waiting_photo_moves_as_it_is(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client, http: httpx.Client, ids: list[str]
) -> None:
    other = another(owner, cast)
    changed(owner, "act", photo_ids=ids[:1], do="hide")
    changed(owner, "move", photo_ids=ids[:1], album_id=other)
    bell.work(stage)
    assert live(http, other) == []
    changed(owner, "act", photo_ids=ids[:1], do="restore")
    bell.work(stage)
    assert live(http, other) == ids[:1]


def test_no_photo_goes_to_another_event(cast: Cast, owner: httpx.Client, ids: list[str]) -> None:
    made = owner.post("/api/v1/events", json={"template": "gala", "title": "别处"}).json()["event"]
    album = made["albums"][0]["id"]
    refused = owner.post("/api/v1/photos/move", json={"photo_ids": ids, "album_id": album})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_input")


def test_the_history_of_a_photo_and_its_original(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client, ids: list[str]
) -> None:
    changed(owner, "act", photo_ids=ids[:1], do="hide")
    changed(owner, "act", photo_ids=ids[:1], do="restore")
    changed(owner, "move", photo_ids=ids[:1], album_id=another(owner, cast))
    said = owner.get(f"/api/v1/photos/{ids[0]}/history").json()
    assert said["album"] == "晚宴"
    told = [(one["what"], one["by"] != "") for one in said["history"]]
    assert [what for what, by in told if by] == ["hide", "restore", "move"]
    assert {"announced_at", "stored_at", "live_at"} <= {what for what, by in told if not by}
    assert [one["at"] for one in said["history"]] == sorted(one["at"] for one in said["history"])
    with stage.db.reading() as tx:
        digest = tx.get_one(Photo, ids[0]).digest
    content = owner.get(f"/api/v1/photos/{ids[0]}/file", follow_redirects=True).content
    assert content.startswith(b"\xff\xd8")
    assert digest


def test_the_table_is_filtered(stage: Stage, cast: Cast, owner: httpx.Client, ids: list[str]) -> None:
    with stage.db.writing() as tx:
        for n, photo_id in enumerate(ids):
            photo = tx.get_one(Photo, photo_id)
            photo.camera, photo.name, photo.rating = f"cam{n % 2}", f"DSC_{n}.JPG", n + 1
        tx.add(
            Album(
                id="elsewhere",
                organization_id=cast.organization.id,
                event_id=cast.event.id,
                title="x",
                recipe_id=cast.album.recipe_id,
            )
        )
    path = f"/api/v1/events/{cast.event.id}/photos"

    def found(**said: object) -> list[str]:
        return sorted(p["id"] for p in owner.get(path, params={k: str(v) for k, v in said.items()}).json()["photos"])

    assert found(camera="cam0") == sorted([ids[0], ids[2]])
    assert found(name="dsc_1") == [ids[1]]
    assert found(name="dsc%1") == []
    assert found(stars=2) == sorted(ids[1:])
    assert found(album_id=cast.album.id) == sorted(ids)
    assert found(album_id="elsewhere") == []
    assert found(camera="cam0", stars=2) == [ids[2]]


def test_photos_are_tagged_and_found_by_their_tags(cast: Cast, owner: httpx.Client, ids: list[str]) -> None:
    event = f"/api/v1/events/{cast.event.id}"
    path = f"/api/v1/photos/{ids[0]}/tags"
    assert owner.post(path, json={"tags": ["合影", " 领导  致辞 ", "合影"]}).json() == {"tags": ["合影", "领导 致辞"]}
    owner.post(f"/api/v1/photos/{ids[1]}/tags", json={"tags": ["合影"]}).raise_for_status()
    assert owner.get(f"{event}/tags").json() == {"tags": ["合影", "领导 致辞"]}
    found = {p["id"]: p["tags"] for p in owner.get(f"{event}/photos", params={"tag": "合影"}).json()["photos"]}
    assert found == {ids[0]: ["合影", "领导 致辞"], ids[1]: ["合影"]}
    assert owner.post(path, json={"tags": []}).json() == {"tags": []}
    assert [p["id"] for p in owner.get(f"{event}/photos", params={"tag": "合影"}).json()["photos"]] == [ids[1]]
    for wrong in (["x" * 21], [""], [str(n) for n in range(7)]):
        assert owner.post(path, json={"tags": wrong}).status_code == 422
    assert "合影" not in owner.get(f"/mp/v1/albums/{cast.album.id}/photos").text, "guests never see them"


def test_how_fast_photos_were_of_late(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client, ids: list[str]
) -> None:
    path = f"/api/v1/events/{cast.event.id}/speed"
    with stage.db.writing() as tx:
        for n, photo_id in enumerate(ids):
            photo = tx.get_one(Photo, photo_id)
            assert photo.live_at is not None
            photo.bridged_at = photo.live_at - 1000 * (n + 1)
    said = owner.get(path).json()
    assert said["received_to_live"] == {"n": 3, "p50_ms": 2000, "p95_ms": 3000}
    assert said["backlog"] == 0
    with stage.db.writing() as tx:
        for photo_id in ids:
            photo = tx.get_one(Photo, photo_id)
            assert photo.live_at is not None
            photo.live_at -= said["since_ms"]
    assert owner.get(path).json()["received_to_live"]["n"] == 0
