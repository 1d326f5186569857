"""The hub wakes everybody who follows an album, with one read of the database per change and process.

Redis carries only «album X is at revision N». A follower always gets «what changed after my cursor»; when Redis
is away the followers look once a second, so they get slower but miss nothing.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import orjson
from redis import Redis, RedisError

from backend.feed import Entry
from backend.jobs import GHOST_CHANNEL, WAKE_CHANNEL

log = logging.getLogger(__name__)
LOOK_S = 1.0  # how often the database is read while Redis is away
LISTEN_S = 1.0  # how soon `close` is noticed when Redis cannot tell of it
POLL_S = 0.25  # how old an answer may be that nobody waited for: pollers look rarely, and must not look in vain
CALM_S = 15.0  # how often otherwise: a wake-up can be lost on the way
GHOSTS = 48  # hints kept for who is just being served: the next ones push them out
HAUNTED = 2_000  # guests of one process: a larger crowd gets its photos, and no hints in front of them
PAGE = 100  # lines a reader gives at most
KEPT, KEPT_S = 200, 600.0  # changes kept ready per album: this many, this long (their URLs are signed)


@dataclass(frozen=True, slots=True)
class Line:
    """One change, ready to send."""

    revision: int
    card: bytes  # JSON of docs/wire.md §2; of a private album without addresses, which are each guest's own
    entry: Entry


@dataclass(frozen=True, slots=True)
class Read:
    """One look at the database: what changed, oldest first, at most PAGE; and the revision of the event's front."""

    lines: list[Line]
    front: int = 0


Reader = Callable[[int], Read]  # after which revision
Maker = Callable[[], tuple[int, bytes]]  # the front's revision and its JSON
NEVER: Final = 2**62  # the front of somebody who does not want to hear of it


@dataclass(slots=True)
class Known:
    """What somebody who follows has heard of, beside the photos."""

    front: int = NEVER  # its revision
    ghost: int | None = None  # the number of the latest; None: they are not told of any


@dataclass(slots=True)
class _Room:
    """What is known of one album: every change with `since` < revision ≤ `upto` is in `lines`."""

    since: int
    upto: int
    epoch: int = 0  # of the album's rule: the addresses in `lines` end with it
    woken: int = 0  # the newest revision Redis told us of
    front: int = 0  # revision of the event's front
    said: tuple[float, int, bytes] = (0.0, -1, b"")  # the front, made for whoever is told of it
    looked: float = -CALM_S
    lines: tuple[tuple[float, Line], ...] = ()  # replaced, never changed: many followers are reading it
    ghosts: tuple[tuple[int, bytes], ...] = ()  # the last ones told, numbered; JSON of docs/wire.md §2
    news: threading.Event = field(default_factory=threading.Event)
    reading: threading.Lock = field(default_factory=threading.Lock)


class Hub:
    def __init__(self, redis: Redis) -> None:
        self.guests = 0  # streams that are open
        self._redis = redis
        self._rooms: dict[str, _Room] = {}
        self._guard = threading.Lock()
        self._listening = False
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def follow(
        self, album_id: str, after: int, read: Reader, timeout_s: float, *, epoch: int = 0, known: Known | None = None
    ) -> list[Line]:
        """What changed after `after`; waits up to `timeout_s` for the first. Empty: nothing did.

        Or, for who has `known`, because there is another ghost or a newer front.
        """
        room = self._enter(album_id, after, epoch)
        until = time.monotonic() + timeout_s
        while True:
            news = room.news  # taken before looking, so that what happens in between wakes us
            found = self._fresh(room, after, read, POLL_S if timeout_s <= 0 else CALM_S)
            left = until - time.monotonic()
            if found or left <= 0 or (known is not None and _surpasses(room, known)):
                return found
            news.wait(min(left, CALM_S if self._listening else LOOK_S))

    def ghosts(self, album_id: str, after: int | None = None) -> tuple[int, list[bytes]]:
        """The number of the latest ghost, and those told after number `after`."""
        room = self._rooms.get(album_id)
        if room is None:
            return 0, []
        told = room.ghosts
        return (told[-1][0] if told else 0), [said for n, said in told if after is not None and n > after]

    def front(self, album_id: str) -> int:
        """The front's revision, as far as it is known to those who follow."""
        room = self._rooms.get(album_id)
        return room.front if room else 0

    def fronted(self, album_id: str, make: Maker) -> tuple[int, bytes]:
        """The front, made once for all who follow the album; anew after a while, for addresses in it are signed."""
        room = self._enter(album_id, 0, 0)
        with room.reading:
            made_at, revision, _ = room.said
            if revision < room.front or time.monotonic() - made_at > KEPT_S:
                room.said = (time.monotonic(), *make())
            return room.said[1:]

    def _fresh(self, room: _Room, after: int, read: Reader, oldest_s: float) -> list[Line]:
        if self._behind(room, oldest_s):
            with room.reading:
                if self._behind(room, oldest_s):
                    _read_on(room, read)
        lines, since = room.lines, room.since
        if after < since:
            return read(after).lines
        found = []
        for _, line in reversed(lines):
            if line.revision <= after:
                break
            found.append(line)
        return found[::-1]

    def _behind(self, room: _Room, oldest_s: float) -> bool:
        age = time.monotonic() - room.looked
        return room.woken > room.upto or age >= (oldest_s if self._listening else min(oldest_s, LOOK_S))

    def _enter(self, album_id: str, after: int, epoch: int) -> _Room:
        with self._guard:
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="hub", daemon=True)
                self._thread.start()
            room = self._rooms.get(album_id)
            if room is None or room.epoch < epoch:
                start = max(0, after - KEPT)  # so that those a little behind are served from memory, too
                room = self._rooms[album_id] = _Room(since=start, upto=start, epoch=epoch)
            return room

    def close(self) -> None:
        """Stop listening; followers go on, slowly."""
        self._closed.set()
        if self._thread is not None:
            with contextlib.suppress(RedisError):
                self._redis.publish(WAKE_CHANNEL, orjson.dumps(["", 0]))  # the listener looks up at once
            self._thread.join()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                with self._redis.pubsub(ignore_subscribe_messages=True) as wire:  # type: ignore[no-untyped-call]
                    wire.subscribe(WAKE_CHANNEL, GHOST_CHANNEL)
                    self._listening = True
                    self._look_again()
                    while not self._closed.is_set():
                        message = wire.get_message(timeout=LISTEN_S)
                        if message is not None:
                            woken = self._haunted if message["channel"] == GHOST_CHANNEL.encode() else self._woken
                            woken(*orjson.loads(message["data"]))
            except RedisError as exc:
                if self._listening:
                    log.warning("wake-ups stopped error=%s; albums are read every second", type(exc).__name__)
                self._listening = False
                self._look_again()
                self._closed.wait(0.5)

    def _woken(self, album_id: str, revision: int) -> None:
        room = self._rooms.get(album_id)
        if room is not None:
            room.woken = max(room.woken, revision)
            _stir(room)

    def _haunted(self, album_id: str, ghosts: list[dict[str, object]]) -> None:
        room = self._rooms.get(album_id)
        if room is not None and self.guests <= HAUNTED:
            first = _number(room) + 1
            told = tuple((n, orjson.dumps(one)) for n, one in enumerate(ghosts, first))
            room.ghosts = (room.ghosts + told)[-GHOSTS:]
            _stir(room)

    def _look_again(self) -> None:
        """What was told while nobody listened is found by reading."""
        for room in list(self._rooms.values()):
            room.looked = -CALM_S
            _stir(room)


def _read_on(room: _Room, read: Reader) -> None:
    """Everything there is, however many pages: what is left out here is lost to all who follow."""
    now, told, upto, lines = time.monotonic(), room.woken, room.upto, list(room.lines)
    while True:
        seen = read(upto)
        page, room.front = seen.lines, seen.front
        anew = {line.entry.photo_id for line in page}
        lines = [kept for kept in lines if kept[1].entry.photo_id not in anew]  # one line a photo, as in the database
        lines += [(now, line) for line in page]
        upto = page[-1].revision if page else upto
        if len(page) < PAGE:
            break
    gone = next((n for n, (at, _) in enumerate(lines) if now - at <= KEPT_S), len(lines))
    gone = max(gone, len(lines) - KEPT)
    room.lines = tuple(lines[gone:])
    room.since = lines[gone - 1][1].revision if gone else room.since
    room.upto = max(upto, told)  # told before reading: whatever has that number was there to be read
    room.looked = now


def _number(room: _Room) -> int:
    return room.ghosts[-1][0] if room.ghosts else 0


def _surpasses(room: _Room, known: Known) -> bool:
    """Whether there is something new for who has heard of that."""
    return room.front > known.front or (known.ghost is not None and _number(room) > known.ghost)


def _stir(room: _Room) -> None:
    news, room.news = room.news, threading.Event()
    news.set()
