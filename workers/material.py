"""Look into what organizers bring along, and show them what it would look like. Uploads are hostile: a worker does it.

Both jobs owe their answer in the row: ready, refused with a reason, or tried again by the sweep.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from sqlalchemy import select, update

from backend import branding
from backend.clock import now_ms
from backend.context import Stage
from backend.db import Tx
from backend.errors import AppError, BadInput
from backend.jobs import CheckArt, Job, MakeSample
from backend.models import Art, ArtKind, Photo, Sample, Source
from backend.recipe import Look, Preset, Recipe
from backend.storage import sample_key
from workers import imaging, render
from workers.imaging import brand, cube, level, output, pixels, shape
from workers.imaging.mask import Masks

log = logging.getLogger(__name__)
SHAPES: Final = {"3:2": (3, 2), "2:3": (2, 3), "16:9": (16, 9), "1:1": (1, 1)}
SAMPLE_PX: Final = 1024
ATTEMPTS: Final = 5
DAY_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class _Subject:
    """A photo to be shown, as far as it is needed outside the transaction."""

    photo_id: str
    shot_at: int | None
    voice: str | None
    source_key: str
    masks: Masks


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a sample is made of; read under a transaction, used outside."""

    recipe: Recipe
    subjects: list[_Subject]
    whole: bool = False  # each of them exactly as guests would get it, instead of the first one on four shapes
    level: bool = False


def check(stage: Stage, job: CheckArt) -> None:
    """Decode it once, within the limits of art. Safe to repeat."""
    with stage.db.writing() as tx:
        tx.execute(update(Art).where(Art.id == job.art_id).values(attempts=Art.attempts + 1))
        art = tx.get(Art, job.art_id)
    if art is None or art.checked_at is not None:
        return
    found: dict[str, Any]
    try:
        found = _size(art.kind, stage.store.get(art.key))
    except BadInput as exc:
        found = {"refusal": exc.code, "reason": exc.detail[:200]}
        log.info("refused art=%s code=%s detail=%s", art.id, exc.code, exc.detail)
    with stage.db.writing() as tx:
        tx.execute(update(Art).where(Art.id == art.id).values(checked_at=now_ms(), **found))


def _size(kind: ArtKind, content: bytes) -> dict[str, int]:
    """Raises BadInput."""
    if kind is ArtKind.CUBE:
        edge = cube.parse_cube(content).shape[0]
        return {"width": edge, "height": edge}
    width, height = brand.art_size(content)
    return {"width": width, "height": height}


def sample(stage: Stage, job: MakeSample) -> None:
    """The recipe on four shapes of one photo, or of a grey card when there is no photo yet. Safe to repeat."""
    with stage.db.writing() as tx:
        tx.execute(update(Sample).where(Sample.id == job.sample_id).values(attempts=Sample.attempts + 1))
        row = tx.get(Sample, job.sample_id)
        if row is None or row.made_at is not None:
            return
        shown = _shown(tx, row)
    values: dict[str, Any]
    try:
        values = {"pictures": _whole(stage, row, shown) if shown.whole else _shapes(stage, row, shown)}
    except BadInput as exc:
        values = {"refusal": exc.code, "reason": exc.detail[:200]}
    with stage.db.writing() as tx:
        tx.execute(update(Sample).where(Sample.id == row.id).values(made_at=now_ms(), **values))


def _shown(tx: Tx, row: Sample) -> _Shown:
    plan = row.whole or {}
    ids = plan.get("photo_ids") or ([row.photo_id] if row.photo_id else [])
    subjects = [found for photo_id in ids if (found := _subject(tx, photo_id)) is not None]
    return _Shown(Recipe.from_json(row.content), subjects, row.whole is not None, plan.get("level", False))


def _subject(tx: Tx, photo_id: str) -> _Subject | None:
    photo = tx.get(Photo, photo_id)
    source = tx.get(Source, photo.source_id) if photo is not None and photo.source_id else None
    if photo is None or source is None:
        return None
    return _Subject(photo_id, photo.shot_at, photo.voice, source.key, render.masks_of(tx, photo, source))


def _shapes(stage: Stage, row: Sample, shown: _Shown) -> dict[str, Any]:
    """The first subject, or a grey card, cut to four shapes. Raises BadInput."""
    subject = shown.subjects[0] if shown.subjects else None
    recipe = shown.recipe.for_photo(subject.photo_id if subject else row.id, now_ms())
    art = _art(stage, recipe)
    whole = _upright(_opened(stage, subject)) if subject else _grey_card()
    made = []
    for number, (name, (across, down)) in enumerate(SHAPES.items()):
        part = output.jpeg(pixels.padded(shape.cut(whole, across / down)), 92)
        [one] = imaging.render(imaging.open_source(part), recipe, art, ("view",))
        made.append({"shape": name} | _kept(stage, row, number, one))
    return {"pictures": made}


def _whole(stage: Stage, row: Sample, shown: _Shown) -> dict[str, Any]:
    """Every subject by the very steps of publication. Raises BadInput."""
    made: list[dict[str, Any]] = []
    said: dict[str, Any] = {"pictures": made}
    for number, subject in enumerate(shown.subjects):
        recipe = shown.recipe.for_photo(subject.photo_id, subject.shot_at, subject.voice)
        opened = _opened(stage, subject)
        [one] = imaging.render(opened, recipe, _art(stage, recipe), ("view",))
        made.append({"shape": "", "photo_id": subject.photo_id} | _kept(stage, row, number, one))
        if shown.level and number == 0:
            said["level"] = dict(zip(("turn", "sure"), level.suggested_turn(_upright(opened)), strict=True))
    return said


def _art(stage: Stage, recipe: Recipe) -> dict[str, bytes]:
    """Raises BadInput when some is gone."""
    try:
        return {key: stage.store.get(key) for key in recipe.art_keys()}
    except AppError as exc:
        raise BadInput(f"art: {exc.detail}") from exc


def _kept(stage: Stage, row: Sample, number: int, one: imaging.Made) -> dict[str, Any]:
    key = sample_key(row.organization_id, row.id, number)
    stage.store.put(key, one.jpeg)
    return {"key": key, "width": one.width, "height": one.height, "look": one.look}


def _opened(stage: Stage, subject: _Subject) -> imaging.Opened:
    """Whoever does not want to be seen is covered here, too. Raises BadInput."""
    return replace(imaging.open_source(stage.store.get(subject.source_key)), masks=subject.masks)


def _upright(opened: imaging.Opened) -> pixels.Rgb:
    """The photo as people see it, with nothing done to its look. Raises BadInput."""
    plain = Recipe(look=Look(preset=Preset.NONE), view_px=SAMPLE_PX, view_quality=95)
    [one] = imaging.render(opened, plain, {}, ("view",), salvage=True)
    return pixels.rgb(pixels.decode(one.jpeg, imaging.open_source(one.jpeg).header).rgbx)


def _grey_card() -> pixels.Rgb:
    """Dark to light, so that marks are seen on both."""
    ramp = np.linspace(40, 215, SAMPLE_PX, dtype=np.float32)
    return np.repeat(((ramp[:, None] + ramp[None, :]) / 2)[..., None], 3, 2).astype(np.uint8)


def owed(tx: Tx) -> list[Job]:
    """Art nobody looked into, samples nobody made, of the last day."""
    since = now_ms() - DAY_MS
    unchecked = select(Art.id).where(Art.checked_at.is_(None), Art.attempts < ATTEMPTS)
    unmade = select(Sample.id).where(Sample.made_at.is_(None), Sample.created_at > since, Sample.attempts < ATTEMPTS)
    jobs: list[Job] = [CheckArt(art_id) for art_id in tx.scalars(unchecked.limit(20))]
    return jobs + [MakeSample(sample_id) for sample_id in tx.scalars(unmade.limit(20))]


def forget_samples(stage: Stage) -> int:
    """Samples older than a day, and their pictures. Returns how many."""
    with stage.db.reading() as tx:
        old = tx.scalars(select(Sample).where(Sample.created_at < now_ms() - DAY_MS).limit(200)).all()
    for row in old:
        for one in row.pictures.get("pictures", []):
            stage.store.delete(one["key"])
        with stage.db.writing() as tx:
            tx.delete(tx.get_one(Sample, row.id))
    return len(old)


def forget_arts(stage: Stage) -> int:
    """Bytes of art that was removed a day ago. Returns how many files."""
    before = now_ms() - DAY_MS
    with stage.db.reading() as tx:
        old = tx.scalars(select(Art.id).where(Art.removed_at < before, Art.size > 0).limit(200)).all()
    gone = 0
    for art_id in old:
        with stage.db.writing() as tx:
            key = branding.forget_art(tx, art_id, before)
        if key is not None:  # what a crash leaves here is an orphan
            stage.store.delete(key)
            gone += 1
    return gone
