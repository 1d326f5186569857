"""Shares of voice over an evening of views that nobody can foresee, and what is made good (N7, O5)."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
import numpy as np
import pytest
from sqlalchemy import insert

from backend import voices
from backend.clock import now_ms
from backend.context import Stage
from backend.db import Tx
from backend.models import Photo, PhotoState, Slot, Trace, TraceKind
from backend.recipe import Frame, Recipe, Turn
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg, png_frame
from tests.conftest import FakeBell
from tests.integration.test_brand import Owner, ready

SHARES = {"a": 0.5, "b": 0.3, "c": 0.2}
RECIPE = Recipe(turns=tuple(Turn(Frame(key), share) for key, share in SHARES.items()))
PHOTOS, LATE, APART_MS = 420, 30, 6_000  # so many of the last are hardly looked at any more


@dataclass
class Evening:
    cast: Cast
    dice: np.random.Generator
    seen: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SHARES, 0))

    def photo(self, tx: Tx, number: int, forced: str | None) -> None:
        """Shot, given to a sponsor, looked at: some photos ten times as often as others."""
        photo = Photo(
            organization_id=self.cast.organization.id,
            event_id=self.cast.event.id,
            album_id=self.cast.album.id,
            state=PhotoState.LIVE,
            digest=f"{number:064d}",
            size=1,
            voice=forced,
            announced_at=now_ms() - (PHOTOS - number) * APART_MS,
        )
        tx.add(photo)
        tx.flush()
        voice = voices.give(tx, photo, RECIPE)
        assert voice == photo.voice == voices.give(tx, photo, RECIPE)
        fading = max(0.1, min(1.0, (PHOTOS - number) / LATE))
        views = int(self.dice.exponential(26) * fading)
        self.seen[voice or ""] += views
        where = {"organization_id": self.cast.organization.id, "event_id": self.cast.event.id}
        of = {"album_id": self.cast.album.id, "photo_id": photo.id, "frame_key": voice}
        row = {**of, "kind": TraceKind.VIEWABLE, "slot": Slot.FRAME if voice else None}
        rows = [{"batch": photo.id, "n": n, "guest_id": f"g{n}", "source": "", **where, **row} for n in range(views)]
        if rows:
            tx.execute(insert(Trace), [one | {"done_at": photo.announced_at} for one in rows])

    def off(self) -> float:
        """How far the worst share is from what was agreed."""
        total = sum(self.seen.values())
        return max(abs(self.seen[key] / total - share) for key, share in SHARES.items())


@pytest.mark.parametrize("forced", [None, "b"], ids=["usual", "short"])
def test_everybody_is_seen_as_often_as_agreed(stage: Stage, cast: Cast, forced: str | None) -> None:
    """«short»: for the first fifth of the evening one sponsor has every photo, and the others none."""
    evening = Evening(cast, np.random.default_rng(7))
    with stage.db.writing() as tx:
        for number in range(PHOTOS):
            evening.photo(tx, number, forced if number < PHOTOS // 5 else None)
    total = sum(evening.seen.values())
    print(f"{total} views, {evening.seen}, worst share off by {evening.off():.2%}")
    assert total > 9_000
    assert evening.off() <= 0.02


def test_a_photo_keeps_its_sponsor_when_shares_change(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    owner = Owner(http)
    keys = [ready(stage, bell, owner, f"{n}.png", png_frame((0, 0, n))) for n in (1, 2)]

    def turns(*shares: int) -> list[dict[str, object]]:
        return [{"frame": {"art_key": key}, "share": share} for key, share in zip(keys, shares, strict=True)]

    kit = owner.post("/brands", {"turns": turns(1, 1)}).json()["brand"]
    owner.post(f"/albums/{cast.album.id}/brand", {"watermark": True, "frame": True, "brand_id": kit["id"]})
    ids = [BridgeClient(http).shoot(jpeg("red", words=str(n)))["photo_id"] for n in range(4)]
    bell.work(stage)

    def given() -> list[str | None]:
        with stage.db.reading() as tx:
            return [tx.get_one(Photo, one).voice for one in ids]

    before = given()
    assert sorted(before, key=str) == sorted(keys * 2)  # two each, whoever was first
    owner.post(f"/brands/{kit['id']}", {"turns": turns(1, 9)})
    bell.work(stage)
    assert given() == before
    owner.post(f"/brands/{kit['id']}", {"turns": turns(1, 9)[1:]})
    bell.work(stage)
    assert given() == [keys[1]] * 4
