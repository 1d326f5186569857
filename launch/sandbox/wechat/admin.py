"""The sandbox's own door: be a user, answer the question, move the clock, break things, look.

Everything that changes something is a POST with a JSON body, so that no page of another site can do it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields, replace
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request
from pydantic import TypeAdapter, ValidationError

from launch.sandbox.wechat.api import shown_faults
from launch.sandbox.wechat.asking import Refusal
from launch.sandbox.wechat.guests import issue_code, known, user_named
from launch.sandbox.wechat.memory import App, Fault, PushSettings, World
from launch.sandbox.wechat.push import check_url, post, push_event

Body = dict[str, Any]
SWITCHES: Final = ("send_ms", "media_ms", "media_suggest", "media_fetch", "h5")
APP_SWITCHES: Final = ("whitelist", "pages", "personal", "secret")
USER_SWITCHES: Final = ("risky", "risk_rank", "phone", "seen_at")
SHOWN_MESSAGES: Final = 200
SHOWN_USERS: Final = 24
_FAULT: Final = TypeAdapter(Fault)
_PUSH: Final = TypeAdapter(PushSettings)


def blueprint(world: World) -> Blueprint:
    admin = Blueprint("wechat_sandbox_admin", __name__, url_prefix="/_sandbox")
    for path, act in ACTIONS.items():
        admin.add_url_rule(f"/{path}", path, _acting(world, act), methods=["POST"])

    @admin.get("/messages")
    def messages() -> Response:
        app = _app(world, request.args.to_dict())
        wanted = request.args.get("openid")
        limit = request.args.get("limit", SHOWN_MESSAGES, int)
        with world.lock:
            found = [m for m in app.messages if wanted in (None, m.openid)]
            return jsonify(count=len(found), messages=[asdict(m) for m in found[-limit:]] if limit > 0 else [])

    @admin.get("/state")
    def state() -> Response:
        with world.lock:
            return jsonify(_shown(world, _app(world, request.args.to_dict())))

    return admin


def _acting(world: World, act: Callable[[World, App, Body], Body]) -> Callable[[], tuple[Response, int]]:
    def view() -> tuple[Response, int]:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            return jsonify(error="发送 JSON 对象 / send a JSON object (Content-Type: application/json)"), 400
        try:
            with world.lock:
                answer = act(world, _app(world, body), body)
        except Refusal as exc:
            return jsonify(error=f"{exc.errcode} {exc.errmsg}"), 400
        except ValidationError as exc:
            return jsonify(error="; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors())), 400
        world.changed()
        return jsonify(answer), 200

    return view


def _app(world: World, given: Body) -> App:
    """The app named in the request, else the first."""
    appid = given.get("appid") or next(iter(world.memory.apps))
    if appid not in world.memory.apps:
        raise Refusal(40013, f"no app {appid}; add it with POST /_sandbox/app")
    return world.memory.apps[str(appid)]


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(40097, f"{name} is missing")
    return value.strip()


def login(world: World, app: App, body: Body) -> Body:
    """Enter the mini-program as somebody: what `wx.login` gives."""
    user = user_named(world, app, _text(body, "name")[:40])
    return {"openid": user.openid, "code": issue_code(world, app, user), "expires_in": 300}


def visit(world: World, app: App, body: Body) -> Body:
    """The user is in the mini-program now, without a new login."""
    known(app, body.get("openid")).seen_at = world.now()
    return {}


def phone(world: World, app: App, body: Body) -> Body:
    """Tap the phone number button."""
    return {"code": issue_code(world, app, known(app, body.get("openid")), "phone")}


def accept(world: World, app: App, body: Body) -> Body:
    """Answer «允许» `n` times: one credit and one push each."""
    openid, template_ids = _answered(app, body)
    times = int(body.get("n", 1))
    mine = app.credits.setdefault(openid, {})
    for _ in range(max(times, 0)):
        for template_id in template_ids:
            mine[template_id] = mine.get(template_id, 0) + 1
        _popup(world, app, openid, template_ids, "accept")
    return {"credits": mine}


def refuse(world: World, app: App, body: Body) -> Body:
    """Answer «取消»; with `always` switch the messages off in the settings, which voids the credits."""
    openid, template_ids = _answered(app, body)
    if body.get("always"):
        for template_id in template_ids:
            app.credits.setdefault(openid, {})[template_id] = 0
        items = [{"TemplateId": t, "SubscribeStatusString": "reject"} for t in template_ids]
        push_event(world, app, openid, "subscribe_msg_change_event", items)
    else:
        _popup(world, app, openid, template_ids, "reject")
    return {"credits": app.credits.get(openid, {})}


def _answered(app: App, body: Body) -> tuple[str, list[str]]:
    openid = known(app, body.get("openid")).openid
    one = body.get("template_id") or app.templates[0].template_id
    template_ids = [str(t) for t in body.get("template_ids") or [one]]
    unknown = [t for t in template_ids if t not in {known.template_id for known in app.templates}]
    if unknown:
        raise Refusal(20001, f"no template {', '.join(unknown)}")
    return openid, template_ids


def _popup(world: World, app: App, openid: str, template_ids: list[str], answer: str) -> None:
    items = [{"TemplateId": t, "SubscribeStatusString": answer, "PopupScene": "0"} for t in template_ids]
    push_event(world, app, openid, "subscribe_msg_popup_event", items)


def advance(world: World, _app: App, body: Body) -> Body:
    """Move the sandbox's clock: tokens age, users have been away."""
    world.memory.ahead_ms += int(float(body.get("seconds", 0)) * 1000)
    return {"ahead_s": world.memory.ahead_ms // 1000}


def inject(world: World, _app: App, body: Body) -> Body:
    """Break calls: see `Fault`. `{"clear": true}` mends everything."""
    if body.get("clear"):
        world.memory.faults.clear()
    else:
        given = {name: value for name, value in body.items() if name != "appid"}
        world.memory.faults.append(
            _FAULT.validate_python(given | {"seen": 0, "every": max(int(body.get("every", 1)), 1)})
        )
    return {"faults": shown_faults(world)}


def switch(world: World, app: App, body: Body) -> Body:
    """Set what belongs to the world, an app, or (with `openid`) a user; ban or free a template."""
    _set(world.memory, SWITCHES, body)
    _set(app, APP_SWITCHES, body)
    if "openid" in body:
        _set(known(app, body["openid"]), USER_SWITCHES, body)
    for template in app.templates:
        if template.template_id == body.get("template_id"):
            template.banned = bool(body.get("banned"))
    return {}


def _set(target: object, names: tuple[str, ...], body: Body) -> None:
    """Set the given fields, of the types they have."""
    for name in names:
        if name not in body:
            continue
        before, after = getattr(target, name), body[name]
        fits = isinstance(after, list | None) if name == "whitelist" else isinstance(after, type(before))
        if not fits:
            raise Refusal(40097, f"{name} must be like {before!r}")
        setattr(target, name, after)


def redeliver(world: World, _app: App, body: Body) -> Body:
    """Send a push again (the last one unless `push_id`), as WeChat does when it believes it lost."""
    pushes = world.memory.pushes
    wanted = body.get("push_id")
    found = next((p for p in reversed(pushes) if wanted in (None, p.push_id)), None)
    if found is None:
        raise Refusal(40097, "no such push")
    if not world.memory.push.url:
        raise Refusal(40097, 'no push URL is configured: POST /_sandbox/push {"url": …}')
    post(world, found)
    return {"push_id": found.push_id}


def push(world: World, _app: App, body: Body) -> Body:
    """Configure the push as in the console; with `check` the address must echo first."""
    given = {f.name: body[f.name] for f in fields(PushSettings) if f.name in body}
    settings = _PUSH.validate_python(asdict(replace(world.memory.push, **given)))
    if settings.mode not in ("plain", "safe") or settings.form not in ("json", "xml"):
        raise Refusal(40097, "mode is plain or safe, form is json or xml")
    if body.get("check") and (trouble := check_url(settings)):
        raise Refusal(40097, trouble)
    world.memory.push = settings
    return {"url": settings.url, "mode": settings.mode, "form": settings.form}


def app(world: World, _app: App, body: Body) -> Body:
    """A second mini-program in the same installation."""
    return {"appid": world.app(_text(body, "new_appid"), _text(body, "secret")).appid}


def reset(world: World, app: App, _body: Body) -> Body:
    """Forget users, credits, messages and faults; keep apps and settings."""
    app.users.clear()
    app.codes.clear()
    app.credits.clear()
    app.messages.clear()
    app.used_codes.clear()
    world.memory.pushes.clear()
    world.memory.faults.clear()
    world.memory.ahead_ms = 0
    return {}


ACTIONS: Final[dict[str, Callable[[World, App, Body], Body]]] = {
    "login": login,
    "visit": visit,
    "phone": phone,
    "accept": accept,
    "refuse": refuse,
    "advance": advance,
    "inject": inject,
    "switch": switch,
    "redeliver": redeliver,
    "push": push,
    "app": app,
    "reset": reset,
}


def _shown(world: World, app: App) -> Body:
    """Everything the page draws: the users seen last, with what they received."""
    state = world.memory
    users = sorted(app.users.values(), key=lambda u: -u.seen_at)[:SHOWN_USERS]
    openids = {u.openid for u in users}
    return {
        "appid": app.appid,
        "now": world.now(),
        "ahead_s": state.ahead_ms // 1000,
        "user_count": len(app.users),
        "users": [{"name": u.name, "openid": u.openid, "seen_at": u.seen_at, "risky": u.risky} for u in users],
        "credits": {openid: left for openid, left in app.credits.items() if openid in openids},
        "templates": [{"template_id": t.template_id, "title": t.title, "banned": t.banned} for t in app.templates],
        "message_count": len(app.messages),
        "messages": [asdict(m) for m in app.messages if m.openid in openids][-SHOWN_MESSAGES:],
        "faults": shown_faults(world),
        "push": {"url": state.push.url, "mode": state.push.mode, "form": state.push.form},
        "pushes": [asdict(p) for p in state.pushes[-30:]],
        "calls": list(world.calls)[-40:],
        "links": [{"url": url, "page": link.page, "made_at": link.made_at} for url, link in app.links.items()][-10:],
        "media_suggest": state.media_suggest,
        "send_ms": state.send_ms,
    }
