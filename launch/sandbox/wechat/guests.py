"""Users: login codes, session keys, phone numbers, risk."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from typing import Any, Final

from launch.sandbox.wechat.accounts import app_of
from launch.sandbox.wechat.asking import Ask, Refusal
from launch.sandbox.wechat.memory import App, Code, User, World

CODE_MS: Final = 300_000
LOGINS_A_MINUTE: Final = 100
SEEN_MS: Final = 2 * 3_600_000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_DEV = re.compile(r"dev:([^:]{1,40})(?::.*)?", re.DOTALL)
_DEV_PHONE = re.compile(r"phone:([0-9]{5,15})(?::.*)?", re.DOTALL)


def user_named(world: World, app: App, name: str) -> User:
    """The user behind a name, made on first sight."""
    openid = f"sandbox_{name}" if _NAME.fullmatch(name) else f"sandbox_{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    if len(world.memory.apps) > 1 and next(iter(world.memory.apps)) != app.appid:
        openid += f"_{app.appid[-4:]}"  # the same person has another openid in another app
    return app.users.setdefault(openid, User(name, openid))


def known(app: App, openid: object) -> User:
    if not isinstance(openid, str) or openid not in app.users:
        raise Refusal(40003, "invalid openid")
    return app.users[openid]


def issue_code(world: World, app: App, user: User, kind: str = "login") -> str:
    """What `wx.login` (or the phone button) hands to the mini-program."""
    code = f"{kind[0]}{secrets.token_urlsafe(24)}"
    app.codes[code] = Code(user.openid, kind, world.now())
    user.seen_at = world.now()
    return code


def code_to_session(world: World, ask: Ask) -> dict[str, Any]:
    app = app_of(world, ask.query.get("appid"), ask.query.get("secret"))
    code = str(ask.query.get("js_code", ""))
    dev = _DEV.fullmatch(code)
    user = user_named(world, app, dev[1]) if dev and code not in app.used_codes else _redeem(world, app, code, "login")
    if dev:
        app.used_codes.append(code)
    now = world.now()
    user.logins = [at for at in user.logins if now - at < 60_000]
    if len(user.logins) >= LOGINS_A_MINUTE:
        raise Refusal(45011, "api minute-quota reach limit  mustslower  retry next minute")
    if user.risky:
        raise Refusal(40226, "code blocked")
    user.logins.append(now)
    user.seen_at = now
    user.session_key = base64.b64encode(secrets.token_bytes(16)).decode()
    return {"session_key": user.session_key, "openid": user.openid}


def _redeem(world: World, app: App, code: str, kind: str) -> User:
    """A code works once, for five minutes, for what it was issued for."""
    found = app.codes.pop(code, None)
    if found is None or found.kind != kind or world.now() - found.made_at > CODE_MS:
        raise Refusal(40029, "invalid code")
    return app.users[found.openid]


def check_session(_world: World, app: App, ask: Ask) -> dict[str, Any]:
    user = known(app, ask.query.get("openid"))
    if ask.query.get("sig_method") != "hmac_sha256":
        raise Refusal(87008, "invalid sig_method")
    wanted = hmac.new(user.session_key.encode(), b"", hashlib.sha256).hexdigest()
    if not user.session_key or not hmac.compare_digest(wanted, str(ask.query.get("signature", ""))):
        raise Refusal(87009, "invalid signature")
    return {}


def phone_number(world: World, app: App, ask: Ask) -> dict[str, Any]:
    code = ask.text("code", 40029)
    dev = _DEV_PHONE.fullmatch(code)
    if dev and code not in app.used_codes:
        app.used_codes.append(code)
        number = dev[1]
    else:
        number = _redeem(world, app, code, "phone").phone
    watermark = {"timestamp": world.now() // 1000, "appid": app.appid}
    return {
        "phone_info": {
            "phoneNumber": number,
            "purePhoneNumber": number,
            "countryCode": "86",
            "watermark": watermark,
        }
    }


def risk_rank(_world: World, app: App, ask: Ask) -> dict[str, Any]:
    if ask.body.get("appid") != app.appid:
        raise Refusal(40013, "invalid appid")
    user = known(app, ask.body.get("openid"))
    ask.text("client_ip")
    return {"risk_rank": user.risk_rank, "unoin_id": int(ask.rid.split("-")[0], 16)}


def seen_lately(world: World, user: User) -> None:
    """Content checks are only for people who are there."""
    if world.now() - user.seen_at > SEEN_MS:
        raise Refusal(61010, "code is expired")
