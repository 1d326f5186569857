"""Limits that lose nothing, a meter that is the recount, and the page of whoever runs it all."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from backend import failures, usage
from backend.clock import now_ms
from backend.context import Stage
from backend.jobs import NotifyAlbum, RenderPhoto
from backend.models import (
    Album,
    Art,
    Delivery,
    DeliveryState,
    Failure,
    Guest,
    Member,
    Milestone,
    Organization,
    Photo,
    Rendition,
    Role,
    Source,
)
from backend.security import hash_password
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, Cast, jpeg
from tests.conftest import FakeBell
from tests.integration.test_team import signed_in
from workers import notify, runner, sweep


@pytest.fixture
def as_platform(stage: Stage, cast: Cast, http: httpx.Client) -> dict[str, str]:
    with stage.db.writing() as tx:
        home = Organization(name="平台")
        tx.add(home)
        tx.flush()
        tx.add(Member(organization_id=home.id, login="root", role=Role.PLATFORM, password_hash=hash_password(PASSWORD)))
    return signed_in(http, "root")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits are believed for a few seconds; here for none."""
    monkeypatch.setattr(usage, "FRESH_S", -1.0)


def limit(http: httpx.Client, cast: Cast, headers: dict[str, str], **most: int) -> None:
    path = f"/api/v1/platform/organizations/{cast.organization.id}/limits"
    assert http.post(path, json=most, headers=headers).json()["limits"] == dict.fromkeys(usage.KINDS) | most


def test_over_the_limit_photos_stay_on_the_bridge_and_come_later(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_platform: dict[str, str]
) -> None:
    bridge, headers = BridgeClient(http), signed_in(http)
    bridge.shoot(jpeg("red"), jpeg("red"))
    limit(http, cast, as_platform, photos=1)
    card = bridge.card(jpeg("green"))
    for answer in (bridge.preview(card, jpeg("green")), bridge.post("/assets", {"assets": [card]})):
        assert (answer.status_code, answer.json()["code"]) == (507, "over_quota")  # 5xx: bridges keep and try again
        assert int(answer.headers["Retry-After"]) >= 10
        assert answer.json()["detail"] == "photos"
    [shown] = http.get(f"/api/v1/events/{cast.event.id}/bridges", headers=headers).json()["bridges"]
    assert shown["health"][0]["level"] == "bad"
    assert "配额" in shown["health"][0]["zh"]
    assert "quota" in shown["health"][0]["en"]
    with stage.db.reading() as tx:
        assert len(tx.scalars(select(Photo)).all()) == 1
    assert not [key for key in stage.store.keys("s/") if key.endswith(card["sha256"])]
    limit(http, cast, as_platform, photos=2)
    assert bridge.shoot(jpeg("green"), jpeg("green"))["original"] == "stored"
    limit(http, cast, as_platform, storage_bytes=10)
    assert bridge.preview(bridge.card(jpeg("blue")), jpeg("blue")).json()["detail"] == "storage_bytes"
    limit(http, cast, as_platform)
    assert bridge.shoot(jpeg("blue"))["state"] == "stored"


def test_the_meter_is_the_recount(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_platform: dict[str, str]
) -> None:
    for colour in ("red", "green", "blue"):
        BridgeClient(http).shoot(jpeg(colour, (320, 240)), jpeg(colour))
    for _ in range(3):
        bell.work(stage)
        sweep.once(stage)
    with stage.db.writing() as tx:
        tx.add(Art(organization_id=cast.organization.id, key="a/x", kind="picture", size=777))
        guest = Guest(appid="wx", openid="o")
        tx.add(guest)
        tx.flush()
        for n, state in enumerate((DeliveryState.SENT, DeliveryState.SENT, DeliveryState.REFUSED)):
            row = Delivery(guest_id=guest.id, album_id=cast.album.id, template_id="t", milestone=Milestone.NEW_PHOTOS)
            row.round, row.settled_at = n, now_ms() - (n == 1) * 2 * usage.MONTH_MS
            tx.add(row)
            tx.flush()
            tx.connection().exec_driver_sql(f"UPDATE deliveries SET state = '{state.value}' WHERE id = '{row.id}'")
    said = http.get("/api/v1/usage", headers=signed_in(http)).raise_for_status().json()
    with stage.db.reading() as tx:
        stored = sum(tx.scalars(select(Source.size))) + sum(tx.scalars(select(Rendition.size)))
    on_disk = sum(blob.size for blob in stage.store.blobs("") if blob.key.startswith(("o/", "s/", "r/")))
    assert on_disk == stored, "the rows know every byte there is"
    assert said["usage"] == {
        "storage_bytes": stored + 777,
        "photos": 3,
        "events": 1,
        "messages": 1,
        "retouched": 0,
    }
    assert said["events"] == [
        {"id": cast.event.id, "title": "年会", "usage": said["usage"] | {"storage_bytes": stored}}
    ]
    assert said["limits"] == dict.fromkeys(usage.KINDS)


def test_events_and_messages_have_limits_too(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_platform: dict[str, str]
) -> None:
    headers, wish = signed_in(http), {"template": "gala", "title": "年会"}
    limit(http, cast, as_platform, events=1, messages=0)
    refused = http.post("/api/v1/events", json=wish, headers=headers)
    assert (refused.status_code, refused.json()["code"], refused.json()["detail"]) == (507, "over_quota", "events")
    with stage.db.writing() as tx:
        tx.get_one(Album, cast.album.id).notify_due_at = 0
    notify.album(stage, NotifyAlbum(cast.album.id))
    with stage.db.reading() as tx:
        due = tx.get_one(Album, cast.album.id).notify_due_at
        assert due is not None
        assert due > now_ms() + 60_000, "still owed, looked at later"
    limit(http, cast, as_platform, events=2)
    assert http.post("/api/v1/events", json=wish, headers=headers).status_code == 201


def test_a_job_that_failed_is_seen_and_done_again(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_platform: dict[str, str], monkeypatch: Any
) -> None:
    photo_id = BridgeClient(http).shoot(jpeg("red"))["photo_id"]
    real = runner.HANDLERS[RenderPhoto]

    def breaks(*_: object) -> None:
        raise RuntimeError("a bug nobody expected")

    monkeypatch.setitem(runner.HANDLERS, RenderPhoto, breaks)
    for _ in range(3):
        runner.handle(stage, RenderPhoto(photo_id))
    bell.rung.clear()
    [one] = http.get("/api/v1/platform/failures", headers=as_platform).json()["failures"]
    assert (one["kind"], one["payload"], one["times"]) == ("RenderPhoto", {"photo_id": photo_id}, 3)
    assert "a bug nobody expected" in one["error"]
    assert http.get("/api/v1/platform", headers=as_platform).json()["failures"] == 1
    monkeypatch.setitem(runner.HANDLERS, RenderPhoto, real)
    assert http.post(f"/api/v1/platform/failures/{one['id']}/retry", headers=as_platform).status_code == 204
    bell.work(stage)
    with stage.db.reading() as tx:
        assert tx.get_one(Photo, photo_id).state.value == "live"
        assert tx.scalars(select(Failure)).all() == []
    with stage.db.writing() as tx:
        failures.record(tx, RenderPhoto("old"), "x")
        tx.get_one(Failure, tx.scalars(select(Failure.id)).one()).last_at = 0
    sweep.tidy(stage)
    with stage.db.reading() as tx:
        assert tx.scalars(select(Failure)).all() == []


def test_the_platform_page_shows_everything_to_nobody_else(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_platform: dict[str, str]
) -> None:
    BridgeClient(http).shoot(jpeg("red"))
    said = http.get("/api/v1/platform", headers=as_platform).json()
    shown = {one["id"]: one for one in said["organizations"]}
    assert shown[cast.organization.id]["usage"]["photos"] == 1
    assert {one["name"] for one in said["queues"]} >= {"live", "bulk", "chores"}
    asked = http.post("/api/v1/platform/inspections", json={}, headers=as_platform)
    assert asked.status_code == 202
    bell.work(stage)
    [run] = http.get("/api/v1/platform/inspections", headers=as_platform).json()["inspections"]
    assert run["found"]["well"]
    assert run["found"]["deleted"] == 0
    owner = signed_in(http)
    for path in ("/platform", "/platform/failures", "/platform/inspections"):
        assert http.get(f"/api/v1{path}", headers=owner).status_code == 403
    path = f"/api/v1/platform/organizations/{cast.organization.id}/limits"
    assert http.post(path, json={}, headers=owner).status_code == 403
    assert http.post(path, json={"photos": -1}, headers=as_platform).status_code == 422
    assert http.post(path, json={"phots": 1}, headers=as_platform).status_code == 422
