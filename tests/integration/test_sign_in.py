"""Ways in beside a password: the codes of an authenticator app, recovery codes, and a phone with WeChat."""

from __future__ import annotations

from typing import Any

import httpx
import pyotp
import pytest
from sqlalchemy import update

from backend.clock import now_ms
from backend.context import Stage
from backend.models import Member
from backend.second_step import STEP_S
from tests.cast import PASSWORD, Cast
from tests.conftest import FakeBell, visitor
from tests.integration.test_team import PASSWORD as THEIRS
from tests.integration.test_team import invited, joined, signed_in

OWN = "/api/v1/me"


def login(http: httpx.Client, code: str = "") -> httpx.Response:
    return http.post("/api/v1/login", json={"login": "owner", "password": PASSWORD, "code": code})


def own(http: httpx.Client, who: dict[str, str], path: str, **said: str) -> httpx.Response:
    return http.post(f"{OWN}{path}", json=said, headers=who)


@pytest.fixture
def guarded(cast: Cast, http: httpx.Client) -> tuple[pyotp.TOTP, list[str], dict[str, str]]:
    """The owner's authenticator app, their recovery codes, and a session that goes on."""
    who = signed_in(http)
    proposed = own(http, who, "/second-step", password=PASSWORD).json()
    assert proposed["uri"].startswith("otpauth://totp/Kuaimen:owner?")
    assert login(http).status_code == 200, "not in force before the app has shown a code"
    app = pyotp.TOTP(proposed["secret"])
    said = own(http, who, "/second-step/on", code=app.at(now_ms() / 1000 - STEP_S))
    token = http.cookies["kuaimen_member"]
    return app, said.json()["recovery"], {"Authorization": f"Bearer {token}"}


def test_a_code_is_asked_for_and_counts_once(
    stage: Stage, cast: Cast, http: httpx.Client, guarded: tuple[pyotp.TOTP, list[str], dict[str, str]]
) -> None:
    app, _, who = guarded
    assert http.get(OWN, headers=who).status_code == 200
    assert login(http).json()["code"] == "code_needed"
    now = app.at(now_ms() / 1000)
    assert login(http, "①②③四五六").json()["code"] == "bad_code"
    wide = now.translate({ord("0") + digit: chr(0xFF10 + digit) for digit in range(10)})
    assert login(http, wide).status_code == 200, "digits as a Chinese keyboard writes them"
    assert login(http, now).json()["code"] == "bad_code", "it was used"
    assert login(http, app.at(now_ms() / 1000 - STEP_S)).json()["code"] == "bad_code", "an older one"
    assert login(http, app.at(now_ms() / 1000 + STEP_S)).status_code == 200, "a phone whose clock is ahead"
    assert login(http, app.at(now_ms() / 1000 + 20 * STEP_S)).json()["code"] == "bad_code"
    with stage.db.reading() as tx:
        kept = tx.get_one(Member, cast.owner.id)
        assert kept.sealed_totp
        assert app.secret not in kept.sealed_totp


def test_recovery_codes_count_once_and_guesses_get_slow(
    http: httpx.Client, guarded: tuple[pyotp.TOTP, list[str], dict[str, str]]
) -> None:
    _, recovery, who = guarded
    assert len(set(recovery)) == 10
    assert [login(http, code).status_code for code in (recovery[0], recovery[0])] == [200, 401]
    assert http.get(f"{OWN}/sign-in", headers=who).json()["recovery_left"] == 9
    fresh = own(http, who, "/second-step/recovery", password=PASSWORD).json()["recovery"]
    assert [login(http, code).status_code for code in (recovery[1], fresh[1].upper())] == [401, 200]
    found = [login(http, f"{n:06d}").status_code for n in range(5)]
    assert found[-1] == 429
    assert login(http, fresh[2]).status_code == 429, "the right one waits too"


def test_switching_it_on_ends_other_sessions_and_off_needs_the_password(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client
) -> None:
    before, who = signed_in(http), signed_in(http)
    assert own(http, who, "/second-step", password="wrong one").json()["code"] == "bad_login"
    secret = own(http, who, "/second-step", password=PASSWORD).json()["secret"]
    assert own(http, who, "/second-step/on", code="000000").json()["code"] == "bad_code"
    own(http, who, "/second-step/on", code=pyotp.TOTP(secret).now())
    who = {"Authorization": f"Bearer {http.cookies['kuaimen_member']}"}
    http.cookies.clear()
    assert http.get(OWN, headers=before).status_code == 401
    assert own(http, who, "/second-step", password=PASSWORD).json()["code"] == "step_on"
    assert own(http, who, "/second-step/off", password="wrong one").status_code == 422
    assert own(http, who, "/second-step/off", password=PASSWORD).status_code == 204
    assert login(http).status_code == 200


def test_an_owner_opens_the_door_for_who_lost_the_phone(
    stage: Stage, cast: Cast, http: httpx.Client, bell: FakeBell
) -> None:
    owner = signed_in(http)
    who = joined(http, invited(http, owner, "retoucher"), "lin")
    with stage.db.writing() as tx:
        lin = tx.query(Member).filter_by(login="lin").one()
        tx.execute(update(Member).where(Member.id == lin.id).values(sealed_totp=stage.signer.seal("A"), totp_at=1))
    assert own(http, who, "/second-step", password=THEIRS).status_code in (409, 422)
    reset = http.post(f"/api/v1/members/{lin.id}", json={"forget_step": True}, headers=owner)
    assert reset.json()["member"]["second_step"] is False


def phone(stage: Stage, bell: FakeBell, name: str) -> tuple[httpx.Client, dict[str, str]]:
    """Somebody's WeChat, in the mini-program."""
    http = visitor(stage, bell)
    token = http.post("/mp/v1/session", json={"code": name}).raise_for_status().json()["token"]
    return http, {"Authorization": f"Bearer {token}"}


def test_a_phone_is_bound_and_signs_a_browser_in(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    owner = signed_in(http)
    mine, as_me = phone(stage, bell, "owner-phone")
    browser = visitor(stage, bell)
    edge = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0 Safari/537.36 Edg/126.0"}
    asked = browser.post("/api/v1/wechat-sign-in", json={}, headers=edge).json()
    ticket = f"/mp/v1/sign-in/{asked['ticket']}"
    assert mine.get(ticket, headers=as_me).json()["code"] == "not_bound"

    begun = own(http, owner, "/wechat", password=PASSWORD).json()
    shown = mine.get(f"/mp/v1/sign-in/{begun['ticket']}", headers=as_me).json()
    assert (shown["binds"], shown["organization"], shown["number"]) == (True, "年会主办方", begun["number"])
    assert mine.post(f"/mp/v1/sign-in/{begun['ticket']}", headers=as_me).status_code == 200
    assert collected(http, begun).json() == {"bound": True}

    assert mine.get(ticket, headers=as_me).json()["asked_from"].startswith("Edge · Windows")
    assert collected(browser, asked).status_code == 202
    assert mine.post(ticket, headers=as_me).status_code == 200
    assert collected(browser, asked | {"secret": "x" * 43}).status_code == 410, "who only saw the code"
    assert collected(browser, asked).json()["member"]["id"] == cast.owner.id
    assert browser.get(OWN).status_code == 200
    assert collected(browser, asked).status_code == 410, "a code opens one session"

    stranger, as_stranger = phone(stage, bell, "stranger-phone")
    other = browser.post("/api/v1/wechat-sign-in", json={}).json()
    assert stranger.post(f"/mp/v1/sign-in/{other['ticket']}", headers=as_stranger).json()["code"] == "not_bound"
    assert http.post(f"{OWN}/wechat/drop", json={}, headers=owner).status_code == 204
    assert mine.post(f"/mp/v1/sign-in/{other['ticket']}", headers=as_me).json()["code"] == "not_bound"


def test_one_phone_confirms_for_one_login_and_the_second_step_stays(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client,
    guarded: tuple[pyotp.TOTP, list[str], dict[str, str]],
) -> None:  # fmt: skip
    _, recovery, owner = guarded
    mine, as_me = phone(stage, bell, "owner-phone")
    begun = own(http, owner, "/wechat", password=PASSWORD).json()
    mine.post(f"/mp/v1/sign-in/{begun['ticket']}", headers=as_me)
    second = joined(http, invited(http, owner, "retoucher"), "second")
    again = own(http, second, "/wechat", password=THEIRS).json()
    assert mine.post(f"/mp/v1/sign-in/{again['ticket']}", headers=as_me).json()["code"] == "wechat_taken"

    browser = visitor(stage, bell)
    asked = browser.post("/api/v1/wechat-sign-in", json={}).json()
    mine.post(f"/mp/v1/sign-in/{asked['ticket']}", headers=as_me)
    assert collected(browser, asked).json()["code"] == "code_needed"
    assert collected(browser, asked | {"code": recovery[3]}).status_code == 200


def collected(http: httpx.Client, asked: dict[str, Any]) -> httpx.Response:
    said = {name: asked[name] for name in ("secret", "code") if name in asked}
    return http.post(f"/api/v1/wechat-sign-in/{asked['ticket']}", json=said)
