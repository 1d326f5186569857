"""Contributions (投稿): photos guests give to an album, of their own phones.

A contribution is a photo like any other, with the guest who gave it in its row. What differs is what stands between it
and other guests: the album's rule. `review` (a person looks first) holds it back in `feed.publish`; nothing else does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from backend import audit, clock, feed, photos
from backend.db import Tx
from backend.errors import Conflict, NotFound, Refused, TooMany
from backend.models import Album, Contributions, EventState, Photo, PhotoState, SourceKind
from backend.photos import Bytes

NAME: Final = 20  # characters a guest's name may have
WORDS: Final = 60  # characters of a message that goes with a photo
SHOWN: Final = 100  # of a guest's own, newest first
UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Given:
    """The bytes of a contribution, in the store, and what goes with them."""

    key: str
    digest: str  # sha256, hex
    size: int
    by: str  # as `named` returns it
    words: str = ""  # as `message` returns it


def plain(said: str) -> str:
    """Words of a guest as others may see them: one line, nothing invisible."""
    return " ".join(filter(None, (UNSEEN.sub("", word) for word in said.split())))


def named(said: str) -> str:
    """A name as it may stand under a photo: as `plain`, at most `NAME` characters."""
    return plain(said)[:NAME].rstrip()


def message(said: str) -> str:
    """A message (照片留言) as it may stand under a photo: as `plain`, at most `WORDS` characters."""
    return plain(said)[:WORDS].rstrip()


def demand(tx: Tx, album: Album, guest_id: str, *, zone: str) -> int:
    """How many more this guest may give today, at least one. Raises Refused `no_contributions`, TooMany
    `contributions_spent`.
    """
    if album.contributions is Contributions.OFF or album.event.state is not EventState.OPEN:
        raise Refused("no contributions", code="no_contributions")
    more = left(tx, album, guest_id, zone=zone)
    if more < 1:
        raise TooMany("contributions", code="contributions_spent")
    return more


def left(tx: Tx, album: Album, guest_id: str, *, zone: str) -> int:
    """What was withdrawn, or refused, still counts: else a guest could keep the reviewers busy for ever."""
    today = select(func.count()).where(Photo.guest_id == guest_id, Photo.album_id == album.id)
    given = tx.scalar(today.where(Photo.announced_at >= clock.midnight_ms(zone))) or 0
    return max(0, album.contributions_a_day - given)


def give(tx: Tx, album: Album, guest_id: str, given: Given, *, zone: str) -> Photo:
    """Idempotent: the same bytes from the same guest are the same photo.

    Raises as `demand`; Conflict `already_there` for bytes the event has from somebody else.
    """
    tx.alone("contributions", album.id, guest_id)  # two at once count one after the other
    known = select(Photo).filter_by(event_id=album.event_id, digest=given.digest)
    found = tx.scalars(known).first()
    if found is None:
        demand(tx, album, guest_id, zone=zone)
        found = Photo(
            organization_id=album.organization_id,
            event_id=album.event_id,
            album_id=album.id,
            guest_id=guest_id,
            by=given.by,
            words=given.words,
            digest=given.digest,
            size=given.size,
            name=f"guest-{given.digest[:8]}",
        )
        try:
            with tx.begin_nested():
                tx.add(found)
        except IntegrityError:
            found = tx.scalars(known).one()
    if found.guest_id != guest_id or found.album_id != album.id:
        raise Conflict("these bytes", code="already_there")
    return photos.add_source(tx, found.id, Bytes(SourceKind.ORIGINAL, given.key, given.digest, given.size))


def of_guest(tx: Tx, album_id: str, guest_id: str) -> list[Photo]:
    """Newest first."""
    mine = select(Photo).where(Photo.guest_id == guest_id, Photo.album_id == album_id)
    return list(tx.scalars(mine.order_by(Photo.announced_at.desc(), Photo.id).limit(SHOWN)))


def withdraw(tx: Tx, photo_id: str, guest_id: str) -> bool:
    """Its giver takes it back: off every screen, out of the reviewers' queue. Raises NotFound for anybody else's."""
    found = tx.get(Photo, photo_id)
    if found is None or found.guest_id != guest_id:
        raise NotFound("contribution")
    before = {"state": found.state.value}
    done = feed.hide(tx, photo_id)
    if done:
        audit.record(tx, found.organization_id, f"guest:{guest_id}", "withdraw", f"photo:{photo_id}", (before, {}))
    return done


def switch(tx: Tx, album: Album, to: Contributions) -> None:
    """The album's rule from now on. `open` publishes what waited only for a look at guests' photos."""
    album.contributions = to
    tx.flush()
    if to is Contributions.OPEN:
        waiting = select(Photo.id).where(
            Photo.album_id == album.id,
            Photo.guest_id.is_not(None),
            Photo.state == PhotoState.STORED,
            Photo.made_source_id.is_not(None),
        )
        for photo_id in tx.scalars(waiting.order_by(Photo.announced_at)).all():
            feed.publish(tx, photo_id)
