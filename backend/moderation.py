"""What people say about a photo: requests to take it down, and the queue in which a person decides.

A request hides first and is looked at then (F4): the photo is off every screen at once, its addresses follow within
seconds. Two things keep that from being a weapon: somebody who asks too often only fills the queue, and a photo that a
person looked at and kept needs two people before it goes off again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.exc import IntegrityError

from backend import audit, feed, removal
from backend.clock import now_ms
from backend.db import Tx
from backend.jobs import CheckWords
from backend.models import (
    Album,
    Check,
    CheckState,
    Contributions,
    Photo,
    PhotoState,
    Publishing,
    Reason,
    Report,
    ReportState,
)
from backend.states import move_check, move_reports

HIDES_A_DAY: Final = 20  # of one guest; more requests wait in the queue without hiding
DAY_MS: Final = 24 * 3600 * 1000
KEPT_NEEDS: Final = 2  # people who must ask before a photo that was kept goes off again


@dataclass(frozen=True, slots=True)
class Case:
    """A photo that a person should look at, and why."""

    photo: Photo
    reports: list[Report] = field(default_factory=list)
    check: Check | None = None

    @property
    def why(self) -> str:
        """`reported`, `risky`, `review` (a machine was not sure or gave no answer), `given` (a guest's), `approve`."""
        if self.reports:
            return "reported"
        if self.check is not None and self.check.state in (CheckState.RISKY, CheckState.REVIEW):
            return self.check.state.value
        return "approve" if self.photo.guest_id is None else "given"


def report(tx: Tx, photo_id: str, guest_id: str, reason: Reason, words: str = "") -> bool:
    """A guest asks to take a photo down. Returns whether it is off every screen now. Once per guest: idempotent.

    Raises NoResultFound for a photo that does not exist; the caller knows whether the guest may see it.
    """
    photo = tx.get_one(Photo, photo_id)
    hide = photo.state is PhotoState.LIVE and _may_hide(tx, photo, guest_id)
    row = Report(
        organization_id=photo.organization_id,
        event_id=photo.event_id,
        photo_id=photo_id,
        guest_id=guest_id,
        reason=reason,
        words=words.strip()[:300],
        hid=hide,
    )
    try:
        with tx.begin_nested():
            tx.add(row)
    except IntegrityError:
        return photo.state is PhotoState.HIDDEN
    actor = f"guest:{guest_id}"
    audit.record(tx, photo.organization_id, actor, "report", f"photo:{photo_id}", ({}, {"reason": reason.value}))
    if row.words:
        tx.ring(CheckWords(row.id))
    if hide and feed.hide(tx, photo_id):
        audit.record(tx, photo.organization_id, actor, "hide", f"photo:{photo_id}", ({}, {"report": row.id}))
    return hide or photo.state is PhotoState.HIDDEN


def drop_words(tx: Tx, report_id: str) -> None:
    """A moderator says that nobody should have to read them."""
    found = tx.get_one(Report, report_id)
    found.words = ""
    audit.record(tx, found.organization_id, audit.SYSTEM, "risky_words", f"report:{report_id}")


def _may_hide(tx: Tx, photo: Photo, guest_id: str) -> bool:
    of_guest = select(func.count()).where(Report.guest_id == guest_id, Report.created_at > now_ms() - DAY_MS)
    if (tx.scalar(of_guest.where(Report.hid)) or 0) >= HIDES_A_DAY:
        return False
    of_photo = select(func.count()).where(Report.photo_id == photo.id)
    kept = tx.scalar(of_photo.where(Report.state == ReportState.DISMISSED)) or 0
    others = tx.scalar(of_photo.where(Report.state == ReportState.OPEN, Report.guest_id != guest_id)) or 0
    return not kept or others + 1 >= KEPT_NEEDS


def queue(tx: Tx, event_id: str, limit: int = 100) -> list[Case]:
    """What waits for a person: requests of guests first, then doubts of a machine, then photos to approve."""
    reported = select(Report.photo_id).where(Report.event_id == event_id, Report.state == ReportState.OPEN)
    doubted = select(Check.photo_id).where(Check.state == CheckState.REVIEW)
    of_event = select(Photo).where(Photo.event_id == event_id).order_by(Photo.announced_at).limit(limit)
    given = and_(Photo.guest_id.is_not(None), Album.contributions != Contributions.OPEN)
    waiting = (
        of_event.join(Album, Album.id == Photo.album_id)
        .where(Photo.state == PhotoState.STORED, Photo.made_source_id.is_not(None), Photo.approved_at.is_(None))
        .outerjoin(Check, Check.photo_id == Photo.id)
        .where(or_(Album.publishing == Publishing.APPROVE, Check.reason != "", given))
    )
    found = {p.id: p for p in tx.scalars(of_event.where(Photo.id.in_(reported)))}
    for more in (of_event.where(Photo.id.in_(doubted)), waiting):
        found |= {p.id: p for p in tx.scalars(more) if p.id not in found}
    open_reports = select(Report).where(Report.photo_id.in_(found), Report.state == ReportState.OPEN)
    reports: dict[str, list[Report]] = {}
    for row in tx.scalars(open_reports.order_by(Report.created_at)):
        reports.setdefault(row.photo_id, []).append(row)
    checks = {c.photo_id: c for c in tx.scalars(select(Check).where(Check.photo_id.in_(found)))}
    return [Case(p, reports.get(p.id, []), checks.get(p.id)) for p in list(found.values())[:limit]]


def decide(tx: Tx, photo_id: str, member: str, *, keep: bool) -> None:
    """A person looked: `keep` shows the photo (again), else it is off for good. Closes everything open about it."""
    photo = tx.get_one(Photo, photo_id)
    before = {"state": photo.state.value}
    now = now_ms()
    to = ReportState.DISMISSED if keep else ReportState.UPHELD
    closed = move_reports(tx, photo_id, to, decided_at=now, decided_by=member)
    move_check(tx, photo_id, CheckState.PASSED if keep else CheckState.RISKY, settled_at=now, reason="person")
    changed = feed.restore(tx, photo_id) if keep else feed.hide(tx, photo_id)
    if closed and not keep:
        removal.remove(tx, photo_id)  # a guest asked, a person agreed: gone for good when the bin is emptied
    if changed or closed:
        after = {"keep": keep, "reports": closed}
        audit.record(tx, photo.organization_id, member, "review", f"photo:{photo_id}", (before, after))
