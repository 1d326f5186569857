"""From a scan to the message on the phone, against the WeChat sandbox and its rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import httpx
import pytest

from backend.context import Stage
from backend.models import Delivery, DeliveryState
from backend.wechat import WeChat
from launch.app import create_app
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg
from tests.conftest import FakeBell
from tests.wechat_sandbox import (
    ALBUM_UPDATE,
    Sandbox,
)
from workers import sweep

pytestmark = pytest.mark.slow


@pytest.fixture
def real(stage: Stage, wechat: WeChat) -> Stage:
    return dataclasses.replace(stage, wechat=wechat)


@pytest.fixture
def phone(real: Stage) -> Iterator[httpx.Client]:
    with httpx.Client(transport=httpx.WSGITransport(create_app(real)), base_url="http://kuaimen.test") as client:
        yield client


def enter(phone: httpx.Client, name: str) -> dict[str, str]:
    answer = phone.post("/mp/v1/session", json={"code": f"dev:{name}"})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def photo_arrives(real: Stage, bell: FakeBell, phone: httpx.Client, cast: Cast, colour: str) -> None:
    BridgeClient(phone).shoot(jpeg(colour))
    bell.work(real)
    with real.db.writing() as tx:
        album = tx.get_one(type(cast.album), cast.album.id)
        album.notify_due_at = 1  # the quiet moment after a burst has passed
    sweep.once(real)
    bell.work(real)


def test_a_subscribed_guest_gets_one_card(
    real: Stage, bell: FakeBell, cast: Cast, phone: httpx.Client, sandbox: Sandbox
) -> None:
    mine = enter(phone, "alice")
    tapped = phone.post("/mp/v1/subscriptions", json={"album_id": cast.album.id}, headers=mine)
    assert tapped.json() == {"left": 3}  # one per template
    photo_arrives(real, bell, phone, cast, "red")
    photo_arrives(real, bell, phone, cast, "blue")
    [message] = sandbox.look("messages", openid="sandbox_alice")["messages"]
    assert message["template_id"] == ALBUM_UPDATE
    values = [value for _, value in message["lines"]]
    assert values[:2] == ["年会", "1"]
    assert message["page"] == f"pages/album/album?id={cast.album.id}&e={cast.event.share_code}&f=m"
    with real.db.reading() as tx:
        [delivery] = tx.query(Delivery).all()
    assert delivery.state is DeliveryState.SENT


def test_a_phone_that_refused_gets_nothing_and_is_believed(
    real: Stage, bell: FakeBell, cast: Cast, phone: httpx.Client, sandbox: Sandbox
) -> None:
    """The client reports «accept» but WeChat holds no credit: 43101 settles it."""
    mine = enter(phone, "bob")
    said = {"album_id": cast.album.id, "results": {ALBUM_UPDATE: "accept"}}
    assert phone.post("/mp/v1/subscriptions", json=said, headers=mine).json() == {"left": 1}
    photo_arrives(real, bell, phone, cast, "red")
    assert sandbox.look("messages", openid="sandbox_bob")["messages"] == []
    with real.db.reading() as tx:
        [delivery] = tx.query(Delivery).all()
    assert (delivery.state, delivery.outcome) == (DeliveryState.REFUSED, "refused")
    rejected = said | {"results": {ALBUM_UPDATE: "reject"}}
    assert phone.post("/mp/v1/subscriptions", json=rejected, headers=mine).json() == {"left": 0}


def test_a_code_is_good_once(cast: Cast, phone: httpx.Client) -> None:
    for wanted in (200, 401):
        assert phone.post("/mp/v1/session", json={"code": "dev:carol"}).status_code == wanted


def test_wechat_down_postpones_and_delivers_later(
    real: Stage, bell: FakeBell, cast: Cast, phone: httpx.Client, sandbox: Sandbox
) -> None:
    mine = enter(phone, "dave")
    phone.post("/mp/v1/subscriptions", json={"album_id": cast.album.id}, headers=mine)
    sandbox.act("inject", path="/cgi-bin/message/subscribe/send", errcode=-1, times=2)
    photo_arrives(real, bell, phone, cast, "red")
    with real.db.writing() as tx:
        [delivery] = tx.query(Delivery).all()
        assert delivery.state is DeliveryState.PLANNED
        delivery.due_at = 0
    for _ in range(3):
        sweep.once(real)
        bell.work(real)
        with real.db.writing() as tx:
            for one in tx.query(Delivery).all():
                one.due_at = 0
    assert len(sandbox.look("messages", openid="sandbox_dave")["messages"]) == 1
