"""The live album: history, what changed since, and the same pushed as it happens. One cursor for all three."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import orjson
from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from backend import events, feed, gate, ghosts
from backend.access import Rules
from backend.context import Stage
from backend.errors import Refused, TooMany
from backend.gate import Right
from backend.http import answer, calling_guest, stage
from backend.models import Album
from backend.openapi import endpoint
from miniprogram_api.hub import HAUNTED, NEVER, PAGE, Hub, Known, Line, Maker, Read, Reader
from miniprogram_api.shapes import Changes, ChangesQuery, FrontShape, History, HistoryQuery, StreamQuery

bp = Blueprint("guest_live", __name__, url_prefix="/mp/v1")
GHOST = b"event: ghost\ndata: %s\n\n"
FRONT = b"event: front\ndata: %s\n\n"
BEAT_S = 15.0  # proxies close what is silent
CROWD = 1.5  # times as many as are sent to streams are let in: those who have no files to read
STREAM_S = 55.0  # WeChat ends a request after 60 s; the client resumes by its cursor


@bp.get("/albums/<album_id>/photos")
@endpoint(query=HistoryQuery, answers={200: History})
def photos(album_id: str, query: HistoryQuery) -> ResponseReturnValue:
    """Newest first, the most liked, or the latest shutter first; of a span of time."""
    calling_guest()
    with stage().db.reading() as tx:
        mine = gate.enter(tx, album_id)
        only = feed.taken(query.since, query.until)
        if query.order == "hot":
            page = feed.hot(tx, album_id, query.before or 0, query.limit, only=only)
        elif query.order == "time":
            page = feed.by_time(tx, album_id, query.before or 0, query.limit, only=only)
        else:
            page = feed.history(tx, album_id, query.before, query.limit, only=only)
    url = gate.signed(stage(), mine)
    cards = [feed.card(entry, url) for entry in page.entries]
    return answer({"photos": cards, "next": page.cursor if page.more else None})


@bp.get("/albums/<album_id>/changes")
@endpoint(query=ChangesQuery, answers={200: Changes})
def changes(album_id: str, query: ChangesQuery) -> ResponseReturnValue:
    """Long poll: answers at once when something changed after the cursor, else when something does."""
    calling_guest()
    at = stage()
    mine = gate.quick(album_id)
    if mine is None:
        with at.db.reading() as tx:
            mine = gate.enter(tx, album_id)
    lines = _followed(mine, query, reader(at, mine))[: query.limit]
    card = _cards(at, mine)
    cursor = lines[-1].revision if lines else query.after
    more = b"true" if len(lines) == query.limit else b"false"
    front = _hub().front(album_id)
    said = b'{"changes":[%s],"cursor":%d,"more":%s,"front":%d}' % (b",".join(map(card, lines)), cursor, more, front)
    return Response(said, content_type="application/json", headers={"Cache-Control": "private, no-store"})


@bp.get("/albums/<album_id>/stream")
@endpoint(query=StreamQuery, answers={200: None})
def stream(album_id: str, query: StreamQuery) -> ResponseReturnValue:
    """Server-sent events; `Last-Event-ID` resumes. Closed after 55 s, so that the client comes back with its cursor."""
    calling_guest()
    at = stage()
    with at.db.reading() as tx:
        mine = gate.quick(album_id) or gate.enter(tx, album_id)
        newest = feed.newest(tx, album_id)
        front = events.front_revision(tx, album_id) if query.front is None else query.front
    if mine.public and _hub().guests >= CROWD * at.settings.stream_guests:
        raise TooMany("streams")
    last = request.headers.get("Last-Event-ID", "")
    after = int(last) if last.isdecimal() else newest if query.after is None else query.after
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    ghostly = query.ghosts and mine.public and _hub().guests < HAUNTED
    known = Known(front, _hub().ghosts(mine.album.id)[0] if ghostly else None)
    lines = _lines(at, (_hub(), gate.rules()), mine, min(after, newest), known)
    kind = "text/event-stream; charset=utf-8"
    # thousands wait in here: what werkzeug would put around the lines costs each of them 3 KB
    return Response(lines, content_type=kind, headers=headers, direct_passthrough=True)


def _lines(at: Stage, of_app: tuple[Hub, Rules], mine: Right, after: int, known: Known) -> Iterator[bytes]:
    """Runs when the request is over as far as Flask knows, therefore `of_app`. One generator, for the same reason."""
    hub, rules = of_app
    until = time.monotonic() + STREAM_S
    read, card = reader(at, mine), _cards(at, mine)
    hub.guests += 1
    try:
        yield b"retry: 1000\n\n: hello\n\n"
        for one in ghosts.pending(at.redis, mine.album.id) if known.ghost is not None else ():
            yield GHOST % orjson.dumps(one.said())
        while time.monotonic() < until:
            found = hub.follow(mine.album.id, after, read, BEAT_S, epoch=mine.album.access_epoch, known=known)
            if not mine.still(rules):
                return  # the client comes back and is asked for what opens the album now
            for line in found:
                after = line.revision
                yield b"id: %d\nevent: change\ndata: %s\n\n" % (line.revision, card(line))
            said = list(_beside(at, hub, mine.album.id, known))
            yield from said
            if not found and not said:
                yield b": beat\n\n"
    finally:
        hub.guests -= 1


@bp.get("/albums/<album_id>/front")
@endpoint(answers={200: FrontShape})
def front(album_id: str) -> ResponseReturnValue:
    """What stands around the photos, also of an album that is locked: title, cover, start page, banner, tabs."""
    calling_guest()
    with stage().db.reading() as tx:
        if not gate.known(tx, events.open_album(tx, album_id)):
            raise events.hidden_from_guests()
    _, said = _front(stage(), album_id)()
    return Response(said, content_type="application/json", headers={"Cache-Control": "private, no-store"})


def _front(at: Stage, album_id: str) -> Maker:
    def make() -> tuple[int, bytes]:
        with at.db.reading() as tx:
            event = tx.get_one(Album, album_id).event
            said = events.shown(tx, event, lambda key: at.store.url(key, ttl=at.settings.photo_url_ttl))
        return event.front_revision, orjson.dumps(said)

    return make


def _beside(at: Stage, hub: Hub, album_id: str, known: Known) -> Iterator[bytes]:
    """Hints of photos on their way, and the front when it is new."""
    if known.ghost is not None:
        known.ghost, said = hub.ghosts(album_id, known.ghost)
        for hint in said:
            yield GHOST % hint
    if hub.front(album_id) > known.front:
        known.front, front = hub.fronted(album_id, _front(at, album_id))
        yield FRONT % front


def _followed(mine: Right, query: ChangesQuery, read: Reader) -> list[Line]:
    """Raises Refused when the album's rule changed meanwhile."""
    known = Known(NEVER if query.front is None else query.front)
    lines = _hub().follow(mine.album.id, query.after, read, query.wait, epoch=mine.album.access_epoch, known=known)
    if not mine.still(gate.rules()):
        raise Refused("the rule has changed", code="locked")
    return lines


def reader(at: Stage, mine: Right) -> Reader:
    """What is the same for everybody: a private album's addresses are put in for each guest."""
    album_id = mine.album.id
    url = gate.signed(at, mine) if mine.public else _nameless

    def read(after: int) -> Read:
        with at.db.reading() as tx:
            page = feed.changes(tx, album_id, after, PAGE)
            front = events.front_revision(tx, album_id)
        return Read([Line(e.revision, orjson.dumps(feed.card(e, url)), e) for e in page.entries], front)

    return read


def _cards(at: Stage, mine: Right) -> Callable[[Line], bytes]:
    if mine.public:
        return lambda line: line.card
    url = gate.signed(at, mine)
    return lambda line: orjson.dumps(feed.card(line.entry, url))


def _nameless(_key: str) -> str:
    return ""


def _hub() -> Hub:
    found: Hub = current_app.extensions["hub"]
    return found
