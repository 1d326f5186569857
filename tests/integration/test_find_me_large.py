"""F1's number: at 2,000 photos a selfie is answered within three seconds, the index read from the database included."""

from __future__ import annotations

import time
from dataclasses import replace

import httpx
import numpy as np
import pytest
from sqlalchemy import insert, select

from backend import faces
from backend.clock import now_ms
from backend.context import Stage
from backend.models import Face, FaceRule, Photo, PhotoState, Rendition
from tests import people
from tests.cast import Cast
from tests.conftest import FakeBell
from tests.integration.test_find_me import SELFIE, SWITCH, agree, search, shoot, sign_in
from tests.integration.test_protection import guest
from workers.imaging import recognition

PHOTOS, EACH = 2000, 3


@pytest.fixture
def stage(stage: Stage) -> Stage:
    return replace(stage, face_engine=recognition.engine)


def plant(stage: Stage, cast: Cast, like: str) -> None:
    """Photos with three strangers each, straight into the database; their pictures are those of another."""
    dice = np.random.default_rng(2)
    rows = dice.normal(size=(PHOTOS * EACH, 128)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with stage.db.writing() as tx:
        model = tx.get_one(Photo, like)
        made = {r.kind: r for r in tx.scalars(select(Rendition).filter_by(photo_id=like))}
        sealing = faces.box(stage.signer, tx.get_one(FaceRule, cast.event.id))
        ours = {"organization_id": model.organization_id, "event_id": model.event_id, "album_id": model.album_id}
        state = {"state": PhotoState.LIVE, "size": 1, "live_at": now_ms(), "width": 100, "height": 100}
        source = {"source_id": model.source_id, "made_source_id": model.source_id}
        ids = [f"planted-{n:06d}" for n in range(PHOTOS)]
        shown = [
            {"id": one, "digest": f"{n:064d}", "position": 10 + n, "revision": 10 + n, **ours, **state, **source}
            for n, one in enumerate(ids)
        ]
        tx.execute(insert(Photo), shown)
        for kind, row in made.items():
            same = {"kind": kind, "key": row.key, "recipe_id": row.recipe_id, "source_id": row.source_id}
            sizes = {"width": row.width, "height": row.height, "size": row.size}
            tx.execute(insert(Rendition), [{"photo_id": one, **same, **sizes} for one in ids])
        place = {"x": 0.1, "y": 0.1, "width": 0.1, "height": 0.1, "score": 0.9, "size_px": 60.0}
        of_event = {"event_id": cast.event.id, "engine": recognition.ENGINE} | place
        seen = [
            {"photo_id": ids[n // EACH], "ordinal": n % EACH, "person": 10_000 + n, "vector": sealing.seal(row)}
            for n, row in enumerate(rows)
        ]
        tx.execute(insert(Face), [of_event | one for one in seen])


def test_a_selfie_is_answered_in_three_seconds_at_two_thousand_photos(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    owner = sign_in(stage)
    owner.post(f"/api/v1/events/{cast.event.id}/faces", json=SWITCH)
    ids = shoot(stage, bell, http, people.portrait(0), people.portrait(0, 1))
    plant(stage, cast, ids[0])
    me = guest(stage, "a")
    consent = agree(me, cast)
    recognition.engine()  # loaded once per process
    took = []
    for _ in range(3):  # the first one reads 6,000 vectors
        began, work = time.perf_counter(), time.process_time()
        said = search(me, cast, consent, SELFIE)
        took.append((time.perf_counter() - began, time.process_time() - work))
        assert {p["id"] for p in said.json()["sure"]} == set(ids)
        assert said.json()["looked_at"] == PHOTOS * EACH + 3
    print("selfie → answer, s (passed, CPU):", [tuple(round(one, 2) for one in both) for both in took])
    assert max(work for _, work in took) < 3, "CPU, whatever else the machine does"
