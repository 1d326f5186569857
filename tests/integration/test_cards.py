"""The card to share: the photo whole, a code that leads back to it, and as private as the photo."""

from __future__ import annotations

import io
import time

import httpx
import zxingcpp
from PIL import Image

from backend.context import Stage
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, Cast, jpeg
from tests.conftest import FakeBell


def test_the_code_on_the_card_leads_to_the_photo(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    for colour, size in (("red", (1600, 1000)), ("blue", (900, 1600))):
        BridgeClient(http).shoot(jpeg(colour, size), shot_at=1_700_000_000_000)
    bell.work(stage)
    for photo in http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]:
        began = time.process_time()
        answer = http.get(f"/mp/v1/photos/{photo['id']}/card.jpg")
        assert time.process_time() - began < 1.5
        card = Image.open(io.BytesIO(answer.content))
        assert (card.format, card.width) == ("JPEG", 1080)
        [code] = zxingcpp.read_barcodes(card)
        link = f"http://127.0.0.1:8080/a/{cast.event.share_code}?album={cast.album.id}&f=l#p={photo['id']}"
        assert code.text == link


def test_no_card_of_what_may_not_be_seen(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    BridgeClient(http).shoot(jpeg())
    bell.work(stage)
    [photo] = http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]
    token = http.post("/api/v1/login", json={"login": "owner", "password": PASSWORD}).json()["token"]
    stranger = httpx.Client(transport=http._transport, base_url="http://kuaimen.test")
    mine = {"Authorization": f"Bearer {token}"}
    rule = {"access": "code", "secret": "GALA26"}
    assert stranger.post(f"/api/v1/albums/{cast.album.id}/access", json=rule, headers=mine).status_code == 200
    assert stranger.get(f"/mp/v1/photos/{photo['id']}/card.jpg").json()["code"] == "locked"
    http.post(f"/api/v1/photos/{photo['id']}/hide", headers={"X-Requested-With": "kuaimen"})
    assert http.get(f"/mp/v1/photos/{photo['id']}/card.jpg").status_code == 404
