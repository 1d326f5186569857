"""«Blur me», «leave me out», as a member decides it (wire §3)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from sqlalchemy import select

from backend import accounts, faces, veils
from backend.accounts import Who
from backend.db import Tx
from backend.errors import NotFound
from backend.face_vectors import Hit
from backend.http import answer, body, needs, stage
from backend.models import FaceVeil, Photo, Rendition, RenditionKind, Source, SourceKind
from backend.veils import Place

bp = Blueprint("veils", __name__, url_prefix="/api/v1")


class Decision(BaseModel):
    approve: bool


@bp.get("/events/<event_id>/veils")
@needs("cull")
def queue(who: Who, event_id: str) -> ResponseReturnValue:
    """Those that wait for an answer first; at most 100."""
    with stage().db.reading() as tx:
        accounts.their_event(tx, who, event_id, "cull")
        found = veils.queue(tx, event_id)
        counted = veils.covered(tx, [veil.id for veil in found])
        return answer({"veils": [_shown(tx, veil, counted.get(veil.id, 0)) for veil in found]})


@bp.post("/veils/<veil_id>")
@needs("cull")
def decide(who: Who, veil_id: str) -> ResponseReturnValue:
    """Yes: every picture of it is made anew within seconds. No: the vector goes at once."""
    said = body(Decision)
    with stage().db.writing() as tx:
        veil = _theirs(tx, who, veil_id)
        if said.approve:
            veils.approve(tx, veil, who.actor, _hits(tx, veil))
        else:
            veils.decline(tx, veil, who.actor)
        tx.refresh(veil)
        return answer({"veil": _shown(tx, veil, veils.covered(tx, [veil.id]).get(veil.id, 0))})


@bp.delete("/veils/<veil_id>")
@needs("cull")
def lift(who: Who, veil_id: str) -> ResponseReturnValue:
    """Take it back: everything it covered is shown again. Idempotent."""
    with stage().db.writing() as tx:
        proof = veils.end(tx, _theirs(tx, who, veil_id), who.actor, lift=True)
    return answer({"deleted": proof})


def _theirs(tx: Tx, who: Who, veil_id: str) -> FaceVeil:
    """Raises NotFound for what belongs to others."""
    found = tx.get(FaceVeil, veil_id)
    if found is None:
        raise NotFound("veil")
    accounts.their_event(tx, who, found.event_id, "cull")
    return found


def _hits(tx: Tx, veil: FaceVeil) -> list[Hit]:
    """Photos of the person, if they agreed to be looked for."""
    rule = faces.rule(tx, veil.event_id)
    engine = stage().face_engine()
    if veil.vector is None or engine is None or veil.engine != engine.name or rule is None or rule.sealed_key is None:
        return []
    box = faces.box(stage().signer, rule)
    index = stage().face_indexes.of(tx, veil.event_id, engine, box)
    return index.search(box.unseal(veil.vector))


def _shown(tx: Tx, veil: FaceVeil, photos: int) -> dict[str, Any]:
    photo = tx.get_one(Photo, veil.photo_id)
    place = Place(veil.x, veil.y, veil.width, veil.height)
    shown = veils.in_view(place, veils.crop_of(tx, photo)) or place  # a picture without a look is the source itself
    return {
        "id": veil.id,
        "photo_id": veil.photo_id,
        "name": photo.name,
        "kind": veil.kind.value,
        "state": veil.state.value,
        "words": veil.words,
        "everywhere": veil.vector is not None,
        "photos": photos,
        "place": asdict(shown),
        "picture": _picture(tx, veil.photo_id),
        "created_at": veil.created_at,
        "decided_at": veil.decided_at,
    }


def _picture(tx: Tx, photo_id: str) -> str | None:
    """What guests see, for whoever decides; of a photo that is off its smallest source."""
    at = stage()
    views = select(Rendition.key).filter_by(photo_id=photo_id, kind=RenditionKind.VIEW)
    sources = select(Source.key).where(Source.photo_id == photo_id)
    key = tx.scalar(views) or tx.scalars(sources.order_by(Source.kind != SourceKind.PREVIEW).limit(1)).first()
    return at.store.url(key, ttl=at.settings.photo_url_ttl) if key else None
