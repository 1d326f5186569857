"""WeChat tells us something: verified, kept, answered within 5 s; a worker applies it (`workers.pushes`)."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from backend import pushes
from backend.config import Settings
from backend.http import stage
from backend.wechat.opening import push_keys, settings_of
from backend.wechat.push import echo, verify

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
        pushes.keep(tx, appid or at.wechat.appid, found)
    return Response("success", content_type="text/plain")


def _settings(appid: str) -> Settings:
    """Raises BadInput for a mini-program that is not ours."""
    settings = stage().settings
    return settings_of(settings, appid) if appid else settings
