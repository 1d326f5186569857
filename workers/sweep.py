"""Repeat every obligation that the doorbell lost. Run every second or two; cheap when there is nothing to do."""

from __future__ import annotations

from sqlalchemy import delete, func, select

from backend import (
    bridges,
    checking,
    deliveries,
    exports,
    faces,
    failures,
    feed_files,
    hooks,
    inspection,
    photos,
    pushes,
    removal,
    retouch,
    scans,
    stats,
    veils,
)
from backend.clock import now_ms
from backend.context import Stage
from backend.jobs import Job, MakeFull, PurgeFaces, RecallPhoto, RefreshPhoto, RenderPhoto
from backend.models import Departure, Photo, PhotoState, Rendition, Upload
from workers import cover, material

BUSY = 10  # a queue with more waiting than this is working through its backlog: ringing again would only lengthen it
UPLOAD_KEPT_MS = 7 * 24 * 3600 * 1000  # a bridge may be without a network for days
QUIET_MS = 60_000  # after the last photo, before full sizes are made that nobody asked for
PORTION = 40  # rung per sweep and queue, so that a repeat that was not needed costs little


def once(stage: Stage) -> int:
    """Ring for stale photos that nobody holds, hidden photos with pictures left, messages owed. Returns how many.

    Raises RedisError when nobody hears: the caller waits and tries again.
    """
    _write_scans(stage)
    _finish(stage)
    _write_traces(stage)
    with stage.db.reading() as tx:
        jobs: list[Job] = [
            RefreshPhoto(photo_id) if state is PhotoState.LIVE else RenderPhoto(photo_id)
            for photo_id, state in tx.execute(photos.due(4 * PORTION))
        ]
        hidden = select(Photo.id).join(Rendition).where(Photo.state == PhotoState.HIDDEN).distinct().limit(PORTION)
        left = select(Departure.photo_id).where(Departure.recalled_at.is_(None)).distinct().limit(PORTION)
        jobs += [RecallPhoto(photo_id) for photo_id in (*tx.scalars(hidden), *tx.scalars(left))]
        jobs += pushes.due(tx)
        jobs += deliveries.due_jobs(tx)
        jobs += checking.due(tx, PORTION)
        jobs += feed_files.due(tx, PORTION)
        jobs += exports.due(tx, PORTION)
        jobs += material.owed(tx)
        jobs += cover.owed(tx)
        jobs += removal.due(tx, stage.settings.bin_days, PORTION)
        jobs += hooks.due(tx, PORTION)
        jobs += inspection.due(tx, PORTION)
        jobs += faces.due(tx, PORTION, stage.face_model)
        jobs += faces.ungrouped(tx)
        jobs += veils.due(tx, PORTION)
        jobs += [PurgeFaces(event_id) for event_id in faces.overdue(tx)]
    rung = 0
    for queue in dict.fromkeys(job.queue for job in jobs):
        if stage.bell.waiting(queue) <= BUSY:
            for job in [job for job in jobs if job.queue == queue][:PORTION]:
                stage.bell.ring(job)
                rung += 1
    return rung if jobs else _use_quiet(stage)


def _use_quiet(stage: Stage) -> int:
    """Nothing is owed: one full size that somebody may ask for later, unless photos are just coming in."""
    now = now_ms()
    if not stage.settings.full_when_idle or any(stage.bell.waiting(queue) for queue in ("live", "bulk")):
        return 0
    with stage.db.reading() as tx:
        if (tx.scalar(select(func.max(Photo.announced_at))) or 0) > now - QUIET_MS:
            return 0
        newest = select(Photo.id).where(photos.lacks_full(now)).order_by(Photo.live_at.desc()).limit(1)
        photo_id = tx.scalars(newest).first()
    if photo_id is None:
        return 0
    stage.bell.ring(MakeFull(photo_id))
    return 1


def _write_traces(stage: Stage) -> None:
    """A crash between the two lines writes them twice, which counts them once."""
    batches = stats.waiting(stage.redis)
    if batches:
        with stage.db.writing() as tx:
            stats.write_down(tx, batches)
        stats.forget(stage.redis, len(batches))


def _finish(stage: Stage) -> None:
    """Deadlines of the retouch desk."""
    with stage.db.reading() as tx:
        late = retouch.overdue(tx)
    if late:
        with stage.db.writing() as tx:
            retouch.finish_overdue(tx)


def _write_scans(stage: Stage) -> None:
    counted = scans.take(stage.redis)
    if counted:
        with stage.db.writing() as tx:
            scans.write_down(tx, counted)
        scans.done(stage.redis)


def tidy(stage: Stage) -> int:
    """Drop uploads by parts that nobody finished (a bridge that comes back starts a new one), old samples, removed art.

    Returns how many uploads.
    """
    material.forget_samples(stage)
    material.forget_arts(stage)
    before = now_ms() - UPLOAD_KEPT_MS
    with stage.db.writing() as tx:
        tx.execute(delete(Upload).where(Upload.created_at < before))
        bridges.tidy(tx)
        hooks.tidy(tx)
        failures.tidy(tx)
        pushes.forget(tx)
    return stage.store.forget_uploads(before)
