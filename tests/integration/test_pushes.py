"""What WeChat pushes is kept and answered at once; a worker applies it, once, whatever happens in between."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import httpx
import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import update

from backend import pushes, subscriptions
from backend.clock import now_ms
from backend.context import Stage
from backend.jobs import ApplyPushes, RenderPhoto, RqBell
from backend.models import Audit, Check, CheckState, Guest, Photo, PhotoState, Push, Tap
from backend.states import move_check
from backend.wechat.opening import SANDBOX_APPID
from backend.wechat.push import PushEvent, PushKind
from launch.app import create_app
from launch.sandbox.wechat.memory import PushSettings
from launch.sandbox.wechat.push import envelope
from tests.cast import Cast
from tests.conftest import FakeBell, FakeWeChat
from workers import pushes as worker
from workers import sweep

T = "KM_ALBUM_UPDATE"
URL = "/mp/v1/wechat/push"


class Here(FakeWeChat):
    appid = SANDBOX_APPID


@pytest.fixture
def at(stage: Stage) -> Stage:
    return dataclasses.replace(stage, wechat=Here())


@pytest.fixture
def guest_id(at: Stage) -> str:
    with at.db.writing() as tx:
        guest = Guest(appid=SANDBOX_APPID, openid="alice")
        tx.add(guest)
        tx.flush()
        return guest.id


def message(event: str, n: int = 0, **more: Any) -> dict[str, Any]:
    head = {"ToUserName": "gh_1", "FromUserName": "alice", "CreateTime": now_ms() // 1000 + n, "MsgType": "event"}
    return head | {"Event": event} | more


def tap(n: int = 0, *templates: str) -> dict[str, Any]:
    items = [{"TemplateId": t, "SubscribeStatusString": "accept", "PopupScene": "0"} for t in templates or (T,)]
    return message("subscribe_msg_popup_event", n, List=items)


def deliver(at: Stage, said: dict[str, Any], *, form: str = "json") -> httpx.Response:
    query, body = envelope(said, PushSettings(form=form), SANDBOX_APPID)
    with httpx.Client(transport=httpx.WSGITransport(create_app(at)), base_url="http://kuaimen.test") as http:
        return http.post(URL, params=query, content=body)


def left(at: Stage, guest_id: str) -> int:
    with at.db.reading() as tx:
        return subscriptions.left(tx, guest_id, T)


def rows(at: Stage) -> list[Push]:
    with at.db.reading() as tx:
        return list(tx.query(Push).order_by(Push.made_at, Push.key))


@pytest.mark.parametrize("form", ["json", "xml"])
def test_it_is_kept_answered_and_then_applied_once(at: Stage, bell: FakeBell, guest_id: str, form: str) -> None:
    said = tap(0, T, "KM_OTHER")
    for _ in range(4):  # WeChat repeats itself up to three times
        answer = deliver(at, said, form=form)
        assert (answer.status_code, answer.text) == (200, "success")
    assert left(at, guest_id) == 0  # the request only keeps it
    assert [(p.kind, p.done_at, p.attempts) for p in rows(at)] == [("subscribe_msg_popup_event", None, 0)] * 2
    bell.work(at)
    assert left(at, guest_id) == 1
    deliver(at, said, form=form)  # and once more, long after
    bell.work(at)
    assert left(at, guest_id) == 1
    assert all(p.done_at and p.outcome == "" for p in rows(at))
    assert sweep.once(at) == 0


def test_the_same_key_of_two_apps_is_two_pushes(at: Stage) -> None:
    event = PushEvent(PushKind.POPUP, "alice", 1000, "k", template_id=T, accepted=True)
    with at.db.writing() as tx:
        pushes.keep(tx, "wx1", [event, event])
        pushes.keep(tx, "wx2", [event])
    assert sorted(p.appid for p in rows(at)) == ["wx1", "wx2"]


def test_what_nobody_uses_and_what_a_stranger_sends_is_not_kept(at: Stage, bell: FakeBell) -> None:
    assert deliver(at, message("user_enter_tempsession")).text == "success"
    query, body = envelope(tap(), PushSettings(token="guessed"), SANDBOX_APPID)
    with httpx.Client(transport=httpx.WSGITransport(create_app(at)), base_url="http://kuaimen.test") as http:
        assert http.post(URL, params=query, content=body).status_code == 403
    assert (rows(at), bell.rung) == ([], [])


def test_without_redis_it_is_kept_and_the_sweep_rings(at: Stage, bell: FakeBell, guest_id: str) -> None:
    bell.broken = True
    assert deliver(at, tap()).text == "success"
    bell.broken = False
    assert sweep.once(at) == 1
    bell.work(at)
    assert left(at, guest_id) == 1


def test_one_that_cannot_be_applied_keeps_nobody_waiting(at: Stage, bell: FakeBell, guest_id: str) -> None:
    deliver(at, tap(0))
    deliver(at, tap(1))
    with at.db.writing() as tx:
        first = tx.query(Push).order_by(Push.made_at).first()
        assert first is not None
        first.content = {"kind": "of the future"}
    bell.work(at)
    assert left(at, guest_id) == 1
    for _ in range(pushes.ATTEMPTS + 1):
        with at.db.writing() as tx:
            tx.execute(update(Push).values(due_at=0))
        worker.apply(at, ApplyPushes())
    broken, fine = rows(at)
    assert (broken.outcome, broken.attempts, fine.outcome, fine.attempts) == ("gave_up", pushes.ATTEMPTS, "", 1)
    assert sweep.once(at) == 0


def test_the_pause_between_attempts_doubles(at: Stage) -> None:
    deliver(at, tap())
    pauses = []
    for _ in range(pushes.ATTEMPTS):
        with at.db.writing() as tx:
            tx.execute(update(Push).values(due_at=0))
        with at.db.writing() as tx:
            began = now_ms()
            assert len(pushes.take(tx)) == 1
            assert pushes.take(tx) == []  # another worker passes it by
        pauses.append((rows(at)[0].due_at - began) // 1000)
    assert pauses[:3] == [10, 20, 40]
    assert pauses[-1] == 3600


def test_a_verdict_overtakes_arrivals(at: Stage, bell: FakeBell, cast: Cast) -> None:
    """Ten thousand messages that arrived must not keep a risky photo on the screens."""
    with at.db.writing() as tx:
        photo = Photo(
            organization_id=cast.organization.id,
            event_id=cast.event.id,
            album_id=cast.album.id,
            digest="d",
            size=1,
            state=PhotoState.LIVE,
            live_at=1,
        )
        tx.add(photo)
        tx.flush()
        tx.add(Check(photo_id=photo.id, album_id=cast.album.id))
        tx.flush()
        move_check(tx, photo.id, CheckState.ASKED, trace_id="t-1")
    for n in range(3):
        item = {"TemplateId": T, "MsgID": str(n), "ErrorCode": "0", "ErrorStatus": "success"}
        deliver(at, message("subscribe_msg_sent_event", -n, List=[item]))
    risky = {"trace_id": "t-1", "version": 2, "errcode": 0, "result": {"suggest": "risky", "label": 20002}}
    deliver(at, message("wxa_media_check", 9, **risky))
    with at.db.writing() as tx:
        [first] = pushes.take(tx, 1)
        assert first.read().kind is PushKind.MEDIA_CHECKED
        tx.execute(update(Push).values(due_at=0))
    bell.work(at)
    with at.db.reading() as tx:
        assert tx.query(Photo).one().state is PhotoState.HIDDEN
        assert tx.query(Audit).filter_by(action="risky").count() == 1


def test_many_pushes_ring_once_and_at_the_front(redis: Redis) -> None:
    bell = RqBell(redis)
    queue = Queue("live", connection=redis, serializer=JSONSerializer)
    bell.ring(RenderPhoto("p1"))
    for _ in range(3):
        bell.ring(ApplyPushes())
    assert [job.args[0] for job in queue.jobs] == ["ApplyPushes", "RenderPhoto"]
    redis.delete(ApplyPushes.rung_key)  # its worker begins
    bell.ring(ApplyPushes())
    assert len(queue.jobs) == 3


def test_the_worker_lets_the_next_one_ring(at: Stage) -> None:
    at.redis.set(ApplyPushes.rung_key, 1)
    worker.apply(at, ApplyPushes())
    assert not at.redis.exists(ApplyPushes.rung_key)


def test_done_ones_are_forgotten_after_days_and_owed_ones_never(at: Stage, bell: FakeBell, guest_id: str) -> None:
    deliver(at, tap())
    with at.db.writing() as tx:
        tx.execute(update(Push).values(received_at=1))
    sweep.tidy(at)
    bell.work(at)
    sweep.tidy(at)
    assert len(rows(at)) == 1
    with at.db.writing() as tx:
        tx.execute(update(Push).values(done_at=now_ms() - pushes.KEPT_MS - 1))
    sweep.tidy(at)
    assert rows(at) == []
    with at.db.reading() as tx:
        assert tx.query(Tap).count() == 1


def test_a_very_long_name_still_has_a_key(at: Stage) -> None:
    said = message("wxa_media_check", trace_id="t" * 300, errcode=0, result={"suggest": "pass"})
    assert deliver(at, said).text == "success"
    deliver(at, said)
    assert len(rows(at)) == 1
    assert json.dumps(rows(at)[0].content)
