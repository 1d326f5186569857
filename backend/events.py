"""Events and their albums: finding them by the code a guest scanned, and what guests meet first (门面).

The front has a revision of its own. Whoever has the album open is told of a new one and reads it again, so that a
changed title is on every screen within seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from sqlalchemy import func, select, update

from backend.db import Tx
from backend.errors import BadInput, NotFound
from backend.models import Album, Event, Photo
from backend.states import UNSEEN

SCENE: Final = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")  # what a mini-program code may carry
ALBUM_CHARACTERS: Final = 8  # of an album's id: 48 bits are enough within one event
FRONT_WAKE: Final = "/front"  # after an album's id in a wake-up: not its photos changed, but what stands around them
SOURCES: Final = {"p": "poster", "t": "table card", "s": "screen", "l": "link", "c": "console", "m": "message"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """门面: what guests meet before the photos. Empty words: nothing is shown there."""

    welcome: str = ""  # on the start page
    start_page: bool = False
    countdown: bool = False  # to the beginning, on the start page
    banner: str = ""
    banner_link: str = ""
    share_title: str = ""  # of the card in a chat; empty: the event's title
    language: str = ""  # zh or en for guests who have not chosen; empty: as their phone


def scene(share_code: str, source: str = "p", album_id: str = "") -> str:
    """场景值: what the QR carries, at most 32 characters of WeChat's alphabet; of an album, the start of its id."""
    made = f"e={share_code}&f={source}" + (f"&a={album_id[:ALBUM_CHARACTERS]}" if album_id else "")
    assert SCENE.fullmatch(made), made
    return made


def by_scene(tx: Tx, said: str) -> Event:
    """Raises BadInput `bad_scene` when it is no scene at all, NotFound when no open event has this code."""
    if not SCENE.fullmatch(said):
        raise BadInput("scene", code="bad_scene")
    fields = parse_qs(said)
    if "e" not in fields:
        raise BadInput("scene without e=", code="bad_scene")
    return by_share_code(tx, fields["e"][0])


def album_in_scene(tx: Tx, event_id: str, said: str) -> str:
    """The id of the album a code leads to; empty: the event as a whole, or an album that is gone."""
    start = parse_qs(said).get("a", [""])[0]
    if len(start) != ALBUM_CHARACTERS:
        return ""
    mine = select(Album.id).where(Album.event_id == event_id, Album.id.startswith(start, autoescape=True))
    return tx.scalars(mine).first() or ""


def source_in(said: str) -> str:
    """Where a scene, or the query of a link, says that the guest comes from; what is unknown is a link."""
    source = parse_qs(said).get("f", [""])[0]
    return source if source in SOURCES else "l"


def by_share_code(tx: Tx, code: str) -> Event:
    """Raises NotFound, also for a draft and what is in the bin."""
    found = tx.scalars(select(Event).filter_by(share_code=code)).first()
    if found is None or found.state in UNSEEN:
        raise NotFound("share code")
    return found


def front(event: Event) -> Front:
    return Front(**(event.front or {}))


def front_changed(tx: Tx, event_id: str) -> int:
    """Whoever has an album of this event open will read its front again. Returns the new revision."""
    mine = update(Event).where(Event.id == event_id).values(front_revision=Event.front_revision + 1)
    revision = tx.execute(mine.returning(Event.front_revision)).scalar_one()
    for album in albums(tx, event_id):
        tx.wake(album.id + FRONT_WAKE, revision)
    return revision


def schedule(event: Event) -> list[dict[str, Any]]:
    """`[{starts_at, ends_at, title, place}]`, earliest first."""
    return list((event.schedule or {}).get("items", ()))


def albums(tx: Tx, event_id: str) -> list[Album]:
    query = select(Album).filter_by(event_id=event_id).order_by(Album.place_in_event, Album.created_at, Album.id)
    return list(tx.scalars(query))


def open_album(tx: Tx, album_id: str) -> Album:
    """An album guests may know of. Raises NotFound."""
    found = tx.get(Album, album_id)
    if found is None or found.event.state in UNSEEN:
        raise NotFound("album")
    return found


def counts(tx: Tx, event_id: str) -> dict[str, int]:
    """Photos by state, every state named."""
    rows = tx.execute(select(Photo.state, func.count()).where(Photo.event_id == event_id).group_by(Photo.state))
    return {state.value: n for state, n in rows}


def hidden_from_guests() -> NotFound:
    """What somebody gets who may not know whether the album exists."""
    return NotFound("album")
