"""Two mini-programs in one installation: codes, logins, taps, messages and pushes of one are nothing to the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from redis import Redis

from backend.config import Settings, WeChatApp
from backend.context import Stage
from backend.errors import BadInput
from backend.jobs import ApplyPushes, NotifyAlbum
from backend.models import Delivery, DeliveryState, Guest, Quota
from backend.wechat import WeChat
from backend.wechat.opening import SANDBOX_AES_KEY, SANDBOX_APPID, SANDBOX_PUSH_TOKEN, open_others, settings_of
from launch import doctor
from launch.app import create_app
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg
from tests.conftest import FakeBell
from tests.platform_server import served
from tests.wechat_sandbox import (
    ALBUM_UPDATE,
    Sandbox,
    until,
)
from workers import notify, pushes

pytestmark = pytest.mark.slow
SECOND = "wxsecond0000000000"


@pytest.fixture
def two(stage: Stage, cast: Cast, wechat: WeChat, sandbox: Sandbox, redis: Redis) -> Iterator[Stage]:
    """The cast's organization has a mini-program of its own beside the installation's."""
    sandbox.act("app", new_appid=SECOND, secret="second-secret")
    app = WeChatApp(
        appid=SECOND,
        secret=SecretStr("second-secret"),
        organizations=[cast.organization.id],
        push_token=SecretStr(SANDBOX_PUSH_TOKEN),
        aes_key=SecretStr(SANDBOX_AES_KEY),
        template_id=ALBUM_UPDATE,
    )
    settings = stage.settings.model_copy(update={"wechat_apps": [app], "wechat_base_url": sandbox.url})
    others = open_others(settings, redis, registry=CollectorRegistry())
    found = dataclasses.replace(stage, wechat=wechat, settings=settings, others=others)
    with served(create_app(found)) as url:
        sandbox.act("push", url=f"{url}/mp/v1/wechat/push/{{appid}}")
        yield found


def client(two: Stage) -> httpx.Client:
    return httpx.Client(transport=httpx.WSGITransport(create_app(two)), base_url="http://kuaimen.test")


def enter(http: httpx.Client, appid: str | None, name: str) -> dict[str, str]:
    said = {"code": f"dev:{name}:{appid}"} | ({"appid": appid} if appid else {})
    answer = http.post("/mp/v1/session", json=said)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def test_a_guest_of_each_gets_messages_of_their_own(two: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox) -> None:
    with client(two) as http:
        for appid, name in ((None, "alice"), (SECOND, "alice")):
            mine = enter(http, appid, name)
            results = {ALBUM_UPDATE: "accept"}
            said = http.post(
                "/mp/v1/subscriptions", json={"album_id": cast.album.id, "results": results, "tap": "t"}, headers=mine
            )
            assert said.json() == {"left": 1}
        assert http.get(f"/mp/v1/albums/{cast.album.id}").json()["templates"] == [ALBUM_UPDATE]  # one for all of SECOND
        BridgeClient(http).shoot(jpeg("red"))
    bell.work(two)
    with two.db.reading() as tx:
        guests = {g.appid: g for g in tx.query(Guest)}
    assert set(guests) == {SANDBOX_APPID, SECOND}
    assert guests[SANDBOX_APPID].openid != guests[SECOND].openid
    for appid, guest in guests.items():  # one tap more in WeChat than we were told: its push says so
        for _ in range(2):
            sandbox.act("accept", appid=appid, openid=guest.openid, template_id=ALBUM_UPDATE)
    until(lambda: heard(two) or all(quota(two, guests[a]) == 2 for a in (SECOND, SANDBOX_APPID)), "pushes to each app")
    notify.album(two, NotifyAlbum(cast.album.id))
    for appid, guest in guests.items():
        [message] = sandbox.look("messages", appid=appid)["messages"]
        assert message["openid"] == guest.openid
    with two.db.reading() as tx:
        assert {d.state for d in tx.query(Delivery)} == {DeliveryState.SENT}


def heard(two: Stage) -> None:
    pushes.apply(two, ApplyPushes())


def quota(two: Stage, guest: Guest) -> int:
    with two.db.reading() as tx:
        found = tx.get(Quota, (guest.id, ALBUM_UPDATE))
        return found.left if found else 0


def test_a_browser_is_led_into_the_organizations_own(two: Stage, cast: Cast, sandbox: Sandbox) -> None:
    album = f"/mp/v1/albums/{cast.album.id}/tie"
    with client(two) as http:
        browser = http.post("/mp/v1/session", json={"device": "b" * 16}).json()["token"]
        assert http.post(album, json={}, headers={"Authorization": f"Bearer {browser}"}).status_code == 200
        [link] = sandbox.world.memory.apps[SECOND].links.values()
        said = {"ticket": link.page.rpartition("t=")[2]}
        for appid, status in ((None, 403), (SECOND, 200)):  # the ticket of one is nothing to the other
            assert http.post(f"{album}/join", json=said, headers=enter(http, appid, "mia")).status_code == status


def test_codes_are_made_by_the_organizations_own(two: Stage, cast: Cast, sandbox: Sandbox) -> None:
    token = two.signer.issue("member", cast.owner.id, ttl_s=600, epoch=0)
    with client(two) as http:
        made = http.get(f"/api/v1/events/{cast.event.id}/code.png", headers={"Authorization": f"Bearer {token}"})
    assert made.status_code == 200
    assert [key for key in two.store.keys("x/codes/") if SECOND in key]
    tokens = sandbox.calls("stable_token")
    assert SECOND in str(tokens[-1])


def test_a_push_signed_for_one_is_refused_by_the_other(two: Stage, sandbox: Sandbox, bell: FakeBell) -> None:
    with client(two) as http:
        assert http.post("/mp/v1/wechat/push/wxnobody", content=b"{}").status_code == 422
        assert http.post(f"/mp/v1/wechat/push/{SECOND}", content=b"{}").status_code == 403


def test_doctor_looks_at_each(two: Stage, sandbox: Sandbox) -> None:
    lines = list(doctor.wechat(two))
    assert [f.about for f in lines if f.level is doctor.Level.OK] == [
        f"wechat:sandbox:{SANDBOX_APPID}",
        f"wechat:sandbox:{SECOND}",
    ]
    stranger = two.settings.wechat_apps[0].model_copy(update={"organizations": ["nobody"]})
    wrong = dataclasses.replace(two, settings=two.settings.model_copy(update={"wechat_apps": [stranger]}))
    assert "KUAIMEN_WECHAT_APPS" in list(doctor.wechat(wrong))[-1].english


def test_settings_that_name_an_app_twice_or_not_at_all(redis: Redis) -> None:
    app = WeChatApp(appid="wx1", secret=SecretStr("s"))
    twice = Settings(wechat_appid="wx1", wechat_secret=SecretStr("s"), wechat_apps=[app])
    with pytest.raises(BadInput, match="twice"):
        open_others(twice, redis, registry=CollectorRegistry())
    with pytest.raises(BadInput, match="KUAIMEN_WECHAT_APPS"):
        settings_of(twice, "wx2")
