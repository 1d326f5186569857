"""The bin: restored as it was, or gone with every byte and row, and a proof that says so."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy import select, update

from backend import ledger
from backend.clock import now_ms
from backend.context import Stage
from backend.jobs import PurgeEvent, PurgePhoto
from backend.models import (
    Asset,
    Audit,
    Base,
    Event,
    EventState,
    Like,
    Photo,
    PhotoState,
    Purge,
    Receipt,
    Report,
    Sample,
    Source,
    Trace,
    TraceKind,
)
from backend.removal import DAY_MS
from tests.bridge_client import BridgeClient
from tests.cast import STRANGER_TOKEN, Cast, jpeg, make_cast
from tests.conftest import FakeBell
from tests.integration.test_team import signed_in
from workers import sweep


@pytest.fixture
def as_owner(http: httpx.Client, cast: Cast) -> dict[str, str]:
    return signed_in(http)


def shoot(http: httpx.Client, stage: Stage, bell: FakeBell, colour: str) -> str:
    photo_id: str = BridgeClient(http).shoot(jpeg(colour, (320, 240)), jpeg(colour), name=f"{colour}.JPG")["photo_id"]
    bell.work(stage)
    return photo_id


def ask(http: httpx.Client, path: str, headers: dict[str, str], status: int = 204) -> Any:
    answer = http.post(f"/api/v1{path}", json={}, headers=headers)
    assert answer.status_code == status, answer.text
    return answer


def blobs(stage: Stage, *, but: str = "~") -> set[str]:
    """Everything in the store; feed files name what is shown now, whatever that is."""
    return {key for key in stage.store.keys("") if not key.startswith(("f/", but))}


def pass_days(stage: Stage, days: float) -> None:
    with stage.db.writing() as tx:
        for kind in (Photo, Event):
            tx.execute(update(kind).values(removed_at=kind.removed_at - int(days * DAY_MS)))


def sweep_all(stage: Stage, bell: FakeBell) -> None:
    for _ in range(5):
        sweep.once(stage)
        bell.work(stage)


def test_a_removed_photo_comes_back_as_it_was(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_owner: dict[str, str]
) -> None:
    photo_id = shoot(http, stage, bell, "red")
    with stage.db.reading() as tx:
        position = tx.get_one(Photo, photo_id).position
    ask(http, f"/photos/{photo_id}/remove", as_owner)
    ask(http, f"/photos/{photo_id}/remove", as_owner)
    bell.work(stage)
    said = http.get("/api/v1/bin", headers=as_owner).json()
    assert [(one["id"], one["name"]) for one in said["photos"]] == [(photo_id, "red.JPG")]
    assert said["photos"][0]["purge_at"] == said["photos"][0]["removed_at"] + said["days"] * DAY_MS
    pass_days(stage, stage.settings.bin_days - 0.01)
    sweep_all(stage, bell)
    ask(http, f"/photos/{photo_id}/restore", as_owner)
    bell.work(stage)
    with stage.db.reading() as tx:
        photo = tx.get_one(Photo, photo_id)
        assert (photo.state, photo.position, photo.removed_at) == (PhotoState.LIVE, position, None)
        audits = select(Audit.action).where(Audit.subject == f"photo:{photo_id}")
        assert list(tx.scalars(audits.order_by(Audit.done_at, Audit.action.desc()))) == ["remove", "restore"]
    assert http.get("/api/v1/bin", headers=as_owner).json()["photos"] == []
    pass_days(stage, 1000)
    sweep_all(stage, bell)
    with stage.db.reading() as tx:
        assert tx.get_one(Photo, photo_id).state is PhotoState.LIVE


def test_hiding_never_deletes(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_owner: dict[str, str]
) -> None:
    photo_id = shoot(http, stage, bell, "red")
    ask(http, f"/photos/{photo_id}/hide", as_owner)
    ask(http, f"/photos/{photo_id}/purge", as_owner, 409)
    bell.ring(PurgePhoto(photo_id))
    pass_days(stage, 1000)
    sweep_all(stage, bell)
    with stage.db.reading() as tx:
        originals = tx.scalars(select(Source.key).where(Source.photo_id == photo_id)).all()
    assert len(originals) == 2
    assert all(stage.store.size(key) for key in originals)


def test_after_its_days_a_photo_is_gone_with_its_bytes_and_does_not_come_back(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_owner: dict[str, str]
) -> None:
    before = blobs(stage)
    kept_id = shoot(http, stage, bell, "blue")
    others = blobs(stage) - before
    photo_id = shoot(http, stage, bell, "red")
    with stage.db.writing() as tx:
        sample = Sample(organization_id=cast.organization.id, content={}, photo_id=photo_id, made_at=now_ms())
        tx.add_all([sample, Receipt(**_of(cast), album_id=cast.album.id, photo_id=photo_id)])
        photo = tx.get_one(Photo, photo_id)
        photo.by, photo.words = "小王", "新婚快乐"
        tx.flush()
        key = f"p/{cast.organization.id}/{sample.id}-0.jpg"
        sample.pictures = {"pictures": [{"key": key}]}
    stage.store.put(key, jpeg())
    ask(http, f"/photos/{photo_id}/remove", as_owner)
    bell.work(stage)
    pass_days(stage, stage.settings.bin_days)
    sweep_all(stage, bell)
    assert blobs(stage) == others
    card = BridgeClient(http).card(jpeg("red"), name="red.JPG")
    with stage.db.reading() as tx:
        photo = tx.get_one(Photo, photo_id)
        assert (photo.state, photo.placeholder, photo.dominant, photo.look) == (PhotoState.PURGED, None, None, {})
        assert (photo.by, photo.words) == ("", "")
        for table in Base.metadata.sorted_tables:
            if "photo_id" in table.c and table.name != "assets":
                assert photo_id not in tx.scalars(select(table.c.photo_id)).all(), table.name
        [said] = tx.scalars(select(Audit.after).where(Audit.action == "purge"))
        assert card["sha256"] in said["sha256"]
        assert said["objects"] == 3
    bridge = BridgeClient(http)
    assert bridge.preview(card, jpeg("red", (320, 240))).json()["original"] == "refused"
    [granted] = bridge.announce(card)
    assert (granted["state"], granted["original"], granted["upload"]) == ("purged", "refused", None)
    known = bridge.post("/assets/reconcile", {"sha256": [card["sha256"]]}).json()["known"]
    assert known[card["sha256"]]["original"] == "refused"
    assert blobs(stage) == others
    ask(http, f"/photos/{photo_id}/restore", as_owner, 404)
    listed = http.get(f"/api/v1/events/{cast.event.id}/photos", headers=as_owner).json()["photos"]
    assert [one["id"] for one in listed] == [kept_id]
    counters = http.get(f"/api/v1/events/{cast.event.id}", headers=as_owner).json()["counters"]
    assert (counters["received"], counters["live"], counters["purged"]) == (2, 1, 1)
    with stage.db.reading() as tx:
        account = ledger.account(tx, tx.get_one(Event, cast.event.id))
    assert (account["counts"]["received"], account["counts"]["purged"], account["adds_up"]) == (2, 1, True)


def test_an_event_in_the_bin_is_nowhere_and_comes_back_whole(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_owner: dict[str, str]
) -> None:
    shoot(http, stage, bell, "red")
    sweep_all(stage, bell)
    page = f"/a/{cast.event.share_code}"
    picture = http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"][0]["urls"]["thumb"]
    assert http.get(picture).status_code == 200
    assert list(stage.store.keys("f/"))
    ask(http, f"/events/{cast.event.id}/remove", as_owner)
    sweep_all(stage, bell)
    assert http.get(page).status_code == 404
    assert http.get(f"/mp/v1/albums/{cast.album.id}/photos").status_code == 404
    http_again = httpx.Client(transport=http._transport, base_url=http.base_url)
    _until_refused(http_again, picture)
    assert list(stage.store.keys("f/")) == []
    said = http.get("/api/v1/bin", headers=as_owner).json()
    assert [one["id"] for one in said["events"]] == [cast.event.id]
    assert http.get("/api/v1/events", headers=as_owner).json()["events"] == []
    with stage.db.writing() as tx:  # what bridges still send is kept
        tx.execute(update(Event).values(removed_at=Event.removed_at - 1))
    assert BridgeClient(http).shoot(jpeg("green"))["state"] == "stored"
    ask(http, f"/events/{cast.event.id}/restore", as_owner)
    sweep_all(stage, bell)
    assert http.get(page).status_code == 200
    assert http.get(f"/api/v1/events/{cast.event.id}", headers=as_owner).json()["counters"]["live"] == 2
    with stage.db.reading() as tx:
        assert tx.get_one(Event, cast.event.id).state is EventState.OPEN


def _until_refused(http: httpx.Client, url: str) -> None:
    for _ in range(200):  # rules are read once a second
        if http.get(url).status_code in (403, 404):
            return
        time.sleep(0.1)
    raise AssertionError("the picture is still given out")


def test_a_purged_event_leaves_nothing_but_a_signed_list_of_hashes(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_owner: dict[str, str]
) -> None:
    with stage.db.writing() as tx:
        other = make_cast(tx, login="stranger", token=STRANGER_TOKEN)
    kept = BridgeClient(http, STRANGER_TOKEN).shoot(jpeg("blue"), jpeg("navy"))["photo_id"]
    bell.work(stage)
    theirs = set(stage.store.keys(""))
    photo_id = shoot(http, stage, bell, "red")
    gone_id = shoot(http, stage, bell, "green")
    ask(http, f"/photos/{gone_id}/remove", as_owner)
    ask(http, f"/photos/{gone_id}/purge", as_owner)
    bell.work(stage)
    token = http.post("/mp/v1/session", json={"device": "d" * 16}).json()
    with stage.db.writing() as tx:
        guest_id = stage.signer.read("guest", token["token"]).subject
        tx.add_all([Like(photo_id=photo_id, guest_id=guest_id), *_traces(cast, photo_id)])
    BridgeClient(http).announce(BridgeClient(http).card(jpeg("pink"), name="never.JPG"))  # an upload nobody finished
    ask(http, f"/events/{cast.event.id}/certificate", as_owner, 201)
    ask(http, f"/events/{cast.event.id}/purge", as_owner, 409)
    ask(http, f"/events/{cast.event.id}/remove", as_owner)
    ask(http, f"/events/{cast.event.id}/purge", as_owner)
    sweep_all(stage, bell)
    assert set(stage.store.keys("")) == theirs
    with stage.db.reading() as tx:
        assert tx.get(Event, cast.event.id) is None
        ours = {cast.event.id, cast.album.id, cast.bridge.id, photo_id, gone_id}
        for table in Base.metadata.sorted_tables:
            if table.name in ("audits", "purges"):
                continue
            for row in tx.execute(select(table)).mappings():
                assert not ours & {v for v in row.values() if isinstance(v, str)}, (table.name, dict(row))
        assert tx.get_one(Photo, kept).state is PhotoState.LIVE
        assert tx.get_one(Event, other.event.id).state is EventState.OPEN
        [purge] = tx.scalars(select(Purge))
    assert BridgeClient(http).get("/config").status_code == 401
    [listed] = http.get("/api/v1/purges", headers=as_owner).json()["purges"]
    assert (listed["event_id"], listed["photos"]) == (cast.event.id, 3)
    proof = http.get(f"/api/v1/purges/{purge.id}", headers=as_owner).json()
    public = load_pem_public_key(purge.public_key.encode())
    assert ledger.checks(proof["certificate"], proof["signature"], public)
    said = proof["certificate"]
    assert {one["name"] for one in said["files"]} == {"red.JPG", "green.JPG", "never.JPG"}
    assert {BridgeClient(http).card(jpeg("red"))["sha256"]} < {one["sha256"] for one in said["files"]}
    assert said["left"] == {"objects": 0, "rows": 0}
    assert said["rows"]["photos"] == 3
    assert said["rows"]["traces"] == 2
    assert not ledger.checks(json.loads(json.dumps(said).replace("red.JPG", "x.JPG")), proof["signature"], public)
    bell.ring(PurgeEvent(cast.event.id))
    bell.work(stage)


def test_a_crash_anywhere_in_a_purge_is_made_good(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_owner: dict[str, str], monkeypatch: Any
) -> None:
    photo_id = shoot(http, stage, bell, "red")
    ask(http, f"/photos/{photo_id}/remove", as_owner)
    bell.work(stage)
    pass_days(stage, stage.settings.bin_days)
    real, calls = stage.store.delete, []

    def dies(key: str) -> None:
        calls.append(key)
        if len(calls) == 2:
            raise OSError("pulled the plug")
        real(key)

    monkeypatch.setattr(stage.store, "delete", dies)
    sweep_all(stage, bell)
    assert blobs(stage) == set()
    with stage.db.reading() as tx:
        assert tx.get_one(Photo, photo_id).state is PhotoState.PURGED
        assert len(tx.scalars(select(Audit).where(Audit.action == "purge")).all()) == 1
        assert tx.scalars(select(Asset).where(Asset.photo_id == photo_id)).one().digest


def test_what_a_guest_asked_to_take_down_goes_into_the_bin_when_a_person_agrees(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_owner: dict[str, str]
) -> None:
    photo_id = shoot(http, stage, bell, "red")
    rejected = shoot(http, stage, bell, "green")
    token = http.post("/mp/v1/session", json={"device": "d" * 16}).json()["token"]
    asked = http.post(
        f"/mp/v1/photos/{photo_id}/report", json={"reason": "me"}, headers={"Authorization": f"Bearer {token}"}
    )
    assert asked.status_code < 300, asked.text
    for one in (photo_id, rejected):
        http.post(f"/api/v1/photos/{one}/review", json={"keep": False}, headers=as_owner).raise_for_status()
    with stage.db.reading() as tx:
        assert tx.scalars(select(Report)).one().state.value == "upheld"
        assert tx.get_one(Photo, photo_id).removed_at is not None
        assert tx.get_one(Photo, rejected).removed_at is None


def _of(cast: Cast) -> dict[str, Any]:
    return {"organization_id": cast.organization.id}


def _traces(cast: Cast, photo_id: str) -> list[Trace]:
    same = {**_of(cast), "event_id": cast.event.id, "album_id": cast.album.id, "guest_id": "g", "done_at": now_ms()}
    return [Trace(batch="b" * 16, n=n, kind=TraceKind.VIEW, photo_id=photo_id, **same) for n in range(2)]
