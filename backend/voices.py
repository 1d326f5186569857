"""Shares of voice: which sponsor a new photo carries, so that everybody is seen as often as was agreed.

A lot gives equal shares of photos, but guests look at some photos a hundred times and at others never. So a new photo
goes to whoever is owed most: share agreed × everything seen − seen. What somebody missed is made good by that alone.
A photo keeps its sponsor, whatever becomes of the shares later: nothing guests saw changes, and reports stay true.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select

from backend.clock import now_ms
from backend.db import Tx
from backend.models import Photo, Slot, Trace, TraceKind
from backend.recipe import Recipe, Turn

SETTLED_MS: Final = 5 * 60_000  # younger photos are about to be looked at: they count as much as others were


def give(tx: Tx, photo: Photo, recipe: Recipe) -> str | None:
    """The sponsor of this photo from now on: as it was while that one still has a turn, else who is owed most.

    None: nobody has a turn now.
    """
    turns = recipe.at(photo.shot_at)
    keys = {turn.key for turn in turns}
    if not turns or photo.voice in keys:
        return photo.voice if turns else None
    if photo.voice is None and photo.made_recipe_id is not None:  # guests saw it already: by lot, as it was
        photo.voice = recipe.for_photo(photo.id, photo.shot_at).frame_key
    else:
        photo.voice = _owed_most(turns, _seen(tx, photo.event_id, turns))
    tx.flush()
    return photo.voice


def _owed_most(turns: list[Turn], seen: dict[str, float]) -> str:
    agreed = sum(turn.share for turn in turns)
    total = sum(seen.values()) + 1
    return max(turns, key=lambda turn: turn.share / agreed * total - seen.get(turn.key, 0.0)).key


def _seen(tx: Tx, event_id: str, turns: list[Turn]) -> dict[str, float]:
    """How often each was seen since all of them have had a turn, and is about to be."""
    since = max(turn.from_at or 0 for turn in turns)
    keys = [turn.key for turn in turns]
    framed = (Trace.event_id == event_id, Trace.frame_key.in_(keys), Trace.slot == Slot.FRAME)
    counted = select(Trace.frame_key, func.count()).where(*framed, Trace.kind == TraceKind.VIEWABLE)
    seen = dict(
        tx.execute((counted.where(Trace.done_at >= since) if since else counted).group_by(Trace.frame_key)).all()
    )
    of_event = (Photo.event_id == event_id, Photo.voice.in_(keys))
    carried = select(Photo.voice, func.count()).where(*of_event).group_by(Photo.voice)
    lately = carried.where(Photo.announced_at > now_ms() - SETTLED_MS)
    young = {key or "": n for key, n in tx.execute(lately)}
    old = (tx.scalar(select(func.count()).where(*of_event)) or 0) - sum(young.values())
    each = max(1.0, sum(seen.values()) / old) if old else 1.0
    return {key: seen.get(key, 0) + each * young.get(key, 0) for key in keys}
