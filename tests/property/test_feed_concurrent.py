"""Eight publishers at once on a real PostgreSQL: a guest who follows the cursor misses nothing.

A cursor by serial id or by time loses photos here (a later number may commit first); the album's counter does not.
"""

from __future__ import annotations

import threading

import pytest

from backend import feed
from backend.context import Stage
from backend.db import Database
from tests.cast import Cast, make_cast
from tests.conftest import FakeBell
from tests.postgres import Server, server
from tests.property.test_feed_cursor import an_album_of

PUBLISHERS, EACH = 8, 25


@pytest.fixture(scope="module")
def postgresql() -> Server:
    with server("postgresql") as found:
        assert found is not None
        yield found


@pytest.mark.slow
def test_eight_publishers_lose_no_photo(postgresql: Server, stage: Stage) -> None:
    with postgresql.clone() as url:
        db = Database(url, FakeBell())
        try:
            follow(db, stage)
        finally:
            db.engine.dispose()


def follow(db: Database, stage: Stage) -> None:
    with db.writing() as tx:
        cast: Cast = make_cast(tx)
    crowded = type(stage)(stage.settings, db, stage.store, stage.bell, stage.wechat, stage.redis, stage.signer)
    album_id, ids = an_album_of(crowded, cast, PUBLISHERS * EACH)
    done = threading.Event()
    seen: list[str] = []
    positions: list[int] = []

    def publish(mine: list[str]) -> None:
        for photo_id in mine:
            with db.writing() as tx:
                assert feed.publish(tx, photo_id)

    def guest() -> None:
        cursor, last_look = 0, False
        while True:
            last_look = done.is_set()
            with db.reading() as tx:
                page = feed.changes(tx, album_id, cursor, limit=7)
            cursor = page.cursor
            seen.extend(e.photo_id for e in page.entries)
            positions.extend(e.position for e in page.entries)
            if last_look and not page.entries:
                return

    follower = threading.Thread(target=guest)
    follower.start()
    publishers = [threading.Thread(target=publish, args=(ids[n::PUBLISHERS],)) for n in range(PUBLISHERS)]
    for one in publishers:
        one.start()
    for one in publishers:
        one.join()
    done.set()
    follower.join(30)
    assert sorted(seen) == sorted(ids)
    assert positions == sorted(positions)
