"""Private albums: what opens them, what ends a pass. That nothing else does: test_crawler.py."""

from __future__ import annotations

import io
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image, ImageChops

from backend.context import Stage
from backend.recipe import PHONE_BYTES
from tests import conftest, imaging_pictures
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, Cast, jpeg, make_cast
from tests.conftest import FakeBell

XHR = {"X-Requested-With": "kuaimen"}


@pytest.fixture
def owner(stage: Stage, cast: Cast) -> Iterator[httpx.Client]:
    with visitor(stage) as client:
        said = client.post("/api/v1/login", json={"login": "owner", "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {said.json()['token']}"
        yield client


def visitor(stage: Stage) -> httpx.Client:
    """A phone of its own: its own cookies."""
    assert isinstance(stage.bell, FakeBell)
    return conftest.visitor(stage, stage.bell)


def guest(stage: Stage, device: str) -> httpx.Client:
    client = visitor(stage)
    said = client.post("/mp/v1/session", json={"device": device * 16}).json()
    client.headers["Authorization"] = f"Bearer {said['token']}"
    return client


def lock(owner: httpx.Client, album_id: str, access: str, secret: str | None = None, **more: object) -> httpx.Response:
    return owner.post(f"/api/v1/albums/{album_id}/access", json={"access": access, "secret": secret, **more})


def enter(client: httpx.Client, album_id: str, code: str) -> httpx.Response:
    return client.post(f"/mp/v1/albums/{album_id}/enter", json={"code": code})


def photos(client: httpx.Client, album_id: str, **headers: str) -> httpx.Response:
    return client.get(f"/mp/v1/albums/{album_id}/photos", headers=headers)


def is_picture(answer: httpx.Response) -> bool:
    return b"\xff\xd8\xff" in answer.content


@pytest.mark.parametrize(
    ("access", "secret", "typed"), [("code", "GALA-26", "gala 26"), ("password", "s3cret!", "s3cret!")]
)
def test_a_code_or_password_opens_page_feed_and_bytes(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client, access: str, secret: str, typed: str
) -> None:
    BridgeClient(visitor(stage)).shoot(jpeg())
    bell.work(stage)
    assert lock(owner, cast.album.id, access, secret).json()["epoch"] == 1
    alice = guest(stage, "a")
    header = alice.get(f"/mp/v1/albums/{cast.album.id}").json()
    assert (header["locked"], header["photos"]) == (True, 0)
    for path in ("photos", "changes", "stream"):
        assert alice.get(f"/mp/v1/albums/{cast.album.id}/{path}").json()["code"] == "locked"
    assert enter(alice, cast.album.id, "nonsense").status_code == 403

    assert enter(alice, cast.album.id, typed).json()["album_token"]
    [card] = photos(alice, cast.album.id).json()["photos"]
    assert is_picture(alice.get(card["urls"]["view"]))
    assert not alice.get(f"/mp/v1/albums/{cast.album.id}").json()["locked"]
    assert "boot" in alice.get(f"/a/{cast.event.share_code}").text, "the browser's page opens by the cookie"


def test_the_token_alone_opens_where_there_are_no_cookies(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    BridgeClient(visitor(stage)).shoot(jpeg())
    bell.work(stage)
    lock(owner, cast.album.id, "code", "GALA26")
    token = enter(guest(stage, "a"), cast.album.id, "GALA26").json()["album_token"]
    bare = visitor(stage)
    assert len(photos(bare, cast.album.id, **{"X-Album-Token": token}).json()["photos"]) == 1
    assert bare.get(f"/mp/v1/albums/{cast.album.id}/changes?album_token={token}").json()["changes"]


def test_wrong_codes_get_slower(stage: Stage, cast: Cast, owner: httpx.Client) -> None:
    lock(owner, cast.album.id, "code", "GALA26")
    alice = guest(stage, "a")
    statuses = [enter(alice, cast.album.id, f"WRONG{n}").status_code for n in range(9)]
    assert statuses[:5] == [403] * 5
    assert 429 in statuses[5:]
    assert enter(alice, cast.album.id, "GALA26").status_code == 429, "also the right one has to wait"


def test_a_list_lets_in_whom_it_names_until_they_are_struck_off(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    BridgeClient(visitor(stage)).shoot(jpeg())
    bell.work(stage)
    lock(owner, cast.album.id, "list")
    said = owner.post(
        f"/api/v1/albums/{cast.album.id}/invitations", json={"guests": [{"name": "李雷"}, {"name": "韩梅"}]}
    )
    lei, mei = said.json()["invitations"]
    alice, bob = guest(stage, "a"), guest(stage, "b")
    assert enter(alice, cast.album.id, "AAAA2222").json()["code"] == "not_invited"
    assert enter(alice, cast.album.id, lei["code"].lower()).json()["name"] == "李雷"
    assert enter(bob, cast.album.id, mei["code"]).status_code == 200
    [card] = photos(alice, cast.album.id).json()["photos"]
    assert is_picture(alice.get(card["urls"]["thumb"]))
    owner.delete(f"/api/v1/invitations/{lei['id']}")
    assert photos(alice, cast.album.id).json()["code"] == "locked"
    assert not is_picture(visitor(stage).get(card["urls"]["thumb"])), "a new app: rules are kept for a second"
    assert photos(bob, cast.album.id).status_code == 200


def test_members_only_is_not_there_for_others(stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client) -> None:
    BridgeClient(visitor(stage)).shoot(jpeg())
    bell.work(stage)
    with stage.db.writing() as tx:
        make_cast(tx, login="other", token="other")
    lock(owner, cast.album.id, "members")
    alice = guest(stage, "a")
    assert [alice.get(f"/mp/v1/albums/{cast.album.id}{p}").status_code for p in ("", "/photos")] == [404, 404]
    assert alice.get(f"/mp/v1/scan?scene=e={cast.event.share_code}").json()["albums"] == []
    assert enter(alice, cast.album.id, "anything").status_code == 404
    for login, status in (("owner", 200), ("other", 404)):
        member = visitor(stage)
        member.post("/api/v1/login", json={"login": login, "password": PASSWORD})
        found = photos(member, cast.album.id)
        assert found.status_code == status
    member = visitor(stage)
    member.post("/api/v1/login", json={"login": "owner", "password": PASSWORD})
    [card] = photos(member, cast.album.id).json()["photos"]
    assert is_picture(member.get(card["urls"]["view"]))


def test_the_form_opens_without_a_script(stage: Stage, cast: Cast, owner: httpx.Client) -> None:
    lock(owner, cast.album.id, "password", "s3cret!")
    alice = visitor(stage)
    page = alice.get(f"/a/{cast.event.share_code}")
    assert page.status_code == 403
    assert 'name="code"' in page.text
    asked = f"/a/{cast.event.share_code}/enter"
    wrong = alice.post(asked, data={"album": cast.album.id, "code": "nonsense"})
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (403, True)
    right = alice.post(asked, data={"album": cast.album.id, "code": "s3cret!"}, follow_redirects=True)
    assert (right.status_code, 'id="boot"' in right.text) == (200, True)


def test_the_guests_mark_stands_in_private_pictures(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    BridgeClient(visitor(stage)).shoot(jpeg("black"))
    bell.work(stage)
    lock(owner, cast.album.id, "code", "GALA26")
    alice = guest(stage, "a")
    enter(alice, cast.album.id, "GALA26")
    [card] = photos(alice, cast.album.id).json()["photos"]
    plain = {kind: Image.open(io.BytesIO(alice.get(url).content)) for kind, url in card["urls"].items()}
    assert owner.post(f"/api/v1/albums/{cast.album.id}/access", json={"guest_mark": True}).json()["epoch"] == 1
    fresh = guest(stage, "a")
    assert set(plain) == {"thumb", "phone", "view"}
    for kind, before in plain.items():
        marked = Image.open(io.BytesIO(fresh.get(card["urls"][kind]).content))
        assert marked.size == before.size
        differs = ImageChops.difference(before.convert("L"), marked.convert("L")).point(lambda v: 255 * (v > 20))
        assert differs.getbbox() is not None
        assert differs.histogram()[255] > 0.005 * before.width * before.height, kind


def test_a_marked_phones_copy_still_suits_a_bad_network(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    BridgeClient(visitor(stage)).shoot(jpeg(), imaging_pictures.jpeg(imaging_pictures.busy(), quality=90))
    bell.work(stage)
    lock(owner, cast.album.id, "code", "GALA26")
    assert owner.post(f"/api/v1/albums/{cast.album.id}/access", json={"guest_mark": True}).is_success
    alice = guest(stage, "a")
    enter(alice, cast.album.id, "GALA26")
    [card] = photos(alice, cast.album.id).json()["photos"]
    sizes = {kind: len(alice.get(url).content) for kind, url in card["urls"].items()}
    assert sizes["view"] > PHONE_BYTES >= sizes["phone"] > PHONE_BYTES * 0.6


def test_a_code_needs_a_length_and_only_who_may_changes_it(stage: Stage, cast: Cast, owner: httpx.Client) -> None:
    assert lock(owner, cast.album.id, "code", "A1").status_code == 422
    assert lock(owner, cast.album.id, "password").status_code == 422
    assert guest(stage, "a").post(f"/api/v1/albums/{cast.album.id}/access", json={}).status_code == 401
    with stage.db.writing() as tx:
        make_cast(tx, login="other", token="other")
    stranger = visitor(stage)
    stranger.post("/api/v1/login", json={"login": "other", "password": PASSWORD})
    assert (
        stranger.post(f"/api/v1/albums/{cast.album.id}/access", json={"access": "public"}, headers=XHR).status_code
        == 404
    )
    assert owner.get(f"/api/v1/albums/{cast.album.id}/access").json()["access"] == "public"


def test_downloads_leave_receipts_and_end_with_the_days_quota(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    for colour in ("red", "blue"):
        BridgeClient(visitor(stage)).shoot(jpeg(colour))
    bell.work(stage)
    owner.post(f"/api/v1/albums/{cast.album.id}/access", json={"downloads_a_day": 1})
    alice = guest(stage, "a")
    blue, red = photos(alice, cast.album.id).json()["photos"]
    for card in (blue, red):
        alice.get(f"/mp/v1/photos/{card['id']}/download")
    bell.work(stage)
    first = alice.get(f"/mp/v1/photos/{blue['id']}/download")
    assert is_picture(alice.get(first.json()["url"]))
    assert alice.get(f"/mp/v1/photos/{red['id']}/download").json()["code"] == "quota_spent"
    [receipt] = owner.get(f"/api/v1/photos/{blue['id']}/receipts").json()["receipts"]
    assert (receipt["by"], receipt["from"], receipt["size"] > 0) == ("one", "h5", True)
    assert owner.get(f"/api/v1/photos/{red['id']}/receipts").json()["receipts"] == []


def test_likes_count_each_guest_once(stage: Stage, bell: FakeBell, cast: Cast) -> None:
    BridgeClient(visitor(stage)).shoot(jpeg())
    bell.work(stage)
    alice, bob = guest(stage, "a"), guest(stage, "b")
    [card] = photos(alice, cast.album.id).json()["photos"]
    like = f"/mp/v1/photos/{card['id']}/like"
    assert [alice.put(like).json(), alice.put(like).json(), bob.put(like).json()][-1] == {"liked": True, "likes": 2}
    assert alice.delete(like).json() == alice.delete(like).json() == {"liked": False, "likes": 1}
    assert bob.get(f"/mp/v1/albums/{cast.album.id}/likes").json() == {"photo_ids": [card["id"]]}
    assert photos(bob, cast.album.id).json()["photos"][0]["likes"] == 1
    assert visitor(stage).put(like).status_code == 401
