"""Sliders of the desk: what is seen is what is published, nobody adjusts what another holds, nothing is lost."""

from __future__ import annotations

import io
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from backend.context import Stage
from backend.models import Photo
from tests import imaging_pictures
from tests.cast import Cast, jpeg
from tests.conftest import FakeBell
from tests.integration.test_retouch import Desk
from tests.unit.test_imaging_aids import building
from workers.imaging import shape

SETTINGS = {"preset": "none", "ev": 0.7, "warmth": 0.3, "contrast": 0.2, "vibrance": 0.4, "turn": 2.5}
CROP = [0.1, 0.2, 0.5, 0.6]


@pytest.fixture
def desk(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> Desk:
    return Desk(stage, bell, cast, http)


def tried(desk: Desk, photo: str, **said: Any) -> dict[str, Any]:
    answer = desk.post(desk.anna, f"/photos/{photo}/tryout", json=said)
    assert answer.status_code == 202
    desk.bell.work(desk.stage)
    found = desk.http.get(f"/api/v1/tryouts/{answer.json()['tryout']['id']}", params={"wait": 5}, headers=desk.anna)
    made: dict[str, Any] = found.json()["tryout"]
    return made


def picture(desk: Desk, url: str) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(desk.http.get(url).content)).convert("RGB")).astype(int)


def adjust(desk: Desk, who: dict[str, str], photos: list[str], **said: Any) -> httpx.Response:
    answer = desk.post(who, f"/events/{desk.event}/adjusted", json={"photo_ids": photos} | said)
    desk.bell.work(desk.stage)
    return answer


@pytest.mark.parametrize("look", [SETTINGS, SETTINGS | {"crop": CROP}, {"preset": "auto", "strength": 0.4}])
def test_what_is_seen_is_what_is_published(desk: Desk, look: dict[str, Any]) -> None:
    [photo] = desk.shoot("teal")
    before = desk.shown()[photo]
    seen = picture(desk, tried(desk, photo, look=look)["picture"]["url"])
    assert desk.shown()[photo] == before  # nobody but the retoucher saw it
    assert adjust(desk, desk.anna, [photo], look=look).json() == {"changed": 1, "held": []}
    after = desk.shown()[photo]
    published = picture(desk, after["urls"]["view"])
    assert published.shape == seen.shape
    assert np.abs(published - seen).mean() < 1.0  # JPEG; it is in truth the same bytes
    assert (after["position"], after["revision"]) > (before["position"], before["revision"])


def test_before_is_the_same_part_without_look_and_brand(desk: Desk) -> None:
    [photo] = desk.shoot("navy")
    look = SETTINGS | {"turn": 0, "crop": CROP}
    bare = picture(desk, tried(desk, photo, look=look, bare=True)["picture"]["url"])
    done = picture(desk, tried(desk, photo, look=look)["picture"]["url"])
    assert bare.shape == done.shape == (288, 320, 3)
    assert np.abs(np.median(bare, (0, 1)) - [0, 0, 128]).max() < 6
    assert np.median(done, (0, 1)).sum() > np.median(bare, (0, 1)).sum() + 20


def test_a_leaning_horizon_is_levelled_by_one_tap(desk: Desk) -> None:
    leaning = imaging_pictures.jpeg(shape.turned(building(), 2.0))
    card = desk.bridge.card(leaning) | {"name": "LEAN.JPG"}
    photo = desk.bridge.original(card, leaning).raise_for_status().json()["photo_id"]
    desk.bell.work(desk.stage)
    found = tried(desk, photo, level=True)["level"]
    assert found["turn"] == pytest.approx(-2.0, abs=0.5)
    assert found["sure"] > 0.3
    levelled = tried(desk, photo, look={"preset": "none", "turn": found["turn"]}, level=True)
    assert levelled["state"] == "ready"


def test_nobody_adjusts_what_another_has_in_hand(desk: Desk) -> None:
    one, two = desk.shoot("red", "green")
    task = desk.claim(desk.anna, photo_id=one)
    assert task
    wrong = adjust(desk, desk.bo, [one], look=SETTINGS)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "in_other_hands")
    assert adjust(desk, desk.bo, [one, two], look=SETTINGS).json() == {"changed": 1, "held": [one]}
    assert adjust(desk, desk.anna, [one], look=SETTINGS).json()["changed"] == 1
    with desk.stage.db.reading() as tx:
        assert {p.finished_by for p in tx.query(Photo)} == {"human"}
    assert desk.claim(desk.bo) is None  # both are done


def test_every_setting_can_come_back(desk: Desk) -> None:
    [photo] = desk.shoot("red")
    plain = desk.shown()[photo]["urls"]["view"].split("?")[0]
    adjust(desk, desk.anna, [photo], look=SETTINGS)
    bright = desk.shown()[photo]["urls"]["view"].split("?")[0]
    adjust(desk, desk.bo, [photo], look=SETTINGS | {"ev": -1})
    said = desk.http.get(f"/api/v1/photos/{photo}/versions", headers=desk.owner).json()
    assert [(one["by"], one["look"]["ev"]) for one in said["adjustments"]] == [("Bob", -1), ("Anna", 0.7)]
    assert said["look"]["ev"] == -1
    adjust(desk, desk.anna, [photo], look=said["adjustments"][1]["look"])
    assert desk.shown()[photo]["urls"]["view"].split("?")[0] == bright
    adjust(desk, desk.anna, [photo], look=None)
    assert desk.shown()[photo]["urls"]["view"].split("?")[0] == plain


def test_settings_for_frames_like_it_leave_turn_and_crop_alone(desk: Desk) -> None:
    ids = []
    for n in range(3):
        data = jpeg("olive", words=f"frame {n}")
        card = desk.bridge.card(data) | {"name": f"B{n}.JPG", "camera": "one", "shot_at": 1_790_000_000_000 + 400 * n}
        ids.append(desk.bridge.original(card, data).json()["photo_id"])
    [other] = desk.shoot("white")
    desk.bell.work(desk.stage)
    like = desk.http.get(f"/api/v1/photos/{ids[0]}/like", headers=desk.anna).json()["photo_ids"]
    assert like == ids[1:]
    assert other not in like
    adjust(desk, desk.anna, [ids[1]], look={"turn": 1.0})
    adjust(desk, desk.anna, like, look=SETTINGS | {"crop": CROP}, shape=False)
    with desk.stage.db.reading() as tx:
        found = {p.id: p.own_look for p in tx.query(Photo)}
    assert (found[ids[1]]["turn"], found[ids[1]]["crop"], found[ids[1]]["ev"]) == (1.0, None, 0.7)
    assert found[ids[2]]["turn"] == 0


def test_bad_settings_are_refused_with_the_field(desk: Desk) -> None:
    [photo] = desk.shoot("red")
    for look, word in (({"ev": 9}, "ev"), ({"crop": [0, 0, 2, 1]}, "crop"), ({"cube_key": "a/theirs.cube"}, "art")):
        answer = adjust(desk, desk.anna, [photo], look=look)
        assert (answer.status_code, word in answer.json()["detail"]) == (422, True)
        assert desk.post(desk.anna, f"/photos/{photo}/tryout", json={"look": look}).status_code == 422
    assert adjust(desk, desk.anna, ["nope"], look=None).status_code == 404
    setup = desk.http.get(f"/api/v1/events/{desk.event}/desk", headers=desk.anna).json()
    assert setup["looks"][desk.album]["preset"] == "none"
