"""A bridge shows a code, a member confirms it in the console or the mini-program, and it has a token."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from backend.context import Stage
from backend.models import Album, Audit, Bridge, Member, Pairing, Photo, PhotoState, Role
from backend.security import hash_password
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, STRANGER_TOKEN, Cast, jpeg, make_cast
from tests.conftest import FakeBell
from workers import sweep


def ask(http: httpx.Client, device: str = "laptop") -> dict[str, Any]:
    answer = http.post("/bridge/v1/pairings", json={"device": device, "kind": "bridge"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def poll(http: httpx.Client, asked: dict[str, Any], **secret: str) -> httpx.Response:
    shown = secret.get("secret", asked["secret"])
    return http.get(f"/bridge/v1/pairings/{asked['id']}", headers={"X-Pairing-Secret": shown})


def signed_in(http: httpx.Client, login: str = "owner") -> dict[str, str]:
    token = http.post("/api/v1/login", json={"login": login, "password": PASSWORD}).json()["token"]
    http.cookies.clear()
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("door", ["/api/v1", "/mp/v1"])
def test_a_code_a_confirmation_a_token(stage: Stage, cast: Cast, http: httpx.Client, door: str) -> None:
    asked, me = ask(http), signed_in(http)
    assert asked["qr"].endswith(asked["code"].replace("-", ""))
    assert poll(http, asked).json() == {"state": "waiting"}
    assert poll(http, asked, secret="guess").status_code == 404

    typed = asked["code"].lower().replace("-", " ")
    shown = http.get(f"{door}/pairings/{typed}", headers=me).json()
    assert (shown["device"], shown["paired"]) == ("laptop", False)
    [choice] = shown["events"]
    assert choice["id"] == cast.event.id
    said = {"event_id": cast.event.id, "name": "左侧相机桥"}
    bridge = http.post(f"{door}/pairings/{typed}/confirm", json=said, headers=me).json()["bridge"]

    first, again = poll(http, asked).json(), poll(http, asked).json()
    assert first == again
    assert (first["state"], first["bridge_id"], first["name"]) == ("paired", bridge["id"], "左侧相机桥")
    assert first["event"] == {"id": cast.event.id, "title": "年会"}
    assert BridgeClient(http, first["token"]).get("/config").json()["bridge_id"] == bridge["id"]
    with stage.db.reading() as tx:
        kept = repr([tx.get(Bridge, bridge["id"]).__dict__, tx.query(Pairing).one().__dict__])
        assert first["token"] not in kept
        assert asked["secret"] not in kept
        assert tx.query(Audit).filter_by(action="pair").one().actor == f"member:{cast.owner.id}"

    twice = http.post(f"{door}/pairings/{typed}/confirm", json=said, headers=me)
    assert (twice.status_code, twice.json()["code"]) == (409, "already_paired")


def test_a_waiting_bridge_hears_at_once(cast: Cast, http: httpx.Client) -> None:
    asked, me, heard = ask(http), signed_in(http), []
    url, secret = f"/bridge/v1/pairings/{asked['id']}?wait=20", {"X-Pairing-Secret": asked["secret"]}
    waits = threading.Thread(target=lambda: heard.append(http.get(url, headers=secret, timeout=30).json()))
    waits.start()
    said = {"event_id": cast.event.id}
    assert http.post(f"/api/v1/pairings/{asked['code']}/confirm", json=said, headers=me).status_code == 200
    waits.join(10)
    assert heard[0]["state"] == "paired"


def test_a_code_ends_and_no_means_no(stage: Stage, cast: Cast, http: httpx.Client) -> None:
    late, unwanted, me = ask(http), ask(http), signed_in(http)
    assert http.post(f"/api/v1/pairings/{unwanted['code']}/refuse", headers=me).status_code == 204
    assert poll(http, unwanted).status_code == 403
    with stage.db.writing() as tx:
        tx.get_one(Pairing, late["id"]).ends_at = 1
    assert (poll(http, late).status_code, poll(http, late).json()["code"]) == (410, "expired")
    said = {"event_id": cast.event.id}
    for code in (late["code"], unwanted["code"], "ZZZ-ZZZ"):
        answer = http.post(f"/api/v1/pairings/{code}/confirm", json=said, headers=me)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_code")
    sweep.tidy(stage)
    with stage.db.reading() as tx:
        assert tx.get(Pairing, late["id"]) is None


def test_who_may_not_confirm(stage: Stage, cast: Cast, http: httpx.Client) -> None:
    with stage.db.writing() as tx:
        make_cast(tx, login="stranger", token=STRANGER_TOKEN)
        tx.add(
            Member(
                organization_id=cast.organization.id,
                login="sponsor",
                role=Role.SPONSOR,
                password_hash=hash_password(PASSWORD),
            )
        )
    asked, said = ask(http), {"event_id": cast.event.id}
    url = f"/api/v1/pairings/{asked['code']}/confirm"
    assert http.post(url, json=said).status_code == 401
    assert http.post(url, json=said, headers=signed_in(http, "sponsor")).status_code == 403
    stranger = signed_in(http, "stranger")
    assert http.post(url, json=said, headers=stranger).status_code == 404
    for path in ("orders", "target", "retract", "revoke"):
        body = {"do": "pause", "album_id": cast.album.id}
        answer = http.post(f"/api/v1/bridges/{cast.bridge.id}/{path}", json=body, headers=stranger)
        assert answer.status_code == 404, path
    assert http.get(f"/api/v1/events/{cast.event.id}/bridges", headers=stranger).status_code == 404
    assert poll(http, asked).json() == {"state": "waiting"}


def test_codes_cannot_be_guessed_or_asked_for_without_end(cast: Cast, http: httpx.Client) -> None:
    me = signed_in(http)
    tried = [http.get(f"/api/v1/pairings/AAAA{n:02}", headers=me).status_code for n in range(10, 32)]
    assert (tried[0], tried[-1]) == (404, 429)
    asked = [http.post("/bridge/v1/pairings", json={"device": "x"}).status_code for _ in range(12)]
    assert (asked[0], asked[-1]) == (200, 429)


def test_a_spare_takes_the_place_of_a_lost_laptop(stage: Stage, cast: Cast, http: httpx.Client) -> None:
    lost, me = BridgeClient(http), signed_in(http)
    identity = {"ftp": {"port": 2121, "users": [{"user": "cam1", "password": "48213907"}]}}
    kept = http.put(
        "/bridge/v1/identity", json={"identity": identity}, headers={"Authorization": "Bearer bridge-token"}
    )
    assert kept.status_code == 200
    with stage.db.reading() as tx:
        assert "48213907" not in (tx.get_one(Bridge, cast.bridge.id).identity or "")
    asked = ask(http, "spare")
    said = {"event_id": cast.event.id, "replaces": cast.bridge.id}
    http.post(f"/api/v1/pairings/{asked['code']}/confirm", json=said, headers=me).raise_for_status()
    paired = poll(http, asked).json()
    assert (paired["bridge_id"], paired["identity"]) == (cast.bridge.id, identity)
    assert lost.get("/config").status_code == 401
    assert BridgeClient(http, paired["token"]).get("/config").status_code == 200
    http.post(f"/api/v1/bridges/{cast.bridge.id}/revoke", headers=me).raise_for_status()
    assert BridgeClient(http, paired["token"]).get("/config").status_code == 401


def test_orders_arrive_until_the_bridge_has_them(cast: Cast, http: httpx.Client) -> None:
    bridge, me, url = BridgeClient(http), signed_in(http), f"/api/v1/bridges/{cast.bridge.id}/orders"
    assert bridge.get("/commands?wait=0").json() == {"n": 0, "commands": []}
    for said in ({"do": "mode", "about": "pick"}, {"do": "originals_later"}):
        http.post(url, json=said, headers=me).raise_for_status()
    wanted = [{"n": 1, "do": "mode", "about": "pick"}, {"n": 2, "do": "originals_later"}]
    for _ in range(2):
        assert bridge.post("/heartbeat", {"have": 0}).json()["commands"] == wanted
    assert bridge.get("/commands?have=1&wait=25").json() == {"n": 2, "commands": wanted[1:]}
    assert bridge.post("/heartbeat", {"have": 2}).json()["commands"] == []
    http.post(url, json={"do": "want_original"}, headers=me).raise_for_status()
    assert [c["n"] for c in bridge.post("/heartbeat", {}).json()["commands"]] == [3]
    assert bridge.post("/heartbeat", {}).json()["commands"] == [], "who cannot say what it has is told once"
    for bad in ({"do": "explode"}, {"do": "mode", "about": "x"}):
        assert http.post(url, json=bad, headers=me).status_code == 422


def test_paused_photos_wait_and_come_when_resumed(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    bridge, me, url = BridgeClient(http), signed_in(http), f"/api/v1/bridges/{cast.bridge.id}/orders"
    http.post(url, json={"do": "pause"}, headers=me).raise_for_status()
    bridge.shoot(jpeg("red"))
    bell.work(stage)
    album = f"/mp/v1/albums/{cast.album.id}/photos"
    assert http.get(album).json()["photos"] == []
    sweep.once(stage)
    assert not [job for job in bell.rung if type(job).__name__ == "RenderPhoto"], "what is held owes nothing"
    http.post(url, json={"do": "resume"}, headers=me).raise_for_status()
    assert len(http.get(album).json()["photos"]) == 1


def test_a_camera_is_switched_to_another_album(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    with stage.db.writing() as tx:
        gala = Album(
            organization_id=cast.organization.id, event_id=cast.event.id, title="晚宴", recipe_id=cast.album.recipe_id
        )
        tx.add(gala)
    bridge, me, url = BridgeClient(http), signed_in(http), f"/api/v1/bridges/{cast.bridge.id}/target"
    http.post(url, json={"camera": "cam2", "album_id": gala.id}, headers=me).raise_for_status()
    one = bridge.shoot(jpeg("red"), camera="cam1")["photo_id"]
    two = bridge.shoot(jpeg("blue"), camera="cam2")["photo_id"]
    http.post(url, json={"camera": "cam2", "album_id": None}, headers=me).raise_for_status()
    back = bridge.shoot(jpeg("green"), camera="cam2")["photo_id"]
    with stage.db.reading() as tx:
        assert [tx.get_one(Photo, p).album_id for p in (one, two, back)] == [cast.album.id, gala.id, cast.album.id]
        other = make_cast(tx, login="x", token="x")
    assert http.post(url, json={"album_id": other.album.id}, headers=me).status_code == 404


def test_retract_takes_back_what_was_shown_and_what_was_not(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    bridge, me, original = BridgeClient(http), signed_in(http), jpeg("red", (1200, 800))
    shown, card = bridge.shoot(jpeg("blue")), bridge.card(original)
    bridge.preview(card, jpeg("red")).raise_for_status()
    bell.work(stage)
    for _ in range(2):
        answer = bridge.post(f"/assets/{card['asset_id']}/retract", {}).json()
        assert (answer["state"], answer["original"]) == ("hidden", "wanted")
    bell.work(stage)
    bridge.original(card, original).raise_for_status()
    bell.work(stage)
    with stage.db.reading() as tx:
        assert tx.get_one(Photo, answer["photo_id"]).state is PhotoState.HIDDEN, "its original must not bring it back"
        assert tx.query(Audit).filter_by(action="hide").one().actor == f"bridge:{cast.bridge.id}"
    early = bridge.card(jpeg("lime", (900, 600)))
    bridge.announce(early)
    assert bridge.post(f"/assets/{early['asset_id']}/retract", {}).json()["state"] == "hidden"
    bridge.shoot(jpeg("lime"), jpeg("lime", (900, 600)))
    bell.work(stage)
    found = http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]
    assert [p["id"] for p in found] == [shown["photo_id"]]
    last = http.post(f"/api/v1/bridges/{cast.bridge.id}/retract", json={}, headers=me).json()
    assert last["photo_id"] == shown["photo_id"]
    assert http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"] == []
    assert bridge.post("/assets/asset-unknown/retract", {}).status_code == 404


def test_health_is_said_in_words(cast: Cast, http: httpx.Client) -> None:
    bridge, me, url = BridgeClient(http), signed_in(http), f"/api/v1/events/{cast.event.id}/bridges"
    [fresh] = http.get(url, headers=me).json()["bridges"]
    assert fresh["health"][0]["en"] == "Paired; waiting to hear from it"
    at = http.get(url, headers=me).json()["server_at"]
    camera = {"user": "cam1", "connected": True, "gaps": ["DSC_0413-0415"], "clock_offset_ms": -90_000}
    trouble = {"at": at, "address": "192.168.8.21", "user": "Cam1", "why": "wrong_password"}
    said = {"queued": 14, "queued_bytes": 140_000_000, "bytes_per_s": 1_000_000, "room_photos": 40, "mode": "pick"}
    bridge.post("/heartbeat", said | {"cameras": [camera, "?"], "troubles": [trouble, 7]}).raise_for_status()
    [now] = http.get(url, headers=me).json()["bridges"]
    assert now["online"]
    english = [one["en"] for one in now["health"]]
    assert "192.168.8.21 tried Cam1, with a wrong password" in english
    assert "14 originals still to be sent, about 2 min" in english
    assert "cam1: DSC_0413-0415 never arrived" in english
    assert "cam1: clock 90 s fast, corrected" in english
    assert "The disk has room for 40 more photos" in english
    levels = [one["level"] for one in now["health"]]
    assert levels == sorted(levels, key=["bad", "warn", "good"].index)
    bridge.post("/heartbeat", {"queued": "x", "cameras": 5, "troubles": {}, "mode": []}).raise_for_status()
    assert http.get(url, headers=me).status_code == 200
