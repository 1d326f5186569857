"""Who somebody is and what they may do: members, invitations, guests, bridges.

`RIGHTS` is the whole matrix of roles; docs/rights.md shows the same table and a test holds both together. `may` is the
only judge; who asks for what belongs to others is told that it does not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from backend import security
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import BadInput, Conflict, NotFound, Refused, Unauthorized
from backend.models import (
    Album,
    ApiKey,
    Bridge,
    BridgeState,
    Event,
    Guest,
    Member,
    Photo,
    PhotoState,
    Role,
    TeamInvitation,
)

H5_APPID: Final = "h5"
MIN_PASSWORD: Final = 8  # characters
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$6T2pQCXyzWUcAKIyTPRUwVv/bXZ0nvUTBRQPsYhhPzo"

EVERYBODY: Final = frozenset(Role)
STAFF: Final = EVERYBODY - {Role.SPONSOR}
RUNNERS: Final = frozenset({Role.OWNER, Role.ADMIN, Role.PLATFORM})
RIGHTS: Final[dict[str, frozenset[Role]]] = {
    "sign_in": EVERYBODY,
    "see_event": STAFF,
    "change_event": RUNNERS,
    "change_brand": RUNNERS,
    "cull": RUNNERS | {Role.REVIEWER, Role.RETOUCHER},
    "retouch": RUNNERS | {Role.RETOUCHER},
    "upload": RUNNERS | {Role.PHOTOGRAPHER},
    "see_report": RUNNERS | {Role.REVIEWER},
    "see_audit": RUNNERS,
    "take_originals": RUNNERS,
    "change_team": RUNNERS,
    "change_keys": RUNNERS,
    "run_platform": frozenset({Role.PLATFORM}),
}
SCOPES: Final = frozenset(RIGHTS) - {"sign_in", "retouch", "change_team", "change_keys", "run_platform"}  # of keys
KEY_START: Final = "km_"
SEEN_MS: Final = 60_000  # how precisely the last use of a key is known
INVITABLE: Final = EVERYBODY - {Role.PLATFORM}  # who runs the platform is made on its command line


@dataclass(frozen=True, slots=True)
class Who:
    """A signed-in member. With `event_id` they know of that event only."""

    member_id: str
    organization_id: str
    role: Role
    name: str
    event_id: str | None = None
    scopes: frozenset[str] | None = None  # of an API key: no more than these

    @property
    def actor(self) -> str:
        return f"member:{self.member_id}" if self.scopes is None else f"key:{self.member_id}"

    def has(self, right: str) -> bool:
        return self.role in RIGHTS[right] and (self.scopes is None or right in self.scopes)


def may(who: Who, what: str, organization_id: str, event_id: str | None = None) -> bool:
    """The only judge: the right role, in the right organization, at an event they were asked to.

    `event_id` None: something of the whole organization, which nobody limited to one event may touch.
    """
    same = who.organization_id == organization_id or who.role is Role.PLATFORM
    return same and who.event_id in (None, event_id) and who.has(what)


def demand(who: Who, what: str) -> None:
    """Raises Refused when the role never may; the tenant is checked where the row is read."""
    if not who.has(what):
        raise Refused(f"{who.role} may not {what}")


def demand_whole(who: Who, what: str) -> None:
    """For what belongs to the whole organization. Raises Refused for a member limited to one event."""
    demand(who, what)
    if who.event_id is not None:
        raise Refused(f"limited to event {who.event_id}")


def their_event(tx: Tx, who: Who, event_id: str, what: str) -> Event:
    """Raises Refused for the wrong role, NotFound for another organization's event: it is not theirs to know."""
    demand(who, what)
    found = tx.get(Event, event_id)
    if found is None or not may(who, what, found.organization_id, found.id):
        raise NotFound("event")
    return found


def their_album(tx: Tx, who: Who, album_id: str, what: str) -> Album:
    """Raises Refused, NotFound, as `their_event`."""
    demand(who, what)
    found = tx.get(Album, album_id)
    if found is None or not may(who, what, found.organization_id, found.event_id):
        raise NotFound("album")
    return found


def their_bridge(tx: Tx, who: Who, bridge_id: str) -> Bridge:
    """Whoever may bring photos in may run a bridge. Raises Refused, NotFound, as `their_event`."""
    demand(who, "upload")
    found = tx.get(Bridge, bridge_id)
    if found is None or not may(who, "upload", found.organization_id, found.event_id):
        raise NotFound("bridge")
    return found


def their_photo(tx: Tx, who: Who, photo_id: str, what: str) -> Photo:
    """Raises Refused, NotFound, as `their_event`."""
    demand(who, what)
    found = tx.get(Photo, photo_id)
    if found is None or found.state is PhotoState.PURGED or not may(who, what, found.organization_id, found.event_id):
        raise NotFound("photo")
    return found


def sign_in(tx: Tx, login: str, password: str) -> Member:
    """Raises Unauthorized `bad_login`, the same (and as slow) for an unknown login and a wrong password."""
    found = tx.scalars(select(Member).filter_by(login=login)).first()
    right = security.password_matches(found.password_hash if found else _NOBODY, password)
    if found is None or not right or found.disabled_at is not None:
        raise Unauthorized(code="bad_login")
    return found


def myself(tx: Tx, who: Who) -> Member:
    """The row of who is asking. Raises NotFound for a program with a key."""
    found = tx.get(Member, who.member_id)
    if found is None:
        raise NotFound("member")
    return found


def of_wechat(tx: Tx, appid: str, openid: str) -> Member:
    """Raises Refused `not_bound` when it is nobody's, or somebody's who was let go."""
    found = tx.scalars(select(Member).filter_by(wechat_appid=appid, wechat_openid=openid)).first()
    if found is None or found.disabled_at is not None:
        raise Refused(code="not_bound")
    return found


def bind_wechat(tx: Tx, member_id: str, appid: str, openid: str) -> Member:
    """From now on this WeChat account confirms for the member. Raises NotFound, Conflict `wechat_taken`."""
    found = tx.get(Member, member_id)
    if found is None or found.disabled_at is not None:
        raise NotFound("member")
    try:
        with tx.begin_nested():
            found.wechat_appid, found.wechat_openid = appid, openid
    except IntegrityError:
        raise Conflict(code="wechat_taken") from None
    return found


def member(tx: Tx, member_id: str, epoch: int) -> Who:
    """The member of a session. Raises Unauthorized when it was ended or the member disabled."""
    found = tx.get(Member, member_id)
    if found is None or found.disabled_at is not None or found.session_epoch != epoch:
        raise Unauthorized(code="unauthorized")
    return Who(found.id, found.organization_id, found.role, found.name, found.event_id)


def make_key(
    tx: Tx, who: Who, name: str, scopes: list[str], *, event_id: str | None, ttl_s: int | None
) -> tuple[ApiKey, str]:
    """A key and its token, which is not kept."""
    token = KEY_START + security.new_token()
    made = ApiKey(
        organization_id=who.organization_id,
        name=name,
        token_hash=security.token_hash(token),
        start=token[:8],
        scopes={"scopes": sorted(set(scopes))},
        event_id=event_id,
        made_by=who.actor,
        expires_at=now_ms() + ttl_s * 1000 if ttl_s else None,
    )
    tx.add(made)
    tx.flush()
    return made, token


def key_holder(tx: Tx, token: str) -> tuple[Who, bool]:
    """Who a program is, and whether its last use should be written down. Raises Unauthorized."""
    found = tx.scalars(select(ApiKey).filter_by(token_hash=security.token_hash(token))).first()
    now = now_ms()
    if found is None or found.revoked_at is not None or (found.expires_at or now + 1) <= now or suspended(tx, [found]):
        raise Unauthorized(code="bad_token")
    scopes = frozenset(found.scopes["scopes"]) | {"sign_in"}
    who = Who(found.id, found.organization_id, Role.ADMIN, found.name, found.event_id, scopes)
    return who, (found.used_at or 0) < now - SEEN_MS


def suspended(tx: Tx, keys: Sequence[ApiKey]) -> set[str]:
    """Ids of those whose maker may make none now: who was let go takes theirs along, until they are back."""
    made_by = {key.id: key.made_by.removeprefix("member:") for key in keys}
    gone = or_(Member.disabled_at.is_not(None), Member.role.not_in(RIGHTS["change_keys"]))
    makers = set(tx.scalars(select(Member.id).where(Member.id.in_(made_by.values()), gone)))
    return {key_id for key_id, maker in made_by.items() if maker in makers}


def key_used(tx: Tx, key_id: str) -> None:
    tx.execute(update(ApiKey).where(ApiKey.id == key_id).values(used_at=now_ms()))


def invite(tx: Tx, who: Who, role: Role, *, event_id: str | None, ttl_s: int) -> tuple[TeamInvitation, str]:
    """An invitation and its token, which is not kept. Raises Refused for a role above the inviter's own."""
    _demand_rank(who, role)
    token = security.new_token()
    made = TeamInvitation(
        organization_id=who.organization_id,
        token_hash=security.token_hash(token),
        role=role,
        event_id=event_id,
        invited_by=who.actor,
        expires_at=now_ms() + ttl_s * 1000,
    )
    tx.add(made)
    tx.flush()
    return made, token


def invitation(tx: Tx, token: str) -> TeamInvitation:
    """Raises NotFound `invitation_over` when it never was, was used, taken back, or its time is over."""
    found = tx.scalars(select(TeamInvitation).filter_by(token_hash=security.token_hash(token))).first()
    if found is None or found.used_at or found.revoked_at or found.expires_at <= now_ms():
        raise NotFound(code="invitation_over")
    return found


def join(tx: Tx, token: str, *, login: str, name: str, password: str) -> Member:
    """Use an invitation: once, even when two try at the same moment. Raises NotFound, BadInput, Conflict."""
    found = invitation(tx, token)
    if len(password) < MIN_PASSWORD:
        raise BadInput(f"password: at least {MIN_PASSWORD} characters", code="weak_password")
    made = Member(
        organization_id=found.organization_id,
        login=login,
        name=name,
        role=found.role,
        event_id=found.event_id,
        password_hash=security.hash_password(password),
    )
    try:
        with tx.begin_nested():
            tx.add(made)
    except IntegrityError:
        raise Conflict(login, code="login_taken") from None
    once = update(TeamInvitation).where(TeamInvitation.id == found.id, TeamInvitation.used_at.is_(None))
    if tx.execute(once.values(used_at=now_ms(), member_id=made.id).returning(TeamInvitation.id)).first() is None:
        raise NotFound(code="invitation_over")
    return made


def change_member(tx: Tx, who: Who, member_id: str, *, role: Role | None, disabled: bool | None) -> Member:
    """Another role, or no way in any more: open sessions end at once. Raises NotFound, Refused, Conflict.

    Nobody changes themselves, and an organization keeps its last owner: otherwise nobody could let anybody in again.
    """
    found = tx.get(Member, member_id)
    if found is None or not may(who, "change_team", found.organization_id):
        raise NotFound("member")
    _demand_rank(who, found.role)
    _demand_rank(who, role or found.role)
    if found.id == who.member_id:
        raise Refused("nobody changes themselves")
    leaves = (role or found.role) is not Role.OWNER or disabled
    if found.role is Role.OWNER and leaves and _owners(tx, found.organization_id) == [found.id]:
        raise Conflict("the last owner")
    found.role = role or found.role
    if disabled is not None:
        found.disabled_at = now_ms() if disabled else None
    found.session_epoch += 1
    return found


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


def _demand_rank(who: Who, role: Role) -> None:
    """An admin makes no owners, and nobody makes a platform admin."""
    above = role is Role.OWNER and who.role is Role.ADMIN
    if role not in INVITABLE or above:
        raise Refused(f"{who.role} may not make or change {role}")


def _owners(tx: Tx, organization_id: str) -> list[str]:
    query = select(Member.id).filter_by(organization_id=organization_id, role=Role.OWNER, disabled_at=None)
    return list(tx.scalars(query))
