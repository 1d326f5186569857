"""Pushing to the product: signed, in both modes and both forms, repeated when there is no answer in time."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import secrets
import struct
import threading
from typing import Any, Final
from xml.sax.saxutils import escape

import httpx
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from backend.clock import now_ms
from launch.sandbox.wechat.memory import App, Push, PushSettings, World

log = logging.getLogger(__name__)

ANSWER_S: Final = 5.0
REDELIVERIES: Final = 3
ORIGINAL_ID: Final = "gh_sandbox000000"
CONTAINERS: Final = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}


def push_event(world: World, app: App, openid: str, event: str, items: list[dict[str, Any]]) -> None:
    """Put an event on the way to the product. Nothing happens while no URL is configured, as with WeChat."""
    with world.lock:
        message = {
            "ToUserName": ORIGINAL_ID,
            "FromUserName": openid,
            "CreateTime": world.event_s(),
            "MsgType": "event",
            "Event": event,
            **({"List": items} if event in CONTAINERS else items[0]),
        }
        push = Push(world.serial(), app.appid, message)
        world.memory.pushes.append(push)
        world.changed()
    post(world, push)


def post(world: World, push: Push) -> None:
    """Hand it to the postman, who tries four times."""
    if world.memory.push.url:
        push.left = 1 + REDELIVERIES
        world.outbox.put(push)


def envelope(message: dict[str, Any], settings: PushSettings, appid: str) -> tuple[dict[str, str], bytes]:
    """Query and body of one delivery, new nonce and timestamp each time."""
    timestamp, nonce = str(now_ms() // 1000), str(secrets.randbelow(10**10))
    query = {
        "signature": sign(settings.token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": str(message["FromUserName"]),
    }
    text = to_json(message) if settings.form == "json" else to_xml(message)
    if settings.mode == "plain":
        return query, text.encode()
    sealed = seal(text, settings.aes_key, appid)
    query |= {"encrypt_type": "aes", "msg_signature": sign(settings.token, timestamp, nonce, sealed)}
    wrapped = {"ToUserName": message["ToUserName"], "Encrypt": sealed}
    body = json.dumps(wrapped) if settings.form == "json" else f"<xml>{_tags(wrapped)}</xml>"
    return query, body.encode()


def sign(token: str, *parts: str) -> str:
    return hashlib.sha1("".join(sorted((token, *parts))).encode()).hexdigest()  # noqa: S324 WeChat's choice


def seal(text: str, aes_key: str, appid: str) -> str:
    key = base64.b64decode(aes_key + "=")
    content = text.encode()
    padder = PKCS7(256).padder()
    plain = secrets.token_bytes(16) + struct.pack("!I", len(content)) + content + appid.encode()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    return base64.b64encode(sealed).decode()


def to_json(message: dict[str, Any]) -> str:
    """Flat; a single item is sent as an object, several as an array."""
    items = message.get("List")
    single = {"List": items[0]} if isinstance(items, list) and len(items) == 1 else {}
    return json.dumps(message | single, ensure_ascii=False)


def to_xml(message: dict[str, Any]) -> str:
    """Nested in a container named after the event, one `<List>` per item."""
    items = message.get("List")
    if items is None:
        return f"<xml>{_tags(message)}</xml>"
    head = {name: value for name, value in message.items() if name != "List"}
    container = CONTAINERS[str(message["Event"])]
    return f"<xml>{_tags(head)}<{container}>{_tags({'List': items})}</{container}></xml>"


def _tags(values: dict[str, Any]) -> str:
    return "".join(_tag(name, value) for name, value in values.items())


def _tag(name: str, value: object) -> str:
    if isinstance(value, list):
        return "".join(_tag(name, item) for item in value)
    if isinstance(value, dict):
        return f"<{name}>{_tags(value)}</{name}>"
    inner = (
        str(value)
        if isinstance(value, int)
        else f"<![CDATA[{value}]]>"
        if "]]>" not in str(value)
        else escape(str(value))
    )
    return f"<{name}>{inner}</{name}>"


class Postman:
    """Delivers what is in the world's outbox, and again after a pause until the product answers in time."""

    def __init__(self, world: World, *, answer_s: float = ANSWER_S, pause_s: float = ANSWER_S) -> None:
        self._world = world
        self._answer_s = answer_s
        self._pause_s = pause_s
        self._http = httpx.Client(timeout=answer_s, trust_env=False)
        self._thread = threading.Thread(target=self._work, name="wechat-sandbox-postman", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._world.outbox.put(None)
        self._thread.join(self._answer_s * 2)
        self._http.close()

    def _work(self) -> None:
        while (push := self._world.outbox.get()) is not None:
            self._deliver(push)

    def _deliver(self, push: Push) -> None:
        answer = self._post(push)
        with self._world.lock:
            push.attempts.append(answer)
            push.left = 0 if answer == "success" else push.left - 1
            self._world.changed()
        if push.left > 0:
            again = threading.Timer(self._pause_s, self._world.outbox.put, (push,))
            again.daemon = True
            again.start()
        elif answer != "success":
            log.warning("push given up push_id=%s answers=%s", push.push_id, push.attempts)

    def _post(self, push: Push) -> str:
        settings = self._world.memory.push
        query, body = envelope(push.message, settings, push.appid)
        kind = "application/json" if settings.form == "json" else "text/xml"
        try:
            url = settings.url.replace("{appid}", push.appid)
            answer = self._http.post(url, params=query, content=body, headers={"Content-Type": kind})
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            return type(exc).__name__
        fine = answer.is_success and answer.text.strip() in ("", "success")
        return "success" if fine else f"HTTP {answer.status_code}"


def check_url(settings: PushSettings) -> str:
    """What the console does when the address is saved: empty when the product echoes, else what went wrong."""
    timestamp, nonce, echo = str(now_ms() // 1000), str(secrets.randbelow(10**10)), str(secrets.randbelow(10**19))
    query = {
        "signature": sign(settings.token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "echostr": echo,
    }
    try:
        answer = httpx.get(settings.url, params=query, timeout=ANSWER_S, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        return f"请求 URL 失败 / the URL cannot be reached: {type(exc).__name__}"
    if answer.text != echo:
        return f"token 校验失败 / the answer is not echostr: HTTP {answer.status_code}"
    return ""
