"""No call without end, and nothing secret in any text."""

from __future__ import annotations

import json
import logging
import socket
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from backend.config import Settings
from backend.errors import AppError
from backend.wechat import WeChatFailed
from backend.wechat.client import TIMEOUT, redact
from backend.wechat.opening import SANDBOX_SECRET, open_wechat
from tests.wechat_sandbox import (
    JS_CODE,
    TOKEN,
    all_texts,
    every_call,
    opened,
)

pytestmark = pytest.mark.slow


def test_no_call_waits_for_ever(redis):
    """A server that accepts and never answers; the token first, then, with a token in the cache, each call itself."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        wechat = open_wechat(Settings(wechat_base_url=url), redis, timeout=(0.1, 0.1), registry=CollectorRegistry())
        for cached in (False, True):
            if cached:
                kept = json.dumps({"token": "t" * 100, "expires_at": 9_999_999_999_999})
                redis.set(f"wx:{wechat.appid}:token", kept, ex=100)
            for name, call in every_call(wechat).items():
                with pytest.raises(WeChatFailed) as caught:
                    call()
                assert caught.value.errmsg == "ReadTimeout", name
                assert caught.value.permanent is False


def test_the_timeouts_in_use_are_three_and_eight_seconds(redis):
    assert TIMEOUT == (3, 8)
    wechat: Any = open_wechat(Settings(wechat_base_url="http://127.0.0.1:1"), redis, registry=CollectorRegistry())
    assert wechat._client.timeout == TIMEOUT
    assert wechat._client.auto_retry is False


@pytest.mark.parametrize(
    "trouble",
    [
        {"errcode": 40001},
        {"errcode": -1},
        {"http": 502},
        {"http": 404},
        {"http": 302},
        {"garbled": True},
        {"delay_s": 1.5},
        {"errcode": 40125, "path": TOKEN},
        {"http": 500, "path": TOKEN},
    ],
    ids=str,
)
def test_no_secret_in_any_text(sandbox, redis, caplog, trouble):
    wechat = opened(sandbox, redis, timeout=(0.3, 0.3))
    wechat.templates()
    token = sandbox.app.stable[-1].token
    session_key = wechat.login("dev:alice").session_key
    if trouble.get("path") == TOKEN:
        redis.flushall()
    caplog.set_level(logging.DEBUG)
    sandbox.act("inject", times=0, **({"errmsg": f"bad secret={SANDBOX_SECRET} {token}"} | trouble))
    texts = []
    for name, call in every_call(wechat).items():
        if trouble.get("path") == TOKEN and name == "login":
            continue  # needs no token
        with pytest.raises(AppError) as caught:
            call()
        texts.append(all_texts(caught.value))
    texts.append("\n".join(f"{r.getMessage()} {r.args} {r.exc_text}" for r in caplog.records))
    assert "urllib3" in {r.name.split(".")[0] for r in caplog.records}, "the test sees what urllib3 says"
    seen = "\n".join(texts)
    for secret in (SANDBOX_SECRET, token, session_key, JS_CODE):
        assert secret not in seen


def test_a_server_that_is_not_there_gives_nothing_away(redis, caplog):
    caplog.set_level(logging.DEBUG)
    wechat: Any = open_wechat(
        Settings(wechat_base_url="http://127.0.0.1:1"), redis, timeout=(0.3, 0.3), registry=CollectorRegistry()
    )
    with pytest.raises(WeChatFailed) as caught:
        wechat.login(JS_CODE)
    seen = all_texts(caught.value) + caplog.text
    assert SANDBOX_SECRET not in seen
    assert JS_CODE not in seen
    assert caught.value.permanent is False


def test_values_do_not_show_their_secrets(sandbox, wechat):
    login = wechat.login("dev:alice")
    assert login.session_key not in repr(login)
    assert "13800138000" not in repr(wechat.phone("phone:13800138000"))
    client = wechat._client
    assert SANDBOX_SECRET not in repr(client.secret) + repr(vars(client))


def test_redaction_of_a_log_record():
    record = logging.LogRecord("x", logging.DEBUG, "", 0, '"%s %s"', ("GET", "/a?access_token=TT&secret=SS&b=1"), None)
    assert redact(record)
    assert record.getMessage() == '"GET /a?access_token=***&secret=***&b=1"'
