"""Placements: a sponsor's picture in a slot of an event, told to guests, counted by sponsor and slot."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import select

from backend import stats
from backend.clock import now_ms
from backend.context import Stage
from backend.models import Audit, Event, Placement, Slot, Trace
from tests.cast import Cast, jpeg, png_frame
from tests.conftest import FakeBell
from tests.integration.test_stats import NUMBERS, PHONE, report
from tests.integration.test_team import signed_in
from workers import sweep

LINK = "https://acme.example/spring"


@pytest.fixture
def arts(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> dict[str, dict[str, Any]]:
    """acme.png with a link, globex.jpg without."""
    owner = signed_in(http)
    brought = {"acme.png": png_frame(), "globex.jpg": jpeg("blue", (320, 200))}
    made = {
        name: http.post(f"/api/v1/arts?name={name}", content=content, headers=owner).json()["art"]
        for name, content in brought.items()
    }
    bell.work(stage)
    http.post(f"/api/v1/arts/{made['acme.png']['id']}", json={"link": LINK}, headers=owner).raise_for_status()
    return made


def place(http: httpx.Client, cast: Cast, **said: Any) -> httpx.Response:
    return http.post(f"/api/v1/events/{cast.event.id}/placements", json=said, headers=signed_in(http))


def placed(http: httpx.Client, cast: Cast, **said: Any) -> str:
    return str(place(http, cast, **said).raise_for_status().json()["placement"]["id"])


def shown(http: httpx.Client, cast: Cast) -> dict[str, Any]:
    found: dict[str, Any] = http.get(f"/mp/v1/albums/{cast.album.id}/front").raise_for_status().json()
    return found


def test_guests_get_what_the_organizer_places_and_lose_what_is_over(
    stage: Stage, cast: Cast, http: httpx.Client, arts: dict[str, dict[str, Any]]
) -> None:
    owner, before = signed_in(http), shown(http, cast)
    assert (before["placements"], before["tile_every"]) == ([], 12)
    acme, globex = arts["acme.png"]["key"], arts["globex.jpg"]["key"]
    tile = placed(http, cast, slot="tile", art_key=globex, sponsor_key=acme, words="新品上市", share=3, cap=5)
    placed(http, cast, slot="start", art_key=acme, until_at=now_ms() - 1)
    placed(http, cast, slot="download", art_key=acme, from_at=now_ms() + 3_600_000)
    now = shown(http, cast)
    assert now["revision"] > before["revision"], "open albums are told"
    assert [one["slot"] for one in now["placements"]] == ["download", "tile"], "what is over is told to nobody"
    one = now["placements"][1]
    assert (one["name"], one["link"], one["words"]) == ("acme", LINK, "新品上市"), "of the sponsor, not the picture"
    assert (one["width"], one["height"], one["share"], one["cap"]) == (320, 200, 3, 5)
    assert "globex" not in one["name"]
    assert globex in one["url"]
    changed = {"sponsor_key": "", "share": 1, "until_at": now_ms() + 60_000}
    http.post(f"/api/v1/placements/{tile}", json=changed, headers=owner).raise_for_status()
    http.post(f"/api/v1/events/{cast.event.id}", json={"tile_every": 20}, headers=owner).raise_for_status()
    now = shown(http, cast)
    one = now["placements"][1]
    assert (one["name"], one["link"], one["share"], one["cap"], now["tile_every"]) == ("globex", "", 1, 5, 20)
    for _ in range(2):
        assert http.post(f"/api/v1/placements/{tile}/remove", headers=owner).status_code == 204
    assert [one["slot"] for one in shown(http, cast)["placements"]] == ["download"]
    listed = http.get(f"/api/v1/events/{cast.event.id}/placements", headers=owner).json()
    assert ([one["slot"] for one in listed["placements"]], listed["tile_every"]) == (["download", "start"], 20)
    with stage.db.reading() as tx:
        told = [row.action for row in tx.scalars(select(Audit).where(Audit.subject == f"placement:{tile}"))]
    assert told[:3] == ["place", "change_placement", "remove_placement"]


def test_what_cannot_be_shown_is_refused(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, arts: dict[str, dict[str, Any]]
) -> None:
    owner, acme = signed_in(http), arts["acme.png"]["key"]
    noise = io.BytesIO()
    Image.frombytes("RGB", (480, 400), random.Random(1).randbytes(480 * 400 * 3)).save(noise, "PNG")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    heavy, drawn = (
        http.post(f"/api/v1/arts?name={name}", content=content, headers=owner).json()["art"]
        for name, content in (("heavy.png", noise.getvalue()), ("drawn.svg", svg))
    )
    unread = place(http, cast, slot="tile", art_key=heavy["key"])
    assert unread.json()["code"] == "art_unfit", "nobody looked into it yet"
    bell.work(stage)
    for said, code in (
        ({"slot": "tile", "art_key": heavy["key"]}, "art_heavy"),
        ({"slot": "tile", "art_key": "a/other"}, "bad_input"),
        ({"slot": "tile", "art_key": drawn["key"]}, "art_unfit"),
        ({"slot": "banner", "art_key": acme}, "bad_input"),
        ({"slot": "tile", "art_key": acme, "share": 0}, "bad_input"),
        ({"slot": "tile", "art_key": acme, "from_at": 5, "until_at": 5}, "bad_input"),
        ({"slot": "tile", "art_key": acme, "sponsor_key": "a/other"}, "bad_input"),
    ):
        refused = place(http, cast, **said)
        assert (refused.status_code, refused.json()["code"]) == (422, code), said
    assert shown(http, cast)["placements"] == []


def test_a_picture_that_is_placed_is_not_deleted(
    cast: Cast, http: httpx.Client, arts: dict[str, dict[str, Any]]
) -> None:
    owner, acme, globex = signed_in(http), arts["acme.png"], arts["globex.jpg"]
    one = placed(http, cast, slot="tile", art_key=globex["key"], sponsor_key=acme["key"])
    for art in (acme, globex):
        refused = http.post(f"/api/v1/arts/{art['id']}/remove", headers=owner)
        assert (refused.status_code, refused.json()["code"]) == (409, "art_used")
    used = {art["key"]: art["used_by"] for art in http.get("/api/v1/arts", headers=owner).json()["arts"]}
    assert used == {acme["key"]: [cast.event.title], globex["key"]: [cast.event.title]}
    http.post(f"/api/v1/placements/{one}/remove", headers=owner)
    assert http.post(f"/api/v1/arts/{globex['id']}/remove", headers=owner).status_code == 204


def test_showings_and_taps_are_counted_by_sponsor_and_slot(
    stage: Stage, cast: Cast, http: httpx.Client, arts: dict[str, dict[str, Any]]
) -> None:
    owner, acme, globex = signed_in(http), arts["acme.png"]["key"], arts["globex.jpg"]["key"]
    ids = {
        (slot, whose): placed(http, cast, slot=slot, art_key=globex, sponsor_key=whose)
        for slot, whose in (("start", acme), ("tile", acme), ("tile", globex), ("download", acme))
    }
    http.post(f"/api/v1/placements/{ids['download', acme]}/remove", headers=owner)  # an offline phone tells later
    with stage.db.writing() as tx:
        other = Event(organization_id=cast.organization.id, title="另一场")
        tx.add(other)
        tx.flush()
        art_id = arts["acme.png"]["id"]
        ours = {"organization_id": cast.organization.id, "art_id": art_id, "sponsor_id": art_id}
        elsewhere = Placement(**ours, event_id=other.id, slot=Slot.TILE)
        tx.add(elsewhere)
        tx.flush()
        strange = elsewhere.id
    luck, wanted = random.Random(3), Counter[tuple[str, str, str]]()
    batches = []
    for n in range(40):
        steps = []
        for _ in range(50):
            kind, (slot, whose) = luck.choice(("viewable", "viewable", "click")), luck.choice(list(ids))
            wanted[whose, slot, kind] += 1
            steps.append({"kind": kind, "placement_id": ids[slot, whose], "done_at": now_ms()})
        steps.append({"kind": "click", "placement_id": strange, "done_at": now_ms()})
        steps.append({"kind": "viewable", "placement_id": "nobody's", "done_at": now_ms()})
        batches.append({"batch": f"batch-{n:010d}", "album_id": cast.album.id, "device": f"{n:016d}", "traces": steps})
    for body in batches:
        assert http.post("/mp/v1/track", json=body, headers=PHONE).status_code == 204
    robot = batches[0] | {"batch": "robot-0000000000"}
    http.post("/mp/v1/track", json=robot, headers={"User-Agent": "Googlebot/2.1"})
    staff = PHONE | {"Cookie": f"kuaimen_member={owner['Authorization'].removeprefix('Bearer ')}"}
    http.post("/mp/v1/track", json=robot, headers=staff)
    for _ in range(3):
        sweep.once(stage)
    found = report(http, cast).json()
    counted = {
        (sponsor["art_key"], one["slot"], kind): one[kind]
        for sponsor in found["sponsors"]
        for one in sponsor["versions"]
        for kind in ("viewable", "click")
    }
    assert counted == dict(wanted)
    assert found["totals"]["viewable"] + found["totals"]["click"] == 2_000
    rows = list(csv.reader(io.StringIO(report(http, cast, ".csv").text.lstrip("\ufeff"))))
    lines = {row[1]: (row[4], row[6]) for row in rows if row[:1] == ["赞助商"]}
    for word, slot in (("开始页", "start"), ("照片墙", "tile"), ("下载页", "download")):
        said = tuple(str(wanted[acme, slot, kind]) for kind in ("viewable", "click"))
        assert lines[f"acme.png · {word}"] == said
    share = f"/api/v1/events/{cast.event.id}/report/share"
    page = http.get(http.post(share, json={"art_key": globex}, headers=owner).json()["url"]).text
    assert f"<td>{wanted[globex, 'tile', 'viewable']}</td>" in page
    assert "acme" not in page
    with stage.db.writing() as tx:  # all rows once more, into an empty table
        kept = list(tx.execute(select(Trace.frame_key, Trace.slot, Trace.kind, Trace.guest_id).order_by(Trace.batch)))
        tx.query(Trace).delete()
        again = [
            stats.Batch(
                body["batch"],
                body["album_id"],
                kept[n * 50].guest_id,
                "",
                tuple(stats.Step(s["kind"], None, s["done_at"], s["placement_id"]) for s in body["traces"]),
            )
            for n, body in enumerate(batches)
        ]
        stats.write_down(tx, again)
    replayed = report(http, cast).json()
    assert {n: replayed["totals"][n] for n in NUMBERS} == {n: found["totals"][n] for n in NUMBERS}
    assert replayed["sponsors"] == found["sponsors"]
