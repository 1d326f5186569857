"""Words that people type, shown to a moderator before others read them; and which moderator the settings name."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from backend import checking
from backend.checking import Moderator, PeopleOnly, WeChatModerator
from backend.context import Stage
from backend.errors import BadInput
from backend.models import Guest
from backend.wechat import Suggest, TextScene, WeChatFailed
from backend.wechat.opening import appid_of

log = logging.getLogger(__name__)
PIECE: Final = 2400  # characters of one question; WeChat takes 2,500


def appid(at: Stage, organization_id: str) -> str:
    """The mini-program whose guests are asked with."""
    found = appid_of(at.settings, organization_id)
    return found if found in at.others else at.wechat.appid


def moderator(at: Stage, of_appid: str) -> Moderator:
    """As the settings say."""
    return WeChatModerator(at.wechat_of(of_appid)) if at.settings.moderator == "wechat" else PeopleOnly()


def risky(at: Stage, organization_id: str, words: str, *, openid: str = "") -> bool:
    """Whether a moderator says that these words may not be shown. `openid`: who typed them, when that is known.

    No opinion is no objection: nobody was in the mini-program, or WeChat is away. Outside any transaction.
    """
    of_appid = appid(at, organization_id)
    with at.db.reading() as tx:
        openids = checking.witnesses(tx, of_appid, openid)
    ask = moderator(at, of_appid)
    try:
        pieces = (words[n : n + PIECE] for n in range(0, len(words), PIECE))
        return any(ask.text(p, openids, TextScene.SOCIAL_LOG).suggest is Suggest.RISKY for p in pieces if p.strip())
    except WeChatFailed as exc:
        log.warning("words not checked errcode=%s", exc.errcode)
        return False


def risky_of(at: Stage, organization_id: str, guest: Guest, words: str) -> bool:
    """As `risky`, of words this guest typed."""
    own = guest.openid if guest.appid == appid(at, organization_id) else ""
    return risky(at, organization_id, words, openid=own)


def refuse_risky(at: Stage, organization_id: str, words: Iterable[str]) -> None:
    """Raises BadInput `risky_words`: these may not be shown to guests."""
    if risky(at, organization_id, "\n".join(words)):
        raise BadInput("risky words", code="risky_words")
