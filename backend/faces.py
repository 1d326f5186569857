"""«Find me» by face: an event's rule, its index, what guests agreed to, and how all of it ends.

Off until a member switches it on. Vectors never leave their event; a guest's selfie and its vector are kept nowhere,
unless the guest agrees apart from that to be told of new photos.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update

from backend import face_notice
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import Conflict, Refused
from backend.face_vectors import Box, Matrix, Numbers, Seen, mean
from backend.jobs import IndexFaces
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
    found.active, found.switched_at = True, now_ms()
    for name in ("children", "contact", "checklist", "notice"):
        setattr(found, name, said[name])
    found.purge_at = (event.ends_at or event.starts_at or now_ms()) + min(said["days"], MOST_DAYS) * DAY_MS
    found.purge_at = max(found.purge_at, now_ms() + DAY_MS)
    tx.flush()
    for photo_id in tx.scalars(_unseen(event.id).limit(200)):
        tx.ring(IndexFaces(photo_id))
    return found


def notice(tx: Tx, event: Event, found: FaceRule) -> dict[str, Any]:
    """The text guests agree to now, with its version."""
    organization = tx.get_one(Organization, event.organization_id)
    until = datetime.fromtimestamp((found.purge_at or 0) / 1000, UTC).date().isoformat()
    return face_notice.notice(organization.name, event.title, found.contact, until)


def purge(tx: Tx, event_id: str) -> dict[str, Any]:
    """Delete every vector, box, consent and template of the event and destroy its key. Returns the certificate."""
    found = tx.get_one(FaceRule, event_id)
    counted = {}
    for name, kind in (
        ("faces", Face),
        ("photos", FaceScan),
        ("templates", FaceTemplate),
        ("matches", FaceMatch),
        ("consents", FaceConsent),
    ):
        gone = tx.scalar(select(func.count()).select_from(kind).where(kind.event_id == event_id)) or 0
        tx.execute(delete(kind).where(kind.event_id == event_id))
        counted[name] = gone
    key_digest = hashlib.sha256((found.sealed_key or "").encode()).hexdigest()
    found.active, found.sealed_key, found.purged_at = False, None, now_ms()
    found.certificate = {"event_id": event_id, "deleted": counted, "key_sha256": key_digest, "at": found.purged_at}
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


def due(tx: Tx, limit: int) -> list[IndexFaces]:
    """Photos that guests see and nobody looked at for faces, where that is wanted."""
    return [IndexFaces(photo_id) for photo_id in tx.scalars(_unseen(None).limit(limit))]


def _unseen(event_id: str | None) -> Any:  # noqa: ANN401 - a Select of ids
    done = exists().where(
        FaceScan.photo_id == Photo.id,
        or_(FaceScan.faces.is_not(None), FaceScan.attempts >= ATTEMPTS, FaceScan.due_at > now_ms()),
    )
    wanted = and_(FaceRule.active, FaceRule.sealed_key.is_not(None), Photo.state == PhotoState.LIVE, ~done)
    query = select(Photo.id).join(FaceRule, FaceRule.event_id == Photo.event_id).where(wanted)
    query = query if event_id is None else query.where(Photo.event_id == event_id)
    return query.order_by(Photo.live_at.desc())


def begin(tx: Tx, photo_id: str, engine: str) -> Photo | None:
    """Take a photo to look at; the attempt is counted first, so that one that kills its worker is left. None: no."""
    found = tx.get(Photo, photo_id)
    if found is None or found.state is not PhotoState.LIVE or found.source_id is None:
        return None
    wanted = tx.get(FaceRule, found.event_id)
    if wanted is None or not wanted.active or wanted.sealed_key is None:
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


def keep(tx: Tx, photo: Photo, engine: str, seen: Sequence[Seen], index: Matrix, sealing: Box) -> None:
    """What was found in a photo, instead of what was before; each face with whom it is most like."""
    scan = tx.get(FaceScan, photo.id, with_for_update=True)
    wanted = tx.get(FaceRule, photo.event_id)
    if scan is None or wanted is None or wanted.sealed_key is None:
        return  # all of it was deleted meanwhile
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
        hits = index.search(sealing.unseal(template.vector))
        if any(hit.sure and hit.photo_id == photo.id for hit in hits) and match(tx, template.guest_id, [photo]):
            found.append(template.guest_id)
    return found


def match(tx: Tx, guest_id: str, shown: Sequence[Photo]) -> int:
    """These photos are this guest's. Returns how many were not before."""
    known = set(tx.scalars(select(FaceMatch.photo_id).filter_by(guest_id=guest_id)))
    new = [photo for photo in shown if photo.id not in known][:MATCHED]
    tx.add_all(FaceMatch(guest_id=guest_id, photo_id=photo.id, event_id=photo.event_id) for photo in new)
    return len(new)


def theirs(guest_id: str) -> ColumnElement[bool]:
    """Photos that are a following guest's."""
    return exists().where(FaceMatch.photo_id == Photo.id, FaceMatch.guest_id == guest_id).correlate(Photo)


class Indexes:
    """Matrices of events, in this process: read once, then only what is new. The oldest go when there are too many."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Matrix] = OrderedDict()
        self._one = threading.Lock()

    def of(self, tx: Tx, event_id: str, engine: str, sealing: Box) -> Matrix:
        """All faces of the event by that engine, as the transaction sees them. 100,000 take a second the first time."""
        with self._one:
            name = f"{event_id}/{engine}"
            found = self._kept.pop(name, None) or Matrix()
            which = (Face.event_id == event_id, Face.engine == engine)
            last = int(found.ids[len(found) - 1]) if len(found) else 0
            kept = tx.scalar(select(func.count()).select_from(Face).where(*which, Face.id <= last)) or 0
            if kept != len(found):
                found, last = Matrix(), 0
            rows = tx.execute(
                select(Face.id, Face.person, Face.photo_id, Face.vector).where(*which, Face.id > last).order_by(Face.id)
            ).all()
            if rows:
                vectors = np.stack([sealing.unseal(row.vector) for row in rows])
                persons = [row.person or row.id for row in rows]
                found.add([row.id for row in rows], persons, [row.photo_id for row in rows], vectors)
            self._kept[name] = found
            while len(self._kept) > 1 and sum(one.rows.nbytes for one in self._kept.values()) > MATRICES_BYTES:
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


def follow(tx: Tx, guest_id: str, event_id: str, engine: str, sealed: bytes) -> None:
    """Keep a guest's vector, so that new photos are looked through for them."""
    tx.execute(delete(FaceTemplate).where(FaceTemplate.guest_id == guest_id, FaceTemplate.event_id == event_id))
    tx.add(FaceTemplate(guest_id=guest_id, event_id=event_id, engine=engine, vector=sealed))


def follows(tx: Tx, guest_id: str, event_id: str) -> bool:
    return tx.get(FaceTemplate, (guest_id, event_id)) is not None


def withdraw(tx: Tx, guest_id: str, event_id: str) -> dict[str, int]:
    """Everything of this guest at this event ends now. Returns how much there was, and how much is left: none."""
    mine = (FaceConsent.guest_id == guest_id, FaceConsent.event_id == event_id, FaceConsent.withdrawn_at.is_(None))
    ended = tx.execute(update(FaceConsent).where(*mine).values(withdrawn_at=now_ms()).returning(FaceConsent.id)).all()
    counted = {"consents": len(ended)}
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
