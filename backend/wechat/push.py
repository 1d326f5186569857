"""What WeChat tells us: verified, decrypted, and brought into one form.

The same event comes plain or encrypted, as JSON or XML, nested or flat, its items as an array or, when there is one,
as a bare object, numbers as strings or not. After `verify` none of that is left: a list of `PushEvent`.
The endpoint must answer `success` within 5 s whatever the list holds, so it only rings for the work. WeChat repeats
what it believes lost, up to three times: `PushEvent.key` is the same each time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from xml.parsers.expat import ExpatError

import xmltodict
from pydantic import SecretStr
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import WeChatException

from backend.clock import now_ms
from backend.errors import Refused
from backend.wechat import Suggest, suggested

log = logging.getLogger(__name__)

WINDOW_MS: Final = 5 * 60 * 1000  # how far WeChat's clock and ours may differ; older requests are replays
AES_KEY_CHARACTERS: Final = 43

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_CONTAINERS: Final = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}


@dataclass(frozen=True, slots=True)
class PushKeys:
    """As configured in the console. With an `aes_key` the mode is «safe», and anything plain is refused."""

    appid: str
    token: SecretStr
    aes_key: SecretStr = field(default_factory=lambda: SecretStr(""))


class PushKind(StrEnum):
    POPUP = "subscribe_msg_popup_event"  # a guest answered the question; `accepted` gives one quota
    CHANGE = "subscribe_msg_change_event"  # a guest changed the settings; not `accepted` voids the quota
    SENT = "subscribe_msg_sent_event"  # a message of ours was delivered (or failed later: `errcode`)
    MEDIA_CHECKED = "wxa_media_check"  # the result of `check_media`, by `trace_id`
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PushEvent:
    """One item of news. `dataclasses.asdict` and `PushEvent(**…)` carry it through a queue."""

    kind: PushKind
    openid: str
    made_at: int  # ms UTC
    key: str  # the same when WeChat repeats itself
    name: str = ""  # WeChat's word for the event
    template_id: str = ""
    accepted: bool | None = None
    msgid: str = ""
    errcode: int = 0  # SENT: not 0 = not delivered; MEDIA_CHECKED: -1008 = the photo could not be fetched
    reason: str = ""
    trace_id: str = ""
    suggest: Suggest | None = None
    label: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", PushKind(self.kind))
        if self.suggest is not None:
            object.__setattr__(self, "suggest", Suggest(self.suggest))


def echo(query: Mapping[str, str], keys: PushKeys) -> str:
    """The answer to the console's URL check. Raises Refused `bad_signature`."""
    _check(query.get("signature", ""), keys, query.get("timestamp", ""), query.get("nonce", ""))
    return query.get("echostr", "")


def verify(query: Mapping[str, str], body: bytes, keys: PushKeys) -> list[PushEvent]:
    """The events in a request of WeChat; empty when it is genuine but unreadable (logged: answer `success`).

    Raises Refused `bad_signature` when it is not from WeChat, not for this appid, or too old.
    """
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if keys.aes_key.get_secret_value():
        message = _parse(body)
        sealed = str((message or {}).get("Encrypt", ""))
        if not sealed or query.get("encrypt_type") != "aes":
            raise Refused("a plain push, but safe mode is configured (KUAIMEN_WECHAT_AES_KEY)", code="bad_signature")
        _check(query.get("msg_signature", ""), keys, timestamp, nonce, sealed)
        _fresh(timestamp)
        message = _parse(_open(sealed, query, keys))
    else:
        _check(query.get("signature", ""), keys, timestamp, nonce)
        _fresh(timestamp)
        message = _parse(body)
        if message and "Encrypt" in message and "Event" not in message:
            raise Refused("an encrypted push, but KUAIMEN_WECHAT_AES_KEY is empty", code="bad_signature")
    return _normal(message) if message else []


def _check(signature: str, keys: PushKeys, *parts: str) -> None:
    token = keys.token.get_secret_value()
    if not token:
        raise Refused("no push token is configured (KUAIMEN_WECHAT_PUSH_TOKEN)", code="bad_signature")
    wanted = hashlib.sha1("".join(sorted((token, *parts))).encode()).hexdigest()  # noqa: S324 WeChat's choice
    if not hmac.compare_digest(wanted.encode(), signature.encode()):
        raise Refused("the signature does not match the push token", code="bad_signature")


def _fresh(timestamp: str) -> None:
    sent_at = int(timestamp) * 1000 if timestamp.isascii() and timestamp.isdigit() else 0
    if abs(now_ms() - sent_at) > WINDOW_MS:
        raise Refused("the push is more than 5 minutes old; or the clocks differ", code="bad_signature")


def _open(sealed: str, query: Mapping[str, str], keys: PushKeys) -> bytes:
    """Decrypt. The signature was right, so what fails here is the configuration. Raises Refused."""
    aes_key = keys.aes_key.get_secret_value()
    try:
        crypto = WeChatCrypto(keys.token.get_secret_value(), aes_key, keys.appid)
        text = crypto.decrypt_message(
            {"Encrypt": sealed}, query.get("msg_signature", ""), query.get("timestamp", ""), query.get("nonce", "")
        )
    except (WeChatException, AssertionError, ValueError, IndexError, struct.error) as exc:
        reason = type(exc).__name__  # its text may hold what was decrypted
    else:
        return str(text).encode()
    advice = "check KUAIMEN_WECHAT_AES_KEY (43 characters) and KUAIMEN_WECHAT_APPID"
    raise Refused(f"the push cannot be decrypted ({reason}): {advice}", code="bad_signature")


def _parse(body: bytes) -> dict[str, Any] | None:
    """JSON or XML, whichever it is. None, with a line in the log, when it is neither."""
    text = body.strip()
    try:
        if text.startswith(b"<"):
            found = xmltodict.parse(_CONTROL.sub(b"", text)).get("xml")
        else:
            found = json.loads(text.decode("utf-8", "replace"), strict=False)
    except (ValueError, ExpatError, RecursionError) as exc:
        log.warning("unreadable push: %s bytes=%s", type(exc).__name__, len(body))
        return None
    if isinstance(found, dict):
        return found
    log.warning("unreadable push: not an object bytes=%s", len(body))
    return None


def _normal(message: Mapping[str, Any]) -> list[PushEvent]:
    name = str(message.get("Event") or message.get("MsgType") or "")
    openid, made_s = str(message.get("FromUserName") or ""), _int(message.get("CreateTime"))
    if name == PushKind.MEDIA_CHECKED:
        return [_media(message, openid, made_s)]
    if name not in _CONTAINERS:
        key = f"{openid}:{made_s}:{name}:{message.get('MsgId') or ''}"
        return [PushEvent(PushKind.OTHER, openid, made_s * 1000, key, name)]
    return [_item(PushKind(name), item, openid, made_s) for item in _items(message, _CONTAINERS[name])]


def _items(message: Mapping[str, Any], container: str) -> list[Mapping[str, Any]]:
    """The `List`: nested or at the top, an array or the one object itself."""
    nested = message.get(container)
    found = message.get("List") or (nested.get("List") if isinstance(nested, dict) else nested)
    items = found if isinstance(found, list) else [found]
    return [item for item in items if isinstance(item, dict)]


def _item(kind: PushKind, item: Mapping[str, Any], openid: str, made_s: int) -> PushEvent:
    template_id, msgid = str(item.get("TemplateId") or ""), str(item.get("MsgID") or "")
    answer = item.get("SubscribeStatusString")
    return PushEvent(
        kind,
        openid,
        made_s * 1000,
        key=f"{openid}:{made_s}:{kind}:{msgid or template_id}",
        name=str(kind),
        template_id=template_id,
        accepted=None if answer is None else str(answer).startswith("accept"),
        msgid=msgid,
        errcode=_int(item.get("ErrorCode")),
        reason=str(item.get("ErrorStatus") or ""),
    )


def _media(message: Mapping[str, Any], openid: str, made_s: int) -> PushEvent:
    """Version 2. With an `errcode` there is no verdict, only the reason why."""
    trace_id, errcode = str(message.get("trace_id") or ""), _int(message.get("errcode"))
    result = message.get("result") or {}
    return PushEvent(
        PushKind.MEDIA_CHECKED,
        openid,
        made_s * 1000,
        key=f"{openid}:{made_s}:wxa_media_check:{trace_id}",
        name="wxa_media_check",
        trace_id=trace_id,
        errcode=errcode,
        reason=str(message.get("errmsg") or ""),
        suggest=None if errcode else suggested(result.get("suggest")),
        label=_int(result.get("label")),
    )


def _int(value: object) -> int:
    try:
        return int(str(value or 0))
    except ValueError:
        return 0
