"""Statistics: what guests did, kept row by row, and counted anew every time somebody asks.

Phones send batches; a batch waits in Redis until the sweep writes it down, so that thousands of guests never wait for a
writer. There are no counters: the report is a function of the rows, so replaying the rows gives the same report.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from redis import Redis, RedisError
from sqlalchemy import case, distinct, exists, func, insert, or_, select, text

from backend import placements
from backend.clock import now_ms
from backend.db import Tx
from backend.models import (
    Album,
    Art,
    Asset,
    Bridge,
    BridgeState,
    Event,
    Intake,
    Outage,
    Photo,
    Slot,
    Trace,
    TraceKind,
)
from backend.models import Recipe as RecipeRow
from backend.models.bridges import ONLINE_MS
from backend.recipe import Recipe

log = logging.getLogger(__name__)
WAITING: Final = "kuaimen:traces"
HOUR_MS: Final = 3_600_000
AT_ONCE: Final = 200  # batches per round of the sweep
LATE_MS: Final = 24 * HOUR_MS  # a phone that was offline may tell later; what is older or in the future is clock error
TOP: Final = 12
FINISH_MS: Final = 300_000  # what is promised


@dataclass(frozen=True, slots=True)
class Step:
    """One trace as a phone tells it."""

    kind: str
    photo_id: str | None = None
    done_at: int = 0
    placement_id: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one phone did lately. `batch` is a random name it keeps when it must send again."""

    batch: str
    album_id: str
    guest_id: str
    source: str
    steps: tuple[Step, ...]


def wait_in_line(redis: Redis, batch: Batch) -> bool:
    """False: Redis is away; the caller writes it down at once."""
    try:
        redis.rpush(WAITING, json.dumps(asdict(batch)))
    except RedisError as exc:
        log.warning("traces not queued: %s", type(exc).__name__)
        return False
    return True


def waiting(redis: Redis) -> list[Batch]:
    """The oldest batches; they stay there until `forget`, and being written twice does no harm."""
    found = []
    for raw in redis.lrange(WAITING, 0, AT_ONCE - 1):
        said = json.loads(raw)
        found.append(Batch(**{**said, "steps": tuple(Step(**step) for step in said["steps"])}))
    return found


def forget(redis: Redis, batches: int) -> None:
    redis.ltrim(WAITING, batches, -1)


def write_down(tx: Tx, batches: Sequence[Batch]) -> int:
    """Idempotent by the name of the batch. Traces of what is not there or elsewhere are dropped. Returns rows."""
    fresh = {batch.batch: batch for batch in batches}
    known = set(tx.scalars(select(Trace.batch).where(Trace.batch.in_(fresh)).distinct()))
    albums = {a.id: a for a in tx.scalars(select(Album).where(Album.id.in_({b.album_id for b in fresh.values()})))}
    steps = [step for b in fresh.values() for step in b.steps]
    frames = _Frames(tx, {step.photo_id for step in steps if step.photo_id})
    placed = placements.sponsors(tx, (step.placement_id for step in steps if step.placement_id))
    rows = [
        row
        for batch in fresh.values()
        if batch.batch not in known and batch.album_id in albums
        for row in _rows(batch, albums[batch.album_id], frames, placed)
    ]
    if rows:
        tx.execute(insert(Trace), rows)
    return len(rows)


def report(tx: Tx, event_id: str, art_key: str | None = None) -> dict[str, Any]:
    """All numbers of an event; with `art_key` only what one sponsor may see. The same rows give the same report."""
    mine = (
        (Trace.event_id == event_id,) if art_key is None else (Trace.event_id == event_id, Trace.frame_key == art_key)
    )
    sponsors = _sponsors(tx, event_id)
    hours = tx.execute(select(_hour(), *_counts()).where(*mine).group_by(text("1")).order_by(text("1"))).all()
    said: dict[str, Any] = {
        "totals": _line(tx.execute(select(*_counts()).where(*mine)).one()),
        "hours": [{"at": int(row[0]) * HOUR_MS} | _line(row[1:]) for row in hours],
        "sponsors": [one for one in sponsors if art_key in (None, one["art_key"])],
    }
    if art_key is not None:
        return said
    by_source = select(Trace.source, *_counts()).where(*mine).group_by(Trace.source).order_by(Trace.source)
    top = (
        select(Trace.photo_id, Photo.name, *_counts())
        .join(Photo, Photo.id == Trace.photo_id)
        .where(*mine)
        .group_by(Trace.photo_id, Photo.name)
        .order_by(_count(TraceKind.VIEW).desc(), Trace.photo_id)
        .limit(TOP)
    )
    return said | {
        "sources": [{"source": row[0]} | _line(row[1:]) for row in tx.execute(by_source)],
        "top": [{"photo_id": row[0], "name": row[1]} | _line(row[2:]) for row in tx.execute(top)],
        "photos": _photos(tx, event_id),
        "speed": speed(tx, event_id),
        "outages": outages(tx, event_id),
    }


def outages(tx: Tx, event_id: str) -> dict[str, int]:
    """`{n, total_ms, longest_ms}` of silence of the event's bridges, within its times where they are set.

    One that lasts counts up to now only while the end of the event is known: nobody tells when a laptop is put away.
    """
    event, now = tx.get_one(Event, event_id), now_ms()
    over = select(Outage.began_at, Outage.ended_at).join(Bridge, Bridge.id == Outage.bridge_id)
    spans = [(began, ended) for began, ended in tx.execute(over.where(Bridge.event_id == event_id))]
    if event.ends_at is not None:
        silent = select(Bridge.seen_at).where(
            Bridge.event_id == event_id, Bridge.state == BridgeState.PAIRED, Bridge.seen_at <= now - ONLINE_MS
        )
        spans += [(seen, now) for seen in tx.scalars(silent) if seen is not None]
    first, last = event.starts_at or 0, event.ends_at or now
    lengths = [min(ended, last) - max(began, first) for began, ended in spans]
    lengths = [length for length in lengths if length > 0]
    return {"n": len(lengths), "total_ms": sum(lengths), "longest_ms": max(lengths, default=0)}


def speed(tx: Tx, event_id: str, since: int = 0) -> dict[str, Any]:
    """How long photos took, from the moments in their rows. A lag is `{n, p50_ms, p95_ms}`, null where none is known.

    `shot_to_live` by the camera's corrected clock, `received_to_live` by the bridge's. What came from a card was not on
    the way, and a lag below zero or of a day is a clock that was wrong: none is counted. `finished`: of the photos that
    have had five minutes, how many were finished within them. `since`: only what went live then or later.
    """
    lately = Photo.live_at >= since
    came = (Photo.event_id == event_id, Photo.live_at.is_not(None), Photo.guest_id.is_(None), lately)
    from_card = exists().where(
        Asset.event_id == Photo.event_id, Asset.digest == Photo.digest, Asset.intake == Intake.CARD
    )
    rows = tx.execute(select(Photo.shot_at, Photo.bridged_at, Photo.live_at).where(*came, ~from_card)).all()
    took = Photo.finished_at - Photo.stored_at
    in_time = func.coalesce(func.sum(case((took <= FINISH_MS, 1), else_=0)), 0)
    had_time = or_(Photo.finished_at.is_not(None), Photo.stored_at <= now_ms() - FINISH_MS)
    due, done = tx.execute(select(func.count(), in_time).where(*came, had_time, Photo.stored_at.is_not(None))).one()
    return {
        "shot_to_live": _lag([live - shot for shot, _, live in rows if shot is not None and live is not None]),
        "received_to_live": _lag(
            [live - bridged for _, bridged, live in rows if bridged is not None and live is not None]
        ),
        "finished": {"due": due, "in_time": int(done)},
    }


def _lag(found: list[int]) -> dict[str, int | None]:
    """By nearest rank: each number is the lag of a real photo."""
    lags = sorted(ms for ms in found if 0 <= ms < LATE_MS)
    if not lags:
        return {"n": 0, "p50_ms": None, "p95_ms": None}
    p50, p95 = (lags[-(-len(lags) * percent // 100) - 1] for percent in (50, 95))
    return {"n": len(lags), "p50_ms": p50, "p95_ms": p95}


def _sponsors(tx: Tx, event_id: str) -> list[dict[str, Any]]:
    """Per sponsor's art, most seen first; by slot, on photos also by version of the recipe."""
    framed = (Trace.event_id == event_id, Trace.frame_key.is_not(None))
    rows = tx.execute(select(Trace.frame_key, *_counts()).where(*framed).group_by(Trace.frame_key)).all()
    names = dict(tx.execute(select(Art.key, Art.name).where(Art.key.in_([row[0] for row in rows]))).all())
    versions: dict[str, list[dict[str, Any]]] = {}
    by_version = select(Trace.frame_key, Trace.slot, Trace.recipe_id, *_counts()).where(*framed)
    found = tx.execute(by_version.group_by(Trace.frame_key, Trace.slot, Trace.recipe_id)).all()
    for key, slot, recipe_id, *counts in sorted(found, key=lambda row: (row[1], row[2] or "")):
        versions.setdefault(key, []).append({"slot": slot.value, "version": (recipe_id or "")[:12]} | _line(counts))
    sponsors = [
        {"art_key": row[0], "name": names.get(row[0]) or row[0].rpartition("/")[2][:12], "versions": versions[row[0]]}
        | _line(row[1:])
        for row in rows
    ]
    return sorted(sponsors, key=lambda one: (-one["viewable"], one["art_key"]))


def _photos(tx: Tx, event_id: str) -> dict[str, int]:
    query = select(func.count(), func.coalesce(func.sum(Photo.likes), 0), func.count(Photo.retouched_at))
    live, likes, retouched = tx.execute(query.where(Photo.event_id == event_id, Photo.live_at.is_not(None))).one()
    return {"live": live, "likes": int(likes), "retouched": retouched}


def _hour() -> Any:  # noqa: ANN401 - an expression
    return Trace.done_at.op("/")(HOUR_MS)


def _count(kind: TraceKind) -> Any:  # noqa: ANN401 - an expression
    return func.sum(case((Trace.kind == kind, 1), else_=0))


def _counts() -> list[Any]:
    return [func.count(distinct(Trace.guest_id)), *(_count(kind) for kind in TraceKind)]


def _line(row: Iterable[Any]) -> dict[str, int]:
    names = ("guests", *(kind.value for kind in TraceKind))
    return {name: int(value or 0) for name, value in zip(names, row, strict=True)}


class _Frames:
    """Which sponsor's art is on a photo, by the recipe it was made with last."""

    def __init__(self, tx: Tx, photo_ids: set[str]) -> None:
        self.photos = {p.id: p for p in tx.scalars(select(Photo).where(Photo.id.in_(photo_ids)))}
        wanted = {p.made_recipe_id for p in self.photos.values() if p.made_recipe_id}
        rows = tx.scalars(select(RecipeRow).where(RecipeRow.id.in_(wanted)))
        self._recipes = {row.id: Recipe.from_json(row.content) for row in rows}

    def of(self, photo: Photo) -> str | None:
        recipe = self._recipes.get(photo.made_recipe_id or "")
        frame = recipe.for_photo(photo.id, photo.shot_at, photo.voice).frame if recipe else None
        return frame.art_key if frame else None


def _of_banner(album: Album, step: Step) -> str:
    """A click on no photo and no placement is one on the event's banner, which may be a sponsor's."""
    return str((album.event.front or {}).get("banner_sponsor", "")) if step.kind == TraceKind.CLICK else ""


def _rows(
    batch: Batch, album: Album, frames: _Frames, placed: dict[str, tuple[str, Slot, str]]
) -> Iterable[dict[str, Any]]:
    now = now_ms()
    for n, step in enumerate(batch.steps):
        photo = frames.photos.get(step.photo_id or "")
        if step.photo_id and (photo is None or photo.album_id != album.id):
            continue
        of_event, slot, key = placed.get(step.placement_id or "", ("", Slot.FRAME, ""))
        if step.placement_id and of_event != album.event_id:
            continue
        if not step.placement_id:
            slot, key = (Slot.FRAME, frames.of(photo) or "") if photo else (Slot.BANNER, _of_banner(album, step))
        yield {
            "batch": batch.batch,
            "n": n,
            "organization_id": album.organization_id,
            "event_id": album.event_id,
            "album_id": album.id,
            "photo_id": step.photo_id,
            "guest_id": batch.guest_id,
            "kind": TraceKind(step.kind),
            "source": batch.source,
            "recipe_id": photo.made_recipe_id if photo else None,
            "frame_key": key or None,
            "slot": slot if key else None,
            "done_at": step.done_at if now - LATE_MS <= step.done_at <= now else now,
        }
