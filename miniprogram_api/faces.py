"""«Find me» for browsers: a notice, a consent of its own, one selfie in memory, an answer in words, and its end.

The picture is the request's body, never a form: forms of more than half a megabyte are written to temporary files.
It is read, compared and dropped; what the browser keeps for «is this you?» is sealed with the event's key.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import orjson
from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from backend import audit, faces, feed, gate, security
from backend.accounts import H5_APPID
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import BadInput, Conflict, Gone, NotFound, Refused, TooLarge, Unauthorized
from backend.face_vectors import Box, FaceEngine, Hit, Looked, Matrix, Numbers, taught
from backend.gate import Right
from backend.http import answer, calling_guest, stage
from backend.jobs import ScrubFaces
from backend.models import ConsentKind, Event, FaceConsent, FaceRule, Guest, Photo
from backend.openapi import endpoint
from miniprogram_api.face_shapes import (
    Again,
    Agreed,
    Agreement,
    FaceOffer,
    Follow,
    Followed,
    Found,
    Like,
    SearchQuery,
    Stopped,
)

bp = Blueprint("guest_faces", __name__, url_prefix="/mp/v1")
SELFIE_BYTES: Final = 8 * 1024 * 1024
TICKET_MS: Final = 30 * 60_000
SHOWN: Final = 300  # photos of one answer
AN_HOUR: Final = 20  # searches of one guest
Way = Literal["selfie", "tap", "search", "veil"]
_WAYS: Final[dict[ConsentKind, Way]] = {
    ConsentKind.SEARCH: "search",
    ConsentKind.FOLLOW: "selfie",
    ConsentKind.VEIL: "veil",
}
LEAST_PX, LEAST_SCORE, TWICE, LEAST_LIGHT = 100, 0.8, 2.0, 0.16  # what a selfie has to be; light 0–1


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks where, and may."""

    guest: str
    right: Right
    rule: FaceRule
    box: Box
    engine: FaceEngine


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the browser brings back instead of another selfie."""

    consent_id: str
    vector: Numbers
    no: tuple[str, ...]  # photos that are not of this guest
    shift: float = 0.0  # of this guest's threshold


@bp.get("/albums/<album_id>/faces")
@endpoint(answers={200: FaceOffer})
def offer(album_id: str) -> ResponseReturnValue:
    """Whether the organizer offers it, what there is to agree to, what this guest agreed to."""
    guest = calling_guest()
    with stage().db.reading() as tx:
        album = gate.enter(tx, album_id).album
        rule, engine, selfie = faces.rule(tx, album.event_id), stage().face_engine(), _in_browser(tx, guest)
        if rule is None or not rule.active or engine is None or not (selfie or rule.tap_mini):
            return answer({"offered": False, "tap": False})
        given = select(FaceConsent).filter_by(guest_id=guest, event_id=album.event_id, withdrawn_at=None)
        valid = given.where(FaceConsent.expires_at > now_ms(), FaceConsent.notice == rule.notice)
        consents = {c.kind.value: c.id for c in tx.scalars(valid.order_by(FaceConsent.given_at))}
        return answer(
            {
                "offered": selfie,
                "tap": tap_here(tx, guest, rule),
                "notice": faces.notice(tx, tx.get_one(Event, album.event_id), rule) | {"version": rule.notice},
                "children": rule.children,
                "consents": consents,
                "following": bool(guest) and faces.follows(tx, guest or "", album.event_id, engine.name),
            }
        )


@bp.post("/albums/<album_id>/faces/consents")
@endpoint(json=Agreement, answers={200: Agreed})
def agree(album_id: str, json: Agreement) -> ResponseReturnValue:
    """One thing, one event, one version. Under 14 a guardian says so."""
    with stage().db.writing() as tx:
        asked = asked_at(tx, album_id, _WAYS[json.kind])
        if json.notice != asked.rule.notice:
            raise Refused(code="consent_outdated")
        if not (json.adult or json.guardian):
            raise Refused(code="guardian_needed")
        made = faces.agree(tx, asked.guest, asked.rule, json.kind, guardian=json.guardian)
        return answer({"id": made.id, "expires_at": made.expires_at})


@bp.post("/albums/<album_id>/faces/search")
@endpoint(query=SearchQuery, answers={200: Found})
def search(album_id: str, query: SearchQuery) -> ResponseReturnValue:
    """Body: the selfie. 422 says what is wrong with it, 403 what is wrong with the consent."""
    with stage().db.reading() as tx:
        asked = asked_at(tx, album_id)
        faces.demand_consent(tx, query.consent, asked.guest, asked.rule, ConsentKind.SEARCH)
    security.allow(stage().redis, f"faces:{asked.guest}", limit=AN_HOUR, window_s=3600)
    if (request.content_length or 0) > SELFIE_BYTES:
        raise TooLarge
    vector = _selfie(asked.engine.look(request.get_data(cache=False), selfie=True))
    return _answer(asked, Ticket(query.consent, vector, ()))


@bp.post("/albums/<album_id>/faces/again")
@endpoint(json=Again, answers={200: Found})
def again(album_id: str, json: Again) -> ResponseReturnValue:
    """«That is me», «that is not me»: a better answer, for this guest only; or the same for another album."""
    with stage().db.reading() as tx:
        asked, ticket = with_ticket(tx, album_id, json.ticket)
        index = index_of(tx, asked)
    shift = taught(index, ticket.vector, ticket.shift, json.yes, json.no)
    vector = faces.vector_of(index, ticket.vector, json.yes)
    return _answer(asked, replace(ticket, vector=vector, no=tuple({*ticket.no, *json.no})[:SHOWN], shift=shift))


@bp.post("/albums/<album_id>/faces/like")
@endpoint(json=Like, answers={200: Found})
def like(album_id: str, json: Like) -> ResponseReturnValue:
    """More photos of a person who was tapped in one; nothing is sent but the number of the face, nothing is kept."""
    with stage().db.reading() as tx:
        asked = asked_at(tx, album_id, "tap")
        faces.demand_consent(tx, json.consent, asked.guest, asked.rule, ConsentKind.SEARCH)
        vector = index_of(tx, asked).vector_of(json.face_id)
    if vector is None:
        raise NotFound("face")
    security.allow(stage().redis, f"faces:{asked.guest}", limit=AN_HOUR, window_s=3600)
    return answer(_found(asked, Ticket(json.consent, vector, ())) | {"ticket": ""})


@bp.post("/albums/<album_id>/faces/follow")
@endpoint(json=Follow, answers={200: Followed})
def follow(album_id: str, json: Follow) -> ResponseReturnValue:
    """Keep the vector, sealed, under a consent of its own: what was surely found, and what comes, is in «mine»."""
    with stage().db.writing() as tx:
        asked, ticket = with_ticket(tx, album_id, json.ticket)
        faces.demand_consent(tx, json.consent, asked.guest, asked.rule, ConsentKind.FOLLOW)
        faces.follow(
            tx, asked.guest, asked.rule.event_id, asked.engine.name, asked.box.seal(ticket.vector), ticket.shift
        )
        sure = [hit.photo_id for hit in _hits(index_of(tx, asked), ticket) if hit.sure][:SHOWN]
        faces.match(tx, asked.guest, tx.scalars(select(Photo).where(Photo.id.in_(sure))).all())
        return answer({"following": True, "photos": len(sure)})


@bp.delete("/albums/<album_id>/faces")
@endpoint(answers={200: Stopped})
def stop(album_id: str) -> ResponseReturnValue:
    """Stop and delete: consents end, vector and matches go. The answer is the proof. Also when switched off."""
    guest = calling_guest()
    if guest is None:
        raise Unauthorized
    with stage().db.writing() as tx:
        album = gate.enter(tx, album_id).album
        counted = faces.withdraw(tx, guest, album.event_id)
        proof = {"deleted": counted, "at": now_ms()}
        event = f"event:{album.event_id}"
        audit.record(tx, album.organization_id, f"guest:{guest}", "faces_withdrawn", event, ({}, proof))
        tx.ring(ScrubFaces(album.event_id))
    return answer(proof)


def _in_browser(tx: Tx, guest: str | None) -> bool:
    """WeChat lets no ordinary mini-program collect pictures of faces; there this is absent."""
    found = tx.get(Guest, guest) if guest else None
    return found is not None and found.appid == H5_APPID


def tap_here(tx: Tx, guest: str | None, rule: FaceRule) -> bool:
    """Whether the organizer lets this client tap faces."""
    return rule.tap_h5 if _in_browser(tx, guest) else rule.tap_mini


def asked_at(tx: Tx, album_id: str, way: Way = "selfie") -> Asked:
    """Who asks and may, that way: by selfie, in a browser only; by tapping a face, where the organizer lets that
    client; to be covered, anywhere.

    Raises Unauthorized, Refused `faces_off`, Conflict `faces_absent`, and as the gate.
    """
    guest = calling_guest()
    if guest is None:
        raise Unauthorized
    right = gate.enter(tx, album_id)
    rule = faces.active(tx, right.album.event_id)
    browser = _in_browser(tx, guest)
    tap = tap_here(tx, guest, rule)
    if not {"selfie": browser, "tap": tap, "search": browser or tap, "veil": True}[way]:
        raise Refused(f"no {way} in this client", code="faces_off")
    engine = stage().face_engine()
    if engine is None:
        raise Conflict(code="faces_absent")
    return Asked(guest, right, rule, faces.box(stage().signer, rule), engine)


def _selfie(looked: Looked) -> Numbers:
    """The one face in it. Raises BadInput: no_face, two_faces, face_too_small, too_dark, face_unclear."""
    if not looked.faces:
        raise BadInput(code="too_dark" if looked.light < LEAST_LIGHT else "no_face")
    first = looked.faces[0]
    if len(looked.faces) > 1 and looked.faces[1].size_px * TWICE > first.size_px:
        raise BadInput(code="two_faces")
    if first.size_px < LEAST_PX:
        raise BadInput(code="face_too_small")
    if looked.light < LEAST_LIGHT:
        raise BadInput(code="too_dark")
    if first.score < LEAST_SCORE or not all(0 <= part <= 1 for eye in first.eyes for part in eye):
        raise BadInput(code="face_unclear")
    return first.vector


def index_of(tx: Tx, asked: Asked) -> Matrix:
    return stage().face_indexes.of(tx, asked.rule.event_id, asked.engine, asked.box)


def _hits(index: Matrix, ticket: Ticket) -> list[Hit]:
    return [hit for hit in index.search(ticket.vector, ticket.shift) if hit.photo_id not in ticket.no]


def _answer(asked: Asked, ticket: Ticket) -> ResponseReturnValue:
    return answer(_found(asked, ticket) | {"ticket": _issue(asked, ticket)})


def _found(asked: Asked, ticket: Ticket) -> dict[str, Any]:
    album_id = asked.right.album.id
    with stage().db.reading() as tx:
        index = index_of(tx, asked)
        hits = _hits(index, ticket)
        here = set(tx.scalars(select(Photo.id).filter_by(album_id=album_id))) if hits else set()
        hits = [hit for hit in hits if hit.photo_id in here][:SHOWN]
        shown = feed.history(tx, album_id, None, SHOWN, only=Photo.id.in_([hit.photo_id for hit in hits]))
    url = gate.signed(stage(), asked.right)
    cards = {entry.photo_id: feed.card(entry, url) for entry in shown.entries}
    found: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for hit in hits:
        if hit.photo_id in cards:
            found[hit.sure].append(cards[hit.photo_id] | {"face_id": hit.face_id})
    return {"sure": found[True], "maybe": found[False], "looked_at": len(index)}


def _issue(asked: Asked, ticket: Ticket) -> str:
    said = {"g": asked.guest, "u": now_ms() + TICKET_MS, "e": asked.engine.name, "c": ticket.consent_id, "n": ticket.no}
    said["s"] = ticket.shift
    plain = orjson.dumps(said) + b"\n" + ticket.vector.astype(np.float16).tobytes()
    return base64.urlsafe_b64encode(asked.box.seal_bytes(plain)).decode()


def with_ticket(tx: Tx, album_id: str, said: str) -> tuple[Asked, Ticket]:
    """Raises Gone `ticket_over`, Refused when the consent it was made under ended."""
    asked = asked_at(tx, album_id)
    try:
        head, _, vector = asked.box.unseal_bytes(base64.urlsafe_b64decode(said)).partition(b"\n")
    except (ValueError, binascii.Error):
        raise Gone(code="ticket_over") from None
    facts = orjson.loads(head)
    if facts["g"] != asked.guest or facts["u"] <= now_ms() or facts["e"] != asked.engine.name:
        raise Gone(code="ticket_over")
    faces.demand_consent(tx, facts["c"], asked.guest, asked.rule, ConsentKind.SEARCH)
    numbers = np.frombuffer(vector, np.float16).astype(np.float32)
    return asked, Ticket(facts["c"], numbers, tuple(facts["n"]), facts["s"])
