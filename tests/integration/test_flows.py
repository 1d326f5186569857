"""The flows of docs/flows.md, each from its first hop to its last, in one process."""

from __future__ import annotations

import io
import json

import httpx
from PIL import Image
from sqlalchemy import delete

from backend import branding, deliveries, feed, subscriptions
from backend.context import Stage
from backend.models import Photo, PhotoState, Rendition, RenditionKind
from backend.recipe import Recipe
from backend.wechat import Outcome
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, Cast, jpeg, png_frame
from tests.conftest import FakeBell, FakeWeChat
from workers import sweep

BIG = (2400, 1600)


def changes(http: httpx.Client, album_id: str, after: int = 0) -> list[dict]:
    return http.get(f"/mp/v1/albums/{album_id}/changes", params={"after": after}).json()["changes"]


def picture(http: httpx.Client, url: str) -> Image.Image:
    answer = http.get(url)
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def test_flow_1_preview_is_live_then_the_original_takes_its_place(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    bridge = BridgeClient(http)
    original, preview = jpeg("navy", BIG), jpeg("navy", (1280, 853))
    card = bridge.card(original, shot_at=1_700_000_000_000)
    assert bridge.preview(card, preview).json()["original"] == "wanted"
    bell.work(stage)

    [first] = changes(http, cast.album.id)
    assert (first["stage"], first["position"], first["shot_at"]) == ("preview", 1, 1_700_000_000_000)
    assert picture(http, first["urls"]["view"]).size == (1280, 853) == (first["width"], first["height"])
    assert max(picture(http, first["urls"]["thumb"]).size) == 480

    assert bridge.original(card, original).json()["original"] == "stored"
    bell.work(stage)
    [better] = changes(http, cast.album.id, after=first["revision"])
    assert (better["id"], better["position"], better["stage"]) == (first["id"], 1, "original")
    assert max(picture(http, better["urls"]["view"]).size) == 2048
    assert max(picture(http, better["urls"]["phone"]).size) == 1280
    assert better["urls"]["view"] != first["urls"]["view"]


def test_flow_1_survives_a_lost_doorbell(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    bell.broken = True
    BridgeClient(http).shoot(jpeg())
    bell.broken = False
    assert bell.rung == []
    assert sweep.once(stage) == 1
    bell.work(stage)
    assert len(changes(http, cast.album.id)) == 1
    assert sweep.once(stage) == 0


def test_flow_1_sending_twice_makes_one_photo(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    bridge, original = BridgeClient(http), jpeg("green", BIG)
    for _ in range(2):
        bridge.shoot(jpeg("green"), original)
        bell.work(stage)
    history = http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()
    assert (len(history["photos"]), history["next"]) == (1, None)


def test_flow_2_scan_subscribe_told_once(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    session = http.post("/mp/v1/session", json={"code": "alice"}).json()
    mine = {"Authorization": f"Bearer {session['token']}"}
    scanned = http.get("/mp/v1/scan", params={"scene": f"e={cast.event.share_code}&f=p"}, headers=mine).json()
    assert [a["id"] for a in scanned["albums"]] == [cast.album.id]
    said = {"album_id": cast.album.id, "results": {stage.settings.wechat_template_id: "accept"}}
    assert http.post("/mp/v1/subscriptions", json=said, headers=mine).json() == {"left": 1}

    wechat = stage.wechat
    assert isinstance(wechat, FakeWeChat)
    for colour in ("red", "blue"):
        BridgeClient(http).shoot(jpeg(colour))
        bell.work(stage)
        due(stage, cast)
        sweep.once(stage)
        bell.work(stage)
    assert wechat.told == ["openid-alice"]


def test_flow_2_a_refusal_empties_the_quota(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    session = http.post("/mp/v1/session", json={"code": "bob"}).json()
    mine = {"Authorization": f"Bearer {session['token']}"}
    for left in (3, 6):  # one per template and tap
        answer = http.post("/mp/v1/subscriptions", json={"album_id": cast.album.id}, headers=mine)
        assert answer.json() == {"left": left}
    assert isinstance(stage.wechat, FakeWeChat)
    stage.wechat.outcome = Outcome.REFUSED
    BridgeClient(http).shoot(jpeg())
    bell.work(stage)
    due(stage, cast)
    sweep.once(stage)
    bell.work(stage)
    with stage.db.reading() as tx:
        assert subscriptions.left(tx, session["guest_id"], stage.settings.wechat_template_id) == 0
        assert deliveries.due_jobs(tx) == []


def due(stage: Stage, cast: Cast) -> None:
    """The quiet moment after a burst has passed."""
    with stage.db.writing() as tx:
        album = tx.merge(cast.album, load=True)
        tx.refresh(album)
        album.notify_due_at = 1


def test_flow_3_a_new_frame_re_renders_every_photo(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    BridgeClient(http).shoot(jpeg("black", (640, 480)))
    bell.work(stage)
    with stage.db.reading() as tx:
        cursor = feed.newest(tx, cast.album.id)
    stage.store.put("a/frame.png", png_frame(), content_type="image/png")
    with stage.db.writing() as tx:
        recipe = Recipe.from_json({"look": {"preset": "none"}, "frame": {"art_key": "a/frame.png"}})
        assert branding.use(tx, cast.album.id, recipe)
        assert not branding.use(tx, cast.album.id, recipe)
    bell.work(stage)
    [entry] = changes(http, cast.album.id, after=cursor)
    assert entry["position"] == 1
    pixel = picture(http, entry["urls"]["view"]).getpixel((320, 470))
    assert isinstance(pixel, tuple)
    assert pixel[2] > 200 > 60 > pixel[0]


def test_flow_4_recall_refuses_old_urls_and_restore_keeps_the_place(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    bridge = BridgeClient(http)
    bridge.shoot(jpeg("red"))
    bridge.shoot(jpeg("blue"))
    bell.work(stage)
    old, other = changes(http, cast.album.id)
    assert picture(http, old["urls"]["view"])
    sign_in(http)
    assert http.post(f"/api/v1/photos/{old['id']}/hide", headers={"X-Requested-With": "kuaimen"}).status_code == 204
    bell.work(stage)
    [tombstone] = changes(http, cast.album.id, after=other["revision"])
    assert tombstone == {
        "id": old["id"],
        "album_id": cast.album.id,
        "position": old["position"],
        "revision": tombstone["revision"],
        "hidden": True,
    }
    assert [http.get(url).status_code for url in old["urls"].values()] == [404] * 3

    http.post(f"/api/v1/photos/{old['id']}/restore", headers={"X-Requested-With": "kuaimen"})
    bell.work(stage)
    [back] = changes(http, cast.album.id, after=tombstone["revision"])
    assert (back["id"], back["position"]) == (old["id"], old["position"])
    assert picture(http, back["urls"]["view"])
    assert [http.get(url).status_code for url in old["urls"].values()] == [404] * 3


def test_a_photo_from_before_there_were_phones_copies_shows_its_view(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    BridgeClient(http).shoot(jpeg("red"))
    bell.work(stage)
    [now] = changes(http, cast.album.id)
    assert now["urls"]["phone"] != now["urls"]["view"]
    with stage.db.writing() as tx:
        tx.execute(delete(Rendition).where(Rendition.kind == RenditionKind.PHONE))
        feed.show_again(tx, cast.album.id, [now["id"]])
    [old] = changes(http, cast.album.id)
    assert old["urls"]["phone"] == old["urls"]["view"] == now["urls"]["view"]
    assert picture(http, old["urls"]["phone"])


def sign_in(http: httpx.Client, login: str = "owner") -> None:
    answer = http.post("/api/v1/login", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 200, answer.text


def test_a_broken_original_does_not_take_the_preview_off(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    bridge, broken = BridgeClient(http), jpeg("teal", BIG)[:-5000]
    bridge.shoot(jpeg("teal"), broken)
    bell.work(stage)
    [entry] = changes(http, cast.album.id)
    assert entry["stage"] == "preview"
    assert sweep.once(stage) == 0


def test_a_broken_picture_is_rejected_once_with_a_reason(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    bridge = BridgeClient(http)
    said = bridge.original(bridge.card(b"no picture at all" * 99), b"no picture at all" * 99).json()
    bell.work(stage)
    with stage.db.reading() as tx:
        photo = tx.get_one(Photo, said["photo_id"])
    assert (photo.state, photo.refusal) == (PhotoState.REJECTED, "not_a_picture")
    assert sweep.once(stage) == 0
    assert json.dumps(changes(http, cast.album.id)) == "[]"


def test_full_sizes_are_made_when_nothing_else_is_to_be_done(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    bridge = BridgeClient(http)
    bridge.shoot(jpeg("navy", (1280, 853)), jpeg("navy", BIG))
    bell.work(stage)
    assert sweep.once(stage) == 0  # photos are just coming in
    with stage.db.writing() as tx:
        tx.query(Photo).update({"announced_at": Photo.announced_at - 2 * sweep.QUIET_MS})
    assert sweep.once(stage) == 1
    [(before, revision)] = [(one["urls"], one["revision"]) for one in changes(http, cast.album.id)]
    bell.work(stage)
    assert sweep.once(stage) == 0  # there was only one, and it is made
    [(after, same)] = [(one["urls"], one["revision"]) for one in changes(http, cast.album.id)]
    assert (after.keys(), same) == (before.keys(), revision)  # nobody notices
    [photo] = http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]
    answer = http.get(f"/mp/v1/photos/{photo['id']}/download")
    assert (answer.status_code, answer.json()["width"]) == (200, BIG[0])
