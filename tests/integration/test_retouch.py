"""The retouch desk: nobody holds what another holds, what comes back is shown, and every version can come back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from backend.clock import now_ms
from backend.context import Stage
from backend.models import Photo, RetouchTask
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg
from tests.conftest import FakeBell
from tests.integration.test_team import invited, joined, signed_in
from workers import sweep

STEP_MS, FINISH_MS = 10_000, 300_000


class Desk:
    """Two retouchers, an owner, and some photos with originals."""

    def __init__(self, stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
        self.stage, self.bell, self.http, self.event = stage, bell, http, cast.event.id
        self.album = cast.album.id
        self.owner = signed_in(http)
        self.anna, self.bo = (joined(http, invited(http, self.owner, "retoucher"), n) for n in ("anna", "bob"))
        self.bridge = BridgeClient(http)

    def shoot(self, *colours: str) -> list[str]:
        ids = []
        for colour in colours:
            data = jpeg(colour)
            card = self.bridge.card(data) | {"name": f"DSC_{colour}.JPG"}
            ids.append(str(self.bridge.original(card, data).raise_for_status().json()["photo_id"]))
        self.bell.work(self.stage)
        return ids

    def post(self, who: dict[str, str], path: str, **more: Any) -> httpx.Response:
        return self.http.post(f"/api/v1{path}", headers=who, **more)

    def claim(self, who: dict[str, str], **said: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.post(who, f"/events/{self.event}/retouch/claim", json=said).json()["task"]
        return found

    def shown(self) -> dict[str, dict[str, Any]]:
        photos = self.http.get(f"/mp/v1/albums/{self.album}/photos").json()["photos"]
        return {p["id"]: p for p in photos}


@pytest.fixture
def desk(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> Desk:
    return Desk(stage, bell, cast, http)


def test_two_retouchers_never_hold_the_same_photo(desk: Desk) -> None:
    ids = desk.shoot("red", "green", "blue", "orange", "purple")
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda n: desk.claim(desk.anna if n % 2 else desk.bo), range(8)))
    held = [task["photo"]["id"] for task in found if task]
    assert len(held) == len(set(held)) == len(ids)
    assert desk.claim(desk.anna) is None
    theirs = next(t for t in found if t and desk.claim(desk.bo, photo_id=t["photo"]["id"]) is None)
    assert desk.post(desk.bo, f"/retouch/{theirs['id']}/renew").json()["code"] == "not_yours"


def test_an_abandoned_claim_frees_itself_and_a_renewed_one_does_not(desk: Desk) -> None:
    [photo] = desk.shoot("red")
    task = desk.claim(desk.anna)
    assert task
    assert desk.claim(desk.bo) is None
    with desk.stage.db.writing() as tx:
        tx.execute(update(RetouchTask).values(lease_until=now_ms() - 1))
    assert desk.post(desk.anna, f"/retouch/{task['id']}/renew").status_code == 200
    assert desk.claim(desk.bo) is None
    with desk.stage.db.writing() as tx:
        tx.execute(update(RetouchTask).values(lease_until=now_ms() - 1))
    taken = desk.claim(desk.bo)
    assert taken
    assert taken["photo"]["id"] == photo
    assert desk.post(desk.anna, f"/retouch/{task['id']}/renew").status_code == 409
    assert desk.post(desk.bo, f"/retouch/{task['id']}/release").status_code == 204
    assert desk.claim(desk.anna)


def test_what_comes_back_replaces_the_photo_in_place(desk: Desk) -> None:
    [photo] = desk.shoot("red")
    before = desk.shown()[photo]
    task = desk.claim(desk.anna)
    assert task
    assert desk.http.get(task["original"]).content == jpeg("red")  # clean, as the camera gave it
    answer = desk.post(desk.anna, f"/photos/{photo}/retouched", content=jpeg("white", words="by hand"))
    assert answer.status_code == 200
    desk.bell.work(desk.stage)
    after = desk.shown()[photo]
    assert (after["stage"], after["position"]) == ("retouched", before["position"])
    assert after["revision"] > before["revision"]
    assert after["urls"]["view"] != before["urls"]["view"]
    assert desk.claim(desk.bo) is None
    again = {"accept": False, "words": "暗部再提一点"}
    assert desk.post(desk.owner, f"/photos/{photo}/verdict", json=again).json() == {"changed": True}
    found = desk.claim(desk.bo)
    assert found
    assert found["returned"] == "暗部再提一点"
    assert desk.post(desk.anna, f"/photos/{photo}/retouched", content=b"hello").json()["code"] == "not_a_picture"


def test_a_file_of_the_same_name_finds_its_photo(desk: Desk) -> None:
    red, green = desk.shoot("red", "green")
    found = desk.post(
        desk.anna, f"/events/{desk.event}/retouched", params={"name": "dsc_green.jpeg"}, content=jpeg("lime")
    )
    assert found.json()["photo_id"] == green
    desk.bell.work(desk.stage)
    assert {i: p["stage"] for i, p in desk.shown().items()} == {red: "original", green: "retouched"}
    wrong = desk.post(desk.anna, f"/events/{desk.event}/retouched", params={"name": "DSC_g_een.jpg"}, content=jpeg())
    assert wrong.json()["code"] == "no_match"


def test_every_version_can_come_back(desk: Desk) -> None:
    [photo] = desk.shoot("red")
    original = desk.shown()[photo]["urls"]["view"]
    for colour in ("white", "yellow"):
        desk.post(desk.anna, f"/photos/{photo}/retouched", content=jpeg(colour))
        desk.bell.work(desk.stage)
    versions = desk.http.get(f"/api/v1/photos/{photo}/versions", headers=desk.owner).json()["versions"]
    assert [v["kind"] for v in versions] == ["retouched", "retouched", "original"]
    assert [v["shown"] for v in versions] == [True, False, False]
    desk.post(desk.owner, f"/photos/{photo}/version", json={"source_id": versions[2]["source_id"]})
    desk.bell.work(desk.stage)
    assert desk.shown()[photo]["urls"]["view"].split("?")[0] == original.split("?")[0]
    desk.post(desk.owner, f"/photos/{photo}/version", json={"source_id": None})
    desk.bell.work(desk.stage)
    assert desk.shown()[photo]["stage"] == "retouched"
    desk.post(desk.owner, f"/photos/{photo}/version", json={"source_id": versions[2]["source_id"]})
    desk.post(desk.anna, f"/photos/{photo}/retouched", content=jpeg("white"))  # the first one once more
    desk.bell.work(desk.stage)
    now = desk.http.get(f"/api/v1/photos/{photo}/versions", headers=desk.owner).json()["versions"]
    assert next(v["source_id"] for v in now if v["shown"]) == versions[1]["source_id"]
    assert desk.post(desk.owner, f"/photos/{photo}/version", json={"source_id": "nope"}).status_code == 404


def test_without_retouchers_every_photo_is_finished_in_time(desk: Desk) -> None:
    early, late, by_hand = desk.shoot("red", "green", "blue")
    desk.post(desk.anna, f"/photos/{by_hand}/retouched", content=jpeg("white"))
    desk.bell.work(desk.stage)
    with desk.stage.db.writing() as tx:
        tx.execute(update(Photo).where(Photo.id == early).values(stored_at=now_ms() - 291_000))
    sweep.once(desk.stage)
    with desk.stage.db.reading() as tx:
        found = {p.id: p for p in tx.query(Photo)}
        assert (found[early].finished_by, found[late].finished_by, found[by_hand].finished_by) == (
            "auto",
            None,
            "human",
        )
        assert found[early].finished_at - found[early].stored_at <= 300_000
    desk.post(desk.anna, f"/photos/{early}/retouched", content=jpeg("gold"))  # late, and still wins
    desk.bell.work(desk.stage)
    assert desk.shown()[early]["stage"] == "retouched"


def test_retouchers_absent_every_photo_of_an_evening_is_finished_in_time(desk: Desk) -> None:
    """Five minutes pass, ten seconds at a time, while photos come in; somebody takes some of them and walks away."""
    colours = [f"#{n:02x}8040" for n in range(20)]
    for step in range(40):
        if step % 2 == 0:
            desk.shoot(colours[step // 2])
        if step in (4, 9):
            assert desk.claim(desk.anna)
        if step == 12:
            task = desk.claim(desk.bo)
            assert task
            desk.post(desk.bo, f"/photos/{task['photo']['id']}/retouched", content=jpeg("white"))
            desk.bell.work(desk.stage)
        sweep.once(desk.stage)
        desk.bell.work(desk.stage)
        with desk.stage.db.writing() as tx:
            moved = {"stored_at": Photo.stored_at - STEP_MS, "finished_at": Photo.finished_at - STEP_MS}
            tx.execute(update(Photo).values(**moved))
    with desk.stage.db.reading() as tx:
        due = [p for p in tx.query(Photo) if p.stored_at <= now_ms() - FINISH_MS]
    took = [p.finished_at - p.stored_at for p in due]
    assert len(due) >= 5
    assert max(took) <= FINISH_MS
    assert sorted({p.finished_by for p in due}) == ["auto", "human"]


def test_human_minutes_go_where_guests_look(desk: Desk) -> None:
    _, liked, _ = desk.shoot("red", "green", "blue")
    with desk.stage.db.writing() as tx:
        tx.execute(update(Photo).where(Photo.id == liked).values(likes=9))
    task = desk.claim(desk.anna)
    assert task
    assert task["photo"]["id"] == liked
