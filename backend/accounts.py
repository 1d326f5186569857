"""Who somebody is and what they may do: members, guests, bridges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from backend import security
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import Refused, Unauthorized
from backend.models import Bridge, BridgeState, Guest, Member, Role

H5_APPID: Final = "h5"
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$6T2pQCXyzWUcAKIyTPRUwVv/bXZ0nvUTBRQPsYhhPzo"

ALL_STAFF: Final = frozenset(Role) - {Role.SPONSOR}
RIGHTS: Final[dict[str, frozenset[Role]]] = {
    "see_event": ALL_STAFF,
    "change_event": frozenset({Role.OWNER, Role.ADMIN, Role.PLATFORM}),
    "change_brand": frozenset({Role.OWNER, Role.ADMIN, Role.PLATFORM}),
    "cull": frozenset({Role.OWNER, Role.ADMIN, Role.REVIEWER, Role.RETOUCHER, Role.PLATFORM}),
}


@dataclass(frozen=True, slots=True)
class Who:
    """A signed-in member."""

    member_id: str
    organization_id: str
    role: Role
    name: str

    @property
    def actor(self) -> str:
        return f"member:{self.member_id}"


def may(who: Who, what: str, organization_id: str) -> bool:
    """The only judge: the right role, in the right organization."""
    same = who.organization_id == organization_id or who.role is Role.PLATFORM
    return same and who.role in RIGHTS[what]


def demand(who: Who, what: str) -> None:
    """Raises Refused when the role never may; the tenant is checked where the row is read."""
    if who.role not in RIGHTS[what]:
        raise Refused(f"{who.role} may not {what}")


def sign_in(tx: Tx, login: str, password: str) -> Member:
    """Raises Unauthorized `bad_login`, the same (and as slow) for an unknown login and a wrong password."""
    found = tx.scalars(select(Member).filter_by(login=login)).first()
    right = security.password_matches(found.password_hash if found else _NOBODY, password)
    if found is None or not right or found.disabled_at is not None:
        raise Unauthorized(code="bad_login")
    return found


def member(tx: Tx, member_id: str, epoch: int) -> Who:
    """The member of a session. Raises Unauthorized when it was ended or the member disabled."""
    found = tx.get(Member, member_id)
    if found is None or found.disabled_at is not None or found.session_epoch != epoch:
        raise Unauthorized(code="unauthorized")
    return Who(found.id, found.organization_id, found.role, found.name)


def guest(tx: Tx, appid: str, openid: str, unionid: str | None = None) -> Guest:
    """The guest with this identity, made if need be. Idempotent."""
    query = select(Guest).filter_by(appid=appid, openid=openid)
    found = tx.scalars(query).first()
    if found is None:
        try:
            with tx.begin_nested():
                found = Guest(appid=appid, openid=openid, unionid=unionid)
                tx.add(found)
        except IntegrityError:
            found = tx.scalars(query).one()
    found.seen_at = now_ms()
    found.unionid = unionid or found.unionid
    return found


def bridge(tx: Tx, token: str) -> Bridge:
    """Raises Unauthorized `bad_token` for an unknown or revoked token."""
    found = tx.scalars(select(Bridge).filter_by(token_hash=security.token_hash(token))).first()
    if found is None or found.state is not BridgeState.PAIRED:
        raise Unauthorized(code="bad_token")
    return found
