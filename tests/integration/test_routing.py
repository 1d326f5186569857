"""N13: two retouchers, ten photos a minute. Their minutes go to the photos guests look at most.

An evening in rows: how often a photo is looked at follows a heavy tail, fades with age, and is known beforehand only
a little (faces, light). The queue, the claims and the traces are the platform's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from backend import retouch
from backend.aids import Aids
from backend.clock import now_ms
from backend.context import Stage
from backend.db import Tx
from backend.models import Photo, PhotoState, Source, SourceKind, Trace, TraceKind
from tests.cast import Cast

MINUTES, A_MINUTE, RETOUCHERS = 30, 10, 2
FADES = 12.0  # minutes until a photo is looked at half as often


@dataclass
class Evening:
    """Photos so far, how often each will be looked at in its first minute, and was until now."""

    cast: Cast
    dice: np.random.Generator
    ids: list[str]
    pull: list[float]
    born: list[int]
    seen: dict[str, int]

    def shoot(self, tx: Tx, minute: int) -> None:
        for _ in range(A_MINUTE):
            pull = float(self.dice.lognormal(0.3, 1.3))
            faces = int(np.clip(self.dice.normal(1 + np.log1p(pull), 1.2), 0, 6))  # people look for people
            photo = Photo(
                organization_id=self.cast.organization.id,
                event_id=self.cast.event.id,
                album_id=self.cast.album.id,
                state=PhotoState.LIVE,
                digest=f"{len(self.ids):064d}",
                size=1,
                stored_at=now_ms(),
                promise=retouch.promise(Aids(1.0, 0, 0, "0", faces=faces), {"ev": float(self.dice.normal(0, 0.4))}),
            )
            tx.add(photo)
            tx.flush()
            tx.add(Source(photo_id=photo.id, kind=SourceKind.ORIGINAL, key="k", digest=photo.digest, size=1))
            self.ids.append(photo.id)
            self.pull.append(pull)
            self.born.append(minute)
            self.seen[photo.id] = 0

    def look(self, tx: Tx, minute: int) -> None:
        for photo_id, pull, born in zip(self.ids, self.pull, self.born, strict=True):
            looks = int(self.dice.poisson(pull * 0.5 ** ((minute - born) / FADES)))
            self.seen[photo_id] += looks
            tx.add_all(self._trace(f"{photo_id}-{minute}", n, photo_id) for n in range(looks))

    def _trace(self, batch: str, n: int, photo_id: str) -> Trace:
        where = {"event_id": self.cast.event.id, "album_id": self.cast.album.id}
        row = {"photo_id": photo_id, "guest_id": f"g{n}", "kind": TraceKind.VIEW, "done_at": now_ms()}
        return Trace(batch=batch, n=n, organization_id=self.cast.organization.id, **where, **row)


def work(tx: Tx, cast: Cast) -> set[str]:
    """Each retoucher does one photo a minute."""
    done = set()
    for number in range(RETOUCHERS):
        member = f"r{number}"
        task = retouch.claim(tx, member, cast.event.id)
        if task is not None:
            retouch.submit(tx, task.photo_id, member)
            done.add(task.photo_id)
    return done


@pytest.mark.parametrize("seed", [1])
def test_the_photos_looked_at_most_are_retouched_by_hand(stage: Stage, cast: Cast, seed: int) -> None:
    evening = Evening(cast, np.random.default_rng(seed), [], [], [], {})
    done: set[str] = set()
    with stage.db.writing() as tx:
        for minute in range(MINUTES):
            evening.shoot(tx, minute)
            evening.look(tx, minute)
            done |= work(tx, cast)
    top = sorted(evening.seen, key=lambda one: -evening.seen[one])[: len(evening.seen) // 5]
    by_hand = sum(photo in done for photo in top) / len(top)
    print(f"of the {len(top)} photos looked at most {by_hand:.0%} were retouched by hand")
    assert len(done) == MINUTES * RETOUCHERS
    assert by_hand >= 0.8


def test_before_anybody_looks_people_and_wrong_light_come_first() -> None:
    fine = Aids(1.0, 0, 0.1, "0", faces=0)
    speaker = Aids(1.0, 0, 0.6, "0", faces=1)
    group = Aids(1.0, 0, 0.1, "0", faces=5)
    lost = Aids(0.1, 0, 0.1, "0", faces=5)
    order = [retouch.promise(one, {"ev": 0.0}) for one in (group, speaker, lost, fine)]
    assert order == sorted(order, reverse=True)
    assert retouch.promise(fine, {"ev": -1.5}) > retouch.promise(fine, {"ev": 0.0})
    assert retouch.promise(None, {}) == 0
