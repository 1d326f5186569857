"""The notifying worker dies at every call, before or after it was done: nobody is lost, nobody is told a third time."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import update

from backend.clock import now_ms
from backend.context import Stage
from backend.jobs import NotifyAlbum
from backend.models import Delivery, DeliveryState, Guest, Photo, PhotoState, Quota, Subscription
from backend.wechat import Outcome, Told
from tests.cast import Cast
from tests.chaos.dying import Crash, Death, MortalDatabase
from tests.conftest import FakeBell
from workers import notify, sweep

T = "KM_ALBUM_UPDATE"
GUESTS = 5
CALLS = 24  # transactions and messages of one round; a test below holds that


class MortalWeChat:
    """Keeps what was told; one message costs one tap."""

    appid = "wx1"

    def __init__(self, death: Death, told: Counter[str]) -> None:
        self._death = death
        self._told = told

    def tell(self, openid: str, template_id: str, data: dict[str, str], *, page: str = "") -> Told:
        with self._death.around():
            self._told[openid] += 1
            return Told(Outcome.SENT, msgid=f"{openid}-{self._told[openid]}")


@pytest.fixture
def listeners(stage: Stage, cast: Cast) -> None:
    now = now_ms()
    with stage.db.writing() as tx:
        for n in range(GUESTS):
            guest = Guest(appid="wx1", openid=f"g{n}")
            tx.add(guest)
            tx.flush()
            tx.add(Quota(guest_id=guest.id, template_id=T, left=1))
            since = now - 60_000
            tx.add(Subscription(guest_id=guest.id, album_id=cast.album.id, template_id=T, created_at=since))
        tx.add(
            Photo(
                organization_id=cast.organization.id,
                event_id=cast.event.id,
                album_id=cast.album.id,
                digest="d",
                size=1,
                state=PhotoState.LIVE,
                live_at=now - 1000,
            )
        )


def mortal(stage: Stage, bell: FakeBell, death: Death, told: Counter[str], senders: int) -> Stage:
    settings = stage.settings.model_copy(update={"notify_senders": senders, "lease_ttl": 1})
    db = MortalDatabase(str(stage.settings.database_url), bell, death)
    return dataclasses.replace(stage, wechat=MortalWeChat(death, told), db=db, settings=settings)


def finish(stage: Stage, bell: FakeBell, cast: Cast, told: Counter[str]) -> None:
    """A new worker, after the leases of the old one."""
    with stage.db.writing() as tx:
        tx.execute(update(Delivery).values(lease_until=0))
        tx.get_one(type(cast.album), cast.album.id).notify_due_at = 1
    bell.rung.clear()
    alive: Any = dataclasses.replace(stage, wechat=MortalWeChat(Death(0, after=False), told))
    sweep.once(alive)
    bell.work(alive)


@pytest.mark.parametrize("senders", [1, 3])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_death_at_every_call(
    stage: Stage, bell: FakeBell, cast: Cast, listeners: None, at: int, after: bool, senders: int
) -> None:
    told: Counter[str] = Counter()
    dying = mortal(stage, bell, Death(at, after=after), told, senders)
    with contextlib.suppress(Crash):
        notify.album(dying, NotifyAlbum(cast.album.id))
    dying.db.engine.dispose()
    finish(stage, bell, cast, told)
    assert set(told) == {f"g{n}" for n in range(GUESTS)}  # nobody is lost
    assert max(told.values()) <= 2  # the one repeat of a lost answer
    assert sum(told.values()) - GUESTS <= senders  # and only of what was under way
    with stage.db.reading() as tx:
        assert [d.state for d in tx.query(Delivery)] == [DeliveryState.SENT] * GUESTS
        assert {q.left for q in tx.query(Quota)} == {0}
    assert sweep.once(stage) == 0


def test_the_range_covers_every_call(stage: Stage, bell: FakeBell, cast: Cast, listeners: None) -> None:
    death, told = Death(0, after=False), Counter[str]()
    living = mortal(stage, bell, death, told, 1)
    notify.album(living, NotifyAlbum(cast.album.id))
    living.db.engine.dispose()
    assert GUESTS < death.calls <= CALLS
    assert sum(told.values()) == GUESTS
