"""Bring a photo's renditions in line with what its album wants. Safe to repeat, at any point, any number of times."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass, replace
from typing import Any, Final

from PIL import Image
from sqlalchemy import ColumnElement, select

from backend import branding, feed, photos, retouch, slates, veils, voices
from backend.aids import DAMAGED, Aids
from backend.clock import now_ms
from backend.context import Stage
from backend.db import Tx
from backend.errors import AppError, BadInput, NotFound
from backend.jobs import IndexFaces, MakeFull, RecallPhoto, RefreshPhoto, RenderAlbum, RenderPhoto
from backend.models import Culling, Departure, Photo, PhotoState, Rendition, RenditionKind, Source, SourceKind
from backend.recipe import Layer, Recipe
from backend.states import lease_photo
from backend.storage import rendition_key
from workers import imaging, slate
from workers.imaging.faces import Face
from workers.imaging.mask import Masks
from workers.imaging.shelf import frugal

log = logging.getLogger(__name__)
REST_MS: Final = 45_000  # how long a cut-off file waits for the whole one, before what arrived of it is shown
QUICK = (RenditionKind.VIEW, RenditionKind.PHONE, RenditionKind.THUMB)
LOOK_MS = 2_000  # until the sweep asks again whether a photo was looked at for faces


@dataclass(frozen=True, slots=True)
class _Order:
    """What one rendering has to do; taken under a lease."""

    photo: Photo
    source: Source
    recipe_id: str
    recipe: Recipe
    kinds: tuple[RenditionKind, ...]
    salvage: bool  # nobody waits any more for the rest of a cut-off file
    voice: str | None  # the sponsor whose turn it is
    aids: bool  # this source was not looked at yet, and the album wants it
    masks: Masks
    uncovered: tuple[str, ...]  # keys of pictures that show somebody who is to be covered


def warm() -> None:
    """Settle the memory; make one small picture, so that tables, fonts and libraries are there (0.2 s CPU)."""
    frugal()
    grey = io.BytesIO()
    Image.new("RGB", (320, 240), (90, 110, 130)).save(grey, "JPEG")
    recipe = Recipe(layers=(Layer(text="快门"),))
    for _ in imaging.render(imaging.open_source(grey.getvalue()), recipe, {}):
        pass


def photo(stage: Stage, job: RenderPhoto | RefreshPhoto) -> None:
    """Lease, render outside any transaction, record, publish."""
    with stage.db.writing() as tx:
        order = _take(stage, tx, job.photo_id, photos.stale())
    if order is None:
        return
    try:
        made, facts = _render(stage, order)
    except BadInput as exc:
        if exc.code == "bad_input":  # not the photo's fault: the brand's art is unusable
            _postpone(stage, order, exc)
            return
        log.info("refused photo=%s source=%s code=%s detail=%s", job.photo_id, order.source.kind, exc.code, exc.detail)
        with stage.db.writing() as tx:
            if exc.code == "truncated" and not order.salvage and _alone(tx, order.source):
                photos.release(tx, job.photo_id, wait_ms=max(0, order.source.stored_at + REST_MS - now_ms()))
                return
            photos.refuse_source(tx, job.photo_id, order.source.id, exc.code)
            photos.release(tx, job.photo_id)
        return
    except AppError as exc:
        _postpone(stage, order, exc)
        return
    said = facts.pop("slate", "")
    with stage.db.writing() as tx:
        photos.record_made(tx, job.photo_id, order.source.id, order.recipe_id, made, facts)
        veils.forget_uncovered(tx, job.photo_id, order.uncovered)
        if said and slates.sight(tx, job.photo_id, said):
            feed.hide(tx, job.photo_id)
        elif set(order.kinds) != {RenditionKind.FULL}:
            feed.publish(tx, job.photo_id)


def full(stage: Stage, job: MakeFull) -> None:
    """The full size, before anybody asks for it. What fails is left until somebody does."""
    with stage.db.writing() as tx:
        order = _take(stage, tx, job.photo_id, photos.lacks_full(now_ms()))
    if order is None:
        return
    try:
        made, facts = _render(stage, order)
    except AppError as exc:
        _postpone(stage, order, exc)
        return
    with stage.db.writing() as tx:
        photos.record_made(tx, job.photo_id, order.source.id, order.recipe_id, made, facts)


def album(stage: Stage, job: RenderAlbum) -> None:
    """Ring for every stale photo, newest first, because that is what guests are looking at."""
    with stage.db.reading() as tx:
        ids = tx.scalars(
            select(Photo.id)
            .where(photos.stale(job.album_id))
            .order_by(Photo.position.desc(), Photo.announced_at.desc())
        ).all()
    for photo_id in ids:
        stage.bell.ring(RefreshPhoto(photo_id))


def recall(stage: Stage, job: RecallPhoto) -> None:
    """Delete what guests could still fetch of a hidden photo, or of one in an album it left; only then forget it.

    One that was taken off only to be covered comes back when nothing is left.
    """
    _recall_left(stage, job.photo_id)
    with stage.db.reading() as tx:
        found = tx.get(Photo, job.photo_id)
        hidden = found is not None and found.state is PhotoState.HIDDEN
        keys = list(tx.scalars(select(Rendition.key).filter_by(photo_id=job.photo_id))) if hidden else []
    for key in keys:
        stage.store.delete(key)
    with stage.db.writing() as tx:
        if hidden:
            photos.forget_renditions(tx, job.photo_id, keys)
        veils.bring_back(tx, job.photo_id)


def _recall_left(stage: Stage, photo_id: str) -> None:
    with stage.db.reading() as tx:
        left = feed.left_behind(tx, photo_id)
    for departure in left:
        for key in departure.keys.get("keys", ()):
            stage.store.delete(key)
    if left:
        with stage.db.writing() as tx:
            for departure in left:
                tx.get_one(Departure, (photo_id, departure.album_id)).recalled_at = now_ms()


def _take(stage: Stage, tx: Tx, photo_id: str, to_do: ColumnElement[bool]) -> _Order | None:
    """The photo under a lease, or None when there is nothing to do, or not now, or not by us."""
    found = tx.scalars(select(Photo).where(Photo.id == photo_id, to_do, Photo.render_due_at <= now_ms())).first()
    if found is None or found.source_id is None:
        return None
    if veils.waits(tx, found):
        veils.postpone(tx, photo_id, LOOK_MS)
        tx.ring(IndexFaces(photo_id))
        return None
    if not lease_photo(tx, photo_id, stage.settings.lease_ttl):
        return None
    tx.refresh(found)
    if found.render_attempts > stage.settings.render_attempts:
        log.error("gave up photo=%s attempts=%s", photo_id, found.render_attempts)
        photos.refuse_source(tx, photo_id, found.source_id, "renderer_died")
        photos.release(tx, photo_id)
        return None
    recipe_id = found.recipe_id or found.album.recipe_id
    source = tx.get_one(Source, found.source_id)
    current = (found.made_recipe_id, found.made_source_id) == (recipe_id, source.id)
    kinds = (RenditionKind.FULL,) if current else QUICK
    seen = (found.aids or {}).get("source_id") == source.id
    look_over = not seen and not current and _wants_aids(found.album.culling, source.kind)
    salvage = source.stored_at + REST_MS <= now_ms() and _alone(tx, source)
    masks = masks_of(tx, found, source)
    uncovered = tuple(veils.uncovered(tx, photo_id))
    recipe = branding.load(tx, recipe_id)
    voice = voices.give(tx, found, recipe)
    return _Order(found, source, recipe_id, recipe, kinds, salvage, voice, look_over, masks, uncovered)


def _alone(tx: Tx, source: Source) -> bool:
    """Whether the photo could be shown from no other source."""
    others = select(Source.id).where(Source.photo_id == source.photo_id, Source.id != source.id)
    return tx.scalars(others.where(Source.refusal.is_(None))).first() is None


def masks_of(tx: Tx, found: Photo, source: Source) -> Masks:
    """Who is covered in whatever is made of this photo."""
    drawn = [Face(place.x, place.y, place.width, place.height) for place in veils.places(tx, found.id)]
    # a version by hand may be cut another way
    return Masks(drawn, source.kind is SourceKind.RETOUCHED, veils.blind(tx, found))


def _wants_aids(culling: Culling, kind: SourceKind) -> bool:
    """Aids cost three times the renditions of a preview (CPU): guests wait for them only where they may hold it."""
    return culling is Culling.HOLD or (culling is Culling.SUGGEST and kind is not SourceKind.PREVIEW)


def _postpone(stage: Stage, order: _Order, exc: AppError) -> None:
    log.warning("postponed photo=%s code=%s detail=%s", order.photo.id, exc.code, exc.detail)
    with stage.db.writing() as tx:
        photos.postpone(tx, order.photo.id, order.photo.render_attempts)


def _render(stage: Stage, order: _Order) -> tuple[list[photos.Made], dict[str, Any]]:
    """Renditions into the store. Raises BadInput (this source never), Upstream (later)."""
    found, recipe = order.photo, order.recipe.for_photo(order.photo.id, order.photo.shot_at, order.voice)
    try:
        data = stage.store.get(order.source.key)
        opened = replace(imaging.open_source(data), masks=order.masks)
        for key in order.uncovered:
            stage.store.delete(key)
    except NotFound:
        raise BadInput(f"blob {order.source.key} is gone", code="not_found") from None
    art = {key: stage.store.get(key) for key in recipe.art_keys()}
    made: list[photos.Made] = []
    facts: dict[str, Any] = {}
    kinds = tuple(kind.value for kind in order.kinds)
    for one in imaging.render(opened, recipe, art, kinds, aids=order.aids, salvage=order.salvage):
        key = rendition_key(found.album_id, order.source.digest, order.recipe_id, found.salt, one.kind)
        stage.store.put(key, one.jpeg)
        made.append(photos.Made(RenditionKind(one.kind), key, one.width, one.height, len(one.jpeg)))
        if one.kind == RenditionKind.VIEW:
            facts = {
                "width": one.width,
                "height": one.height,
                "placeholder": one.placeholder,
                "dominant": one.dominant,
                "look": one.look,
                "shot_at": opened.facts.shot_at,
                "promise": retouch.promise(one.aids or _known(found), one.look),
                **_aids(found, one, order.source.id),
            }
    if found.made_source_id is None and found.guest_id is None and facts and (said := slate.read(data)):
        facts["slate"] = said
    return made, facts


def _known(found: Photo) -> Aids | None:
    return Aids.from_json(found.aids) if found.aids else None


def _aids(found: Photo, one: imaging.Made, source_id: str) -> dict[str, Any]:
    """Columns of a photo that was looked at. Damage is told in any case, whatever the album wants to know."""
    if one.aids is not None:
        seen = replace(one.aids, source_id=source_id, damaged=one.damaged)
        return {"aids": seen.to_json(), "held": ",".join(seen.reasons) or None}
    reasons = [word for word in (found.held or "").split(",") if word and word != DAMAGED]
    return {"held": ",".join([*reasons, DAMAGED] if one.damaged else reasons) or None}
