"""Make exports: ZIP parts of at most 2 GB, a manifest of SHA-256, and none of it when something in it is recalled.

One part per job, so that a crash repeats one part and the queue stays fair. JPEGs do not shrink: they are stored.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from backend import exports
from backend.clock import now_ms
from backend.context import Stage
from backend.db import Tx
from backend.errors import AppError, NotFound
from backend.exports import ATTEMPTS, PART_BYTES
from backend.jobs import MakeExport, RefreshPhoto
from backend.models import Export, ExportState, Photo, Rendition, RenditionKind
from backend.states import lease_export, move_export

log = logging.getLogger(__name__)
LEASE_S = 900
LOOK_MS = 1500  # while full sizes are being made
AGAIN_MS = 30_000
WAIT_MS = 3_600_000  # for the last of them at most; then it goes without
Wanted = list[tuple[Photo, Rendition]]


def make(stage: Stage, job: MakeExport) -> None:
    """One step: wait for full sizes, make a part, finish; or take it away. May run any number of times."""
    with stage.db.writing() as tx:
        export = tx.get(Export, job.export_id)
        if export is None or not lease_export(tx, job.export_id, LEASE_S):
            return
        made: list[dict[str, Any]] = list(export.parts.get("parts", ()))
        gone = made and tx.scalars(exports.recalled(export.id)).first() is not None
        over = export.expires_at is not None and export.expires_at < now_ms()
    if export.state is ExportState.READY or gone:
        if gone or over:
            _withdraw(stage, export, made)
        return
    if export.attempts > ATTEMPTS:
        log.error("gave up export=%s attempts=%s", export.id, export.attempts)
        with stage.db.writing() as tx:
            move_export(tx, export.id, ExportState.FAILED, lease_until=0)
        return
    try:
        _go_on(stage, export, made)
    except AppError as exc:  # the store is away: the same step again, later
        log.warning("postponed export=%s code=%s detail=%s", export.id, exc.code, exc.detail)
        with stage.db.writing() as tx:
            exports.note(tx, export.id, wait_ms=AGAIN_MS)


def _go_on(stage: Stage, export: Export, made: list[dict[str, Any]]) -> None:
    with stage.db.writing() as tx:
        ready, lacking = _sorted_out(tx, export)
        if lacking and now_ms() < export.created_at + WAIT_MS:
            for photo in lacking:
                tx.ring(RefreshPhoto(photo.id))
            exports.note(tx, export.id, wait_ms=LOOK_MS, done=len(ready), attempts=0)
            return
    inside = {photo_id for part in made for photo_id in part["photos"]}
    left = [pair for pair in ready if pair[0].id not in inside]
    if not left:
        _finish(stage, export, made)
        return
    part = _part(stage, export, len(made) + 1, left)
    with stage.db.writing() as tx:
        parts = [*made, part]
        done = sum(len(p["photos"]) for p in parts)
        move_export(tx, export.id, ExportState.MAKING)
        total = sum(p["size"] for p in parts)
        exports.note(tx, export.id, parts={"parts": parts}, done=done, bytes=total, attempts=0)


def _sorted_out(tx: Tx, export: Export) -> tuple[Wanted, list[Photo]]:
    """Photos with a full size of what guests see now, and those without."""
    shown = tx.scalars(exports.wanted(export.id)).all()
    of_shown = Rendition.photo_id.in_([p.id for p in shown])
    fulls = {r.photo_id: r for r in tx.scalars(select(Rendition).where(of_shown, Rendition.kind == RenditionKind.FULL))}
    current = {
        p.id
        for p in shown
        if p.id in fulls and (fulls[p.id].recipe_id, fulls[p.id].source_id) == (p.made_recipe_id, p.made_source_id)
    }
    lacking = [p for p in shown if p.id not in current]
    if lacking:
        asked = update(Photo).where(Photo.id.in_([p.id for p in lacking]), Photo.full_wanted_at.is_(None))
        tx.execute(asked.values(full_wanted_at=now_ms()))
    ready = [(p, fulls[p.id]) for p in shown if p.id in (fulls if not lacking else current)]
    return ready, lacking


def _part(stage: Stage, export: Export, number: int, left: Wanted) -> dict[str, Any]:
    """As many photos as fit, in the store."""
    key = f"x/{export.album_id}/{export.id}-{number}.zip"
    with tempfile.TemporaryDirectory(prefix="export-", dir=stage.settings.data_dir) as folder:
        path = Path(folder) / "part.zip"
        sums = _fill(stage, path, left)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        stage.store.put_file(key, path, content_type="application/zip")
    photos = [one["id"] for one in sums]
    return {"key": key, "size": size, "sha256": sha256, "photos": photos, "sums": [one["line"] for one in sums]}


def _fill(stage: Stage, path: Path, left: Wanted) -> list[dict[str, str]]:
    sums: list[dict[str, str]] = []
    room = PART_BYTES
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
        for photo, full in left:
            room -= full.size
            if room < 0 and sums:
                break
            try:
                data = stage.store.get(full.key)
            except NotFound:  # recalled this moment
                continue
            name = f"kuaimen-{photo.position:05d}.jpg"
            packed.writestr(zipfile.ZipInfo(name, _moment(photo)), data)
            sums.append({"id": photo.id, "line": f"{hashlib.sha256(data).hexdigest()}  {name}"})
        packed.writestr("SHA256SUMS", "\n".join(one["line"] for one in sums) + "\n")
    return sums


def _finish(stage: Stage, export: Export, made: list[dict[str, Any]]) -> None:
    lines = [line for part in made for line in part["sums"]]
    stage.store.put(manifest_key(export), ("\n".join(lines) + "\n").encode(), content_type="text/plain")
    with stage.db.writing() as tx:
        if tx.scalars(exports.recalled(export.id)).first() is None or not made:
            exports.settle(tx, export.id)
        else:
            exports.note(tx, export.id)  # recalled meanwhile: the next look takes it away


def _withdraw(stage: Stage, export: Export, made: list[dict[str, Any]]) -> None:
    """Files first, so that a crash repeats."""
    for key in (*(part["key"] for part in made), manifest_key(export)):
        stage.store.delete(key)
    with stage.db.writing() as tx:
        move_export(tx, export.id, ExportState.WITHDRAWN, lease_until=0, parts={"parts": []})
        exports.forget(tx, export.id)


def manifest_key(export: Export) -> str:
    return f"x/{export.album_id}/{export.id}.txt"


def _moment(photo: Photo) -> tuple[int, int, int, int, int, int]:
    """What a ZIP can say; two seconds precise, from 1980."""
    at = time.gmtime(max((photo.shot_at or photo.announced_at) // 1000, 315_532_800))
    return at.tm_year, at.tm_mon, at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec
