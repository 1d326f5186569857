"""The queue in which a person decides about photos: requests of guests, doubts of machines, photos to approve (§3)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from sqlalchemy import select

from backend import accounts, audit, comments, moderation
from backend.accounts import Who
from backend.db import Tx
from backend.errors import NotFound
from backend.http import answer, body, needs, stage
from backend.models import Checking, Comment, Rendition, RenditionKind, Source, SourceKind

bp = Blueprint("review", __name__, url_prefix="/api/v1")


class Decision(BaseModel):
    keep: bool


class CheckingChoice(BaseModel):
    checking: Checking


@bp.get("/events/<event_id>/review")
@needs("cull")
def queue(who: Who, event_id: str) -> ResponseReturnValue:
    """At most 100 cases, requests of guests first; as many comments that guests reported, and that members took off."""
    with stage().db.reading() as tx:
        accounts.their_event(tx, who, event_id, "cull")
        cases = [_case(tx, case) for case in moderation.queue(tx, event_id)]
        said = [_comment(tx, comment, reports) for comment, reports in comments.queue(tx, event_id)]
        off = [_comment(tx, comment, 0) for comment in comments.off(tx, event_id)]
    return answer({"cases": cases, "comments": said, "comments_off": off})


@bp.post("/photos/<photo_id>/review")
@needs("cull")
def decide(who: Who, photo_id: str) -> ResponseReturnValue:
    """`keep` true: guests see the photo (again); false: it stays, or goes, off. Closes every open report."""
    said = body(Decision)
    with stage().db.writing() as tx:
        accounts.their_photo(tx, who, photo_id, "cull")
        moderation.decide(tx, photo_id, who.actor, keep=said.keep)
    return "", 204


@bp.post("/comments/<comment_id>/review")
@needs("cull")
def decide_comment(who: Who, comment_id: str) -> ResponseReturnValue:
    """`keep` true: everybody sees it (again); false: it stays, or goes, off. Closes every open report."""
    said = body(Decision)
    with stage().db.writing() as tx:
        found = tx.get(Comment, comment_id)
        if found is None:
            raise NotFound("comment")
        accounts.their_event(tx, who, found.event_id, "cull")
        comments.decide(tx, comment_id, who.actor, keep=said.keep)
    return "", 204


@bp.post("/albums/<album_id>/checking")
@needs("change_event")
def set_checking(who: Who, album_id: str) -> ResponseReturnValue:
    """off; after: publish, then check; before: check, then publish. Photos that are there are checked as well."""
    said = body(CheckingChoice)
    with stage().db.writing() as tx:
        album = accounts.their_album(tx, who, album_id, "change_event")
        change = ({"checking": album.checking.value}, {"checking": said.checking.value})
        album.checking = said.checking
        audit.record(tx, album.organization_id, who.actor, "checking", f"album:{album_id}", change)
    return answer({"checking": said.checking.value})


def _case(tx: Tx, case: moderation.Case) -> dict[str, Any]:
    photo = case.photo
    reports = [{"reason": r.reason.value, "words": r.words, "created_at": r.created_at} for r in case.reports]
    check = case.check and {
        "state": case.check.state.value,
        "label": case.check.label,
        "reason": case.check.reason,
        "asks": case.check.asks,
    }
    return {
        "photo_id": photo.id,
        "album_id": photo.album_id,
        "name": photo.name,
        "by": photo.by,
        "words": photo.words,
        "state": photo.state.value,
        "why": case.why,
        "picture": _picture(tx, photo.id),
        "reports": reports,
        "check": check,
        "since": min([r.created_at for r in case.reports], default=photo.announced_at),
    }


def _comment(tx: Tx, comment: Comment, reports: int) -> dict[str, Any]:
    return {
        "id": comment.id,
        "photo_id": comment.photo_id,
        "picture": _picture(tx, comment.photo_id),
        "by": comment.by,
        "text": comment.words,
        "state": comment.state.value,
        "reports": reports,
        "created_at": comment.created_at,
    }


def _picture(tx: Tx, photo_id: str) -> str | None:
    """What the reviewer looks at. A hidden photo has no rendition any more: then its smallest source."""
    at = stage()
    views = select(Rendition.key).filter_by(photo_id=photo_id, kind=RenditionKind.VIEW)
    sources = select(Source.key).where(Source.photo_id == photo_id)
    small = sources.order_by((Source.kind != SourceKind.PREVIEW), Source.size)
    key = tx.scalar(views) or tx.scalars(small.limit(1)).first()
    return at.store.url(key, ttl=at.settings.photo_url_ttl) if key else None
