"""What is wrong is answered clearly, in one shape, and hinders nothing else."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from PIL import Image

from backend.context import Stage
from backend.models import Access, Photo, PhotoState, Upload
from backend.security import Signer
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, STRANGER_TOKEN, Cast, jpeg, make_cast
from tests.conftest import FakeBell
from tests.imaging_pictures import jpeg_claiming, png_claiming, png_deep_grey, saved, scan_bomb
from workers import sweep


def code(answer: httpx.Response) -> tuple[int, str]:
    said = answer.json()
    assert said["message"]
    return answer.status_code, said["code"]


def test_errors_are_one_shape_in_two_languages(cast: Cast, http: httpx.Client) -> None:
    answer = http.get("/mp/v1/albums/nope")
    assert (answer.status_code, answer.json()) == (404, {"code": "not_found", "message": "内容不存在"})
    english = http.get("/mp/v1/albums/nope", headers={"Accept-Language": "en"}).json()
    assert english["message"] == "There is nothing here."
    assert code(http.get("/mp/v1/no/such/page"))[0] == 404


@pytest.mark.parametrize(
    ("scene", "wanted"),
    [("", 422), ("x" * 33, 422), ("e=%E4%BD%A0", 422), ("f=p", 422), ("e=unknowncod&f=p", 404), ("中文", 422)],
)
def test_an_unknown_scene_is_told_from_a_wrong_one(cast: Cast, http: httpx.Client, scene: str, wanted: int) -> None:
    assert http.get("/mp/v1/scan", params={"scene": scene}).status_code == wanted


def test_tokens_of_guests(stage: Stage, cast: Cast, http: httpx.Client) -> None:
    url = f"/mp/v1/albums/{cast.album.id}"
    forged = Signer("other").issue("guest", "g", ttl_s=60)
    expired = stage.signer.issue("guest", "g", ttl_s=-1)
    of_member = stage.signer.issue("member", "g", ttl_s=60)
    for token, wanted in (("nonsense", "bad_token"), (forged, "bad_token"), (expired, "token_expired")):
        assert code(http.get(url, headers={"Authorization": f"Bearer {token}"})) == (401, wanted)
    assert code(http.get(url, params={"token": of_member})) == (401, "bad_token")
    assert http.get(url).status_code == 200
    assert code(http.post("/mp/v1/subscriptions", json={"album_id": cast.album.id})) == (401, "unauthorized")


def test_an_album_that_is_not_public_does_not_exist_for_guests(stage: Stage, http: httpx.Client) -> None:
    with stage.db.writing() as tx:
        private = make_cast(tx, access=Access.MEMBERS)
    for path in ("", "/photos", "/changes", "/stream"):
        assert http.get(f"/mp/v1/albums/{private.album.id}{path}").status_code == 404


def test_tenants_do_not_see_each_other(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    with stage.db.writing() as tx:
        stranger = make_cast(tx, login="stranger", token=STRANGER_TOKEN)
    photo = BridgeClient(http).shoot(jpeg("red"))
    bell.work(stage)
    mine = http.post("/api/v1/login", json={"login": "stranger", "password": PASSWORD}).json()["token"]
    asking = {"Authorization": f"Bearer {mine}"}
    http.cookies.clear()
    event = f"/api/v1/events/{cast.event.id}"
    for path in (event, f"{event}/photos"):
        assert code(http.get(path, headers=asking)) == (404, "not_found")
    for path in (f"/api/v1/photos/{photo['photo_id']}/hide", f"/api/v1/photos/{photo['photo_id']}/restore"):
        assert code(http.post(path, headers=asking)) == (404, "not_found")
    brand = {"watermark": False, "frame": False}
    assert http.post(f"/api/v1/albums/{cast.album.id}/brand", json=brand, headers=asking).status_code == 404
    assert [e["id"] for e in http.get("/api/v1/events", headers=asking).json()["events"]] == [stranger.event.id]
    theirs = BridgeClient(http, STRANGER_TOKEN)
    known = theirs.post("/assets/reconcile", {"sha256": [theirs.card(jpeg("red"))["sha256"]]}).json()
    assert known == {"known": {}}
    assert code(BridgeClient(http, "wrong").get("/config")) == (401, "bad_token")


def test_signing_in(stage: Stage, cast: Cast, http: httpx.Client) -> None:
    for login, password in (("owner", "wrong"), ("nobody", PASSWORD)):
        assert code(http.post("/api/v1/login", json={"login": login, "password": password})) == (401, "bad_login")
    assert http.post("/api/v1/login", json={"login": "owner", "password": PASSWORD}).status_code == 200
    assert http.get("/api/v1/me").json()["member"]["role"] == "owner"
    forged = http.post("/api/v1/photos/x/hide")  # with the cookie, as a foreign page would send it
    assert code(forged) == (403, "refused")
    tries = [http.post("/api/v1/login", json={"login": "owner", "password": "x"}).status_code for _ in range(12)]
    assert tries[-1] == 429


BROKEN = {
    "text": (b"hello, I am not a picture\n" * 50, "not_a_picture"),
    "html": (b"<html><body>504</body></html>", "not_a_picture"),
    "size bomb": (jpeg_claiming(30_000, 30_000), "too_many_pixels"),
    "size bomb, PNG": (png_claiming(30_000, 30_000), "too_many_pixels"),
    "scan bomb": (scan_bomb(), "too_many_scans"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_original_is_rejected_with_its_reason(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, name: str
) -> None:
    data, reason = BROKEN[name]
    bridge = BridgeClient(http)
    photo_id = bridge.original(bridge.card(data), data).json()["photo_id"]
    good = bridge.shoot(jpeg("green"))["photo_id"]
    bell.work(stage)
    with stage.db.reading() as tx:
        broken = tx.get_one(Photo, photo_id)
        assert (broken.state, broken.refusal) == (PhotoState.REJECTED, reason)
        assert tx.get_one(Photo, good).state is PhotoState.LIVE


UNUSUAL = {
    "CMYK": saved(Image.new("CMYK", (640, 480), (0, 200, 200, 10)), "JPEG"),
    "16-bit PNG": png_deep_grey(np.linspace(0, 65535, 300 * 200).reshape(200, 300).astype(np.uint16)),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_pictures_come_out_as_srgb_jpeg(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, name: str
) -> None:
    data = UNUSUAL[name]
    bridge = BridgeClient(http)
    bridge.original(bridge.card(data), data).raise_for_status()
    bell.work(stage)
    [shown] = http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]
    made = Image.open(io.BytesIO(http.get(shown["urls"]["view"]).content))
    assert (made.format, made.mode) == ("JPEG", "RGB")


def test_a_preview_that_is_none_is_refused_at_once(cast: Cast, http: httpx.Client) -> None:
    bridge = BridgeClient(http)
    card = bridge.card(b"x")
    assert code(bridge.preview(card, b"hello")) == (422, "not_a_picture")
    assert code(bridge.preview(card, b"\xff\xd8\xff" + bytes(2_000_000))) == (413, "too_large")
    assert code(bridge.preview(card | {"sha256": "zz"}, jpeg())) == (422, "bad_input")
    assert code(bridge.preview(card, bytes(20_000_000)))[0] == 413


def test_a_200_megabyte_original_is_refused_before_it_is_sent(stage: Stage, cast: Cast, http: httpx.Client) -> None:
    bridge = BridgeClient(http)
    huge, small = bridge.card(b"huge") | {"size": 200 * 1024 * 1024}, bridge.card(jpeg())
    refused, granted = bridge.announce(huge, small)
    assert refused["error"]["code"] == "too_large"
    assert granted["upload"]["parts"]
    assert bridge.preview(huge, jpeg()).json()["original"] == "refused"
    assert code(bridge.post("/assets", {"assets": [small] * 101})) == (422, "bad_input")


def test_an_upload_that_lies_about_its_bytes_starts_over(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    bridge, original, wrong = BridgeClient(http), jpeg("red"), jpeg("lime")
    card = bridge.card(original)
    [grant] = bridge.announce(card)
    assert code(bridge.complete(card, grant["upload"]["upload_id"])) == (409, "missing_parts")
    assert bridge.complete(card, grant["upload"]["upload_id"]).json()["missing"] == [1]
    bridge.send(grant["upload"], wrong)
    assert code(bridge.complete(card, grant["upload"]["upload_id"])) == (422, "bad_digest")
    assert bridge.original(card, original).json()["original"] == "stored"


def test_an_upload_nobody_finished_is_dropped_and_can_begin_anew(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    bridge, original = BridgeClient(http), jpeg("red")
    card = bridge.card(original)
    [grant] = bridge.announce(card)
    bridge.send(grant["upload"], original)
    assert sweep.tidy(stage) == 0
    with stage.db.writing() as tx:
        tx.query(Upload).one().created_at = 1
    sweep.tidy(stage)
    with stage.db.reading() as tx:
        assert tx.query(Upload).count() == 0
    assert bridge.original(card, original).json()["original"] == "stored"


def test_the_same_photo_from_many_at_once_is_one(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    bridge, data = BridgeClient(http), jpeg("orange", (900, 600))
    card = bridge.card(data)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: bridge.preview(card, data), range(12)))
        assert {a.status_code for a in answers} == {200}
        ends = list(pool.map(lambda _: bridge.original(card, data), range(4)))
    assert {a.json()["photo_id"] for a in (*answers, *[e for e in ends if e.status_code == 200])} == {
        answers[0].json()["photo_id"]
    }
    assert any(e.status_code == 200 for e in ends)
    bell.work(stage)
    assert len(http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]) == 1
