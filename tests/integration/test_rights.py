"""The matrix: every endpoint of the console as every role, as nobody, as a stranger, as a member of another event.

The endpoints come from the app itself. One that is not called here fails the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import select

from backend import failures
from backend.accounts import RIGHTS
from backend.context import Stage
from backend.jobs import RenderPhoto
from backend.models import Album, Comment, Event, FaceVeil, Failure, Guest, Member, Photo, Purge, Role, VeilKind
from launch.app import create_app
from tests.architecture.test_endpoints import OPEN
from tests.bridge_client import BridgeClient
from tests.cast import STRANGER_TOKEN, Cast, jpeg, make_cast, png_frame
from tests.conftest import FakeBell

BODIES: dict[str, dict[str, Any]] = {  # what a correct request says; the others take an empty object
    "organizer.brand": {"watermark": True, "frame": True},
    "review.decide": {"keep": True},
    "review.decide_comment": {"keep": True},
    "review.set_checking": {"checking": "off"},
    "events.create": {"template": "gala", "title": "年会"},
    "events.add_album": {"title": "晚宴"},
    "schedule.write": {"items": []},
    "doors.invite": {"guests": [{"name": "林"}]},
    "looks.look_album": {"preset": "auto"},
    "looks.look_photos": {"photo_ids": [], "preset": "auto"},
    "cull.culling": {"culling": "off"},
    "photo_table.act": {"photo_ids": [], "do": "hide"},
    "photo_table.move": {"photo_ids": [], "album_id": ""},
    "desk.tryout": {"look": None},
    "desk.adjust": {"photo_ids": [], "look": None},
    "faces.switch": {"active": False},
    "veils.decide": {"approve": False},
    "reports.share": {"art_key": "a/x"},
    "retoucher.rate": {"stars": 3},
    "retoucher.tag": {"tags": ["合影"]},
    "retoucher.judge": {"accept": True},
    "team.invite": {"role": "reviewer"},
    "keys.add_key": {"name": "程序", "scopes": ["see_event"]},
    "keys.add_hook": {"url": "https://example.com/hook", "kinds": ["photo.live"]},
    "keys.change_hook": {"active": True},
    "bridges.give_order": {"do": "want_original"},
    "bridges.retract_last": {"camera": "nobody's"},
    "bridges.set_target": {"album_id": ""},  # filled in
    "placements.add": {"slot": "tile", "art_key": "a/x"},
    "pairing_member.confirm": {"event_id": ""},
}
THEMSELVES = {  # every member's own way in
    "sign_in.show",
    "sign_in.propose",
    "sign_in.switch_on",
    "sign_in.renew_recovery",
    "sign_in.switch_off",
    "sign_in.begin_binding",
    "sign_in.drop_wechat",
}
OWN = THEMSELVES | {  # what is there for whoever asks: there is nothing of somebody else's to name
    "organizer.me",
    "organizer.list_events",
    "events.templates",
    "events.create",
    "brand.add_art",
    "brand.list_arts",
    "brand.list_kits",
    "keys.list_keys",
    "platform.own_usage",
    "keys.add_key",
    "keys.list_hooks",
    "keys.add_hook",
    "removal.show",
    "removal.list_purges",
    "brand.add_kit",
    "brand.add_sample",
    "looks.looks",
    "team.list_members",
    "team.invite",
    "team.search_audits",
    "pairing_member.show",  # a code is nobody's until it is confirmed
    "pairing_member.refuse",
}

ANY_CREW = THEMSELVES | {
    "organizer.me",
    "organizer.list_events",
    "events.templates",
    "looks.looks",
    "brand.add_sample",
    "pairing_member.show",
    "pairing_member.refuse",
    "removal.show",
}  # nothing of another event in them


@dataclass
class House:
    """One organization with a member of every role, a stranger, and the app."""

    app: Flask
    http: httpx.Client
    ids: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(self, rule: Any, method: str, token: str | None) -> httpx.Response:
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<{name}>", self.ids[name])
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        json = BODIES.get(rule.endpoint, {}) if method != "GET" else None
        if json and "photo_ids" in json:
            json = json | {"photo_ids": [self.ids["photo_id"]]}
        json = json and json | {name: self.ids[name] for name in ("album_id", "event_id") if name in json}
        return self.http.request(method, path, headers=headers, json=json)


@pytest.fixture
def house(stage: Stage, bell: FakeBell, cast: Cast) -> Iterator[House]:
    app = create_app(stage)
    with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://kuaimen.test") as http:
        photo = BridgeClient(http).shoot(jpeg("red", (320, 240)), jpeg())["photo_id"]
        bell.work(stage)
        found = House(
            app,
            http,
            {"event_id": cast.event.id, "album_id": cast.album.id, "photo_id": photo, "bridge_id": cast.bridge.id},
        )
        with stage.db.writing() as tx:
            stranger = make_cast(tx, login="stranger", token=STRANGER_TOKEN)
            other = Event(organization_id=cast.organization.id, title="另一场")
            tx.add(other)
            tx.flush()
            for role in Role:
                found.tokens[role] = _token(stage, _member(tx, cast.organization.id, role, role.value))
            limited = _member(tx, cast.organization.id, Role.ADMIN, "limited")
            limited.event_id = other.id
            found.tokens["limited"] = _token(stage, limited)
            found.tokens["stranger"] = _token(stage, stranger.owner)
            proof = {"document": "{}", "signature": "", "key_id": "", "public_key": "", "title": "旧活动", "photos": 0}
            purge = Purge(organization_id=cast.organization.id, event_id=cast.event.id, **proof)
            tx.add(purge)
            tx.flush()
            found.ids["purge_id"] = purge.id
            spare = _member(tx, cast.organization.id, Role.REVIEWER, "spare")
            found.ids["member_id"] = spare.id
            found.ids |= _of_guest(tx, cast, photo)
        found.ids |= _more(found)
        yield found


def _member(tx: Any, organization_id: str, role: Role, login: str) -> Member:
    made = Member(organization_id=organization_id, login=f"m-{login}", name=login, role=role, password_hash="x")
    tx.add(made)
    tx.flush()
    return made


def _of_guest(tx: Any, cast: Cast, photo_id: str) -> dict[str, str]:
    """What a guest asked and said."""
    guest = Guest(appid="h5", openid="somebody")
    tx.add(guest)
    tx.flush()
    place = {"x": 0.4, "y": 0.4, "width": 0.2, "height": 0.2}
    ours = {"organization_id": cast.organization.id, "event_id": cast.event.id, "photo_id": photo_id}
    veil = FaceVeil(**ours, guest_id=guest.id, kind=VeilKind.BLUR, **place)
    comment = Comment(**ours, guest_id=guest.id, words="好看")
    tx.add_all([veil, comment])
    tx.flush()
    return {"veil_id": veil.id, "comment_id": comment.id}


def _token(stage: Stage, member: Member) -> str:
    return stage.signer.issue("member", member.id, ttl_s=600)


def _more(house: House) -> dict[str, str]:
    """Things that only the API makes."""
    as_owner = {"Authorization": f"Bearer {house.tokens['owner']}"}
    invited = house.http.post("/api/v1/members/invitations", json={"role": "reviewer"}, headers=as_owner).json()
    listed = house.http.post(
        f"/api/v1/albums/{house.ids['album_id']}/invitations", json={"guests": [{"name": "林"}]}, headers=as_owner
    ).json()["invitations"]
    brand = house.http.post("/api/v1/brands", json={"name": "品牌二"}, headers=as_owner).json()["brand"]
    art = house.http.post("/api/v1/arts?name=acme.png", content=png_frame(), headers=as_owner).json()["art"]
    house.app.extensions["stage"].bell.work(house.app.extensions["stage"])
    placement = house.http.post(
        f"/api/v1/events/{house.ids['event_id']}/placements",
        json={"slot": "tile", "art_key": art["key"]},
        headers=as_owner,
    ).json()["placement"]
    sample = house.http.post("/api/v1/samples", json={"brand_id": brand["id"]}, headers=as_owner).json()["sample"]
    task = house.http.post(f"/api/v1/events/{house.ids['event_id']}/retouch/claim", json={}, headers=as_owner).json()[
        "task"
    ]
    tryout = house.http.post(f"/api/v1/photos/{house.ids['photo_id']}/tryout", json={"bare": True}, headers=as_owner)
    code = house.http.post("/bridge/v1/pairings", json={"device": "laptop"}).json()["code"]
    key = house.http.post("/api/v1/keys", json=BODIES["keys.add_key"], headers=as_owner).json()["key"]
    hook = house.http.post("/api/v1/webhooks", json=BODIES["keys.add_hook"], headers=as_owner).json()["webhook"]
    pinged = house.http.post(f"/api/v1/webhooks/{hook['id']}/ping", json={}, headers=as_owner).json()
    with house.app.extensions["stage"].db.writing() as tx:
        failures.record(tx, RenderPhoto(house.ids["photo_id"]), "a bug")
        failure_id = tx.scalars(select(Failure.id)).one()
        organization_id = tx.get_one(Event, house.ids["event_id"]).organization_id
    return {
        "failure_id": failure_id,
        "organization_id": organization_id,
        "key_id": key["id"],
        "webhook_id": hook["id"],
        "call_id": pinged["id"],
        "code": code,
        "task_id": task["id"],
        "team_invitation_id": invited["invitation"]["id"],
        "invitation_id": listed[0]["id"],
        "brand_id": brand["id"],
        "art_id": art["id"],
        "placement_id": placement["id"],
        "sample_id": sample["id"],
        "tryout_id": tryout.json()["tryout"]["id"],
    }


def endpoints(app: Flask) -> list[tuple[Any, str, str]]:
    """(rule, method, right)"""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1") and rule.endpoint not in OPEN:
            right = getattr(app.view_functions[rule.endpoint], "right")  # noqa: B009 - Flask types views as plain callables
            found += [(rule, method, right) for method in sorted(rule.methods - {"HEAD", "OPTIONS"})]
    return found


def test_every_endpoint_asks_who_is_calling(house: House) -> None:
    guest = "x.y.z"
    for rule, method, _ in endpoints(house.app):
        assert house.ask(rule, method, None).status_code == 401, rule
        assert house.ask(rule, method, guest).status_code == 401, rule


def test_every_endpoint_refuses_every_role_without_the_right(house: House) -> None:
    refused = 0
    for rule, method, right in endpoints(house.app):
        for role in set(Role) - RIGHTS[right]:
            answer = house.ask(rule, method, house.tokens[role])
            assert (answer.status_code, answer.json()["code"]) == (403, "refused"), (rule, role)
            refused += 1
    assert refused > 30


def test_for_a_stranger_nothing_of_ours_exists(house: House) -> None:
    for rule, method, right in endpoints(house.app):
        answer = house.ask(rule, method, house.tokens["stranger"])
        if right == "run_platform":
            assert answer.status_code == 403, rule
        elif rule.endpoint in OWN:
            assert house.ids["event_id"] not in answer.text, rule
        else:
            unread = {422} if rule.endpoint not in BODIES and method != "GET" else set()  # the body, before any row
            assert answer.status_code in {404} | unread, (rule, answer.text)


def test_for_a_member_of_another_event_it_does_not_exist_either(house: House) -> None:
    for rule, method, _ in endpoints(house.app):
        answer = house.ask(rule, method, house.tokens["limited"])
        unread = {422} if rule.endpoint not in BODIES and method != "GET" else set()
        assert answer.status_code in {403, 404} | unread or rule.endpoint in ANY_CREW, rule
        assert house.ids["event_id"] not in answer.text, rule


def test_every_role_with_the_right_is_let_in(house: House) -> None:
    """Reading first, so that nothing a request changes is in another one's way."""
    for rule, method, right in sorted(endpoints(house.app), key=lambda f: (f[1], f[0].rule.endswith("/drop"))):
        for role in RIGHTS[right]:
            answer = house.ask(rule, method, house.tokens[role])
            gone = method == "DELETE" or rule.endpoint in ("reports.share", "keys.drop_hook")  # a frame nobody showed
            assert gone or answer.status_code not in (401, 404), (rule, role, answer.text)
            if answer.status_code == 403:  # an admin may not touch everybody: judged by the row, not by the role
                assert rule.endpoint == "team.change_member", (rule, role)


def test_bridges_and_guests_get_in_nowhere_with_a_members_token(house: House, stage: Stage) -> None:
    as_owner = {"Authorization": f"Bearer {house.tokens['owner']}"}
    for rule in house.app.url_map.iter_rules():
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<{name}>", house.ids.get(name, "x"))
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            if path.startswith("/bridge/v1") and "/pairings" not in path:
                assert house.http.request(method, path, headers=as_owner, json={}).status_code == 401, rule


def test_nothing_above_changed_what_is_not_the_askers(house: House, stage: Stage, cast: Cast) -> None:
    for rule, method, _ in endpoints(house.app):
        for who in ("stranger", "limited", Role.SPONSOR):
            house.ask(rule, method, house.tokens[who])
    with stage.db.reading() as tx:
        assert tx.get_one(Album, cast.album.id).recipe_id == cast.album.recipe_id
        assert tx.get_one(Photo, house.ids["photo_id"]).state.value == "live"
        assert tx.get_one(Member, house.ids["member_id"]).disabled_at is None
