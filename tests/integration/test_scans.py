"""Each source of an event is counted, in the mini-program and in browsers; an album has codes of its own."""

from __future__ import annotations

import httpx
import pytest

from backend import events, scans
from backend.context import Stage
from backend.models import Scan
from tests.cast import PASSWORD, Cast, make_cast
from workers import sweep


def seen(http: httpx.Client, cast: Cast, login: str = "owner") -> httpx.Response:
    token = http.post("/api/v1/login", json={"login": login, "password": PASSWORD}).json()["token"]
    http.cookies.clear()
    return http.get(f"/api/v1/events/{cast.event.id}/scans", headers={"Authorization": f"Bearer {token}"})


def test_guests_are_counted_by_where_they_come_from(stage: Stage, cast: Cast, http: httpx.Client) -> None:
    code = cast.event.share_code
    for scene in (events.scene(code, "p"), events.scene(code, "p"), events.scene(code, "t", cast.album.id)):
        said = http.get("/mp/v1/scan", params={"scene": scene}).json()
        assert said["album_id"] == (cast.album.id if "&a=" in scene else None)
    printed = http.get("/s", params={"scene": events.scene(code, "s", cast.album.id)})
    assert printed.headers["Location"] == f"/a/{code}?f=s&album={cast.album.id}"
    assert http.get(printed.headers["Location"]).status_code == 200
    http.get(f"/a/{code}?f=nonsense")  # somebody's own idea counts as a link
    http.get(f"/a/{code}")  # a reload: not counted
    sweep.once(stage)
    found = seen(http, cast).json()
    rows = {(s["source"], s["way"], s["album_id"]): s["opened"] for s in found["sources"]}
    album = cast.album.id
    assert rows == {("p", "mini", None): 2, ("t", "mini", album): 1, ("s", "h5", album): 1, ("l", "h5", None): 1}
    assert (found["opened"], sum(h["opened"] for h in found["hours"])) == (5, 5)
    http.get("/mp/v1/scan", params={"scene": events.scene(code, "p")})
    sweep.once(stage)
    assert seen(http, cast).json()["sources"][0]["opened"] == 3  # added to the row


def test_counts_taken_by_somebody_who_died_are_written_by_the_next(stage: Stage, cast: Cast) -> None:
    scans.came(stage.redis, cast.event.id, "p", "mini")
    scans.came(stage.redis, "gone", "p", "mini")
    assert len(scans.take(stage.redis)) == 2  # and died
    scans.came(stage.redis, cast.event.id, "t", "mini")
    for _ in range(3):
        sweep.once(stage)
    with stage.db.reading() as tx:
        assert {(s.source, s.opened) for s in tx.query(Scan)} == {("p", 1), ("t", 1)}


def test_another_organization_sees_no_scans(stage: Stage, cast: Cast, http: httpx.Client) -> None:
    with stage.db.writing() as tx:
        make_cast(tx, login="stranger", token="other")
    assert seen(http, cast, "stranger").status_code == 404


@pytest.mark.parametrize("source", events.SOURCES)
def test_a_scene_with_an_album_fits_into_32_characters(cast: Cast, source: str) -> None:
    assert len(events.scene(cast.event.share_code, source, cast.album.id)) <= 32
