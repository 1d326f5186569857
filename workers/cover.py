"""The cover of an event, made of what an organizer uploaded: upright, sRGB, without a place, small.

Owed as long as the event has a `cover_source_key`; the upload goes when the cover is there.
"""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy import select, update

from backend import events
from backend.context import Stage
from backend.db import Tx
from backend.errors import BadInput
from backend.jobs import Job, MakeCover
from backend.models import Event
from backend.recipe import Look, Preset, Recipe
from backend.storage import cover_key, digest
from workers import imaging

log = logging.getLogger(__name__)
ATTEMPTS: Final = 5
COVER: Final = Recipe(look=Look(preset=Preset.NONE), view_px=1600, view_quality=82)


def make(stage: Stage, job: MakeCover) -> None:
    """Safe to repeat. A newer upload that comes meanwhile stays owed."""
    with stage.db.writing() as tx:
        tx.execute(update(Event).where(Event.id == job.event_id).values(cover_attempts=Event.cover_attempts + 1))
        event = tx.get(Event, job.event_id)
    if event is None or event.cover_source_key is None:
        return
    source = event.cover_source_key
    done: dict[str, str | None]
    try:
        [made] = imaging.render(imaging.open_source(stage.store.get(source)), COVER, {}, ("view",))
        key = cover_key(event.id, digest(made.jpeg))
        stage.store.put(key, made.jpeg)
        done = {"cover_key": key, "cover_refusal": None}
    except BadInput as exc:
        log.info("refused cover event=%s code=%s", event.id, exc.code)
        done = {"cover_refusal": exc.code}
    with stage.db.writing() as tx:
        mine = update(Event).where(Event.id == event.id, Event.cover_source_key == source)
        if tx.execute(mine.values(cover_source_key=None, **done).returning(Event.id)).first() is None:
            return
        events.front_changed(tx, event.id)
    stage.store.delete(source)


def owed(tx: Tx) -> list[Job]:
    """Covers nobody made yet."""
    unmade = select(Event.id).where(Event.cover_source_key.is_not(None), Event.cover_attempts < ATTEMPTS)
    return [MakeCover(event_id) for event_id in tx.scalars(unmade.limit(20))]
