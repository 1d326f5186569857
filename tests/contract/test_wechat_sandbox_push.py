"""What the sandbox pushes: signed, in every mode and form, repeated, and judged photos."""

from __future__ import annotations

import time

import httpx
import pytest

from backend.wechat.push import PushKind
from tests.wechat_sandbox import (
    ALBUM_UPDATE,
    WORDS,
    until,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("mode", ["plain", "safe"])
def test_answers_are_pushed_in_every_mode(sandbox, wechat, product, mode, form):
    sandbox.act("push", url=product.url, mode=mode, form=form, check=True)
    openid = sandbox.guest()
    sandbox.act("accept", openid=openid, template_ids=[ALBUM_UPDATE, "KM_EVENT_OPEN"])
    sandbox.act("refuse", openid=openid, template_id="KM_RETOUCH_DONE")
    told = wechat.tell(openid, ALBUM_UPDATE, WORDS)
    sandbox.act("refuse", openid=openid, template_id="KM_EVENT_OPEN", always=True)
    until(lambda: len(product.received) >= 4, "four pushes")
    found = product.events(sandbox.world.memory.push)
    assert [(e.kind, e.template_id, e.accepted) for e in found] == [
        (PushKind.POPUP, ALBUM_UPDATE, True),
        (PushKind.POPUP, "KM_EVENT_OPEN", True),
        (PushKind.POPUP, "KM_RETOUCH_DONE", False),
        (PushKind.SENT, ALBUM_UPDATE, None),
        (PushKind.CHANGE, "KM_EVENT_OPEN", False),
    ]
    assert found[3].msgid == told.msgid
    assert {e.openid for e in found} == {openid}
    assert len({e.key for e in found}) == 5
    assert sandbox.look("state")["credits"][openid] == {ALBUM_UPDATE: 0, "KM_EVENT_OPEN": 0}


def test_many_taps_are_many_events(sandbox, product):
    sandbox.act("push", url=product.url)
    openid = sandbox.guest("alice", quota=3)
    until(lambda: len(product.received) >= 3, "three pushes")
    found = product.events(sandbox.world.memory.push)
    assert len({e.key for e in found}) == 3
    assert sandbox.look("state")["credits"][openid] == {ALBUM_UPDATE: 3}


@pytest.mark.parametrize(
    ("trouble", "attempts"),
    [
        ([], ["success"]),
        (["slow", "500"], ["ReadTimeout", "HTTP 500", "success"]),
        (["words"], ["HTTP 200", "success"]),
        (["500"] * 9, ["HTTP 500"] * 4),
    ],
)
def test_a_push_is_repeated_three_times_at_most(sandbox, product, trouble, attempts):
    sandbox.act("push", url=product.url)
    product.trouble = list(trouble)
    sandbox.guest("alice", quota=1)
    until(lambda: sandbox.look("state")["pushes"][-1]["attempts"] == attempts, attempts)
    time.sleep(0.15)  # three pauses: nothing more comes
    assert sandbox.look("state")["pushes"][-1]["attempts"] == attempts
    product.received = [r for r in product.received if r]
    assert len({e.key for e in product.events(sandbox.world.memory.push)}) == 1


def test_a_push_can_be_sent_again_by_hand(sandbox, product):
    sandbox.act("push", url=product.url)
    sandbox.guest("alice", quota=1)
    until(lambda: len(product.received) == 1, "the push")
    sandbox.act("redeliver")
    until(lambda: len(product.received) == 2, "the repeated push")
    first, second = product.events(sandbox.world.memory.push)
    assert first == second
    assert product.received[0][0]["nonce"] != product.received[1][0]["nonce"]


def test_an_address_that_does_not_echo_is_not_saved(sandbox, product):
    answer = httpx.post(
        f"{sandbox.url}/_sandbox/push",
        json={"url": product.url, "token": "another", "check": True},
        trust_env=False,
    )
    assert answer.status_code == 400
    assert "echostr" in answer.json()["error"]
    assert sandbox.world.memory.push.url == ""


@pytest.mark.parametrize("suggest", ["pass", "review", "risky"])
def test_a_photo_is_judged_by_push(sandbox, wechat, product, suggest):
    sandbox.act("push", url=product.url)
    sandbox.act("switch", media_suggest=suggest)
    pending = wechat.check_media(sandbox.guest(), f"{sandbox.url}/healthz")
    until(lambda: product.received, "the verdict")
    [event] = product.events(sandbox.world.memory.push)
    assert (event.kind, event.trace_id, event.suggest) == (PushKind.MEDIA_CHECKED, pending.trace_id, suggest)


def test_a_photo_that_cannot_be_fetched_is_not_judged(sandbox, wechat, product):
    sandbox.act("push", url=product.url)
    wechat.check_media(sandbox.guest(), f"{sandbox.url}/nothing-here")
    until(lambda: product.received, "the verdict")
    [event] = product.events(sandbox.world.memory.push)
    assert (event.errcode, event.suggest) == (-1008, None)
