"""«Blur me», «leave me out»: asked from a photo, decided by a member, true in every rendition and in what comes."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import func, select, update

from backend import veils
from backend.context import Stage
from backend.jobs import IndexFaces, MakeFull
from backend.models import Face, FaceConsent, FaceReturn, FaceScan, FaceVeil, Photo, Rendition, VeilState
from tests import people
from tests.bridge_client import BridgeClient
from tests.cast import Cast
from tests.conftest import FakeBell
from tests.integration.test_find_me import SELFIE, SWITCH, agree, search, shoot, sign_in
from tests.integration.test_protection import guest
from workers import runner, sweep
from workers.imaging import recognition


@pytest.fixture
def stage(stage: Stage) -> Stage:
    return replace(stage, face_engine=recognition.engine)


@pytest.fixture
def owner(stage: Stage, cast: Cast) -> httpx.Client:
    return sign_in(stage)


@pytest.fixture
def ids(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, owner: httpx.Client) -> list[str]:
    """Photos of person 0, of person 1, of both, with faces looked at."""
    assert owner.post(f"/api/v1/events/{cast.event.id}/faces", json=SWITCH).status_code == 200
    return shoot(stage, bell, http, people.portrait(0), people.portrait(1), people.portrait(0, 1))


def settle(stage: Stage, bell: FakeBell) -> None:
    """What the workers and the sweep do in a second or two."""
    for _ in range(4):
        bell.work(stage)
        sweep.once(stage)
    bell.work(stage)


def keys(stage: Stage, photo_id: str) -> dict[str, str]:
    with stage.db.reading() as tx:
        return {r.kind.value: r.key for r in tx.scalars(select(Rendition).filter_by(photo_id=photo_id))}


def state(stage: Stage, photo_id: str) -> str:
    with stage.db.reading() as tx:
        return tx.get_one(Photo, photo_id).state.value


def alike(stage: Stage, photo_id: str, kind: str = "view") -> list[list[float]]:
    """For each face still seen in a rendition: how much it is like persons 0 and 1."""
    seen = recognition.engine().look(stage.store.get(keys(stage, photo_id)[kind])).faces
    known = [recognition.engine().look(people.portrait(n, size=300), selfie=True).faces[0].vector for n in (0, 1)]
    return [[float(face.vector @ one) for one in known] for face in seen]


def shown(stage: Stage, photo_id: str, kind: str = "view") -> set[int]:
    """Which of persons 0 and 1 can be told in a rendition."""
    return {int(np.argmax(row)) for row in alike(stage, photo_id, kind) if max(row) > 0.42}


def seen_at_the_desk(stage: Stage, bell: FakeBell, owner: httpx.Client, photo_id: str) -> set[int]:
    """The same of a picture that is only tried."""
    made = owner.post(f"/api/v1/photos/{photo_id}/tryout", json={"look": {"turn": 1.0}}).json()["tryout"]
    bell.work(stage)
    picture = owner.get(f"/api/v1/tryouts/{made['id']}", params={"wait": 5}).json()["tryout"]["picture"]
    seen = recognition.engine().look(owner.get(picture["url"]).content).faces
    known = [recognition.engine().look(people.portrait(n, size=300), selfie=True).faces[0].vector for n in (0, 1)]
    rows = [[float(face.vector @ one) for one in known] for face in seen]
    return {int(np.argmax(row)) for row in rows if max(row) > 0.42}


def faces_of(client: httpx.Client, photo_id: str) -> list[dict[str, Any]]:
    found = client.get(f"/mp/v1/photos/{photo_id}/faces")
    assert found.status_code == 200, found.text
    return list(found.json()["faces"])


def ask(client: httpx.Client, photo_id: str, **said: Any) -> dict[str, Any]:
    answer = client.post(f"/mp/v1/photos/{photo_id}/veils", json={"kind": "blur", **said})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def approve(owner: httpx.Client, veil: str, *, yes: bool = True) -> dict[str, Any]:
    answer = owner.post(f"/api/v1/veils/{veil}", json={"approve": yes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["veil"])


def test_one_photo_is_covered_in_every_rendition_and_old_addresses_refuse(
    stage: Stage, bell: FakeBell, cast: Cast, ids: list[str], owner: httpx.Client
) -> None:
    both = ids[2]
    runner.handle(stage, MakeFull(both))
    with stage.db.writing() as tx:
        tx.execute(update(Photo).where(Photo.id == both).values(full_wanted_at=1))
    settle(stage, bell)
    before = keys(stage, both)
    assert set(before) == {"view", "phone", "thumb", "full"}
    assert shown(stage, both, "full") == shown(stage, both) == {0, 1}
    me = guest(stage, "a")
    left, right = faces_of(me, both)
    assert left["x"] < right["x"]
    veil = ask(me, both, face_id=left["face_id"], words="请遮一下")
    assert (veil["state"], veil["everywhere"]) == ("open", False)
    assert state(stage, both) == "live", "nothing happens before a member says yes"
    [waiting] = owner.get(f"/api/v1/events/{cast.event.id}/veils").json()["veils"]
    assert (waiting["words"], waiting["state"]) == ("请遮一下", "open")
    assert waiting["place"]["x"] == pytest.approx(left["x"], abs=0.01)
    assert owner.get(waiting["picture"]).status_code == 200
    assert approve(owner, veil["id"])["photos"] == 1
    assert state(stage, both) == "hidden", "off every screen at once"
    settle(stage, bell)
    assert state(stage, both) == "live"
    after = keys(stage, both)
    assert not set(before.values()) & set(after.values())
    assert [stage.store.size(key) for key in before.values()] == [None] * 4
    assert shown(stage, both) == shown(stage, both, "phone") == shown(stage, both, "thumb") == {1}
    with stage.db.writing() as tx:
        tx.execute(update(Photo).where(Photo.id == both).values(full_wanted_at=1))
    settle(stage, bell)
    assert shown(stage, both, "full") == {1}
    assert shown(stage, ids[0]) == {0}, "asked for one photo only"
    assert seen_at_the_desk(stage, bell, owner, both) == {1}
    with stage.db.reading() as tx:
        assert tx.scalar(select(func.count()).select_from(FaceReturn)) == 0
        assert tx.get_one(Photo, both).position == 3, "at its old place"


def test_everywhere_and_in_what_comes_while_the_consent_stands(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, ids: list[str], owner: httpx.Client
) -> None:
    me = guest(stage, "a")
    face = faces_of(me, ids[0])[0]["face_id"]
    refused = me.post(
        f"/mp/v1/photos/{ids[0]}/veils", json={"kind": "blur", "face_id": face, "consent": agree(me, cast)}
    )
    assert refused.json()["code"] == "consent_missing", "searching is another consent"
    consent = agree(me, cast, "veil")
    veil = ask(me, ids[0], face_id=face, consent=consent)
    assert veil["everywhere"]
    assert approve(owner, veil["id"])["photos"] == 2
    settle(stage, bell)
    assert [shown(stage, photo_id) for photo_id in ids] == [set(), {1}, {1}]

    later = BridgeClient(http).shoot(people.portrait(0, 1, size=190))["photo_id"]
    bell.work(stage)
    assert shown(stage, later) == {1}, "covered in the first pictures that were ever made of it"
    with stage.db.reading() as tx:
        assert tx.scalar(select(func.count(Face.id)).where(Face.photo_id == later)) == 2
    [mine] = me.get(f"/mp/v1/albums/{cast.album.id}/veils").json()["veils"]
    assert (mine["state"], mine["photos"]) == ("approved", 3)

    assert guest(stage, "b").delete(f"/mp/v1/veils/{veil['id']}").status_code == 404
    proof = me.delete(f"/mp/v1/veils/{veil['id']}").json()["deleted"]
    assert proof == {"vectors": 1, "lifted": 0, "left": 0}
    with stage.db.reading() as tx:
        assert tx.get_one(FaceConsent, consent).withdrawn_at is not None
    after = shoot(stage, bell, http, people.portrait(0, size=200))[0]
    assert shown(stage, after) == {0}, "withdrawn: no later photo is looked at"
    assert shown(stage, ids[2]) == {1}, "what is covered stays covered"


def test_lifting_shows_it_again(stage: Stage, bell: FakeBell, cast: Cast, ids: list[str], owner: httpx.Client) -> None:
    me = guest(stage, "a")
    blur = ask(me, ids[2], face_id=faces_of(me, ids[2])[0]["face_id"])
    out = ask(me, ids[0], kind="exclude", face_id=faces_of(me, ids[0])[0]["face_id"])
    for veil in (blur, out):
        approve(owner, veil["id"])
    settle(stage, bell)
    assert [state(stage, photo_id) for photo_id in ids] == ["hidden", "live", "live"]
    assert shown(stage, ids[2]) == {1}
    assert me.delete(f"/mp/v1/veils/{blur['id']}?lift=true").json()["deleted"]["lifted"] == 1
    assert owner.delete(f"/api/v1/veils/{out['id']}").json()["deleted"]["lifted"] == 1
    settle(stage, bell)
    assert [shown(stage, photo_id) for photo_id in ids] == [{0}, {1}, {0, 1}]


def test_who_is_left_out_is_in_no_photo_that_comes(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, ids: list[str], owner: httpx.Client
) -> None:
    me = guest(stage, "a")
    ticket = search(me, cast, agree(me, cast), SELFIE).json()["ticket"]
    veil = ask(
        me,
        ids[0],
        kind="exclude",
        ticket=ticket,
        consent=agree(me, cast, "veil"),
        place={"x": 0.2, "y": 0.2, "width": 0.4, "height": 0.4},
    )
    approve(owner, veil["id"])
    settle(stage, bell)
    assert [state(stage, photo_id) for photo_id in ids] == ["hidden", "live", "hidden"]
    new = BridgeClient(http).shoot(people.portrait(0, size=200))["photo_id"]
    other = BridgeClient(http).shoot(people.portrait(1, size=200))["photo_id"]
    settle(stage, bell)
    assert (state(stage, new), state(stage, other)) == ("hidden", "live")
    assert keys(stage, new) == {}, "no picture of it was ever made"


def test_without_search_by_face_a_place_is_enough(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, owner: httpx.Client
) -> None:
    [photo] = shoot(stage, bell, http, people.portrait(0))
    me = guest(stage, "a")
    assert faces_of(me, photo) == []
    nobody = me.post(f"/mp/v1/photos/{photo}/veils", json={"kind": "blur"})
    assert nobody.status_code == 422
    huge = {"x": 0, "y": 0, "width": 1, "height": 1}
    assert me.post(f"/mp/v1/photos/{photo}/veils", json={"kind": "blur", "place": huge}).status_code == 422
    veil = ask(me, photo, place={"x": 0.25, "y": 0.2, "width": 0.5, "height": 0.6})
    approve(owner, veil["id"])
    settle(stage, bell)
    assert state(stage, photo) == "live"
    assert shown(stage, photo) == set()


def test_no_changes_nothing_and_the_vector_goes(
    stage: Stage, bell: FakeBell, cast: Cast, ids: list[str], owner: httpx.Client
) -> None:
    me = guest(stage, "a")
    veil = ask(me, ids[0], face_id=faces_of(me, ids[0])[0]["face_id"], consent=agree(me, cast, "veil"))
    assert approve(owner, veil["id"], yes=False)["state"] == "declined"
    with stage.db.reading() as tx:
        row = tx.get_one(FaceVeil, veil["id"])
    assert (row.state, row.vector) == (VeilState.DECLINED, None)
    settle(stage, bell)
    assert shown(stage, ids[0]) == {0}


def test_stopping_all_takes_the_vector_and_leaves_the_mask(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, ids: list[str], owner: httpx.Client
) -> None:
    me = guest(stage, "a")
    at = f"/mp/v1/albums/{cast.album.id}/faces"
    for end in ("guest", "organizer"):
        veil = ask(me, ids[0], face_id=faces_of(me, ids[0])[0]["face_id"], consent=agree(me, cast, "veil"))
        approve(owner, veil["id"])
        settle(stage, bell)
        if end == "guest":
            assert me.delete(at).json()["deleted"]["veil_vectors"] == 1
        else:
            said = owner.delete(f"/api/v1/events/{cast.event.id}/faces").json()["certificate"]
            assert said["deleted"]["veil_vectors"] == 1
        with stage.db.reading() as tx:
            assert tx.scalar(select(func.count(FaceVeil.id)).where(FaceVeil.vector.is_not(None))) == 0
        assert shown(stage, ids[0]) == set()


def test_a_photo_nobody_could_look_at_is_shown_with_every_face_covered(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, ids: list[str], owner: httpx.Client
) -> None:
    me = guest(stage, "a")
    veil = ask(me, ids[0], face_id=faces_of(me, ids[0])[0]["face_id"], consent=agree(me, cast, "veil"))
    approve(owner, veil["id"])
    settle(stage, bell)
    away = replace(stage, face_engine=lambda: None)
    photo = BridgeClient(http).shoot(people.portrait(0, 1, size=190))["photo_id"]
    settle(away, bell)
    assert keys(stage, photo) == {}, "it waits for the look"
    long_ago = {"stored_at": Photo.stored_at - veils.PATIENCE_MS, "render_due_at": 0}
    with stage.db.writing() as tx:
        tx.execute(update(Photo).where(Photo.id == photo).values(**long_ago))
    settle(away, bell)
    assert (state(stage, photo), shown(stage, photo)) == ("live", set())
    with stage.db.writing() as tx:
        tx.execute(update(FaceScan).values(due_at=0))
    runner.handle(stage, IndexFaces(photo))
    settle(stage, bell)
    assert (state(stage, photo), shown(stage, photo)) == ("live", {1}), "somebody looked after all"


def test_a_version_by_hand_that_is_cut_another_way_is_covered_where_the_face_is(
    stage: Stage, bell: FakeBell, cast: Cast, ids: list[str], owner: httpx.Client
) -> None:
    me = guest(stage, "a")
    approve(owner, ask(me, ids[2], face_id=faces_of(me, ids[2])[0]["face_id"])["id"])
    settle(stage, bell)
    whole = Image.open(io.BytesIO(people.portrait(0, 1)))
    wider = Image.new("RGB", (whole.width * 2, whole.height), (120, 130, 140))
    wider.paste(whole, (whole.width, 0))
    out = io.BytesIO()
    wider.save(out, "JPEG", quality=92)
    said = owner.post(f"/api/v1/photos/{ids[2]}/retouched", content=out.getvalue())
    assert said.status_code in (200, 202, 204), said.text
    settle(stage, bell)
    assert 0 not in shown(stage, ids[2])


def test_it_is_the_members_of_the_event_who_decide(
    stage: Stage, bell: FakeBell, cast: Cast, ids: list[str], owner: httpx.Client
) -> None:
    me = guest(stage, "a")
    veil = ask(me, ids[0], face_id=faces_of(me, ids[0])[0]["face_id"])
    again = ask(me, ids[0], kind="exclude", face_id=faces_of(me, ids[0])[0]["face_id"])
    assert again["id"] == veil["id"], "one open wish per guest and photo; the newer one counts"
    wrong = me.post(
        f"/mp/v1/photos/{ids[1]}/veils", json={"kind": "blur", "face_id": faces_of(me, ids[0])[0]["face_id"]}
    )
    assert wrong.status_code == 404, "a face of another photo"
    assert me.post(f"/api/v1/veils/{veil['id']}", json={"approve": True}).status_code == 401
    assert owner.post("/api/v1/veils/none", json={"approve": True}).status_code == 404


def test_a_photo_that_is_cropped_is_covered_where_the_guest_sees_the_face(
    stage: Stage, bell: FakeBell, cast: Cast, ids: list[str], owner: httpx.Client
) -> None:
    wish = {"photo_ids": [ids[2]], "look": {"crop": [0.5, 0.0, 0.5, 1.0]}}
    assert owner.post("/api/v1/photos/look", json=wish).status_code < 300
    settle(stage, bell)
    me = guest(stage, "a")
    [only] = faces_of(me, ids[2])
    assert 0 <= only["x"] < 0.6, "person 1, in the right half"
    veil = ask(me, ids[2], place={name: only[name] for name in ("x", "y", "width", "height")})
    [waiting] = owner.get(f"/api/v1/events/{cast.event.id}/veils").json()["veils"]
    assert waiting["place"]["x"] == pytest.approx(only["x"], abs=0.001)
    approve(owner, veil["id"])
    settle(stage, bell)
    assert shown(stage, ids[2]) == set()
