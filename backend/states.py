"""State machines as tables, and the only functions that may change a state or take a lease."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, TypeVar

from sqlalchemy import CursorResult, and_, bindparam, or_, update

from backend.clock import now_ms
from backend.db import Tx
from backend.models import (
    Bridge,
    BridgeState,
    Check,
    CheckState,
    Comment,
    CommentState,
    Delivery,
    DeliveryState,
    Event,
    EventState,
    Export,
    ExportState,
    FaceVeil,
    FeedFiles,
    Pairing,
    PairingState,
    Photo,
    PhotoState,
    Report,
    ReportState,
    RetouchState,
    RetouchTask,
    VeilState,
)

S = TypeVar("S", bound=StrEnum)

PHOTO: Final[dict[PhotoState, frozenset[PhotoState]]] = {
    PhotoState.ANNOUNCED: frozenset({PhotoState.STORED, PhotoState.HIDDEN, PhotoState.REJECTED}),
    PhotoState.STORED: frozenset({PhotoState.LIVE, PhotoState.HIDDEN, PhotoState.REJECTED}),
    PhotoState.LIVE: frozenset({PhotoState.HIDDEN}),
    # restored: rendered anew, then live at its old place
    PhotoState.HIDDEN: frozenset({PhotoState.STORED, PhotoState.PURGED}),
    PhotoState.REJECTED: frozenset({PhotoState.STORED}),  # a better source arrived after all
    PhotoState.PURGED: frozenset(),
}
EVENT: Final[dict[EventState, frozenset[EventState]]] = {
    EventState.DRAFT: frozenset({EventState.OPEN, EventState.REMOVED}),
    EventState.OPEN: frozenset({EventState.CLOSED, EventState.REMOVED}),
    EventState.CLOSED: frozenset({EventState.OPEN, EventState.ARCHIVED, EventState.REMOVED}),
    EventState.ARCHIVED: frozenset({EventState.REMOVED}),
    EventState.REMOVED: frozenset(  # back to what it was
        {EventState.DRAFT, EventState.OPEN, EventState.CLOSED, EventState.ARCHIVED, EventState.PURGED}
    ),
    EventState.PURGED: frozenset(),
}
UNSEEN: Final = (EventState.DRAFT, EventState.REMOVED, EventState.PURGED)  # no guest may know of these
BRIDGE: Final[dict[BridgeState, frozenset[BridgeState]]] = {
    BridgeState.PAIRING: frozenset({BridgeState.PAIRED, BridgeState.REVOKED}),
    BridgeState.PAIRED: frozenset({BridgeState.REVOKED}),
    BridgeState.REVOKED: frozenset({BridgeState.PAIRED}),  # only a spare that takes its place
}
PAIRING: Final[dict[PairingState, frozenset[PairingState]]] = {
    PairingState.WAITING: frozenset({PairingState.CONFIRMED, PairingState.REFUSED}),
    PairingState.CONFIRMED: frozenset(),
    PairingState.REFUSED: frozenset(),
}
DELIVERY: Final[dict[DeliveryState, frozenset[DeliveryState]]] = {
    DeliveryState.PLANNED: frozenset({DeliveryState.SENT, DeliveryState.REFUSED}),
    DeliveryState.SENT: frozenset(),
    DeliveryState.REFUSED: frozenset(),
}
RETOUCH: Final[dict[RetouchState, frozenset[RetouchState]]] = {
    RetouchState.OPEN: frozenset({RetouchState.CLAIMED, RetouchState.SUBMITTED}),
    RetouchState.CLAIMED: frozenset({RetouchState.OPEN, RetouchState.SUBMITTED}),
    RetouchState.SUBMITTED: frozenset({RetouchState.ACCEPTED, RetouchState.RETURNED, RetouchState.CLAIMED}),
    RetouchState.ACCEPTED: frozenset({RetouchState.CLAIMED, RetouchState.SUBMITTED}),  # a better idea came later
    RetouchState.RETURNED: frozenset({RetouchState.CLAIMED, RetouchState.SUBMITTED}),
}

CHECK: Final[dict[CheckState, frozenset[CheckState]]] = {
    CheckState.WANTED: frozenset({CheckState.ASKED, CheckState.PASSED, CheckState.REVIEW, CheckState.RISKY}),
    CheckState.ASKED: frozenset({CheckState.WANTED, CheckState.PASSED, CheckState.REVIEW, CheckState.RISKY}),
    CheckState.REVIEW: frozenset({CheckState.WANTED, CheckState.PASSED, CheckState.RISKY}),
    # a person overrules, or the verdict came after all, or a human-made version must be looked at too
    CheckState.PASSED: frozenset({CheckState.WANTED, CheckState.RISKY}),
    CheckState.RISKY: frozenset({CheckState.PASSED}),
}
REPORT: Final[dict[ReportState, frozenset[ReportState]]] = {
    ReportState.OPEN: frozenset({ReportState.UPHELD, ReportState.DISMISSED}),
    ReportState.UPHELD: frozenset(),
    ReportState.DISMISSED: frozenset(),
}
COMMENT: Final[dict[CommentState, frozenset[CommentState]]] = {
    CommentState.SHOWN: frozenset({CommentState.WAITING, CommentState.HIDDEN}),
    CommentState.WAITING: frozenset({CommentState.SHOWN, CommentState.HIDDEN}),
    CommentState.HIDDEN: frozenset({CommentState.SHOWN}),
}

VEIL: Final[dict[VeilState, frozenset[VeilState]]] = {
    VeilState.OPEN: frozenset({VeilState.APPROVED, VeilState.DECLINED, VeilState.ENDED}),
    VeilState.APPROVED: frozenset({VeilState.ENDED}),
    VeilState.DECLINED: frozenset({VeilState.APPROVED, VeilState.ENDED}),  # a member thought better of it
    VeilState.ENDED: frozenset(),
}


EXPORT: Final[dict[ExportState, frozenset[ExportState]]] = {
    ExportState.PLANNED: frozenset({ExportState.MAKING, ExportState.READY, ExportState.FAILED}),
    ExportState.MAKING: frozenset({ExportState.READY, ExportState.FAILED, ExportState.WITHDRAWN}),
    ExportState.READY: frozenset({ExportState.WITHDRAWN}),
    ExportState.FAILED: frozenset(),
    ExportState.WITHDRAWN: frozenset(),
}


def move_export(tx: Tx, export_id: str, to: ExportState, **also: object) -> bool:
    mine = update(Export).where(Export.id == export_id, Export.state.in_(_sources(EXPORT, to)))
    return _one(tx.execute(mine.values(state=to, **also)))


def lease_export(tx: Tx, export_id: str, ttl_s: int) -> bool:
    """Take the export for `ttl_s` seconds and count the attempt. False: another worker holds it."""
    now = now_ms()
    mine = update(Export).where(Export.id == export_id, Export.lease_until <= now)
    return _one(tx.execute(mine.values(lease_until=now + ttl_s * 1000, attempts=Export.attempts + 1)))


def move_photo(tx: Tx, photo_id: str, to: PhotoState, **also: object) -> bool:
    """Move if the table allows it from where the photo is now. False: somebody was faster, or it is done."""
    allowed = _sources(PHOTO, to)
    done = tx.execute(update(Photo).where(Photo.id == photo_id, Photo.state.in_(allowed)).values(state=to, **also))
    return _one(done)


def bytes_arrived(tx: Tx, photo_id: str) -> bool:
    """Announced or rejected → stored. A hidden photo stays hidden, whatever better bytes arrive for it."""
    waiting = (PhotoState.ANNOUNCED, PhotoState.REJECTED)
    change = update(Photo).where(Photo.id == photo_id, Photo.state.in_(waiting))
    return _one(tx.execute(change.values(state=PhotoState.STORED, refusal=None)))


def move_event(tx: Tx, event_id: str, to: EventState, **also: object) -> bool:
    mine = update(Event).where(Event.id == event_id, Event.state.in_(_sources(EVENT, to)))
    return _one(tx.execute(mine.values(state=to, **also)))


def move_bridge(tx: Tx, bridge_id: str, to: BridgeState, **also: object) -> bool:
    done = tx.execute(
        update(Bridge).where(Bridge.id == bridge_id, Bridge.state.in_(_sources(BRIDGE, to))).values(state=to, **also)
    )
    return _one(done)


def move_pairing(tx: Tx, pairing_id: str, to: PairingState, **also: object) -> bool:
    allowed = _sources(PAIRING, to)
    done = tx.execute(
        update(Pairing).where(Pairing.id == pairing_id, Pairing.state.in_(allowed)).values(state=to, **also)
    )
    return _one(done)


def move_delivery(tx: Tx, delivery_id: str, to: DeliveryState, **also: object) -> bool:
    allowed = _sources(DELIVERY, to)
    done = tx.execute(
        update(Delivery).where(Delivery.id == delivery_id, Delivery.state.in_(allowed)).values(state=to, **also)
    )
    return _one(done)


def move_check(tx: Tx, photo_id: str, to: CheckState, **also: object) -> bool:
    allowed = _sources(CHECK, to)
    done = tx.execute(
        update(Check).where(Check.photo_id == photo_id, Check.state.in_(allowed)).values(state=to, **also)
    )
    return _one(done)


def move_reports(tx: Tx, photo_id: str, to: ReportState, **also: object) -> int:
    """All open reports of a photo at once: they ask the same question. Returns how many."""
    allowed = _sources(REPORT, to)
    done = tx.execute(
        update(Report).where(Report.photo_id == photo_id, Report.state.in_(allowed)).values(state=to, **also)
    )
    assert isinstance(done, CursorResult)
    return done.rowcount


def move_comment(tx: Tx, comment_id: str, to: CommentState) -> bool:
    mine = update(Comment).where(Comment.id == comment_id, Comment.state.in_(_sources(COMMENT, to)))
    return _one(tx.execute(mine.values(state=to)))


def move_veil(tx: Tx, veil_id: str, to: VeilState, **also: object) -> bool:
    mine = update(FaceVeil).where(FaceVeil.id == veil_id, FaceVeil.state.in_(_sources(VEIL, to)))
    return _one(tx.execute(mine.values(state=to, **also)))


def deliver(tx: Tx, sent: Sequence[tuple[str, str]], **also: object) -> None:
    """Messages that were sent, as (delivery, msgid); one statement for all. Those settled already stay as they are."""
    allowed = or_(*[Delivery.state == source for source in _sources(DELIVERY, DeliveryState.SENT)])
    mine = update(Delivery).where(Delivery.id == bindparam("delivery"), allowed)
    changed = mine.values(state=DeliveryState.SENT, msgid=bindparam("said"), **also)
    tx.connection().execute(changed, [{"delivery": delivery_id, "said": msgid} for delivery_id, msgid in sent])


def lease_photo(tx: Tx, photo_id: str, ttl_s: int) -> bool:
    """Take the photo for `ttl_s` seconds and count the attempt. False: another worker holds it."""
    now = now_ms()
    done = tx.execute(
        update(Photo)
        .where(Photo.id == photo_id, Photo.lease_until <= now)
        .values(lease_until=now + ttl_s * 1000, render_attempts=Photo.render_attempts + 1)
    )
    return _one(done)


def lease_deliveries(tx: Tx, delivery_ids: Sequence[str], ttl_s: int) -> set[str]:
    """Take them for `ttl_s` seconds and count the attempt. Returns those taken: the others are held or settled."""
    now = now_ms()
    done = tx.execute(
        update(Delivery)
        .where(Delivery.id.in_(delivery_ids), Delivery.state == DeliveryState.PLANNED, Delivery.lease_until <= now)
        .values(lease_until=now + ttl_s * 1000, attempts=Delivery.attempts + 1)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return set(done.scalars())


def lease_feed(tx: Tx, album_id: str, ttl_s: int) -> bool:
    """Write the files of this album's feed for `ttl_s` seconds. False: another worker is at it."""
    now = now_ms()
    mine = update(FeedFiles).where(FeedFiles.album_id == album_id, FeedFiles.lease_until <= now)
    return _one(tx.execute(mine.values(lease_until=now + ttl_s * 1000)))


def move_retouch(tx: Tx, task_id: str, to: RetouchState, **also: object) -> bool:
    allowed = _sources(RETOUCH, to)
    done = tx.execute(
        update(RetouchTask).where(RetouchTask.id == task_id, RetouchTask.state.in_(allowed)).values(state=to, **also)
    )
    return _one(done)


def claim_retouch(tx: Tx, task_id: str, member_id: str, ttl_s: int, *, again: bool) -> bool:
    """Take the photo for `ttl_s` seconds, also from somebody whose time is over. False: it is held.

    `again`: whoever holds it already may ask again for more time; without, they are told that it is held, too.
    """
    now = now_ms()
    held = RetouchTask.state == RetouchState.CLAIMED
    if again:
        held = and_(held, RetouchTask.member_id != member_id)
    done = tx.execute(
        update(RetouchTask)
        .where(RetouchTask.id == task_id, or_(~held, RetouchTask.lease_until <= now))
        .values(state=RetouchState.CLAIMED, member_id=member_id, lease_until=now + ttl_s * 1000, claimed_at=now)
    )
    return _one(done)


def _sources(table: dict[S, frozenset[S]], to: S) -> list[S]:
    return [source for source, targets in table.items() if to in targets]


def _one(result: object) -> bool:
    assert isinstance(result, CursorResult)
    return bool(result.rowcount == 1)
