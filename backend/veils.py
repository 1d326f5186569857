"""«Blur me», «leave me out» (F5): a person asks from a photo, a member decides, and every rendition follows.

A veil is the wish; a mask is one place in one photo: covered, or the reason why the photo is off. Masks tell nobody's
face and stay. The vector that finds the person in other photos is sealed, needs a consent of its own and goes with it.

What guests see is taken off first, made anew under new names, and comes back: no old address shows the face. What
arrives while a veil with a vector stands is looked at before it is rendered, so that nothing uncovered is ever made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from backend import audit, branding, feed
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import TooMany
from backend.face_vectors import Box, FaceEngine, Hit, Likeness, Numbers, Seen
from backend.jobs import RecallPhoto, RenderPhoto
from backend.models import (
    Event,
    Export,
    ExportPhoto,
    ExportState,
    Face,
    FaceConsent,
    FaceMask,
    FaceReturn,
    FaceRule,
    FaceScan,
    FaceVeil,
    Photo,
    PhotoState,
    Rendition,
    Report,
    ReportState,
    VeilKind,
    VeilState,
    new_salt,
)
from backend.states import move_photo, move_veil

A_DAY: Final = 20  # wishes of one guest
DAY_MS: Final = 24 * 3600 * 1000
PATIENCE_MS: Final = 120_000  # a photo waits for its look; then it is shown with every face in it covered


@dataclass(frozen=True, slots=True)
class Place:
    """Parts (0–1) of the upright source."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Wish:
    """What a guest asks. `engine` and `vector` only under a consent to be looked for in other photos."""

    kind: VeilKind
    place: Place
    words: str = ""
    consent_id: str | None = None
    engine: str | None = None
    vector: bytes | None = None


def ask(tx: Tx, photo: Photo, guest_id: str, wish: Wish) -> FaceVeil:
    """A guest's wish about themselves in a photo. Asked again before it is decided, the newer one counts.

    Raises TooMany after twenty in a day.
    """
    mine = select(func.count()).where(FaceVeil.guest_id == guest_id, FaceVeil.created_at > now_ms() - DAY_MS)
    if (tx.scalar(mine) or 0) >= A_DAY:
        raise TooMany
    waiting = select(FaceVeil).filter_by(guest_id=guest_id, photo_id=photo.id, state=VeilState.OPEN)
    veil = tx.scalars(waiting).first()
    if veil is None:
        ours = {"organization_id": photo.organization_id, "event_id": photo.event_id, "photo_id": photo.id}
        veil = FaceVeil(**ours, guest_id=guest_id)
        tx.add(veil)
    veil.kind, veil.words, veil.consent_id = wish.kind, wish.words.strip()[:300], wish.consent_id
    veil.engine, veil.vector = wish.engine, wish.vector
    veil.x, veil.y, veil.width, veil.height = wish.place.x, wish.place.y, wish.place.width, wish.place.height
    tx.flush()
    said = {"veil": veil.id, "kind": wish.kind.value, "everywhere": wish.vector is not None}
    audit.record(tx, photo.organization_id, f"guest:{guest_id}", "veil_asked", f"photo:{photo.id}", ({}, said))
    return veil


def approve(tx: Tx, veil: FaceVeil, member: str, hits: Iterable[Hit] = ()) -> int:
    """A member says yes. `hits`: what the event's index says of the person. Returns how many photos it covers."""
    if not move_veil(tx, veil.id, VeilState.APPROVED, decided_at=now_ms(), decided_by=member):
        return 0
    places = {veil.photo_id: Place(veil.x, veil.y, veil.width, veil.height)}
    found = [hit for hit in hits if hit.sure or veil.kind is VeilKind.BLUR]
    faces = {row.id: row for row in tx.scalars(select(Face).where(Face.id.in_([hit.face_id for hit in found])))}
    for hit in found:
        row = faces.get(hit.face_id)
        if row is not None:
            places.setdefault(hit.photo_id, Place(row.x, row.y, row.width, row.height))
    for photo_id, place in places.items():
        _cover(tx, veil, photo_id, place)
    said = {"veil": veil.id, "kind": veil.kind.value, "photos": len(places)}
    audit.record(tx, veil.organization_id, member, "veil_approved", f"photo:{veil.photo_id}", ({}, said))
    return len(places)


def decline(tx: Tx, veil: FaceVeil, member: str) -> None:
    """A member says no; the vector goes at once."""
    if move_veil(tx, veil.id, VeilState.DECLINED, decided_at=now_ms(), decided_by=member, vector=None, engine=None):
        subject = f"photo:{veil.photo_id}"
        audit.record(tx, veil.organization_id, member, "veil_declined", subject, ({}, {"veil": veil.id}))


def end(tx: Tx, veil: FaceVeil, actor: str, *, lift: bool) -> dict[str, int]:
    """The person withdraws: no later photo is looked at. `lift`: what is covered is shown again, too.

    Returns the proof: how much there was and how much of the vector is left: none.
    """
    had = int(veil.vector is not None)
    move_veil(tx, veil.id, VeilState.ENDED, ended_at=now_ms(), vector=None, engine=None)
    _withdraw_consents(tx, [veil.consent_id])
    lifted = 0
    if lift:
        for mask in tx.scalars(select(FaceMask).filter_by(veil_id=veil.id)).all():
            tx.delete(mask)
            tx.flush()
            _make_anew(tx, mask.photo_id, was=mask.kind)
            lifted += 1
    tx.refresh(veil)
    proof = {"vectors": had, "lifted": lifted, "left": int(veil.vector is not None)}
    audit.record(tx, veil.organization_id, actor, "veil_ended", f"photo:{veil.photo_id}", ({}, proof))
    return proof


def forget_vectors(tx: Tx, event_id: str, guest_id: str | None = None) -> int:
    """Of everybody, or of one guest. What is covered stays covered. Returns how many there were."""
    which = [FaceVeil.event_id == event_id, FaceVeil.vector.is_not(None)]
    if guest_id is not None:
        which.append(FaceVeil.guest_id == guest_id)
    gone = tx.execute(update(FaceVeil).where(*which).values(vector=None, engine=None).returning(FaceVeil.consent_id))
    consents = gone.scalars().all()
    _withdraw_consents(tx, consents)
    return len(consents)


def _withdraw_consents(tx: Tx, ids: Sequence[str | None]) -> None:
    given = update(FaceConsent).where(FaceConsent.id.in_([one for one in ids if one]))
    tx.execute(given.where(FaceConsent.withdrawn_at.is_(None)).values(withdrawn_at=now_ms()))


# --- photos -------------------------------------------------------------------------------------------------------


def standing(
    event_id: ColumnElement[str] | InstrumentedAttribute[str] | str, before: int | None = None
) -> ColumnElement[bool]:
    """Somebody at this event is to be looked for in whatever comes: approved (`before` a moment), and the consent
    holds.
    """
    holds = and_(FaceConsent.withdrawn_at.is_(None), FaceConsent.expires_at > now_ms())
    keyed = and_(FaceRule.event_id == FaceVeil.event_id, FaceRule.sealed_key.is_not(None))
    wish = exists().where(FaceVeil.event_id == event_id, FaceVeil.state == VeilState.APPROVED)
    if before is not None:
        wish = wish.where(FaceVeil.decided_at <= before)
    return wish.where(FaceVeil.vector.is_not(None), FaceConsent.id == FaceVeil.consent_id, holds, keyed)


def meet(tx: Tx, photo: Photo, engine: FaceEngine, seen: Sequence[Seen], sealing: Box) -> int:
    """Whoever wants to be covered and is in this photo is. Returns how many."""
    wanted = select(FaceVeil).join(FaceConsent, FaceConsent.id == FaceVeil.consent_id)
    wanted = wanted.where(FaceConsent.withdrawn_at.is_(None), FaceConsent.expires_at > now_ms())
    mine = wanted.where(FaceVeil.event_id == photo.event_id, FaceVeil.state == VeilState.APPROVED)
    met = 0
    for veil in tx.scalars(mine.where(FaceVeil.vector.is_not(None), FaceVeil.engine == engine.name)):
        best = _most_alike(sealing.unseal(veil.vector or b""), seen)
        if best is not None and best[1] >= _least(veil.kind, engine.likeness):
            face = best[0]
            _cover(tx, veil, photo.id, Place(face.x, face.y, face.width, face.height))
            met += 1
    return met


def _least(kind: VeilKind, likeness: Likeness) -> float:
    """Better one face too many is covered than one too few; a whole photo is not lost for a «maybe»."""
    return likeness.direct - likeness.maybe if kind is VeilKind.BLUR else likeness.direct


def _most_alike(vector: Numbers, seen: Sequence[Seen]) -> tuple[Seen, float] | None:
    return max(((face, float(face.vector @ vector)) for face in seen), key=lambda one: one[1], default=None)


def looked(tx: Tx, photo_id: str) -> None:
    """The look a photo waited for is done: render it now. One that was shown with all faces covered is made anew."""
    photo = tx.get_one(Photo, photo_id, populate_existing=True)
    if photo.state is PhotoState.STORED and photo.live_at is None:
        tx.execute(update(Photo).where(Photo.id == photo_id).values(render_due_at=0))
        tx.ring(RenderPhoto(photo_id))
    elif (photo.rendered_at or 0) >= (photo.stored_at or 0) + PATIENCE_MS:
        _make_anew(tx, photo_id, was=None)


def waits(tx: Tx, photo: Photo) -> bool:
    """Nobody looked yet whether somebody who wants to be covered is in it, and somebody still may."""
    if photo.live_at is not None or (photo.stored_at or 0) <= now_ms() - PATIENCE_MS:
        return False
    return not _looked_at(tx, photo.id) and _stands(tx, photo.event_id)


def postpone(tx: Tx, photo_id: str, for_ms: int) -> None:
    """It waits for its look; no attempt counts."""
    tx.execute(update(Photo).where(Photo.id == photo_id).values(render_due_at=now_ms() + for_ms))


def blind(tx: Tx, photo: Photo) -> bool:
    """Nobody could look in time: every face is to be covered."""
    before = photo.stored_at if photo.live_at is not None else None
    return not _looked_at(tx, photo.id) and _stands(tx, photo.event_id, before)


def _stands(tx: Tx, event_id: str, before: int | None = None) -> bool:
    return bool(tx.scalar(select(Event.id).where(Event.id == event_id, standing(event_id, before))))


def _looked_at(tx: Tx, photo_id: str) -> bool:
    scan = tx.get(FaceScan, photo_id, populate_existing=True)
    return scan is not None and scan.faces is not None


def places(tx: Tx, photo_id: str) -> list[Place]:
    """What a renderer has to cover."""
    masks = tx.scalars(select(FaceMask).filter_by(photo_id=photo_id, kind=VeilKind.BLUR).order_by(FaceMask.made_at))
    return [Place(mask.x, mask.y, mask.width, mask.height) for mask in masks]


def uncovered(tx: Tx, photo_id: str) -> list[str]:
    """Keys of renditions that are older than the newest mask: to be deleted before new ones are made."""
    newest = select(func.max(FaceMask.made_at)).where(FaceMask.photo_id == photo_id).scalar_subquery()
    return list(tx.scalars(select(Rendition.key).where(Rendition.photo_id == photo_id, Rendition.made_at <= newest)))


def forget_uncovered(tx: Tx, photo_id: str, keys: Sequence[str]) -> None:
    """These blobs are deleted."""
    tx.execute(delete(Rendition).where(Rendition.photo_id == photo_id, Rendition.key.in_(keys)))


def _cover(tx: Tx, veil: FaceVeil, photo_id: str, place: Place) -> None:
    if tx.get(FaceMask, (photo_id, veil.id)) is not None:
        return
    where = {"x": place.x, "y": place.y, "width": place.width, "height": place.height}
    tx.add(FaceMask(photo_id=photo_id, veil_id=veil.id, kind=veil.kind, **where))
    tx.flush()
    if veil.kind is VeilKind.EXCLUDE:
        feed.hide(tx, photo_id)
    else:
        _make_anew(tx, photo_id, was=None)


def _make_anew(tx: Tx, photo_id: str, *, was: VeilKind | None) -> None:
    """With the masks it has now, and under new names. `was`: of a mask that is no more."""
    photo = tx.get_one(Photo, photo_id, populate_existing=True)
    if photo.state is PhotoState.LIVE:
        if feed.hide(tx, photo_id):
            tx.add(FaceReturn(photo_id=photo_id))
        return
    blank = {"made_source_id": None, "made_recipe_id": None, "salt": new_salt(), "render_due_at": 0}
    tx.execute(update(Photo).where(Photo.id == photo_id).values(**blank))
    if photo.state is PhotoState.STORED:
        tx.ring(RenderPhoto(photo_id))
    elif was is VeilKind.EXCLUDE and photo.state is PhotoState.HIDDEN and tx.get(FaceReturn, photo_id) is None:
        tx.add(FaceReturn(photo_id=photo_id))
        tx.ring(RecallPhoto(photo_id))


def bring_back(tx: Tx, photo_id: str) -> bool:
    """Nothing of its old pictures is left: it may be made anew and shown, unless somebody else wants it off."""
    row = tx.get(FaceReturn, photo_id)
    if row is None or tx.scalar(select(exists().where(_packed(photo_id)))):
        return False
    tx.delete(row)
    photo = tx.get_one(Photo, photo_id)
    excluded = exists().where(FaceMask.photo_id == photo_id, FaceMask.kind == VeilKind.EXCLUDE)
    reported = exists().where(Report.photo_id == photo_id, Report.state.in_((ReportState.OPEN, ReportState.UPHELD)))
    removed = photo.removed_at is not None
    if removed or photo.state is not PhotoState.HIDDEN or tx.scalar(select(or_(excluded, reported))):
        return False
    if photo.live_at is None:  # never shown: whether it may be is decided as for any other
        move_photo(tx, photo_id, PhotoState.STORED)
        tx.ring(RenderPhoto(photo_id))
        return True
    return feed.restore(tx, photo_id)


def _packed(photo_id: str) -> ColumnElement[bool]:
    """It is in a ZIP file that is still there."""
    there = (ExportState.MAKING, ExportState.READY)
    return and_(ExportPhoto.photo_id == photo_id, Export.id == ExportPhoto.export_id, Export.state.in_(there))


def due(tx: Tx, limit: int) -> list[RecallPhoto]:
    """Photos that wait for coming back."""
    return [RecallPhoto(photo_id) for photo_id in tx.scalars(select(FaceReturn.photo_id).limit(limit))]


# --- pictures that show a part --------------------------------------------------------------------------------------

Crop = tuple[float, float, float, float]  # left, top, width, height, of the upright source
WHOLE: Final[Crop] = (0.0, 0.0, 1.0, 1.0)


def crop_of(tx: Tx, photo: Photo) -> Crop:
    """Which part of its source guests see of a photo."""
    recipe = branding.load(tx, photo.made_recipe_id) if photo.made_recipe_id else None
    return (recipe.look.crop if recipe else None) or WHOLE


def in_view(place: Place, crop: Crop) -> Place | None:
    """Where a place of the source is in the picture that is shown; None: not in it."""
    left, top = (place.x - crop[0]) / crop[2], (place.y - crop[1]) / crop[3]
    right, bottom = left + place.width / crop[2], top + place.height / crop[3]
    left, top, right, bottom = max(0.0, left), max(0.0, top), min(1.0, right), min(1.0, bottom)
    return Place(left, top, right - left, bottom - top) if right > left and bottom > top else None


def in_source(place: Place, crop: Crop) -> Place:
    """The other way."""
    left, top = crop[0] + place.x * crop[2], crop[1] + place.y * crop[3]
    return Place(left, top, place.width * crop[2], place.height * crop[3])


# --- who asked ----------------------------------------------------------------------------------------------------


def queue(tx: Tx, event_id: str, limit: int = 100) -> list[FaceVeil]:
    """Those that wait for a member first, then what was decided, newest first."""
    of_event = select(FaceVeil).filter_by(event_id=event_id)
    order = (FaceVeil.state != VeilState.OPEN, FaceVeil.created_at.desc())
    return list(tx.scalars(of_event.order_by(*order).limit(limit)))


def of_guest(tx: Tx, guest_id: str, event_id: str) -> list[FaceVeil]:
    mine = select(FaceVeil).filter_by(guest_id=guest_id, event_id=event_id)
    return list(tx.scalars(mine.order_by(FaceVeil.created_at.desc()).limit(50)))


def covered(tx: Tx, veil_ids: Sequence[str]) -> dict[str, int]:
    """How many photos each covers, or keeps off."""
    counted = select(FaceMask.veil_id, func.count()).where(FaceMask.veil_id.in_(veil_ids)).group_by(FaceMask.veil_id)
    return dict(tx.execute(counted).all())
