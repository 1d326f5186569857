"""Ask a moderator about photos; what comes later by push is applied where it arrives (`miniprogram_api.push`)."""

from __future__ import annotations

import logging

from backend import checking, moderation, typed
from backend.context import Stage
from backend.jobs import CheckPhoto, CheckWords
from backend.models import Guest, Photo, Report
from backend.wechat import WeChatFailed

log = logging.getLogger(__name__)
URL_TTL_S = 2 * 3600  # WeChat fetches the picture within half an hour, and again if asked again


def photo(stage: Stage, job: CheckPhoto) -> None:
    """Ask outside any transaction; a crash asks again after a minute."""
    with stage.db.writing() as tx:
        found = tx.get(Photo, job.photo_id)
        appid = typed.appid(stage, found.organization_id) if found else stage.wechat.appid
        question = checking.begin(tx, job.photo_id, appid)
    if question is None:
        return
    url = stage.store.url(question.key, ttl=URL_TTL_S)
    try:
        verdict = typed.moderator(stage, appid).photo(url, question.openids)
    except WeChatFailed as exc:
        log.warning("not checked photo=%s errcode=%s permanent=%s", job.photo_id, exc.errcode, exc.permanent)
        wait_ms = max(exc.retry_after * 1000, checking.AGAIN_MS)
        tries = 0 if exc.permanent else checking.UNSEEN_TRIES
        with stage.db.writing() as tx:
            checking.later(tx, job.photo_id, wait_ms=wait_ms, reason=f"errcode {exc.errcode}", tries=tries)
        return
    with stage.db.writing() as tx:
        checking.answered(tx, question, verdict)


def words(stage: Stage, job: CheckWords) -> None:
    """What a guest typed about a photo. Risky words are taken out of the queue; the request itself stands."""
    with stage.db.reading() as tx:
        found = tx.get(Report, job.report_id)
        guest = tx.get(Guest, found.guest_id) if found else None
    if found is None or guest is None or not found.words:
        return
    openid = guest.openid if guest.appid == typed.appid(stage, found.organization_id) else ""
    if typed.risky(stage, found.organization_id, found.words, openid=openid):
        with stage.db.writing() as tx:
            moderation.drop_words(tx, job.report_id)
