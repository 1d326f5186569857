"""Write a public album's feed as files: segments, then the index, then the head, so that all it names is there."""

from __future__ import annotations

from typing import Any

import orjson

from backend import events, feed, feed_files
from backend.clock import now_ms
from backend.context import Stage
from backend.db import Tx
from backend.feed_files import NEWEST, POLL_MS, Order
from backend.jobs import WriteFeed
from backend.models import Album, FeedFiles
from backend.storage import digest

LEASE_S = 60


def write(stage: Stage, job: WriteFeed) -> None:
    """Only the hundreds that changed are written. May run at any time, any number of times."""
    with stage.db.writing() as tx:
        order = feed_files.take(tx, job.album_id, LEASE_S)
    if order is None:
        _clear_private(stage, job.album_id)
        return
    with stage.db.reading() as tx:
        segments, written = _segments(stage, tx, order)
        head = _head(stage, tx, order)
    for name, data in written.items():
        _put(stage, order, name, data)
    index = [{"url": _url(stage, order, s["name"])} | {k: s[k] for k in ("first", "last", "photos")} for s in segments]
    listed = orjson.dumps({"segments": index[::-1]})
    index_name = f"i/{digest(listed)[:20]}.json"
    _put(stage, order, index_name, listed)
    head |= {"index": _url(stage, order, index_name), "photos": sum(s["photos"] for s in segments)}
    _put(stage, order, "head.json", orjson.dumps(head))
    with stage.db.writing() as tx:
        kept = feed_files.settle(tx, order, segments)
    if not kept:
        _clear_private(stage, job.album_id)
        return
    named = {"head.json", index_name, *(s["name"] for s in segments)}
    _clear(stage, job.album_id, {feed_files.key(job.album_id, name) for name in named})


def _segments(stage: Stage, tx: Tx, order: Order) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """All segments, oldest first, and the bytes of those that are new."""
    touched = feed_files.changed(tx, order.album_id, order.upto)
    known = {s["first"]: s for s in order.segments}
    segments, written = [], {}
    for first, last in feed_files.blocks(tx, order.album_id):
        old = known.get(first)
        if old is not None and old["last"] == last and not any(first <= p <= last for p in touched):
            segments.append(old)
            continue
        entries = [e for e in feed.between(tx, order.album_id, first, last) if e.thumb_key]
        data = orjson.dumps({"photos": [_card(stage, order, e) for e in reversed(entries)]})
        name = f"s/{digest(data)[:20]}.json"
        written[name] = data
        segments.append({"name": name, "first": first, "last": last, "photos": len(entries)})
    return segments, written


def _head(stage: Stage, tx: Tx, order: Order) -> dict[str, Any]:
    entries = feed.latest(tx, order.album_id, order.revision, NEWEST)
    return {
        "album_id": order.album_id,
        "revision": order.revision,
        "since": entries[0].revision - 1 if len(entries) == NEWEST else 0,
        "changes": [_card(stage, order, e) for e in entries],
        "poll_ms": POLL_MS,
        "front": events.front_revision(tx, order.album_id),
        "written_at": now_ms(),
    }


def _card(stage: Stage, order: Order, entry: feed.Entry) -> dict[str, Any]:
    ttl = stage.settings.photo_url_ttl
    return feed.card(entry, lambda key: stage.store.url(key, ttl=ttl, epoch=order.epoch))


def _put(stage: Stage, order: Order, name: str, data: bytes) -> None:
    stage.store.put(feed_files.key(order.album_id, name), data, content_type="application/json")


def _url(stage: Stage, order: Order, name: str) -> str:
    settings = stage.settings
    return feed_files.url(stage.store, settings.base_url, order.album_id, name, settings.photo_url_ttl)


def _clear_private(stage: Stage, album_id: str) -> None:
    with stage.db.reading() as tx:
        album = tx.get(Album, album_id)
        row = tx.get(FeedFiles, album_id)
        unseen = album is not None and not feed_files.shown(album)
    if not unseen or row is None:
        return
    _clear(stage, album_id, set())
    with stage.db.writing() as tx:
        feed_files.forget(tx, album_id)


def _clear(stage: Stage, album_id: str, keep: set[str]) -> None:
    for key in list(stage.store.keys(feed_files.key(album_id, ""))):
        if key not in keep:
            stage.store.delete(key)
