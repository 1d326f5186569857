"""Take-down requests and the queue behind them (F4): hidden first, then a person decides."""

from __future__ import annotations

import httpx
import pytest

from backend import moderation
from backend.context import Stage
from backend.models import Audit, Guest, Photo, PhotoState, Publishing, Reason, Report, ReportState
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, Cast, jpeg, make_cast
from tests.conftest import FakeBell


@pytest.fixture
def photo_id(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> str:
    BridgeClient(http).shoot(jpeg("red"))
    bell.work(stage)
    with stage.db.reading() as tx:
        [photo] = tx.query(Photo).all()
    assert photo.state is PhotoState.LIVE
    return photo.id


@pytest.fixture
def owner(http: httpx.Client) -> dict[str, str]:
    return signed_in(http, "owner")


def signed_in(http: httpx.Client, login: str) -> dict[str, str]:
    said = http.post("/api/v1/login", json={"login": login, "password": PASSWORD}).json()
    http.cookies.clear()
    return {"Authorization": f"Bearer {said['token']}"}


def guests(stage: Stage, *names: str) -> list[str]:
    made = [Guest(appid="h5", openid=name) for name in names]
    with stage.db.writing() as tx:
        tx.add_all(made)
        tx.flush()
        return [guest.id for guest in made]


def ask(stage: Stage, photo_id: str, guest_id: str, reason: Reason = Reason.ME) -> bool:
    with stage.db.writing() as tx:
        return moderation.report(tx, photo_id, guest_id, reason, "  这是我  ")


def state(stage: Stage, photo_id: str) -> PhotoState:
    with stage.db.reading() as tx:
        return tx.get_one(Photo, photo_id).state


def test_a_request_hides_at_once_and_waits_for_a_person(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, photo_id: str, owner: dict[str, str]
) -> None:
    alice, bob = guests(stage, "alice", "bob")
    assert ask(stage, photo_id, alice)
    assert ask(stage, photo_id, alice)  # once more: nothing new
    assert state(stage, photo_id) is PhotoState.HIDDEN
    bell.work(stage)  # the recall deletes what guests could fetch
    [case] = http.get(f"/api/v1/events/{cast.event.id}/review", headers=owner).json()["cases"]
    assert (case["photo_id"], case["why"], case["state"]) == (photo_id, "reported", "hidden")
    assert [(r["reason"], r["words"]) for r in case["reports"]] == [("me", "这是我")]
    assert http.get(case["picture"]).status_code == 200  # the reviewer still sees it

    decided = http.post(f"/api/v1/photos/{photo_id}/review", json={"keep": True}, headers=owner)
    assert decided.status_code == 204
    bell.work(stage)
    assert state(stage, photo_id) is PhotoState.LIVE
    assert http.get(f"/api/v1/events/{cast.event.id}/review", headers=owner).json()["cases"] == []
    assert not ask(stage, photo_id, alice)  # decided: asking again changes nothing
    assert not ask(stage, photo_id, bob)  # kept once: one person alone does not hide it again …
    [carol] = guests(stage, "carol")
    assert ask(stage, photo_id, carol)  # … two do

    http.post(f"/api/v1/photos/{photo_id}/review", json={"keep": False}, headers=owner)
    assert state(stage, photo_id) is PhotoState.HIDDEN
    with stage.db.reading() as tx:
        states = {r.guest_id: r.state for r in tx.query(Report).all()}
        actions = sorted(a.action for a in tx.query(Audit).filter_by(subject=f"photo:{photo_id}"))
        reviews = list(tx.query(Audit).filter_by(action="review").order_by(Audit.done_at))
    assert states == {alice: ReportState.DISMISSED, bob: ReportState.UPHELD, carol: ReportState.UPHELD}
    assert actions == ["hide", "hide", "report", "report", "report", "review", "review"]
    assert [r.after for r in reviews] == [{"keep": True, "reports": 1}, {"keep": False, "reports": 2}]


def test_somebody_who_asks_too_often_only_fills_the_queue(
    stage: Stage, cast: Cast, photo_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moderation, "HIDES_A_DAY", 0)
    [eve] = guests(stage, "eve")
    assert not ask(stage, photo_id, eve, Reason.OTHER)
    assert state(stage, photo_id) is PhotoState.LIVE
    with stage.db.reading() as tx:
        assert [case.why for case in moderation.queue(tx, cast.event.id)] == ["reported"]


def test_photos_to_approve_are_in_the_same_queue(stage: Stage, bell: FakeBell, http: httpx.Client) -> None:
    with stage.db.writing() as tx:
        cast = make_cast(tx, publishing=Publishing.APPROVE)
    BridgeClient(http).shoot(jpeg("blue"))
    bell.work(stage)
    mine = signed_in(http, "owner")
    [case] = http.get(f"/api/v1/events/{cast.event.id}/review", headers=mine).json()["cases"]
    assert (case["why"], case["state"]) == ("approve", "stored")
    http.post(f"/api/v1/photos/{case['photo_id']}/review", json={"keep": True}, headers=mine)
    bell.work(stage)
    assert state(stage, case["photo_id"]) is PhotoState.LIVE
    assert http.get(f"/api/v1/events/{cast.event.id}/review", headers=mine).json()["cases"] == []


def test_another_organization_sees_and_decides_nothing(
    stage: Stage, cast: Cast, http: httpx.Client, photo_id: str
) -> None:
    with stage.db.writing() as tx:
        make_cast(tx, login="stranger", token="other")
    theirs = signed_in(http, "stranger")
    assert http.get(f"/api/v1/events/{cast.event.id}/review", headers=theirs).status_code == 404
    assert http.post(f"/api/v1/photos/{photo_id}/review", json={"keep": False}, headers=theirs).status_code == 404
    url = f"/api/v1/albums/{cast.album.id}/checking"
    assert http.post(url, json={"checking": "before"}, headers=theirs).status_code == 404
    assert state(stage, photo_id) is PhotoState.LIVE
