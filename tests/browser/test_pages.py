"""What the server renders: every page works without a build, names its scripts with one, and lets nothing else run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
import zxingcpp
from lxml import html
from PIL import Image, ImageDraw

from backend.context import Stage
from backend.models import Access, Album, Event, EventState
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg, make_cast
from tests.conftest import FakeBell
from web import ghost, shell, speech
from web.qr import svg_path

WHITE, GHOST_WHITE = "white", 230


@pytest.fixture(params=["plain", "built"])
def dist(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both lives of a page: before anybody built the front end, and after."""
    folder = tmp_path / "dist"
    if request.param == "built":
        folder.mkdir()
        for build, names in (("guest", ("album", "message", "worker/sw")), ("crew", ("screen", "console"))):
            chunks = {f"src/{n}.ts": {"file": f"{n.replace('/', '-')}-1.js", "css": [f"{build}.css"]} for n in names}
            (folder / f"manifest-{build}.json").write_text(json.dumps(chunks))
            (folder / f"{build}.css").write_text(".made{color:red}")
            for chunk in chunks.values():
                (folder / str(chunk["file"])).write_text("void 0")
    monkeypatch.setattr(shell, "DIST", folder)
    return str(request.param)


@pytest.fixture
def with_photos(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> Cast:
    bridge = BridgeClient(http)
    for colour in ("navy", "teal", WHITE):
        bridge.shoot(jpeg(colour, (1200, 800)))
    bell.work(stage)
    return cast


def page(http: httpx.Client, path: str, **headers: str) -> tuple[httpx.Response, html.HtmlElement]:
    answer = http.get(path, headers={"Accept": "text/html", **headers})
    return answer, html.fromstring(answer.text)


def test_the_album_is_a_list_of_pictures_with_their_sizes(http: httpx.Client, with_photos: Cast, dist: str) -> None:
    answer, tree = page(http, f"/a/{with_photos.event.share_code}")
    assert answer.status_code == 200
    assert "年会" in tree.findtext(".//h1")
    images = tree.xpath("//ol[@id='wall']/li/a/img")
    assert [(i.get("width"), i.get("height")) for i in images] == [("1200", "800")] * 3
    assert all(http.get(i.get("src")).headers["Content-Type"] == "image/jpeg" for i in images)
    scripts = re.findall(r'"(/assets/[^"]+)"', answer.text)
    assert scripts == (["/assets/album-1.js"] if dist == "built" else [])
    assert (".made{color:red}" in answer.text) == (dist == "built")


def test_the_script_starts_from_what_the_page_shows(http: httpx.Client, with_photos: Cast, dist: str) -> None:
    _, tree = page(http, f"/a/{with_photos.event.share_code}")
    if dist == "built":
        boot = json.loads(tree.get_element_by_id("boot").text)
        assert [p["id"] for p in boot["photos"]] == tree.xpath("//li/@data-id")
        assert boot["album"]["revision"] == max(p["revision"] for p in boot["photos"])
    changes = http.get(f"/mp/v1/albums/{with_photos.album.id}/changes").json()["changes"]
    assert sorted(tree.xpath("//li/@data-id")) == sorted(c["id"] for c in changes)


def test_only_our_scripts_may_run(http: httpx.Client, with_photos: Cast, dist: str) -> None:
    answer, tree = page(http, f"/a/{with_photos.event.share_code}")
    policy = answer.headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'self' 'nonce-([\w-]+)'", policy)
    assert nonce
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert {one.get("nonce") for one in tree.xpath("//style|//script[not(@type)]")} == {nonce[1]}
    assert not tree.xpath("//*[@style]|//*[@onclick]|//*[@onload]")
    again = http.get(f"/a/{with_photos.event.share_code}").headers["Content-Security-Policy"]
    assert again != policy


def test_a_title_cannot_break_out_of_the_page(stage: Stage, http: httpx.Client, cast: Cast, dist: str) -> None:
    evil = "</script><script>alert(1)</script>&<b>"
    with stage.db.writing() as tx:
        tx.get_one(Event, cast.event.id).title = evil
    for path in (f"/a/{cast.event.share_code}", f"/screen/{cast.event.share_code}"):
        answer, tree = page(http, path)
        assert tree.findtext(".//h1").strip() == evil
        assert "alert(1)</script>" not in answer.text
        if dist == "built":
            assert json.loads(tree.get_element_by_id("boot").text)["event"]["title"] == evil


def test_a_page_travels_compressed(http: httpx.Client, with_photos: Cast) -> None:
    answer = http.get(f"/a/{with_photos.event.share_code}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) < len(answer.content)
    assert "年会" in answer.text
    plain = http.get(f"/a/{with_photos.event.share_code}", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers


def test_who_is_not_there_is_told_what_to_do(http: httpx.Client, cast: Cast, dist: str) -> None:
    for path in ("/a/nowhere", "/screen/nowhere", "/nothing/here"):
        answer, tree = page(http, path)
        assert answer.status_code == 404
        assert "重新扫描现场二维码" in tree.text_content()
    _, english = page(http, "/a/nowhere", **{"Accept-Language": "en"})
    assert "Scan the code at the venue again" in english.text_content()
    assert http.get("/a/nowhere", headers={"Accept": "application/json"}).json()["code"] == "not_found"
    assert http.get("/mp/v1/nothing").json()["code"] == "not_found"


def test_a_scanned_scene_leads_to_the_album(http: httpx.Client, cast: Cast) -> None:
    answer = http.get("/s", params={"scene": f"e={cast.event.share_code}&f=t"})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/a/{cast.event.share_code}?f=t")
    wrong, tree = page(http, "/s?scene=%00")
    assert wrong.status_code == 422
    assert "二维码读不懂" in tree.text_content()


def test_the_landing_leads_to_the_only_event_and_names_none_of_several(
    stage: Stage, http: httpx.Client, cast: Cast
) -> None:
    assert http.get("/").headers["Location"] == f"/a/{cast.event.share_code}"
    with stage.db.writing() as tx:
        other = make_cast(tx, login="other", token="other").event.share_code
    answer, tree = page(http, "/")
    assert answer.status_code == 200
    assert "扫描现场二维码" in tree.text_content()
    assert cast.event.share_code not in answer.text
    assert other not in answer.text


@pytest.mark.parametrize("access", [Access.PASSWORD, Access.MEMBERS])
def test_a_closed_album_shows_nothing(stage: Stage, http: httpx.Client, with_photos: Cast, access: Access) -> None:
    photo = http.get(f"/mp/v1/albums/{with_photos.album.id}/photos").json()["photos"][0]["id"]
    with stage.db.writing() as tx:
        tx.get_one(Album, with_photos.album.id).access = access
    code = with_photos.event.share_code
    for path in (f"/a/{code}", f"/a/{code}?album={with_photos.album.id}", f"/screen/{code}"):
        answer = http.get(path)
        assert answer.status_code == 403
        assert "/blobs/" not in answer.text
    closed = 404 if access is Access.MEMBERS else 403  # that there is such an album is no secret where a code opens it
    assert http.get(f"/a/{code}/photos/{photo}").status_code == closed
    assert http.get(f"/a/{code}/hours", params={"album": with_photos.album.id}).status_code == closed
    for order in ("new", "hot", "time"):
        asked = http.get(f"/mp/v1/albums/{with_photos.album.id}/photos", params={"order": order})
        assert asked.status_code == closed


def test_a_draft_is_not_there(stage: Stage, http: httpx.Client, cast: Cast) -> None:
    with stage.db.writing() as tx:
        tx.get_one(Event, cast.event.id).state = EventState.DRAFT
    assert http.get(f"/a/{cast.event.share_code}").status_code == 404


def test_one_photo_by_its_link(stage: Stage, http: httpx.Client, with_photos: Cast) -> None:
    code = with_photos.event.share_code
    photos = http.get(f"/mp/v1/albums/{with_photos.album.id}/photos").json()["photos"]
    assert [http.get(f"/a/{code}/photos/{p['id']}").json() for p in photos] == photos
    assert http.get(f"/a/{code}/photos/nobody").status_code == 404
    with stage.db.writing() as tx:
        stranger = make_cast(tx, login="other", token="other").event.share_code
    assert http.get(f"/a/{stranger}/photos/{photos[0]['id']}").status_code == 404


def test_hours_count_every_photo_once(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    bridge, hour = BridgeClient(http), 3_600_000
    for i, shot_at in enumerate((10 * hour, 10 * hour + 5, 12 * hour)):
        content = jpeg("navy", (600, 400), words=str(i))
        bridge.preview(bridge.card(content, shot_at=shot_at), content)
    bell.work(stage)
    said = http.get(f"/a/{cast.event.share_code}/hours", params={"album": cast.album.id}).json()["hours"]
    assert [(h["from"] // hour, h["photos"]) for h in said] == [(12, 1), (10, 2)]
    assert all(h["to"] - h["from"] == hour and h["first"] <= h["last"] for h in said)


def test_the_service_worker_leaves_when_there_is_no_build(http: httpx.Client, cast: Cast, dist: str) -> None:
    answer = http.get("/sw.js")
    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert ("unregister" in answer.text) == (dist == "plain")


def test_assets_are_kept_for_ever_and_only_they_are_served(http: httpx.Client, cast: Cast, dist: str) -> None:
    answer = http.get("/assets/album-1.js")
    assert answer.status_code == (200 if dist == "built" else 404)
    if dist == "built":
        assert "immutable" in answer.headers["Cache-Control"]
    for path in ("/assets/../shell.py", "/assets/%2e%2e/shell.py", "/assets/..%2fshell.py"):
        assert http.get(path).status_code == 404


def test_the_console_and_the_screen_render(http: httpx.Client, with_photos: Cast, dist: str) -> None:
    console, tree = page(http, "/console")
    assert console.status_code == 200
    assert json.loads(tree.get_element_by_id("boot").text)["not_a_picture"][1]
    screen, shown = page(http, f"/screen/{with_photos.event.share_code}")
    assert screen.status_code == 200
    assert shown.xpath("//aside//path/@d")


def test_both_languages_have_every_word() -> None:
    for file in speech.WORDS.glob("*.json"):
        for key, pair in json.loads(file.read_text(encoding="utf-8")).items():
            assert len(pair) == 2, key
            assert all(pair), key
            assert set(re.findall(r"\{(\w+)\}", pair[0])) == set(re.findall(r"\{(\w+)\}", pair[1])), key


def test_english_counts() -> None:
    say = speech.speaker("album", "en")
    assert (say("count", n=1), say("count", n=2)) == ("1 photo", "2 photos")
    assert speech.day(0, "zh") == "1970年1月1日周四"
    assert speech.day(0, "en") == "Thu 1 January 1970"
    assert speech.day(None, "en") == ""


def test_a_ghost_has_the_colour_of_its_photo(http: httpx.Client, with_photos: Cast) -> None:
    photos = http.get(f"/mp/v1/albums/{with_photos.album.id}/photos").json()["photos"]
    white = ghost.colour(photos[0]["placeholder"])
    assert min(int(white[i : i + 2], 16) for i in (1, 3, 5)) > GHOST_WHITE
    assert ghost.colour("F4cCpaJ/dXmIeIh3iIiHh4+H+Ih4") == "#763170"  # half red, half blue; see thumbhash.test.ts
    assert ghost.colour("") == ghost.colour("?") == ghost.NEUTRAL


def test_the_code_on_the_screen_can_be_read() -> None:
    link = "https://kuaimen.example/a/Abc123XYZ0?f=s"
    size, path = svg_path(link)
    image = Image.new("L", ((size + 8) * 8, (size + 8) * 8), 255)
    draw = ImageDraw.Draw(image)
    for x, y, w in re.findall(r"M(\d+) (\d+)h(\d+)v1", path):
        left, top = (int(x) + 4) * 8, (int(y) + 4) * 8
        draw.rectangle((left, top, left + int(w) * 8 - 1, top + 7), fill=0)
    assert zxingcpp.read_barcode(image).text == link
