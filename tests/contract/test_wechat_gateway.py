"""The transport: one token for all processes, no call without end, nothing secret in any text.

And what wechatpy's client does wrong, shown absent in ours (docs/decisions/0003).
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import socket
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from backend.config import Settings
from backend.errors import AppError, BadInput
from backend.wechat import Kind, Outcome, WeChat, WeChatFailed
from backend.wechat.client import TIMEOUT, redact
from backend.wechat.limits import Limits
from backend.wechat.opening import REAL_BASE_URL, SANDBOX_SECRET, open_wechat
from tests.redis_server import redis, redis_url  # noqa: F401 - fixtures
from tests.wechat_sandbox import (
    ALBUM_UPDATE,
    WORDS,
    Sandbox,
    ask_for_templates,
    registry,  # noqa: F401 - fixture
    sandbox,  # noqa: F401 - fixture
    sandbox_server,  # noqa: F401 - fixture
    wechat,  # noqa: F401 - fixture
)

pytestmark = pytest.mark.slow
# ruff: noqa: F811 - fixtures are used by the names they are imported under

TOKEN = "/cgi-bin/stable_token"
PROCESSES = 8
JS_CODE = "dev:" + "someone"


def opened(sandbox: Sandbox, redis: Redis, **more: Any) -> Any:
    given = {"timeout": (1, 1), "registry": CollectorRegistry()} | more
    return open_wechat(Settings(wechat_base_url=sandbox.url), redis, **given)


# --- the token ---------------------------------------------------------------------------------------------------


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
    assert found == [3] * PROCESSES
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


# --- time --------------------------------------------------------------------------------------------------------


def everything(wechat: Any) -> dict[str, Callable[[], object]]:
    page = "pages/album/album"
    return {
        "login": lambda: wechat.login(JS_CODE),
        "check_session": lambda: wechat.check_session("o", "k"),
        "phone": lambda: wechat.phone("phone:13800138000"),
        "code": lambda: wechat.code("a", page=page),
        "tell": lambda: wechat.tell("o", ALBUM_UPDATE, WORDS),
        "url_link": lambda: wechat.url_link(page),
        "url_scheme": lambda: wechat.url_scheme(page),
        "check_text": lambda: wechat.check_text("o", "x"),
        "check_media": lambda: wechat.check_media("o", "http://x"),
        "risk_rank": lambda: wechat.risk_rank("o", client_ip="1.2.3.4"),
        "templates": wechat.templates,
        "add_template": lambda: wechat.add_template("30001", [1, 2], "x"),
        "delete_template": lambda: wechat.delete_template("x"),
        "categories": wechat.categories,
        "library": lambda: wechat.library([616]),
        "keywords": lambda: wechat.keywords("30001"),
        "wechatpy's own": lambda: wechat._client.wxa.check_text_security("x"),
    }


def test_no_call_waits_for_ever(redis):
    """A server that accepts and never answers; the token first, then, with a token in the cache, each call itself."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        wechat = open_wechat(Settings(wechat_base_url=url), redis, timeout=(0.1, 0.1), registry=CollectorRegistry())
        for cached in (False, True):
            if cached:
                kept = json.dumps({"token": "t" * 100, "expires_at": 9_999_999_999_999})
                redis.set(f"wx:{wechat.appid}:token", kept, ex=100)
            for name, call in everything(wechat).items():
                with pytest.raises(WeChatFailed) as caught:
                    call()
                assert caught.value.errmsg == "ReadTimeout", name
                assert caught.value.permanent is False


def test_the_timeouts_in_use_are_three_and_eight_seconds(redis):
    assert TIMEOUT == (3, 8)
    wechat: Any = open_wechat(Settings(wechat_base_url="http://127.0.0.1:1"), redis, registry=CollectorRegistry())
    assert wechat._client.timeout == TIMEOUT
    assert wechat._client.auto_retry is False


# --- secrets -----------------------------------------------------------------------------------------------------


def all_texts(exc: BaseException | None) -> str:
    """Everything a logger, a tracker or a person may see of an exception, its causes included."""
    if exc is None:
        return ""
    own = "".join(traceback.format_exception(exc, chain=True)) + repr(exc) + str(exc) + repr(vars(exc))
    return own + all_texts(exc.__cause__) + all_texts(exc.__context__)


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
    for name, call in everything(wechat).items():
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


# --- what is counted ---------------------------------------------------------------------------------------------


def test_calls_are_counted_by_errcode(sandbox, wechat, registry):
    openid = sandbox.guest("alice", quota=1)
    send = {"appid": wechat.appid, "endpoint": "cgi-bin/message/subscribe/send"}
    for _ in range(3):
        wechat.tell(openid, ALBUM_UPDATE, WORDS)
    sandbox.act("inject", http=502, path="subscribe/send")
    sandbox.act("inject", delay_s=3, path="subscribe/send")
    for _ in range(2):
        with pytest.raises(WeChatFailed):
            wechat.tell(openid, ALBUM_UPDATE, WORDS)

    def count(errcode: str) -> float:
        return registry.get_sample_value("kuaimen_wechat_calls_total", send | {"errcode": errcode}) or 0

    assert [count(c) for c in ("0", "43101", "http_502", "timeout")] == [1, 2, 1, 1]
    tokens = {"appid": wechat.appid, "force": "false"}
    assert registry.get_sample_value("kuaimen_wechat_token_fetches_total", tokens) == 1
    assert registry.get_sample_value("kuaimen_wechat_call_seconds_count", {"endpoint": send["endpoint"]}) == 5


def test_the_request_id_is_kept(sandbox, wechat, caplog):
    caplog.set_level(logging.INFO)
    told = wechat.tell(sandbox.guest(), ALBUM_UPDATE, WORDS)
    assert told.outcome is Outcome.REFUSED
    assert told.rid == sandbox.calls("subscribe/send")[-1]["rid"]
    assert f"errcode=43101 rid={told.rid}" in caplog.text


# --- our own rate limit ------------------------------------------------------------------------------------------


def test_no_period_sees_more_than_the_limit(redis):
    limits = Limits(redis, "wx1", {"x": (50, 60)}, patience_s=0)
    passed = [limits.take("x") for _ in range(30)]
    assert passed[:10] == [0.0] * 10, "a fifth of the limit may come at once"
    assert all(0 < wait <= 1.6 for wait in passed[10:]), "then one every 1.5 s"
    assert redis.pttl("wx:wx1:bucket:x") > 0


def test_a_short_wait_is_waited_out(redis):
    limits = Limits(redis, "wx1", {"x": (100, 1)}, patience_s=1)
    assert [limits.take("x") for _ in range(30)] == [0.0] * 30


def test_processes_share_one_limit(redis, redis_url):
    table = {"x": (50, 60)}
    with Redis.from_url(redis_url) as other:
        both = [Limits(redis, "wx1", table, patience_s=0), Limits(other, "wx1", table, patience_s=0)]
        assert sum(both[n % 2].take("x") == 0 for n in range(30)) == 10
        assert Limits(other, "wx2", table, patience_s=0).take("x") == 0, "another app has its own"


def test_a_call_over_our_limit_is_not_sent(sandbox, redis, wechat, registry):
    wechat._client._limits = Limits(redis, wechat.appid, {"wxa/msg_sec_check": (5, 60)}, patience_s=0)
    openid = sandbox.guest()
    wechat.check_text(openid, "x")
    with pytest.raises(WeChatFailed) as caught:
        wechat.check_text(openid, "x")
    assert (caught.value.kind, caught.value.permanent) == (Kind.RATE, False)
    assert 1 <= caught.value.retry_after <= 16
    assert len(sandbox.calls("msg_sec_check")) == 1
    assert registry.get_sample_value("kuaimen_wechat_held_total", {"endpoint": "wxa/msg_sec_check"}) == 1


# --- the rest of wechatpy's defects ------------------------------------------------------------------------------


def test_login_needs_and_sends_no_token(sandbox, wechat):
    wechat.login("dev:alice")
    assert sandbox.calls(TOKEN) == []
    assert sandbox.calls("/cgi-bin/token") == []
    assert "access_token" not in sandbox.calls("jscode2session")[0]["query"]


def test_even_the_librarys_own_login_sends_no_token(sandbox, wechat):
    found = wechat._client.wxa.code_to_session("dev:alice")
    assert found["openid"] == "sandbox_alice"
    assert "access_token" not in sandbox.calls("jscode2session")[0]["query"]


def test_the_old_token_endpoint_is_never_asked(sandbox, wechat):
    for call in everything(wechat).values():
        try:
            call()
        except AppError:
            continue
    wechat._client.fetch_access_token()
    assert sandbox.calls("/cgi-bin/token") == []


def test_every_endpoint_object_uses_our_base_url(sandbox, wechat):
    """The library has one base URL per class of endpoints, all of them Tencent's."""
    sandbox.guest()
    assert wechat._client.wxa.get_phone_number("phone:13800138000")["errcode"] == 0
    with pytest.raises(WeChatFailed):
        wechat._client.user.get("oNobody")  # …/cgi-bin/user/info: the sandbox has no such path
    assert {c["address"] for c in sandbox.calls()} == {"127.0.0.1"}


def test_a_code_says_version_and_path_check(sandbox, wechat):
    wechat.code("a", page="pages/album/album", env_version="trial", check_path=False)
    body = sandbox.calls("getwxacodeunlimit")[0]["body"]
    assert (body["env_version"], body["check_path"], body["is_hyaline"]) == ("trial", False, False)


def test_a_message_says_state_and_language(sandbox, redis):
    openid = sandbox.guest("alice", quota=3)
    for env_version, state in (("release", "formal"), ("trial", "trial"), ("develop", "developer")):
        settings = Settings(wechat_base_url=sandbox.url, wechat_env_version=env_version)
        open_wechat(settings, redis, registry=CollectorRegistry()).tell(openid, ALBUM_UPDATE, WORDS, lang="en_US")
        body = sandbox.calls("subscribe/send")[-1]["body"]
        assert (body["miniprogram_state"], body["lang"]) == (state, "en_US")


def test_chinese_travels_as_it_is(sandbox, wechat):
    wechat.tell(sandbox.guest("alice", quota=1), ALBUM_UPDATE, WORDS)
    call = sandbox.calls("subscribe/send")[0]
    assert "年会" in call["raw"]
    assert "\\u" not in call["raw"]
    assert call["content_type"] == "application/json; charset=utf-8"


def test_links_send_no_empty_lists(sandbox, wechat):
    wechat.url_link("pages/album/album")
    wechat.url_scheme("pages/album/album")
    assert "cloud_base" not in sandbox.calls("generate_urllink")[0]["body"]
    assert isinstance(sandbox.calls("generatescheme")[0]["body"]["jump_wxa"], dict)


def test_content_checks_are_version_two(sandbox, wechat):
    openid = sandbox.guest()
    wechat.check_text(openid, "x")
    wechat.check_media(openid, f"{sandbox.url}/healthz")
    assert sandbox.calls("msg_sec_check")[0]["body"]["version"] == 2
    assert sandbox.calls("media_check_async")[0]["body"]["version"] == 2


def test_every_key_in_redis_expires(sandbox, redis, wechat):
    wechat.code("a", page="pages/album/album")
    sandbox.act("inject", path="gettemplate", errcode=40001, times=0)
    with pytest.raises(WeChatFailed):
        wechat.templates()
    keys = redis.keys("*")
    assert len(keys) >= 3
    assert all(redis.pttl(key) > 0 for key in keys), keys


OFFICIAL = {  # from Tencent's page «小程序登录 / 数据解密»
    "appid": "wx4f4bc4dec97d474b",
    "session_key": "tiihtNczf5v6AKRyjwEUhQ==",
    "iv": "r7BXXKkLb8qrSNn05n0qiA==",
    "encrypted": "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3h"
    "VbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL"
    "/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4P"
    "C7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7Xjf"
    "hQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==",
}


def decrypting(redis: Redis, appid: str) -> WeChat:
    settings = Settings(wechat_appid=appid, wechat_secret=SecretStr("s"))
    return open_wechat(settings, redis, registry=CollectorRegistry())


def test_the_official_sample_decrypts(redis):
    wechat = decrypting(redis, OFFICIAL["appid"])
    found = wechat.decrypt(OFFICIAL["session_key"], OFFICIAL["iv"], OFFICIAL["encrypted"])
    assert (found["openId"], found["nickName"]) == ("oGZUI0egBJY1zhBYw2KhdUfwVJJE", "Band")


@pytest.mark.parametrize(
    ("appid", "changes"),
    [
        ("wxother", {}),
        (OFFICIAL["appid"], {"session_key": "AAAAAAAAAAAAAAAAAAAAAA=="}),
        (OFFICIAL["appid"], {"iv": "AAAAAAAAAAAAAAAAAAAAAA=="}),
        (OFFICIAL["appid"], {"encrypted": OFFICIAL["encrypted"][:64]}),
        (OFFICIAL["appid"], {"encrypted": ""}),
        (OFFICIAL["appid"], {"encrypted": "not base64"}),
        (OFFICIAL["appid"], {"session_key": "short"}),
    ],
)
def test_what_does_not_decrypt_is_one_clear_error(redis, appid, changes):
    given = OFFICIAL | changes
    with pytest.raises(BadInput) as caught:
        decrypting(redis, appid).decrypt(given["session_key"], given["iv"], given["encrypted"])
    assert caught.value.code == "bad_encrypted"
    assert given["session_key"] not in all_texts(caught.value)


# --- opening -----------------------------------------------------------------------------------------------------


def test_an_appid_alone_leads_to_the_real_wechat(redis):
    settings = Settings(wechat_appid="wx1", wechat_secret=SecretStr("s"))
    wechat: Any = open_wechat(settings, redis, registry=CollectorRegistry())
    assert wechat.appid == "wx1"
    assert f"{REAL_BASE_URL}/" == wechat._client.API_BASE_URL


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (Settings(), "KUAIMEN_WECHAT_BASE_URL"),
        (Settings(wechat_appid="wx1"), "KUAIMEN_WECHAT_SECRET"),
    ],
)
def test_settings_that_do_not_suffice_say_which(redis, settings, says):
    with pytest.raises(BadInput, match=says):
        open_wechat(settings, redis, registry=CollectorRegistry())


def test_two_apps_do_not_share_a_token(sandbox, redis, wechat):
    sandbox.act("app", new_appid="wxsecond", secret="s2")
    settings = Settings(wechat_appid="wxsecond", wechat_secret=SecretStr("s2"), wechat_base_url=sandbox.url)
    second = open_wechat(settings, redis, registry=CollectorRegistry())
    assert wechat.templates()
    assert second.templates()
    assert len(sandbox.calls(TOKEN)) == 2
    assert wechat.login("dev:alice").openid != second.login("dev:alice").openid
