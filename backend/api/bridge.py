"""What a bridge may ask: publish a preview, send an original by parts, prove that nothing was lost. docs/wire.md §1."""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from typing import Annotated, Any, Literal

import orjson
from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from backend import audit, bridges, feed, ghosts, ledger, photos, security
from backend.clock import now_ms
from backend.context import Stage
from backend.errors import AppError, BadInput, Conflict, NotFound, OverQuota, TooLarge
from backend.http import answer, body, calling_bridge, checked, demand_room, query, stage
from backend.models import Asset, Bridge, Event, Intake, Photo, PhotoState, SourceKind, Upload
from backend.storage import Part, digest, original_key, source_key

bp = Blueprint("bridge", __name__, url_prefix="/bridge/v1")
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Moment = Annotated[int, Field(ge=0, lt=10**14)] | None
TRIES = 4
LOOK_S = 0.4
MIME = {"jpeg": "image/jpeg", "heic": "image/heic"}


class CardShape(BaseModel):
    """The asset card."""

    asset_id: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{8,64}$")]
    sha256: Sha256
    size: Annotated[int, Field(gt=0)]
    name: Annotated[str, Field(max_length=1000)] = ""
    camera: Annotated[str, Field(max_length=80)] = ""
    kind: Literal["jpeg", "heic", "raw", "other"] = "jpeg"
    shot_at: Moment = None
    received_at: Moment = None
    width: Annotated[int, Field(ge=0)] | None = None
    height: Annotated[int, Field(ge=0)] | None = None
    pair_key: Annotated[str, Field(max_length=160)] | None = None
    source: Annotated[str, Field(max_length=20)] = "ftp"
    serial: Annotated[str, Field(max_length=80)] = ""

    def card(self) -> photos.Card:
        said = self.model_dump()
        way = Intake(self.source) if self.source in set(Intake) else Intake.FTP  # a newer bridge's word
        return photos.Card(**said | {"source": way})


class Batch(BaseModel):
    assets: Annotated[list[dict[str, Any]], Field(max_length=100)]


class Completion(BaseModel):
    sha256: Sha256
    size: Annotated[int, Field(gt=0)]
    upload_id: str


class CommandsQuery(BaseModel):
    have: Annotated[int, Field(ge=0, lt=2**53)] = 0
    wait: Annotated[int, Field(ge=0, le=25)] = 0


class Identity(BaseModel):
    identity: dict[str, Any]


class Time(BaseModel):
    sha256: Sha256
    shot_at: Annotated[int, Field(ge=0, lt=10**14)]


class Times(BaseModel):
    times: Annotated[list[Time], Field(max_length=500)]


class Known(BaseModel):
    sha256: Annotated[list[Sha256], Field(max_length=500)]


@bp.get("/config")
def config() -> ResponseReturnValue:
    caller = calling_bridge()
    with stage().db.reading() as tx:
        event = tx.get_one(Event, caller.event_id)
    settings = stage().settings
    said = {
        "bridge_id": caller.id,
        "name": caller.name,
        "event": {"id": event.id, "title": event.title},
        "album_id": caller.album_id,
        "mode": "auto",
        "preview": {"px": 1280, "quality": 78, "max_bytes": 120_000},
        "part_bytes": settings.part_bytes,
        "max_bytes": settings.max_upload_bytes,
        "cameras": [{"user": user, "album_id": album_id} for user, album_id in caller.cameras.items()],
        "server_at": now_ms(),
    }
    return answer(said)


@bp.get("/ping")
def ping() -> ResponseReturnValue:
    caller, nonce = calling_bridge(), request.args.get("n", "")[:64]
    return answer({"n": nonce, "proof": security.proof(caller.token_hash, nonce), "server_at": now_ms()})


@bp.put("/assets/<asset_id>/preview")
def receive_preview(asset_id: str) -> ResponseReturnValue:
    """Register, store and publish in one request: the only one between the camera and the guests."""
    caller = calling_bridge()
    card = _card_of_header(asset_id)
    data = request.get_data()
    if len(data) > stage().settings.max_preview_bytes:
        raise TooLarge("preview")
    if not data.startswith(b"\xff\xd8\xff"):
        raise BadInput("the preview is not a JPEG", code="not_a_picture")
    with stage().db.reading() as tx:
        gone = photos.purged(tx, caller.event_id, card.sha256)
    if gone is not None:
        return answer({"photo_id": gone, "state": PhotoState.PURGED, "original": "refused"})
    _demand_room(caller, [card.sha256])
    name = digest(data)
    key = source_key(caller.event_id, "preview", name)
    stage().store.put(key, data)
    with stage().db.writing() as tx:
        asset = photos.register(tx, caller, card)
        stored_as = photos.Bytes(SourceKind.PREVIEW, key, name, len(data))
        photo = photos.add_source(tx, asset.photo_id, stored_as, asset.id)
        stored = photos.original_stored(tx, asset)
    _no_ghost(caller, asset.camera, asset_id, photo.id)
    return answer({"photo_id": photo.id, "state": photo.state, "original": _original(stored, card.size)})


@bp.post("/assets")
def announce() -> ResponseReturnValue:
    caller = calling_bridge()
    said = body(Batch)
    _demand_room(caller, [str(raw.get("sha256")) for raw in said.assets])
    return answer({"assets": [_announced(stage(), caller, raw) for raw in said.assets]})


@bp.post("/assets/<asset_id>/complete")
def complete(asset_id: str) -> ResponseReturnValue:
    """Join the parts, read the bytes back, compare: «stored» is said only of bytes we hashed ourselves."""
    caller, said, at = calling_bridge(), body(Completion), stage()
    with at.db.reading() as tx:
        asset = tx.scalars(select(Asset).filter_by(event_id=caller.event_id, digest=said.sha256)).first()
        if asset is None:
            raise NotFound(f"asset {asset_id}")
        stored = photos.original_stored(tx, asset)
        upload = tx.get(Upload, asset.id)
        photo = tx.get_one(Photo, asset.photo_id)
    if not stored:
        if upload is None or upload.upload_id != said.upload_id:
            raise Conflict(f"asset {asset_id} has no such upload", code="missing_parts")
        _join(at, upload, said.size)
        if _sha256(at, upload.key) != said.sha256:
            _start_over(at, upload)
            raise BadInput("sha256 of the stored bytes differs", code="bad_digest")
        with at.db.writing() as tx:
            stored_as = photos.Bytes(SourceKind.ORIGINAL, upload.key, said.sha256, said.size)
            photo = photos.add_source(tx, asset.photo_id, stored_as, asset.id)
            tx.execute(delete(Upload).where(Upload.asset_id == asset.id))
        _no_ghost(caller, asset.camera, asset_id, photo.id)
    return answer({"photo_id": photo.id, "state": photo.state, "original": "stored"})


@bp.post("/assets/times")
def set_times() -> ResponseReturnValue:
    """The error of a camera's clock became known: when what it sent before was really taken."""
    caller, said = calling_bridge(), body(Times)
    with stage().db.writing() as tx:
        corrected = photos.set_times(tx, caller, {one.sha256: one.shot_at for one in said.times})
        for album_id in sorted({photo.album_id for photo in corrected}):
            feed.show_again(tx, album_id, [photo.id for photo in corrected if photo.album_id == album_id])
    return answer({"changed": len(corrected)})


@bp.post("/assets/reconcile")
def reconcile() -> ResponseReturnValue:
    caller, said = calling_bridge(), body(Known)
    wanted = select(Asset, Photo).join(Photo, Photo.id == Asset.photo_id)
    wanted = wanted.where(Asset.event_id == caller.event_id, Asset.digest.in_(said.sha256))
    with stage().db.reading() as tx:
        known = {
            asset.digest: {
                "photo_id": photo.id,
                "state": photo.state,
                "original": "refused"
                if photo.state is PhotoState.PURGED
                else _original(photos.original_stored(tx, asset), asset.size),
            }
            for asset, photo in tx.execute(wanted)
        }
    return answer({"known": known})


@bp.post("/heartbeat")
def heartbeat() -> ResponseReturnValue:
    caller, said = calling_bridge(), request.get_json(silent=True)
    if not isinstance(said, dict) or len(request.get_data()) > 64_000:
        raise BadInput("heartbeat")
    have = said.get("have")
    with stage().db.writing() as tx:
        told = have if isinstance(have, int) and 0 <= have <= caller.ordered else caller.told
        commands = bridges.orders(tx, caller.id, told)
        if not isinstance(have, int) and commands:
            told = commands[-1]["n"]  # it cannot say what it has: told once
        bridges.heard(tx, caller.id, said, told)
        heard = ledger.compare(tx, caller.id, said.get("ledger"))
    return answer({"server_at": now_ms(), "commands": commands} | ({} if heard is None else {"ledger": heard}))


@bp.get("/commands")
def commands() -> ResponseReturnValue:
    """What the console wants after order `have`; waits for the first."""
    caller, said = calling_bridge(), query(CommandsQuery)
    until = time.monotonic() + said.wait
    while True:
        with stage().db.reading() as tx:
            found = bridges.orders(tx, caller.id, said.have)
        if found or time.monotonic() >= until:
            return answer({"n": found[-1]["n"] if found else said.have, "commands": found})
        time.sleep(LOOK_S)


@bp.post("/assets/<asset_id>/retract")
def retract(asset_id: str) -> ResponseReturnValue:
    """The operator takes a photo back, shown already or not."""
    caller = calling_bridge()
    with stage().db.writing() as tx:
        asset = tx.scalars(select(Asset).filter_by(bridge_id=caller.id, bridge_asset_id=asset_id)).first()
        if asset is None:
            raise NotFound(f"asset {asset_id}")
        photo = tx.get_one(Photo, asset.photo_id)
        if feed.hide(tx, photo.id):
            audit.record(tx, caller.organization_id, f"bridge:{caller.id}", "hide", f"photo:{photo.id}")
        tx.refresh(photo)
        stored = photos.original_stored(tx, asset)
    return answer({"photo_id": photo.id, "state": photo.state, "original": _original(stored, asset.size)})


@bp.put("/identity")
def keep_identity() -> ResponseReturnValue:
    """What a spare bridge needs to stand in for this one."""
    caller, said = calling_bridge(), body(Identity)
    text = orjson.dumps(said.identity).decode()
    if len(text) > 16_384:
        raise TooLarge("identity")
    with stage().db.writing() as tx:
        sealed = stage().signer.seal(text)
        tx.execute(update(Bridge).where(Bridge.id == caller.id).values(identity=sealed))
    return answer({})


def _no_ghost(caller: Bridge, camera: str, asset_id: str, photo_id: str) -> None:
    album_id = caller.cameras.get(camera, caller.album_id)
    ghosts.arrived(stage().redis, album_id, security.future_id(caller.token_hash, asset_id), photo_id)


def _demand_room(caller: Bridge, digests: list[str]) -> None:
    """Raises OverQuota. The original of a photo that is here already needs no room for another photo."""
    try:
        demand_room(caller.organization_id)
    except OverQuota as exc:
        known = select(Asset.digest).where(Asset.event_id == caller.event_id, Asset.digest.in_(digests))
        with stage().db.reading() as tx:
            if exc.detail != "photos" or set(digests) - set(tx.scalars(known)):
                raise


def _card_of_header(asset_id: str) -> photos.Card:
    try:
        said = orjson.loads(base64.b64decode(request.headers.get("X-Kuaimen-Asset", ""), validate=True))
    except (binascii.Error, orjson.JSONDecodeError):
        raise BadInput("X-Kuaimen-Asset is not base64 of JSON") from None
    if not isinstance(said, dict):
        raise BadInput("X-Kuaimen-Asset is not an object")
    return checked(CardShape, said | {"asset_id": asset_id}).card()


def _announced(at: Stage, caller: Bridge, raw: dict[str, Any]) -> dict[str, Any]:
    """One line of the answer; what is wrong with one asset does not hinder the others."""
    try:
        card = checked(CardShape, raw).card()
        if card.size > at.settings.max_upload_bytes:
            raise TooLarge(f"{card.size} bytes")
        return _grant(at, caller, card)
    except AppError as exc:
        said = {"code": exc.code, "message": exc.public()}
        return {"asset_id": raw.get("asset_id"), "error": said}


def _grant(at: Stage, caller: Bridge, card: photos.Card) -> dict[str, Any]:
    """Raises Conflict when other requests for the same photo were faster every time; asking again helps."""
    for _ in range(TRIES):
        with at.db.writing() as tx:
            asset = photos.register(tx, caller, card)
            photo = tx.get_one(Photo, asset.photo_id)
            stored = photos.original_stored(tx, asset)
            upload = tx.get(Upload, asset.id)
        if photo.state is PhotoState.PURGED:
            said = {"asset_id": card.asset_id, "photo_id": photo.id, "state": photo.state}
            return said | {"original": "refused", "upload": None}
        said = {"asset_id": card.asset_id, "photo_id": photo.id, "state": photo.state}
        if stored:
            return said | {"original": "stored", "upload": None}
        if upload is None:
            upload = _open_upload(at, asset, MIME.get(card.kind, "application/octet-stream"))
        if upload is not None:
            try:
                have = at.store.parts(upload.key, upload.upload_id)
            except NotFound:  # joined by another request, or dropped by the store: look again
                _forget(at, upload)
            else:
                return said | {"original": "wanted", "upload": _signed(at, upload, have, card.size)}
    raise Conflict(f"photo {card.sha256[:16]} is being sent by another request")


def _signed(at: Stage, upload: Upload, have: list[Part], size: int) -> dict[str, Any]:
    """What is there, and a signed request for each part that is not."""
    there = {p.number for p in have}
    parts = []
    for number in range(1, -(-size // upload.part_bytes) + 1):
        if number not in there:
            r = at.store.part_request(upload.key, upload.upload_id, number, ttl=at.settings.grant_ttl)
            parts.append({"number": number, "method": r.method, "url": r.url, "headers": r.headers})
    listed = [{"number": p.number, "size": p.size, "etag": p.etag} for p in have]
    return {"upload_id": upload.upload_id, "part_bytes": upload.part_bytes, "have": listed, "parts": parts}


def _open_upload(at: Stage, asset: Asset, mime: str) -> Upload | None:
    """None: another request opened one first."""
    key = original_key(asset.event_id, asset.digest)
    opened = Upload(
        asset_id=asset.id,
        upload_id=at.store.begin_upload(key, content_type=mime),
        key=key,
        part_bytes=at.settings.part_bytes,
    )
    try:
        with at.db.writing() as tx:
            tx.add(opened)
    except IntegrityError:
        at.store.abort_upload(key, opened.upload_id)
        return None
    return opened


def _join(at: Stage, upload: Upload, size: int) -> None:
    """Raises Conflict `missing_parts`, naming them in `missing`. A blob that is there already is as good."""
    try:
        have = at.store.parts(upload.key, upload.upload_id)
    except NotFound:
        if at.store.size(upload.key) != size:
            _forget(at, upload)
            raise Conflict("the upload is gone", code="missing_parts") from None
        return
    there = {p.number for p in have}
    missing = [n for n in range(1, -(-size // upload.part_bytes) + 1) if n not in there]
    if missing:
        g.error_extra = {"missing": missing}
        raise Conflict(f"missing parts {missing[:5]}", code="missing_parts")
    at.store.finish_upload(upload.key, upload.upload_id, have)


def _start_over(at: Stage, upload: Upload) -> None:
    at.store.delete(upload.key)
    at.store.abort_upload(upload.key, upload.upload_id)
    _forget(at, upload)


def _forget(at: Stage, upload: Upload) -> None:
    with at.db.writing() as tx:
        mine = delete(Upload).where(Upload.asset_id == upload.asset_id, Upload.upload_id == upload.upload_id)
        tx.execute(mine)


def _sha256(at: Stage, key: str) -> str:
    found = hashlib.sha256()
    for block in at.store.read(key):
        found.update(block)
    return found.hexdigest()


def _original(stored: bool, size: int) -> str:
    if stored:
        return "stored"
    return "wanted" if size <= stage().settings.max_upload_bytes else "refused"
