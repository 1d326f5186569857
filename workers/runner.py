"""The one entry point that RQ knows. Every kind of job has exactly one handler, checked at start.

A handler re-reads the truth, so it may run twice, late or never. What it owes is in the database; an error is
logged here, once, and the sweep rings again.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from backend import failures
from backend.context import Stage
from backend.jobs import (
    KINDS,
    ApplyPushes,
    CallHook,
    CheckArt,
    CheckPhoto,
    CheckWords,
    GroupFaces,
    IndexFaces,
    Inspect,
    Job,
    MakeCover,
    MakeExport,
    MakeFull,
    MakeSample,
    NotifyAlbum,
    PurgeEvent,
    PurgeFaces,
    PurgePhoto,
    RecallPhoto,
    RefreshPhoto,
    RenderAlbum,
    RenderPhoto,
    ScrubFaces,
    WriteFeed,
)
from workers import (
    cover,
    export,
    face_index,
    feed_files,
    hooks,
    inspection,
    material,
    moderate,
    notify,
    purge,
    pushes,
    render,
)

log = logging.getLogger(__name__)
HANDLERS: dict[type[Job], Callable[[Stage, Any], None]] = {
    RenderPhoto: render.photo,
    RefreshPhoto: render.photo,
    RenderAlbum: render.album,
    RecallPhoto: render.recall,
    MakeFull: render.full,
    CheckArt: material.check,
    MakeCover: cover.make,
    MakeSample: material.sample,
    NotifyAlbum: notify.album,
    WriteFeed: feed_files.write,
    MakeExport: export.make,
    CheckPhoto: moderate.photo,
    CheckWords: moderate.words,
    ApplyPushes: pushes.apply,
    IndexFaces: face_index.photo,
    GroupFaces: face_index.group,
    ScrubFaces: face_index.scrub,
    PurgeFaces: face_index.purge,
    PurgePhoto: purge.photo,
    PurgeEvent: purge.event,
    Inspect: inspection.inspect,
    CallHook: hooks.call,
}
assert HANDLERS.keys() == set(KINDS.values()), "every kind of job needs exactly one handler"

_stage: Stage | None = None


def open_stage(stage: Stage) -> None:
    """Called once by the worker process before it takes jobs."""
    global _stage  # noqa: PLW0603 - RQ calls run() by name; this is the one global
    _stage = stage


def run(kind: str, payload: dict[str, str]) -> None:
    """Called by RQ."""
    assert _stage is not None, "worker started without open_stage()"
    handle(_stage, KINDS[kind](**payload))


def _write_down(stage: Stage, job: Job, exc: Exception) -> None:
    """So that the platform page shows it. When the database itself is the trouble, the log has to do."""
    try:
        with stage.db.writing() as tx:
            failures.record(tx, job, "".join(traceback.format_exception(exc)))
    except SQLAlchemyError:
        log.warning("could not write down that job=%s failed", job)


def handle(stage: Stage, job: Job) -> None:
    """Do one job. What fails unexpectedly is logged and left to the sweep: a second try is the row's business."""
    try:
        HANDLERS[type(job)](stage, job)
    except Exception as exc:
        log.exception("failed job=%s", job)
        _write_down(stage, job, exc)
