"""API keys and webhooks: no more than their scopes, nothing lost, nobody led into our own network."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from backend import hooks, outgoing
from backend.clock import now_ms
from backend.context import Stage
from backend.errors import AppError, BadInput
from backend.models import ApiKey, HookCall, Webhook
from launch.app import create_app
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg
from tests.conftest import FakeBell
from tests.integration.test_team import invited, joined, signed_in
from workers import sweep


@pytest.fixture
def stage(stage: Stage) -> Stage:
    return replace(stage, settings=stage.settings.model_copy(update={"webhook_private": True}))


@dataclass
class Receiver:
    """Somebody else's server."""

    url: str = ""
    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(found.status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    found.url = f"http://localhost:{server.server_port}/hook?a=1"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def as_owner(http: httpx.Client, cast: Cast) -> dict[str, str]:
    return signed_in(http)


def make_key(http: httpx.Client, as_owner: dict[str, str], *scopes: str, **more: Any) -> dict[str, str]:
    said = {"name": "程序", "scopes": list(scopes)} | more
    made = http.post("/api/v1/keys", json=said, headers=as_owner)
    assert made.status_code == 201, made.text
    return {"Authorization": f"Bearer {made.json()['token']}"}


def test_who_is_let_go_takes_their_keys_along(cast: Cast, http: httpx.Client, as_owner: dict[str, str]) -> None:
    admin = joined(http, invited(http, as_owner, "admin"), "admin1")
    key, mine = make_key(http, admin, "see_event"), make_key(http, as_owner, "see_event")
    [member] = [
        m["id"] for m in http.get("/api/v1/members", headers=as_owner).json()["members"] if m["login"] == "admin1"
    ]

    def after(**said: object) -> tuple[int, int, list[bool]]:
        assert http.post(f"/api/v1/members/{member}", json=said, headers=as_owner).status_code == 200
        listed = http.get("/api/v1/keys", headers=as_owner).json()["keys"]
        answers = [http.get("/api/v1/events", headers=one).status_code for one in (key, mine)]
        return *answers, sorted(one["suspended"] for one in listed)

    assert after(disabled=True) == (401, 200, [False, True])
    assert after(disabled=False) == (200, 200, [False, False])
    assert after(role="reviewer") == (401, 200, [False, True])


def make_hook(http: httpx.Client, as_owner: dict[str, str], url: str, *kinds: str) -> dict[str, Any]:
    made = http.post("/api/v1/webhooks", json={"url": url, "kinds": list(kinds)}, headers=as_owner)
    assert made.status_code == 201, made.text
    return made.json()


def calls(http: httpx.Client, as_owner: dict[str, str], hook: dict[str, Any]) -> list[dict[str, Any]]:
    return http.get(f"/api/v1/webhooks/{hook['webhook']['id']}/calls", headers=as_owner).json()["calls"]


def test_a_key_opens_its_scopes_until_it_ends(
    stage: Stage, cast: Cast, http: httpx.Client, as_owner: dict[str, str]
) -> None:
    key = make_key(http, as_owner, "see_event")
    token = key["Authorization"].removeprefix("Bearer ")
    assert http.get("/api/v1/events", headers=key).json()["events"][0]["id"] == cast.event.id
    assert http.get("/api/v1/me", headers=key).json()["member"]["rights"] == ["see_event", "sign_in"]
    for path in ("/keys", "/members", "/audits", f"/events/{cast.event.id}/report"):
        assert http.get(f"/api/v1{path}", headers=key).status_code == 403, path
    assert http.post(f"/api/v1/events/{cast.event.id}", json={"title": "x"}, headers=key).status_code == 403
    with stage.db.reading() as tx:
        [row] = tx.scalars(select(ApiKey))
    assert token not in json.dumps({c.name: str(getattr(row, c.name)) for c in ApiKey.__table__.columns})
    assert row.used_at is not None
    assert token.startswith(row.start)
    [listed] = http.get("/api/v1/keys", headers=as_owner).json()["keys"]
    assert "token" not in listed
    assert (listed["scopes"], listed["used_at"]) == (["see_event"], row.used_at)
    with stage.db.writing() as tx:
        tx.execute(update(ApiKey).values(expires_at=now_ms() - 1))
    assert http.get("/api/v1/events", headers=key).status_code == 401
    with stage.db.writing() as tx:
        tx.execute(update(ApiKey).values(expires_at=None))
    assert http.get("/api/v1/events", headers=key).status_code == 200
    assert http.post(f"/api/v1/keys/{row.id}/revoke", headers=as_owner).status_code == 204
    assert http.get("/api/v1/events", headers=key).status_code == 401
    assert http.get("/api/v1/events", headers={"Authorization": "Bearer km_guess"}).status_code == 401


def test_a_key_of_one_event_knows_no_other_and_stands_in_the_audit(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_owner: dict[str, str]
) -> None:
    photo_id = BridgeClient(http).shoot(jpeg("red"))["photo_id"]
    bell.work(stage)
    other = http.post("/api/v1/events", json={"template": "gala", "title": "另一场"}, headers=as_owner).json()["event"]
    key = make_key(http, as_owner, "see_event", "cull", event_id=other["id"])
    assert http.post(f"/api/v1/photos/{photo_id}/hide", headers=key).status_code == 404
    assert [e["id"] for e in http.get("/api/v1/events", headers=key).json()["events"]] == [other["id"]]
    key = make_key(http, as_owner, "cull")
    assert http.post(f"/api/v1/photos/{photo_id}/hide", headers=key).status_code == 204
    rows = http.get("/api/v1/audits?action=hide", headers=as_owner).json()["audits"]
    assert [row["actor"].partition(":")[0] for row in rows] == ["key"]


@pytest.mark.parametrize("scope", ["change_keys", "change_team", "run_platform", "retouch", "sign_in", "nonsense"])
def test_no_key_makes_keys_or_members(http: httpx.Client, as_owner: dict[str, str], scope: str) -> None:
    made = http.post("/api/v1/keys", json={"name": "x", "scopes": [scope]}, headers=as_owner)
    assert made.status_code == 422


def test_a_program_gets_the_original_of_each_photo(
    bell: FakeBell, stage: Stage, cast: Cast, http: httpx.Client, as_owner: dict[str, str]
) -> None:
    bytes_of = {f"{c}.JPG": jpeg(c, (900, 600)) for c in ("red", "green", "blue")}
    ids = {name: BridgeClient(http).shoot(jpeg(), data, name=name)["photo_id"] for name, data in bytes_of.items()}
    BridgeClient(http).shoot(jpeg("pink"), name="preview-only.JPG")
    key = make_key(http, as_owner, "take_originals")
    path, found = f"/api/v1/events/{cast.event.id}/originals?limit=2", []
    page = http.get(path, headers=key).json()
    while page["originals"]:
        found += page["originals"]
        if page["next"] is None:
            break
        page = http.get(f"{path}&after={page['next']}", headers=key).json()
    assert {one["name"]: http.get(one["url"]).content for one in found} == bytes_of
    assert all(hashlib.sha256(bytes_of[one["name"]]).hexdigest() == one["sha256"] for one in found)
    answer = http.get(f"/api/v1/photos/{ids['red.JPG']}/original", headers=key)
    assert answer.status_code == 302
    assert http.get(answer.headers["Location"]).content == bytes_of["red.JPG"]
    seen = make_key(http, as_owner, "see_event")
    assert http.get(f"/api/v1/photos/{ids['red.JPG']}/original", headers=seen).status_code == 403


def test_what_happens_is_told_signed_and_in_order(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_owner: dict[str, str], receiver: Receiver
) -> None:
    hook = make_hook(http, as_owner, receiver.url, "photo.live", "photo.hidden", "original.stored")
    photo_id = BridgeClient(http).shoot(jpeg("red"), jpeg("navy"), name="A.JPG")["photo_id"]
    bell.work(stage)
    http.post(f"/api/v1/photos/{photo_id}/hide", headers=as_owner).raise_for_status()
    bell.work(stage)
    said = [json.loads(body) for _, body in receiver.got]
    assert sorted(one["kind"] for one in said) == ["original.stored", "photo.hidden", "photo.live", "ping"]
    assert said[0]["kind"] == "ping"
    assert said[-1]["kind"] == "photo.hidden"
    assert {one["data"].get("photo_id", photo_id) for one in said} == {photo_id}
    for headers, body in receiver.got:
        moment, _, signature = headers["X-Kuaimen-Signature"].partition(",v1=")
        at = moment.removeprefix("t=")
        right = hmac.new(hook["secret"].encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(right, signature)
        assert abs(int(at) - now_ms() / 1000) < 600
        assert headers["X-Kuaimen-Delivery"] == json.loads(body)["id"]
        assert headers["Host"].startswith("localhost:")
    log = calls(http, as_owner, hook)
    assert {one["state"] for one in log} == {"taken"}
    assert {one["status"] for one in log} == {200}
    with stage.db.reading() as tx:
        assert hook["secret"] not in tx.scalars(select(Webhook.sealed_secret)).one()


def test_an_address_that_fails_is_called_again_later_and_given_up_in_the_end(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_owner: dict[str, str], receiver: Receiver
) -> None:
    receiver.status = 500
    hook = make_hook(http, as_owner, receiver.url, "photo.live")
    bell.rung.clear()  # redis forgot: the sweep rings
    waits = []
    for _ in range(30):
        sweep.once(stage)
        bell.work(stage)
        [one] = calls(http, as_owner, hook)
        if one["state"] == "given_up":
            break
        waits.append(round((one["due_at"] - now_ms()) / 1000))
        with stage.db.writing() as tx:  # time passes
            tx.execute(update(HookCall).values(due_at=0))
    assert len(receiver.got) == len(hooks.WAITS_S) + 1
    assert all(wanted - 120 <= wait <= wanted for wait, wanted in zip(waits, hooks.WAITS_S, strict=True))
    assert (one["status"], one["attempts"], one["said"]) == (500, len(hooks.WAITS_S) + 1, "ok")
    before = len(receiver.got)
    sweep.once(stage)
    bell.work(stage)
    assert len(receiver.got) == before
    receiver.status = 204
    path = f"/api/v1/webhooks/{hook['webhook']['id']}/calls/{one['id']}/again"
    assert http.post(path, headers=as_owner).status_code == 202
    bell.work(stage)
    [one] = calls(http, as_owner, hook)
    assert one["state"] == "taken"
    assert len({json.loads(body)["id"] for _, body in receiver.got}) == 1, "the same call has the same id"


def test_a_redirect_is_not_followed_and_a_paused_hook_is_not_called(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, as_owner: dict[str, str], receiver: Receiver
) -> None:
    receiver.status = 302
    hook = make_hook(http, as_owner, receiver.url, "photo.live")
    bell.work(stage)
    [one] = calls(http, as_owner, hook)
    assert (one["state"], one["status"], len(receiver.got)) == ("waiting", 302, 1)
    receiver.status = 200
    path = f"/api/v1/webhooks/{hook['webhook']['id']}"
    http.post(path, json={"active": False}, headers=as_owner).raise_for_status()
    with stage.db.writing() as tx:
        tx.execute(update(HookCall).values(due_at=0))
    BridgeClient(http).shoot(jpeg("red"))
    sweep.once(stage)
    bell.work(stage)
    assert len(receiver.got) == 1
    http.post(path, json={"active": True}, headers=as_owner).raise_for_status()
    bell.work(stage)
    assert len(receiver.got) == 2
    assert http.post(f"{path}/drop", headers=as_owner).status_code == 204
    with stage.db.reading() as tx:
        assert tx.scalars(select(HookCall)).all() == []


INSIDE = [
    "http://example.com/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://10.0.0.8/x",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://[::1]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://localhost/",
    "https://user:pass@example.com/",
    "https://example.com:22/",
    "https://example.com:99999/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "https:///nothing",
    "nonsense",
]


@pytest.mark.parametrize("url", INSIDE)
def test_nothing_leads_into_our_own_network(url: str) -> None:
    with pytest.raises((BadInput, AppError)) as refused:
        outgoing.post(url, b"{}", {})
    assert refused.value.code in ("bad_target", "upstream")
    if refused.value.code == "upstream":
        assert url == "https://127.1/"  # a name that only some resolvers know


def test_a_name_that_leads_inside_this_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name looked harmless when it was typed; one of its addresses is ours now."""
    real = socket.getaddrinfo

    def both(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if host == "hook.example":
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443)),
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.8", 443)),
            ]
        return real(host, port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", both)
    assert outgoing.checked("https://hook.example/x")
    with pytest.raises(BadInput, match=r"10\.0\.0\.8"):
        outgoing.post("https://hook.example/x", b"{}", {})


def test_the_console_refuses_addresses_inside(
    stage: Stage, cast: Cast, http: httpx.Client, as_owner: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = replace(stage, settings=stage.settings.model_copy(update={"webhook_private": False}))
    with httpx.Client(transport=httpx.WSGITransport(create_app(strict)), base_url="http://kuaimen.test") as client:
        said = {"url": "https://169.254.169.254/", "kinds": ["photo.live"]}
        refused = client.post("/api/v1/webhooks", json=said, headers=as_owner)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_target")
