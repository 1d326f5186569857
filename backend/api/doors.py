"""Who may see an album, and who took what from it: the organizer's side (wire §3)."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import select

from backend import access, accounts, audit, contributions, downloads, events, security, typed
from backend.accounts import Who
from backend.errors import NotFound
from backend.http import answer, body, needs, stage
from backend.models import Access, Album, Contributions, Guest, Invitation

bp = Blueprint("doors", __name__, url_prefix="/api/v1")


class Rule(BaseModel):
    """What is left out stays as it is."""

    access: Access | None = None
    secret: Annotated[str, Field(max_length=100)] | None = None
    guest_mark: bool | None = None
    downloads: bool | None = None
    downloads_a_day: Annotated[int, Field(ge=0, le=100_000)] | None = None  # 0: as many as they like
    contributions: Contributions | None = None
    contributions_a_day: Annotated[int, Field(ge=1, le=1000)] | None = None
    comments: bool | None = None


class Invited(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    phone: Annotated[str, Field(max_length=20)] | None = None


class Names(BaseModel):
    guests: Annotated[list[Invited], Field(min_length=1, max_length=1000)]


@bp.get("/albums/<album_id>/access")
@needs("see_event")
def show(who: Who, album_id: str) -> ResponseReturnValue:
    with stage().db.reading() as tx:
        album = accounts.their_album(tx, who, album_id, "see_event")
        rows = tx.scalars(select(Invitation).filter_by(album_id=album_id).order_by(Invitation.created_at)).all()
        said = _said(album) | {"invitations": [_invitation(row) for row in rows]}
    return answer(said)


@bp.post("/albums/<album_id>/access")
@needs("change_event")
def change(who: Who, album_id: str) -> ResponseReturnValue:
    """A new rule, code or password ends every pass and every address of a picture within a second."""
    said = body(Rule)
    with stage().db.writing() as tx:
        album = accounts.their_album(tx, who, album_id, "change_event")
        before = _said(album)
        wanted = said.access or album.access
        if wanted is not album.access or said.secret is not None:
            album = access.set_rule(tx, album_id, wanted, said.secret)
        if said.guest_mark is not None:
            album.guest_mark = said.guest_mark
        if said.downloads is not None:
            album.downloads = said.downloads
        if said.downloads_a_day is not None:
            album.downloads_a_day = said.downloads_a_day or None
        if said.contributions_a_day is not None:
            album.contributions_a_day = said.contributions_a_day
        if said.contributions is not None:
            contributions.switch(tx, album, said.contributions)
        if said.comments is not None:
            album.comments = said.comments
        tx.flush()
        events.front_changed(tx, album.event_id)
        after = _said(album)
        audit.record(tx, album.organization_id, who.actor, "access", f"album:{album_id}", (before, after))
    return answer(after)


@bp.post("/albums/<album_id>/invitations")
@needs("change_event")
def invite(who: Who, album_id: str) -> ResponseReturnValue:
    """Codes are shown this once."""
    said = body(Names)
    secret = stage().settings.secret_key.get_secret_value()
    names = [(g.name, security.phone_hash(secret, g.phone) if g.phone else None) for g in said.guests]
    typed.refuse_risky(stage(), who.organization_id, (name for name, _ in names))
    with stage().db.writing() as tx:
        album = accounts.their_album(tx, who, album_id, "change_event")
        made = [_invitation(row) | {"code": code} for row, code in access.invite(tx, album, names)]
        after = {"invited": len(made)}
        audit.record(tx, album.organization_id, who.actor, "invite", f"album:{album_id}", ({}, after))
    return answer({"invitations": made})


@bp.delete("/invitations/<invitation_id>")
@needs("change_event")
def strike(who: Who, invitation_id: str) -> ResponseReturnValue:
    """Off the list: whoever came in by it is out at once."""
    with stage().db.writing() as tx:
        found = tx.get(Invitation, invitation_id)
        if found is None:
            raise NotFound("invitation")
        album = accounts.their_album(tx, who, found.album_id, "change_event")
        access.strike(tx, invitation_id)
        change: tuple[dict[str, Any], dict[str, Any]] = ({"name": found.name}, {})
        audit.record(tx, album.organization_id, who.actor, "strike", f"album:{album.id}", change)
    return "", 204


@bp.get("/photos/<photo_id>/receipts")
@needs("cull")
def receipts(who: Who, photo_id: str) -> ResponseReturnValue:
    """Who took this photo home, newest first: whom to tell when it is recalled."""
    with stage().db.reading() as tx:
        accounts.their_photo(tx, who, photo_id, "cull")
        rows = downloads.receipts(tx, photo_id)
        known = {g.id: g for g in tx.scalars(select(Guest).where(Guest.id.in_([r.guest_id for r in rows])))}
    found = [
        {
            "guest_id": r.guest_id,
            "from": known[r.guest_id].appid if r.guest_id in known else None,
            "by": "one" if r.by == "one" else "export",
            "size": r.size,
            "taken_at": r.taken_at,
        }
        for r in rows
    ]
    return answer({"receipts": found})


def _said(album: Album) -> dict[str, Any]:
    return {
        "access": album.access.value,
        "has_secret": album.access_hash is not None,
        "epoch": album.access_epoch,
        "guest_mark": album.guest_mark,
        "downloads": album.downloads,
        "downloads_a_day": album.downloads_a_day,
        "contributions": album.contributions.value,
        "contributions_a_day": album.contributions_a_day,
        "comments": album.comments,
    }


def _invitation(row: Invitation) -> dict[str, Any]:
    said = {"id": row.id, "name": row.name, "phone": row.phone_hash is not None, "opened": row.opened}
    return said | {"opened_at": row.opened_at, "created_at": row.created_at}
