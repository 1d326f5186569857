"""Bridges: from a code on a screen to a token, and what the console wants of them afterwards.

A pairing is nobody's until a member confirms it. The code only names it; the token goes to whoever holds the secret
that was given out with the code. Orders are numbered per bridge and told until the bridge says that it has them.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from backend import security
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import BadInput, Conflict, Gone, NotFound, Refused
from backend.models import Album, Bridge, BridgeState, Order, Outage, Pairing, PairingState, Photo, PhotoState
from backend.models.bridges import ONLINE_MS
from backend.states import move_bridge, move_pairing

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that looks like something else
PAIRING_MS: Final = 600_000
KEPT_MS: Final = 24 * 3600 * 1000
ORDERS: Final = frozenset(
    {
        "pause",
        "resume",
        "originals_later",
        "originals_now",
        "mode",
        "pick",
        "retract",
        "want_original",
        "forgive_gaps",
    }
)
MODES: Final = ("auto", "pick", "marked")
MOST_ORDERS: Final = 100


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a confirmed bridge sends its photos. `replaces`: the bridge whose place it takes."""

    album: Album
    name: str = ""
    replaces: Bridge | None = None


def ask_pairing(tx: Tx, device: str) -> tuple[Pairing, str]:
    """A new code, and the secret that fetches the token."""
    secret = security.new_token()
    for _ in range(8):
        code = "".join(secrets.choice(ALPHABET) for _ in range(6))
        asked = Pairing(
            code=code, secret_hash=security.token_hash(secret), device=device[:80], ends_at=now_ms() + PAIRING_MS
        )
        try:
            with tx.begin_nested():
                tx.add(asked)
        except IntegrityError:
            continue
        return asked, secret
    raise Conflict("no free code")


def shown(code: str) -> str:
    """«K7F2QX» → «K7F-2QX»: as people read it."""
    return f"{code[:3]}-{code[3:]}"


def pairing(tx: Tx, pairing_id: str, secret: str) -> Pairing:
    """For the bridge that asked. Raises NotFound, Gone when the code ran out, Refused when somebody said no."""
    found = tx.get(Pairing, pairing_id)
    if found is None or not hmac.compare_digest(found.secret_hash, security.token_hash(secret)):
        raise NotFound("pairing")
    if found.ends_at <= now_ms():
        raise Gone("pairing")
    if found.state is PairingState.REFUSED:
        raise Refused("pairing")
    return found


def waiting(tx: Tx, code: str) -> Pairing:
    """For the member who types or scans it. Raises NotFound `unknown_code`, also for one that ran out."""
    plain = re.sub(r"[^0-9A-Z]", "", code.upper())
    found = tx.scalars(select(Pairing).filter_by(code=plain)).first()
    if found is None or found.ends_at <= now_ms() or found.state is PairingState.REFUSED:
        raise NotFound("pairing code", code="unknown_code")
    return found


def confirm(tx: Tx, asked: Pairing, seat: Seat, token: str) -> Bridge:
    """Give the bridge its place; its token is valid at once. Raises Conflict when somebody was faster."""
    taken = seat.replaces
    if taken is None:
        bridge = Bridge(
            organization_id=seat.album.organization_id,
            event_id=seat.album.event_id,
            album_id=seat.album.id,
            name=(seat.name or asked.device or "Camera bridge")[:80],
            token_hash=security.token_hash(token),
        )
        tx.add(bridge)
        tx.flush()
    else:
        bridge = taken
        change = update(Bridge).where(Bridge.id == taken.id)
        tx.execute(change.values(token_hash=security.token_hash(token), told=Bridge.ordered, seen_at=None, said={}))
        move_bridge(tx, taken.id, BridgeState.PAIRED)
    also = {"bridge_id": bridge.id, "takes_over": taken is not None}
    if not move_pairing(tx, asked.id, PairingState.CONFIRMED, **also):
        raise Conflict("pairing", code="already_paired")
    return bridge


def refuse(tx: Tx, asked: Pairing) -> bool:
    """The bridge is told no. False: it is paired already."""
    return move_pairing(tx, asked.id, PairingState.REFUSED)


def revoke(tx: Tx, bridge: Bridge) -> bool:
    """Its token ends now. False: it had ended."""
    return move_bridge(tx, bridge.id, BridgeState.REVOKED)


def heard(tx: Tx, bridge_id: str, said: dict[str, Any], told: int) -> None:
    """A heartbeat came; if it was long in coming, that was an outage. `told`: the order it has."""
    before, now = tx.scalar(select(Bridge.seen_at).where(Bridge.id == bridge_id).with_for_update()), now_ms()
    if before is not None and now - before >= ONLINE_MS:
        tx.add(Outage(bridge_id=bridge_id, began_at=before, ended_at=now))
    tx.execute(update(Bridge).where(Bridge.id == bridge_id).values(seen_at=now, said=said, told=told))


def order(tx: Tx, bridge: Bridge, do: str, about: str = "") -> int:
    """Number of the new order. `pause` and `resume` hold and free its photos here as well."""
    if do not in ORDERS or (do == "mode" and about not in MODES):
        raise BadInput(f"no such order: {do} {about}")
    n = tx.execute(
        update(Bridge).where(Bridge.id == bridge.id).values(ordered=Bridge.ordered + 1).returning(Bridge.ordered)
    ).scalar_one()
    tx.add(Order(bridge_id=bridge.id, n=n, do=do, about=about))
    if do == "pause":
        tx.execute(update(Bridge).where(Bridge.id == bridge.id).values(paused_at=now_ms()))
    if do == "resume":
        tx.execute(update(Bridge).where(Bridge.id == bridge.id).values(paused_at=None))
    return n


def orders(tx: Tx, bridge_id: str, have: int) -> list[dict[str, Any]]:
    """What comes after order `have`, oldest first, as the wire has it."""
    query = select(Order).where(Order.bridge_id == bridge_id, Order.n > have).order_by(Order.n).limit(MOST_ORDERS)
    return [{"n": o.n, "do": o.do, **({"about": o.about} if o.about else {})} for o in tx.scalars(query)]


def held(tx: Tx, bridge_id: str) -> list[str]:
    """Photos of this bridge that are ready and wait only for the bridge to be resumed."""
    query = select(Photo.id).where(
        Photo.bridge_id == bridge_id, Photo.state == PhotoState.STORED, Photo.made_source_id.is_not(None)
    )
    return list(tx.scalars(query.order_by(Photo.announced_at)))


def target(tx: Tx, bridge: Bridge, camera: str | None, album: Album | None) -> None:
    """The next photo of `camera` lands in `album`; without a camera: of all that have no album of their own."""
    if album is not None and album.event_id != bridge.event_id:
        raise BadInput("the album is of another event")
    tx.refresh(bridge, with_for_update=True)  # two cameras switched at once: both count
    if camera is None:
        if album is None:
            raise BadInput("a bridge needs an album")
        bridge.album_id = album.id
        return
    others = {user: album_id for user, album_id in bridge.cameras.items() if user != camera}
    bridge.cameras = others if album is None else others | {camera: album.id}


def newest_live(tx: Tx, bridge_id: str, camera: str | None) -> str | None:
    """The photo to take back, when somebody says «the last one»."""
    query = select(Photo.id).where(Photo.bridge_id == bridge_id, Photo.state == PhotoState.LIVE)
    if camera is not None:
        query = query.where(Photo.camera == camera)
    return tx.scalars(query.order_by(Photo.live_at.desc(), Photo.position.desc()).limit(1)).first()


def tidy(tx: Tx) -> None:
    """Codes nobody can use any more, and orders long carried out."""
    tx.execute(delete(Pairing).where(Pairing.ends_at < now_ms() - KEPT_MS))
    tx.execute(delete(Order).where(Order.ordered_at < now_ms() - 30 * KEPT_MS))
