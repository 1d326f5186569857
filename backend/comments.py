"""Comments (评论): a few words of a guest under a photo, where the album's switch allows them.

Two guests who report one take it off every screen, and a member decides; once it was kept it takes two others. Who
wrote it sees what became of it, and may delete it at any time. With the photo its comments are off too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from backend import audit
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import NotFound, Refused
from backend.models import Album, Comment, CommentReport, CommentState, Photo, PhotoState
from backend.states import move_comment

HIDE: Final = 2  # guests who must report one before it is off


def demand(album: Album) -> None:
    """Raises Refused `no_comments`."""
    if not album.comments:
        raise Refused("no comments", code="no_comments")


def count(tx: Tx, photo_id: str) -> int:
    """How many everybody sees."""
    shown = select(func.count()).where(Comment.photo_id == photo_id, Comment.state == CommentState.SHOWN)
    return tx.scalar(shown) or 0


def under(tx: Tx, photo_id: str, guest_id: str | None, limit: int) -> list[Comment]:
    """Newest first: what everybody sees, and the guest's own whatever became of them."""
    seen = or_(Comment.state == CommentState.SHOWN, Comment.guest_id == guest_id)
    found = select(Comment).where(Comment.photo_id == photo_id, seen)
    return list(tx.scalars(found.order_by(Comment.created_at.desc(), Comment.id.desc()).limit(limit)))


def reported(tx: Tx, comments: Sequence[Comment], guest_id: str | None) -> set[str]:
    """Which of them this guest reported."""
    ids = [comment.id for comment in comments]
    mine = select(CommentReport.comment_id).where(CommentReport.guest_id == guest_id)
    return set(tx.scalars(mine.where(CommentReport.comment_id.in_(ids))))


def write(tx: Tx, photo: Photo, guest_id: str, by: str, words: str) -> Comment:
    """`by` and `words` are cleaned and were shown to a moderator."""
    of_photo = {"organization_id": photo.organization_id, "event_id": photo.event_id, "photo_id": photo.id}
    made = Comment(**of_photo, guest_id=guest_id, by=by, words=words)
    tx.add(made)
    tx.flush()
    return made


def withdraw(tx: Tx, comment_id: str, guest_id: str) -> None:
    """Its writer deletes it, for good. Raises NotFound for anybody else's."""
    found = tx.get(Comment, comment_id)
    if found is None or found.guest_id != guest_id:
        raise NotFound("comment")
    tx.alone("comment", comment_id)
    change = {"state": found.state.value}
    audit.record(tx, found.organization_id, f"guest:{guest_id}", "withdraw", f"comment:{comment_id}", (change, {}))
    tx.execute(delete(CommentReport).where(CommentReport.comment_id == comment_id))
    tx.execute(delete(Comment).where(Comment.id == comment_id))


def report(tx: Tx, comment_id: str, guest_id: str) -> bool:
    """Whether it is off now. Once per guest: idempotent. Raises NotFound."""
    tx.alone("comment", comment_id)  # two at once count one after the other
    comment = tx.get(Comment, comment_id, populate_existing=True)
    if comment is None or comment.state is CommentState.HIDDEN:
        raise NotFound("comment")
    try:
        with tx.begin_nested():
            tx.add(CommentReport(comment_id=comment_id, guest_id=guest_id))
    except IntegrityError:
        return comment.state is CommentState.WAITING
    audit.record(tx, comment.organization_id, f"guest:{guest_id}", "report", f"comment:{comment_id}")
    still = select(func.count()).where(CommentReport.comment_id == comment_id, CommentReport.decided_at.is_(None))
    if (tx.scalar(still) or 0) < HIDE:
        return False
    move_comment(tx, comment_id, CommentState.WAITING)
    return True


def queue(tx: Tx, event_id: str, limit: int = 100) -> list[tuple[Comment, int]]:
    """What waits for a person, with how many guests reported it: the most first. Not of photos that are off anyway."""
    n = func.count()
    found = select(Comment, n).join(CommentReport, CommentReport.comment_id == Comment.id)
    found = found.join(Photo, Photo.id == Comment.photo_id).where(
        Comment.event_id == event_id, CommentReport.decided_at.is_(None), Photo.state == PhotoState.LIVE
    )
    rows = tx.execute(found.group_by(Comment.id).order_by(n.desc(), Comment.created_at).limit(limit))
    return [(comment, reports) for comment, reports in rows]


def off(tx: Tx, event_id: str, limit: int = 100) -> list[Comment]:
    """What members took off, newest first: a person may think better of it. Not of photos that are off anyway."""
    found = select(Comment).join(Photo, Photo.id == Comment.photo_id)
    hidden = found.where(
        Comment.event_id == event_id, Comment.state == CommentState.HIDDEN, Photo.state == PhotoState.LIVE
    )
    return list(tx.scalars(hidden.order_by(Comment.created_at.desc(), Comment.id.desc()).limit(limit)))


def decide(tx: Tx, comment_id: str, member: str, *, keep: bool) -> None:
    """A person looked: `keep` shows it (again), else it is off. Closes every open report."""
    tx.alone("comment", comment_id)
    comment = tx.get_one(Comment, comment_id, populate_existing=True)
    before = {"state": comment.state.value}
    reports = update(CommentReport).where(CommentReport.comment_id == comment_id, CommentReport.decided_at.is_(None))
    tx.execute(reports.values(decided_at=now_ms()))
    to = CommentState.SHOWN if keep else CommentState.HIDDEN
    move_comment(tx, comment_id, to)
    change = (before, {"state": to.value})
    audit.record(tx, comment.organization_id, member, "review", f"comment:{comment_id}", change)
