"""§3, §5 and §9 of the reference, row by row: what WeChat's errors at login, codes and checks become for people.

§7.2 (messages) is `test_messages.test_every_row_of_the_table`; what the gateway makes of each: `test_wechat_errors`.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

import httpx
import pytest

from backend import accounts
from backend.context import Stage
from backend.jobs import ApplyPushes
from backend.models import Album, Check, Checking, CheckState, Photo, PhotoState
from backend.wechat import WeChat
from launch.app import create_app
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg
from tests.conftest import FakeBell
from tests.platform_server import served
from tests.wechat_sandbox import (
    Sandbox,
    until,
)
from workers import pushes, sweep

pytestmark = pytest.mark.slow


@pytest.fixture
def phone(stage: Stage, wechat: WeChat) -> Iterator[httpx.Client]:
    app = create_app(dataclasses.replace(stage, wechat=wechat))
    with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://kuaimen.test") as client:
        yield client


@pytest.mark.parametrize(
    ("errcode", "times", "status", "code", "asked"),
    [
        (0, 0, 200, None, 1),
        (-1, 1, 200, None, 2),  # busy once: tried once more
        (-1, 9, 502, "wechat", 2),
        (40029, 1, 401, "bad_js_code", 1),  # the client logs in again
        (40163, 1, 401, "bad_js_code", 1),
        (40226, 1, 403, "risky_guest", 1),  # never again
        (45011, 1, 429, "too_many", 1),
        (40125, 1, 502, "wechat", 1),
        (40164, 1, 502, "wechat", 1),
    ],
)
def test_login(
    phone: httpx.Client, sandbox: Sandbox, errcode: int, times: int, status: int, code: str | None, asked: int
) -> None:
    if times:
        sandbox.act("inject", path="/sns/jscode2session", errcode=errcode, times=times)
    answer = phone.post("/mp/v1/session", json={"code": "dev:alice"})
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert len(sandbox.calls("jscode2session")) == asked
    if code is not None:
        assert answer.json()["message"]


@pytest.mark.parametrize(
    ("errcode", "status", "code"),
    [
        (40097, 502, "wechat"),
        (40129, 422, "bad_scene"),
        (40169, 422, "bad_scene"),
        (41030, 502, "wechat"),
        (85096, 502, "wechat"),
        (45009, 502, "wechat"),
        (45029, 502, "wechat"),
        (-1, 502, "wechat"),
        (40001, 200, None),  # one more token, within the call
    ],
)
def test_codes(
    stage: Stage, cast: Cast, phone: httpx.Client, sandbox: Sandbox, errcode: int, status: int, code: str | None
) -> None:
    """The code alone says what is wrong; a poster comes all the same, with the plain QR and a note."""
    owner = {"Authorization": f"Bearer {stage.signer.issue('member', cast.owner.id, ttl_s=600, epoch=0)}"}
    sandbox.act("inject", path="getwxacodeunlimit", errcode=errcode, times=1)
    answer = phone.get(f"/api/v1/events/{cast.event.id}/code.png", headers=owner)
    assert answer.status_code == status, answer.text
    if code is None:
        assert answer.headers["Content-Type"] == "image/png"
        return
    assert answer.json()["code"] == code
    again = phone.get(f"/api/v1/events/{cast.event.id}/code.png", headers=owner)
    assert again.status_code == 200  # nothing wrong was kept


@pytest.fixture
def watched(stage: Stage, cast: Cast, wechat: WeChat, sandbox: Sandbox) -> Iterator[Stage]:
    """An album that checks before it publishes, two guests in the mini-program, and WeChat's pushes arriving."""
    found = dataclasses.replace(stage, wechat=wechat)
    with found.db.writing() as tx:
        tx.get_one(Album, cast.album.id).checking = Checking.BEFORE
        for name in ("alice", "bob"):
            accounts.guest(tx, wechat.appid, sandbox.guest(name))
    with served(create_app(found)) as url:
        sandbox.act("push", url=f"{url}/mp/v1/wechat/push")
        sandbox.act("switch", media_fetch=False)
        yield found


def state(watched: Stage) -> tuple[PhotoState, CheckState, str]:
    with watched.db.reading() as tx:
        photo, check = tx.query(Photo).one(), tx.query(Check).one()
        return photo.state, check.state, check.reason


def heard(watched: Stage) -> bool:
    pushes.apply(watched, ApplyPushes())
    return state(watched)[:2] == (PhotoState.LIVE, CheckState.PASSED)


ASKED, WANTED, REVIEW = CheckState.ASKED, CheckState.WANTED, CheckState.REVIEW


@pytest.mark.parametrize(
    ("errcode", "times", "check", "reason", "asked"),
    [
        (0, 0, ASKED, "", 1),
        (40001, 1, ASKED, "", 2),  # one more token
        (42001, 1, ASKED, "", 2),
        (40003, 1, ASKED, "", 2),  # this guest is no witness; the next one is asked with
        (43104, 1, ASKED, "", 2),
        (61010, 1, ASKED, "", 2),
        (40003, 9, WANTED, "unseen", 2),  # nobody is: again in a minute
        (61010, 9, WANTED, "unseen", 2),
        (-1, 1, WANTED, "errcode -1", 1),
        (44991, 1, WANTED, "errcode 44991", 1),
        (45009, 1, WANTED, "errcode 45009", 1),
        (87020, 1, WANTED, "errcode 87020", 1),
        (40004, 1, REVIEW, "errcode 40004", 1),  # asking again would not help: a person looks
        (40129, 1, REVIEW, "errcode 40129", 1),
        (48001, 1, REVIEW, "errcode 48001", 1),
    ],
)
def test_photo_checks(
    watched: Stage,
    bell: FakeBell,
    cast: Cast,
    sandbox: Sandbox,
    errcode: int,
    times: int,
    check: CheckState,
    reason: str,
    asked: int,
) -> None:
    """Guests see nothing that did not pass; a person can let through what no machine answers for; nothing is stuck."""
    if times:
        sandbox.act("inject", path="media_check_async", errcode=errcode, times=times)
    app = create_app(watched)
    owner = {"Authorization": f"Bearer {watched.signer.issue('member', cast.owner.id, ttl_s=600, epoch=0)}"}
    http = httpx.Client(transport=httpx.WSGITransport(app), base_url="http://kuaimen.test")
    with http, sandbox.verdicts_held() if check is ASKED else contextlib.nullcontext():
        BridgeClient(http).shoot(jpeg("red"))
        bell.work(watched)
        assert state(watched) == (PhotoState.STORED, check, reason)
        assert len(sandbox.calls("media_check_async")) == asked
        assert http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"] == []
        cases = http.get(f"/api/v1/events/{cast.event.id}/review", headers=owner).json()["cases"]
        assert len(cases) == (1 if reason else 0)  # a person may decide at once
        if check is REVIEW:
            said = http.post(f"/api/v1/photos/{cases[0]['photo_id']}/review", json={"keep": True}, headers=owner)
            assert said.status_code == 204
            assert state(watched)[:2] == (PhotoState.LIVE, CheckState.PASSED)
            return
    sandbox.act("inject", clear=True)
    if check is WANTED:
        with watched.db.writing() as tx:
            tx.query(Check).one().due_at = 0
        sweep.once(watched)
        bell.work(watched)
    until(lambda: heard(watched), "passed and shown")


@pytest.mark.parametrize(
    ("errcode", "times", "status"),
    [
        (0, 0, 422),
        (40001, 1, 422),  # one more token
        (40003, 1, 422),  # the next witness
        (43104, 1, 422),
        (61010, 1, 422),
        (40003, 9, 200),  # nobody to ask with: no opinion is no objection
        (61010, 9, 200),
        (-1, 1, 200),
        (40129, 1, 200),
        (44991, 1, 200),
        (45009, 1, 200),
        (87020, 1, 200),
    ],
)
def test_words_an_organizer_types(
    watched: Stage, cast: Cast, sandbox: Sandbox, errcode: int, times: int, status: int
) -> None:
    if times:
        sandbox.act("inject", path="msg_sec_check", errcode=errcode, times=times)
    token = watched.signer.issue("member", cast.owner.id, ttl_s=600, epoch=0)
    with httpx.Client(transport=httpx.WSGITransport(create_app(watched)), base_url="http://kuaimen.test") as http:
        answer = http.post(
            f"/api/v1/albums/{cast.album.id}/invitations",
            json={"guests": [{"name": "违规"}]},
            headers={"Authorization": f"Bearer {token}"},
        )
    assert answer.status_code == status
    if status == 422:
        assert answer.json()["code"] == "risky_words"
