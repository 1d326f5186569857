"""Ghosts: photos a camera is sending at this moment, told to guests before there is a byte to show.

Hints, never truth: they live in Redis for some seconds, no row knows them, and a lost one costs nothing. A ghost has
the id its photo will have, so that the feed itself says which came true.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from redis import Redis, RedisError
from sqlalchemy import select

from backend.clock import now_ms
from backend.db import Tx
from backend.jobs import GHOST_CHANNEL
from backend.models import Access, Album, Bridge, Checking, Culling, EventState, Photo, Publishing

log = logging.getLogger(__name__)
TTL_MS: Final = 20_000  # what has not come true by then is gone
MOST: Final = 24  # of an album at a time: more is no camera's doing


@dataclass(frozen=True, slots=True)
class Ghost:
    """`ratio`: width / height, None when the file's head did not say."""

    photo_id: str
    ratio: float | None
    until: int  # ms UTC

    def said(self) -> dict[str, object]:
        """As guests hear it: how long is left, because their clocks are not ours."""
        return {"id": self.photo_id, "ratio": self.ratio, "ttl_ms": max(0, self.until - now_ms())}


def album_of(tx: Tx, bridge: Bridge, camera: str) -> str | None:
    """The album whose guests may expect this camera's next photo.

    None where anybody could keep the photo from being shown: a ghost would tell what nobody was meant to see.
    """
    album = tx.get(Album, bridge.cameras.get(camera, bridge.album_id))
    if album is None or album.event_id != bridge.event_id or bridge.paused_at is not None:
        return None
    shown_at_once = (
        album.access is Access.PUBLIC
        and album.publishing is Publishing.AUTO
        and album.culling is not Culling.HOLD
        and album.checking is not Checking.BEFORE
        and album.event.state is EventState.OPEN
    )
    return album.id if shown_at_once else None


def unknown(tx: Tx, photo_ids: Sequence[str]) -> set[str]:
    """Those of which there is no photo yet: a picture may be faster than the word that it comes."""
    there = tx.scalars(select(Photo.id).where(Photo.id.in_(photo_ids))) if photo_ids else ()
    return set(photo_ids) - set(there)


def appear(redis: Redis, album_id: str, ghosts: Sequence[Ghost]) -> None:
    """Tell of them now, and for a while to whoever comes."""
    key = _key(album_id)
    try:
        kept = _kept(redis, album_id)
        late = [one.photo_id for one in kept if one.until <= now_ms()]
        ghosts = ghosts[: max(0, MOST - len(kept) + len(late))]
        if not ghosts:
            return
        with redis.pipeline(transaction=False) as pipe:
            if late:
                pipe.hdel(key, *late)
            for one in ghosts:
                pipe.hset(key, one.photo_id, json.dumps([one.ratio, one.until]))
            pipe.pexpire(key, TTL_MS)
            pipe.publish(GHOST_CHANNEL, json.dumps([album_id, [one.said() for one in ghosts]]))
            pipe.execute()
    except RedisError as exc:
        log.info("ghosts not told album=%s error=%s", album_id, type(exc).__name__)


def vanish(redis: Redis, album_id: str, photo_ids: Sequence[str]) -> None:
    """They will not come true. Who never was there is passed over."""
    if photo_ids and _forget(redis, album_id, photo_ids):
        gone = [{"id": one, "gone": True} for one in photo_ids]
        with contextlib.suppress(RedisError):  # guests' own clocks end them
            redis.publish(GHOST_CHANNEL, json.dumps([album_id, gone]))


def arrived(redis: Redis, album_id: str, expected_id: str, photo_id: str) -> None:
    """The picture is here: who comes now has it from the feed. `photo_id`: what it became, perhaps an older photo."""
    if photo_id == expected_id:
        _forget(redis, album_id, [expected_id])
    else:
        vanish(redis, album_id, [expected_id])


def pending(redis: Redis, album_id: str) -> list[Ghost]:
    """Those that may still come true."""
    try:
        return [one for one in _kept(redis, album_id) if one.until > now_ms()]
    except RedisError:
        return []


def _kept(redis: Redis, album_id: str) -> list[Ghost]:
    found = []
    for name, value in redis.hgetall(_key(album_id)).items():
        ratio, until = json.loads(value)
        found.append(Ghost(name.decode() if isinstance(name, bytes) else name, ratio, until))
    return found


def _forget(redis: Redis, album_id: str, photo_ids: Sequence[str]) -> int:
    try:
        return int(redis.hdel(_key(album_id), *photo_ids))
    except RedisError as exc:
        log.info("ghosts not ended album=%s error=%s", album_id, type(exc).__name__)
        return 0


def _key(album_id: str) -> str:
    return f"kuaimen:ghosts:{album_id}"
