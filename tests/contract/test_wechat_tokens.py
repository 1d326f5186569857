"""One token for all processes, whatever happens to it."""

from __future__ import annotations

import json
import multiprocessing
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from backend.config import Settings
from backend.wechat import Kind, WeChatFailed
from backend.wechat.opening import open_wechat
from tests.wechat_sandbox import (
    PROCESSES,
    TOKEN,
    ask_for_templates,
    opened,
)

pytestmark = pytest.mark.slow


def test_eight_processes_with_an_empty_cache_ask_for_one_token(sandbox, redis, redis_url):
    fresh = multiprocessing.get_context("forkserver")
    fresh.set_forkserver_preload(["tests.wechat_sandbox"])
    start, results = fresh.Barrier(PROCESSES), fresh.Queue()
    sandbox.act("inject", path=TOKEN, delay_s=0.3, times=0)  # time enough for all to find the cache empty
    processes = [
        fresh.Process(target=ask_for_templates, args=(sandbox.url, redis_url, start, results)) for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    found = [results.get(timeout=90) for _ in processes]
    for process in processes:
        process.join(20)
    assert found == [4] * PROCESSES
    assert len(sandbox.calls("gettemplate")) == PROCESSES
    assert len(sandbox.calls(TOKEN)) == 1


def test_a_token_that_is_rejected_for_ever_costs_one_more_call(sandbox, wechat, redis):
    wechat.templates()
    sandbox.act("inject", path="gettemplate", errcode=40001, errmsg="invalid credential", times=0)
    before = len(sandbox.calls("gettemplate")), len(sandbox.calls(TOKEN))
    with pytest.raises(WeChatFailed) as caught:
        wechat.templates()
    assert (caught.value.errcode, caught.value.kind, caught.value.permanent) == (40001, Kind.TOKEN, False)
    assert len(sandbox.calls("gettemplate")) - before[0] == 2
    # what stable_token gives is the rejected one, so a new one is forced, once
    assert [c["body"]["force_refresh"] for c in sandbox.calls(TOKEN)[before[1] :]] == [False, True]
    for _ in range(3):  # and not again within 31 s: one call each, and an ordinary question for the token
        with pytest.raises(WeChatFailed):
            wechat.templates()
    assert len(sandbox.calls("gettemplate")) - before[0] == 5
    assert [c["body"]["force_refresh"] for c in sandbox.calls(TOKEN)[before[1] :]] == [False, True] + [False] * 3


def test_a_token_replaced_behind_our_back_is_renewed_unseen(sandbox, wechat, redis):
    wechat.templates()
    sandbox.act("advance", seconds=3600)
    sandbox.app.stable.clear()  # as if somebody had forced a new one: ours is dead
    assert wechat.templates()
    assert [c["errcode"] for c in sandbox.calls("gettemplate")] == [0, 40001, 0]
    assert [c["body"]["force_refresh"] for c in sandbox.calls(TOKEN)] == [False, False]


def test_an_expired_token_is_renewed_unseen(sandbox, wechat):
    wechat.templates()
    sandbox.act("advance", seconds=7201)
    assert wechat.templates()
    assert [c["errcode"] for c in sandbox.calls("gettemplate")] == [0, 42001, 0]


def test_another_process_may_have_renewed_already(sandbox, redis, wechat):
    """Ours is rejected, and meanwhile the shared one is another: that one is used, nothing is asked."""
    wechat.templates()
    rejected = sandbox.app.stable[-1].token
    sandbox.act("advance", seconds=7201)
    opened(sandbox, redis).templates()
    calls = len(sandbox.calls(TOKEN))
    assert wechat._client._tokens.renew(rejected) == sandbox.app.stable[-1].token != rejected
    assert len(sandbox.calls(TOKEN)) == calls


def test_a_token_near_its_end_is_not_used(sandbox, redis, wechat):
    wechat.templates()
    key = f"wx:{wechat.appid}:token"
    kept = json.loads(redis.get(key))
    redis.set(key, json.dumps(kept | {"expires_at": kept["expires_at"] - 6_901_000}), ex=100)  # 299 s left
    sandbox.act("advance", seconds=6901)
    wechat.templates()
    assert len(sandbox.calls(TOKEN)) == 2
    assert len({t.token for t in sandbox.app.stable}) == 2, "the next token, while the old one lives on"
    assert [c["errcode"] for c in sandbox.calls("gettemplate")] == [0, 0]


def test_a_malformed_token_in_the_cache_is_replaced(sandbox, redis, wechat):
    wechat.templates()
    key = f"wx:{wechat.appid}:token"
    redis.set(key, json.dumps(json.loads(redis.get(key)) | {"token": "x"}), ex=100)
    assert wechat.templates()
    assert [c["errcode"] for c in sandbox.calls("gettemplate")] == [0, 40014, 0]


def test_a_lock_whose_holder_died_does_not_hold_for_ever(sandbox, redis, wechat, monkeypatch):
    redis.set(f"wx:{wechat.appid}:token:lock", "a dead process", ex=1)
    assert wechat.templates()


def test_nobody_unlocks_the_lock_of_another(sandbox, redis, wechat):
    """Our fetch took longer than the lock lives; meanwhile another process holds it."""
    lock = f"wx:{wechat.appid}:token:lock"
    tokens = wechat._client._tokens
    fetch = tokens._fetch

    def slow(force: bool) -> Any:
        redis.set(lock, "somebody else", ex=30)
        return fetch(force)

    tokens._fetch = slow
    wechat.templates()
    assert redis.get(lock) == b"somebody else"


def test_forcing_is_limited_to_twenty_a_day(sandbox, redis, wechat):
    store = wechat._client._tokens
    for n in range(25):
        redis.delete(f"wx:{wechat.appid}:token:forced")
        assert store._may_force() is (n < 20)
    assert store._may_force() is False, "and never twice within 31 s"


def test_without_redis_every_process_asks_for_itself(sandbox, caplog):
    nowhere = Redis(unix_socket_path="/nonexistent/s", retry=Retry(NoBackoff(), 0))
    wechat = opened(sandbox, nowhere)
    assert wechat.templates()
    assert wechat.templates()
    assert wechat.code("a", page="pages/album/album")
    assert len(sandbox.calls(TOKEN)) == 1
    sandbox.act("advance", seconds=7201)
    assert wechat.templates()
    assert len(sandbox.calls(TOKEN)) == 2


@pytest.mark.parametrize(
    ("break_it", "errcode", "says"),
    [
        (lambda s: s.act("switch", secret="another"), 40125, "KUAIMEN_WECHAT_SECRET"),
        (lambda s: s.act("switch", whitelist=["10.0.0.1"]), 40164, "whitelist"),
        (lambda s: s.act("inject", path=TOKEN, errcode=40243, times=0), 40243, "frozen"),
        (lambda s: s.act("inject", path=TOKEN, errcode=40001, times=0), 40001, "secret is wrong"),
        (lambda s: s.act("inject", path=TOKEN, http=502, times=0), None, "did not answer properly"),
    ],
)
def test_a_token_that_cannot_be_had_says_why(sandbox, wechat, break_it, errcode, says):
    break_it(sandbox)
    with pytest.raises(WeChatFailed) as caught:
        wechat.templates()
    assert caught.value.errcode == errcode
    assert says in caught.value.explain("en")
    assert len(sandbox.calls(TOKEN)) == 1
    assert sandbox.calls("gettemplate") == []


def test_the_address_that_is_not_listed_is_named(sandbox, wechat):
    sandbox.act("switch", whitelist=[])
    with pytest.raises(WeChatFailed) as caught:
        wechat.templates()
    assert "127.0.0.1" in caught.value.explain()


def test_two_apps_do_not_share_a_token(sandbox, redis, wechat):
    sandbox.act("app", new_appid="wxsecond", secret="s2")
    settings = Settings(wechat_appid="wxsecond", wechat_secret=SecretStr("s2"), wechat_base_url=sandbox.url)
    second = open_wechat(settings, redis, registry=CollectorRegistry())
    assert wechat.templates()
    assert second.templates()
    assert len(sandbox.calls(TOKEN)) == 2
    assert wechat.login("dev:alice").openid != second.login("dev:alice").openid
