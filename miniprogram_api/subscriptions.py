"""«提醒我»: a guest allows one more message about an album."""

from __future__ import annotations

import logging

from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend import gate, security, subscriptions
from backend.context import Stage
from backend.errors import Unauthorized
from backend.http import answer, calling_guest, stage
from backend.models import Guest
from backend.openapi import endpoint
from backend.wechat import WeChatFailed
from backend.wechat.opening import settings_of, templates_of
from miniprogram_api.shapes import Left, SubscriptionRequest

log = logging.getLogger(__name__)
bp = Blueprint("guest_subscriptions", __name__, url_prefix="/mp/v1")


@bp.post("/subscriptions")
@endpoint(json=SubscriptionRequest, answers={200: Left})
def subscribe(json: SubscriptionRequest) -> ResponseReturnValue:
    """`results` as wx.requestSubscribeMessage gave them; without it the tap itself counts as one «accept» for each
    template. `template_id`: only that one. `tap`: any name for the tap; said twice it counts once.
    """
    caller = calling_guest()
    if caller is None:
        raise Unauthorized
    at = stage()
    security.allow(at.redis, f"subscribe:{caller}", limit=30, window_s=60)
    with at.db.reading() as tx:
        guest = tx.get_one(Guest, caller)
    asked = templates_of(settings_of(at.settings, guest.appid)).asked if guest.appid in at.others else []
    asked = asked or templates_of(at.settings).asked
    wanted = [json.template_id] if json.template_id else asked
    accepted = [t for t in wanted if json.results is None or str(json.results.get(t, "")).startswith("accept")]
    if json.results is None:
        _pass_on(at, guest, accepted)
    with at.db.writing() as tx:
        gate.enter(tx, json.album_id)
        for template_id in accepted:
            subscriptions.told_by_phone(tx, caller, template_id, tap=json.tap or "")
        subscriptions.want(tx, caller, json.album_id, wanted[0])
        left = sum(subscriptions.left(tx, caller, template_id) for template_id in wanted)
    return answer({"left": left})


def _pass_on(at: Stage, guest: Guest, template_ids: list[str]) -> None:
    """No dialog of WeChat's was shown; where there is a WeChat without phones, it is told."""
    if guest.appid not in at.wechats:
        return
    try:
        for template_id in template_ids:
            at.wechat_of(guest.appid).tapped(guest.openid, template_id)
    except WeChatFailed as exc:
        log.warning("tap not passed on guest=%s errcode=%s", guest.id, exc.errcode)
