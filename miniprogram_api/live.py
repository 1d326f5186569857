"""The live album: history, what changed since, and the same pushed as it happens. One cursor for all three."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import orjson
from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from backend import feed
from backend.context import Stage
from backend.http import answer, calling_guest, stage
from backend.openapi import endpoint
from miniprogram_api.hub import Hub, Line, Reader
from miniprogram_api.session import readable
from miniprogram_api.shapes import Changes, ChangesQuery, History, HistoryQuery, StreamQuery

bp = Blueprint("guest_live", __name__, url_prefix="/mp/v1")
BEAT_S = 15.0  # proxies close what is silent
STREAM_S = 55.0  # WeChat ends a request after 60 s; the client resumes by its cursor


@bp.get("/albums/<album_id>/photos")
@endpoint(query=HistoryQuery, answers={200: History})
def photos(album_id: str, query: HistoryQuery) -> ResponseReturnValue:
    """Newest first."""
    calling_guest()
    with stage().db.reading() as tx:
        readable(tx, album_id)
        page = feed.history(tx, album_id, query.before, query.limit)
    url = signed(stage())
    cards = [feed.card(entry, url) for entry in page.entries]
    return answer({"photos": cards, "next": page.cursor if page.more else None})


@bp.get("/albums/<album_id>/changes")
@endpoint(query=ChangesQuery, answers={200: Changes})
def changes(album_id: str, query: ChangesQuery) -> ResponseReturnValue:
    """Long poll: answers at once when something changed after the cursor, else when something does."""
    calling_guest()
    at = stage()
    with at.db.reading() as tx:
        readable(tx, album_id)
    read = reader(at, album_id, query.limit)
    lines = _hub().follow(album_id, query.after, read, query.wait) if query.wait else read(query.after)
    lines = lines[: query.limit]
    cursor = lines[-1].revision if lines else query.after
    more = b"true" if len(lines) == query.limit else b"false"
    said = b'{"changes":[%s],"cursor":%d,"more":%s}' % (b",".join(line.card for line in lines), cursor, more)
    return Response(said, content_type="application/json", headers={"Cache-Control": "private, no-store"})


@bp.get("/albums/<album_id>/stream")
@endpoint(query=StreamQuery, answers={200: None})
def stream(album_id: str, query: StreamQuery) -> ResponseReturnValue:
    """Server-sent events; `Last-Event-ID` resumes. Closed after 55 s, so that the client comes back with its cursor."""
    calling_guest()
    at = stage()
    with at.db.reading() as tx:
        readable(tx, album_id)
        newest = feed.newest(tx, album_id)
    last = request.headers.get("Last-Event-ID", "")
    after = int(last) if last.isdecimal() else newest if query.after is None else query.after
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    lines = _lines(_hub(), album_id, min(after, newest), reader(at, album_id, 100))
    return Response(lines, content_type="text/event-stream; charset=utf-8", headers=headers)


def _lines(hub: Hub, album_id: str, after: int, read: Reader) -> Iterator[bytes]:
    until = time.monotonic() + STREAM_S
    yield b"retry: 1000\n\n: hello\n\n"
    while time.monotonic() < until:
        found = hub.follow(album_id, after, read, BEAT_S)
        for line in found:
            after = line.revision
            yield b"id: %d\nevent: change\ndata: %s\n\n" % (line.revision, line.card)
        if not found:
            yield b": beat\n\n"


def reader(at: Stage, album_id: str, limit: int) -> Reader:
    url = signed(at)

    def read(after: int) -> list[Line]:
        with at.db.reading() as tx:
            page = feed.changes(tx, album_id, after, limit)
        return [Line(e.revision, orjson.dumps(feed.card(e, url))) for e in page.entries]

    return read


def signed(at: Stage) -> Callable[[str], str]:
    """Signs rendition keys for guests. Only renditions come here; originals have no guest URL."""
    return lambda key: at.store.url(key, ttl=at.settings.photo_url_ttl)


def _hub() -> Hub:
    found: Hub = current_app.extensions["hub"]
    return found
