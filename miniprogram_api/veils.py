"""«Blur me», «leave me out»: asked from a photo, with or without a selfie, in every client; and the way back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend import faces, gate, security, typed, veils
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import BadInput, NotFound, Unauthorized
from backend.http import answer, calling_guest, stage
from backend.jobs import ScrubFaces
from backend.models import ConsentKind, Event, Face, FaceVeil, Guest, Photo
from backend.openapi import endpoint
from backend.veils import Place, Wish
from miniprogram_api.face_shapes import FacesOfPhoto, Lift, VeilEnded, VeilRequest, Veils, VeilShape
from miniprogram_api.faces import asked_at, index_of, tap_here, with_ticket
from miniprogram_api.photos import live_photo

bp = Blueprint("guest_veils", __name__, url_prefix="/mp/v1")


@bp.get("/photos/<photo_id>/faces")
@endpoint(answers={200: FacesOfPhoto})
def seen(photo_id: str) -> ResponseReturnValue:
    """Where faces are, so that one can be tapped: boxes and numbers, nothing of whose. None where nobody looked."""
    guest = calling_guest()
    with stage().db.reading() as tx:
        photo = live_photo(tx, photo_id)
        gate.enter(tx, photo.album_id)
        rule = faces.rule(tx, photo.event_id)
        on = rule is not None and rule.active and stage().face_engine() is not None
        notice = None
        if rule is not None and on:
            notice = faces.notice(tx, tx.get_one(Event, photo.event_id), rule) | {"version": rule.notice}
        crop = veils.crop_of(tx, photo)
        shown = [_placed(face, crop) for face in faces.seen_in(tx, photo_id)] if on else []
        return answer(
            {
                "faces": [one for one in shown if one],
                "tap": bool(on and rule and tap_here(tx, guest, rule)),
                "veil": True,
                "notice": notice,
            }
        )


@bp.post("/photos/<photo_id>/veils")
@endpoint(json=VeilRequest, answers={200: VeilShape})
def ask(photo_id: str, json: VeilRequest) -> ResponseReturnValue:
    """For one photo no consent is needed: only where the face is, is kept. Other photos need a consent of their own."""
    guest = _guest()
    security.allow(stage().redis, f"veil:{guest}", limit=30, window_s=3600)
    words = _unobjectionable(photo_id, guest, json.words)
    with stage().db.writing() as tx:
        photo = live_photo(tx, photo_id)
        gate.enter(tx, photo.album_id)
        place = _place(tx, photo, json)
        everywhere = _everywhere(tx, photo, json) if json.consent else {}
        veil = veils.ask(tx, photo, guest, Wish(json.kind, place, words, **everywhere))
        return answer(_shown(veil, 0))


@bp.get("/albums/<album_id>/veils")
@endpoint(answers={200: Veils})
def mine(album_id: str) -> ResponseReturnValue:
    """What this guest asked for at the event, and what became of it."""
    guest = _guest()
    with stage().db.reading() as tx:
        album = gate.enter(tx, album_id).album
        found = veils.of_guest(tx, guest, album.event_id)
        counted = veils.covered(tx, [veil.id for veil in found])
        return answer({"veils": [_shown(veil, counted.get(veil.id, 0)) for veil in found]})


@bp.delete("/veils/<veil_id>")
@endpoint(query=Lift, answers={200: VeilEnded})
def end(veil_id: str, query: Lift) -> ResponseReturnValue:
    """Withdraw: the vector goes now; with `lift` the photos are shown uncovered again. The answer is the proof."""
    guest = _guest()
    with stage().db.writing() as tx:
        veil = tx.get(FaceVeil, veil_id)
        if veil is None or veil.guest_id != guest:
            raise NotFound("veil")
        proof = veils.end(tx, veil, f"guest:{guest}", lift=query.lift)
        tx.ring(ScrubFaces(veil.event_id))
    return answer({"deleted": proof, "at": now_ms()})


def _guest() -> str:
    """Raises Unauthorized."""
    guest = calling_guest()
    if guest is None:
        raise Unauthorized
    return guest


def _unobjectionable(photo_id: str, guest_id: str, words: str) -> str:
    """Without the words when a moderator finds them risky; the wish stands. Outside any transaction."""
    if not words.strip():
        return ""
    at = stage()
    with at.db.reading() as tx:
        organization_id, guest = live_photo(tx, photo_id).organization_id, tx.get_one(Guest, guest_id)
    return "" if typed.risky_of(at, organization_id, guest, words) else words


def _place(tx: Tx, photo: Photo, json: VeilRequest) -> Place:
    """Raises BadInput, NotFound for a face of another photo."""
    if json.face_id is not None:
        face = tx.get(Face, json.face_id)
        if face is None or face.photo_id != photo.id:
            raise NotFound("face")
        return Place(face.x, face.y, face.width, face.height)
    if json.place is None:
        raise BadInput("place or face_id")
    drawn = Place(json.place.x, json.place.y, json.place.width, json.place.height)
    return veils.in_source(drawn, veils.crop_of(tx, photo))


def _everywhere(tx: Tx, photo: Photo, json: VeilRequest) -> dict[str, Any]:
    """The vector of who asks, sealed. Raises Refused for a consent that does not hold, BadInput without a face."""
    asked = asked_at(tx, photo.album_id, "veil")
    faces.demand_consent(tx, json.consent, asked.guest, asked.rule, ConsentKind.VEIL)
    if json.ticket:
        vector = with_ticket(tx, photo.album_id, json.ticket)[1].vector
    else:
        found = index_of(tx, asked).vector_of(json.face_id or 0)
        if found is None:
            raise BadInput("face_id or ticket", code="no_face")
        vector = found
    return {"consent_id": json.consent, "engine": asked.engine.name, "vector": asked.box.seal(vector)}


def _placed(face: Face, crop: veils.Crop) -> dict[str, Any] | None:
    """Within the picture that is shown: detectors draw beyond its edge, and a look may crop."""
    place = veils.in_view(Place(face.x, face.y, face.width, face.height), crop)
    return {"face_id": face.id} | asdict(place) if place else None


def _shown(veil: FaceVeil, photos: int) -> dict[str, Any]:
    return {
        "id": veil.id,
        "photo_id": veil.photo_id,
        "kind": veil.kind.value,
        "state": veil.state.value,
        "everywhere": veil.vector is not None,
        "photos": photos,
        "created_at": veil.created_at,
    }
