"""Content checks, version 2: text at once, photos by push after a while."""

from __future__ import annotations

import threading
from typing import Any, Final

import httpx

from launch.sandbox.wechat.asking import Ask, Refusal
from launch.sandbox.wechat.guests import known, seen_lately
from launch.sandbox.wechat.memory import App, User, World
from launch.sandbox.wechat.push import push_event

WORDS: Final = {  # word: (suggest, label)
    "违规": ("risky", 20001),
    "色情": ("risky", 20002),
    "risky": ("risky", 20002),
    "加微信": ("review", 10001),
    "review": ("review", 10001),
}
NORMAL: Final = 100
MEDIA_LABELS: Final = {"pass": 100, "review": 20002, "risky": 20002}
MOST_BYTES: Final = 10 * 1024 * 1024
FETCH_S: Final = 10


def check_text(world: World, app: App, ask: Ask) -> dict[str, Any]:
    _guest(world, app, ask)
    content = ask.text("content")
    if len(content) > 2500:
        raise Refusal(40097, "invalid args, content too long")
    texts = " ".join(str(ask.body.get(name, "")) for name in ("content", "title", "nickname", "signature"))
    suggest, label = next((verdict for word, verdict in WORDS.items() if word in texts), ("pass", NORMAL))
    detail = [{"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}]
    return {"trace_id": ask.rid, "result": {"suggest": suggest, "label": label}, "detail": detail}


def check_media(world: World, app: App, ask: Ask) -> dict[str, Any]:
    user = _guest(world, app, ask)
    if ask.body.get("media_type") not in (1, 2):
        raise Refusal(40004, "invalid media type")
    url = ask.text("media_url")
    timer = threading.Timer(world.memory.media_ms / 1000, _judge, (world, app, user.openid, url, ask.rid))
    timer.daemon = True
    timer.start()
    return {"trace_id": ask.rid}


def _guest(world: World, app: App, ask: Ask) -> User:
    if ask.body.get("version") != 2:
        raise Refusal(87014, "risky content")  # what version 1 answers to ours; it is not updated since 2021
    if ask.body.get("scene") not in (1, 2, 3, 4):
        raise Refusal(40129, "invalid scene")
    openid = ask.body.get("openid")
    if any(openid in other.users for other in world.memory.apps.values() if other is not app):
        raise Refusal(43104, "appid not match with openid")
    user = known(app, openid)
    seen_lately(world, user)
    return user


def _judge(world: World, app: App, openid: str, url: str, trace_id: str) -> None:
    failure = _fetch_failure(url) if world.memory.media_fetch else ""
    suggest = world.memory.media_suggest
    label = MEDIA_LABELS.get(suggest, 21000)
    item: dict[str, Any] = {"appid": app.appid, "trace_id": trace_id, "version": 2, "isrisky": int(suggest == "risky")}
    if failure:
        item |= {"errcode": -1008, "errmsg": failure}
    else:
        detail = [{"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}]
        item |= {"errcode": 0, "errmsg": "ok", "result": {"suggest": suggest, "label": label}, "detail": detail}
    push_event(world, app, openid, "wxa_media_check", [item])


def _fetch_failure(url: str) -> str:
    """Why WeChat could not have the photo; empty when it could."""
    try:
        with httpx.stream("GET", url, timeout=FETCH_S, trust_env=False) as answer:
            answer.raise_for_status()
            got = 0
            for block in answer.iter_bytes():
                got += len(block)
                if got > MOST_BYTES:
                    return "file size too large"
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        return f"download failed: {type(exc).__name__}"
    return "" if got else "empty file"
