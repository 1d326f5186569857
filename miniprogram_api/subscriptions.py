"""«提醒我»: a guest allows one more message about an album."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend import security, subscriptions
from backend.errors import Unauthorized
from backend.http import answer, calling_guest, stage
from backend.openapi import endpoint
from miniprogram_api.session import readable
from miniprogram_api.shapes import Left, SubscriptionRequest

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
    with at.db.writing() as tx:
        readable(tx, json.album_id)
        left = subscriptions.allow(tx, caller, json.album_id, template_id, accepted=accepted)
    return answer({"left": left})
