"""§3 and §5 of the reference, row by row: what WeChat's errors at login and at codes become for people."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import httpx
import pytest

from backend.context import Stage
from backend.wechat import WeChat
from launch.app import create_app
from tests.cast import Cast
from tests.redis_server import redis  # noqa: F401 - fixture
from tests.wechat_sandbox import (
    Sandbox,
    registry,  # noqa: F401 - fixture
    sandbox,  # noqa: F401 - fixture
    sandbox_server,  # noqa: F401 - fixture
    wechat,  # noqa: F401 - fixture
)

pytestmark = pytest.mark.slow
# ruff: noqa: F811 - fixtures are used by the names they are imported under


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
