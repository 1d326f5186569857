"""The hub's memory: whatever a follower's cursor, it gets every change after it, once, in order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from backend.feed import Entry
from miniprogram_api.hub import PAGE, Hub, Known, Line, Read


class Album:
    """What the database would say."""

    def __init__(self) -> None:
        self.revision, self.reads, self.front = 0, 0, 0

    def read(self, after: int) -> Read:
        self.reads += 1
        upto = min(self.revision, after + PAGE)
        lines = [Line(n, b"%d" % n, Entry(f"p{n}", "a", n, n)) for n in range(after + 1, upto + 1)]
        return Read(lines, self.front)


@pytest.fixture
def hub(redis_url: str) -> Iterator[Hub]:
    with Redis.from_url(redis_url) as redis:
        found = Hub(redis)
        yield found
        found.close()


def test_more_changes_than_a_page_reach_everybody(hub: Hub) -> None:
    album = Album()
    assert hub.follow("a", 0, album.read, 0) == []
    album.revision = 3 * PAGE + 7
    hub._woken("a", album.revision)
    got = [line.revision for line in hub.follow("a", 0, album.read, 0)]
    assert got == list(range(1, PAGE + 1)), "more than is kept: page by page from the database"
    assert [line.revision for line in hub.follow("a", 290, album.read, 0)] == list(range(291, 308))
    assert hub.follow("a", 307, album.read, 0) == []


def test_the_database_is_read_once_for_all(hub: Hub) -> None:
    album = Album()
    for _ in range(50):
        hub.follow("a", 0, album.read, 0)
    album.revision = 5
    hub._woken("a", 5)
    before = album.reads
    for after in (0, 1, 2, 3, 4) * 20:
        assert [line.revision for line in hub.follow("a", after, album.read, 0)] == list(range(after + 1, 6))
    assert album.reads == before + 1


def test_a_new_front_ends_the_waiting_of_who_does_not_have_it(hub: Hub) -> None:
    album = Album()
    album.front = 7
    assert hub.follow("a", 0, album.read, 30, known=Known(6)) == [], "at once: what is known is newer"
    assert hub.front("a") == 7
    hub._woken("a", 1)
    assert hub.follow("a", 0, album.read, 0, known=Known(7)) == []


def test_the_front_is_made_once_for_all(hub: Hub) -> None:
    album, made = Album(), []

    def make() -> tuple[int, bytes]:
        made.append(album.front)
        return album.front, b"%d" % album.front

    for front in (1, 2):
        album.front = front
        hub._woken("a", front)
        hub.follow("a", 0, album.read, 0)
        assert {hub.fronted("a", make) for _ in range(20)} == {(front, b"%d" % front)}
    assert made == [1, 2]
