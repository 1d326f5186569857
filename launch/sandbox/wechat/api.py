"""The real API's paths: parse, break on purpose if told to, check the token, answer in WeChat's way."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from flask import Blueprint, Response, request

from launch.sandbox.wechat import accounts, checks, codes, guests, messages
from launch.sandbox.wechat.asking import Ask, Picture, Refusal
from launch.sandbox.wechat.memory import App, Fault, World

Answer = dict[str, Any] | Picture
SECRET_NAMES: Final = frozenset({"access_token", "secret", "js_code", "session_key", "signature"})
DAILY_LIMIT: Final = 10_000_000

OPEN: Final[dict[str, tuple[str, Callable[[World, Ask], Answer]]]] = {  # without a token
    "/cgi-bin/stable_token": ("POST", accounts.stable_token),
    "/cgi-bin/token": ("GET", accounts.classic_token),
    "/sns/jscode2session": ("GET", guests.code_to_session),
}


def quota(world: World, _app: App, ask: Ask) -> Answer:
    path = ask.text("cgi_path")
    if path not in GUARDED:
        raise Refusal(76021, "cgi_path not found")
    used = world.memory.usage.get(path, 0)
    return {"quota": {"daily_limit": DAILY_LIMIT, "used": used, "remain": DAILY_LIMIT - used}}


def clear_quota(world: World, app: App, ask: Ask) -> Answer:
    if ask.body.get("appid") != app.appid:
        raise Refusal(40013, "invalid appid")
    world.memory.faults = [f for f in world.memory.faults if f.errcode != 45009]
    return {}


def find_rid(world: World, _app: App, ask: Ask) -> Answer:
    rid = ask.text("rid")
    found = next((call for call in world.calls if call["rid"] == rid), None)
    if found is None:
        raise Refusal(76001, "rid not found")
    return {
        "request": {
            "invoke_time": found["at"] // 1000,
            "cost_in_ms": found["ms"],
            "request_url": found["path"],
            "request_body": json.dumps(found["body"], ensure_ascii=False),
            "response_body": json.dumps({"errcode": found["errcode"]}),
            "client_ip": found["address"],
        }
    }


GUARDED: Final[dict[str, tuple[str, Callable[[World, App, Ask], Answer]]]] = {
    "/wxa/getwxacodeunlimit": ("POST", codes.unlimited_code),
    "/wxa/generatescheme": ("POST", codes.scheme),
    "/wxa/generate_urllink": ("POST", codes.url_link),
    "/cgi-bin/message/subscribe/send": ("POST", messages.send),
    "/wxaapi/newtmpl/gettemplate": ("GET", messages.get_templates),
    "/wxaapi/newtmpl/addtemplate": ("POST", messages.add_template),
    "/wxaapi/newtmpl/deltemplate": ("POST", messages.delete_template),
    "/wxaapi/newtmpl/getcategory": ("GET", messages.get_category),
    "/wxaapi/newtmpl/getpubtemplatetitles": ("GET", messages.public_titles),
    "/wxaapi/newtmpl/getpubtemplatekeywords": ("GET", messages.public_keywords),
    "/wxa/msg_sec_check": ("POST", checks.check_text),
    "/wxa/media_check_async": ("POST", checks.check_media),
    "/wxa/getuserriskrank": ("POST", guests.risk_rank),
    "/wxa/business/getuserphonenumber": ("POST", guests.phone_number),
    "/wxa/checksession": ("GET", guests.check_session),
    "/cgi-bin/openapi/quota/get": ("POST", quota),
    "/cgi-bin/openapi/rid/get": ("POST", find_rid),
    "/cgi-bin/clear_quota": ("POST", clear_quota),
}
UNLOCKED: Final = frozenset({"/cgi-bin/message/subscribe/send", "/wxa/getwxacodeunlimit"})  # slow: lock for themselves


def blueprint(world: World) -> Blueprint:
    api = Blueprint("wechat_api", __name__)

    def serve() -> Response:
        return _serve(world)

    for path in (*OPEN, *GUARDED):
        api.add_url_rule(path, path.replace("/", "_").lstrip("_"), serve, methods=["GET", "POST"])
    return api


def _serve(world: World) -> Response:
    started = time.monotonic()
    rid = f"{uuid.uuid4().hex[:8]}-{uuid.uuid4().hex[:8]}-{uuid.uuid4().hex[:8]}"
    ask = Ask(request.path, request.args.to_dict(), request.remote_addr or "", rid)
    fault = _due_fault(world, ask.path)
    if fault and fault.delay_s:
        time.sleep(fault.delay_s)
    answer: Answer | Refusal
    try:
        answer = Refusal(0, "") if fault and not fault.after and _breaks(fault) else _answer(world, ask)
    except Refusal as exc:
        answer = exc
    response = _broken(fault, rid) if fault and _breaks(fault) else _response(answer, rid)
    errcode = fault.errcode or 0 if fault and _breaks(fault) else answer.errcode if isinstance(answer, Refusal) else 0
    _remember(world, ask, response.status_code, errcode, int((time.monotonic() - started) * 1000))
    return response


def _answer(world: World, ask: Ask) -> Answer:
    method = OPEN[ask.path][0] if ask.path in OPEN else GUARDED[ask.path][0]
    if request.method != method:
        raise Refusal(43002 if method == "POST" else 43001, f"require {method} method")
    if method == "POST":
        ask.body = _body()
    if ask.path in OPEN:
        with world.lock:
            return OPEN[ask.path][1](world, ask)
    handler = GUARDED[ask.path][1]
    with world.lock:
        app = accounts.app_by_token(world, ask.query.get("access_token"))
        if ask.path not in UNLOCKED:
            return handler(world, app, ask)
    return handler(world, app, ask)


def _body() -> dict[str, Any]:
    raw = request.get_data()
    if not raw:
        raise Refusal(44002, "empty post data")
    try:
        found = json.loads(raw.decode("utf-8"))
    except ValueError:
        raise Refusal(47001, "data format error") from None
    if not isinstance(found, dict):
        raise Refusal(47001, "data format error")
    return found


def _response(answer: Answer | Refusal, rid: str) -> Response:
    if isinstance(answer, Picture):
        return Response(answer.content, content_type=answer.content_type)
    if isinstance(answer, Refusal):
        found: dict[str, Any] = {"errcode": answer.errcode, "errmsg": f"{answer.errmsg} rid: {rid}"}
    else:
        bare = any(name in answer for name in ("access_token", "session_key"))
        found = answer if bare else {"errcode": 0, "errmsg": "ok", **answer}
    return Response(json.dumps(found, ensure_ascii=False), content_type="application/json; encoding=utf-8")


def _due_fault(world: World, path: str) -> Fault | None:
    """The first injected fault whose turn it is; used up ones are dropped."""
    with world.lock:
        for fault in world.memory.faults:
            if fault.path not in path:
                continue
            fault.seen += 1
            if fault.seen % fault.every:
                continue
            if fault.times and fault.seen // fault.every >= fault.times:
                world.memory.faults.remove(fault)
            world.changed()
            return fault
    return None


def _breaks(fault: Fault) -> bool:
    """Whether the answer changes, not only its moment."""
    return fault.errcode is not None or bool(fault.http) or fault.garbled


def _broken(fault: Fault, rid: str) -> Response:
    if fault.http:
        return Response("<html>Bad Gateway</html>", status=fault.http, content_type="text/html")
    if fault.garbled:
        return Response("<html>not what you expected", content_type="text/html")
    return _response(Refusal(fault.errcode or 0, fault.errmsg), rid)


def _remember(world: World, ask: Ask, status: int, errcode: int, ms: int) -> None:
    query = {name: "***" if name in SECRET_NAMES else value for name, value in ask.query.items()}
    body = {name: "***" if name in SECRET_NAMES else value for name, value in ask.body.items()}
    with world.lock:
        world.memory.usage[ask.path] = world.memory.usage.get(ask.path, 0) + 1
        world.calls.append(
            {
                "at": world.now(),
                "rid": ask.rid,
                "path": ask.path,
                "method": request.method,
                "query": query,
                "body": body,
                "content_type": request.content_type,
                "raw": request.get_data().decode("utf-8", "replace")[:2000] if ask.path not in OPEN else "",
                "status": status,
                "errcode": errcode,
                "ms": ms,
                "address": ask.address,
            }
        )
        world.changed()


def shown_faults(world: World) -> list[dict[str, Any]]:
    return [asdict(fault) for fault in world.memory.faults]
