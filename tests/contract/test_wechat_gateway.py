"""The transport: what is counted, our own rate limit, opening from settings.

And what wechatpy's client does wrong, shown absent in ours (docs/decisions/0003).
"""

from __future__ import annotations

import logging
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from redis import Redis

from backend.config import Settings
from backend.errors import AppError, BadInput
from backend.wechat import Kind, Outcome, WeChat, WeChatFailed
from backend.wechat.limits import Limits
from backend.wechat.opening import REAL_BASE_URL, open_wechat
from tests.wechat_sandbox import (
    ALBUM_UPDATE,
    TOKEN,
    WORDS,
    all_texts,
    every_call,
)

pytestmark = pytest.mark.slow


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
    for call in every_call(wechat).values():
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
