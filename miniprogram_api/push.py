"""WeChat tells us something: verified, applied, answered within 5 s."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from backend import checking, deliveries, subscriptions
from backend.config import Settings
from backend.db import Tx
from backend.http import stage
from backend.wechat import Suggest, Verdict
from backend.wechat.opening import push_keys, settings_of
from backend.wechat.push import PushEvent, PushKind, echo, verify

bp = Blueprint("guest_push", __name__, url_prefix="/mp/v1/wechat")


@bp.get("/push")
@bp.get("/push/<appid>")
def check_url(appid: str = "") -> ResponseReturnValue:
    """The console's verification when the URL is entered there."""
    return Response(echo(request.args, push_keys(_settings(appid))), content_type="text/plain")


@bp.post("/push")
@bp.post("/push/<appid>")
def receive(appid: str = "") -> ResponseReturnValue:
    """«success» also for what we do not use: anything else makes WeChat repeat it three times."""
    at = stage()
    found = verify(request.args, request.get_data(), push_keys(_settings(appid)))
    with at.db.writing() as tx:
        for one in found:
            _apply(tx, appid or at.wechat.appid, one)
    return Response("success", content_type="text/plain")


def _settings(appid: str) -> Settings:
    """Raises BadInput for a mini-program that is not ours."""
    settings = stage().settings
    return settings_of(settings, appid) if appid else settings


def _apply(tx: Tx, appid: str, one: PushEvent) -> None:
    """Each is idempotent, so an event that WeChat repeats changes nothing. A few indexed rows: well within 5 s."""
    if one.kind is PushKind.POPUP and one.accepted:
        subscriptions.told_by_push(tx, appid, one.openid, one.template_id, one.made_at, one.key)
    elif one.kind is PushKind.CHANGE and not one.accepted:
        subscriptions.void_openid(tx, appid, one.openid, one.template_id)
    elif one.kind is PushKind.SENT:
        deliveries.arrived(tx, appid, one.openid, one.template_id, one.msgid, one.errcode)
    elif one.kind is PushKind.MEDIA_CHECKED:
        checking.heard(tx, one.trace_id, Verdict(one.suggest or Suggest.REVIEW, one.label), one.errcode)
