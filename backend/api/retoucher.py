"""The retouch desk (wire §3): claim a photo, fetch the clean original, bring a version, go back to another."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import select

from backend import accounts, audit, photos, retouch
from backend.accounts import Who
from backend.db import Tx
from backend.errors import BadInput, NotFound, TooLarge
from backend.http import answer, needs, stage
from backend.models import Adjustment, Member, Photo, Rendition, RenditionKind, RetouchTask, Source, SourceKind
from backend.openapi import endpoint
from backend.storage import digest, source_key

bp = Blueprint("retoucher", __name__, url_prefix="/api/v1")
PREFERRED = (SourceKind.ORIGINAL, SourceKind.PREVIEW)


class ClaimRequest(BaseModel):
    photo_id: Annotated[str, Field(max_length=16)] | None = None


class VersionRequest(BaseModel):
    source_id: Annotated[str, Field(max_length=16)] | None = None


class VerdictRequest(BaseModel):
    accept: bool
    words: Annotated[str, Field(max_length=400)] = ""


class RatingRequest(BaseModel):
    stars: Annotated[int, Field(ge=0, le=5)]


class TagsRequest(BaseModel):
    tags: Annotated[list[Annotated[str, Field(min_length=1, max_length=20)]], Field(max_length=6)]


class NameQuery(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=200)]


@bp.get("/events/<event_id>/retouch")
@needs("retouch")
@endpoint()
def desk(who: Who, event_id: str) -> ResponseReturnValue:
    """What waits (those most looked at first), what is mine, and who is at work."""
    with stage().db.reading() as tx:
        accounts.their_event(tx, who, event_id, "retouch")
        found = retouch.queue(tx, event_id, 24)
        said = {
            "waiting": retouch.waiting(tx, event_id),
            "queue": [
                _photo(tx, one.photo) | {"need": one.need, "finish_due_at": one.finish_due_at, "returned": one.returned}
                for one in found
            ],
            "mine": [_task(tx, task) for task in retouch.mine(tx, who.member_id, event_id)],
        }
    return answer(said)


@bp.post("/events/<event_id>/retouch/claim")
@needs("retouch")
@endpoint(json=ClaimRequest)
def claim(who: Who, event_id: str, json: ClaimRequest) -> ResponseReturnValue:
    """A named photo, or the one that needs it most. `task` is null when there is none to take."""
    with stage().db.writing() as tx:
        accounts.their_event(tx, who, event_id, "retouch")
        task = retouch.claim(tx, who.member_id, event_id, json.photo_id)
        said = _task(tx, task) if task else None
    return answer({"task": said})


@bp.post("/retouch/<task_id>/renew")
@needs("retouch")
@endpoint()
def renew(who: Who, task_id: str) -> ResponseReturnValue:
    """Still at it. 409 `not_yours` when another one has it by now."""
    with stage().db.writing() as tx:
        until = retouch.renew(tx, _held(tx, who, task_id))
    return answer({"lease_until": until})


@bp.post("/retouch/<task_id>/release")
@needs("retouch")
@endpoint(answers={204: None})
def release(who: Who, task_id: str) -> ResponseReturnValue:
    """Back into the queue at once."""
    with stage().db.writing() as tx:
        retouch.give_back(tx, _held(tx, who, task_id))
    return "", 204


@bp.post("/photos/<photo_id>/retouched")
@needs("retouch")
def submit(who: Who, photo_id: str) -> ResponseReturnValue:
    """The body is the edited picture. It is on every open screen within seconds, at the same place."""
    with stage().db.reading() as tx:
        photo = accounts.their_photo(tx, who, photo_id, "retouch")
    return answer(_bring(who, photo))


@bp.post("/events/<event_id>/retouched")
@needs("retouch")
@endpoint(query=NameQuery)
def submit_by_name(who: Who, event_id: str, query: NameQuery) -> ResponseReturnValue:
    """As above, for the photo whose file has this name: what a hot folder brings back. 404 `no_match`."""
    with stage().db.reading() as tx:
        accounts.their_event(tx, who, event_id, "retouch")
        photo = _of_name(tx, who, event_id, query.name)
    return answer(_bring(who, photo))


@bp.post("/photos/<photo_id>/verdict")
@needs("cull")
@endpoint(json=VerdictRequest)
def judge(who: Who, photo_id: str, json: VerdictRequest) -> ResponseReturnValue:
    """Accept what a retoucher submitted, or send it back with words."""
    with stage().db.writing() as tx:
        photo = accounts.their_photo(tx, who, photo_id, "cull")
        done = retouch.judge(tx, photo_id, accept=json.accept, words=json.words)
        if done:
            change: tuple[dict[str, Any], dict[str, Any]] = ({}, json.model_dump())
            audit.record(tx, photo.organization_id, who.actor, "judge_retouch", f"photo:{photo_id}", change)
    return answer({"changed": done})


@bp.post("/photos/<photo_id>/rating")
@needs("cull")
@endpoint(json=RatingRequest, answers={204: None})
def rate(who: Who, photo_id: str, json: RatingRequest) -> ResponseReturnValue:
    """One to five stars; 0 takes them away."""
    with stage().db.writing() as tx:
        accounts.their_photo(tx, who, photo_id, "cull").rating = json.stars or None
    return "", 204


@bp.post("/photos/<photo_id>/tags")
@needs("cull")
@endpoint(json=TagsRequest)
def tag(who: Who, photo_id: str, json: TagsRequest) -> ResponseReturnValue:
    """All its tags from now on. Guests never see them."""
    with stage().db.writing() as tx:
        photo = accounts.their_photo(tx, who, photo_id, "cull")
        return answer({"tags": retouch.tag(tx, photo, json.tags)})


@bp.get("/events/<event_id>/tags")
@needs("see_event")
@endpoint()
def list_tags(who: Who, event_id: str) -> ResponseReturnValue:
    """Tags of the event's photos, the most used first."""
    with stage().db.reading() as tx:
        accounts.their_event(tx, who, event_id, "see_event")
        return answer({"tags": retouch.tags_of_event(tx, event_id)})


@bp.get("/photos/<photo_id>/versions")
@needs("see_event")
@endpoint()
def list_versions(who: Who, photo_id: str) -> ResponseReturnValue:
    """Every version there is, newest first, and which one guests see."""
    with stage().db.reading() as tx:
        photo = accounts.their_photo(tx, who, photo_id, "see_event")
        view = tx.get(Rendition, (photo_id, RenditionKind.VIEW))
        found = [_version(photo, source) for source in photos.versions(tx, photo_id)]
        after = _url(view.key) if view else None
        given = [_adjustment(tx, one) for one in retouch.adjustments(tx, photo_id)]
        shown = {"view": after, "adjustments": given, "look": photo.own_look}
    return answer({"versions": found, "finished_at": photo.finished_at, "finished_by": photo.finished_by} | shown)


@bp.post("/photos/<photo_id>/version")
@needs("cull")
@endpoint(json=VersionRequest)
def go_back(who: Who, photo_id: str, json: VersionRequest) -> ResponseReturnValue:
    """Guests see this version from now on; without `source_id` the best there is."""
    with stage().db.writing() as tx:
        photo = accounts.their_photo(tx, who, photo_id, "cull")
        before = {"source_id": photo.source_id}
        changed = photos.go_back(tx, photo_id, json.source_id)
        if changed:
            after = {"source_id": photo.source_id}
            audit.record(tx, photo.organization_id, who.actor, "version", f"photo:{photo_id}", (before, after))
    return answer({"changed": changed, "source_id": photo.source_id})


def _held(tx: Tx, who: Who, task_id: str) -> RetouchTask:
    """Raises NotFound for another organization's task, Conflict for somebody else's."""
    found = tx.get(RetouchTask, task_id)
    if found is None or not accounts.may(who, "retouch", found.organization_id, found.event_id):
        raise NotFound("retouch task")
    return retouch.held_by(tx, task_id, who.member_id)


def _bring(who: Who, photo: Photo) -> dict[str, Any]:
    """Store the body as the photo's newest version. Raises BadInput, TooLarge."""
    at = stage()
    request.max_content_length = at.settings.max_upload_bytes  # instead of the app's
    content = request.get_data(cache=False)
    if len(content) > at.settings.max_upload_bytes:
        raise TooLarge(f"{len(content)} bytes")
    if not content.startswith(b"\xff\xd8\xff"):
        raise BadInput("a version is a JPEG", code="not_a_picture")
    name = digest(content)
    key = source_key(photo.event_id, "retouched", name)
    at.store.put(key, content)
    with at.db.writing() as tx:
        found = tx.get_one(Photo, photo.id)
        before = {"source_id": found.source_id}
        retouch.submit(tx, found.id, who.member_id)
        photos.add_source(tx, found.id, photos.Bytes(SourceKind.RETOUCHED, key, name, len(content)))
        after = {"source_id": found.source_id}
        audit.record(tx, found.organization_id, who.actor, "retouch", f"photo:{found.id}", (before, after))
    return {"photo_id": photo.id, "source_id": after["source_id"]}


def _of_name(tx: Tx, who: Who, event_id: str, name: str) -> Photo:
    """The photo of this name, whatever the suffix; of several the one in the caller's hands, else the newest."""
    stem = PurePath(name.replace("\\", "/")).stem
    like = stem.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    query = select(Photo).where(Photo.event_id == event_id, Photo.name.ilike(f"{like}.%", escape="\\"))
    found = [p for p in tx.scalars(query.order_by(Photo.announced_at.desc()).limit(20)) if _same(p.name, stem)]
    if not found:
        raise NotFound(name, code="no_match")
    held = {task.photo_id for task in retouch.mine(tx, who.member_id, event_id)}
    return next((p for p in found if p.id in held), found[0])


def _same(name: str, stem: str) -> bool:
    return PurePath(name).stem.lower() == stem.lower()


def _task(tx: Tx, task: RetouchTask) -> dict[str, Any]:
    photo = tx.get_one(Photo, task.photo_id)
    due = photo.stored_at + photo.album.finish_s * 1000 if photo.stored_at else None
    return {
        "id": task.id,
        "photo": _photo(tx, photo),
        "lease_until": task.lease_until,
        "finish_due_at": due,
        "returned": task.words,
        "original": _clean(tx, photo),
    }


def _clean(tx: Tx, photo: Photo) -> str | None:
    """Where the retoucher fetches the clean picture, under the name it came with."""
    usable = {s.kind: s for s in tx.scalars(select(Source).filter_by(photo_id=photo.id, refusal=None))}
    best = next((usable[kind] for kind in PREFERRED if kind in usable), None)
    return _url(best.key, photo.name or f"{photo.id}.jpg") if best else None


def _photo(tx: Tx, photo: Photo) -> dict[str, Any]:
    rows = tx.scalars(select(Rendition).where(Rendition.photo_id == photo.id))
    keys = {r.kind.value: _url(r.key) for r in rows if r.kind is not RenditionKind.FULL}
    return {
        "id": photo.id,
        "album_id": photo.album_id,
        "name": photo.name,
        "camera": photo.camera,
        "width": photo.width,
        "height": photo.height,
        "thumb": keys.get("thumb"),
        "view": keys.get("view"),
        "shot_at": photo.shot_at,
        "look": photo.own_look,
        "revision": photo.revision,
        "retouched_at": photo.retouched_at,
    }


def _version(photo: Photo, source: Source) -> dict[str, Any]:
    return {
        "source_id": source.id,
        "kind": source.kind.value,
        "size": source.size,
        "stored_at": source.stored_at,
        "refusal": source.refusal,
        "shown": source.id == photo.made_source_id,
        "wanted": source.id == photo.source_id,
        "pinned": source.id == photo.pinned_source_id,
        "url": _url(source.key),
    }


def _adjustment(tx: Tx, one: Adjustment) -> dict[str, Any]:
    by = tx.get(Member, one.member_id) if one.member_id else None
    return {"id": one.id, "look": one.look, "made_at": one.made_at, "by": by.name if by else ""}


def _url(key: str, download_name: str | None = None) -> str:
    at = stage()
    return at.store.url(key, ttl=at.settings.photo_url_ttl, download_name=download_name)
