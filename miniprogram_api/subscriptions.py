"""«提醒我»: a guest allows one more message about an album."""

from __future__ import annotations

import logging

from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend import security, subscriptions
from backend.context import Stage
from backend.errors import Unauthorized
from backend.http import answer, calling_guest, stage
from backend.models import Guest
from backend.openapi import endpoint
from backend.wechat import WeChatFailed
from miniprogram_api.session import readable
from miniprogram_api.shapes import Left, SubscriptionRequest

log = logging.getLogger(__name__)
bp = Blueprint("guest_subscriptions", __name__, url_prefix="/mp/v1")


@bp.post("/subscriptions")
@endpoint(json=SubscriptionRequest, answers={200: Left})
def subscribe(json: SubscriptionRequest) -> ResponseReturnValue:
    """`results` as wx.requestSubscribeMessage gave them; without it the tap itself counts as one «accept»."""
    caller = calling_guest()
    if caller is None:
        raise Unauthorized
    at = stage()
    security.allow(at.redis, f"subscribe:{caller}", limit=30, window_s=60)
    template_id = json.template_id or at.settings.wechat_template_id
    accepted = 1 if json.results is None else int(str(json.results.get(template_id, "")).startswith("accept"))
    if json.results is None:
        _pass_on(at, caller, template_id)
    with at.db.writing() as tx:
        readable(tx, json.album_id)
        left = subscriptions.allow(tx, caller, json.album_id, template_id, accepted=accepted)
    return answer({"left": left})


def _pass_on(at: Stage, guest_id: str, template_id: str) -> None:
    """No dialog of WeChat's was shown; where there is a WeChat without phones, it is told."""
    with at.db.reading() as tx:
        guest = tx.get_one(Guest, guest_id)
    if guest.appid == at.wechat.appid:
        try:
            at.wechat.tapped(guest.openid, template_id)
        except WeChatFailed as exc:
            log.warning("tap not passed on guest=%s errcode=%s", guest_id, exc.errcode)
