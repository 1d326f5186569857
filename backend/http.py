"""Flask glue shared by every blueprint: finding the stage, checked JSON in, errors out, who is asking."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import orjson
from flask import Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from backend import accounts
from backend.context import Stage
from backend.errors import PUBLIC, AppError, BadInput, NotFound, Refused, TooLarge, TooMany, Unauthorized
from backend.models import Bridge
from backend.usage import Rooms

log = logging.getLogger(__name__)
M = TypeVar("M", bound=BaseModel)
P = ParamSpec("P")
MEMBER_COOKIE = "kuaimen_member"
_BY_STATUS: dict[int, type[AppError]] = {401: Unauthorized, 403: Refused, 404: NotFound, 413: TooLarge, 429: TooMany}


def stage() -> Stage:
    """The stage of the running app."""
    found: Stage = current_app.extensions["stage"]
    return found


def demand_room(organization_id: str) -> None:
    """Raises OverQuota, after which a bridge keeps its photos and tries again."""
    rooms: Rooms = current_app.extensions["rooms"]
    rooms.demand(organization_id)


def body(kind: type[M]) -> M:
    """The request's JSON as `kind`. Raises BadInput naming every wrong field."""
    said = request.get_json(silent=True)
    if not isinstance(said, dict):
        raise BadInput("the body is not a JSON object")
    return checked(kind, said)


def query(kind: type[M]) -> M:
    """The query string as `kind`. Raises BadInput naming every wrong field."""
    return checked(kind, request.args.to_dict())


def checked(kind: type[M], said: dict[str, Any]) -> M:
    try:
        return kind.model_validate(said)
    except ValidationError as exc:
        raise BadInput(wrong_fields(exc)) from None


def wrong_fields(exc: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors())


def answer(value: object, status: int = 200) -> Response:
    """`value` as JSON; nothing of it may be kept by a cache on the way."""
    return Response(
        orjson.dumps(value), status, content_type="application/json", headers={"Cache-Control": "private, no-store"}
    )


def language() -> str:
    """`zh` or `en`: the `lang` cookie the page set, else what the browser prefers."""
    chosen = request.cookies.get("lang")
    if chosen in ("zh", "en"):
        return chosen
    return request.accept_languages.best_match(("zh", "en"), "zh") or "zh"


def bearer() -> str | None:
    """The token the caller shows, or None. Browsers' EventSource cannot set headers, so `?token=` counts too."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and token.strip():
        return token.strip()
    return request.args.get("token") or None


def calling_bridge() -> Bridge:
    """Raises Unauthorized."""
    token = bearer()
    if token is None:
        raise Unauthorized(code="bad_token")
    with stage().db.reading() as tx:
        return accounts.bridge(tx, token)


def calling_guest() -> str | None:
    """The guest's id, or None for somebody without a token. Raises Unauthorized for a token that is not valid."""
    token = bearer()
    return None if token is None else stage().signer.read("guest", token).subject


def calling_member() -> accounts.Who:
    """Raises Unauthorized. A cookie counts for writing only together with the header a foreign page cannot set."""
    token = bearer()
    if token is None:
        token = request.cookies.get(MEMBER_COOKIE)
        if token and request.method not in ("GET", "HEAD") and request.headers.get("X-Requested-With") != "kuaimen":
            raise Refused("cross-site request")
    if not token:
        raise Unauthorized
    if token.startswith(accounts.KEY_START):
        return _key_holder(token)
    claims = stage().signer.read("member", token)
    with stage().db.reading() as tx:
        return accounts.member(tx, claims.subject, claims.epoch)


def _key_holder(token: str) -> accounts.Who:
    """Raises Unauthorized."""
    with stage().db.reading() as tx:
        who, seldom = accounts.key_holder(tx, token)
    if seldom:
        with stage().db.writing() as tx:
            accounts.key_used(tx, who.member_id)
    return who


def needs(
    right: str, *, whole: bool = False
) -> Callable[[Callable[Concatenate[accounts.Who, P], ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Hands the view who is asking, first of all: role before anything is read. `whole`: not for one event's crew.

    The right stays on the view, so that the matrix test can ask the app which endpoint needs what.
    """
    demand = accounts.demand_whole if whole else accounts.demand

    def decorate(
        view: Callable[Concatenate[accounts.Who, P], ResponseReturnValue],
    ) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def called(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            who = calling_member()
            demand(who, right)
            return view(who, *args, **kwargs)

        called.right = right  # type: ignore[attr-defined]
        return called

    return decorate


def show_errors(app: Flask) -> None:
    """One shape for every error; what is unexpected is logged here, once, with its traceback."""

    @app.errorhandler(AppError)
    def _known(exc: AppError) -> ResponseReturnValue:
        log.info("refused method=%s path=%s code=%s detail=%s", request.method, request.path, exc.code, exc.detail)
        return shaped(exc)

    @app.errorhandler(HTTPException)
    def _http(exc: HTTPException) -> ResponseReturnValue:
        if isinstance(exc, RequestEntityTooLarge):
            return shaped(TooLarge())
        known = _BY_STATUS.get(exc.code or 500)
        if known is None:
            return answer({"code": "bad_input", "message": exc.name}, exc.code or 500)
        return shaped(known())

    @app.errorhandler(Exception)
    def _unknown(exc: Exception) -> ResponseReturnValue:
        log.error("failed method=%s path=%s", request.method, request.path, exc_info=exc)
        zh, en = PUBLIC["error"]
        return answer({"code": "error", "message": en if language() == "en" else zh}, 500)


def shaped(exc: AppError) -> Response:
    said: dict[str, object] = {"code": exc.code, "message": exc.public(language())}
    if exc.status in (422, 507) and exc.detail and exc.detail != exc.code:
        said["detail"] = exc.detail
    found = answer(said | getattr(g, "error_extra", {}), exc.status)
    if exc.status in (429, 507):
        found.headers["Retry-After"] = "10" if exc.status == 429 else "30"
    return found
