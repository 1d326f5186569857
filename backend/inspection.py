"""Database against store, both ways: what is named and missing, what lies there and nobody names.

Looking changes nothing. What may be changed is said beforehand: lost renditions are made anew from their sources, and
orphans older than a limit are deleted. A lost source is only ever reported: nobody but people can bring it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sqlalchemy import delete, or_, select, update

from backend.clock import now_ms
from backend.db import Tx
from backend.jobs import Inspect, RefreshPhoto
from backend.models import (
    Album,
    Art,
    BrandKit,
    Event,
    Export,
    FeedFiles,
    Inspection,
    Photo,
    Recipe,
    Rendition,
    Sample,
    Source,
)
from backend.storage import EXPORT_PREFIX, FEED_PREFIX

SHOWN: Final = 200  # of each kind, in a report
MANY: Final = 100  # orphans; more than that, and more than half of all: rather the database is wrong
LEAST_AGE_S: Final = 3600  # an upload that is not recorded yet looks like an orphan
USUAL_AGE_S: Final = 24 * 3600
ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Named:
    """What the database knows of a blob."""

    what: str  # source, rendition, art, cover, export, sample
    size: int | None = None
    photo_id: str = ""
    sha256: str = ""


@dataclass(slots=True)
class Findings:
    """Counts are of everything; lists hold the first `SHOWN`."""

    objects: int = 0
    bytes: int = 0
    named: int = 0
    missing: list[dict[str, Any]] = field(default_factory=list)
    damaged: list[dict[str, Any]] = field(default_factory=list)  # another size, or with `deep` another hash
    orphans: list[dict[str, Any]] = field(default_factory=list)
    young: int = 0  # orphans that may yet be named
    orphan_bytes: int = 0
    hashed: int = 0
    mended: int = 0
    deleted: int = 0
    refused: str = ""  # why orphans were not deleted: too_many

    @property
    def well(self) -> bool:
        return not self.missing and not self.damaged

    def to_json(self) -> dict[str, Any]:
        said = asdict(self)
        for name in ("missing", "damaged", "orphans"):
            said[name], said[f"{name}_n"] = said[name][:SHOWN], len(said[name])
        return said | {"well": self.well}


def named(tx: Tx) -> dict[str, Named]:
    """Every blob that has to be there, by its key."""
    found: dict[str, Named] = {}
    found |= {key: Named("art") for key in _brand_keys(tx)}
    found |= {key: Named("art", size) for key, size in tx.execute(select(Art.key, Art.size).where(Art.size > 0))}
    for event in tx.execute(select(Event.cover_key, Event.cover_source_key)):
        found |= {key: Named("cover") for key in event if key}
    for export in tx.scalars(select(Export)):
        found |= {part["key"]: Named("export", part["size"]) for part in export.parts.get("parts", ())}
        if export.parts.get("parts") and export.ready_at is not None:
            found[f"{EXPORT_PREFIX}{export.album_id}/{export.id}.txt"] = Named("export")
    for sample in tx.scalars(select(Sample)):
        found |= {one["key"]: Named("sample") for one in sample.pictures.get("pictures", ())}
    renditions = tx.execute(select(Rendition.key, Rendition.size, Rendition.photo_id))
    found |= {key: Named("rendition", size, photo_id) for key, size, photo_id in renditions}
    sources = tx.execute(select(Source.key, Source.size, Source.photo_id, Source.digest))
    return found | {key: Named("source", size, photo_id, digest) for key, size, photo_id, digest in sources}


def owned(tx: Tx) -> tuple[str, ...]:
    """Prefixes of what can be made again at any time and is named by nobody: feed files, codes, prints."""
    feeds = [f"{FEED_PREFIX}{one}" for one in tx.scalars(select(FeedFiles.album_id))]
    events = tx.scalars(select(Event.id)).all()
    return (*feeds, *(f"{EXPORT_PREFIX}{kind}/{one}" for one in events for kind in ("codes", "prints")))


def folder(key: str) -> str:
    """What `owned` would say of a key: all but its last words."""
    words = key.split("/")
    return "/".join(words[:2] if key.startswith(FEED_PREFIX) else words[:3])


def mend(tx: Tx, photo_id: str, key: str) -> None:
    """The rendition under this key is to be made anew."""
    tx.execute(delete(Rendition).where(Rendition.photo_id == photo_id, Rendition.key == key))
    tx.execute(update(Photo).where(Photo.id == photo_id).values(made_recipe_id=None))
    tx.ring(RefreshPhoto(photo_id))


def want(tx: Tx, wanted_by: str, *, deep: bool, mend: bool, clean: bool, age_s: int) -> Inspection:
    """A run, rung for."""
    made = Inspection(wanted_by=wanted_by, deep=deep, mend=mend, clean=clean, age_s=max(age_s, LEAST_AGE_S))
    tx.add(made)
    tx.flush()
    tx.ring(Inspect(made.id))
    return made


def begin(tx: Tx, inspection_id: str, ttl_s: int) -> Inspection | None:
    """None: it is finished, given up, or somebody is at it."""
    now = now_ms()
    open_one = Inspection.finished_at.is_(None) & (Inspection.lease_until <= now)
    mine = update(Inspection).where(Inspection.id == inspection_id, open_one)
    taken = mine.values(lease_until=now + ttl_s * 1000, attempts=Inspection.attempts + 1)
    if tx.execute(taken.returning(Inspection.id)).first() is None:
        return None
    found = tx.get_one(Inspection, inspection_id, populate_existing=True)
    if found.attempts > ATTEMPTS:
        found.finished_at, found.failure = now, found.failure or "died"
        return None
    return found


def due(tx: Tx, limit: int) -> list[Inspect]:
    waiting = select(Inspection.id).where(Inspection.finished_at.is_(None), Inspection.lease_until <= now_ms())
    return [Inspect(one) for one in tx.scalars(waiting.limit(limit))]


def note(tx: Tx, inspection_id: str, **facts: Any) -> None:  # noqa: ANN401 - columns
    tx.execute(update(Inspection).where(Inspection.id == inspection_id).values(**facts))


def _brand_keys(tx: Tx) -> Iterator[str]:
    """Art that brand kits name, and recipes photos are wanted with; what the seed brought has no row of its own."""
    used = or_(Recipe.id.in_(select(Album.recipe_id)), Recipe.id.in_(select(Photo.recipe_id)))
    for content in tx.scalars(select(Recipe.content).where(used)):
        yield from _art_in(content)
    for kit in tx.scalars(select(BrandKit)):
        yield from _art_in([kit.look, kit.layers, kit.frame, kit.turns, kit.logo_key])


def _art_in(said: object) -> Iterator[str]:
    if isinstance(said, dict):
        for value in said.values():
            yield from _art_in(value)
    elif isinstance(said, list):
        for value in said:
            yield from _art_in(value)
    elif isinstance(said, str) and said.startswith("a/"):
        yield said
