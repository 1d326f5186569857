"""Database against store: every injected fault is found, nothing is touched unasked, what may be mended is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from backend import inspection
from backend.clock import now_ms
from backend.context import Stage
from backend.errors import Upstream
from backend.models import BrandKit, Event, Inspection, Photo, PhotoState, Rendition, RenditionKind, Source, SourceKind
from backend.storage import art_key, digest
from backend.storage.local import LocalStore
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg
from tests.conftest import FakeBell
from workers import sweep
from workers.inspection import Wish, run

HOUR_S = 3600


@pytest.fixture
def photos(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> list[str]:
    made = [BridgeClient(http).shoot(jpeg(c, (320, 240)), jpeg(c))["photo_id"] for c in ("red", "green", "blue")]
    for _ in range(4):
        bell.work(stage)
        sweep.once(stage)
    bell.work(stage)
    return made


def path_of(stage: Stage, key: str) -> Path:
    assert isinstance(stage.store, LocalStore)
    return stage.store.path(key)


def grow_old(stage: Stage, key: str, hours: float) -> None:
    at = now_ms() / 1000 - hours * HOUR_S
    os.utime(path_of(stage, key), (at, at))


def key_of(stage: Stage, photo_id: str, kind: SourceKind | RenditionKind) -> str:
    table = Source if isinstance(kind, SourceKind) else Rendition
    with stage.db.reading() as tx:
        return tx.scalars(select(table.key).filter_by(photo_id=photo_id, kind=kind)).one()


def found(rows: list[dict[str, Any]]) -> set[str]:
    return {row["key"] for row in rows}


def test_a_platform_at_work_has_no_faults(stage: Stage, photos: list[str]) -> None:
    said = run(stage, Wish(deep=True))
    assert (said.missing, said.damaged, said.orphans, said.young) == ([], [], [], 0)
    assert said.hashed == 6
    assert said.well
    assert said.named == 6 + 9, "sources of three photos; thumb, phone and view of each"


def test_every_injected_fault_is_found_and_nothing_is_touched(stage: Stage, photos: list[str]) -> None:
    lost = [key_of(stage, photos[0], SourceKind.ORIGINAL), key_of(stage, photos[1], RenditionKind.VIEW)]
    cut = key_of(stage, photos[2], RenditionKind.THUMB)
    flipped = key_of(stage, photos[2], SourceKind.ORIGINAL)
    for key in lost:
        stage.store.delete(key)
    path_of(stage, cut).write_bytes(b"\xff\xd8\xff")
    whole = bytearray(path_of(stage, flipped).read_bytes())
    whole[-10] ^= 1
    path_of(stage, flipped).write_bytes(bytes(whole))
    strays = {f"{kind}/nobody/{digest(kind.encode())}.jpg" for kind in ("o", "s", "r", "x", "a", "p", "f")}
    for key in strays:
        stage.store.put(key, jpeg())
        grow_old(stage, key, 30)
    stage.store.put("o/nobody/young", b"just now")
    before = {key: path_of(stage, key).read_bytes() for key in stage.store.keys("")}
    shallow = run(stage, Wish())
    assert found(shallow.damaged) == {cut}
    said = run(stage, Wish(deep=True))
    assert found(said.missing) == set(lost)
    assert found(said.damaged) == {cut, flipped}
    assert found(said.orphans) == strays
    assert (said.young, said.well, said.deleted, said.mended) == (1, False, 0, 0)
    assert {key: path_of(stage, key).read_bytes() for key in stage.store.keys("")} == before


def test_lost_renditions_are_made_anew_and_lost_sources_only_named(
    stage: Stage, bell: FakeBell, photos: list[str]
) -> None:
    view, thumb = key_of(stage, photos[1], RenditionKind.VIEW), key_of(stage, photos[2], RenditionKind.THUMB)
    original = key_of(stage, photos[0], SourceKind.ORIGINAL)
    stage.store.delete(view)
    stage.store.delete(original)
    path_of(stage, thumb).write_bytes(b"\xff\xd8\xff")
    said = run(stage, Wish(mend=True))
    assert said.mended == 2
    bell.work(stage)
    again = run(stage, Wish(deep=True))
    assert found(again.missing) == {original}
    assert again.damaged == []
    with stage.db.reading() as tx:
        assert {p.state for p in tx.scalars(select(Photo))} == {PhotoState.LIVE}


def test_only_old_orphans_go_and_only_when_that_was_asked_for(stage: Stage, photos: list[str]) -> None:
    for key, hours in (("o/nobody/old", 30), ("o/nobody/newer", 5), ("o/nobody/new", 0.5)):
        stage.store.put(key, b"x" * 10)
        grow_old(stage, key, hours)
    kept = set(stage.store.keys("")) - {"o/nobody/old"}
    assert run(stage, Wish(clean=True)).deleted == 1
    assert set(stage.store.keys("")) == kept
    assert run(stage, Wish(clean=True, age_s=0)).deleted == 1, "nobody may ask for less than an hour"
    assert stage.store.size("o/nobody/new") == 10


def test_what_is_put_again_while_it_is_looked_at_stays(
    stage: Stage, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.store.put("o/nobody/again", b"the same bytes")
    grow_old(stage, "o/nobody/again", 30)
    real, calls = inspection.named, []

    def named(tx: Any) -> Any:
        calls.append(tx)
        if len(calls) == 2:  # a bridge sends the same file, just before orphans are deleted
            _outside(stage)
        return real(tx)

    monkeypatch.setattr(inspection, "named", named)
    assert run(stage, Wish(clean=True)).deleted == 0
    assert stage.store.get("o/nobody/again") == b"the same bytes"


def _outside(stage: Stage) -> None:
    os.utime(path_of(stage, "o/nobody/again"))


def test_putting_the_same_bytes_again_makes_a_blob_young(stage: Stage) -> None:
    stage.store.put("o/e/x", b"the same bytes")
    grow_old(stage, "o/e/x", 30)
    stage.store.put("o/e/x", b"the same bytes")
    [blob] = stage.store.blobs("o/")
    assert (blob.key, blob.size) == ("o/e/x", 14)
    assert blob.written_at > now_ms() - HOUR_S * 1000


def test_a_database_that_lost_its_rows_does_not_empty_the_store(stage: Stage, cast: Cast) -> None:
    for n in range(inspection.MANY + 1):
        stage.store.put(f"o/nobody/{n}", b"x")
        grow_old(stage, f"o/nobody/{n}", 30)
    said = run(stage, Wish(clean=True))
    assert (said.deleted, said.refused) == (0, "too_many")
    assert len(list(stage.store.keys("o/"))) == inspection.MANY + 1
    assert run(stage, Wish(clean=True, however_many=True)).deleted == inspection.MANY + 1


def test_brand_art_prints_and_covers_are_nobodys_orphans(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, photos: list[str]
) -> None:
    key = art_key(cast.organization.id, "seeded", "png")
    keys = [key, f"x/prints/{cast.event.id}/p.pdf", f"x/codes/{cast.event.id}/c.png", f"x/covers/{cast.event.id}/c.jpg"]
    for one in keys:
        stage.store.put(one, jpeg())
        grow_old(stage, one, 100)
    with stage.db.writing() as tx:
        tx.add(BrandKit(organization_id=cast.organization.id, name="品牌二", frame={"art_key": key, "shapes": []}))
        tx.get_one(Event, cast.event.id).cover_key = keys[3]
    assert run(stage, Wish()).orphans == []


def test_a_run_of_the_console_is_owed_until_it_is_done(
    stage: Stage, bell: FakeBell, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage.db.writing() as tx:
        made = inspection.want(tx, "member:x", deep=False, mend=False, clean=False, age_s=0)
    assert made.age_s == inspection.LEAST_AGE_S
    bell.rung.clear()  # redis forgot
    sweep.once(stage)
    bell.work(stage)
    with stage.db.reading() as tx:
        row = tx.get_one(Inspection, made.id)
        assert row.found is not None
        assert (row.found["well"], row.found["orphans_n"], row.failure) == (True, 0, "")
        assert json.dumps(row.found)
    bell.rung.clear()
    sweep.once(stage)
    assert not [job for job in bell.rung if getattr(job, "inspection_id", "")]

    def away(prefix: str) -> Any:
        raise Upstream("gone", code="store_unreachable", permanent=False)

    with stage.db.writing() as tx:
        second = inspection.want(tx, "member:x", deep=False, mend=False, clean=False, age_s=0)
    monkeypatch.setattr(stage.store, "blobs", away)
    bell.work(stage)
    with stage.db.reading() as tx:
        assert "store_unreachable" in tx.get_one(Inspection, second.id).failure
