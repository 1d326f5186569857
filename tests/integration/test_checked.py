"""Albums whose photos are looked at: what every answer of WeChat, and its silence, does to what guests see."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import update

from backend import accounts, checking, moderation
from backend.context import Stage
from backend.jobs import ApplyPushes
from backend.models import (
    Album,
    Audit,
    Check,
    Checking,
    CheckState,
    Contributions,
    FaceVeil,
    Photo,
    PhotoState,
    Reason,
    Report,
)
from backend.wechat import Suggest, Verdict, WeChat
from launch.app import create_app
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg
from tests.conftest import FakeBell
from tests.platform_server import served
from tests.wechat_sandbox import (
    Sandbox,
    until,
)
from workers import pushes, sweep

pytestmark = pytest.mark.slow


@pytest.fixture
def real(stage: Stage, wechat: WeChat, sandbox: Sandbox) -> Iterator[Stage]:
    """The platform with the sandbox as its WeChat, which pushes to it."""
    found = dataclasses.replace(stage, wechat=wechat)
    with served(create_app(found)) as url:
        sandbox.act("push", url=f"{url}/mp/v1/wechat/push")
        sandbox.act("switch", media_fetch=False)
        yield found


def album(real: Stage, cast: Cast, checking: Checking) -> None:
    with real.db.writing() as tx:
        tx.get_one(Album, cast.album.id).checking = checking


def somebody_is_there(real: Stage, sandbox: Sandbox, name: str = "alice") -> None:
    openid = sandbox.guest(name)
    with real.db.writing() as tx:
        accounts.guest(tx, real.wechat.appid, openid)


def photo_comes(real: Stage, bell: FakeBell, colour: str = "red") -> None:
    with httpx.Client(transport=httpx.WSGITransport(create_app(real)), base_url="http://kuaimen.test") as http:
        BridgeClient(http).shoot(jpeg(colour))
    bell.work(real)


def now(real: Stage) -> tuple[PhotoState, CheckState, str]:
    with real.db.reading() as tx:
        photo, check = tx.query(Photo).one(), tx.query(Check).one()
        return photo.state, check.state, check.reason


def settled(real: Stage, wanted: CheckState) -> None:
    until(lambda: pushes.apply(real, ApplyPushes()) or now(real)[1] is wanted, f"check is {wanted}")


@pytest.mark.parametrize(
    ("rule", "suggest", "photo_state", "check_state"),
    [
        (Checking.AFTER, "pass", PhotoState.LIVE, CheckState.PASSED),
        (Checking.AFTER, "review", PhotoState.LIVE, CheckState.REVIEW),
        (Checking.AFTER, "risky", PhotoState.HIDDEN, CheckState.RISKY),
        (Checking.BEFORE, "pass", PhotoState.LIVE, CheckState.PASSED),
        (Checking.BEFORE, "review", PhotoState.STORED, CheckState.REVIEW),
        (Checking.BEFORE, "risky", PhotoState.HIDDEN, CheckState.RISKY),
    ],
)
def test_each_verdict_under_each_rule(
    real: Stage,
    bell: FakeBell,
    cast: Cast,
    sandbox: Sandbox,
    rule: Checking,
    suggest: str,
    photo_state: PhotoState,
    check_state: CheckState,
) -> None:
    album(real, cast, rule)
    somebody_is_there(real, sandbox)
    sandbox.act("switch", media_suggest=suggest)
    with sandbox.verdicts_held():
        photo_comes(real, bell)
        assert now(real)[:2] == (PhotoState.LIVE if rule is Checking.AFTER else PhotoState.STORED, CheckState.ASKED)
    settled(real, check_state)
    assert now(real)[0] is photo_state
    with real.db.reading() as tx:
        risky = tx.query(Audit).filter_by(action="risky").all()
    assert [(a.actor, a.after) for a in risky] == ([("system", {"label": 20002})] if suggest == "risky" else [])
    assert len(sandbox.calls("media_check_async")) == 1


def test_risky_is_off_every_screen_within_three_seconds_of_the_push(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox
) -> None:
    album(real, cast, Checking.AFTER)
    somebody_is_there(real, sandbox)
    sandbox.act("switch", media_suggest="risky", media_ms=50)
    photo_comes(real, bell)
    began = time.monotonic()
    settled(real, CheckState.RISKY)
    assert time.monotonic() - began < 3
    with real.db.reading() as tx:
        photo, revision = tx.query(Photo).one(), tx.get_one(Album, cast.album.id).revision
    assert photo.revision == revision  # a tombstone that every cursor meets
    bell.work(real)
    assert list(real.store.keys("r/")) == []


def test_nobody_in_the_mini_program_is_asked_again_and_then_a_person(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox
) -> None:
    """61010: our row says the guest was there, WeChat says that is long ago."""
    album(real, cast, Checking.BEFORE)
    somebody_is_there(real, sandbox)
    sandbox.act("advance", seconds=3 * 3600)
    photo_comes(real, bell)
    assert now(real) == (PhotoState.STORED, CheckState.WANTED, "unseen")
    for _ in range(4):
        hurry(real)
        sweep.once(real)
        bell.work(real)
    assert now(real) == (PhotoState.STORED, CheckState.REVIEW, "unseen")
    assert sweep.once(real) == 0


def test_somebody_who_enters_later_lets_the_check_go_on(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox
) -> None:
    album(real, cast, Checking.BEFORE)
    photo_comes(real, bell)
    assert now(real) == (PhotoState.STORED, CheckState.WANTED, "unseen")
    assert sandbox.calls("media_check_async") == []  # nobody to ask with
    somebody_is_there(real, sandbox)
    hurry(real)
    sweep.once(real)
    bell.work(real)
    settled(real, CheckState.PASSED)
    assert now(real)[0] is PhotoState.LIVE


def test_silence_of_45_minutes_is_asked_again_once_and_then_a_person(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox
) -> None:
    album(real, cast, Checking.AFTER)
    somebody_is_there(real, sandbox)
    sandbox.act("switch", media_ms=3_600_000)
    photo_comes(real, bell)
    assert sweep.once(real) == 0  # not before its time
    for asked in (2, 2):
        hurry(real)
        assert sweep.once(real) == 1
        bell.work(real)
        assert len(sandbox.calls("media_check_async")) == asked
    assert now(real) == (PhotoState.LIVE, CheckState.REVIEW, "silent")


def test_a_picture_wechat_cannot_fetch_ends_with_a_person(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox
) -> None:
    """-1008: the store's address is not open to Tencent."""
    album(real, cast, Checking.AFTER)
    somebody_is_there(real, sandbox)
    sandbox.act("switch", media_fetch=True)
    photo_comes(real, bell)
    until(
        lambda: pushes.apply(real, ApplyPushes()) or now(real)[2] == "errcode -1008", "the push about the failed fetch"
    )
    assert now(real)[1] is CheckState.WANTED
    hurry(real)
    sweep.once(real)
    bell.work(real)
    settled(real, CheckState.REVIEW)


@pytest.mark.parametrize(
    ("errcode", "wanted"), [(44991, CheckState.WANTED), (-1, CheckState.WANTED), (48001, CheckState.REVIEW)]
)
def test_errors_wait_or_end_with_a_person(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox, errcode: int, wanted: CheckState
) -> None:
    album(real, cast, Checking.AFTER)
    somebody_is_there(real, sandbox)
    sandbox.act("inject", path="media_check_async", errcode=errcode, times=1)
    photo_comes(real, bell)
    assert now(real) == (PhotoState.LIVE, wanted, f"errcode {errcode}")


def test_switching_the_rule_on_looks_at_what_is_there(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox
) -> None:
    somebody_is_there(real, sandbox)
    photo_comes(real, bell)
    assert sandbox.calls("media_check_async") == []
    album(real, cast, Checking.AFTER)
    sweep.once(real)
    bell.work(real)
    settled(real, CheckState.PASSED)


def hurry(real: Stage) -> None:
    """What was put off is due."""
    with real.db.writing() as tx:
        tx.execute(update(Check).values(due_at=0))


def test_risky_words_of_a_guest_leave_the_queue_and_the_request_stands(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox
) -> None:
    photo_comes(real, bell)
    somebody_is_there(real, sandbox)
    for name, words in (("alice", "这里有违规内容"), ("bob", "这是我")):
        with real.db.writing() as tx:
            guest = accounts.guest(tx, real.wechat.appid, sandbox.guest(name))
            moderation.report(tx, tx.query(Photo).one().id, guest.id, Reason.ME, words)
    bell.work(real)
    with real.db.reading() as tx:
        assert sorted(r.words for r in tx.query(Report)) == ["", "这是我"]
        assert tx.query(Audit).filter_by(action="risky_words").count() == 1
        assert tx.query(Photo).one().state is PhotoState.HIDDEN


@pytest.mark.parametrize(
    ("words", "broken", "status"), [("违规", 0, 422), ("王小明", 0, 200), ("违规", -1, 200), ("违规", 44991, 200)]
)
def test_what_an_organizer_types_for_guests_is_checked(
    real: Stage, cast: Cast, sandbox: Sandbox, words: str, broken: int, status: int
) -> None:
    """Risky words are refused; a moderator without an opinion refuses nothing."""
    somebody_is_there(real, sandbox)
    if broken:
        sandbox.act("inject", path="msg_sec_check", errcode=broken, times=9)
    token = real.signer.issue("member", cast.owner.id, ttl_s=600, epoch=0)
    with httpx.Client(transport=httpx.WSGITransport(create_app(real)), base_url="http://kuaimen.test") as http:
        answer = http.post(
            f"/api/v1/albums/{cast.album.id}/invitations",
            json={"guests": [{"name": words}]},
            headers={"Authorization": f"Bearer {token}"},
        )
    assert answer.status_code == status
    if status == 422:
        assert answer.json()["code"] == "risky_words"


def test_words_on_photos_with_a_given_one_and_of_a_wish_to_be_covered(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox
) -> None:
    """A watermark's are refused, and a message's; those of a wish are left out, and the wish stands."""
    photo_comes(real, bell)
    with real.db.writing() as tx:
        tx.get_one(Album, cast.album.id).contributions = Contributions.OPEN
    with real.db.reading() as tx:
        photo_id = tx.query(Photo).one().id
    somebody_is_there(real, sandbox)
    token = real.signer.issue("member", cast.owner.id, ttl_s=600, epoch=0)
    with httpx.Client(transport=httpx.WSGITransport(create_app(real)), base_url="http://kuaimen.test") as http:
        owner = {"Authorization": f"Bearer {token}"}
        for words, status in (("违规广告", 422), ("年会 2026", 201)):
            kit = {"name": "年会", "layers": [{"text": words}]}
            assert http.post("/api/v1/brands", json=kit, headers=owner).status_code == status
        said = http.post("/mp/v1/session", json={"device": "v" * 16}).json()
        guest = {"Authorization": f"Bearer {said['token']}"}
        place = {"x": 0.25, "y": 0.2, "width": 0.2, "height": 0.3}
        for words in ("违规内容", "请遮住我"):
            wish = {"kind": "blur", "place": place, "words": words}
            assert http.post(f"/mp/v1/photos/{photo_id}/veils", json=wish, headers=guest).status_code == 200
            with real.db.reading() as tx:
                [veil] = tx.query(FaceVeil).all()
                assert veil.words == ("" if words == "违规内容" else words)
        for words, status in (("违规广告", 422), ("新婚快乐", 200)):
            at = f"/mp/v1/albums/{cast.album.id}/contributions"
            assert http.post(at, params={"words": words}, content=jpeg("navy"), headers=guest).status_code == status


@pytest.mark.parametrize("rule", [Checking.AFTER, Checking.BEFORE])
@pytest.mark.parametrize("suggest", ["pass", "risky"])
def test_a_human_made_version_is_looked_at_too(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox, rule: Checking, suggest: str
) -> None:
    """What passed was another picture: `before` keeps the new one back, `after` takes it off again."""
    album(real, cast, rule)
    somebody_is_there(real, sandbox)
    photo_comes(real, bell)
    settled(real, CheckState.PASSED)
    sandbox.act("switch", media_suggest=suggest)
    with real.db.reading() as tx:
        photo = tx.query(Photo).one()
    token = real.signer.issue("member", cast.owner.id, ttl_s=600, epoch=0)
    http = httpx.Client(transport=httpx.WSGITransport(create_app(real)), base_url="http://kuaimen.test")
    with http, sandbox.verdicts_held():
        http.post(
            f"/api/v1/photos/{photo.id}/retouched",
            content=jpeg("white", words="by hand"),
            headers={"Authorization": f"Bearer {token}"},
        ).raise_for_status()
        bell.work(real)
        shown = PhotoState.LIVE if rule is Checking.AFTER else PhotoState.STORED
        assert now(real)[:2] == (shown, CheckState.ASKED)
    settled(real, CheckState.PASSED if suggest == "pass" else CheckState.RISKY)
    assert now(real)[0] is (PhotoState.LIVE if suggest == "pass" else PhotoState.HIDDEN)
    assert len(sandbox.calls("media_check_async")) == 2
    until = time.monotonic() + 20
    while sweep.once(real):  # feed files follow what was shown, in their own time
        bell.work(real)
        assert time.monotonic() < until, bell.rung
        time.sleep(0.1)
    with real.db.reading() as tx:
        assert tx.query(Photo).one().position == photo.position


@pytest.mark.parametrize("rule", [Checking.AFTER, Checking.BEFORE])
@pytest.mark.parametrize("suggest", ["pass", "risky"])
def test_an_original_is_looked_at_after_its_preview(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox, rule: Checking, suggest: str
) -> None:
    """It stays on the screen meanwhile, and goes off it when it is risky."""
    album(real, cast, rule)
    somebody_is_there(real, sandbox)
    with httpx.Client(transport=httpx.WSGITransport(create_app(real)), base_url="http://kuaimen.test") as http:
        bridge, original = BridgeClient(http), jpeg("olive", (1600, 1200))
        card = bridge.card(original)
        bridge.preview(card, jpeg("olive")).raise_for_status()
        bell.work(real)
        settled(real, CheckState.PASSED)
        sandbox.act("switch", media_suggest=suggest)
        with sandbox.verdicts_held():
            bridge.original(card, original).raise_for_status()
            bell.work(real)
            assert now(real)[:2] == (PhotoState.LIVE, CheckState.ASKED)
    assert len(sandbox.calls("media_check_async")) == 2
    settled(real, CheckState.PASSED if suggest == "pass" else CheckState.RISKY)
    assert now(real)[0] is (PhotoState.LIVE if suggest == "pass" else PhotoState.HIDDEN)
    with real.db.reading() as tx:
        assert tx.query(Audit).filter_by(action="risky").count() == (suggest == "risky")
    sweep.once(real)
    bell.work(real)
    assert len(sandbox.calls("media_check_async")) == 2


def test_what_a_person_decided_stands_when_the_original_comes(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox
) -> None:
    album(real, cast, Checking.AFTER)
    somebody_is_there(real, sandbox)
    sandbox.act("switch", media_suggest="review", media_ms=50)
    with httpx.Client(transport=httpx.WSGITransport(create_app(real)), base_url="http://kuaimen.test") as http:
        bridge, original = BridgeClient(http), jpeg("olive", (1600, 1200))
        card = bridge.card(original)
        bridge.preview(card, jpeg("olive")).raise_for_status()
        bell.work(real)
        settled(real, CheckState.REVIEW)
        with real.db.writing() as tx:
            moderation.decide(tx, tx.query(Photo).one().id, "member:m", keep=True)
        bridge.original(card, original).raise_for_status()
    bell.work(real)
    assert now(real) == (PhotoState.LIVE, CheckState.PASSED, "person")
    assert len(sandbox.calls("media_check_async")) == 1


def test_an_answer_about_a_replaced_picture_counts_for_nothing(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox
) -> None:
    album(real, cast, Checking.AFTER)
    photo_comes(real, bell)  # nobody is there: still to be asked
    with real.db.writing() as tx:
        tx.query(Check).one().due_at = 0
        question = checking.begin(tx, tx.query(Photo).one().id, real.wechat.appid)
        assert question is not None
        checking.answered(tx, dataclasses.replace(question, source_id="another"), Verdict(Suggest.PASS))
        assert tx.query(Check).one().state is CheckState.WANTED
        checking.answered(tx, question, Verdict(Suggest.PASS))
    assert now(real)[1] is CheckState.PASSED
