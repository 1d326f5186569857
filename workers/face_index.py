"""Look for faces in the photos of events that want it. Safe to repeat; live photos have other queues and workers."""

from __future__ import annotations

import logging

from backend import faces
from backend.context import Stage
from backend.errors import AppError, BadInput
from backend.face_vectors import Seen
from backend.jobs import IndexFaces, PurgeFaces
from backend.models import Source

log = logging.getLogger(__name__)


def photo(stage: Stage, job: IndexFaces) -> None:
    """From the clean source, so that no watermark covers a face. What is no picture has no faces."""
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
            index = stage.face_indexes.of(tx, taken.event_id, engine.name, sealing)
            faces.keep(tx, taken, engine.name, seen, index, sealing)
            if seen:
                faces.follow_up(tx, taken, engine.name, index, sealing)
    except Exception:
        stage.face_indexes.forget(taken.event_id)  # it may hold rows that were rolled back
        raise


def purge(stage: Stage, job: PurgeFaces) -> None:
    """Safe to repeat: a second certificate would say nothing was there, so there is none."""
    with stage.db.writing() as tx:
        rule = faces.rule(tx, job.event_id)
        if rule is not None and rule.purged_at is None and job.event_id in faces.overdue(tx):
            said = faces.purge(tx, job.event_id)
            log.info("faces purged event=%s counts=%s", job.event_id, said["deleted"])
    stage.face_indexes.forget(job.event_id)
