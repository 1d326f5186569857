"""A real worker process is killed again and again in the middle of sending: nobody is lost, a repeat costs a kill."""

from __future__ import annotations

import functools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from backend import config
from backend.clock import now_ms
from backend.context import Stage
from backend.db import Database
from backend.jobs import RqBell
from backend.models import Album, Delivery, DeliveryState, Guest, Photo, PhotoState, Quota, Subscription
from backend.wechat.opening import SANDBOX_APPID
from launch.sandbox.wechat.memory import User
from tests.cast import Cast
from tests.wechat_sandbox import (
    ALBUM_UPDATE,
    Sandbox,
)
from workers import sweep

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
GUESTS = 300
KILLS = 20
SENDERS = 4
PATIENCE_S = 240
NURSERY = """
import json, sys
from pathlib import Path
from launch import crew, forked

for _ in sys.stdin:
    child = forked.fork("notify", lambda: crew.work("notify"), json.loads(sys.argv[1]), Path(sys.argv[2]))
    print(child.pid, flush=True)
"""


@pytest.fixture
def real(stage: Stage, sandbox: Sandbox) -> Iterator[Stage]:
    """Rings through a real queue; each guest has allowed more in WeChat than we know, so that a repeat arrives."""
    db = Database(str(stage.settings.database_url), RqBell(stage.redis))
    yield replace(stage, db=db, bell=RqBell(stage.redis))
    db.engine.dispose()


def listeners(real: Stage, sandbox: Sandbox, cast: Cast) -> None:
    now = now_ms()
    with sandbox.world.lock:
        sandbox.world.memory.send_ms = 15
        for n in range(GUESTS):
            sandbox.app.users[f"g{n}"] = User(f"g{n}", f"g{n}", seen_at=now)
            sandbox.app.credits[f"g{n}"] = {ALBUM_UPDATE: 1 + KILLS}
    with real.db.writing() as tx:
        for n in range(GUESTS):
            guest = Guest(appid=SANDBOX_APPID, openid=f"g{n}")
            tx.add(guest)
            tx.flush()
            tx.add(Quota(guest_id=guest.id, template_id=ALBUM_UPDATE, left=1))
            wish = {"guest_id": guest.id, "album_id": cast.album.id, "template_id": ALBUM_UPDATE}
            tx.add(Subscription(**wish, created_at=now - 60_000))
        first = {"organization_id": cast.organization.id, "event_id": cast.event.id, "album_id": cast.album.id}
        tx.add(Photo(**first, digest="d", size=1, state=PhotoState.LIVE, live_at=now - 1000))
        tx.get_one(Album, cast.album.id).notify_due_at = 1


@pytest.fixture
def workers(real: Stage, sandbox: Sandbox) -> Iterator[Callable[[], int]]:
    """Starts another worker as `kuaimen up` does, a fork of what is imported already; answers its pid."""
    told = {
        "data_dir": str(real.settings.data_dir),
        "database_url": str(real.settings.database_url),
        "redis_url": real.settings.redis_url,
        "wechat_base_url": sandbox.url,
        "notify_senders": str(SENDERS),
    }
    nursery = subprocess.Popen(
        (sys.executable, "-P", "-c", NURSERY, json.dumps(config.environment(**told)), str(log_of(real))),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert nursery.stdin
    assert nursery.stdout

    def start() -> int:
        print("one more", file=nursery.stdin, flush=True)
        return int(nursery.stdout.readline())

    with nursery:
        yield start
        nursery.kill()  # and its children with it


def log_of(real: Stage) -> Path:
    return real.settings.data_dir / "worker.log"


def until(true: Callable[[], bool], real: Stage, what: str) -> None:
    """Ringing as the sweep does all the while."""
    give_up_at = time.monotonic() + PATIENCE_S
    rung_at = 0.0
    while not true():
        assert time.monotonic() < give_up_at, f"{what}: {log_of(real).read_text()[-2000:]}"
        if time.monotonic() > rung_at + 0.5:
            rung_at = time.monotonic()
            sweep.once(real)
        time.sleep(0.002)


def arrived(sandbox: Sandbox, at_least: int) -> bool:
    return len(sandbox.app.messages) >= at_least


def planned(real: Stage) -> bool:
    with real.db.reading() as tx:
        return bool(tx.scalar(select(func.count()).select_from(Delivery)))


def everybody_told(real: Stage) -> bool:
    with real.db.reading() as tx:
        told = select(func.count()).select_from(Delivery).where(Delivery.state == DeliveryState.SENT)
        return tx.scalar(told) == GUESTS


def nobody_lives(real: Stage) -> None:
    """The leases of the dead are over."""
    with real.db.writing() as tx:
        tx.execute(update(Delivery).values(lease_until=0))
        tx.execute(update(Album).values(notify_due_at=1))


def test_killed_in_the_middle_of_sending(real: Stage, cast: Cast, sandbox: Sandbox, workers: Callable[[], int]) -> None:
    dice = random.Random(5)
    listeners(real, sandbox, cast)
    for n in range(KILLS):
        there = len(sandbox.app.messages) + dice.randint(1, GUESTS // KILLS)
        pid = workers()
        if n == 0:
            until(lambda: planned(real), real, "a plan")
        else:
            until(functools.partial(arrived, sandbox, there), real, f"{there} messages")
        os.kill(pid, signal.SIGKILL)
        nobody_lives(real)
    assert not everybody_told(real)  # each of them died in the middle
    workers()
    until(lambda: everybody_told(real), real, "everybody told")
    cards = Counter(message.openid for message in sandbox.app.messages)
    with real.db.reading() as tx:
        tries = dict(tx.execute(select(Guest.openid, Delivery.attempts).join(Delivery)).all())
        assert {q.left for q in tx.query(Quota)} == {0}
        assert tx.query(Delivery).count() == GUESTS
    assert set(cards) == {f"g{n}" for n in range(GUESTS)}  # nobody is lost
    assert all(cards[name] <= tries[name] for name in cards)  # a second card only where an answer was lost
    assert sum(cards.values()) - GUESTS <= KILLS * SENDERS
    assert sum(tries.values()) - GUESTS <= KILLS * SENDERS
