"""A backup into an empty place is the same album: rows, pictures, originals, logins; on both databases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from backend.context import Stage
from backend.db import Database
from backend.models import Base, Event, Photo, Source, SourceKind
from backend.storage.local import LocalStore
from backend.storage.local_disk import place
from launch import backup
from launch.home import Home, furnish
from launch.migrate import upgrade
from launch.trouble import Trouble
from tests import postgres
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg
from tests.conftest import FakeBell, visitor
from tests.integration.test_team import signed_in
from workers import inspection, sweep


def quiet(_what: str, _done: int, _total: int) -> None:
    pass


@pytest.fixture
def here(stage: Stage) -> Stage:
    """As migrations make it, with the database's tools."""
    upgrade(stage.db.engine)
    (stage.settings.data_dir / "secret.key").write_text("key")
    return replace(stage, settings=stage.settings.model_copy(update={"pg_bin": postgres.BIN}))


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """Tables come from the migrations here, so that a restored database can be upgraded."""
    if stage.settings.database_url.startswith("sqlite"):
        Base.metadata.drop_all(stage.db.engine)
        upgrade(stage.db.engine)
    return stage


@pytest.fixture
def there(tmp_path: Path, stage: Stage, bell: FakeBell, template_database: postgres.Server | None) -> Iterator[Stage]:
    """An empty machine."""
    folder = tmp_path / "there"
    if template_database is None:
        yield _stage(stage, folder, f"sqlite:///{folder / 'kuaimen.db'}", bell)
        return
    with template_database.empty() as url:
        found = _stage(stage, folder, url, bell)
        yield found
        found.db.engine.dispose()


def _stage(like: Stage, folder: Path, url: str, bell: FakeBell) -> Stage:
    furnish(folder)
    update = {"data_dir": folder, "database_url": url, "pg_bin": postgres.BIN}
    settings = like.settings.model_copy(update=update)
    store = LocalStore(folder / "blobs", base_url="http://kuaimen.test", secret="test")
    return replace(like, settings=settings, db=Database(url, bell), store=store)


def shoot(stage: Stage, bell: FakeBell, http: httpx.Client, *colours: str) -> None:
    for colour in colours:
        BridgeClient(http).shoot(jpeg(colour, (320, 240)), jpeg(colour))
    for _ in range(3):
        bell.work(stage)
        sweep.once(stage)
    bell.work(stage)


def album(stage: Stage, bell: FakeBell, cast: Cast) -> dict[str, Any]:
    """All that guests and organizers see of it, pictures as hashes."""
    with visitor(stage, bell) as http:
        shown = http.get(f"/mp/v1/albums/{cast.album.id}/photos").raise_for_status().json()["photos"]
        for photo in shown:
            for kind, url in photo["urls"].items():
                picture = http.get(url).raise_for_status().content
                photo["urls"][kind] = hashlib.sha256(picture).hexdigest()
        headers = signed_in(http)
        event = http.get(f"/api/v1/events/{cast.event.id}", headers=headers).raise_for_status().json()
        audits = http.get("/api/v1/audits", headers=headers).raise_for_status().json()
        assert BridgeClient(http).get("/config").status_code == 200
    with stage.db.reading() as tx:
        rows = {t.name: tx.scalar(select(func.count()).select_from(t)) for t in Base.metadata.sorted_tables}
        originals = tx.scalars(select(Source.key).where(Source.kind == SourceKind.ORIGINAL).order_by(Source.key)).all()
    for name in ("feed_files", "samples"):
        del rows[name]
    files = {key: hashlib.sha256(stage.store.get(key)).hexdigest() for key in originals}
    return {"photos": shown, "event": event, "audits": audits, "rows": rows, "originals": files}


def test_an_empty_place_becomes_the_same_album(
    here: Stage, there: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, tmp_path: Path
) -> None:
    shoot(here, bell, http, "red", "green")
    hidden = http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"][0]["id"]
    http.post(f"/api/v1/photos/{hidden}/hide", headers=signed_in(http)).raise_for_status()
    bell.work(here)
    shoot(here, bell, http, "blue")
    folder = tmp_path / "backup"
    said = backup.backup(here, folder, quiet)
    assert (said.missing, said.damaged, said.copied) == ([], [], said.blobs)
    assert list(backup.verify(folder)) == []
    before = album(here, bell, cast)
    assert len(before["photos"]) == 2
    backup.restore_files(Home(there.settings.data_dir), folder)
    again = backup.restore(there, folder, quiet)
    assert (again.blobs, again.copied) == (said.blobs, said.blobs)
    assert album(there, bell, cast) == before
    assert (there.settings.data_dir / "secret.key").read_text() == "key"
    found = inspection.run(there, inspection.Wish(deep=True))
    assert (found.missing, found.damaged, found.orphans) == ([], [], [])
    with visitor(there, bell) as client:  # and life goes on
        client.post(f"/api/v1/photos/{hidden}/restore", headers=signed_in(client)).raise_for_status()
        shoot(there, bell, client, "yellow")
        assert len(client.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]) == 4
        assert any(key.startswith("f/") for key in there.store.keys("f/"))


def test_the_next_backup_copies_only_what_is_new(
    here: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    shoot(here, bell, http, "red")
    first = backup.backup(here, folder, quiet)
    assert backup.backup(here, folder, quiet).copied == 0
    shoot(here, bell, http, "green")
    third = backup.backup(here, folder, quiet)
    assert 0 < third.copied == third.blobs - first.blobs
    assert len(list(folder.glob("database-*"))) == 1
    with here.db.reading() as tx:
        gone = tx.scalars(select(Source.key).where(Source.kind == SourceKind.PREVIEW)).first()
    assert gone
    place(folder / "blobs", gone).write_bytes(b"bit rot")
    assert list(backup.verify(folder)) == [gone]
    assert backup.backup(here, folder, quiet).copied == 1, "another size is copied again"
    assert list(backup.verify(folder)) == []


def test_what_is_missing_or_damaged_is_named(
    here: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, tmp_path: Path
) -> None:
    shoot(here, bell, http, "red", "green")
    with here.db.reading() as tx:
        lost, flipped = tx.scalars(select(Source.key).where(Source.kind == SourceKind.ORIGINAL)).all()
    here.store.delete(lost)
    assert isinstance(here.store, LocalStore)
    whole = bytearray(here.store.path(flipped).read_bytes())
    whole[-9] ^= 1
    here.store.path(flipped).write_bytes(bytes(whole))
    said = backup.backup(here, tmp_path / "backup", quiet)
    assert (said.missing, said.damaged) == ([lost], [flipped])


def test_purged_photos_do_not_live_on_in_copies_when_that_is_wanted(
    here: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    shoot(here, bell, http, "red")
    backup.backup(here, folder, quiet)
    with here.db.reading() as tx:
        photo_id = tx.scalars(select(Photo.id)).one()
        key = tx.scalars(select(Source.key).where(Source.kind == SourceKind.ORIGINAL)).one()
    for do in ("remove", "purge"):
        http.post(f"/api/v1/photos/{photo_id}/{do}", json={}, headers=signed_in(http)).raise_for_status()
    bell.work(here)
    said = backup.backup(here, folder, quiet)
    assert place(folder / "blobs", key).exists()
    assert said.left_over >= 3
    assert backup.forget(folder) == said.left_over
    assert not place(folder / "blobs", key).exists()


def test_nothing_is_ever_written_over(
    here: Stage, there: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, tmp_path: Path
) -> None:
    shoot(here, bell, http, "red")
    folder = tmp_path / "backup"
    backup.backup(here, folder, quiet)
    with pytest.raises(Trouble, match="not empty"):
        backup.restore(here, folder, quiet)
    there.store.put("o/another/original", b"precious")
    with pytest.raises(Trouble, match="not empty"):
        backup.restore(there, folder, quiet)
    there.store.delete("o/another/original")
    (there.settings.data_dir / "secret.key").write_text("another key")
    with pytest.raises(Trouble, match="differs"):
        backup.restore_files(Home(there.settings.data_dir), folder)
    assert (there.settings.data_dir / "secret.key").read_text() == "another key"
    with pytest.raises(Trouble, match="no whole backup"):
        backup.restore(there, tmp_path / "elsewhere", quiet)


def test_a_restore_that_was_interrupted_is_repeated_and_damage_stops_it(
    here: Stage, there: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, tmp_path: Path
) -> None:
    shoot(here, bell, http, "red", "green")
    folder = tmp_path / "backup"
    backup.backup(here, folder, quiet)
    manifest = json.loads((folder / backup.MANIFEST).read_text())
    key = next(key for key in manifest["blobs"] if key.startswith("o/"))
    path = place(folder / "blobs", key)
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(Trouble, match="damaged"):
        backup.restore(there, folder, quiet)
    path.write_bytes(good)
    said = backup.restore(there, folder, quiet)
    assert said.copied == 1, "the others were there"
    with there.db.reading() as tx:
        assert tx.get_one(Event, cast.event.id).title == "年会"
        assert len(tx.scalars(select(Photo)).all()) == 2


def test_the_folder_is_private_and_a_backup_without_its_manifest_is_none(
    here: Stage, bell: FakeBell, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backup"

    def dies(*_: object) -> None:
        raise OSError("power cut")

    monkeypatch.setattr(backup, "write_private", dies)
    with pytest.raises(OSError, match="power cut"):
        backup.backup(here, folder, quiet)
    assert not (folder / backup.MANIFEST).exists()
    assert folder.stat().st_mode & 0o077 == 0
