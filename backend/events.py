"""Events and their albums: finding them by the code a guest scanned, and what guests meet first (门面).

The front has a revision of its own. Whoever has an album open is told of a new one with the album's stream, so that a
changed title is on every screen within seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from sqlalchemy import func, select, update

from backend import placements
from backend.db import Tx
from backend.errors import BadInput, NotFound
from backend.jobs import WriteFeed
from backend.models import Access, Album, Art, Event, Photo
from backend.states import UNSEEN

SCENE: Final = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")  # what a mini-program code may carry
ALBUM_CHARACTERS: Final = 8  # of an album's id: 48 bits are enough within one event
SOURCES: Final = {"p": "poster", "t": "table card", "s": "screen", "l": "link", "c": "console", "m": "message"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """门面: what guests meet before the photos. Empty words: nothing is shown there."""

    welcome: str = ""  # on the start page
    start_page: bool = False
    start_button: str = ""  # into the album; empty: the page's own word
    countdown: bool = False  # to the beginning, on the start page
    banner: str = ""
    banner_link: str = ""
    banner_from: int | None = None  # ms UTC; None: from now on
    banner_until: int | None = None  # ms UTC; None: for good
    banner_sponsor: str = ""  # key of the sponsor's art: whose banner it is, and whose clicks
    share_title: str = ""  # of the card in a chat; empty: the event's title
    share_words: str = ""  # under it; empty: day and place
    share_cover: bool = True  # its picture: the cover if there is one; False: the newest photo
    language: str = ""  # zh or en for guests who have not chosen; empty: as their phone
    layout: str = "rows"  # of the wall, for guests who have not chosen: rows, waterfall, grid
    order: str = "new"  # on the wall: new, times (latest shutter first), hot (most liked first)
    likes: bool = True
    tile_every: int = 12  # photos between two tiles of sponsors on the wall


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
    """Whoever has an album of this event open is told, by stream, poll and file. Returns the front's new revision."""
    mine = update(Event).where(Event.id == event_id).values(front_revision=Event.front_revision + 1)
    revision = tx.execute(mine.returning(Event.front_revision)).scalar_one()
    for album_id in sorted(album.id for album in albums(tx, event_id)):
        theirs = update(Album).where(Album.id == album_id).values(revision=Album.revision + 1)
        tx.wake(album_id, tx.execute(theirs.returning(Album.revision)).scalar_one())
        tx.ring(WriteFeed(album_id))
    return revision


def front_revision(tx: Tx, album_id: str) -> int:
    """Of the event this album is of."""
    query = select(Event.front_revision).join(Album, Album.event_id == Event.id)
    return tx.scalar(query.where(Album.id == album_id)) or 0


def shown(tx: Tx, event: Event, url: Callable[[str], str]) -> dict[str, Any]:
    """The front as guests get it, the same for all of them. `url` signs the cover's key."""
    known = [album for album in albums(tx, event.id) if album.access is not Access.MEMBERS]
    arts = select(Art.key, Art.link).filter_by(organization_id=event.organization_id, removed_at=None)
    links = dict(tx.execute(arts.where(Art.link != "")).all())
    said = asdict(front(event))
    sponsor = said.pop("banner_sponsor")
    said["banner_link"] = said["banner_link"] or links.get(sponsor, "")
    return {
        "revision": event.front_revision,
        "title": event.title,
        "place": event.place,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "state": event.state.value,
        "cover_url": url(event.cover_key) if event.cover_key else None,
        **said,
        "sponsors": bool(links),
        "placements": placements.shown(tx, event.id, url),
        "albums": [
            {
                "id": a.id,
                "title": a.title,
                "downloads": a.downloads,
                "contributions": a.contributions.value,
                "comments": a.comments,
            }
            for a in known
        ],
    }


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
