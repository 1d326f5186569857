"""Look for faces in the photos of events that want it. Safe to repeat; live photos have other queues and workers."""

from __future__ import annotations

import logging

from backend import faces, veils
from backend.context import Stage
from backend.errors import AppError, BadInput
from backend.face_vectors import Seen, grouped
from backend.jobs import GroupFaces, IndexFaces, PurgeFaces, ScrubFaces
from backend.models import Source

log = logging.getLogger(__name__)


def photo(stage: Stage, job: IndexFaces) -> None:
    """From the clean source, so that no watermark covers a face. What is no picture has no faces.

    Whoever asked to be covered is, before the photo is rendered.
    """
    engine = stage.face_engine()
    if engine is None:
        return
    with stage.db.writing() as tx:
        taken = faces.begin(tx, job.photo_id, engine.name)
        source = tx.get(Source, taken.source_id) if taken else None
    if taken is None or source is None:
        return
    seen: list[Seen] = []
    try:
        seen = engine.look(stage.store.get(source.key)).faces
    except BadInput as exc:
        log.info("no faces looked for in photo=%s code=%s", job.photo_id, exc.code)
    except AppError as exc:
        log.warning("postponed faces of photo=%s code=%s", job.photo_id, exc.code)
        return
    try:
        with stage.db.writing() as tx:
            rule = faces.rule(tx, taken.event_id)
            if rule is None or rule.sealed_key is None:
                return
            sealing = faces.box(stage.signer, rule)
            index = stage.face_indexes.of(tx, taken.event_id, engine, sealing)
            faces.note_seen(tx, taken.id, len(seen))
            if rule.active:
                faces.keep(tx, taken, engine.name, seen, index, sealing)
                faces.follow_up(tx, taken, engine.name, index, sealing)
            veils.meet(tx, taken, engine, seen, sealing)
            veils.looked(tx, taken.id)
    except Exception:
        stage.face_indexes.forget(taken.event_id)  # it may hold rows that were rolled back
        raise


def group(stage: Stage, job: GroupFaces) -> None:
    """Who is whom, anew; found outside any transaction, because it takes seconds."""
    engine = stage.face_engine()
    if engine is None:
        return
    with stage.db.reading() as tx:
        rule = faces.rule(tx, job.event_id)
        if rule is None or rule.sealed_key is None or job not in faces.ungrouped(tx):
            return
        index = stage.face_indexes.of(tx, job.event_id, engine, faces.box(stage.signer, rule))
        before = list(zip(index.ids[: len(index)].tolist(), index.persons[: len(index)].tolist(), strict=True))
    persons = grouped(index).tolist()
    with stage.db.writing() as tx:
        changed = faces.regroup(tx, job.event_id, before, persons)
    log.info(
        "faces grouped event=%s faces=%s persons=%s changed=%s", job.event_id, len(before), len(set(persons)), changed
    )


def scrub(stage: Stage, job: ScrubFaces) -> None:
    stage.face_indexes.forget(job.event_id)
    if not stage.db.scrub():
        log.info("deleted rows leave the journal later: somebody reads it event=%s", job.event_id)


def purge(stage: Stage, job: PurgeFaces) -> None:
    """Safe to repeat: a second certificate would say nothing was there, so there is none."""
    with stage.db.writing() as tx:
        rule = faces.rule(tx, job.event_id)
        if rule is not None and rule.purged_at is None and job.event_id in faces.overdue(tx):
            said = faces.purge(tx, job.event_id, stage.signer)["certificate"]
            log.info("faces purged event=%s counts=%s left=%s", job.event_id, said["deleted"], said["left"])
    stage.face_indexes.forget(job.event_id)
    stage.db.scrub()
