"""Who may see an album: its rule, what opens it, and what a guest who was let in carries.

A pass names album, guest and the album's access epoch. Every change of the rule raises the epoch, so that passes,
and the signed addresses of pictures made with them, end at once.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, delete, select, update

from backend import security
from backend.clock import now_ms
from backend.db import Database, Tx
from backend.errors import BadInput, Refused, Unauthorized
from backend.models import Access, Album, Event, Invitation
from backend.security import Signer
from backend.states import UNSEEN

CODES: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that is read for something else
SECRET: Final = {Access.CODE: (4, 32), Access.PASSWORD: (6, 100)}  # how long it has to be
FRESH_S: Final = 1.0  # how old an album's rule may be where pictures are given out


@dataclass(frozen=True, slots=True)
class Pass:
    """What somebody who was let in carries. `guest` is a guest's or member's id, `invitation` empty without a list."""

    album_id: str
    guest: str
    epoch: int
    invitation: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody shows to be let in."""

    code: str = ""
    phone_hash: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """An album's rule as it was at most a second ago."""

    access: Access
    epoch: int
    mark: bool  # the guest's name stands in private pictures
    invitations: frozenset[str] = frozenset()


def set_rule(tx: Tx, album_id: str, access: Access, secret: str | None) -> Album:
    """Everybody who was in must come in again. `secret` None keeps the one there is.

    Raises BadInput when the rule needs a code or password and there is none, or it is too short.
    """
    album = tx.get_one(Album, album_id, with_for_update=True)
    hashed = album.access_hash if access is album.access else None
    if access in SECRET:
        if secret is not None:
            hashed = security.hash_password(_checked(access, secret))
        if hashed is None:
            raise BadInput(f"{access} needs a code or a password")
    album.access, album.access_hash = access, hashed
    album.access_epoch += 1
    return album


def compare(album: Album, said: Said) -> None:
    """With its code or password; not in a transaction: it takes long. Raises Refused `wrong_code`, `bad_password`."""
    code = plain(said.code) if album.access is Access.CODE else said.code
    if album.access_hash is None or not security.password_matches(album.access_hash, code):
        raise Refused("wrong", code="wrong_code" if album.access is Access.CODE else "bad_password")


def invited(tx: Tx, album: Album, said: Said) -> Invitation:
    """Who this is on the album's list; counted. Raises Refused `not_invited`."""
    found = tx.scalars(_invited(album.id, said)).first()
    if found is None:
        raise Refused("not on the list", code="not_invited")
    used = {"opened": Invitation.opened + 1, "opened_at": now_ms()}
    tx.execute(update(Invitation).where(Invitation.id == found.id).values(**used))
    return found


def issue(signer: Signer, given: Pass, ttl_s: int) -> str:
    subject = f"{given.album_id}.{given.guest}.{given.invitation}"
    return signer.issue("album", subject, ttl_s=ttl_s, epoch=given.epoch)


def read(signer: Signer, token: str) -> Pass:
    """Raises Unauthorized. Whether it still opens the album is `demand`'s to say."""
    claims = signer.read("album", token)
    try:
        album_id, guest, invitation = claims.subject.split(".")
    except ValueError:
        raise Unauthorized(code="bad_token") from None
    return Pass(album_id, guest, claims.epoch, invitation)


def demand(rule: Rule, given: Pass) -> None:
    """Raises Refused `locked` when the pass is from before a change, or its name was struck off the list."""
    struck = rule.access is Access.LIST and given.invitation not in rule.invitations
    if given.epoch != rule.epoch or struck or rule.access is Access.MEMBERS:
        raise Refused("the pass has ended", code="locked")


def invite(tx: Tx, album: Album, names: list[tuple[str, str | None]]) -> list[tuple[Invitation, str]]:
    """One invitation and its code for every (name, phone hash). The code is only known now."""
    made = []
    for name, phone_hash in names:
        code = "".join(secrets.choice(CODES) for _ in range(8))
        row = Invitation(
            organization_id=album.organization_id,
            album_id=album.id,
            name=name,
            code_hash=_code_hash(album.id, code),
            phone_hash=phone_hash,
        )
        tx.add(row)
        made.append((row, code))
    tx.flush()
    return made


def strike(tx: Tx, invitation_id: str) -> None:
    """Off the list; whoever came in by it is out within a second."""
    tx.execute(delete(Invitation).where(Invitation.id == invitation_id))


def rule_of(tx: Tx, album_id: str) -> Rule | None:
    """None: there is no such album for guests."""
    columns = (Album.access, Album.access_epoch, Album.guest_mark)
    query = select(*columns).join(Event, Event.id == Album.event_id)
    row = tx.execute(query.where(Album.id == album_id, Event.state.not_in(UNSEEN))).first()
    if row is None:
        return None
    names: frozenset[str] = frozenset()
    if row[0] is Access.LIST:
        names = frozenset(tx.scalars(select(Invitation.id).where(Invitation.album_id == album_id)))
    return Rule(*row, names)


def plain(code: str) -> str:
    """As people type it: spaces and dashes do not count, small letters are capitals."""
    return "".join(c for c in code.upper() if c.isalnum())


class Rules:
    """The rules of albums whose pictures are being asked for: read once a second and album, not once a picture."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[str, tuple[float, Rule | None]] = {}

    def of(self, album_id: str) -> Rule | None:
        found = self._known.get(album_id)
        if found is None or time.monotonic() - found[0] > FRESH_S:
            now = time.monotonic()
            with self._db.reading() as tx:
                found = (now, rule_of(tx, album_id))
            if len(self._known) > 1000:
                self._known.clear()
            self._known[album_id] = found
        return found[1]


def _invited(album_id: str, said: Said) -> Select[Invitation]:
    mine = select(Invitation).where(Invitation.album_id == album_id)
    if said.phone_hash:
        return mine.where(Invitation.phone_hash == said.phone_hash)
    return mine.where(Invitation.code_hash == _code_hash(album_id, plain(said.code)))


def _code_hash(album_id: str, code: str) -> str:
    return security.token_hash(f"{album_id}:{code}")


def _checked(access: Access, secret: str) -> str:
    least, most = SECRET[access]
    said = plain(secret) if access is Access.CODE else secret
    if not least <= len(said) <= most:
        raise BadInput(f"{access} of {least} to {most} characters")
    return said
