"""Whatever happens to an album, a guest who follows the cursor ends with exactly what is visible."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from backend import feed
from backend.context import Stage
from backend.models import Album, Photo, PhotoState, Rendition, RenditionKind, new_id
from tests.cast import Cast

ACTS = ["publish", "hide", "restore", "poll"]
MOVES = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 4)), max_size=40)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_following_the_cursor_shows_what_is_live(stage: Stage, cast: Cast, moves: list[tuple[str, int]]) -> None:
    album_id, ids = an_album_of(stage, cast, 5)
    screen: set[str] = set()
    cursor = 0

    def poll() -> None:
        nonlocal cursor
        with stage.db.reading() as tx:
            page = feed.changes(tx, album_id, after=cursor, limit=2)
        cursor = page.cursor
        for entry in page.entries:
            (screen.add if entry.thumb_key else screen.discard)(entry.photo_id)

    for move, which in moves:
        if move == "poll":
            poll()
            continue
        with stage.db.writing() as tx:
            getattr(feed, move)(tx, ids[which])
            if move == "restore":
                feed.publish(tx, ids[which])
    for _ in range(10):
        poll()
    with stage.db.reading() as tx:
        shown = feed.history(tx, album_id, before=None).entries
    assert screen == {e.photo_id for e in shown}
    assert len({e.position for e in shown}) == len(shown)


def an_album_of(stage: Stage, cast: Cast, photos: int) -> tuple[str, list[str]]:
    """A fresh album with photos that are rendered and wait to be published."""
    with stage.db.writing() as tx:
        album = Album(
            organization_id=cast.organization.id,
            event_id=cast.event.id,
            title="a",
            recipe_id=cast.album.recipe_id,
        )
        tx.add(album)
        tx.flush()
        made = [
            Photo(
                organization_id=cast.organization.id,
                event_id=cast.event.id,
                album_id=album.id,
                digest=new_id(),
                size=1,
                state=PhotoState.STORED,
            )
            for _ in range(photos)
        ]
        tx.add_all(made)
        tx.flush()
        for photo in made:
            for kind in (RenditionKind.THUMB, RenditionKind.VIEW):
                tx.add(
                    Rendition(
                        photo_id=photo.id,
                        kind=kind,
                        key=f"r/{photo.id}-{kind}",
                        recipe_id="r",
                        source_id="s",
                        width=1,
                        height=1,
                        size=1,
                    )
                )
    return album.id, [photo.id for photo in made]
