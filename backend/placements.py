"""Placements: what sponsors show between photos, on the start page and where guests take photos home (docs/flows.md).

Who of several is shown is decided on the guest's phone, from the shares: `web/ui/src/slots.ts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import aliased

from backend import branding
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import BadInput
from backend.models import Art, ArtKind, Event, Placement, Slot

MOST: Final = 30  # of an event
MAX_BYTES: Final = 500_000  # every guest's phone loads the picture


def of_event(tx: Tx, event_id: str) -> list[Placement]:
    """As the organizer put them, by slot."""
    there = select(Placement).where(Placement.event_id == event_id, Placement.removed_at.is_(None))
    return list(tx.scalars(there.order_by(Placement.slot, Placement.created_at, Placement.id)))


def shown(tx: Tx, event_id: str, url: Callable[[str], str]) -> list[dict[str, Any]]:
    """What guests' phones get: those whose time is not over. `url` signs a picture's key."""
    picture, sponsor = aliased(Art), aliased(Art)
    rows = (
        select(Placement, picture, sponsor)
        .join(picture, picture.id == Placement.art_id)
        .join(sponsor, sponsor.id == Placement.sponsor_id)
        .where(Placement.event_id == event_id, Placement.removed_at.is_(None))
        .order_by(Placement.slot, Placement.created_at, Placement.id)
    )
    return [
        {
            "id": one.id,
            "slot": one.slot.value,
            "name": branding.spoken(whose),
            "words": one.words,
            "link": whose.link,
            "url": url(art.key),
            "width": art.width or 1,
            "height": art.height or 1,
            "share": one.share,
            "cap": one.cap,
            "from_at": one.from_at,
            "until_at": one.until_at,
        }
        for one, art, whose in tx.execute(rows)
        if one.until_at is None or one.until_at > now_ms()
    ]


def put(tx: Tx, event: Event, one: Placement, said: dict[str, Any]) -> Placement:
    """Add it, or change what `said` names: fields of the row, `art_key`, `sponsor_key` (empty: the picture's own).

    Raises BadInput naming the wrong field, `art_heavy` for a picture too large for phones.
    """
    if not one.id and len(of_event(tx, event.id)) >= MOST:
        raise BadInput(f"at most {MOST} placements")
    if "art_key" in said:
        one.art_id = _art(tx, event, said["art_key"]).id
    if "sponsor_key" in said or not one.sponsor_id:
        one.sponsor_id = _art(tx, event, said["sponsor_key"]).id if said.get("sponsor_key") else one.art_id
    if "slot" in said:
        one.slot = Slot(said["slot"])
    for name in ("words", "share", "cap", "from_at", "until_at"):
        if name in said:
            setattr(one, name, said[name])
    if one.from_at is not None and one.until_at is not None and one.until_at <= one.from_at:
        raise BadInput("until_at: ends before it starts")
    tx.add(one)
    tx.flush()
    return one


def remove(one: Placement) -> None:
    """Off every page; what phones tell of it later still counts."""
    one.removed_at = one.removed_at or now_ms()


def sponsors(tx: Tx, ids: Iterable[str]) -> dict[str, tuple[str, Slot, str]]:
    """Event, slot and key of the sponsor's art, by placement, also of removed ones."""
    rows = select(Placement.id, Placement.event_id, Placement.slot, Art.key).join(Art, Art.id == Placement.sponsor_id)
    return {i: (event_id, slot, key) for i, event_id, slot, key in tx.execute(rows.where(Placement.id.in_(set(ids))))}


def _art(tx: Tx, event: Event, key: str) -> Art:
    branding.demand_own_art(tx, event.organization_id, [key])
    found = tx.scalars(select(Art).filter_by(organization_id=event.organization_id, key=key)).one()
    if found.kind is not ArtKind.PICTURE or not key.endswith(branding.SHOWN) or found.checked_at is None:
        raise BadInput(f"art_key: {found.name} is no picture a page can show", code="art_unfit")
    if found.size > MAX_BYTES:
        raise BadInput(f"art_key: {found.size} bytes; at most {MAX_BYTES}", code="art_heavy")
    return found
