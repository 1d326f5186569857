"""What organizers may ask about their brand: art, brand kits, and samples before anybody else sees it (wire §3)."""

from __future__ import annotations

import time
from typing import Annotated, Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import select

from backend import accounts, audit, branding, events, typed
from backend.accounts import Who
from backend.db import Tx
from backend.errors import BadInput, NotFound, TooLarge
from backend.http import answer, body, needs, query, stage
from backend.jobs import MakeSample
from backend.models import Art, ArtKind, BrandKit, Event, EventState, Photo, PhotoState, Sample
from backend.recipe import Recipe
from backend.storage import art_key, digest
from backend.stripped import stripped

bp = Blueprint("brand", __name__, url_prefix="/api/v1")
MAX_ART_BYTES = 8 * 1024 * 1024
CONTENT_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "svg": "image/svg+xml",
    "cube": "text/plain",
}
RIGHT = "change_brand"


class ArtQuery(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=120)]


class ArtChange(BaseModel):
    """What is left out stays as it is. `link`: https, where a guest's tap on this sponsor leads; empty: nowhere."""

    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    link: Annotated[str, Field(max_length=300)] | None = None


class Kit(BaseModel):
    """As `backend.recipe` takes it; what is left out stays as it is, or empty in a new kit."""

    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    look: dict[str, Any] | None = None
    layers: list[dict[str, Any]] | None = None
    frame: dict[str, Any] | None = None
    turns: list[dict[str, Any]] | None = None


class Wish(BaseModel):
    """A brand to be shown: a kit that exists, with changes that are not saved."""

    brand_id: Annotated[str, Field(max_length=32)] | None = None
    changes: Kit = Kit()
    photo_id: Annotated[str, Field(max_length=32)] | None = None
    event_id: Annotated[str, Field(max_length=32)] | None = None  # its newest photo, when none is named
    photo_ids: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=4)] = []  # these, uncut, instead


class SampleQuery(BaseModel):
    wait: Annotated[float, Field(ge=0, le=20)] = 0


@bp.post("/arts")
@needs(RIGHT, whole=True)
def add_art(who: Who) -> ResponseReturnValue:
    """The body is the file; its name tells the kind. A worker looks into it: `state` is «checking» until then."""
    said = query(ArtQuery)
    suffix = said.name.rpartition(".")[2].lower()
    if suffix not in CONTENT_TYPES:
        raise BadInput(f"name: must end in one of {', '.join(CONTENT_TYPES)}", code="unsupported")
    content = request.get_data(cache=False)
    if not 0 < len(content) <= MAX_ART_BYTES:
        raise TooLarge(f"{len(content)} bytes; at most {MAX_ART_BYTES}")
    content = stripped(content)  # logos are shown on big screens as they are
    key = art_key(who.organization_id, digest(content), suffix)
    with stage().db.reading() as tx:
        if tx.scalars(select(Art.id).filter_by(organization_id=who.organization_id, key=key)).first() is None:
            branding.demand_art_room(tx, who.organization_id, len(content))
    stage().store.put(key, content, content_type=CONTENT_TYPES[suffix])
    kind = ArtKind.CUBE if suffix == "cube" else ArtKind.PICTURE
    with stage().db.writing() as tx:
        row = branding.keep_art(tx, who.organization_id, key=key, name=said.name, kind=kind, size=len(content))
        audit.record(tx, who.organization_id, who.actor, "art", f"art:{row.id}")
        shown = _art(row)
    return answer({"art": shown}, 201)


@bp.get("/arts")
@needs(RIGHT, whole=True)
def list_arts(who: Who) -> ResponseReturnValue:
    """Newest first, with the names of the brand kits and albums that need it."""
    mine = select(Art).filter_by(organization_id=who.organization_id, removed_at=None).order_by(Art.created_at.desc())
    with stage().db.reading() as tx:
        used = branding.used_by(tx, who.organization_id)
        found = [_art(row) | {"used_by": used.get(row.key, [])} for row in tx.scalars(mine)]
    most = {"files": branding.MAX_ARTS, "bytes": branding.MAX_ART_BYTES}
    return answer({"arts": found, "most": most})


@bp.post("/arts/<art_id>")
@needs(RIGHT, whole=True)
def change_art(who: Who, art_id: str) -> ResponseReturnValue:
    """A sponsor's name and link. No picture changes; guests who have an album open are told at once."""
    said = body(ArtChange)
    wanted = said.model_dump(exclude_none=True)
    branding.demand_link(wanted.get("link", ""))
    typed.refuse_risky(stage(), who.organization_id, [said.name or ""])
    with stage().db.writing() as tx:
        art = _their_art(tx, who, art_id)
        before = {name: getattr(art, name) for name in wanted}
        for name, value in wanted.items():
            setattr(art, name, value)
        if before.get("link", art.link) != art.link:
            _tell_guests(tx, art)
        audit.record(tx, art.organization_id, who.actor, "change_art", f"art:{art.id}", (before, wanted))
        shown = _art(art)
    return answer({"art": shown})


@bp.post("/arts/<art_id>/remove")
@needs(RIGHT, whole=True)
def remove_art(who: Who, art_id: str) -> ResponseReturnValue:
    """Can be taken back for a day. 409 `art_used`: a brand kit or an album needs it."""
    with stage().db.writing() as tx:
        art = _their_art(tx, who, art_id)
        branding.remove_art(tx, art)
        if art.link:
            _tell_guests(tx, art)
        audit.record(tx, art.organization_id, who.actor, "remove_art", f"art:{art.id}", ({"name": art.name}, {}))
    return "", 204


@bp.post("/arts/<art_id>/restore")
@needs(RIGHT, whole=True)
def restore_art(who: Who, art_id: str) -> ResponseReturnValue:
    """404 once its bytes are gone."""
    with stage().db.writing() as tx:
        art = _their_art(tx, who, art_id)
        branding.restore_art(tx, art)
        if art.link:
            _tell_guests(tx, art)
        audit.record(tx, art.organization_id, who.actor, "restore_art", f"art:{art.id}", ({}, {"name": art.name}))
        shown = _art(art)
    return answer({"art": shown})


@bp.get("/brands")
@needs(RIGHT, whole=True)
def list_kits(who: Who) -> ResponseReturnValue:
    mine = select(BrandKit).filter_by(organization_id=who.organization_id).order_by(BrandKit.created_at)
    with stage().db.reading() as tx:
        found = [_kit(kit) for kit in tx.scalars(mine)]
    return answer({"brands": found})


@bp.post("/brands")
@needs(RIGHT, whole=True)
def add_kit(who: Who) -> ResponseReturnValue:
    said = body(Kit)
    _refuse_risky(who, said)
    kit = BrandKit(organization_id=who.organization_id, name=said.name or "品牌", look={"preset": "auto"})
    with stage().db.writing() as tx:
        _apply(kit, said)
        branding.demand_own_art(tx, who.organization_id, branding.wanted(kit).art_keys())
        tx.add(kit)
        tx.flush()
        audit.record(tx, who.organization_id, who.actor, "brand_kit", f"brand:{kit.id}", ({}, _kit(kit)))
        shown = _kit(kit)
    return answer({"brand": shown}, 201)


@bp.post("/brands/<brand_id>")
@needs(RIGHT, whole=True)
def change_kit(who: Who, brand_id: str) -> ResponseReturnValue:
    """Albums that show this kit follow: their photos are made anew, newest first."""
    said = body(Kit)
    _refuse_risky(who, said)
    with stage().db.writing() as tx:
        kit = tx.get(BrandKit, brand_id)
        if kit is None or not accounts.may(who, RIGHT, kit.organization_id):
            raise NotFound("brand")
        before, usual = _kit(kit), branding.wanted(kit).art_keys()
        _apply(kit, said)
        branding.demand_own_art(tx, kit.organization_id, branding.wanted(kit).art_keys(), usual)
        albums = branding.kit_changed(tx, kit.id)
        audit.record(tx, kit.organization_id, who.actor, "brand_kit", f"brand:{kit.id}", (before, _kit(kit)))
        shown = _kit(kit)
    return answer({"brand": shown, "albums": albums})


@bp.post("/samples")
@needs(RIGHT)
def add_sample(who: Who) -> ResponseReturnValue:
    """What a brand would look like on four shapes; nothing is saved and no guest sees it."""
    said = body(Wish)
    with stage().db.writing() as tx:
        kit = tx.get(BrandKit, said.brand_id) if said.brand_id else None
        if said.brand_id and (kit is None or not accounts.may(who, RIGHT, kit.organization_id)):
            raise NotFound("brand")
        organization_id = kit.organization_id if kit is not None else who.organization_id
        shown, usual = BrandKit(name="", look={"preset": "auto"}, layers={}), frozenset[str]()
        if kit is not None:
            shown = BrandKit(name="", look=kit.look, layers=kit.layers, frame=kit.frame, turns=kit.turns)
            usual = branding.wanted(kit).art_keys()
        _apply(shown, said.changes)
        recipe = branding.wanted(shown)
        branding.demand_own_art(tx, organization_id, recipe.art_keys(), usual)
        photo_id = _shown_on(who, said)
        for one in said.photo_ids:
            accounts.their_photo(tx, who, one, RIGHT)
        whole = {"photo_ids": said.photo_ids} if said.photo_ids else None
        row = Sample(
            organization_id=organization_id, content=recipe.to_json(), photo_id=photo_id, whole=whole, pictures={}
        )
        tx.add(row)
        tx.flush()
        tx.ring(MakeSample(row.id))
        sample_id = row.id
    return answer({"sample": {"id": sample_id, "state": "making", "pictures": []}}, 202)


@bp.get("/samples/<sample_id>")
@needs(RIGHT)
def show_sample(who: Who, sample_id: str) -> ResponseReturnValue:
    """Waits up to `wait` seconds while it is being made."""
    said = query(SampleQuery)
    until = time.monotonic() + said.wait
    while True:
        with stage().db.reading() as tx:
            row = tx.get(Sample, sample_id)
        if row is None or not accounts.may(who, RIGHT, row.organization_id):
            raise NotFound("sample")
        if row.made_at is not None or time.monotonic() >= until:
            return answer({"sample": _sample(row)})
        time.sleep(0.1)


def _their_art(tx: Tx, who: Who, art_id: str) -> Art:
    found = tx.get(Art, art_id)
    if found is None or not accounts.may(who, RIGHT, found.organization_id):
        raise NotFound("art")
    return found


def _tell_guests(tx: Tx, art: Art) -> None:
    """Where its link is, or was, to be seen."""
    tx.flush()
    mine = select(Event.id).filter_by(organization_id=art.organization_id, state=EventState.OPEN)
    for event_id in tx.scalars(mine).all():
        events.front_changed(tx, event_id)


def _shown_on(who: accounts.Who, said: Wish) -> str | None:
    """The photo to show it on: the one that is named, else the newest of the event. Raises NotFound."""
    with stage().db.reading() as tx:
        if said.photo_id is not None:
            photo = tx.get(Photo, said.photo_id)
            if photo is None or not accounts.may(who, RIGHT, photo.organization_id, photo.event_id):
                raise NotFound("photo")
            return photo.id
        event = tx.get(Event, said.event_id) if said.event_id else None
        if event is None or not accounts.may(who, RIGHT, event.organization_id, event.id):
            return None
        newest = select(Photo.id).where(Photo.event_id == event.id, Photo.state == PhotoState.LIVE)
        return tx.scalars(newest.order_by(Photo.position.desc()).limit(1)).first()


def _refuse_risky(who: Who, said: Kit) -> None:
    """Words that stand in every photo are shown to a moderator first. Raises BadInput `risky_words`."""
    typed.refuse_risky(stage(), who.organization_id, (str(layer.get("text", "")) for layer in said.layers or []))


def _apply(kit: BrandKit, said: Kit) -> None:
    """Raises BadInput naming the wrong field."""
    given = said.model_fields_set
    if said.name is not None:
        kit.name = said.name
    if "look" in given:
        kit.look = said.look or {}
    if "layers" in given or kit.layers is None:
        kit.layers = {"layers": said.layers or []}
    if "frame" in given:
        kit.frame = said.frame
    if "turns" in given:
        kit.turns = {"turns": said.turns or []}
    branding.wanted(kit)


def _kit(kit: BrandKit) -> dict[str, Any]:
    """With every field of the recipe named, so that an editor can show what is there."""
    recipe: Recipe = branding.wanted(kit)
    parts = {name: recipe.to_json()[name] for name in ("look", "layers", "frame", "turns")}
    return {"id": kit.id, "name": kit.name, **parts}


def _art(row: Art) -> dict[str, Any]:
    at = stage()
    state = "checking" if row.checked_at is None else "refused" if row.refusal else "ready"
    return {
        "id": row.id,
        "key": row.key,
        "name": row.name,
        "link": row.link,
        "kind": row.kind.value,
        "state": state,
        "refusal": row.refusal,
        "reason": row.reason,
        "size": row.size,
        "width": row.width,
        "height": row.height,
        "url": at.store.url(row.key, ttl=at.settings.photo_url_ttl),
    }


def _sample(row: Sample) -> dict[str, Any]:
    at = stage()
    state = "making" if row.made_at is None else "refused" if row.refusal else "ready"
    pictures = [
        {key: one[key] for key in ("shape", "width", "height", "look")}
        | {"url": at.store.url(one["key"], ttl=at.settings.photo_url_ttl)}
        for one in row.pictures.get("pictures", [])
    ]
    return {"id": row.id, "state": state, "refusal": row.refusal, "reason": row.reason, "pictures": pictures}
