"""Members come by invitation, change roles, leave; and everything they do can be found again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx

from backend.context import Stage
from backend.models import Member, TeamInvitation
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, Cast, jpeg
from tests.conftest import FakeBell


def signed_in(http: httpx.Client, login: str = "owner", password: str = PASSWORD) -> dict[str, str]:
    token = http.post("/api/v1/login", json={"login": login, "password": password}).raise_for_status().json()["token"]
    http.cookies.clear()
    return {"Authorization": f"Bearer {token}"}


def invited(http: httpx.Client, owner: dict[str, str], role: str, **more: object) -> str:
    said = (
        http.post("/api/v1/members/invitations", json={"role": role, **more}, headers=owner).raise_for_status().json()
    )
    return str(said["url"]).rpartition("/")[2]


def joined(http: httpx.Client, token: str, login: str) -> dict[str, str]:
    said = {"login": login, "name": login.title(), "password": PASSWORD}
    answer = http.post(f"/api/v1/join/{token}", json=said)
    http.cookies.clear()
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['token']}"}


def test_a_link_makes_one_member_of_one_role_at_one_event(cast: Cast, http: httpx.Client) -> None:
    owner = signed_in(http)
    token = invited(http, owner, "retoucher", event_id=cast.event.id)
    shown = http.get(f"/api/v1/join/{token}").json()
    assert (shown["organization"], shown["role"], shown["event"]) == ("年会主办方", "retoucher", "年会")
    weak = {"login": "anna", "name": "Anna", "password": "short"}
    assert http.post(f"/api/v1/join/{token}", json=weak).json()["code"] == "weak_password"
    taken = weak | {"login": "owner", "password": PASSWORD}
    assert http.post(f"/api/v1/join/{token}", json=taken).json()["code"] == "login_taken"
    anna = joined(http, token, "anna")
    me = http.get("/api/v1/me", headers=anna).json()["member"]
    assert (me["role"], me["event_id"], "retouch" in me["rights"]) == ("retoucher", cast.event.id, True)
    assert [e["id"] for e in http.get("/api/v1/events", headers=anna).json()["events"]] == [cast.event.id]
    assert http.get(f"/api/v1/join/{token}").json()["code"] == "invitation_over"


def test_two_who_use_a_link_at_once_make_one_member(stage: Stage, cast: Cast, http: httpx.Client) -> None:
    token = invited(http, signed_in(http), "reviewer")

    def use(n: int) -> int:
        said = {"login": f"twin{n}", "name": "Twin", "password": PASSWORD}
        return http.post(f"/api/v1/join/{token}", json=said).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))) == [200, 404, 404, 404]
    with stage.db.reading() as tx:
        assert tx.query(Member).filter(Member.login.startswith("twin")).count() == 1


def test_a_link_that_expired_or_was_taken_back_lets_nobody_in(stage: Stage, cast: Cast, http: httpx.Client) -> None:
    owner = signed_in(http)
    expired, revoked = invited(http, owner, "reviewer"), invited(http, owner, "reviewer")
    with stage.db.writing() as tx:
        tx.query(TeamInvitation).order_by(TeamInvitation.created_at).first().expires_at = 1
    [left] = [i for i in http.get("/api/v1/members", headers=owner).json()["invitations"] if i["expires_at"] > 1]
    for _ in range(2):
        assert http.post(f"/api/v1/members/invitations/{left['id']}/revoke", headers=owner).status_code == 204
    assert {http.get(f"/api/v1/join/{t}").json()["code"] for t in (expired, revoked)} == {"invitation_over"}


def test_a_disabled_member_is_out_at_once_and_the_last_owner_stays(cast: Cast, http: httpx.Client) -> None:
    owner = signed_in(http)
    admin = joined(http, invited(http, owner, "admin"), "admin1")
    second = joined(http, invited(http, owner, "owner"), "second")
    ids = {m["login"]: m["id"] for m in http.get("/api/v1/members", headers=owner).json()["members"]}

    def change(who: dict[str, str], login: str, **said: object) -> int:
        return http.post(f"/api/v1/members/{ids[login]}", json=said, headers=who).status_code

    assert http.post("/api/v1/members/invitations", json={"role": "owner"}, headers=admin).status_code == 403
    assert http.post("/api/v1/members/invitations", json={"role": "platform"}, headers=owner).status_code == 403
    assert change(admin, "second", disabled=True) == 403
    assert change(owner, "owner", role="admin") == 403
    assert change(owner, "second", disabled=True) == 200
    assert http.get("/api/v1/me", headers=second).status_code == 401
    assert change(owner, "admin1", role="reviewer") == 200
    assert http.get("/api/v1/me", headers=admin).status_code == 401  # signs in anew, with the new role


def test_the_audit_finds_what_somebody_did(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    owner = signed_in(http)
    photo = BridgeClient(http).shoot(jpeg())["photo_id"]
    bell.work(stage)
    http.post(f"/api/v1/photos/{photo}/hide", headers=owner)
    invited(http, owner, "reviewer")

    def search(**said: object) -> list[str]:
        found = http.get("/api/v1/audits", params=said, headers=owner).json()["audits"]
        return [row["action"] for row in found]

    assert search() == ["invite", "hide"]
    assert search(subject="photo") == search(subject=f"photo:{photo}") == search(action="hide") == ["hide"]
    assert search(actor=f"member:{cast.owner.id}") == ["invite", "hide"]
    assert search(actor="member:nobody") == search(since=10**13) == []
    assert search(limit=1) == ["invite"]
