"""Retouch tasks: who has which photo in hand, until when, and what came of it.

A claim is a lease in the row, taken by one conditional UPDATE: two retouchers never hold the same photo, and what is
abandoned frees itself. The queue is a SELECT: photos without a version by hand, those first that are looked at most, or
promise to be (N13). Work by hand is a file that was edited elsewhere, or settings for the platform's own pipeline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from backend.aids import Aids
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import Conflict, NotFound
from backend.models import (
    Adjustment,
    Album,
    Photo,
    PhotoState,
    Receipt,
    RetouchState,
    RetouchTask,
    Source,
    SourceKind,
    Tag,
    Trace,
    TraceKind,
)
from backend.states import claim_retouch, move_retouch

LEASE_S: Final = 600  # a claim nobody works on frees itself after this
GUARD_S: Final = 10  # a version counts as finished this long before its deadline, so that none is late
WEIGHTS: Final = {TraceKind.VIEW: 100, TraceKind.SHARE: 300}  # hundredths of a look; downloads have receipts
LIKE: Final = 200
TAKE_HOME: Final = 300
FACE, FACES_MOST = 60, 5  # what is known before anybody has looked: people look for people
DARK_OR_BRIGHT: Final = 60  # per stop the automatic look had to correct: a hand does better
ON_STAGE: Final = 120  # one or two people in a dark picture
DARK: Final = 0.35  # share of black
HOLD_BACK: Final = 150  # blurred or lost: nobody's minutes save it


@dataclass(frozen=True, slots=True)
class Waiting:
    """A photo in the queue. `finish_due_at`: until then the version by hand is in time."""

    photo: Photo
    need: int
    finish_due_at: int | None
    returned: str


def queue(tx: Tx, event_id: str, limit: int) -> list[Waiting]:
    """Photos nobody holds: returned ones first, then by how much guests look at them, then the oldest."""
    due = Photo.stored_at + Album.finish_s * 1000
    rows = tx.execute(
        _free(event_id)
        .add_columns(_need(), due, RetouchTask.words)
        .order_by((RetouchTask.state == RetouchState.RETURNED).desc(), _need().desc(), Photo.stored_at, Photo.id)
        .limit(limit)
    )
    return [Waiting(photo, need or 0, due_at, words or "") for photo, need, due_at, words in rows]


def waiting(tx: Tx, event_id: str) -> int:
    return tx.scalar(select(func.count()).select_from(_free(event_id).subquery())) or 0


def claim(tx: Tx, member_id: str, event_id: str, photo_id: str | None = None) -> RetouchTask | None:
    """Take this photo, or the one that needs it most. None: there is nothing to take, or somebody was faster."""
    if photo_id is not None:
        photo = tx.get(Photo, photo_id)
        return _take(tx, member_id, photo, again=True) if photo is not None and photo.event_id == event_id else None
    for found in queue(tx, event_id, 8):
        taken = _take(tx, member_id, found.photo, again=False)  # two tabs of one member get two photos
        if taken is not None:
            return taken
    return None


def mine(tx: Tx, member_id: str, event_id: str) -> list[RetouchTask]:
    """What this member holds now, oldest first."""
    query = select(RetouchTask).where(
        RetouchTask.member_id == member_id,
        RetouchTask.event_id == event_id,
        _held(),
        RetouchTask.lease_until > now_ms(),
    )
    return list(tx.scalars(query.order_by(RetouchTask.claimed_at)))


def held_by(tx: Tx, task_id: str, member_id: str) -> RetouchTask:
    """The task, still this member's. Raises NotFound; Conflict `not_yours` when another has it by now."""
    found = tx.get(RetouchTask, task_id)
    if found is None:
        raise NotFound("retouch task")
    if found.member_id != member_id or found.state is not RetouchState.CLAIMED:
        raise Conflict("task is held by nobody or another", code="not_yours")
    return found


def renew(tx: Tx, task: RetouchTask) -> int:
    """The retoucher is still at it; returns until when. A lease that ran out unseen is taken again."""
    until = now_ms() + LEASE_S * 1000
    tx.execute(update(RetouchTask).where(RetouchTask.id == task.id).values(lease_until=until))
    return until


def give_back(tx: Tx, task: RetouchTask) -> None:
    move_retouch(tx, task.id, RetouchState.OPEN, lease_until=0, member_id=None)


def submit(tx: Tx, photo_id: str, member_id: str, *, unpin: bool = True) -> None:
    """A version by hand is there. Whoever held the photo is done; a task is made if there was none.

    `unpin`: it is a file, and shown whatever version somebody went back to before.
    """
    now = now_ms()
    task = tx.scalars(select(RetouchTask).filter_by(photo_id=photo_id)).first()
    if task is None:
        photo = tx.get_one(Photo, photo_id)
        task = _claimed_anew(tx, member_id, photo)
    if task is not None:
        done = {"lease_until": 0, "submitted_at": now, "member_id": member_id, "words": ""}
        move_retouch(tx, task.id, RetouchState.SUBMITTED, **done)
    finish = {"finished_at": func.coalesce(Photo.finished_at, now), "finished_by": "human"}
    pin: dict[str, Any] = {"pinned_source_id": None} if unpin else {}
    tx.execute(update(Photo).where(Photo.id == photo_id).values(retouched_at=now, **pin, **finish))


def held_elsewhere(tx: Tx, photo_ids: Iterable[str], member_id: str) -> set[str]:
    """Which of these photos are in somebody else's hands now."""
    theirs = select(RetouchTask.photo_id).where(
        RetouchTask.photo_id.in_(photo_ids),
        RetouchTask.member_id != member_id,
        _held(),
        RetouchTask.lease_until > now_ms(),
    )
    return set(tx.scalars(theirs))


def note(tx: Tx, photo: Photo, member_id: str, look: dict[str, Any] | None) -> None:
    """Keep the settings somebody gives a photo, and before the first ones what it had."""
    if tx.scalars(select(Adjustment.id).filter_by(photo_id=photo.id)).first() is None and photo.own_look is not None:
        tx.add(Adjustment(photo_id=photo.id, look=photo.own_look, made_at=now_ms() - 1))
    tx.add(Adjustment(photo_id=photo.id, member_id=member_id, look=look))


def adjustments(tx: Tx, photo_id: str) -> list[Adjustment]:
    """Every settings the photo was given, newest first."""
    query = select(Adjustment).filter_by(photo_id=photo_id).order_by(Adjustment.made_at.desc(), Adjustment.id)
    return list(tx.scalars(query))


def judge(tx: Tx, photo_id: str, *, accept: bool, words: str) -> bool:
    """Accept what was submitted, or send it back with words. False: it is not submitted."""
    task = tx.scalars(select(RetouchTask).filter_by(photo_id=photo_id)).first()
    if task is None:
        return False
    return move_retouch(tx, task.id, RetouchState.ACCEPTED if accept else RetouchState.RETURNED, words=words)


def finish_overdue(tx: Tx) -> int:
    """Deadline: what guests see of these photos is their finished version now. A later one by hand still wins."""
    due = select(Album.finish_s * 1000).where(Album.id == Photo.album_id).scalar_subquery()
    late = and_(
        Photo.finished_at.is_(None),
        Photo.state == PhotoState.LIVE,
        Photo.stored_at <= now_ms() + GUARD_S * 1000 - due,
    )
    done = tx.execute(update(Photo).where(late).values(finished_at=now_ms(), finished_by="auto").returning(Photo.id))
    return len(done.all())


def overdue(tx: Tx) -> bool:
    """Whether `finish_overdue` has something to do; reading costs no writer's lock."""
    due = select(Album.finish_s * 1000).where(Album.id == Photo.album_id).scalar_subquery()
    late = select(Photo.id).where(
        Photo.finished_at.is_(None),
        Photo.state == PhotoState.LIVE,
        Photo.stored_at <= now_ms() + GUARD_S * 1000 - due,
    )
    return tx.scalars(late.limit(1)).first() is not None


def _free(event_id: str) -> Select[Photo]:
    clean = select(Source.id).where(
        Source.photo_id == Photo.id, Source.kind == SourceKind.ORIGINAL, Source.refusal.is_(None)
    )
    return (
        select(Photo)
        .join(Album, Album.id == Photo.album_id)
        .outerjoin(RetouchTask, RetouchTask.photo_id == Photo.id)
        .where(Photo.event_id == event_id, Photo.state == PhotoState.LIVE, clean.exists(), _takeable())
    )


def _takeable() -> ColumnElement[bool]:
    lapsed = and_(_held(), RetouchTask.lease_until <= now_ms())
    again = RetouchTask.state.in_((RetouchState.OPEN, RetouchState.RETURNED))
    return or_(and_(RetouchTask.id.is_(None), Photo.retouched_at.is_(None)), again, lapsed)


def _held() -> ColumnElement[bool]:
    return RetouchTask.state == RetouchState.CLAIMED


def _need() -> ColumnElement[int]:
    """What a person's minutes on a photo are worth: how much guests look at it, and what it promises before they do."""
    taken = select(func.count()).where(Receipt.photo_id == Photo.id).scalar_subquery()
    worth = case(*((Trace.kind == kind, weight) for kind, weight in WEIGHTS.items()), else_=0)
    looks = select(func.coalesce(func.sum(worth), 0)).where(Trace.photo_id == Photo.id).scalar_subquery()
    return Photo.promise + LIKE * Photo.likes + TAKE_HOME * taken + looks


def promise(aids: Aids | None, applied: Mapping[str, float]) -> int:
    """What a photo promises before anybody has looked at it. `applied`: what the automatic look did to it."""
    found = round(DARK_OR_BRIGHT * min(abs(applied.get("ev", 0.0)), 2.0))
    if aids is None:
        return found
    faces = aids.faces or 0
    found += FACE * min(faces, FACES_MOST)
    if faces in {1, 2} and aids.under > DARK:
        found += ON_STAGE
    return found - HOLD_BACK if aids.reasons else found


def _take(tx: Tx, member_id: str, photo: Photo, *, again: bool) -> RetouchTask | None:
    task = tx.scalars(select(RetouchTask).filter_by(photo_id=photo.id)).first()
    if task is None:
        return _claimed_anew(tx, member_id, photo)
    if not claim_retouch(tx, task.id, member_id, LEASE_S, again=again):
        return None
    tx.refresh(task)
    return task


def _claimed_anew(tx: Tx, member_id: str, photo: Photo) -> RetouchTask | None:
    made = RetouchTask(organization_id=photo.organization_id, event_id=photo.event_id, photo_id=photo.id)
    try:
        with tx.begin_nested():
            tx.add(made)
    except IntegrityError:
        return None  # somebody was faster
    claim_retouch(tx, made.id, member_id, LEASE_S, again=False)
    tx.refresh(made)
    return made


def tag(tx: Tx, photo: Photo, names: Iterable[str]) -> list[str]:
    """These are its tags; what differs by spaces only is one. Returns them as they are kept."""
    kept = [name for name in dict.fromkeys(" ".join(name.split()) for name in names) if name]
    tx.get_one(Photo, photo.id, with_for_update={"key_share": True})  # two members who tag it wait for each other
    tx.execute(delete(Tag).where(Tag.photo_id == photo.id))
    tx.add_all(Tag(photo_id=photo.id, name=name, event_id=photo.event_id) for name in kept)
    tx.flush()
    return kept


def tags_of(tx: Tx, photo_ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rows = select(Tag.photo_id, Tag.name).where(Tag.photo_id.in_(photo_ids)).order_by(Tag.name)
    for photo_id, name in tx.execute(rows):
        found.setdefault(photo_id, []).append(name)
    return found


def tags_of_event(tx: Tx, event_id: str) -> list[str]:
    """The most used first."""
    counted = select(Tag.name).where(Tag.event_id == event_id).group_by(Tag.name)
    return list(tx.scalars(counted.order_by(func.count().desc(), Tag.name)))
