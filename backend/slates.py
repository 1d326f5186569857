"""«Mine» without faces: a photographer shoots a guest's code, and the frames that follow on that camera are theirs.

Nothing is written into the photos that follow: which are whose is asked of the moments, so that what arrives late, or
from a clock that was set right afterwards, still finds its owner.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from backend.db import Tx
from backend.models import Photo, Slate, SlateShot

TEXT: Final = re.compile(r"KMS1:([0-9a-f]{16})")


def text(slate: Slate) -> str:
    """What the code says."""
    return f"KMS1:{slate.code}"


def of_guest(tx: Tx, guest_id: str, event_id: str) -> Slate:
    """The guest's slate at this event, made if need be. Idempotent."""
    query = select(Slate).filter_by(guest_id=guest_id, event_id=event_id)
    found = tx.scalars(query).first()
    if found is None:
        try:
            with tx.begin_nested():
                found = Slate(guest_id=guest_id, event_id=event_id)
                tx.add(found)
        except IntegrityError:
            found = tx.scalars(query).one()
    return found


def sight(tx: Tx, photo_id: str, said: str) -> bool:
    """A frame shows a code. True: a slate of its event, seen for the first time; nobody else shall see the frame."""
    match = TEXT.fullmatch(said)
    photo = tx.get_one(Photo, photo_id)
    slate = tx.get(Slate, match.group(1)) if match else None
    if slate is None or slate.event_id != photo.event_id or tx.get(SlateShot, photo_id) is not None:
        return False
    tx.add(SlateShot(photo_id=photo_id, event_id=photo.event_id, guest_id=slate.guest_id))
    return True


def theirs(guest_ids: Collection[str]) -> ColumnElement[bool]:
    """Photos between a slate of one of these guests and the next slate of the same camera."""
    shot, slate, other, later = aliased(SlateShot), aliased(Photo), aliased(SlateShot), aliased(Photo)
    same_camera = and_(_same(slate), _moment(slate) <= _moment(Photo))
    between = (
        exists()
        .where(other.photo_id == later.id, _same(later), _moment(later) > _moment(slate))
        .where(_moment(later) <= _moment(Photo))
        .correlate(Photo, slate)
    )
    mine = exists().where(shot.photo_id == slate.id, shot.guest_id.in_(guest_ids), same_camera, ~between)
    return mine.correlate(Photo)


def _same(slate: type[Photo]) -> ColumnElement[bool]:
    bridge = func.coalesce(slate.bridge_id, "") == func.coalesce(Photo.bridge_id, "")
    return and_(slate.event_id == Photo.event_id, slate.camera == Photo.camera, bridge)


def _moment(photo: type[Photo]) -> ColumnElement[int]:
    return func.coalesce(photo.shot_at, photo.bridged_at, photo.announced_at)
