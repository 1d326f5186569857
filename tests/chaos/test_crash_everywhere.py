"""Crash at every single call to the outside world, restart, sweep: the guest sees the same album."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend import feed_files
from backend.context import Stage
from backend.models import Photo
from backend.storage.local import LocalStore
from launch.app import create_app
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg
from tests.conftest import FakeBell
from workers import sweep

CALLS = 40  # more than one photo needs; a test below holds that


class Crash(BaseException):
    """Not an Exception, so that no handler in the code can swallow it: the process is gone."""


class CrashingStore(LocalStore):
    """Counts calls and dies at the `at`-th, before or after doing it."""

    def __init__(self, root: Path, at: int, *, after: bool) -> None:
        super().__init__(root, base_url="http://kuaimen.test", secret="test")
        self._plan = (at, after)
        self.calls = 0

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name.startswith("_") or not callable(found):
            return found

        def call(*args: Any, **named: Any) -> Any:
            at, after = self._plan
            self.calls += 1
            mine = self.calls == at
            if mine and not after:
                raise Crash
            result = found(*args, **named)
            if mine:
                raise Crash
            return result

        return call


def one_photo_all_the_way(stage: Stage, bell: FakeBell) -> None:
    """Preview, original by parts, both renderings; every request may be a repeat of one that died."""
    with httpx.Client(transport=httpx.WSGITransport(create_app(stage)), base_url="http://kuaimen.test") as http:
        bridge = BridgeClient(http)
        original, preview = jpeg("olive", (1600, 1200)), jpeg("olive")
        card = bridge.card(original)
        bridge.preview(card, preview).raise_for_status()
        sweep.once(stage)
        bell.work(stage)
        bridge.original(card, original).raise_for_status()
        sweep.once(stage)
        bell.work(stage)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_crash_at_every_call(
    stage: Stage, bell: FakeBell, cast: Cast, at: int, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    monkeypatch.setattr(feed_files, "BETWEEN_MS", 0)  # the sweep need not wait for the next writing
    monkeypatch.setattr(sweep, "QUIET_MS", 3_600_000)  # however slow this machine is, no full size for want of work
    store = CrashingStore(stage.settings.blob_dir, at, after=after)
    hasty = stage.settings.model_copy(update={"lease_ttl": 0})
    for running in (dataclasses.replace(stage, store=store, settings=hasty), stage):
        try:
            one_photo_all_the_way(running, bell)
        except Crash:
            bell.rung.clear()  # Redis forgot everything too
    with httpx.Client(transport=httpx.WSGITransport(create_app(stage)), base_url="http://kuaimen.test") as http:
        [shown] = http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]
        assert (shown["position"] > 0, shown["stage"]) == (True, "original")
        assert http.get(shown["urls"]["view"]).status_code == 200
    with stage.db.reading() as tx:
        photo = tx.get_one(Photo, shown["id"])
    assert stage.store.size(f"o/{cast.event.id}/{photo.digest}") == photo.size
    for _ in range(4):  # feed files follow what was repaired, and guests are told when it is time
        rung = sweep.once(stage)
        if rung == 0:
            break
        bell.work(stage)
    assert rung == 0, bell.rung


def test_the_range_covers_every_call(stage: Stage, bell: FakeBell, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_files, "BETWEEN_MS", 0)
    store = CrashingStore(stage.settings.blob_dir, 0, after=False)
    one_photo_all_the_way(dataclasses.replace(stage, store=store), bell)
    assert CALLS - 12 <= store.calls <= CALLS
