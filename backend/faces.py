"""«Find me» by face: an event's rule, its index, what guests agreed to, and how all of it ends.

Off until a member switches it on. Vectors never leave their event; a guest's selfie and its vector are kept nowhere,
unless the guest agrees apart from that to be told of new photos.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import ColumnElement, and_, delete, exists, false, func, or_, select, update

from backend import face_notice, ledger, veils
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import Conflict, Refused
from backend.face_vectors import Box, FaceEngine, Matrix, Numbers, Seen, mean
from backend.jobs import GroupFaces, IndexFaces
from backend.models import (
    ConsentKind,
    Event,
    Face,
    FaceConsent,
    FaceMatch,
    FaceRule,
    FaceScan,
    FaceTemplate,
    Organization,
    Photo,
    PhotoState,
)
from backend.security import Signer

DAY_MS: Final = 24 * 3600 * 1000
ATTEMPTS: Final = 5
KEPT_DAYS, MOST_DAYS = 30, 90  # after the event
CONSENT_MS: Final = 7 * DAY_MS  # after the event, or after it was given
MATRICES_BYTES: Final = 200 * 1024 * 1024
FILING: Final = 100_000  # persons' faces stored, from which the authority must be told
MATCHED: Final = 2000
LEAST_NEW: Final = 20  # faces, before persons are grouped anew
MOST_GROUPED: Final = 50_000  # more take minutes and a gigabyte; they stay as they joined


def rule(tx: Tx, event_id: str) -> FaceRule | None:
    return tx.get(FaceRule, event_id)


def active(tx: Tx, event_id: str) -> FaceRule:
    """Raises Refused `faces_off`."""
    found = tx.get(FaceRule, event_id)
    if found is None or not found.active or found.sealed_key is None:
        raise Refused(f"event {event_id}", code="faces_off")
    return found


def box(signer: Signer, found: FaceRule) -> Box:
    """Raises Conflict `faces_lost` when the platform's secret key is another than the one that sealed it."""
    key = signer.unseal(found.sealed_key) if found.sealed_key else None
    if key is None:
        raise Conflict("sealed under another secret key", code="faces_lost")
    return Box(key, found.event_id)


def switch_on(tx: Tx, event: Event, signer: Signer, said: dict[str, Any]) -> FaceRule:
    """From now on the event's photos are looked at. `said`: children, contact, checklist, notice, days."""
    found = tx.get(FaceRule, event.id)
    if found is None:
        found = FaceRule(event_id=event.id, organization_id=event.organization_id)
        tx.add(found)
    if found.sealed_key is None:
        found.sealed_key = signer.seal(Box.new_key())
        found.purged_at = found.certificate = None
    if not found.active:  # what was looked at meanwhile was not kept
        kept = exists().where(Face.photo_id == FaceScan.photo_id)
        tx.execute(delete(FaceScan).where(FaceScan.event_id == event.id, FaceScan.faces > 0, ~kept))
    found.active, found.switched_at = True, now_ms()
    for name in ("children", "contact", "checklist", "notice"):
        setattr(found, name, said[name])
    found.tap_h5, found.tap_mini = said.get("tap_h5", False), said.get("tap_mini", False)
    found.purge_at = _purge_at(event, said["days"])
    tx.flush()
    for photo_id in tx.scalars(_unseen(event.id).limit(200)):
        tx.ring(IndexFaces(photo_id))
    return found


def notice(tx: Tx, event: Event, found: FaceRule | None) -> dict[str, Any]:
    """The text guests agree to now, with its version; without a rule as it would be."""
    organization = tx.get_one(Organization, event.organization_id)
    purge_at = (found.purge_at if found else None) or _purge_at(event, KEPT_DAYS)
    until = datetime.fromtimestamp(purge_at / 1000, UTC).date().isoformat()
    return face_notice.notice(organization.name, event.title, found.contact if found else "", until)


def _purge_at(event: Event, days: int) -> int:
    ends = event.ends_at or event.starts_at or now_ms()
    return max(ends + min(days, MOST_DAYS) * DAY_MS, now_ms() + DAY_MS)


def purge(tx: Tx, event_id: str, signer: Signer) -> dict[str, Any]:
    """Delete every vector, box, consent and template of the event and destroy its key.

    Returns `{certificate, signature, key_id}`: how many there were and are, signed, for `kuaimen certificate check`.
    """
    found = tx.get_one(FaceRule, event_id)
    veiled = veils.forget_vectors(tx, event_id)  # what is covered stays covered
    counted, left = {"veil_vectors": veiled}, 0
    for name, kind in (
        ("faces", Face),
        ("photos", FaceScan),
        ("templates", FaceTemplate),
        ("matches", FaceMatch),
        ("consents", FaceConsent),
    ):
        there = select(func.count()).select_from(kind).where(kind.event_id == event_id)
        counted[name] = tx.scalar(there) or 0
        tx.execute(delete(kind).where(kind.event_id == event_id))
        left += tx.scalar(there) or 0
    key_digest = hashlib.sha256((found.sealed_key or "").encode()).hexdigest()
    found.active, found.sealed_key, found.purged_at = False, None, now_ms()
    found.tap_h5 = found.tap_mini = False
    said = {
        "kind": "faces_deleted",
        "event": {"id": event_id, "title": tx.scalar(select(Event.title).where(Event.id == event_id))},
        "deleted": counted,
        "left": left,
        "key_sha256": key_digest,
        "at": found.purged_at,
    }
    key = signer.certificate_key()
    signature = base64.b64encode(key.sign(ledger.canonical(said).encode())).decode()
    found.certificate = {"certificate": said, "signature": signature, "key_id": ledger.key_id(key.public_key())}
    return found.certificate


def overdue(tx: Tx) -> Sequence[str]:
    """Events whose faces are over."""
    late = select(FaceRule.event_id).where(FaceRule.purge_at <= now_ms(), FaceRule.purged_at.is_(None))
    return tx.scalars(late).all()


def persons_stored(tx: Tx) -> int:
    """Towards the duty to tell the authority: groups of like faces, and templates, in the whole installation."""
    people = tx.scalar(select(func.count(func.distinct(Face.person)))) or 0
    return people + (tx.scalar(select(func.count()).select_from(FaceTemplate)) or 0)


# --- index --------------------------------------------------------------------------------------------------------


def due(tx: Tx, limit: int, engine: str | None = None) -> list[IndexFaces]:
    """Photos that nobody looked at for faces, where that is wanted; or not yet with this engine."""
    return [IndexFaces(photo_id) for photo_id in tx.scalars(_unseen(None, engine).limit(limit))]


def _unseen(event_id: str | None, engine: str | None = None) -> Any:  # noqa: ANN401 - a Select of ids
    """What guests see, where the event wants that; whatever came, while somebody is to be covered in it."""
    seen = or_(FaceScan.faces.is_not(None), FaceScan.attempts >= ATTEMPTS)
    seen = seen if engine is None else and_(seen, FaceScan.engine == engine)
    done = exists().where(FaceScan.photo_id == Photo.id, or_(seen, FaceScan.due_at > now_ms()))
    shown = and_(FaceRule.active, Photo.state == PhotoState.LIVE)
    stored = and_(Photo.state.in_((PhotoState.STORED, PhotoState.LIVE)), veils.standing(Photo.event_id))
    wanted = and_(or_(shown, stored), FaceRule.sealed_key.is_not(None), Photo.source_id.is_not(None), ~done)
    query = select(Photo.id).join(FaceRule, FaceRule.event_id == Photo.event_id).where(wanted)
    query = query if event_id is None else query.where(Photo.event_id == event_id)
    return query.order_by(Photo.live_at.desc())


def begin(tx: Tx, photo_id: str, engine: str) -> Photo | None:
    """Take a photo to look at; the attempt is counted first, so that one that kills its worker is left. None: no."""
    found = tx.get(Photo, photo_id)
    if found is None or found.source_id is None or not tx.scalar(select(exists().where(_wanted(found)))):
        return None
    scan = tx.get(FaceScan, photo_id)
    if scan is None:
        scan = FaceScan(photo_id=photo_id, event_id=found.event_id, engine=engine)
        tx.add(scan)
        tx.flush()
    if scan.engine == engine and (scan.faces is not None or scan.attempts >= ATTEMPTS or scan.due_at > now_ms()):
        return None
    scan.attempts = scan.attempts + 1 if scan.engine == engine else 1
    scan.engine, scan.due_at, scan.faces = engine, now_ms() + 60_000, None
    return found


def _wanted(photo: Photo) -> ColumnElement[bool]:
    """The event wants photos like this one looked at."""
    shown = FaceRule.active if photo.state is PhotoState.LIVE else false()
    veiled = veils.standing(photo.event_id) if photo.state in (PhotoState.STORED, PhotoState.LIVE) else false()
    return and_(FaceRule.event_id == photo.event_id, FaceRule.sealed_key.is_not(None), or_(shown, veiled))


def note_seen(tx: Tx, photo_id: str, how_many: int) -> None:
    """Looked at, and nothing is kept."""
    tx.execute(update(FaceScan).where(FaceScan.photo_id == photo_id).values(faces=how_many, due_at=0))


def keep(tx: Tx, photo: Photo, engine: str, seen: Sequence[Seen], index: Matrix, sealing: Box) -> None:
    """What was found in a photo, instead of what was before; each face with whom it is most like."""
    scan = tx.get(FaceScan, photo.id, with_for_update=True)
    wanted = tx.get(FaceRule, photo.event_id)
    if scan is None or wanted is None or wanted.sealed_key is None or not wanted.active:
        return  # all of it was deleted, or switched off, meanwhile
    tx.execute(delete(Face).where(Face.photo_id == photo.id))
    for ordinal, face in enumerate(seen):
        row = Face(
            event_id=photo.event_id,
            photo_id=photo.id,
            engine=engine,
            ordinal=ordinal,
            person=index.person(face.vector, photo.id),
            x=face.x,
            y=face.y,
            width=face.width,
            height=face.height,
            score=face.score,
            size_px=face.size_px,
            vector=sealing.seal(face.vector),
        )
        tx.add(row)
        tx.flush()
        row.person = row.person or row.id
        index.add([row.id], [row.person], [photo.id], face.vector[None])
    scan.faces, scan.due_at = len(seen), 0


def follow_up(tx: Tx, photo: Photo, engine: str, index: Matrix, sealing: Box) -> list[str]:
    """Guests who follow and are, surely, in this photo: it is theirs from now on. Returns who."""
    found = []
    for template in tx.scalars(select(FaceTemplate).filter_by(event_id=photo.event_id, engine=engine)):
        hits = index.search(sealing.unseal(template.vector), template.shift)
        if any(hit.sure and hit.photo_id == photo.id for hit in hits) and match(tx, template.guest_id, [photo]):
            found.append(template.guest_id)
    return found


def match(tx: Tx, guest_id: str, shown: Sequence[Photo]) -> int:
    """These photos are this guest's. Returns how many were not before."""
    known = set(tx.scalars(select(FaceMatch.photo_id).filter_by(guest_id=guest_id)))
    new = [photo for photo in shown if photo.id not in known][:MATCHED]
    tx.add_all(FaceMatch(guest_id=guest_id, photo_id=photo.id, event_id=photo.event_id) for photo in new)
    return len(new)


def theirs(guest_ids: Collection[str]) -> ColumnElement[bool]:
    """Photos of those of these guests who follow."""
    return exists().where(FaceMatch.photo_id == Photo.id, FaceMatch.guest_id.in_(guest_ids)).correlate(Photo)


def ungrouped(tx: Tx) -> list[GroupFaces]:
    """Events with a twentieth more faces than when their persons were last grouped."""
    faces = select(func.count(Face.id)).where(Face.event_id == FaceRule.event_id).correlate(FaceRule).scalar_subquery()
    grown = and_(faces >= FaceRule.grouped + FaceRule.grouped / 20 + LEAST_NEW, faces <= MOST_GROUPED)
    due_now = select(FaceRule.event_id).where(FaceRule.active, FaceRule.sealed_key.is_not(None), grown)
    return [GroupFaces(event_id) for event_id in tx.scalars(due_now)]


def regroup(tx: Tx, event_id: str, before: Sequence[tuple[int, int]], persons: Sequence[int]) -> int:
    """Write down who is whom. `before`: faces with the person they were. Returns how many changed."""
    changed = [
        {"id": face_id, "person": person}
        for (face_id, old), person in zip(before, persons, strict=True)
        if old != person
    ]
    if changed:
        tx.execute(update(Face), changed)
    grown = {"grouped": len(before), "epoch": FaceRule.epoch + 1}
    tx.execute(update(FaceRule).where(FaceRule.event_id == event_id).values(**grown))
    return len(changed)


def seen_in(tx: Tx, photo_id: str) -> Sequence[Face]:
    """Faces of a photo, from left to right."""
    return tx.scalars(select(Face).filter_by(photo_id=photo_id).order_by(Face.x)).all()


class Indexes:
    """Matrices of events, in this process: read once, then only what is new. The oldest go when there are too many."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, Matrix]] = OrderedDict()
        self._one = threading.Lock()

    def of(self, tx: Tx, event_id: str, engine: FaceEngine, sealing: Box) -> Matrix:
        """All faces of the event by that engine, as the transaction sees them. 100,000 take a second the first time."""
        with self._one:
            name = f"{event_id}/{engine.name}"
            epoch = tx.scalar(select(FaceRule.epoch).where(FaceRule.event_id == event_id)) or 0
            read, found = self._kept.pop(name, (epoch, Matrix(likeness=engine.likeness)))
            if read != epoch:
                found = Matrix(likeness=engine.likeness)  # persons were grouped anew
            which = (Face.event_id == event_id, Face.engine == engine.name)
            last = int(found.ids[len(found) - 1]) if len(found) else 0
            kept = tx.scalar(select(func.count()).select_from(Face).where(*which, Face.id <= last)) or 0
            if kept != len(found):
                found, last = Matrix(likeness=engine.likeness), 0
            rows = tx.execute(
                select(Face.id, Face.person, Face.photo_id, Face.vector).where(*which, Face.id > last).order_by(Face.id)
            ).all()
            if rows:
                vectors = np.stack([sealing.unseal(row.vector) for row in rows])
                persons = [row.person or row.id for row in rows]
                found.add([row.id for row in rows], persons, [row.photo_id for row in rows], vectors)
            self._kept[name] = (epoch, found)
            while len(self._kept) > 1 and sum(one.rows.nbytes for _, one in self._kept.values()) > MATRICES_BYTES:
                self._kept.popitem(last=False)
            return found

    def forget(self, event_id: str) -> None:
        with self._one:
            for name in [name for name in self._kept if name.startswith(f"{event_id}/")]:
                del self._kept[name]


# --- guests -------------------------------------------------------------------------------------------------------


def agree(tx: Tx, guest_id: str, found: FaceRule, kind: ConsentKind, *, guardian: bool) -> FaceConsent:
    """A new consent to the version that is shown now."""
    event = tx.get_one(Event, found.event_id)
    until = max(event.ends_at or 0, now_ms()) + CONSENT_MS
    made = FaceConsent(
        guest_id=guest_id,
        event_id=found.event_id,
        kind=kind,
        notice=found.notice,
        guardian=guardian,
        expires_at=min(until, found.purge_at or until),
    )
    tx.add(made)
    tx.flush()
    return made


def demand_consent(tx: Tx, consent_id: str, guest_id: str, found: FaceRule, kind: ConsentKind) -> FaceConsent:
    """Raises Refused with the reason: consent_missing, consent_elsewhere, _withdrawn, _expired, _outdated."""
    given = tx.get(FaceConsent, consent_id)
    if given is None or given.guest_id != guest_id or given.kind is not kind:
        raise Refused(code="consent_missing")
    if given.event_id != found.event_id:
        raise Refused(code="consent_elsewhere")
    if given.withdrawn_at is not None:
        raise Refused(code="consent_withdrawn")
    if given.expires_at <= now_ms():
        raise Refused(code="consent_expired")
    if given.notice != found.notice:
        raise Refused(code="consent_outdated")
    return given


def follow(tx: Tx, guest_id: str, event_id: str, engine: str, sealed: bytes, shift: float = 0.0) -> None:
    """Keep a guest's vector and their threshold, so that new photos are looked through for them."""
    tx.execute(delete(FaceTemplate).where(FaceTemplate.guest_id == guest_id, FaceTemplate.event_id == event_id))
    tx.add(FaceTemplate(guest_id=guest_id, event_id=event_id, engine=engine, vector=sealed, shift=shift))


def follows(tx: Tx, guest_id: str, event_id: str, engine: str) -> bool:
    """With a vector that this engine can compare."""
    found = tx.get(FaceTemplate, (guest_id, event_id))
    return found is not None and found.engine == engine


def withdraw(tx: Tx, guest_id: str, event_id: str) -> dict[str, int]:
    """Everything of this guest at this event ends now. Returns how much there was, and how much is left: none."""
    mine = (FaceConsent.guest_id == guest_id, FaceConsent.event_id == event_id, FaceConsent.withdrawn_at.is_(None))
    ended = tx.execute(update(FaceConsent).where(*mine).values(withdrawn_at=now_ms()).returning(FaceConsent.id)).all()
    counted = {"consents": len(ended), "veil_vectors": veils.forget_vectors(tx, event_id, guest_id)}
    left = 0
    kinds: tuple[tuple[str, type[FaceTemplate | FaceMatch]], ...] = (
        ("templates", FaceTemplate),
        ("matches", FaceMatch),
    )
    for name, kind in kinds:
        own = (kind.guest_id == guest_id, kind.event_id == event_id)
        how_many = select(func.count(kind.guest_id)).where(*own)
        counted[name] = tx.scalar(how_many) or 0
        tx.execute(delete(kind).where(*own))
        left += tx.scalar(how_many) or 0
    return counted | {"left": left}


def vector_of(index: Matrix, own: Numbers, yes: Sequence[int]) -> Numbers:
    """The guest's vector after «yes, that is me» on these faces of the index."""
    told = [one for one in map(index.vector_of, yes) if one is not None]
    return mean([own, *told])
