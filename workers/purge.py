"""Empty the bin: bytes first, rows after, so that a crash repeats."""

from __future__ import annotations

import logging
import time

from backend import removal
from backend.context import Stage
from backend.jobs import PurgeEvent, PurgePhoto

log = logging.getLogger(__name__)
TURN_S = 60.0  # of a large event; the sweep rings for the next


def photo(stage: Stage, job: PurgePhoto) -> None:
    with stage.db.writing() as tx:
        keys = removal.give_up(tx, job.photo_id, stage.settings.bin_days)
    if keys is None:
        return
    for key in keys:
        stage.store.delete(key)
    with stage.db.writing() as tx:
        removal.forget(tx, job.photo_id, len(keys))
    log.info("purged photo=%s objects=%s", job.photo_id, len(keys))


def event(stage: Stage, job: PurgeEvent) -> None:
    with stage.db.writing() as tx:
        if not removal.give_up_event(tx, job.event_id, stage.settings.bin_days):
            return
        prefixes, keys, uploads = removal.places(tx, job.event_id)
    until = time.monotonic() + TURN_S
    for key, upload_id in uploads:
        stage.store.abort_upload(key, upload_id)
    for key in keys:
        stage.store.delete(key)
    if not all(_clear(stage, prefix, until) for prefix in prefixes):
        return
    left = sum(1 for prefix in prefixes for _ in stage.store.keys(prefix))
    if left:
        log.warning("not empty yet event=%s objects=%s", job.event_id, left)  # somebody was still putting: again
        return
    with stage.db.writing() as tx:
        proof = removal.forget_event(tx, job.event_id, stage.signer.certificate_key(), left)
    stage.face_indexes.forget(job.event_id)
    if proof is not None:
        log.info("purged event=%s photos=%s proof=%s", job.event_id, proof.photos, proof.id)


def _clear(stage: Stage, prefix: str, until: float) -> bool:
    """False: time is over."""
    for key in stage.store.keys(prefix):
        stage.store.delete(key)
        if time.monotonic() > until:
            return False
    return True
