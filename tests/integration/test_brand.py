"""Brand and looks as organizers reach them: art is looked into, kits are changed, samples shown, photos follow."""

from __future__ import annotations

import io

import httpx
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import update

from backend import branding
from backend.context import Stage
from backend.models import Art, ArtKind, Photo, Sample
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, Cast, jpeg, make_cast, png_frame
from tests.conftest import FakeBell
from tests.imaging_pictures import png_claiming
from workers import inspection as workers_inspection
from workers import material, sweep

CUBE = b"LUT_3D_SIZE 2\n" + b"".join(
    f"{g} {r} {b}\n".encode() for b in (0, 1) for g in (0, 1) for r in (0, 1)
)  # red and green change places


class Owner:
    """A signed-in owner."""

    def __init__(self, http: httpx.Client, login: str = "owner") -> None:
        answer = http.post("/api/v1/login", json={"login": login, "password": PASSWORD})
        http.cookies.clear()
        self._http, self._token = http, {"Authorization": f"Bearer {answer.json()['token']}"}

    def get(self, path: str, **query: object) -> httpx.Response:
        return self._http.get(f"/api/v1{path}", params=query, headers=self._token)

    def post(self, path: str, said: dict) -> httpx.Response:
        return self._http.post(f"/api/v1{path}", json=said, headers=self._token)

    def upload(self, name: str, content: bytes) -> httpx.Response:
        return self._http.post("/api/v1/arts", params={"name": name}, content=content, headers=self._token)


@pytest.fixture
def owner(cast: Cast, http: httpx.Client) -> Owner:
    return Owner(http)


def view(http: httpx.Client, album_id: str, after: int = 0) -> tuple[np.ndarray, int]:
    """The newest change's picture, and its revision."""
    [*_, change] = http.get(f"/mp/v1/albums/{album_id}/changes", params={"after": after}).json()["changes"]
    answer = http.get(change["urls"]["view"])
    assert answer.status_code == 200
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB")).astype(int), change["revision"]


def ready(stage: Stage, bell: FakeBell, owner: Owner, name: str, content: bytes) -> str:
    """The key of art that was looked into."""
    art = owner.upload(name, content).json()["art"]
    assert art["state"] == "checking"
    bell.work(stage)
    [found] = [one for one in owner.get("/arts").json()["arts"] if one["id"] == art["id"]]
    assert found["state"] == "ready", found
    return found["key"]


def test_art_is_looked_into_by_a_worker_and_refused_with_words(stage: Stage, bell: FakeBell, owner: Owner) -> None:
    frame = ready(stage, bell, owner, "frame.png", png_frame())
    assert frame.endswith(".png")
    for name, content, code, words in (
        ("bomb.png", png_claiming(60_000, 60_000), "too_many_pixels", "MP"),
        ("page.png", b"<html></html>", "not_a_picture", "first bytes"),
        ("wide.cube", b"LUT_3D_SIZE 2\nDOMAIN_MAX 2 2 2\n", "bad_input", "domain"),
        ("big.cube", b"LUT_3D_SIZE 200\n", "bad_input", "between 2 and 65"),
    ):
        owner.upload(name, content)
        bell.work(stage)
        [found] = [one for one in owner.get("/arts").json()["arts"] if one["name"] == name]
        assert (found["state"], found["refusal"]) == ("refused", code)
        assert words in found["reason"]
        said = {"layers": [{"art_key": found["key"]}]}
        assert owner.post("/brands", said).status_code == 422
    assert owner.upload("virus.exe", b"MZ").json()["code"] == "unsupported"
    assert owner.upload("empty.png", b"").status_code == 413


def test_art_of_an_organization_has_a_limit(stage: Stage, cast: Cast, owner: Owner) -> None:
    first = owner.upload("first.png", png_frame()).json()["art"]
    with stage.db.writing() as tx:
        tx.execute(update(Art).values(size=branding.MAX_ART_BYTES))
    full = owner.upload("second.png", png_frame((1, 2, 3)))
    assert (full.status_code, full.json()["code"]) == (422, "art_full")
    with stage.db.writing() as tx:
        tx.execute(update(Art).values(size=1))
        more = {"organization_id": cast.organization.id, "kind": ArtKind.PICTURE, "size": 1}
        tx.add_all(Art(**more, key=f"a/{n}", name=str(n)) for n in range(branding.MAX_ARTS - 1))
    assert owner.upload("second.png", png_frame((1, 2, 3))).json()["code"] == "art_full"
    assert owner.upload("again.png", png_frame()).json()["art"]["id"] == first["id"], "it is there already"


def test_art_nothing_needs_can_be_removed_and_taken_back_for_a_day(
    stage: Stage, bell: FakeBell, cast: Cast, owner: Owner
) -> None:
    key = ready(stage, bell, owner, "acme.png", png_frame())
    [art] = owner.get("/arts").json()["arts"]
    kit = owner.post("/brands", {"name": "年会", "frame": {"art_key": key}}).json()["brand"]
    owner.post(f"/albums/{cast.album.id}/brand", {"watermark": True, "frame": True, "brand_id": kit["id"]})
    [used] = owner.get("/arts").json()["arts"]
    assert used["used_by"] == ["年会", cast.album.title]
    refused = owner.post(f"/arts/{art['id']}/remove", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "art_used")
    owner.post(f"/brands/{kit['id']}", {"frame": None})
    assert owner.post(f"/arts/{art['id']}/remove", {}).status_code == 204
    assert owner.get("/arts").json()["arts"] == []
    assert owner.post(f"/brands/{kit['id']}", {"frame": {"art_key": key}}).status_code == 422
    assert owner.post(f"/arts/{art['id']}/restore", {}).json()["art"]["key"] == key
    owner.post(f"/arts/{art['id']}/remove", {})
    sweep.tidy(stage)
    assert stage.store.size(key) is not None, "for a day"
    with stage.db.writing() as tx:
        tx.execute(update(Art).values(removed_at=Art.removed_at - material.DAY_MS - 1))
    sweep.tidy(stage)
    assert stage.store.size(key) is None
    assert workers_inspection.run(stage, workers_inspection.Wish()).well, "nothing misses it"
    assert owner.post(f"/arts/{art['id']}/restore", {}).status_code == 404
    assert ready(stage, bell, owner, "acme.png", png_frame()) == key
    assert [one["id"] for one in owner.get("/arts").json()["arts"]] == [art["id"]]


def test_art_somebody_began_to_use_when_it_was_removed_stays(
    stage: Stage, bell: FakeBell, cast: Cast, owner: Owner
) -> None:
    key = ready(stage, bell, owner, "acme.png", png_frame())
    owner.post("/brands", {"name": "年会", "layers": [{"art_key": key}]})
    with stage.db.writing() as tx:
        tx.execute(update(Art).values(removed_at=1))
    assert material.forget_arts(stage) == 0
    assert stage.store.size(key) is not None
    assert len(owner.get("/arts").json()["arts"]) == 1


def test_the_sweep_repeats_a_look_nobody_took(stage: Stage, bell: FakeBell, owner: Owner) -> None:
    owner.upload("frame.png", png_frame())
    bell.rung.clear()
    assert sweep.once(stage) == 1
    bell.work(stage)
    assert sweep.once(stage) == 0
    assert owner.get("/arts").json()["arts"][0]["state"] == "ready"


def test_a_kit_is_made_switched_on_and_changed_and_photos_follow(
    stage: Stage, bell: FakeBell, cast: Cast, owner: Owner, http: httpx.Client
) -> None:
    BridgeClient(http).shoot(jpeg("white", (900, 600)))
    bell.work(stage)
    plain, at = view(http, cast.album.id)
    key = ready(stage, bell, owner, "frame.png", png_frame())
    look = {"preset": "none"}
    kit = owner.post("/brands", {"name": "甲", "look": look, "frame": {"art_key": key}}).json()["brand"]
    assert kit["frame"]["art_key"] == key
    said = {"watermark": True, "frame": True, "brand_id": kit["id"]}
    assert owner.post(f"/albums/{cast.album.id}/brand", said).json() == {"stale": 1}
    bell.work(stage)
    framed, at = view(http, cast.album.id, at)
    assert np.abs(framed[590, 450] - [0, 0, 255]).max() < 20
    assert np.abs(plain[590, 450] - 255).max() < 20

    changed = owner.post(f"/brands/{kit['id']}", {"layers": [{"text": "快门", "size": 20, "colour": "#FF0000"}]}).json()
    assert changed["albums"] == [cast.album.id]
    bell.work(stage)
    marked, _ = view(http, cast.album.id, at)
    assert np.abs(marked[590, 450] - [0, 0, 255]).max() < 20  # the frame is still there
    assert ((marked[..., 0] > 180) & (marked[..., 1] < 90)).sum() > 300
    seven = [{"text": str(n)} for n in range(7)]
    wrong = owner.post(f"/brands/{kit['id']}", {"layers": seven})
    assert (wrong.status_code, "at most 6" in wrong.json()["detail"]) == (422, True)


def test_a_sample_shows_the_brand_on_four_shapes_and_saves_nothing(
    stage: Stage, bell: FakeBell, cast: Cast, owner: Owner, http: httpx.Client
) -> None:
    BridgeClient(http).shoot(jpeg("white", (900, 600)))
    bell.work(stage)
    key = ready(stage, bell, owner, "frame.png", png_frame())
    wish = {"event_id": cast.event.id, "changes": {"look": {"preset": "none"}, "frame": {"art_key": key}}}
    made = owner.post("/samples", wish)
    assert (made.status_code, made.json()["sample"]["state"]) == (202, "making")
    bell.work(stage)
    sample = owner.get(f"/samples/{made.json()['sample']['id']}", wait=1).json()["sample"]
    assert [one["shape"] for one in sample["pictures"]] == ["3:2", "2:3", "16:9", "1:1"]
    for one in sample["pictures"]:
        picture = Image.open(io.BytesIO(http.get(one["url"]).content))
        across, down = (int(part) for part in one["shape"].split(":"))
        assert abs(picture.width / picture.height - across / down) < 0.01
        foot = picture.getpixel((picture.width // 2, picture.height - 4))
        assert np.abs(np.array(foot) - [0, 0, 255]).max() < 20
    assert len(owner.get("/brands").json()["brands"]) == 1
    with stage.db.writing() as tx:
        tx.get_one(Sample, sample["id"]).created_at -= 2 * material.DAY_MS
    assert material.forget_samples(stage) == 1
    assert http.get(sample["pictures"][0]["url"]).status_code == 404


def test_an_event_without_photos_has_samples_too(stage: Stage, bell: FakeBell, cast: Cast, owner: Owner) -> None:
    made = owner.post("/samples", {"changes": {"layers": [{"text": "你好"}]}}).json()["sample"]
    bell.work(stage)
    assert len(owner.get(f"/samples/{made['id']}").json()["sample"]["pictures"]) == 4


def test_looks_of_albums_and_of_chosen_photos(
    stage: Stage, bell: FakeBell, cast: Cast, owner: Owner, http: httpx.Client
) -> None:
    bridge = BridgeClient(http)
    for colour in ("red", "navy"):
        bridge.shoot(jpeg(colour, (600, 400)))
    bell.work(stage)
    names = [one["name"] for one in owner.get("/looks").json()["presets"]]
    assert {"portrait", "stage", "conference", "outdoor", "food", "mono", "none"} <= set(names)

    photos = {one["id"]: one for one in owner.get(f"/events/{cast.event.id}/photos").json()["photos"]}
    cube = ready(stage, bell, owner, "swap.cube", CUBE)
    red = next(iter(sorted(photos, key=lambda one: photos[one]["announced_at"])))
    own = {"photo_ids": [red], "preset": "none", "look": {"cube_key": cube}}
    assert owner.post("/photos/look", own).json()["changed"] == 1
    bell.work(stage)
    _, at = view(http, cast.album.id)
    green, _ = view(http, cast.album.id, at - 1)
    assert np.abs(green[300, 300] - [0, 254, 0]).max() < 40

    assert owner.post(f"/albums/{cast.album.id}/look", {"preset": "mono", "tier": "fine"}).json()["stale"] == 1
    bell.work(stage)
    shown = {one["id"]: one for one in owner.get(f"/events/{cast.event.id}/photos").json()["photos"]}
    assert shown[red]["own_look"]["cube_key"] == cube
    [other] = set(shown) - {red}
    assert shown[other]["look"]["grey"] == 1
    assert shown[other]["own_look"] is None

    switch = {"watermark": False, "frame": False}
    owner.post(f"/albums/{cast.album.id}/brand", switch)  # those with a look of their own take part in the rest
    assert owner.post("/photos/look", {"photo_ids": [red]}).json() == {"look": None, "changed": 1}
    bell.work(stage)
    with stage.db.reading() as tx:
        row = tx.get_one(Photo, red)
        assert (row.recipe_id, row.own_look, row.look["grey"]) == (None, None, 1)
    assert owner.post(f"/albums/{cast.album.id}/look", {"look": {"strength": 2}}).status_code == 422


def test_a_new_brand_reaches_photos_with_a_look_of_their_own(
    stage: Stage, bell: FakeBell, cast: Cast, owner: Owner, http: httpx.Client
) -> None:
    BridgeClient(http).shoot(jpeg("silver", (600, 400)))
    bell.work(stage)
    [photo] = owner.get(f"/events/{cast.event.id}/photos").json()["photos"]
    owner.post("/photos/look", {"photo_ids": [photo["id"]], "look": {"preset": "none", "ev": -1}})
    bell.work(stage)
    key = ready(stage, bell, owner, "frame.png", png_frame())
    kit = owner.post("/brands", {"frame": {"art_key": key}}).json()["brand"]
    owner.post(f"/albums/{cast.album.id}/brand", {"watermark": True, "frame": True, "brand_id": kit["id"]})
    bell.work(stage)
    made, _ = view(http, cast.album.id)
    assert np.abs(made[390, 300] - [0, 0, 255]).max() < 20
    assert made[100, 300].max() < 180  # still darker


def test_brands_of_others_are_not_there(stage: Stage, bell: FakeBell, cast: Cast, owner: Owner) -> None:
    with stage.db.writing() as tx:
        theirs = make_cast(tx, login="stranger", token="t2")
    stranger = Owner(owner._http, "stranger")
    key = ready(stage, bell, owner, "frame.png", png_frame())
    assert stranger.get("/arts").json()["arts"] == []
    assert stranger.post("/brands", {"frame": {"art_key": key}}).status_code == 422
    assert stranger.post("/samples", {"changes": {"frame": {"art_key": key}}}).status_code == 422
    kit = owner.get("/brands").json()["brands"][0]["id"]
    assert stranger.post(f"/brands/{kit}", {"name": "x"}).status_code == 404
    assert stranger.post("/samples", {"brand_id": kit}).status_code == 404
    said = {"watermark": True, "frame": True, "brand_id": kit}
    assert stranger.post(f"/albums/{theirs.album.id}/brand", said).status_code == 404
    assert stranger.post(f"/albums/{cast.album.id}/look", {"preset": "mono"}).status_code == 404
    sample = owner.post("/samples", {}).json()["sample"]["id"]
    assert stranger.get(f"/samples/{sample}").status_code == 404
    with stage.db.reading() as tx:
        assert tx.query(Art).count() == 1
