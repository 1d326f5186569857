"""Comments under photos (G7): where the album allows them, by whoever may see the photo; two reports hide one."""

from __future__ import annotations

import httpx
import pytest

from backend import comments, typed
from backend.context import Stage
from backend.models import Comment, Guest
from backend.wechat import Suggest, TextScene, Verdict
from miniprogram_api import comments as guests_comments
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, STRANGER_TOKEN, Cast, jpeg, make_cast
from tests.conftest import FakeBell
from tests.integration.test_protection import enter, guest, lock, photos, visitor


def signed_in(stage: Stage, login: str) -> httpx.Client:
    client = visitor(stage)
    said = client.post("/api/v1/login", json={"login": login, "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {said.json()['token']}"
    return client


@pytest.fixture
def owner(stage: Stage, cast: Cast) -> httpx.Client:
    return signed_in(stage, "owner")


@pytest.fixture
def photo_id(stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client) -> str:
    """A live photo in an album that allows comments."""
    switch(owner, cast.album.id, on=True)
    BridgeClient(visitor(stage)).shoot(jpeg("red"))
    bell.work(stage)
    [card] = photos(visitor(stage), cast.album.id).json()["photos"]
    return str(card["id"])


def switch(owner: httpx.Client, album_id: str, *, on: bool) -> None:
    assert owner.post(f"/api/v1/albums/{album_id}/access", json={"comments": on}).json()["comments"] is on


def write(client: httpx.Client, photo_id: str, text: str, name: str = "") -> httpx.Response:
    return client.post(f"/mp/v1/photos/{photo_id}/comments", json={"text": text, "name": name})


def written(client: httpx.Client, photo_id: str, text: str) -> str:
    said = write(client, photo_id, text)
    assert said.status_code == 200, said.text
    return str(said.json()["id"])


def texts(client: httpx.Client, photo_id: str) -> list[str]:
    return [one["text"] for one in client.get(f"/mp/v1/photos/{photo_id}/comments").json()["comments"]]


def report(client: httpx.Client, comment_id: str) -> httpx.Response:
    return client.post(f"/mp/v1/comments/{comment_id}/report")


def waiting(owner: httpx.Client, event_id: str) -> list[tuple[str, str, int]]:
    said = owner.get(f"/api/v1/events/{event_id}/review").json()["comments"]
    return [(one["id"], one["state"], one["reports"]) for one in said]


def decide(member: httpx.Client, comment_id: str, *, keep: bool) -> int:
    return member.post(f"/api/v1/comments/{comment_id}/review", json={"keep": keep}).status_code


def test_guests_write_read_and_delete_their_own(stage: Stage, photo_id: str) -> None:
    alice, bob = guest(stage, "a"), guest(stage, "b")
    first = write(alice, photo_id, " 好\u202e看\n\n极了 ", "小王\u200b").json()
    assert (first["text"], first["by"], first["state"], first["own"]) == ("好看 极了", "小王", "shown", True)
    second = written(bob, photo_id, "真好")
    seen = visitor(stage).get(f"/mp/v1/photos/{photo_id}/comments").json()
    assert [(one["id"], one["own"]) for one in seen["comments"]] == [(second, False), (first["id"], False)]
    assert seen["count"] == 2
    only = bob.get(f"/mp/v1/photos/{photo_id}/comments?limit=0").json()
    assert only == {"comments": [], "count": 2}

    assert bob.delete(f"/mp/v1/comments/{first['id']}").status_code == 404
    assert visitor(stage).delete(f"/mp/v1/comments/{first['id']}").status_code == 401
    assert alice.delete(f"/mp/v1/comments/{first['id']}").status_code == 204
    assert alice.delete(f"/mp/v1/comments/{first['id']}").status_code == 404
    assert texts(alice, photo_id) == ["真好"]
    assert write(visitor(stage), photo_id, "谁").status_code == 401
    for nothing in ("", " \n\u200b", "长" * 201):
        assert write(alice, photo_id, nothing).status_code == 422
    assert write(alice, photo_id, "长" * 200).status_code == 200


def test_the_switch_rules_and_is_off_at_first(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client, photo_id: str
) -> None:
    alice, bob = guest(stage, "a"), guest(stage, "b")
    front = f"/mp/v1/albums/{cast.album.id}/front"
    before = alice.get(front).json()
    own = written(alice, photo_id, "好看")
    switch(owner, cast.album.id, on=False)
    assert alice.get(f"/mp/v1/albums/{cast.album.id}").json()["comments"] is False
    after = alice.get(front).json()
    assert ([a["comments"] for a in before["albums"]], [a["comments"] for a in after["albums"]]) == ([True], [False])
    assert after["revision"] > before["revision"], "open albums are told"
    for said in (write(alice, photo_id, "还在"), alice.get(f"/mp/v1/photos/{photo_id}/comments"), report(bob, own)):
        assert (said.status_code, said.json()["code"]) == (403, "no_comments")
    assert alice.delete(f"/mp/v1/comments/{own}").status_code == 204, "one's own can always go"
    made = owner.post(f"/api/v1/events/{cast.event.id}/albums", json={"title": "晚宴"}).json()["album"]
    assert owner.get(f"/api/v1/albums/{made['id']}/access").json()["comments"] is False


def test_two_guests_hide_one_and_a_member_decides(stage: Stage, cast: Cast, owner: httpx.Client, photo_id: str) -> None:
    alice, bob, carol, dora = (guest(stage, name) for name in "abcd")
    comment = written(alice, photo_id, "不好看")
    assert report(bob, comment).json() == {"hidden": False}
    assert report(bob, comment).json() == {"hidden": False}, "one guest counts once"
    assert bob.get(f"/mp/v1/photos/{photo_id}/comments").json()["comments"][0]["reported"] is True
    assert waiting(owner, cast.event.id) == [(comment, "shown", 1)]
    assert report(visitor(stage), comment).status_code == 401
    assert report(carol, comment).json() == {"hidden": True}
    assert (texts(bob, photo_id), texts(visitor(stage), photo_id)) == ([], [])
    own = alice.get(f"/mp/v1/photos/{photo_id}/comments").json()
    assert ([one["state"] for one in own["comments"]], own["count"]) == (["waiting"], 0)
    [case] = owner.get(f"/api/v1/events/{cast.event.id}/review").json()["comments"]
    assert (case["text"], case["state"], case["reports"]) == ("不好看", "waiting", 2)
    assert owner.get(case["picture"]).status_code == 200

    assert decide(owner, comment, keep=True) == 204
    assert texts(bob, photo_id) == ["不好看"]
    assert waiting(owner, cast.event.id) == []
    assert report(bob, comment).json() == {"hidden": False}, "who was heard already"
    assert report(dora, comment).json() == {"hidden": False}, "kept once: it takes two others"
    assert report(guest(stage, "e"), comment).json() == {"hidden": True}

    assert decide(owner, comment, keep=False) == 204
    assert waiting(owner, cast.event.id) == []
    assert texts(bob, photo_id) == []
    assert report(guest(stage, "f"), comment).status_code == 404
    [off] = owner.get(f"/api/v1/events/{cast.event.id}/review").json()["comments_off"]
    assert (off["id"], off["text"], off["state"]) == (comment, "不好看", "hidden")
    assert decide(owner, comment, keep=True) == 204
    assert owner.get(f"/api/v1/events/{cast.event.id}/review").json()["comments_off"] == []
    assert texts(bob, photo_id) == ["不好看"]
    audits = owner.get("/api/v1/audits?action=review").json()["audits"]
    assert [(a["subject"], a["actor"], a["after"]["state"]) for a in audits] == [
        (f"comment:{comment}", f"member:{cast.owner.id}", state) for state in ("shown", "hidden", "shown")
    ]


def test_only_the_events_own_members_decide(stage: Stage, cast: Cast, owner: httpx.Client, photo_id: str) -> None:
    with stage.db.writing() as tx:
        make_cast(tx, login="stranger", token=STRANGER_TOKEN)
    comment = written(guest(stage, "a"), photo_id, "好看")
    stranger = signed_in(stage, "stranger")
    assert decide(stranger, comment, keep=False) == 404
    assert stranger.get(f"/api/v1/events/{cast.event.id}/review").status_code == 404
    assert decide(guest(stage, "b"), comment, keep=False) == 401
    assert decide(owner, "nothing", keep=False) == 404
    assert texts(visitor(stage), photo_id) == ["好看"]


def test_a_private_album_keeps_its_comments(stage: Stage, cast: Cast, owner: httpx.Client, photo_id: str) -> None:
    alice, bob = guest(stage, "a"), guest(stage, "b")
    comment = written(alice, photo_id, "好看")
    lock(owner, cast.album.id, "code", "GALA26")
    for said in (write(bob, photo_id, "我也来"), bob.get(f"/mp/v1/photos/{photo_id}/comments"), report(bob, comment)):
        assert (said.status_code, said.json()["code"]) == (403, "locked")
    enter(bob, cast.album.id, "GALA26")
    written(bob, photo_id, "我也来")
    assert texts(bob, photo_id) == ["我也来", "好看"]
    lock(owner, cast.album.id, "members")
    assert bob.get(f"/mp/v1/photos/{photo_id}/comments").status_code == 404


def test_with_the_photo_its_comments_are_off(stage: Stage, cast: Cast, owner: httpx.Client, photo_id: str) -> None:
    alice, bob = guest(stage, "a"), guest(stage, "b")
    comment = written(alice, photo_id, "好看")
    report(bob, comment)
    assert bob.post(f"/mp/v1/photos/{photo_id}/report", json={"reason": "me"}).json() == {"hidden": True}
    for said in (write(bob, photo_id, "哎"), bob.get(f"/mp/v1/photos/{photo_id}/comments"), report(bob, comment)):
        assert said.status_code == 404
    assert waiting(owner, cast.event.id) == [], "nobody needs to decide about what nobody sees"


def test_nobody_writes_without_end(stage: Stage, photo_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests_comments, "A_DAY", 2)
    alice = guest(stage, "a")
    for text in "一二":
        written(alice, photo_id, text)
    assert write(alice, photo_id, "三").status_code == 429
    monkeypatch.setattr(guests_comments, "A_DAY", 100)
    bob = guest(stage, "b")
    spent = [write(bob, photo_id, str(n)).status_code for n in range(2 * guests_comments.A_MINUTE + 1)]
    assert spent[0] == 200
    assert 429 in spent, "the minute may end between two of them, but not twice"


def test_risky_words_are_refused(stage: Stage, photo_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Strict:
        def text(self, text: str, _openids: object, _scene: TextScene) -> Verdict:
            return Verdict(Suggest.RISKY if "坏" in text else Suggest.PASS, 100)

    monkeypatch.setattr(typed, "moderator", lambda *_: Strict())
    alice = guest(stage, "a")
    for text, name in (("坏话", ""), ("好话", "坏人")):
        said = write(alice, photo_id, text, name)
        assert (said.status_code, said.json()["code"]) == (422, "risky_words")
        assert "修改" in said.json()["message"]
    assert texts(alice, photo_id) == []
    written(alice, photo_id, "好话")


def test_a_comment_ends_with_its_reports(stage: Stage, cast: Cast, photo_id: str) -> None:
    comment = written(guest(stage, "a"), photo_id, "好看")
    with stage.db.writing() as tx:
        other = Guest(appid="h5", openid="other")
        tx.add(other)
        tx.flush()
        assert not comments.report(tx, comment, other.id)
        writer = tx.get_one(Comment, comment).guest_id
        comments.withdraw(tx, comment, writer)
        assert comments.queue(tx, cast.event.id) == []
        assert tx.get(Comment, comment, populate_existing=True) is None
