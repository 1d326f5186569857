"""What programs of an organization need: API keys, webhooks and their log, originals (wire §3)."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Sequence
from typing import Annotated, Any, Final

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from backend import accounts, audit, hooks, outgoing, security
from backend.accounts import Who
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import BadInput, NotFound
from backend.http import answer, needs, stage
from backend.jobs import CallHook
from backend.models import ApiKey, Asset, HookCall, Photo, PhotoState, Source, SourceKind, Webhook
from backend.openapi import endpoint

bp = Blueprint("keys", __name__, url_prefix="/api/v1")
RIGHT: Final = "change_keys"
DAY_S: Final = 24 * 3600
MAX_HOOKS: Final = 20
Id = Annotated[str, Field(max_length=16)]


class KeyRequest(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    scopes: Annotated[list[str], Field(min_length=1, max_length=20)]
    event_id: Id | None = None
    ttl_s: Annotated[int, Field(ge=60, le=3650 * DAY_S)] | None = 365 * DAY_S


class KeyShape(BaseModel):
    id: str
    name: str
    start: str
    scopes: list[str]
    event_id: str | None
    made_by: str
    created_at: int
    expires_at: int | None
    used_at: int | None
    suspended: bool


class Keys(BaseModel):
    keys: list[KeyShape]
    scopes: list[str]


class MadeKey(BaseModel):
    key: KeyShape
    token: str


class HookRequest(BaseModel):
    url: Annotated[str, Field(min_length=1, max_length=500)]
    kinds: Annotated[list[str], Field(min_length=1, max_length=20)]
    event_id: Id | None = None


class HookChange(BaseModel):
    active: bool


class HookShape(BaseModel):
    id: str
    url: str
    kinds: list[str]
    event_id: str | None
    active: bool
    created_at: int
    waiting: int
    last: dict[str, Any] | None


class Hooks(BaseModel):
    webhooks: list[HookShape]
    kinds: list[str]


class MadeHook(BaseModel):
    webhook: HookShape
    secret: str


class CallShape(BaseModel):
    id: str
    kind: str
    body: dict[str, Any]
    state: str
    attempts: int
    status: int | None
    said: str
    took_ms: int | None
    created_at: int
    due_at: int
    settled_at: int | None


class Calls(BaseModel):
    calls: list[CallShape]


class OriginalsQuery(BaseModel):
    after: Annotated[str, Field(max_length=16)] = ""  # id of the last photo seen
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class OriginalShape(BaseModel):
    photo_id: str
    name: str
    sha256: str
    size: int
    shot_at: int | None
    url: str


class Originals(BaseModel):
    originals: list[OriginalShape]
    next: str | None


@bp.get("/keys")
@needs(RIGHT, whole=True)
@endpoint(answers={200: Keys})
def list_keys(who: Who) -> ResponseReturnValue:
    """Keys that still open something, newest first."""
    mine = select(ApiKey).where(ApiKey.organization_id == who.organization_id, ApiKey.revoked_at.is_(None))
    with stage().db.reading() as tx:
        found = tx.scalars(mine.order_by(ApiKey.created_at.desc())).all()
        asleep = accounts.suspended(tx, found)
    return answer({"keys": [_key(one, suspended=one.id in asleep) for one in found], "scopes": sorted(accounts.SCOPES)})


@bp.post("/keys")
@needs(RIGHT, whole=True)
@endpoint(json=KeyRequest, answers={201: MadeKey})
def add_key(who: Who, json: KeyRequest) -> ResponseReturnValue:
    """A key with some of the rights of an admin. The token is shown this once."""
    wrong = set(json.scopes) - accounts.SCOPES
    if wrong:
        raise BadInput(f"scopes: {', '.join(sorted(wrong))}")
    with stage().db.writing() as tx:
        _own_event(tx, who, json.event_id)
        made, token = accounts.make_key(tx, who, json.name, json.scopes, event_id=json.event_id, ttl_s=json.ttl_s)
        said = _key(made, suspended=False)
        audit.record(tx, who.organization_id, who.actor, "add_key", f"key:{made.id}", ({}, said))
    return answer({"key": said, "token": token}, 201)


@bp.post("/keys/<key_id>/revoke")
@needs(RIGHT, whole=True)
@endpoint(answers={204: None})
def revoke_key(who: Who, key_id: str) -> ResponseReturnValue:
    """Opens nothing from now on. Repeatable."""
    with stage().db.writing() as tx:
        found = tx.get(ApiKey, key_id)
        if found is None or not accounts.may(who, RIGHT, found.organization_id):
            raise NotFound("key")
        if found.revoked_at is None:
            found.revoked_at = now_ms()
            audit.record(tx, found.organization_id, who.actor, "revoke_key", f"key:{key_id}")
    return "", 204


@bp.get("/webhooks")
@needs(RIGHT, whole=True)
@endpoint(answers={200: Hooks})
def list_hooks(who: Who) -> ResponseReturnValue:
    """Addresses that are told what happens, with how the last call went."""
    mine = select(Webhook).where(Webhook.organization_id == who.organization_id).order_by(Webhook.created_at.desc())
    with stage().db.reading() as tx:
        found = _hooks(tx, tx.scalars(mine).all())
    return answer({"webhooks": found, "kinds": [kind for kind in hooks.KINDS if kind != "ping"]})


@bp.post("/webhooks")
@needs(RIGHT, whole=True)
@endpoint(json=HookRequest, answers={201: MadeHook})
def add_hook(who: Who, json: HookRequest) -> ResponseReturnValue:
    """422 `bad_target` for what is no public https address. The signing secret is shown this once; a ping is sent."""
    wrong = set(json.kinds) - set(hooks.KINDS)
    if wrong:
        raise BadInput(f"kinds: {', '.join(sorted(wrong))}")
    at = stage()
    outgoing.checked(json.url, private=at.settings.webhook_private)
    secret = f"whsec_{security.new_token()}"
    with at.db.writing() as tx:
        _own_event(tx, who, json.event_id)
        there = tx.scalars(select(Webhook.id).where(Webhook.organization_id == who.organization_id)).all()
        if len(there) >= MAX_HOOKS:
            raise BadInput(f"at most {MAX_HOOKS} webhooks")
        made = Webhook(
            organization_id=who.organization_id,
            url=json.url,
            sealed_secret=at.signer.seal(secret),
            kinds={"kinds": json.kinds},
            event_id=json.event_id,
            made_by=who.actor,
        )
        tx.add(made)
        tx.flush()
        hooks.call(tx, made, "ping", {})
        [said] = _hooks(tx, [made])
        change: tuple[dict[str, Any], dict[str, Any]] = ({}, {"url": json.url, "kinds": json.kinds})
        audit.record(tx, who.organization_id, who.actor, "add_webhook", f"webhook:{made.id}", change)
    return answer({"webhook": said, "secret": secret}, 201)


@bp.post("/webhooks/<webhook_id>")
@needs(RIGHT, whole=True)
@endpoint(json=HookChange, answers={200: None})
def change_hook(who: Who, webhook_id: str, json: HookChange) -> ResponseReturnValue:
    """Pause or go on; what was owed meanwhile is told then. While it is paused nothing new is owed."""
    with stage().db.writing() as tx:
        found = _their_hook(tx, who, webhook_id)
        if found.active != json.active:
            change = ({"active": found.active}, {"active": json.active})
            found.active = json.active
            audit.record(tx, found.organization_id, who.actor, "change_webhook", f"webhook:{webhook_id}", change)
            tx.ring(CallHook(webhook_id))
        [said] = _hooks(tx, [found])
    return answer({"webhook": said})


@bp.post("/webhooks/<webhook_id>/drop")
@needs(RIGHT, whole=True)
@endpoint(answers={204: None})
def drop_hook(who: Who, webhook_id: str) -> ResponseReturnValue:
    """With its log."""
    with stage().db.writing() as tx:
        found = _their_hook(tx, who, webhook_id)
        hooks.drop(tx, found)
        change: tuple[dict[str, Any], dict[str, Any]] = ({"url": found.url}, {})
        audit.record(tx, found.organization_id, who.actor, "drop_webhook", f"webhook:{webhook_id}", change)
    return "", 204


@bp.post("/webhooks/<webhook_id>/ping")
@needs(RIGHT, whole=True)
@endpoint(answers={202: None})
def ping(who: Who, webhook_id: str) -> ResponseReturnValue:
    """Call it now, to see whether it answers."""
    with stage().db.writing() as tx:
        made = hooks.call(tx, _their_hook(tx, who, webhook_id), "ping", {})
        said = made.id
    return answer({"id": said}, 202)


@bp.get("/webhooks/<webhook_id>/calls")
@needs(RIGHT, whole=True)
@endpoint(answers={200: Calls})
def list_calls(who: Who, webhook_id: str) -> ResponseReturnValue:
    """The log: the last hundred calls, newest first; `state` is waiting, taken or given_up."""
    with stage().db.reading() as tx:
        _their_hook(tx, who, webhook_id)
        query = (
            select(HookCall).where(HookCall.webhook_id == webhook_id).order_by(HookCall.created_at.desc(), HookCall.id)
        )
        found = [_call(one) for one in tx.scalars(query.limit(100))]
    return answer({"calls": found})


@bp.post("/webhooks/<webhook_id>/calls/<call_id>/again")
@needs(RIGHT, whole=True)
@endpoint(answers={202: None})
def call_again(who: Who, webhook_id: str, call_id: str) -> ResponseReturnValue:
    """The same call once more, with the same id."""
    with stage().db.writing() as tx:
        hook = _their_hook(tx, who, webhook_id)
        found = tx.get(HookCall, call_id)
        if found is None or found.webhook_id != hook.id:
            raise NotFound("call")
        hooks.again(tx, found)
        audit.record(
            tx, hook.organization_id, who.actor, "call_again", f"webhook:{webhook_id}", ({}, {"call": call_id})
        )
    return answer({"id": call_id}, 202)


@bp.get("/events/<event_id>/originals")
@needs("take_originals")
@endpoint(query=OriginalsQuery, answers={200: Originals})
def originals(who: Who, event_id: str, query: OriginalsQuery) -> ResponseReturnValue:
    """Every original that is safe here, by photo id, with an address that is good for an hour."""
    at = stage()
    columns = select(Photo.id, Photo.shot_at, Asset.name, Source.digest, Source.size, Source.key)
    found = columns.join(Source, Source.photo_id == Photo.id).outerjoin(Asset, Asset.id == Source.asset_id)
    found = found.where(Photo.event_id == event_id, Photo.id > query.after, Photo.state != PhotoState.PURGED)
    found = found.where(Source.kind == SourceKind.ORIGINAL).order_by(Photo.id, Source.id)
    with at.db.reading() as tx:
        accounts.their_event(tx, who, event_id, "take_originals")
        rows = tx.execute(found.limit(query.limit)).all()
    listed = [
        {"photo_id": photo_id, "name": name or "", "sha256": digest, "size": size, "shot_at": shot_at}
        | {"url": at.store.url(key, ttl=at.settings.grant_ttl, download_name=name or f"{photo_id}.jpg")}
        for photo_id, shot_at, name, digest, size, key in rows
    ]
    return answer({"originals": listed, "next": rows[-1][0] if len(rows) == query.limit else None})


@bp.get("/photos/<photo_id>/original")
@needs("take_originals")
@endpoint(answers={302: None})
def original(who: Who, photo_id: str) -> ResponseReturnValue:
    """Leads to the bytes from the camera, unchanged; of several files of one press the largest. 404 before it came."""
    at = stage()
    with at.db.reading() as tx:
        photo = accounts.their_photo(tx, who, photo_id, "take_originals")
        mine = select(Source).filter_by(photo_id=photo_id, kind=SourceKind.ORIGINAL).order_by(Source.size.desc())
        found = tx.scalars(mine).first()
    if found is None:
        raise NotFound("original")
    name = photo.name or f"{photo_id}.jpg"
    return redirect(at.store.url(found.key, ttl=at.settings.grant_ttl, download_name=name))


def _own_event(tx: Tx, who: Who, event_id: str | None) -> None:
    if event_id is not None and accounts.their_event(tx, who, event_id, RIGHT).organization_id != who.organization_id:
        raise NotFound("event")


def _their_hook(tx: Tx, who: Who, webhook_id: str) -> Webhook:
    found = tx.get(Webhook, webhook_id)
    if found is None or not accounts.may(who, RIGHT, found.organization_id):
        raise NotFound("webhook")
    return found


def _key(one: ApiKey, *, suspended: bool) -> dict[str, Any]:
    names = ("id", "name", "start", "event_id", "made_by", "created_at", "expires_at", "used_at")
    return {name: getattr(one, name) for name in names} | {"scopes": one.scopes["scopes"], "suspended": suspended}


def _hooks(tx: Tx, found: Sequence[Webhook]) -> list[dict[str, Any]]:
    """With how many calls each is owed, and its newest that was tried."""
    theirs = HookCall.webhook_id.in_([one.id for one in found])
    owed = select(HookCall.webhook_id, func.count()).where(theirs, HookCall.settled_at.is_(None))
    waiting: dict[str, int] = dict(tx.execute(owed.group_by(HookCall.webhook_id)).all())
    newest_first = (HookCall.created_at.desc(), HookCall.id)
    rank = func.row_number().over(partition_by=HookCall.webhook_id, order_by=newest_first)
    ranked = select(HookCall.id, rank.label("rank")).where(theirs, HookCall.attempts > 0).subquery()
    tried = select(HookCall).join(ranked, ranked.c.id == HookCall.id).where(ranked.c.rank == 1)
    last = {one.webhook_id: _call(one) for one in tx.scalars(tried)}
    names = ("id", "url", "event_id", "active", "created_at")
    return [
        {name: getattr(one, name) for name in names}
        | {"kinds": one.kinds["kinds"], "waiting": waiting.get(one.id, 0), "last": last.get(one.id)}
        for one in found
    ]


def _call(one: HookCall) -> dict[str, Any]:
    names = ("id", "kind", "attempts", "status", "said", "took_ms", "created_at", "due_at", "settled_at")
    state = "taken" if one.taken else "given_up" if one.settled_at else "waiting"
    return {name: getattr(one, name) for name in names} | {"body": jsonlib.loads(one.body), "state": state}
