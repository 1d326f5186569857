"""Who may call: apps, secrets, the IP whitelist, and access tokens that age like the real ones."""

from __future__ import annotations

import re
import secrets
from typing import Any, Final

from launch.sandbox.wechat.asking import Ask, Refusal
from launch.sandbox.wechat.memory import App, Token, World

TOKEN_MS: Final = 7_200_000
OVERLAP_MS: Final = 300_000
FORCE_PAUSE_MS: Final = 30_000
FORCES_A_DAY: Final = 20
DAY_MS: Final = 86_400_000
_SHAPE = re.compile(r"[\w-]{40,512}", re.ASCII)


def app_of(world: World, appid: object, secret: object) -> App:
    app = world.memory.apps.get(str(appid))
    if app is None:
        raise Refusal(40013, "invalid appid")
    if not secrets.compare_digest(str(secret).encode(), app.secret.encode()):
        raise Refusal(40125, "invalid appsecret")
    return app


def app_by_token(world: World, token: str | None) -> App:
    """The app whose token this is."""
    if not token:
        raise Refusal(41001, "access_token missing")
    if not _SHAPE.fullmatch(token):
        raise Refusal(40014, "invalid access_token")
    for app in world.memory.apps.values():
        for known in (*app.stable, *app.classic):
            if known.token == token:
                if known.expires_at <= world.now():
                    raise Refusal(42001, "access_token expired")
                return app
    raise Refusal(
        40001,
        "invalid credential, access_token is invalid or not latest, could get access_token by "
        "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r",
    )


def stable_token(world: World, ask: Ask) -> dict[str, Any]:
    """The same token while it lives; in its last five minutes the next one. `force_refresh` kills it at once."""
    app = _caller(world, ask, ask.body)
    now = world.now()
    if ask.body.get("force_refresh"):
        _count_force(app, now)
        app.stable = []
    alive = [t for t in app.stable if t.expires_at - now > OVERLAP_MS]
    if not alive:
        app.stable = [*app.stable[-3:], _new(now)]
    return _answer(app.stable[-1], now)


def classic_token(world: World, ask: Ask) -> dict[str, Any]:
    """The old endpoint: a new token each time, the previous one lives five minutes more."""
    app = _caller(world, ask, ask.query)
    now = world.now()
    for token in app.classic:
        token.expires_at = min(token.expires_at, now + OVERLAP_MS)
    app.classic = [*app.classic[-3:], _new(now)]
    return _answer(app.classic[-1], now)


def _caller(world: World, ask: Ask, given: dict[str, Any]) -> App:
    if given.get("grant_type") != "client_credential":
        raise Refusal(40002, "invalid grant_type")
    app = app_of(world, given.get("appid"), given.get("secret"))
    if app.whitelist is not None and ask.address not in app.whitelist:
        raise Refusal(40164, f"invalid ip {ask.address} ipv6 ::ffff:{ask.address}, not in whitelist")
    return app


def _count_force(app: App, now: int) -> None:
    app.forced = [at for at in app.forced if now - at < DAY_MS]
    if app.forced and now - app.forced[-1] < FORCE_PAUSE_MS:
        raise Refusal(45011, "api minute-quota reach limit, force_refresh at most every 30 seconds")
    if len(app.forced) >= FORCES_A_DAY:
        raise Refusal(45009, "reach max api daily quota limit, force_refresh")
    app.forced.append(now)


def _new(now: int) -> Token:
    return Token(f"sandbox_{secrets.token_urlsafe(96)}", now + TOKEN_MS)


def _answer(token: Token, now: int) -> dict[str, Any]:
    return {"access_token": token.token, "expires_in": (token.expires_at - now) // 1000}
