"""What becomes of a message: every row of §7.2's table through sandbox, gateway and rows; night, end, lost answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from backend import accounts, slates, subscriptions
from backend.api.messages import OUTCOMES, outcome_words
from backend.clock import now_ms
from backend.context import Stage
from backend.jobs import ApplyPushes, NotifyAlbum
from backend.milestones import DAY_MS, HOUR_MS
from backend.models import (
    Album,
    Audit,
    Delivery,
    DeliveryState,
    Event,
    Guest,
    Milestone,
    Photo,
    PhotoState,
    Subscription,
)
from backend.wechat import WeChat
from backend.wechat.opening import templates_of
from launch.app import create_app
from tests.cast import PASSWORD, Cast
from tests.conftest import FakeBell
from tests.platform_server import served
from tests.wechat_sandbox import (
    ALBUM_UPDATE,
    Sandbox,
    until,
)
from workers import notify, pushes, sweep

pytestmark = pytest.mark.slow
SEND = "/cgi-bin/message/subscribe/send"


@pytest.fixture
def real(stage: Stage, wechat: WeChat) -> Stage:
    settings = stage.settings.model_copy(update={"notify_senders": 1})
    return dataclasses.replace(stage, wechat=wechat, settings=settings)


@pytest.fixture
def pushed(real: Stage, sandbox: Sandbox) -> Iterator[Stage]:
    """The sandbox's pushes arrive."""
    with served(create_app(real)) as url:
        sandbox.act("push", url=f"{url}/mp/v1/wechat/push")
        yield real


def listener(real: Stage, sandbox: Sandbox, cast: Cast, name: str, taps: int = 1) -> str:
    """A guest who wants to hear of the album, with `taps` in WeChat and as many believed."""
    openid = sandbox.guest(name, quota=taps)
    with real.db.writing() as tx:
        guest = accounts.guest(tx, real.wechat.appid, openid)
        for n in range(taps):
            subscriptions.told_by_phone(tx, guest.id, ALBUM_UPDATE, tap=f"t{n}")
        subscriptions.want(tx, guest.id, cast.album.id, ALBUM_UPDATE)
        tx.execute(update(Subscription).values(created_at=now_ms() - HOUR_MS))
        return guest.id


def photos(real: Stage, cast: Cast, *, minutes_ago: float = 1, count: int = 1, retouched: bool = False) -> None:
    at = now_ms() - int(minutes_ago * 60_000)
    with real.db.writing() as tx:
        for n in range(count):
            tx.add(
                Photo(
                    organization_id=cast.organization.id,
                    event_id=cast.event.id,
                    album_id=cast.album.id,
                    digest=f"{at}-{n}",
                    size=1,
                    state=PhotoState.LIVE,
                    live_at=at + n,
                    retouched_at=at if retouched else None,
                )
            )


def run(real: Stage, cast: Cast) -> None:
    notify.album(real, NotifyAlbum(cast.album.id))


def heard(real: Stage) -> None:
    """A worker applies what WeChat pushed."""
    pushes.apply(real, ApplyPushes())


def hurry(real: Stage) -> None:
    with real.db.writing() as tx:
        tx.execute(update(Delivery).where(Delivery.state == DeliveryState.PLANNED).values(due_at=0, lease_until=0))


def rows(real: Stage) -> list[Delivery]:
    with real.db.reading() as tx:
        return list(tx.query(Delivery).order_by(Delivery.created_at, Delivery.id))


def left(real: Stage, guest_id: str) -> int:
    with real.db.reading() as tx:
        return subscriptions.left(tx, guest_id, ALBUM_UPDATE)


def cards(sandbox: Sandbox) -> list[dict[str, Any]]:
    return list(sandbox.look("messages")["messages"])


P, S, R = DeliveryState.PLANNED, DeliveryState.SENT, DeliveryState.REFUSED


@pytest.mark.parametrize(
    ("errcode", "state", "outcome", "counted", "later"),
    [
        (43101, R, "refused", 0, R),  # believed over whatever we counted
        (40003, R, "no_guest", 0, R),
        (40037, P, "no_template", 1, S),  # held for the operator, then sent
        (47003, P, "misfit thing1", 1, S),
        (43107, P, "banned", 1, S),
        (43108, P, "busy", 1, S),
        (45009, P, "errcode 45009", 1, S),
        (45011, P, "errcode 45011", 1, S),
        (40038, P, "errcode 40038", 1, S),
        (-1, P, "errcode -1", 1, S),
        (48001, P, "errcode 48001", 1, S),  # the operator must do something
        (40001, S, "sent", 1, S),  # one more token, one more try, within the call
        (42001, S, "sent", 1, S),
        (41030, S, "sent", 1, S),  # without the page
        (45168, S, "sent", 1, S),  # without the title
    ],
)
def test_every_row_of_the_table(
    real: Stage,
    cast: Cast,
    sandbox: Sandbox,
    errcode: int,
    state: DeliveryState,
    outcome: str,
    counted: int,
    later: DeliveryState,
) -> None:
    """One guest with two taps, one of them owed for the first photos."""
    guest_id = listener(real, sandbox, cast, "alice", taps=2)
    photos(real, cast)
    errmsg = "argument invalid! data.thing1.value is emtpy" if errcode == 47003 else "injected"
    sandbox.act("inject", path=SEND, errcode=errcode, errmsg=errmsg, times=1)
    run(real, cast)
    [row] = rows(real)
    assert (row.state, row.outcome, left(real, guest_id)) == (state, outcome, counted)
    hurry(real)
    run(real, cast)
    [row] = rows(real)
    assert row.state is later
    assert len(cards(sandbox)) == (later is S)
    if state is R:
        with real.db.reading() as tx:
            assert tx.query(Subscription).count() == (0 if errcode == 40003 else 1)


def test_an_unreleased_page_and_a_sensitive_title_are_left_out(real: Stage, cast: Cast, sandbox: Sandbox) -> None:
    """By the sandbox's own rules, without injection."""
    with real.db.writing() as tx:
        tx.execute(update(Event).values(title="敏感词大会"))
    sandbox.act("switch", pages=["pages/home/home"])
    listener(real, sandbox, cast, "alice")
    photos(real, cast)
    run(real, cast)
    [card] = cards(sandbox)
    assert (card["lines"][0][1], card["page"]) == ("活动相册", "")
    assert rows(real)[0].state is S


def test_what_is_wrong_for_everybody_holds_everybody(real: Stage, cast: Cast, sandbox: Sandbox) -> None:
    """A banned template costs one call, not one per guest, and nobody's message."""
    guests = [listener(real, sandbox, cast, name) for name in ("alice", "bob", "carol", "dave")]
    photos(real, cast)
    sandbox.act("switch", template_id=ALBUM_UPDATE, banned=True)
    run(real, cast)
    assert [(r.state, r.outcome) for r in rows(real)] == [(P, "banned")] * 4
    assert len(sandbox.calls(SEND)) == 1
    assert sweep.once(real) == 0  # nothing is due for an hour
    sandbox.act("switch", template_id=ALBUM_UPDATE, banned=False)
    hurry(real)
    run(real, cast)
    assert [r.state for r in rows(real)] == [S] * 4
    assert [left(real, g) for g in guests] == [0] * 4


def test_a_lost_answer_is_settled_by_the_push_and_not_sent_again(pushed: Stage, cast: Cast, sandbox: Sandbox) -> None:
    listener(pushed, sandbox, cast, "alice", taps=3)
    photos(pushed, cast)
    sandbox.act("inject", path=SEND, http=502, after=True, times=1)
    run(pushed, cast)
    until(lambda: heard(pushed) or rows(pushed)[0].state is S, "the push about the arrival")
    hurry(pushed)
    run(pushed, cast)
    [card] = cards(sandbox)
    assert rows(pushed)[0].msgid == str(card["msgid"])


def test_a_lost_answer_without_a_push_is_one_repeat(real: Stage, cast: Cast, sandbox: Sandbox) -> None:
    listener(real, sandbox, cast, "alice", taps=3)
    photos(real, cast)
    sandbox.act("inject", path=SEND, http=502, after=True, times=1)
    run(real, cast)
    [row] = rows(real)
    assert (row.state, row.outcome) == (P, "lost")
    assert row.due_at > now_ms() + 20_000  # time for the push
    hurry(real)
    run(real, cast)
    assert (rows(real)[0].state, len(cards(sandbox))) == (S, 2)


def test_credits_come_from_the_push_and_a_guest_may_switch_them_off(
    pushed: Stage, cast: Cast, sandbox: Sandbox
) -> None:
    openid = sandbox.guest("alice")
    with pushed.db.writing() as tx:
        guest_id = accounts.guest(tx, pushed.wechat.appid, openid).id
    sandbox.act("accept", openid=openid, template_id=ALBUM_UPDATE, n=2)
    until(lambda: heard(pushed) or left(pushed, guest_id) == 2, "two credits by push")
    sandbox.act("redeliver")
    sandbox.act("refuse", openid=openid, template_id=ALBUM_UPDATE)
    heard(pushed)
    assert left(pushed, guest_id) == 2
    sandbox.act("refuse", openid=openid, template_id=ALBUM_UPDATE, always=True)
    until(lambda: heard(pushed) or left(pushed, guest_id) == 0, "void by the change event")


def test_two_hundred_photos_in_ten_minutes_are_at_most_two_messages(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox
) -> None:
    listener(real, sandbox, cast, "alice", taps=20)
    for minute in range(10, 0, -1):
        photos(real, cast, minutes_ago=minute, count=20)
        with real.db.writing() as tx:
            tx.execute(update(Album).values(notify_due_at=1))
        sweep.once(real)
        bell.work(real)
    assert 1 <= len(cards(sandbox)) <= 2


def test_after_the_end_and_two_weeks_nothing_is_told(real: Stage, cast: Cast, sandbox: Sandbox) -> None:
    guest_id = listener(real, sandbox, cast, "alice", taps=2)
    photos(real, cast)
    sandbox.act("inject", path=SEND, errcode=-1, times=1)
    run(real, cast)  # planned, paid, not sent
    with real.db.writing() as tx:
        tx.execute(update(Event).values(ends_at=now_ms() - 15 * DAY_MS))
    photos(real, cast, minutes_ago=0.5, count=30, retouched=True)
    hurry(real)
    run(real, cast)
    assert [(r.state, r.outcome) for r in rows(real)] == [(R, "too_late")]
    assert (cards(sandbox), left(real, guest_id)) == ([], 2)  # paid back


def test_at_night_messages_wait_for_the_morning(real: Stage, cast: Cast, sandbox: Sandbox) -> None:
    hour = (now_ms() // HOUR_MS + 8) % 24  # in Shanghai
    night = f"{hour}-{(hour + 2) % 24}"
    asleep = dataclasses.replace(real, settings=real.settings.model_copy(update={"notify_quiet": night}))
    listener(real, sandbox, cast, "alice")
    photos(real, cast)
    run(asleep, cast)
    [row] = rows(real)
    assert row.state is P
    assert now_ms() < row.due_at <= now_ms() + 2 * HOUR_MS
    assert (cards(sandbox), sweep.once(asleep)) == ([], 0)
    hurry(real)
    run(real, cast)
    assert len(cards(sandbox)) == 1


def test_one_credit_is_spent_on_the_complete_album(real: Stage, cast: Cast, sandbox: Sandbox) -> None:
    """M3 with one template for everything: first photos and digests pass by, the end is told."""
    single = dataclasses.replace(real, settings=real.settings.model_copy(update={"wechat_templates": ""}))
    listener(real, sandbox, cast, "alice")
    listener(real, sandbox, cast, "bob", taps=2)
    photos(real, cast, minutes_ago=40, count=30)
    run(single, cast)
    photos(real, cast, minutes_ago=30, count=30, retouched=True)
    run(single, cast)
    with real.db.writing() as tx:
        tx.get_one(Album, cast.album.id).completed_at = now_ms()
    run(single, cast)
    with real.db.reading() as tx:
        names = {g.id: g.openid for g in tx.query(Guest)}
    told = {names[r.guest_id]: r.milestone for r in rows(real) if r.milestone is Milestone.COMPLETE}
    assert told == dict.fromkeys(("sandbox_alice", "sandbox_bob"), Milestone.COMPLETE)
    assert sorted(m["openid"] for m in cards(sandbox)) == ["sandbox_alice", "sandbox_bob", "sandbox_bob"]


def test_an_organizer_sees_what_became_of_every_message(real: Stage, cast: Cast, sandbox: Sandbox) -> None:
    for name in ("alice", "bob"):
        listener(real, sandbox, cast, name)
    photos(real, cast)
    sandbox.act("inject", path=SEND, errcode=43101, times=1)
    run(real, cast)
    with httpx.Client(transport=httpx.WSGITransport(create_app(real)), base_url="http://kuaimen.test") as http:
        token = http.post("/api/v1/login", json={"login": "owner", "password": PASSWORD}).json()["token"]
        http.cookies.clear()
        owner = {"Authorization": f"Bearer {token}"}
        said = http.get(f"/api/v1/events/{cast.event.id}/messages", headers=owner).json()
        only = http.get(f"/api/v1/events/{cast.event.id}/messages?state=sent", headers=owner).json()["messages"]
        done = [http.post(f"/api/v1/albums/{cast.album.id}/complete", headers=owner).json() for _ in range(2)]
    assert (said["listeners"], said["allowed"]) == (2, 0)
    assert [(t["milestone"], t["state"], t["outcome"], t["n"]) for t in said["totals"]] == [
        ("first_photos", "refused", "refused", 1),
        ("first_photos", "sent", "sent", 1),
    ]
    assert {tuple(m["words"]) for m in said["messages"]} == {OUTCOMES["sent"], OUTCOMES["refused"]}
    assert [m["state"] for m in only] == ["sent"]
    assert done[0] == done[1]
    with real.db.reading() as tx:
        assert tx.query(Audit).filter_by(action="complete").count() == 1


@pytest.mark.parametrize("outcome", ["errcode 48001", "errcode -1", "undelivered 1", "misfit thing1", "lost", ""])
def test_every_outcome_has_words(outcome: str) -> None:
    chinese, english = outcome_words(outcome)
    assert any("\u4e00" <= c <= "\u9fff" for c in chinese)
    assert english.isascii()


def test_whoever_held_up_a_slate_hears_of_their_photos_once_a_round(real: Stage, cast: Cast, sandbox: Sandbox) -> None:
    """M2: the frames after a guest's slate; others who listen are not told of them."""
    template_id = templates_of(real.settings).found
    alice, bob = (listener(real, sandbox, cast, name, taps=0) for name in ("alice", "bob"))
    with real.db.writing() as tx:
        for guest_id in (alice, bob):
            openid = tx.get_one(Guest, guest_id).openid
            sandbox.act("accept", openid=openid, template_id=template_id, n=2)
            for tap in ("f0", "f1"):
                subscriptions.told_by_phone(tx, guest_id, template_id, tap=tap)
    photos(real, cast, minutes_ago=10, count=3)
    with real.db.writing() as tx:
        slate_frame, first, second = tx.query(Photo).order_by(Photo.live_at)
        slate_frame.state = PhotoState.HIDDEN
        slate_frame.camera = first.camera = "cam1"
        second.camera = "cam2"
        slate_frame.shot_at, first.shot_at, second.shot_at = 1000, 2000, 3000
        said = slates.text(slates.of_guest(tx, alice, cast.event.id))
        assert slates.sight(tx, slate_frame.id, said)
    run(real, cast)
    run(real, cast)
    assert [(d.guest_id, d.milestone, d.count, d.state) for d in rows(real)] == [
        (alice, Milestone.FOUND, 1, DeliveryState.SENT)
    ]
    (page,) = {m["page"] for m in sandbox.look("messages")["messages"] if m["template_id"] == template_id}
    assert page.startswith("pages/mine/mine?list=slate&album=")
    with real.db.writing() as tx:
        tx.execute(update(Delivery).values(settled_at=now_ms() - HOUR_MS))
        tx.execute(update(Photo).where(Photo.shot_at == 3000).values(camera="cam1"))  # their next frame
    run(real, cast)
    assert [(d.milestone, d.round, d.count) for d in rows(real)][1:] == [(Milestone.FOUND, 1, 2)]
