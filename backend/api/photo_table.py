"""What the console's table does with photos: many at once hidden, shown, moved; one looked into (wire §3)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import select

from backend import accounts, audit, feed
from backend.accounts import Who
from backend.db import Tx
from backend.errors import BadInput, NotFound
from backend.http import answer, needs, stage
from backend.models import Album, Audit, Member, Photo, Rendition, RenditionKind, Source, SourceKind
from backend.openapi import endpoint

bp = Blueprint("photo_table", __name__, url_prefix="/api/v1")
MOST: Final = 500
STAMPS: Final = ("shot_at", "bridged_at", "announced_at", "stored_at", "rendered_at", "live_at", "seen_at")
LATER: Final = ("original_at", "retouched_at", "finished_at")
Ids = Annotated[list[Annotated[str, Field(max_length=32)]], Field(min_length=1, max_length=MOST)]


class Deed(BaseModel):
    photo_ids: Ids
    do: Literal["hide", "restore"]


class Destination(BaseModel):
    photo_ids: Ids
    album_id: Annotated[str, Field(max_length=32)]


class FileQuery(BaseModel):
    kind: Literal["original", "view"] = "original"


@bp.post("/photos/act")
@needs("cull")
@endpoint(json=Deed)
def act(who: Who, json: Deed) -> ResponseReturnValue:
    """Hide or restore many at once. `changed`: those it made a difference to, who can be taken back."""
    changed = []
    with stage().db.writing() as tx:
        for photo in _theirs(tx, who, json.photo_ids):
            done = feed.hide(tx, photo.id) if json.do == "hide" else feed.restore(tx, photo.id)
            if done:
                changed.append(photo.id)
                audit.record(tx, photo.organization_id, who.actor, json.do, f"photo:{photo.id}")
    return answer({"changed": changed})


@bp.post("/photos/move")
@needs("cull")
@endpoint(json=Destination)
def move(who: Who, json: Destination) -> ResponseReturnValue:
    """To another album of the same event. `changed`: `{id, from}` of those that were not there already."""
    changed = []
    with stage().db.writing() as tx:
        to = accounts.their_album(tx, who, json.album_id, "cull")
        for photo in _theirs(tx, who, json.photo_ids):
            if photo.event_id != to.event_id:
                raise BadInput("photo_ids: of another event than the album")
            before = photo.album_id
            if feed.move(tx, photo.id, to.id):
                changed.append({"id": photo.id, "from": before})
                change: tuple[dict[str, Any], dict[str, Any]] = ({"album_id": before}, {"album_id": to.id})
                audit.record(tx, photo.organization_id, who.actor, "move", f"photo:{photo.id}", change)
    return answer({"changed": changed})


@bp.get("/photos/<photo_id>/history")
@needs("cull")
@endpoint()
def history(who: Who, photo_id: str) -> ResponseReturnValue:
    """When what happened to it, and who did what: earliest first."""
    with stage().db.reading() as tx:
        photo = accounts.their_photo(tx, who, photo_id, "cull")
        rows = tx.scalars(select(Audit).filter_by(subject=f"photo:{photo_id}").order_by(Audit.done_at, Audit.id)).all()
        ids = {row.actor.removeprefix("member:") for row in rows}
        known = tx.execute(select(Member.id, Member.name, Member.login).where(Member.id.in_(ids)))
        names = {member_id: name or login for member_id, name, login in known}
        stamps = [{"at": at, "what": name, "by": ""} for name in STAMPS + LATER if (at := getattr(photo, name))]
        deeds = [_deed(row, names) for row in rows]
        album = tx.get_one(Album, photo.album_id).title
    found = sorted(stamps + deeds, key=lambda one: one["at"])
    return answer({"name": photo.name, "album": album, "state": photo.state.value, "history": found})


@bp.get("/photos/<photo_id>/file")
@needs("cull")
@endpoint(query=FileQuery, answers={302: None})
def file(who: Who, photo_id: str, query: FileQuery) -> ResponseReturnValue:
    """The original as it came (or the best there is of it), or what guests see; under the photo's own name."""
    at = stage()
    with at.db.reading() as tx:
        photo = accounts.their_photo(tx, who, photo_id, "cull")
        key = _view(tx, photo_id) if query.kind == "view" else _original(tx, photo_id)
    return redirect(at.store.url(key, ttl=at.settings.photo_url_ttl, download_name=photo.name or f"{photo_id}.jpg"))


def _theirs(tx: Tx, who: Who, ids: list[str]) -> list[Photo]:
    """In the order of their ids, so that two who act on the same photos wait for each other. Raises NotFound."""
    return [accounts.their_photo(tx, who, photo_id, "cull") for photo_id in sorted(set(ids))]


def _original(tx: Tx, photo_id: str) -> str:
    kept = {one.kind: one.key for one in tx.scalars(select(Source).filter_by(photo_id=photo_id))}
    for kind in (SourceKind.ORIGINAL, SourceKind.PREVIEW):
        if kind in kept:
            return kept[kind]
    raise NotFound("original")


def _view(tx: Tx, photo_id: str) -> str:
    made = tx.get(Rendition, (photo_id, RenditionKind.VIEW))
    if made is None:
        raise NotFound("rendition")
    return made.key


def _deed(row: Audit, names: dict[str, str]) -> dict[str, Any]:
    by = names.get(row.actor.removeprefix("member:"), row.actor.partition(":")[0])
    return {"at": row.done_at, "what": row.action, "by": by, "before": row.before, "after": row.after}
