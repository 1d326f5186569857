"""Guests' own photos (G11): nothing of a guest is public before somebody looked at it, unless the organizer says so."""

from __future__ import annotations

import io
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from backend.context import Stage
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, Cast, jpeg
from tests.conftest import FakeBell
from tests.integration.test_protection import enter, guest, is_picture, lock, photos, visitor
from workers import render


@pytest.fixture
def owner(stage: Stage, cast: Cast) -> Iterator[httpx.Client]:
    with visitor(stage) as client:
        said = client.post("/api/v1/login", json={"login": "owner", "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {said.json()['token']}"
        yield client


def rule(owner: httpx.Client, album_id: str, contributions: str, **more: object) -> None:
    said = owner.post(f"/api/v1/albums/{album_id}/access", json={"contributions": contributions, **more})
    assert said.json()["contributions"] == contributions, said.text


def give(client: httpx.Client, album_id: str, picture: bytes, name: str = "", words: str = "") -> httpx.Response:
    said = {"name": name, "words": words}
    return client.post(f"/mp/v1/albums/{album_id}/contributions", params=said, content=picture)


def own(client: httpx.Client, album_id: str) -> dict[str, str]:
    """State by id, as its giver sees it."""
    said = client.get(f"/mp/v1/albums/{album_id}/contributions").json()
    return {photo["id"]: photo["state"] for photo in said["photos"]}


def cases(owner: httpx.Client, event_id: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = owner.get(f"/api/v1/events/{event_id}/review").json()["cases"]
    return found


def test_nothing_of_a_guest_is_public_before_somebody_looked(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    album_id = cast.album.id
    alice, bob = guest(stage, "a"), guest(stage, "b")
    assert give(alice, album_id, jpeg("red")).json()["code"] == "no_contributions"
    rule(owner, album_id, "review")
    assert alice.get(f"/mp/v1/albums/{album_id}").json()["contributions"] == "review"
    said = give(alice, album_id, jpeg("red"), " 小王\u202e\n ", " 新婚\n\u202e快乐 " + "!" * 80).json()
    words = "新婚 快乐 " + "!" * 54
    assert (said["state"], said["by"], said["words"]) == ("waiting", "小王", words)
    bell.work(stage)
    assert photos(bob, album_id).json()["photos"] == []
    assert bob.get(f"/mp/v1/albums/{album_id}/changes?after=0").json()["changes"] == []
    for path in ("card.jpg", "download"):
        assert bob.get(f"/mp/v1/photos/{said['id']}/{path}").status_code == 404
    assert own(alice, album_id) == {said["id"]: "waiting"}
    assert own(bob, album_id) == {}
    [case] = cases(owner, cast.event.id)
    assert (case["why"], case["by"], case["words"], case["state"]) == ("given", "小王", words, "stored")
    assert is_picture(visitor(stage).get(str(case["picture"])))

    assert owner.post(f"/api/v1/photos/{said['id']}/review", json={"keep": True}).status_code == 204
    bell.work(stage)
    [card] = photos(bob, album_id).json()["photos"]
    assert (card["id"], card["by"], card["words"]) == (said["id"], "小王", words)
    assert own(alice, album_id) == {said["id"]: "live"}
    assert cases(owner, cast.event.id) == []


def test_whoever_is_refused_stays_off(stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client) -> None:
    rule(owner, cast.album.id, "review")
    alice = guest(stage, "a")
    photo_id = give(alice, cast.album.id, jpeg("red")).json()["id"]
    bell.work(stage)
    owner.post(f"/api/v1/photos/{photo_id}/review", json={"keep": False})
    rule(owner, cast.album.id, "open")
    assert give(alice, cast.album.id, jpeg("red")).json()["state"] == "off"
    bell.work(stage)
    assert photos(alice, cast.album.id).json()["photos"] == []


def test_a_new_brand_does_not_let_a_waiting_photo_through(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    rule(owner, cast.album.id, "review")
    give(guest(stage, "a"), cast.album.id, jpeg("red"))
    bell.work(stage)
    owner.post(f"/api/v1/albums/{cast.album.id}/look", json={"preset": "mono"})
    bell.work(stage)
    rule(owner, cast.album.id, "off")
    owner.post(f"/api/v1/albums/{cast.album.id}/look", json={"preset": "auto"})
    bell.work(stage)
    assert photos(visitor(stage), cast.album.id).json()["photos"] == []


def test_switched_open_they_are_live_at_once_and_what_waited_too(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    alice = guest(stage, "a")
    rule(owner, cast.album.id, "review")
    first = give(alice, cast.album.id, jpeg("red")).json()["id"]
    bell.work(stage)
    rule(owner, cast.album.id, "open")
    second = give(alice, cast.album.id, jpeg("blue")).json()["id"]
    bell.work(stage)
    assert [card["id"] for card in photos(alice, cast.album.id).json()["photos"]] == [second, first]
    owner.post(f"/api/v1/albums/{cast.album.id}", json={"publishing": "approve"})
    give(alice, cast.album.id, jpeg("green"))
    bell.work(stage)
    assert len(photos(alice, cast.album.id).json()["photos"]) == 2, "an album in which everything waits"


def test_a_quota_a_day_and_the_same_photo_once(stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client) -> None:
    rule(owner, cast.album.id, "review", contributions_a_day=2)
    alice = guest(stage, "a")
    first = give(alice, cast.album.id, jpeg("red"), "爱丽丝").json()
    assert give(alice, cast.album.id, jpeg("red"), "爱丽丝").json()["id"] == first["id"]
    assert give(alice, cast.album.id, jpeg("blue")).status_code == 200
    spent = give(alice, cast.album.id, jpeg("green"))
    assert (spent.status_code, spent.json()["code"]) == (429, "contributions_spent")
    said = alice.get(f"/mp/v1/albums/{cast.album.id}/contributions").json()
    assert (said["rule"], said["left"], len(said["photos"])) == ("review", 0, 2)
    bob = guest(stage, "b")
    assert give(bob, cast.album.id, jpeg("red")).json()["code"] == "already_there"
    BridgeClient(visitor(stage)).shoot(jpeg("white"), jpeg("white"))
    assert give(bob, cast.album.id, jpeg("white")).json()["code"] == "already_there"
    bell.work(stage)
    assert [card["by"] for card in photos(bob, cast.album.id).json()["photos"]] == [""], "the photographer's"


def test_whoever_gave_it_takes_it_back(stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client) -> None:
    rule(owner, cast.album.id, "open")
    alice, bob = guest(stage, "a"), guest(stage, "b")
    photo_id = give(alice, cast.album.id, jpeg("red")).json()["id"]
    bell.work(stage)
    [card] = photos(bob, cast.album.id).json()["photos"]
    assert bob.delete(f"/mp/v1/contributions/{photo_id}").status_code == 404
    assert visitor(stage).delete(f"/mp/v1/contributions/{photo_id}").status_code == 401
    assert alice.delete(f"/mp/v1/contributions/{photo_id}").status_code == 204
    assert photos(bob, cast.album.id).json()["photos"] == []
    bell.work(stage)
    assert not is_picture(bob.get(card["urls"]["view"]))
    assert own(alice, cast.album.id) == {photo_id: "off"}
    assert owner.get("/api/v1/audits?action=withdraw").json()["audits"][0]["subject"] == f"photo:{photo_id}"


def test_what_is_no_picture_or_too_large_is_refused(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "REST_MS", 0)  # the rest of a cut-off file is not waited for
    rule(owner, cast.album.id, "open")
    alice = guest(stage, "a")
    for content in (b"", b"<svg onload=alert(1)>", b"%PDF-1.7", b"\x00\x00\x00\x18ftypmp42"):
        assert give(alice, cast.album.id, content).json()["code"] == "not_a_picture"
    assert give(alice, cast.album.id, jpeg("red") + b"\0" * (26 * 1024 * 1024)).status_code == 413
    cut = give(alice, cast.album.id, jpeg("red")[:200]).json()["id"]
    bell.work(stage)
    assert own(alice, cast.album.id) == {cut: "off"}
    assert give(visitor(stage), cast.album.id, jpeg("blue")).status_code == 401


def test_a_form_as_wechat_sends_it_and_no_place_in_the_picture(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    rule(owner, cast.album.id, "open")
    out, exif = io.BytesIO(), Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 14.0, 0.0), 3: "E", 4: (121.0, 29.0, 0.0)})
    Image.open(io.BytesIO(jpeg("red"))).save(out, "JPEG", exif=exif)
    assert b"Exif" in out.getvalue()
    alice = guest(stage, "a")
    files = {"file": ("tmp_1.jpg", out.getvalue(), "image/jpeg")}
    said = alice.post(f"/mp/v1/albums/{cast.album.id}/contributions?name=A", files=files)
    assert said.json()["by"] == "A"
    bell.work(stage)
    [card] = photos(alice, cast.album.id).json()["photos"]
    for url in card["urls"].values():
        with Image.open(io.BytesIO(visitor(stage).get(url).content)) as shown:
            assert not shown.getexif().get_ifd(0x8825)


def test_a_private_album_takes_them_from_its_guests_only(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    rule(owner, cast.album.id, "open")
    lock(owner, cast.album.id, "code", "GALA26")
    alice = guest(stage, "a")
    assert give(alice, cast.album.id, jpeg("red")).json()["code"] == "locked"
    enter(alice, cast.album.id, "GALA26")
    assert give(alice, cast.album.id, jpeg("red")).status_code == 200
    owner.post(f"/api/v1/events/{cast.event.id}", json={"state": "closed"})
    assert give(alice, cast.album.id, jpeg("blue")).json()["code"] == "no_contributions"
