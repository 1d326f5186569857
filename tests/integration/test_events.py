"""Events: made from a template, changed while guests look, each with a cover that a worker makes."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import httpx
import pytest
from PIL import Image

from backend import events, feed
from backend.context import Stage
from backend.event_templates import TEMPLATES
from backend.models import Album, BrandKit, Event
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, Cast, jpeg
from tests.conftest import FakeBell, visitor
from workers import sweep

NOON, HOUR = 1_795_327_200_000, 3_600_000


@pytest.fixture
def owner(stage: Stage, bell: FakeBell, cast: Cast) -> httpx.Client:
    client = visitor(stage, bell)
    said = client.post("/api/v1/login", json={"login": "owner", "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {said.json()['token']}"
    return client


def made(owner: httpx.Client, **said: object) -> dict[str, Any]:
    answer = owner.post("/api/v1/events", json={"template": "conference", "title": "峰会", "starts_at": NOON} | said)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_makes_an_event_guests_can_open(name: str, owner: httpx.Client, http: httpx.Client) -> None:
    found = made(owner, template=name, language="en")
    event = found["event"]
    scanned = http.get(f"/mp/v1/scan?scene=e={event['share_code']}").json()
    assert [a["title"] for a in scanned["albums"]] == [en for _, en in TEMPLATES[name].albums]
    assert event["ends_at"] == NOON + TEMPLATES[name].hours * HOUR
    locked = TEMPLATES[name].access.value == "code"
    assert {a["locked"] for a in scanned["albums"]} == {locked} == {found["code"] is not None}
    if locked:
        album = scanned["albums"][-1]["id"]
        session = http.post("/mp/v1/session", json={"device": "d" * 20}).json()
        asked = {"headers": {"Authorization": f"Bearer {session['token']}"}}
        assert http.post(f"/mp/v1/albums/{album}/enter", json={"code": "WRONG9"}, **asked).status_code == 403
        assert http.post(f"/mp/v1/albums/{album}/enter", json={"code": found["code"]}, **asked).status_code == 200
    assert owner.get(f"/api/v1/events/{event['id']}/qr.png").headers["content-type"] == "image/png"


def test_an_event_takes_the_brand_and_looks_as_its_template_says(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    event = made(owner, template="wedding")["event"]
    with stage.db.reading() as tx:
        albums = tx.query(Album).filter_by(event_id=event["id"]).all()
        kit = tx.query(BrandKit).one()
        assert {a.brand_kit_id for a in albums} == {kit.id}
        assert {(a.frame_on, a.watermark_on, a.look["preset"], a.look["smooth"]) for a in albums if a.look} == {
            (False, True, "portrait", 0.35)
        }
    assert (
        owner.post("/api/v1/events", json={"template": "gala", "title": "x", "brand_id": "nobody"}).status_code == 404
    )
    [audit] = owner.get("/api/v1/audits?action=create").json()["audits"]
    assert audit["subject"] == f"event:{event['id']}"


@pytest.mark.parametrize(
    "wrong",
    [{"title": "  "}, {"template": "funeral"}, {"starts_at": NOON, "ends_at": NOON - 1}, {"access": "list"}],
)
def test_what_makes_no_event_is_named(wrong: dict[str, Any], owner: httpx.Client) -> None:
    answer = owner.post("/api/v1/events", json={"template": "gala", "title": "年会"} | wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")
    assert next(iter(wrong)) in answer.json()["detail"] or "ends before" in answer.json()["detail"]


def test_what_is_left_out_of_a_change_stays(cast: Cast, owner: httpx.Client) -> None:
    path = f"/api/v1/events/{cast.event.id}"
    first = owner.post(path, json={"title": "新名", "starts_at": NOON, "banner": "谢谢", "language": "en"}).json()
    assert (first["title"], first["place"], first["banner"], first["revision"]) == ("新名", "上海", "谢谢", 1)
    second = owner.post(path, json={"place": "北京", "banner": "", "starts_at": None}).json()
    assert (second["title"], second["place"], second["banner"], second["starts_at"]) == ("新名", "北京", "", None)
    assert second == owner.get(f"{path}/front").json()
    [newest, _] = owner.get("/api/v1/audits?action=change_event").json()["audits"]
    assert newest["before"] == {"place": "上海", "banner": "谢谢", "starts_at": NOON}
    assert owner.post(path, json={"banner_link": "javascript:alert(1)"}).status_code == 422


def test_an_event_is_closed_opened_again_and_archived(cast: Cast, owner: httpx.Client) -> None:
    path = f"/api/v1/events/{cast.event.id}"
    said = [owner.post(path, json={"state": to}).status_code for to in ("draft", "closed", "open", "closed")]
    assert said == [409, 200, 200, 200]
    said = [owner.post(path, json={"state": to}).status_code for to in ("archived", "open", "archived")]
    assert said == [200, 409, 200]


def test_a_cover_is_made_small_and_without_where_it_was_taken(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 13.0, 0.0)})
    out = io.BytesIO()
    Image.new("RGB", (3000, 2000), "green").save(out, "JPEG", exif=exif)
    with Image.open(io.BytesIO(out.getvalue())) as opened:
        assert opened.getexif().get_ifd(0x8825)
    path = f"/api/v1/events/{cast.event.id}"
    assert owner.post(f"{path}/cover", content=out.getvalue()).json()["cover"] == "making"
    bell.rung.clear()  # lost on the way
    sweep.once(stage)
    bell.work(stage)
    shown = owner.get(f"{path}/front").json()
    assert (shown["cover"], shown["revision"]) == ("ready", 1)
    picture = owner.get(shown["cover_url"]).content
    with Image.open(io.BytesIO(picture)) as opened:
        assert (opened.size, dict(opened.getexif().get_ifd(0x8825))) == ((1600, 1067), {})
    assert [key for key in stage.store.keys(f"s/{cast.event.id}/cover")] == []  # noqa: C416 - an iterator
    owner.post(f"{path}/cover", content=b"no picture")
    bell.work(stage)
    refused = owner.get(f"{path}/front").json()
    assert (refused["cover"], refused["cover_url"]) == ("not_a_picture", shown["cover_url"])
    assert owner.post(path, json={"cover": False}).json()["cover_url"] is None


def test_another_album_is_like_the_first_and_has_no_photos(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    BridgeClient(owner).shoot(jpeg())
    bell.work(stage)
    album = owner.post(f"/api/v1/events/{cast.event.id}/albums", json={"title": "晚宴"}).json()["album"]
    with stage.db.reading() as tx:
        first, second = tx.get_one(Album, cast.album.id), tx.get_one(Album, album["id"])
        assert (second.recipe_id, second.brand_kit_id, second.look) == (first.recipe_id, first.brand_kit_id, None)
        assert (feed.visible(tx, second.id), second.place_in_event) == (0, 1)
    named = owner.post(f"/api/v1/albums/{album['id']}", json={"title": "宴会", "publishing": "approve"}).json()["album"]
    assert (named["title"], named["publishing"]) == ("宴会", "approve")


def test_photos_that_waited_go_live_when_nobody_has_to_approve_any_more(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    owner.post(f"/api/v1/albums/{cast.album.id}", json={"publishing": "approve"})
    BridgeClient(owner).shoot(jpeg())
    bell.work(stage)
    counted = owner.get(f"/api/v1/events/{cast.event.id}").json()["counters"]
    assert (counted["live"], counted["waiting"]) == (0, 1)
    owner.post(f"/api/v1/albums/{cast.album.id}", json={"publishing": "auto"})
    counted = owner.get(f"/api/v1/events/{cast.event.id}").json()["counters"]
    assert (counted["live"], counted["waiting"]) == (1, 0)


def test_every_change_wakes_whoever_has_an_album_open(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client
) -> None:
    bell.woken.clear()
    owner.post(f"/api/v1/events/{cast.event.id}", json={"title": "新名"})
    with stage.db.reading() as tx:
        assert tx.get_one(Event, cast.event.id).front_revision == 1
        assert bell.woken == [(cast.album.id, tx.get_one(Album, cast.album.id).revision)]


EVERYTHING: dict[str, Any] = {
    "title": "新名",
    "tile_every": 20,
    "place": "北京",
    "starts_at": NOON,
    "ends_at": NOON + HOUR,
    "welcome": "欢迎",
    "start_page": True,
    "start_button": "看照片",
    "countdown": True,
    "banner": "谢谢",
    "banner_link": "https://sponsor.example/",
    "banner_from": NOON,
    "banner_until": NOON + HOUR,
    "share_title": "快来看",
    "share_words": "现场照片",
    "share_cover": False,
    "language": "en",
    "layout": "grid",
    "order": "hot",
    "likes": False,
}


def test_guests_are_told_everything_an_organizer_changes(cast: Cast, owner: httpx.Client, http: httpx.Client) -> None:
    path = f"/mp/v1/albums/{cast.album.id}"
    assert set(EVERYTHING) | {"banner_sponsor"} >= set(events.Front.__dataclass_fields__)  # no guest's concern
    for n, (name, value) in enumerate(EVERYTHING.items(), 1):
        owner.post(f"/api/v1/events/{cast.event.id}", json={name: value}).raise_for_status()
        polled = http.get(f"{path}/changes?after=99&wait=20&front={n - 1}").json()
        assert (polled["changes"], polled["front"]) == ([], n)
        assert http.get(f"{path}/front").json()[name] == value
    owner.post(f"/api/v1/albums/{cast.album.id}/access", json={"downloads": False}).raise_for_status()
    front = http.get(f"{path}/front").json()
    assert (front["revision"], front["albums"][0]["downloads"]) == (len(EVERYTHING) + 1, False)


def test_a_stream_says_what_is_new_around_the_photos(cast: Cast, owner: httpx.Client, http: httpx.Client) -> None:
    owner.post(f"/api/v1/events/{cast.event.id}", json={"banner": "谢谢"})
    with http.stream("GET", f"/mp/v1/albums/{cast.album.id}/stream?front=0") as stream:
        lines = stream.iter_lines()
        said = next(lines for line in lines if line == "event: front")
        assert json.loads(next(said).removeprefix("data: "))["banner"] == "谢谢"


def test_a_front_that_makes_no_sense_is_refused(cast: Cast, owner: httpx.Client) -> None:
    for wrong in ({"banner_from": NOON, "banner_until": NOON - 1}, {"layout": "pile"}, {"order": "best"}):
        assert owner.post(f"/api/v1/events/{cast.event.id}", json=wrong).status_code == 422, wrong


def test_where_the_organizer_wants_no_likes_nobody_likes(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client, http: httpx.Client
) -> None:
    BridgeClient(owner).shoot(jpeg())
    bell.work(stage)
    [photo] = http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]
    session = http.post("/mp/v1/session", json={"device": "d" * 20}).json()
    guest = {"headers": {"Authorization": f"Bearer {session['token']}"}}
    assert http.put(f"/mp/v1/photos/{photo['id']}/like", **guest).status_code == 200
    owner.post(f"/api/v1/events/{cast.event.id}", json={"likes": False})
    refused = http.put(f"/mp/v1/photos/{photo['id']}/like", **guest)
    assert (refused.status_code, refused.json()["code"]) == (403, "likes_off")
    assert http.delete(f"/mp/v1/photos/{photo['id']}/like", **guest).json() == {"liked": False, "likes": 0}


def test_the_card_of_a_link_is_as_the_organizer_wants_it(
    stage: Stage, bell: FakeBell, cast: Cast, owner: httpx.Client, http: httpx.Client
) -> None:
    path = f"/api/v1/events/{cast.event.id}"
    owner.post(f"{path}/cover", content=jpeg("navy", (1600, 900)))
    bell.work(stage)
    front = owner.post(path, json={"share_title": "快来看", "share_words": "现场照片"}).json()

    def card() -> dict[str, str]:
        page = http.get(f"/a/{cast.event.share_code}").text
        return dict(re.findall(r'<meta property="og:(\w+)" content="([^"]*)"', page))

    said = card()
    assert (said["title"], said["description"]) == ("快来看", "现场照片")
    assert front["cover_url"].split("?")[0] in said["image"]
    owner.post(path, json={"share_cover": False})
    assert "image" not in card(), "no photo yet"


def test_guests_without_a_choice_read_the_organizers_language(
    cast: Cast, owner: httpx.Client, http: httpx.Client
) -> None:
    owner.post(f"/api/v1/events/{cast.event.id}", json={"language": "en"})
    page = f"/a/{cast.event.share_code}"
    assert 'lang="en"' in http.get(page).text
    assert 'lang="zh-CN"' in http.get(page, headers={"Cookie": "lang=zh"}).text
