"""«Find me»: faces of an event's photos, indexed beside the live photos, searched by consent, deleted for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import func, select, update

from backend import faces, ledger
from backend.context import Stage
from backend.face_vectors import SHIFT, Box, Likeness, Matrix, grouped, taught
from backend.jobs import GroupFaces, IndexFaces, PurgeFaces
from backend.models import Face, FaceMatch, FaceRule, FaceScan, FaceTemplate, Photo
from tests import people
from tests.bridge_client import BridgeClient
from tests.cast import Cast
from tests.conftest import FakeBell
from workers import runner, sweep
from workers.imaging import recognition

SAID: dict[str, Any] = {"children": False, "contact": "DPO", "checklist": {}, "notice": "v1", "days": 30}


@pytest.fixture
def stage(stage: Stage) -> Stage:
    return replace(stage, face_engine=recognition.engine)


def switch_on(stage: Stage, cast: Cast) -> None:
    with stage.db.writing() as tx:
        faces.switch_on(tx, cast.event, stage.signer, SAID)


def shoot(stage: Stage, bell: FakeBell, http: httpx.Client, pictures: Sequence[bytes]) -> list[str]:
    ids = [BridgeClient(http).shoot(one)["photo_id"] for one in pictures]
    bell.work(stage)
    return ids


def rows(stage: Stage, kind: Any) -> int:
    with stage.db.reading() as tx:
        return tx.scalar(select(func.count()).select_from(kind)) or 0


def test_nothing_is_looked_at_until_a_member_switches_it_on(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    shoot(stage, bell, http, [people.portrait(0)])
    sweep.once(stage)
    assert not any(isinstance(job, IndexFaces) for job in bell.rung)
    bell.work(stage)
    runner.handle(stage, IndexFaces(shoot(stage, bell, http, [people.portrait(1)])[0]))
    assert rows(stage, Face) == rows(stage, FaceScan) == 0


def test_each_photo_is_looked_at_once_and_people_are_told_apart(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    [early] = shoot(stage, bell, http, [people.portrait(0)])
    switch_on(stage, cast)
    assert [job for job in bell.rung if isinstance(job, IndexFaces)] == [IndexFaces(early)]
    both, later, empty = shoot(stage, bell, http, [people.portrait(0, 1), people.portrait(1), people.portrait()])
    sweep.once(stage)
    bell.work(stage)
    with stage.db.reading() as tx:
        found = tx.execute(select(Face.photo_id, Face.person, Face.x).order_by(Face.x)).all()
        scanned = dict(tx.execute(select(FaceScan.photo_id, FaceScan.faces)).all())
    assert scanned == {early: 1, both: 2, later: 1, empty: 0}
    by_photo = {photo: {row.person for row in found if row.photo_id == photo} for photo in scanned}
    assert by_photo[early] < by_photo[both] > by_photo[later]
    assert by_photo[early].isdisjoint(by_photo[later])
    for photo_id in scanned:
        runner.handle(stage, IndexFaces(photo_id))
    sweep.once(stage)
    assert not any(isinstance(job, IndexFaces) for job in bell.rung)
    assert rows(stage, Face) == 4


def test_a_photo_that_kills_its_worker_is_left_after_five_times(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    [photo_id] = shoot(stage, bell, http, [people.portrait(0)])
    switch_on(stage, cast)
    bell.rung.clear()
    for _ in range(faces.ATTEMPTS):
        with stage.db.writing() as tx:
            tx.execute(update(FaceScan).values(due_at=0))
            assert faces.begin(tx, photo_id, "engine/1") is not None
    with stage.db.writing() as tx:
        tx.execute(update(FaceScan).values(due_at=0))
        assert faces.begin(tx, photo_id, "engine/1") is None
        assert faces.due(tx, 10) == []


def test_vectors_are_sealed_and_open_only_at_their_event(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    switch_on(stage, cast)
    shoot(stage, bell, http, [people.portrait(0)])
    sweep.once(stage)
    bell.work(stage)
    with stage.db.reading() as tx:
        rule = tx.get_one(FaceRule, cast.event.id)
        [sealed] = tx.scalars(select(Face.vector))
        vector = faces.box(stage.signer, rule).unseal(sealed)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)
    assert vector.astype(np.float16).tobytes() not in sealed
    key = stage.signer.unseal(rule.sealed_key)
    assert key not in rule.sealed_key
    with pytest.raises(ValueError, match="not sealed"):
        Box(key, "another").unseal(sealed)


def test_everything_goes_when_its_time_is_over(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    switch_on(stage, cast)
    shoot(stage, bell, http, [people.portrait(0), people.portrait(1)])
    sweep.once(stage)
    bell.work(stage)
    runner.handle(stage, PurgeFaces(cast.event.id))
    assert rows(stage, Face) == 2, "not before its time"
    with stage.db.writing() as tx:
        tx.execute(update(FaceRule).values(purge_at=1))
    sweep.once(stage)
    bell.work(stage)
    with stage.db.reading() as tx:
        rule = tx.get_one(FaceRule, cast.event.id)
    assert (rule.active, rule.sealed_key) == (False, None)
    assert rule.certificate is not None
    said = rule.certificate["certificate"]
    assert (said["deleted"]["faces"], said["left"]) == (2, 0)
    assert ledger.checks(said, rule.certificate["signature"], stage.signer.certificate_key().public_key())
    assert [rows(stage, kind) for kind in (Face, FaceScan, FaceTemplate, FaceMatch)] == [0, 0, 0, 0]
    sweep.once(stage)
    assert bell.rung == []


def test_the_index_follows_the_rows(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    switch_on(stage, cast)
    shoot(stage, bell, http, [people.portrait(0), people.portrait(0, 1)])
    sweep.once(stage)
    bell.work(stage)
    other = faces.Indexes()
    with stage.db.writing() as tx:
        sealing = faces.box(stage.signer, tx.get_one(FaceRule, cast.event.id))
        assert len(other.of(tx, cast.event.id, recognition.engine(), sealing)) == 3
        tx.delete(tx.scalars(select(Face).order_by(Face.id)).first())
        tx.flush()
        assert len(other.of(tx, cast.event.id, recognition.engine(), sealing)) == 2
        assert len(other.of(tx, cast.event.id, SimpleNamespace(name="another/1", likeness=Likeness()), sealing)) == 0


def test_search_takes_whole_persons_and_asks_about_the_rest() -> None:
    dice = np.random.default_rng(7)
    me = unit(dice.normal(size=128))

    def like(alike: float) -> np.ndarray:
        away = dice.normal(size=128)
        away = unit(away - (away @ me) * me)
        return np.asarray(alike * me + np.sqrt(1 - alike**2) * away, np.float32)

    index = Matrix()
    for number, (person, alike) in enumerate([(1, 0.8), (1, 0.7), (1, 0.3), (2, 0.45), (3, 0.2), (4, 0.55)]):
        index.add([number], [person], [f"p{number}"], like(alike)[None])
    hits = index.search(me)
    assert {hit.photo_id for hit in hits if hit.sure} == {"p0", "p1", "p2", "p5"}
    assert [hit.photo_id for hit in hits if not hit.sure] == ["p3"]
    assert [hit.photo_id for hit in hits][:2] == ["p0", "p1"]
    assert index.person(like(0.95), "elsewhere") == 1
    assert index.person(like(0.95), "p0") != 1, "nobody is twice in one photo"
    assert [Likeness().limit(n) for n in (10, 1000, 10_000, 100_000, 10**7)] == pytest.approx(
        [0.42, 0.42, 0.48, 0.55, 0.55]
    )


def unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def test_photos_off_screen_are_not_looked_at(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    [photo_id] = shoot(stage, bell, http, [people.portrait(0)])
    switch_on(stage, cast)
    bell.rung.clear()
    with stage.db.writing() as tx:
        tx.execute(update(Photo).where(Photo.id == photo_id).values({"state": "hidden"}))
        assert faces.due(tx, 10) == []
        assert faces.begin(tx, photo_id, "engine/1") is None


def people_like(dice: np.random.Generator, persons: int, each: int) -> tuple[np.ndarray, list[int]]:
    """Faces of persons, `each` of everyone, 0.6 alike; strangers are not."""
    rows, owners = [], []
    for person in range(persons):
        middle = unit(dice.normal(size=128))
        for _ in range(each):
            rows.append(unit(middle + 0.82 * unit(dice.normal(size=128))))
            owners.append(person)
    return np.asarray(rows, np.float32), owners


def test_grouping_anew_brings_together_what_came_apart() -> None:
    dice = np.random.default_rng(5)
    rows, owners = people_like(dice, 12, 8)
    order = dice.permutation(len(rows))
    rows, owners = rows[order], [owners[at] for at in order]
    index = Matrix()
    index.add(range(1, 97), range(1, 97), [f"p{n}" for n in range(96)], rows)  # each alone
    persons = grouped(index)
    for person in set(owners):
        names = {int(persons[at]) for at in range(96) if owners[at] == person}
        assert len(names) == 1, "together again"
    assert len(set(persons.tolist())) == 12
    index.persons[:96] = persons
    assert grouped(index, seed=9).tolist() == persons.tolist(), "whoever was known keeps their number"


def test_nobody_is_twice_in_one_photo_after_grouping() -> None:
    rows, _ = people_like(np.random.default_rng(6), 1, 6)
    index = Matrix()
    index.add(range(1, 7), range(1, 7), ["a", "a", "b", "b", "c", "c"], rows)
    persons = grouped(index)
    for photo in "abc":
        assert len({int(p) for p, at in zip(persons, index.photos, strict=True) if at == photo}) == 2


def test_corrections_move_one_guests_threshold_and_only_so_far() -> None:
    me = unit(np.random.default_rng(1).normal(size=128))

    def like(alike: float, seed: int) -> np.ndarray:
        away = np.random.default_rng(seed).normal(size=128)
        away = unit(away - (away @ me) * me)
        return np.asarray(alike * me + np.sqrt(1 - alike**2) * away, np.float32)

    index = Matrix()
    for number, alike in enumerate((0.9, 0.53, 0.45, 0.51)):
        index.add([number], [100 + number], [f"p{number}"], like(alike, 10 + number)[None])
    sure = {hit.photo_id for hit in index.search(me) if hit.sure}
    assert sure == {"p0", "p1", "p3"}
    stricter = taught(index, me, 0.0, [], ["p1"])
    assert {hit.photo_id for hit in index.search(me, stricter) if hit.sure} == {"p0"}
    assert {hit.photo_id for hit in index.search(me, stricter)} == {f"p{n}" for n in range(4)}, "the rest is asked"
    looser = taught(index, me, 0.0, [2], [])
    assert {hit.photo_id for hit in index.search(me, looser) if hit.sure} == {"p0", "p1", "p2", "p3"}
    assert taught(index, me, 0.0, [], ["p0"]) == SHIFT, "one wrong tap does not end it"
    assert {hit.photo_id for hit in index.search(me) if hit.sure} == sure, "nobody else's"


def test_persons_are_grouped_anew_when_there_are_many_new_faces(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    switch_on(stage, cast)
    [photo] = shoot(stage, bell, http, [people.portrait(0)])
    sweep.once(stage)
    bell.work(stage)
    rows_, _ = people_like(np.random.default_rng(3), 4, 6)
    with stage.db.writing() as tx:
        sealing = faces.box(stage.signer, tx.get_one(FaceRule, cast.event.id))
        place = {"x": 0.0, "y": 0.0, "width": 0.1, "height": 0.1, "score": 0.9, "size_px": 50.0}
        ours = {"event_id": cast.event.id, "photo_id": photo, "engine": recognition.ENGINE}
        for at, row in enumerate(rows_):
            tx.add(Face(**ours, **place, ordinal=100 + at, person=1000 + at, vector=sealing.seal(row)))
    with stage.db.reading() as tx:
        assert faces.ungrouped(tx) == [GroupFaces(cast.event.id)]
        rule = tx.get_one(FaceRule, cast.event.id)
        stage.face_indexes.of(tx, cast.event.id, recognition.engine(), faces.box(stage.signer, rule))
    sweep.once(stage)
    bell.work(stage)
    with stage.db.reading() as tx:
        assert faces.ungrouped(tx) == []
        index = stage.face_indexes.of(tx, cast.event.id, recognition.engine(), sealing)
        found = tx.execute(select(Face.id, Face.person).order_by(Face.id)).all()
        assert tx.get_one(FaceRule, cast.event.id).grouped == 25
    assert index.persons[:25].tolist() == [row.person for row in found], "what is in memory follows"


def test_another_network_means_looking_anew(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    switch_on(stage, cast)
    [photo] = shoot(stage, bell, http, [people.portrait(0)])
    sweep.once(stage)
    bell.work(stage)
    with stage.db.reading() as tx:
        assert faces.due(tx, 9, recognition.ENGINE) == []
        assert faces.due(tx, 9, "bought/1") == [IndexFaces(photo)]
