"""Pushes of WeChat: official known answers, both modes and forms, forgeries, and every shape an event may have."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from pydantic import SecretStr

from backend.config import Settings
from backend.errors import BadInput, Refused
from backend.wechat import Suggest, push
from backend.wechat.opening import SANDBOX_APPID, push_keys
from backend.wechat.push import PushEvent, PushKeys, PushKind, echo, verify
from launch.sandbox.wechat.memory import PushSettings
from launch.sandbox.wechat.push import envelope

# from Tencent's page «消息推送»
OFFICIAL = PushKeys("wxba5fad812f8e6fb9", SecretStr("AAAAA"), SecretStr("A" * 43))
OFFICIAL_PLAIN = PushKeys("wxba5fad812f8e6fb9", SecretStr("AAAAA"))
OFFICIAL_SEALED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR"
    "8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km3"
    "2IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
OFFICIAL_SAFE_QUERY = {
    "signature": "6c5c811b55cc85e0e1b54100749188c20beb3f5d",
    "timestamp": "1714112445",
    "nonce": "415670741",
    "openid": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY",
    "encrypt_type": "aes",
    "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
}
POPUP = {
    "ToUserName": "gh_1",
    "FromUserName": "oGuest",
    "CreateTime": 1_795_330_860,
    "MsgType": "event",
    "Event": "subscribe_msg_popup_event",
    "List": [
        {"TemplateId": "T1", "SubscribeStatusString": "accept", "PopupScene": "0"},
        {"TemplateId": "T2", "SubscribeStatusString": "reject", "PopupScene": "0"},
    ],
}


@pytest.fixture
def at(monkeypatch):
    """Hold the clock of the push module at a moment."""
    return lambda seconds: monkeypatch.setattr(push, "now_ms", lambda: seconds * 1000)


def keys(settings: PushSettings) -> PushKeys:
    aes = settings.aes_key if settings.mode == "safe" else ""
    return PushKeys("wxapp", SecretStr(settings.token), SecretStr(aes))


def delivered(message: dict, *, mode: str = "safe", form: str = "json") -> list[PushEvent]:
    settings = PushSettings(mode=mode, form=form)
    query, body = envelope(message, settings, "wxapp")
    return verify(query, body, keys(settings))


def test_official_url_check():
    query = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    }
    assert echo(query, OFFICIAL) == "4375120948345356249"
    with pytest.raises(Refused) as caught:
        echo(query | {"nonce": "1"}, OFFICIAL)
    assert caught.value.code == "bad_signature"


def test_official_plain_push(at):
    at(1714037059)
    query = {
        "signature": "899cf89e464efb63f54ddac96b0a0a235f53aa78",
        "timestamp": "1714037059",
        "nonce": "486452656",
    }
    body = json.dumps(
        {
            "ToUserName": "gh_97417a04a28d",
            "FromUserName": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY",
            "CreateTime": 1714037059,
            "MsgType": "event",
            "Event": "debug_demo",
            "debug_str": "hello world",
        }
    ).encode()
    [event] = verify(query, body, OFFICIAL_PLAIN)
    assert (event.kind, event.name, event.openid) == (PushKind.OTHER, "debug_demo", "o9AgO5Kd5ggOC-bXrbNODIiE3bGY")
    assert event.made_at == 1714037059000


def test_official_safe_push(at):
    at(1714112445)
    body = json.dumps({"ToUserName": "gh_97417a04a28d", "Encrypt": OFFICIAL_SEALED}).encode()
    [event] = verify(OFFICIAL_SAFE_QUERY, body, OFFICIAL)
    assert (event.name, event.openid, event.made_at) == ("debug_demo", "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", 1714112445000)


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("mode", ["plain", "safe"])
@pytest.mark.parametrize("items", [1, 2])
def test_an_answer_arrives_in_every_shape(mode, form, items):
    found = delivered(POPUP | {"List": POPUP["List"][:items]}, mode=mode, form=form)
    assert [(e.kind, e.openid, e.template_id, e.accepted) for e in found] == [
        (PushKind.POPUP, "oGuest", "T1", True),
        (PushKind.POPUP, "oGuest", "T2", False),
    ][:items]
    assert found[0].made_at == 1_795_330_860_000
    assert len({e.key for e in found}) == items


def test_one_item_travels_as_an_object():
    """The quirk is really in what the test sends."""
    settings = PushSettings(mode="plain")
    _, body = envelope(POPUP | {"List": POPUP["List"][:1]}, settings, "wxapp")
    assert isinstance(json.loads(body)["List"], dict)
    _, body = envelope(POPUP, settings, "wxapp")
    assert isinstance(json.loads(body)["List"], list)


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("single", [True, False])
def test_json_may_nest_like_xml(nested, single):
    items = POPUP["List"][0] if single else POPUP["List"]
    message = {n: v for n, v in POPUP.items() if n != "List"}
    message |= {"SubscribeMsgPopupEvent": {"List": items}} if nested else {"List": items}
    found = push._normal(message)
    assert [e.template_id for e in found] == ["T1", "T2"][: len(found)]
    assert len(found) == (1 if single else 2)


def test_a_repeated_delivery_has_the_same_key():
    first, second = delivered(POPUP), delivered(POPUP)
    assert [e.key for e in first] == [e.key for e in second]
    assert {e.key for e in delivered(POPUP | {"CreateTime": 1_795_330_861})}.isdisjoint(e.key for e in first)


def test_settings_changes_and_deliveries():
    change = POPUP | {"Event": "subscribe_msg_change_event", "List": [POPUP["List"][1]]}
    [event] = delivered(change, form="xml")
    assert (event.kind, event.template_id, event.accepted) == (PushKind.CHANGE, "T2", False)
    item = {"TemplateId": "T1", "MsgID": "1700827132819554304", "ErrorCode": "40003", "ErrorStatus": "user refuse"}
    [event] = delivered(POPUP | {"Event": "subscribe_msg_sent_event", "List": [item]})
    assert (event.kind, event.msgid, event.errcode) == (PushKind.SENT, "1700827132819554304", 40003)
    assert event.accepted is None
    assert event.reason == "user refuse"


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize(("suggest", "label"), [("pass", 100), ("review", 20002), ("risky", 20006)])
def test_a_media_verdict(form, suggest, label):
    message = {n: v for n, v in POPUP.items() if n != "List"} | {
        "Event": "wxa_media_check",
        "appid": "wxapp",
        "trace_id": "t-1",
        "version": 2,
        "errcode": 0,
        "errmsg": "ok",
        "result": {"suggest": suggest, "label": label},
        "detail": [{"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}],
    }
    [event] = delivered(message, form=form)
    assert (event.kind, event.trace_id, event.suggest, event.label) == ("wxa_media_check", "t-1", suggest, label)
    assert isinstance(event.suggest, Suggest)


def test_a_photo_wechat_could_not_fetch_has_no_verdict():
    message = {n: v for n, v in POPUP.items() if n != "List"}
    message |= {"Event": "wxa_media_check", "trace_id": "t-1", "version": 2, "errcode": -1008, "errmsg": "timeout"}
    [event] = delivered(message)
    assert (event.errcode, event.suggest, event.reason) == (-1008, None, "timeout")


def test_an_unknown_suggestion_goes_to_a_person():
    message = {n: v for n, v in POPUP.items() if n != "List"}
    message |= {"Event": "wxa_media_check", "trace_id": "t-1", "errcode": 0, "result": {"suggest": "maybe"}}
    [event] = delivered(message)
    assert event.suggest is Suggest.REVIEW


def test_an_event_survives_a_queue():
    for event in delivered(POPUP):
        assert PushEvent(**json.loads(json.dumps(asdict(event)))) == event


@pytest.mark.parametrize("mode", ["plain", "safe"])
@pytest.mark.parametrize("form", ["json", "xml"])
def test_control_characters_lose_nothing(mode, form):
    message = POPUP | {"List": [POPUP["List"][0] | {"PopupScene": "\x0b\x01 0"}]}
    assert [e.template_id for e in delivered(message, mode=mode, form=form)] == ["T1"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"<xml><a></xml>",
        b"<html/>",
        b'\xff\xfe{"x',
        b"[" * 100_000,
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Event>&e;</Event></xml>',
        b'{"Event": "subscribe_msg_popup_event"}',
        b'{"Event": "subscribe_msg_popup_event", "List": "x", "CreateTime": "soon"}',
    ],
)
def test_what_cannot_be_read_is_no_event(body):
    settings = PushSettings(mode="plain")
    query, _ = envelope(POPUP, settings, "wxapp")
    assert verify(query, body, keys(settings)) == []


def refused(query: dict, body: bytes, with_keys: PushKeys) -> str:
    with pytest.raises(Refused) as caught:
        verify(query, body, with_keys)
    assert caught.value.code == "bad_signature"
    return caught.value.detail


def test_the_plain_signature_does_not_open_safe_mode():
    """`signature` is right here, `msg_signature` is not: the most common bug."""
    settings = PushSettings()
    query, body = envelope(POPUP, settings, "wxapp")
    assert "signature" in refused(query | {"msg_signature": query["signature"]}, body, keys(settings))
    assert "signature" in refused({n: v for n, v in query.items() if n != "msg_signature"}, body, keys(settings))


def test_a_changed_body_is_refused_in_safe_mode():
    settings = PushSettings()
    query, body = envelope(POPUP, settings, "wxapp")
    sealed = json.loads(body)
    sealed["Encrypt"] = "A" + sealed["Encrypt"][1:] if sealed["Encrypt"][0] != "A" else "B" + sealed["Encrypt"][1:]
    refused(query, json.dumps(sealed).encode(), keys(settings))


def test_plain_pushes_are_refused_in_safe_mode():
    plain = PushSettings(mode="plain")
    query, body = envelope(POPUP, plain, "wxapp")
    assert "safe mode is configured" in refused(query, body, keys(PushSettings()))
    assert "safe mode is configured" in refused(query | {"encrypt_type": "aes"}, body, keys(PushSettings()))


def test_sealed_pushes_without_a_key_say_so():
    query, body = envelope(POPUP, PushSettings(), "wxapp")
    assert "KUAIMEN_WECHAT_AES_KEY is empty" in refused(query, body, keys(PushSettings(mode="plain")))


def test_pushes_for_another_app_are_refused():
    query, body = envelope(POPUP, PushSettings(), "wxother")
    assert "KUAIMEN_WECHAT_APPID" in refused(query, body, keys(PushSettings()))


def test_another_aes_key_is_refused_without_details():
    query, body = envelope(POPUP, PushSettings(aes_key="B" * 43), "wxapp")
    assert "KUAIMEN_WECHAT_AES_KEY" in refused(query, body, keys(PushSettings()))


@pytest.mark.parametrize("shift_s", [-301, 301])
@pytest.mark.parametrize("mode", ["plain", "safe"])
def test_replays_are_refused(at, mode, shift_s):
    settings = PushSettings(mode=mode)
    query, body = envelope(POPUP, settings, "wxapp")
    at(int(query["timestamp"]) + shift_s)
    assert "5 minutes old" in refused(query, body, keys(settings))
    at(int(query["timestamp"]) + shift_s // 2)
    assert verify(query, body, keys(settings))


def test_an_empty_token_accepts_nobody():
    """sha1 over an empty token is something anybody can compute."""
    query, body = envelope(POPUP, PushSettings(token="", mode="plain"), "wxapp")
    assert "KUAIMEN_WECHAT_PUSH_TOKEN" in refused(query, body, PushKeys("wxapp", SecretStr("")))
    with pytest.raises(Refused):
        echo(query, PushKeys("wxapp", SecretStr("")))


@pytest.mark.parametrize("query", [{}, {"signature": "é"}, {"timestamp": "soon", "nonce": "x", "signature": "y"}])
def test_a_stranger_is_refused(query):
    refused(query, b"{}", OFFICIAL_PLAIN)
    refused(query, b"{}", OFFICIAL)


def test_keys_from_settings():
    assert push_keys(Settings()).appid == SANDBOX_APPID
    assert push_keys(Settings()).aes_key.get_secret_value()  # the sandbox is in safe mode
    real = push_keys(Settings(wechat_appid="wx1", wechat_push_token=SecretStr("t")))
    assert (real.appid, real.token.get_secret_value(), real.aes_key.get_secret_value()) == ("wx1", "t", "")
    with pytest.raises(BadInput, match="43 characters"):
        push_keys(Settings(wechat_appid="wx1", wechat_aes_key=SecretStr("short")))


def test_keys_do_not_show_in_logs():
    assert "sandbox" not in repr(push_keys(Settings())).replace(SANDBOX_APPID, "")
