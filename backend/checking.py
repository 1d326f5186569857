"""Machines that look at photos and words before, or just after, guests see them.

`Moderator` is one opinion to ask for; WeChat is one provider. It asks for a person who was in the mini-program within
two hours (else 61010), and answers for photos only by a push, or never. So every question has a way out: asked again
once, then a person looks (`backend.moderation.queue`). What an album does meanwhile is its rule: `after` shows it
at once and takes it off again when the answer is bad, `before` keeps it back until the answer is good.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError

from backend import audit, feed
from backend.clock import now_ms
from backend.db import Tx
from backend.jobs import CheckPhoto
from backend.models import (
    Album,
    Check,
    Checking,
    CheckState,
    Guest,
    Photo,
    PhotoState,
    Rendition,
    RenditionKind,
)
from backend.states import move_check
from backend.wechat import Suggest, TextScene, Verdict, WeChat, WeChatFailed

log = logging.getLogger(__name__)

SILENCE_MS: Final = 45 * 60 * 1000  # WeChat promises an answer within 30 minutes
SEEN_MS: Final = 2 * 3600 * 1000 - 5 * 60 * 1000  # WeChat's two hours, and something for clocks
AGAIN_MS: Final = 60 * 1000
LEASE_MS: Final = 60 * 1000
ASKS: Final = 2  # questions without an answer before a person is asked
UNSEEN_TRIES: Final = 5  # minutes to wait for somebody to enter the mini-program
WITNESSES: Final = 3
NO_WITNESS: Final = frozenset({40003, 43104})  # this openid is of another app, or of nobody any more


class Moderator(Protocol):
    """Somebody with an opinion. Raises WeChatFailed. Never called inside a transaction."""

    def photo(self, url: str, openids: Sequence[str]) -> Verdict:
        """`pending` when the answer comes later by its `trace_id`; `review`: a person must look."""

    def text(self, text: str, openids: Sequence[str], scene: TextScene) -> Verdict: ...


class WeChatModerator:
    """msgSecCheck and mediaCheckAsync. `openids`: people who were in the mini-program lately, the likeliest first."""

    def __init__(self, wechat: WeChat) -> None:
        self._wechat = wechat

    def photo(self, url: str, openids: Sequence[str]) -> Verdict:
        return self._first(openids, lambda openid: self._wechat.check_media(openid, url))

    def text(self, text: str, openids: Sequence[str], scene: TextScene) -> Verdict:
        return self._first(openids, lambda openid: self._wechat.check_text(openid, text, scene=scene))

    def _first(self, openids: Sequence[str], ask: Callable[[str], Verdict]) -> Verdict:
        """Of the first person WeChat accepts as a witness."""
        for openid in openids:
            try:
                verdict = ask(openid)
            except WeChatFailed as exc:
                if exc.errcode not in NO_WITNESS:
                    raise
                log.warning("no witness appid=%s errcode=%s rid=%s", self._wechat.appid, exc.errcode, exc.rid)
                continue
            if verdict.suggest is not Suggest.UNSEEN:
                return verdict
        return Verdict(Suggest.UNSEEN)


class PeopleOnly:
    """No machine: every photo that must be checked waits for a person; words are left to those who read them."""

    def photo(self, url: str, openids: Sequence[str]) -> Verdict:
        del url, openids
        return Verdict(Suggest.REVIEW)

    def text(self, text: str, openids: Sequence[str], scene: TextScene) -> Verdict:
        del text, openids, scene
        return Verdict(Suggest.REVIEW)


@dataclass(frozen=True, slots=True)
class Question:
    """One photo to ask about."""

    photo_id: str
    source_id: str | None  # what the picture was made from
    key: str  # of its view rendition
    openids: list[str]


def witnesses(tx: Tx, appid: str, first: str = "") -> list[str]:
    """Openids of people WeChat has seen within two hours: `first` (who wrote it), then the latest. May be empty."""
    lately = select(Guest.openid).where(Guest.appid == appid, Guest.seen_at > now_ms() - SEEN_MS)
    found = tx.scalars(lately.order_by(Guest.seen_at.desc()).limit(WITNESSES))
    return list(dict.fromkeys([*([first] if first else []), *found]))


def due(tx: Tx, limit: int = 40) -> list[CheckPhoto]:
    """Photos that must be asked about, and questions that got no answer."""
    now = now_ms()
    new = (
        select(Photo.id)
        .join(Album, Album.id == Photo.album_id)
        .where(
            Album.checking != Checking.OFF,
            Photo.state.in_((PhotoState.STORED, PhotoState.LIVE)),
            Photo.made_source_id.is_not(None),
            ~exists().where(Check.photo_id == Photo.id),
        )
        .limit(limit)
    )
    again = select(Check.photo_id).where(Check.state.in_((CheckState.WANTED, CheckState.ASKED)), Check.due_at <= now)
    return [CheckPhoto(photo_id) for photo_id in dict.fromkeys([*tx.scalars(new), *tx.scalars(again.limit(limit))])]


def begin(tx: Tx, photo_id: str, appid: str) -> Question | None:
    """Take the photo for a minute. None: nothing to ask, or somebody else asks, or a person must look now."""
    photo = tx.get(Photo, photo_id)
    if photo is None or photo.album.checking is Checking.OFF:
        return None
    _ensure(tx, photo)
    now = now_ms()
    taken = tx.execute(
        update(Check)
        .where(
            Check.photo_id == photo_id,
            Check.state.in_((CheckState.WANTED, CheckState.ASKED)),
            Check.due_at <= now,
        )
        .values(due_at=now + LEASE_MS, asks=Check.asks + 1)
        .returning(Check.asks, Check.state, Check.source_id)
    ).first()
    if taken is None:
        return None
    if taken.state is CheckState.ASKED and taken.asks > ASKS:
        _doubt(tx, photo_id, "silent")
        return None
    key = tx.scalar(select(Rendition.key).filter_by(photo_id=photo_id, kind=RenditionKind.VIEW))
    return Question(photo_id, taken.source_id, key, witnesses(tx, appid)) if key else None


def answered(tx: Tx, question: Question, verdict: Verdict) -> None:
    """What the moderator said at once. About a picture that was replaced meanwhile it counts for nothing."""
    now, photo_id = now_ms(), question.photo_id
    if tx.scalar(select(Check.source_id).where(Check.photo_id == photo_id).with_for_update()) != question.source_id:
        return
    if verdict.suggest is Suggest.PENDING:
        move_check(tx, photo_id, CheckState.WANTED)
        move_check(tx, photo_id, CheckState.ASKED, trace_id=verdict.trace_id, due_at=now + SILENCE_MS)
    elif verdict.suggest is Suggest.UNSEEN:
        later(tx, photo_id, wait_ms=AGAIN_MS, reason="unseen", tries=UNSEEN_TRIES)
    else:
        judge(tx, photo_id, verdict)


def later(tx: Tx, photo_id: str, *, wait_ms: int, reason: str, tries: int = UNSEEN_TRIES) -> None:
    """Ask again after a while; after `tries` a person must look."""
    asks = tx.scalar(select(Check.asks).where(Check.photo_id == photo_id)) or 0
    if asks >= tries:
        _doubt(tx, photo_id, reason)
    else:
        changed = update(Check).where(Check.photo_id == photo_id)
        tx.execute(changed.values(due_at=now_ms() + wait_ms, reason=reason))


def heard(tx: Tx, trace_id: str, verdict: Verdict, errcode: int) -> None:
    """WeChat's push about a question of ours; others are ignored. -1008: it could not fetch the photo."""
    check = tx.scalars(select(Check).filter_by(trace_id=trace_id)).first()
    if check is None or check.state is not CheckState.ASKED:
        return
    if errcode:
        move_check(tx, check.photo_id, CheckState.WANTED)
        later(tx, check.photo_id, wait_ms=AGAIN_MS, reason=f"errcode {errcode}", tries=ASKS)
    else:
        judge(tx, check.photo_id, verdict)


def judge(tx: Tx, photo_id: str, verdict: Verdict) -> None:
    """pass: shown; risky: off every screen, with an audit row; anything else: a person decides."""
    if verdict.suggest is Suggest.PASS:
        if move_check(tx, photo_id, CheckState.PASSED, label=verdict.label, settled_at=now_ms()):
            _let_through(tx, photo_id)
    elif verdict.suggest is Suggest.RISKY:
        if move_check(tx, photo_id, CheckState.RISKY, label=verdict.label, settled_at=now_ms()):
            photo = tx.get_one(Photo, photo_id)
            before = {"state": photo.state.value}
            feed.hide(tx, photo_id)
            change = (before, {"label": verdict.label})
            audit.record(tx, photo.organization_id, audit.SYSTEM, "risky", f"photo:{photo_id}", change)
    else:
        _doubt(tx, photo_id, verdict.suggest.value, verdict.label)


def _let_through(tx: Tx, photo_id: str) -> None:
    """An album that checks before publishing was waiting for this."""
    photo = tx.get_one(Photo, photo_id)
    if photo.state is PhotoState.STORED and photo.album.checking is Checking.BEFORE:
        feed.publish(tx, photo_id)


def _doubt(tx: Tx, photo_id: str, reason: str, label: int = 0) -> None:
    if move_check(tx, photo_id, CheckState.REVIEW, reason=reason, label=label):
        log.info("a person must look photo=%s reason=%s label=%s", photo_id, reason, label)


def _ensure(tx: Tx, photo: Photo) -> None:
    if tx.get(Check, photo.id) is None:
        try:
            with tx.begin_nested():
                tx.add(Check(photo_id=photo.id, album_id=photo.album_id, source_id=photo.made_source_id))
        except IntegrityError:
            pass
