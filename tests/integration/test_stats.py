"""Statistics: guests by random id, staff and robots out, and every number again from the raw traces."""

from __future__ import annotations

import csv
import io
import random
import re
from collections import Counter, defaultdict
from typing import Any

import httpx
import pypdfium2
import pytest
from redis import RedisError
from sqlalchemy import select

from backend import branding, stats
from backend.clock import now_ms
from backend.context import Stage
from backend.models import Album, Bridge, Event, Photo, Trace, TraceKind
from backend.recipe import Recipe
from backend.storage import art_key, digest
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg, png_frame
from tests.conftest import FakeBell
from tests.integration.test_team import signed_in
from workers import sweep

PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) MicroMessenger/8.0"}
NUMBERS = ("guests", *(kind.value for kind in TraceKind))


@pytest.fixture
def framed(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> list[str]:
    """Three photos with a sponsor's frame, one made before there was one."""
    bare = BridgeClient(http).shoot(jpeg("black"))["photo_id"]
    bell.work(stage)
    key = art_key(cast.organization.id, digest(png_frame()), "png")
    stage.store.put(key, png_frame())
    with stage.db.writing() as tx:
        branding.use(tx, cast.album.id, Recipe.from_json({"look": {"preset": "none"}, "frame": {"art_key": key}}))
    found = [BridgeClient(http).shoot(jpeg(c))["photo_id"] for c in ("red", "green", "blue")]
    bell.rung = [job for job in bell.rung if getattr(job, "photo_id", "") in found]
    bell.work(stage)
    return [bare, *found]


def said(cast: Cast, device: str, *steps: tuple[str, str | None], batch: str = "") -> dict[str, Any]:
    traces = [{"kind": kind, "photo_id": photo, "done_at": now_ms()} for kind, photo in steps]
    return {"batch": batch or f"batch-{device}-0000", "album_id": cast.album.id, "device": device, "traces": traces}


def report(http: httpx.Client, cast: Cast, suffix: str = "") -> httpx.Response:
    return http.get(f"/api/v1/events/{cast.event.id}/report{suffix}", headers=signed_in(http)).raise_for_status()


def test_three_hundred_guests_behind_one_address_are_three_hundred(
    stage: Stage, cast: Cast, http: httpx.Client
) -> None:
    for n in range(300):
        body = said(cast, f"device-{n:012d}", ("visit", None))
        for _ in range(1 + n % 2):  # some phones send twice: the answer got lost
            assert http.post("/mp/v1/track", json=body, headers=PHONE).status_code == 204
    for _ in range(3):
        sweep.once(stage)
    assert report(http, cast).json()["totals"] == dict.fromkeys(NUMBERS, 0) | {"guests": 300, "visit": 300}


def test_staff_robots_and_strangers_photos_do_not_count(stage: Stage, cast: Cast, http: httpx.Client) -> None:
    token = signed_in(http)["Authorization"].removeprefix("Bearer ")
    http.post(
        "/mp/v1/track",
        json=said(cast, "d" * 16, ("visit", None)),
        headers=PHONE | {"Cookie": f"kuaimen_member={token}"},
    )
    http.post("/mp/v1/track", json=said(cast, "e" * 16, ("visit", None)), headers={"User-Agent": "Googlebot/2.1"})
    http.post("/mp/v1/track", json=said(cast, "f" * 16, ("view", "not-a-photo")), headers=PHONE)
    http.post("/mp/v1/track", json=said(cast, "g" * 16, ("visit", None)) | {"album_id": "nope"}, headers=PHONE)
    sweep.once(stage)
    assert report(http, cast).json()["totals"]["guests"] == 0


def test_a_phone_that_gets_a_token_stays_one_guest(stage: Stage, cast: Cast, http: httpx.Client) -> None:
    """A mini-program looks without a name, and has one from the first like on."""
    http.post("/mp/v1/track", json=said(cast, "d" * 16, ("visit", None), batch="a" * 16), headers=PHONE)
    token = http.post("/mp/v1/session", json={"device": "e" * 16}).json()["token"]
    named = PHONE | {"Authorization": f"Bearer {token}"}
    http.post("/mp/v1/track", json=said(cast, "d" * 16, ("view", None), batch="b" * 16), headers=named)
    sweep.once(stage)
    totals = report(http, cast).json()["totals"]
    assert (totals["guests"], totals["visit"], totals["view"]) == (1, 1, 1)


def test_without_redis_nothing_is_lost(
    stage: Stage, cast: Cast, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise RedisError

    monkeypatch.setattr(stage.redis, "rpush", gone)
    assert http.post("/mp/v1/track", json=said(cast, "d" * 16, ("visit", None)), headers=PHONE).status_code == 204
    assert report(http, cast).json()["totals"]["visit"] == 1


def test_replaying_a_hundred_thousand_traces_gives_the_numbers_of_every_report(
    stage: Stage, cast: Cast, http: httpx.Client, framed: list[str]
) -> None:
    luck, now = random.Random(7), now_ms()
    with stage.db.writing() as tx:
        recipe = branding.load(tx, tx.get_one(Album, cast.album.id).recipe_id)
        tx.get_one(Event, cast.event.id).front = {"banner": "ACME", "banner_sponsor": recipe.frame_key}
    kinds = [kind.value for kind in TraceKind]
    batches = []
    for n in range(1000):
        steps = tuple(
            stats.Step(
                kind,
                None if kind == "visit" or (kind == "click" and luck.random() < 0.3) else luck.choice(framed),
                now - luck.randrange(6 * 3_600_000),
            )
            for kind in luck.choices(kinds, k=100)
        )
        batches.append(stats.Batch(f"batch-{n:010d}", cast.album.id, f"g{luck.randrange(700)}", "p", steps))
    counted: Counter[str] = Counter()
    framed_counted: Counter[str] = Counter()
    guests: dict[str, set[str]] = defaultdict(set)
    for batch in batches:
        for step in batch.steps:
            counted[step.kind] += 1
            guests["all"].add(batch.guest_id)
            if step.photo_id in framed[1:] or (step.kind == "click" and step.photo_id is None):
                framed_counted[step.kind] += 1
                guests["framed"].add(batch.guest_id)
    for _ in range(2):  # the second time is the replay
        with stage.db.writing() as tx:
            for at in range(0, 1000, 200):
                stats.write_down(tx, batches[at : at + 200])
    found = report(http, cast).json()
    assert found["totals"] == {"guests": len(guests["all"]), **counted}
    [sponsor] = found["sponsors"]
    assert {k: sponsor[k] for k in NUMBERS} == {"guests": len(guests["framed"]), **framed_counted, "visit": 0}
    banner, frame = sponsor["versions"]
    assert (banner["version"], banner["view"], frame["view"]) == ("", 0, framed_counted["view"])
    assert banner["click"] + frame["click"] == framed_counted["click"] > frame["click"] > 0
    assert sum(hour["view"] for hour in found["hours"]) == counted["view"]
    shown = [found["totals"][k] for k in ("guests", "visit", "viewable", "view", "click", "download", "share")]
    rows = list(csv.reader(io.StringIO(report(http, cast, ".csv").text.lstrip("\ufeff"))))
    assert [int(cell) for cell in rows[1][2:]] == shown
    document = pypdfium2.PdfDocument(report(http, cast, ".pdf").content)
    text = "".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    assert [int(n) for n in re.findall(r"\d+", text.split("合计")[1].split("\n")[0])] == shown
    with stage.db.writing() as tx:  # all rows once more, into an empty table
        kept = tx.query(Trace).count()
        tx.query(Trace).delete()
        stats.write_down(tx, batches)
        assert tx.query(Trace).count() == kept == 100_000
    assert report(http, cast).json() == found


def test_a_sponsor_sees_their_own_numbers_by_a_link(
    stage: Stage, cast: Cast, http: httpx.Client, framed: list[str]
) -> None:
    steps = [("view", framed[0]), ("viewable", framed[1]), ("viewable", framed[2]), ("visit", None)]
    http.post("/mp/v1/track", json=said(cast, "d" * 16, *steps), headers=PHONE)
    sweep.once(stage)
    [sponsor] = report(http, cast).json()["sponsors"]
    assert (sponsor["viewable"], sponsor["view"], sponsor["guests"]) == (2, 0, 1)
    with stage.db.reading() as tx:
        recipe = tx.get_one(Album, cast.album.id).recipe_id
    assert [v["version"] for v in sponsor["versions"]] == [recipe[:12]]
    path = f"/api/v1/events/{cast.event.id}/report/share"
    made = http.post(path, json={"art_key": sponsor["art_key"]}, headers=signed_in(http)).json()["url"]
    page = http.get(made)
    assert page.status_code == 200
    assert "<td>2</td>" in page.text
    assert "大图浏览" in page.text
    assert http.get(made[:-3] + "xyz").status_code == 401
    assert http.post(path, json={"art_key": "a/other"}, headers=signed_in(http)).status_code == 404


def test_a_tap_on_a_sponsor_is_theirs_in_every_report(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, framed: list[str]
) -> None:
    owner, event, album = signed_in(http), f"/api/v1/events/{cast.event.id}", f"/mp/v1/albums/{cast.album.id}"
    art = http.post("/api/v1/arts?name=acme.png", content=png_frame(), headers=owner).json()["art"]
    bell.work(stage)
    assert http.get(f"/mp/v1/photos/{framed[1]}/sponsor").json() == {"sponsor": None}, "it has no link yet"
    assert http.get(f"{album}/front").json()["sponsors"] is False
    for wrong in (
        "http://acme.example",
        "javascript:alert(1)",
        "https://10.0.0.1/",
        "https://a@acme.example",
        "https://localhost/",
        "https://acme.example/'>",
    ):
        refused = http.post(f"/api/v1/arts/{art['id']}", json={"link": wrong}, headers=owner)
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_link"), wrong
    link = {"link": "https://acme.example/spring?p=1"}
    changed = http.post(f"/api/v1/arts/{art['id']}", json=link, headers=owner).raise_for_status().json()["art"]
    http.post(event, json={"banner": "ACME", "banner_sponsor": art["key"]}, headers=owner).raise_for_status()
    front = http.get(f"{album}/front").json()
    assert (front["sponsors"], front["banner_link"], "banner_sponsor" in front) == (True, link["link"], False)
    assert http.get(f"/mp/v1/photos/{framed[1]}/sponsor").json() == {"sponsor": {"name": "acme"} | link}
    assert http.get(f"/mp/v1/photos/{framed[0]}/sponsor").json() == {"sponsor": None}, "no frame on it"
    assert http.post(event, json={"banner_sponsor": "a/other"}, headers=owner).status_code == 422
    steps = [("click", framed[1]), ("click", framed[0]), ("click", None), ("click", framed[2])]
    http.post("/mp/v1/track", json=said(cast, "d" * 16, *steps), headers=PHONE)
    staff = PHONE | {"Cookie": f"kuaimen_member={owner['Authorization'].removeprefix('Bearer ')}"}
    http.post("/mp/v1/track", json=said(cast, "e" * 16, *steps), headers=staff)
    sweep.once(stage)
    found = report(http, cast).json()
    [sponsor] = found["sponsors"]
    assert (found["totals"]["click"], sponsor["click"], sponsor["guests"]) == (4, 3, 1)
    assert [(one["version"] != "", one["click"]) for one in sponsor["versions"]] == [(False, 1), (True, 2)]
    rows = list(csv.reader(io.StringIO(report(http, cast, ".csv").text.lstrip("\ufeff"))))
    clicks = {row[1]: row[6] for row in rows if row[:1] == ["赞助商"]}
    assert (clicks[changed["name"]], clicks[f"{changed['name']} · 横幅"]) == ("3", "1")
    made = http.post(f"{event}/report/share", json={"art_key": art["key"]}, headers=owner).json()["url"]
    assert re.search(r"<dt>链接点击</dt><dd>3</dd>", http.get(made).text)


def test_how_fast_photos_were_is_counted_from_their_rows(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    assert report(http, cast).json()["speed"]["shot_to_live"] == {"n": 0, "p50_ms": None, "p95_ms": None}
    report(http, cast, ".pdf")  # an earlier document with fewer letters
    bridge, now = BridgeClient(http), now_ms() - 3_600_000
    made = {}
    for n in range(22):  # the last came from a card, the one before has a camera from the future
        card = {"source": "card"} if n == 21 else {}
        shot = now + 9_000_000 if n == 20 else now
        said = bridge.shoot(jpeg(f"#{n:02d}8040"), shot_at=shot, received_at=now + 500, **card)
        made[said["photo_id"]] = n
    with stage.db.writing() as tx:
        for photo_id, n in made.items():
            photo = tx.get_one(Photo, photo_id)
            photo.live_at, photo.stored_at = now + (n + 1) * 1_000, now + 1_000
            photo.finished_at = None if n == 3 else now + (400_000 if n == 4 else 200_000)
    speed = report(http, cast).json()["speed"]
    assert speed["shot_to_live"] == {"n": 20, "p50_ms": 10_000, "p95_ms": 19_000}
    assert speed["received_to_live"] == {"n": 21, "p50_ms": 10_500, "p95_ms": 19_500}
    assert speed["finished"] == {"due": 22, "in_time": 20}, "one late, one never"
    headers = signed_in(http)
    made_out = http.post(f"/api/v1/events/{cast.event.id}/certificate", json={}, headers=headers).raise_for_status()
    assert report(http, cast).json()["certificate_url"] == made_out.json()["url"]
    rows = list(csv.reader(io.StringIO(report(http, cast, ".csv").content.decode("utf-8-sig"))))
    assert ["快门到上线", "中位 10.0 秒，95% 在 19.0 秒内（20 张）"] in rows
    assert ["五分钟内完成", "20/22 张（90%）"] in rows
    document = pypdfium2.PdfDocument(report(http, cast, ".pdf").content)
    text = document[0].get_textpage().get_text_range()
    document.close()
    assert "95% 在 19.0 秒内" in text
    assert made_out.json()["url"] in text


def test_silence_of_a_bridge_is_an_outage(stage: Stage, cast: Cast, http: httpx.Client) -> None:
    bridge, now = BridgeClient(http), now_ms()

    def heard_after(silence_ms: int) -> None:
        with stage.db.writing() as tx:
            [row] = tx.scalars(select(Bridge).where(Bridge.event_id == cast.event.id))
            row.seen_at = now_ms() - silence_ms
        bridge.post("/heartbeat", {}).raise_for_status()

    bridge.post("/heartbeat", {}).raise_for_status()
    for silence in (5_000, 95_000, 600_000):
        heard_after(silence)
    with stage.db.writing() as tx:
        event = tx.get_one(Event, cast.event.id)
        event.starts_at, event.ends_at = now - 300_000, None
    found = report(http, cast).json()["outages"]
    assert found["n"] == 2, "a heartbeat that is a little late is none"
    assert found["longest_ms"] == pytest.approx(300_000, abs=20_000), "before the event nobody waited"
    assert found["total_ms"] == pytest.approx(395_000, abs=40_000)
    rows = dict(row for row in csv.reader(io.StringIO(report(http, cast, ".csv").text)) if len(row) == 2)
    assert re.fullmatch(r"2 次，共 \d\.\d 分钟，最长 \d\.\d 分钟", rows["相机桥断线"])
    with stage.db.writing() as tx:
        [row] = tx.scalars(select(Bridge).where(Bridge.event_id == cast.event.id))
        row.seen_at = now - 240_000
        tx.get_one(Event, cast.event.id).ends_at = now - 60_000
    assert report(http, cast).json()["outages"]["n"] == 3, "one that lasts counts while the event's end is known"
