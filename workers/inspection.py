"""Compare database and store, and do about it only what was asked for (`kuaimen check`, or the platform page)."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from backend import inspection
from backend.clock import now_ms
from backend.context import Stage
from backend.errors import AppError, NotFound
from backend.inspection import MANY, Findings, Named
from backend.jobs import Inspect
from backend.storage import Blob

log = logging.getLogger(__name__)
LEASE_S = 900
TELL_S = 1.0
Progress = Callable[[int, int], None]  # objects seen, objects expected


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run may do. The default changes nothing."""

    deep: bool = False
    mend: bool = False
    clean: bool = False
    age_s: int = inspection.USUAL_AGE_S
    however_many: bool = False  # orphans; else a database that lost its rows would empty the store


def inspect(stage: Stage, job: Inspect) -> None:
    """One run of the console. May be repeated: the same is found again."""
    with stage.db.writing() as tx:
        row = inspection.begin(tx, job.inspection_id, LEASE_S)
    if row is None:
        return
    told = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > TELL_S:
            told = time.monotonic()
            with stage.db.writing() as tx:
                inspection.note(tx, row.id, done=done, total=total, lease_until=now_ms() + LEASE_S * 1000)

    try:
        found = run(stage, Wish(row.deep, row.mend, row.clean, row.age_s), tell)
    except AppError as exc:
        log.warning("inspection=%s code=%s detail=%s", row.id, exc.code, exc.detail)
        with stage.db.writing() as tx:
            inspection.note(tx, row.id, failure=f"{exc.code}: {exc.detail}"[:200], finished_at=now_ms())
        return
    with stage.db.writing() as tx:
        said = {"found": found.to_json(), "done": found.objects, "total": found.named, "finished_at": now_ms()}
        inspection.note(tx, row.id, **said)


def run(stage: Stage, wish: Wish, tell: Progress = lambda _done, _total: None) -> Findings:
    """Look, then mend and clean as far as that was wished for. Raises Upstream when the store does not answer."""
    with stage.db.reading() as tx:
        named, owned = inspection.named(tx), frozenset(inspection.owned(tx))
    found = Findings(named=len(named))
    unseen = dict(named)
    before = now_ms() - max(wish.age_s, inspection.LEAST_AGE_S) * 1000
    for blob in stage.store.blobs(""):
        found.objects, found.bytes = found.objects + 1, found.bytes + blob.size
        known = unseen.pop(blob.key, None)
        if known is not None:
            _compare(stage, wish, found, blob, known)
        elif inspection.folder(blob.key) in owned:
            pass
        elif blob.written_at < before:
            found.orphans.append({"key": blob.key, "size": blob.size})
            found.orphan_bytes += blob.size
        else:
            found.young += 1
        tell(found.objects, len(named))
    _really_missing(stage, found, unseen)
    if wish.mend:
        _mend(stage, found)
    if wish.clean:
        _clean(stage, found, before, however_many=wish.however_many)
    return found


def _compare(stage: Stage, wish: Wish, found: Findings, blob: Blob, known: Named) -> None:
    line = {"key": blob.key, "what": known.what, "photo_id": known.photo_id}
    if known.size is not None and known.size != blob.size:
        found.damaged.append(line | {"size": blob.size, "wanted": known.size})
    elif wish.deep and known.sha256:
        found.hashed += 1
        try:
            said = _sha256(stage, blob.key)
        except NotFound:  # deleted this moment
            return
        if said != known.sha256:
            found.damaged.append(line | {"sha256": said, "wanted": known.sha256})


def _really_missing(stage: Stage, found: Findings, unseen: dict[str, Named]) -> None:
    """Photos were published, recalled and purged while we looked: only what is named and absent now counts."""
    if not unseen:
        return
    with stage.db.reading() as tx:
        still = inspection.named(tx)
    for key, known in unseen.items():
        if key in still and stage.store.size(key) is None:
            found.missing.append({"key": key, "what": known.what, "photo_id": known.photo_id})


def _mend(stage: Stage, found: Findings) -> None:
    for line in (*found.missing, *found.damaged):
        if line["what"] == "rendition":
            stage.store.delete(line["key"])
            with stage.db.writing() as tx:
                inspection.mend(tx, line["photo_id"], line["key"])
            found.mended += 1


def _clean(stage: Stage, found: Findings, before: int, *, however_many: bool) -> None:
    """Only what is an orphan still, and was not put again meanwhile."""
    if len(found.orphans) > max(MANY, found.objects // 2) and not however_many:
        found.refused = "too_many"
        return
    with stage.db.reading() as tx:
        named = inspection.named(tx)
    for line in found.orphans:
        now = next((one for one in stage.store.blobs(line["key"]) if one.key == line["key"]), None)
        if line["key"] not in named and now is not None and now.written_at < before:
            stage.store.delete(line["key"])
            found.deleted += 1
            log.info("deleted orphan key=%s bytes=%s", line["key"], line["size"])


def _sha256(stage: Stage, key: str) -> str:
    found = hashlib.sha256()
    for block in stage.store.read(key):
        found.update(block)
    return found.hexdigest()
