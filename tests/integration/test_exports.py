"""Many photos at once: parts, their checksums, resuming, receipts, and none of it after a recall."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import httpx
import pytest

from backend.context import Stage
from backend.models import Export
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, Cast, jpeg
from tests.conftest import FakeBell
from tests.integration.test_protection import guest
from workers import export as making
from workers import sweep


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "LOOK_MS", 1)


def finished(stage: Stage, bell: FakeBell, client: httpx.Client, export_id: str) -> dict[str, Any]:
    for _ in range(20):
        bell.work(stage)
        sweep.once(stage)
        said = client.get(f"/mp/v1/exports/{export_id}").json()
        if said["state"] not in ("planned", "making"):
            return said
    raise AssertionError(said)


def shoot(stage: Stage, bell: FakeBell, http: httpx.Client, n: int) -> None:
    for k in range(n):
        BridgeClient(http).shoot(jpeg("navy", (320, 240), words=str(k)))
    bell.work(stage)


def listed(http: httpx.Client, cast: Cast) -> list[dict[str, Any]]:
    return http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]


def test_all_photos_in_parts_with_checksums_that_resume(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    shoot(stage, bell, http, 5)
    alice, bob = guest(stage, "a"), guest(stage, "b")
    monkeypatch.setattr(making, "PART_BYTES", 12_000)
    asked = alice.post(f"/mp/v1/albums/{cast.album.id}/exports", json={}).json()
    assert (asked["state"], asked["photos"], asked["parts"]) == ("planned", 5, [])
    assert bob.post(f"/mp/v1/albums/{cast.album.id}/exports", json={}).json()["id"] == asked["id"]
    said = finished(stage, bell, alice, asked["id"])
    assert (said["state"], said["done"]) == ("ready", 5)
    assert len(said["parts"]) > 1

    manifest = dict(line.split("  ")[::-1] for line in alice.get(said["manifest_url"]).text.splitlines())
    assert len(manifest) == 5
    found = {}
    for part in said["parts"]:
        begun = alice.get(part["url"], headers={"Range": "bytes=0-999"})
        rest = alice.get(part["url"], headers={"Range": f"bytes=1000-{part['size']}"})
        assert (begun.status_code, rest.status_code) == (206, 206)
        data = begun.content + rest.content
        assert (len(data), hashlib.sha256(data).hexdigest()) == (part["size"], part["sha256"])
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            assert packed.testzip() is None
            found |= {name: packed.read(name) for name in packed.namelist() if name != "SHA256SUMS"}
    assert {name: hashlib.sha256(data).hexdigest() for name, data in found.items()} == manifest
    assert all(data.startswith(b"\xff\xd8\xff") for data in found.values())


def test_receipts_and_quota_count_what_an_export_holds(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    shoot(stage, bell, http, 3)
    http.post("/api/v1/login", json={"login": "owner", "password": PASSWORD})
    rule = f"/api/v1/albums/{cast.album.id}/access"
    http.post(rule, json={"downloads_a_day": 2}, headers={"X-Requested-With": "kuaimen"})
    alice = guest(stage, "a")
    chosen = [p["id"] for p in listed(http, cast)][:2]
    ask = f"/mp/v1/albums/{cast.album.id}/exports"
    assert alice.post(ask, json={}).json()["code"] == "quota_spent"
    one = alice.post(ask, json={"photo_ids": chosen}).json()
    assert finished(stage, bell, alice, one["id"])["photos"] == 2
    assert alice.get(f"/mp/v1/exports/{one['id']}").json()["state"] == "ready", "the same again costs nothing"
    assert alice.post(ask, json={"photo_ids": chosen[:1]}).json()["code"] == "quota_spent"
    said = http.get(f"/api/v1/photos/{chosen[0]}/receipts").json()["receipts"]
    assert [(r["by"], r["from"]) for r in said] == [("export", "h5")]
    assert httpx.Client(transport=http._transport, base_url="http://kuaimen.test").post(ask, json={}).status_code == 401


def test_a_recalled_photo_takes_every_export_that_holds_it_with_it(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    shoot(stage, bell, http, 2)
    alice = guest(stage, "a")
    ask = f"/mp/v1/albums/{cast.album.id}/exports"
    export = finished(stage, bell, alice, alice.post(ask, json={}).json()["id"])
    urls = [export["parts"][0]["url"], export["manifest_url"]]
    assert [alice.get(url).status_code for url in urls] == [200, 200]
    gone, left = (p["id"] for p in listed(http, cast))
    alice.post(f"/mp/v1/photos/{gone}/report", json={"reason": "me"})
    bell.rung.clear()  # the doorbell is lost; the sweep makes good
    sweep.once(stage)
    bell.work(stage)
    assert [alice.get(url).status_code for url in urls] == [404, 404]
    assert alice.get(f"/mp/v1/exports/{export['id']}").json()["state"] == "withdrawn"
    again = finished(stage, bell, alice, alice.post(ask, json={}).json()["id"])
    assert (again["state"], again["photos"]) == ("ready", 1)
    assert left


def test_a_private_albums_parts_need_its_pass(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    shoot(stage, bell, http, 1)
    http.post("/api/v1/login", json={"login": "owner", "password": PASSWORD})
    rule = f"/api/v1/albums/{cast.album.id}/access"
    said = {"access": "code", "secret": "GALA26"}
    http.post(rule, json=said, headers={"X-Requested-With": "kuaimen"})
    alice, bob = guest(stage, "a"), guest(stage, "b")
    alice.post(f"/mp/v1/albums/{cast.album.id}/enter", json={"code": "GALA26"})
    export = alice.post(f"/mp/v1/albums/{cast.album.id}/exports", json={}).json()
    export = finished(stage, bell, alice, export["id"])
    url = export["parts"][0]["url"]
    assert zipfile.is_zipfile(io.BytesIO(alice.get(url).content))
    assert bob.get(f"/mp/v1/exports/{export['id']}").json()["code"] == "locked"
    http.post(rule, json={**said, "secret": "OTHER26"}, headers={"X-Requested-With": "kuaimen"})
    assert guest(stage, "a").get(url).json()["code"] == "locked"


def test_a_worker_that_dies_leaves_an_export_that_goes_on(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    shoot(stage, bell, http, 1)
    alice = guest(stage, "a")
    export = alice.post(f"/mp/v1/albums/{cast.album.id}/exports", json={}).json()
    with monkeypatch.context() as broken:
        broken.setattr(making, "_part", lambda *_: 1 / 0)
        for _ in range(3):
            bell.work(stage)
            sweep.once(stage)
    with stage.db.writing() as tx:
        row = tx.get_one(Export, export["id"])
        assert row.state.value == "planned"
        row.lease_until = 0
    assert finished(stage, bell, alice, export["id"])["state"] == "ready"
