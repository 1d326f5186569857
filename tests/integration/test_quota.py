"""How many messages a guest still allows: two sources tell of each tap, one count; property: never negative."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from backend import deliveries, milestones, subscriptions
from backend.clock import now_ms
from backend.context import Stage
from backend.models import Album, Delivery, DeliveryState, Guest, Milestone, Quota, Subscription, Tap
from tests.cast import Cast

T = "KM_ALBUM_UPDATE"
TEMPLATES = {"wx1": dict.fromkeys(Milestone, T)}


@pytest.fixture
def guest_id(stage: Stage) -> str:
    with stage.db.writing() as tx:
        guest = Guest(appid="wx1", openid="alice")
        tx.add(guest)
        tx.flush()
        return guest.id


def phone(stage: Stage, guest_id: str, tap: str = "") -> int:
    with stage.db.writing() as tx:
        return subscriptions.told_by_phone(tx, guest_id, T, tap=tap)


def push(stage: Stage, key: str, at: int = 0) -> None:
    with stage.db.writing() as tx:
        subscriptions.told_by_push(tx, "wx1", "alice", T, at or now_ms(), key)


def left(stage: Stage, guest_id: str) -> int:
    with stage.db.reading() as tx:
        return subscriptions.left(tx, guest_id, T)


def test_phone_and_push_tell_of_the_same_tap(stage: Stage, guest_id: str) -> None:
    assert phone(stage, guest_id) == 1
    push(stage, "k1")
    assert left(stage, guest_id) == 1
    push(stage, "k1")  # WeChat repeats itself
    assert left(stage, guest_id) == 1
    push(stage, "k2")  # a tap whose report by the phone comes later
    assert left(stage, guest_id) == 2
    assert phone(stage, guest_id) == 2
    assert phone(stage, guest_id, "tap-3") == 3
    assert phone(stage, guest_id, "tap-3") == 3  # the phone repeats itself


def test_reports_far_apart_are_two_taps(stage: Stage, guest_id: str) -> None:
    phone(stage, guest_id)
    push(stage, "k1", now_ms() + 11 * 60_000)
    assert left(stage, guest_id) == 2


def test_a_push_about_a_stranger_is_ignored(stage: Stage, guest_id: str) -> None:
    with stage.db.writing() as tx:
        subscriptions.told_by_push(tx, "wx2", "alice", T, now_ms(), "k")  # the same openid in another app
        subscriptions.void_openid(tx, "wx2", "alice", T)
        assert tx.query(Tap).count() == 0
    assert left(stage, guest_id) == 0


def test_two_reports_at_once_count_once(stage: Stage, guest_id: str) -> None:
    """Many taps, each told by both sides in threads of their own."""
    with stage.db.writing() as tx:
        tx.add(Quota(guest_id=guest_id, template_id=T, left=0))

    def both(n: int) -> list[threading.Thread]:
        return [
            threading.Thread(target=phone, args=(stage, guest_id, f"t{n}")),
            threading.Thread(target=push, args=(stage, f"k{n}")),
        ]

    threads = [thread for n in range(8) for thread in both(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert left(stage, guest_id) == 8


OPERATIONS = st.lists(
    st.sampled_from(["phone", "push", "again", "void", "plan", "send", "refuse", "crash"]), min_size=1, max_size=40
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OPERATIONS)
def test_the_count_is_never_negative_and_each_message_was_paid_for(
    stage: Stage, cast: Cast, guest_id: str, operations: list[str]
) -> None:
    """Whatever happens in whatever order: as many messages as taps at most, unless WeChat said so."""
    with stage.db.writing() as tx:
        for table in (Delivery, Tap, Quota, Subscription):
            tx.execute(delete(table))
        subscriptions.want(tx, guest_id, cast.album.id, T)
    taps = 0
    for n, operation in enumerate(operations):
        if operation == "phone":
            phone(stage, guest_id, f"t{n}")
        elif operation in {"push", "again"}:
            push(stage, f"k{n if operation == 'push' else 0}")
        elif operation == "void":
            with stage.db.writing() as tx:
                subscriptions.void(tx, guest_id, T)
        elif operation == "plan":
            plan(stage, cast)
        else:
            send(stage, cast, operation)
        with stage.db.reading() as tx:
            taps = tx.query(Tap).count()
            assert subscriptions.left(tx, guest_id, T) >= 0
            assert tx.query(Delivery).count() <= taps
    rows = Counter(d.milestone for d in all_deliveries(stage))
    assert all(n == 1 for m, n in rows.items() if m is not Milestone.NEW_PHOTOS)


def plan(stage: Stage, cast: Cast) -> None:
    """The album looks as if another batch had just ended."""
    now = now_ms()
    live = [now - milestones.HOUR_MS + n for n in range(50)] + [now - 10 * milestones.MINUTE_MS + n for n in range(20)]
    known = milestones.Facts(now=now + milestones.HOUR_MS, live=live, retouched=live[:3], completed_at=now + 1)
    with stage.db.writing() as tx:
        deliveries.plan(tx, cast.album.id, known, TEMPLATES, due_at=0)


def send(stage: Stage, cast: Cast, how: str) -> None:
    with stage.db.writing() as tx:
        taken = deliveries.claim(tx, cast.album.id, 1, 0)
    for owed in taken:
        if how != "crash":
            with stage.db.writing() as tx:
                deliveries.settle(tx, owed.delivery_id, sent=how == "send", outcome=how)


def all_deliveries(stage: Stage) -> list[Delivery]:
    with stage.db.reading() as tx:
        return list(tx.scalars(select(Delivery)))


def test_planners_at_once_pay_once(stage: Stage, cast: Cast) -> None:
    """Four planners, sixty guests with one message each: sixty messages, none owed twice, nothing below zero."""
    with stage.db.writing() as tx:
        guests = [Guest(appid="wx1", openid=f"g{n}") for n in range(60)]
        tx.add_all(guests)
        tx.flush()
        for guest in guests:
            tx.add(Quota(guest_id=guest.id, template_id=T, left=1))
            tx.add(Subscription(guest_id=guest.id, album_id=cast.album.id, template_id=T))
    threads = [threading.Thread(target=plan, args=(stage, cast)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    found = all_deliveries(stage)
    assert len(found) == len({d.guest_id for d in found}) == 60
    with stage.db.reading() as tx:
        assert {q.left for q in tx.query(Quota)} == {0}


def test_claimers_at_once_never_take_the_same_message_or_the_same_guest(stage: Stage, cast: Cast) -> None:
    with stage.db.writing() as tx:
        guests = [Guest(appid="wx1", openid=f"g{n}") for n in range(30)]
        tx.add_all(guests)
        tx.flush()
        for guest in guests:
            for milestone in (Milestone.FIRST_PHOTOS, Milestone.RETOUCHED):
                tx.add(
                    Delivery(guest_id=guest.id, album_id=cast.album.id, template_id=T, milestone=milestone, due_at=1)
                )
    taken: list[deliveries.Owed] = []

    def claim() -> None:
        while True:
            with stage.db.writing() as tx:
                mine = deliveries.claim(tx, cast.album.id, 4, 60)
            if not mine:
                return
            taken.extend(mine)

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(taken) == len({o.delivery_id for o in taken}) == len({o.guest_id for o in taken}) == 30


def test_a_guest_told_twice_lately_is_put_off(stage: Stage, cast: Cast, guest_id: str) -> None:
    now = now_ms()
    sent = {"album_id": cast.album.id, "guest_id": guest_id, "template_id": T}
    with stage.db.writing() as tx:
        for milestone, minutes in ((Milestone.OPEN, 8), (Milestone.FIRST_PHOTOS, 3)):
            at = now - minutes * 60_000
            tx.add(Delivery(**sent, milestone=milestone, state=DeliveryState.SENT, settled_at=at))
        tx.add(Delivery(**sent, milestone=Milestone.RETOUCHED))
    with stage.db.writing() as tx:
        assert deliveries.claim(tx, cast.album.id, 9, 60) == []
    with stage.db.writing() as tx:
        [planned] = tx.query(Delivery).filter_by(state=DeliveryState.PLANNED)
        assert abs(planned.due_at - (now + 2 * 60_000)) < 5_000  # ten minutes after the first of the two
        tx.execute(update(Album).values(notify_due_at=None))
        assert deliveries.due_jobs(tx) == []
