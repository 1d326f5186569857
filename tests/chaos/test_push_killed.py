"""Web server and worker die at every call while WeChat pushes: nothing is lost, nothing is applied twice."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import pytest
from sqlalchemy import update

from backend.clock import now_ms
from backend.context import Stage
from backend.jobs import ApplyPushes
from backend.models import (
    Audit,
    Check,
    CheckState,
    Delivery,
    DeliveryState,
    Guest,
    Milestone,
    Photo,
    PhotoState,
    Push,
    Quota,
)
from backend.states import move_check
from backend.wechat.opening import SANDBOX_APPID
from launch.app import create_app
from launch.sandbox.wechat.memory import PushSettings
from launch.sandbox.wechat.push import envelope
from tests.cast import Cast
from tests.chaos.dying import Crash, Death, MortalDatabase
from tests.conftest import FakeBell, FakeWeChat
from workers import pushes, sweep

T, OFF = "KM_ALBUM_UPDATE", "KM_ALBUM_DONE"
CALLS = 12  # transactions of the requests and of the worker; a test below holds that


class Here(FakeWeChat):
    appid = SANDBOX_APPID


@pytest.fixture
def at(stage: Stage, cast: Cast) -> Stage:
    """A guest with a message whose answer was lost, and a photo that WeChat is looking at."""
    with stage.db.writing() as tx:
        guest = Guest(appid=SANDBOX_APPID, openid="alice")
        photo = Photo(
            organization_id=cast.organization.id,
            event_id=cast.event.id,
            album_id=cast.album.id,
            digest="d",
            size=1,
            state=PhotoState.LIVE,
            live_at=1,
        )
        tx.add_all([guest, photo])
        tx.flush()
        tx.add(Quota(guest_id=guest.id, template_id=OFF, left=3))
        tx.add(Check(photo_id=photo.id, album_id=cast.album.id))
        milestone = Milestone.FIRST_PHOTOS
        owed = {"guest_id": guest.id, "album_id": cast.album.id, "template_id": T, "milestone": milestone}
        tx.add(Delivery(**owed, attempts=1, due_at=now_ms() + 3_600_000, outcome="lost"))
        tx.flush()
        move_check(tx, photo.id, CheckState.ASKED, trace_id="t-1")
    return dataclasses.replace(stage, wechat=Here())


def messages() -> list[dict[str, Any]]:
    moment = now_ms() // 1000
    item = {"TemplateId": T, "SubscribeStatusString": "accept", "PopupScene": "0"}
    off = {"TemplateId": OFF, "SubscribeStatusString": "reject"}
    sent = {"TemplateId": T, "MsgID": "77", "ErrorCode": "0", "ErrorStatus": "success"}
    verdict = {"trace_id": "t-1", "version": 2, "errcode": 0, "result": {"suggest": "risky", "label": 20002}}
    said = [
        ("subscribe_msg_popup_event", {"List": [item]}),
        ("subscribe_msg_popup_event", {"List": [item, item | {"TemplateId": "KM_RETOUCH_DONE"}]}),
        ("subscribe_msg_change_event", {"List": [off]}),
        ("subscribe_msg_sent_event", {"List": [sent]}),
        ("wxa_media_check", verdict),
    ]
    return [
        {"ToUserName": "gh", "FromUserName": "alice", "CreateTime": moment + n, "MsgType": "event", "Event": e, **more}
        for n, (e, more) in enumerate(said)
    ]


def wechat_pushes(at: Stage, said: list[dict[str, Any]], answered: set[int]) -> None:
    """Each until it is answered. Raises Crash when the process is gone."""
    client = create_app(at).test_client()
    for n, one in enumerate(said):
        query, body = envelope(one, PushSettings(), SANDBOX_APPID)
        if client.post("/mp/v1/wechat/push", query_string=query, data=body).text == "success":
            answered.add(n)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("death_at", range(1, CALLS + 1))
def test_death_at_every_call(at: Stage, bell: FakeBell, death_at: int, after: bool) -> None:
    said, answered = messages(), set[int]()
    dying = mortal(at, bell, Death(death_at, after=after))
    with contextlib.suppress(Crash):
        wechat_pushes(dying, said, answered)
        pushes.apply(dying, ApplyPushes())
    dying.db.engine.dispose()
    bell.rung.clear()  # Redis forgot everything too
    with at.db.writing() as tx:
        tx.execute(update(Push).where(Push.done_at.is_(None)).values(due_at=0))  # ten seconds later
    wechat_pushes(at, [one for n, one in enumerate(said) if n not in answered], set())  # WeChat repeats itself
    bell.rung.clear()
    while sweep.once(at):
        bell.work(at)
    for _ in range(2):  # and repeats what was answered, too
        wechat_pushes(at, said, set())
        bell.work(at)
    applied_once(at)


def applied_once(at: Stage) -> None:
    with at.db.reading() as tx:
        assert {q.template_id: q.left for q in tx.query(Quota)} == {T: 2, "KM_RETOUCH_DONE": 1, OFF: 0}
        assert [(d.state, d.msgid, d.outcome) for d in tx.query(Delivery)] == [(DeliveryState.SENT, "77", "sent")]
        assert tx.query(Photo).one().state is PhotoState.HIDDEN
        assert tx.query(Check).one().state is CheckState.RISKY
        assert tx.query(Audit).filter_by(action="risky").count() == 1
        assert [(p.outcome, p.done_at is None) for p in tx.query(Push)] == [("", False)] * 6


def mortal(at: Stage, bell: FakeBell, death: Death) -> Stage:
    return dataclasses.replace(at, db=MortalDatabase(str(at.settings.database_url), bell, death))


def test_the_range_covers_every_call(at: Stage, bell: FakeBell) -> None:
    death = Death(0, after=False)
    living = mortal(at, bell, death)
    wechat_pushes(living, messages(), set())
    pushes.apply(living, ApplyPushes())
    living.db.engine.dispose()
    assert 10 < death.calls <= CALLS
    while sweep.once(at):
        bell.work(at)
    applied_once(at)
