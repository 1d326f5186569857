"""Ask a moderator about photos; what comes later by push is applied where it arrives (`miniprogram_api.push`)."""

from __future__ import annotations

import logging

from backend import checking
from backend.checking import Moderator, PeopleOnly, WeChatModerator
from backend.context import Stage
from backend.jobs import CheckPhoto
from backend.models import Photo
from backend.wechat import WeChatFailed
from backend.wechat.opening import appid_of

log = logging.getLogger(__name__)
URL_TTL_S = 2 * 3600  # WeChat fetches the picture within half an hour, and again if asked again


def moderator(stage: Stage, appid: str) -> Moderator:
    """As the settings say."""
    return WeChatModerator(stage.wechat_of(appid)) if stage.settings.moderator == "wechat" else PeopleOnly()


def _appid(stage: Stage, organization_id: str) -> str:
    appid = appid_of(stage.settings, organization_id)
    return appid if appid in stage.others else stage.wechat.appid


def photo(stage: Stage, job: CheckPhoto) -> None:
    """Ask outside any transaction; a crash asks again after a minute."""
    with stage.db.writing() as tx:
        found = tx.get(Photo, job.photo_id)
        appid = _appid(stage, found.organization_id) if found else stage.wechat.appid
        question = checking.begin(tx, job.photo_id, appid)
    if question is None:
        return
    url = stage.store.url(question.key, ttl=URL_TTL_S)
    try:
        verdict = moderator(stage, appid).photo(url, question.openids)
    except WeChatFailed as exc:
        log.warning("not checked photo=%s errcode=%s permanent=%s", job.photo_id, exc.errcode, exc.permanent)
        wait_ms = max(exc.retry_after * 1000, checking.AGAIN_MS)
        tries = 0 if exc.permanent else checking.UNSEEN_TRIES
        with stage.db.writing() as tx:
            checking.later(tx, job.photo_id, wait_ms=wait_ms, reason=f"errcode {exc.errcode}", tries=tries)
        return
    with stage.db.writing() as tx:
        checking.answered(tx, job.photo_id, verdict)
