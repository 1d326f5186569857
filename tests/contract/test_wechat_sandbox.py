"""The sandbox itself: tokens that age, a memory that survives, codes that scan, its page."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from backend.wechat import Outcome
from backend.wechat.opening import SANDBOX_APPID, SANDBOX_SECRET
from launch.sandbox.wechat.memory import World
from launch.sandbox.wechat.serving import Serving
from tests.wechat_sandbox import (
    ALBUM_UPDATE,
    WORDS,
    until,
)

pytestmark = pytest.mark.slow

# --- tokens ------------------------------------------------------------------------------------------------------


def stable(sandbox: Any, **more: Any) -> dict[str, Any]:
    body = {"grant_type": "client_credential", "appid": SANDBOX_APPID, "secret": SANDBOX_SECRET} | more
    return httpx.post(f"{sandbox.url}/cgi-bin/stable_token", json=body, trust_env=False).json()


def classic(sandbox: Any) -> dict[str, Any]:
    query = {"grant_type": "client_credential", "appid": SANDBOX_APPID, "secret": SANDBOX_SECRET}
    return httpx.get(f"{sandbox.url}/cgi-bin/token", params=query, trust_env=False).json()


def errcode(sandbox: Any, token: str) -> int:
    query = {"access_token": token}
    return httpx.get(f"{sandbox.url}/wxaapi/newtmpl/gettemplate", params=query, trust_env=False).json()["errcode"]


def test_a_stable_token_is_the_same_until_its_last_five_minutes(sandbox):
    first = stable(sandbox)
    assert first["expires_in"] == 7200
    sandbox.act("advance", seconds=6800)
    again = stable(sandbox)
    assert again["access_token"] == first["access_token"]
    assert 398 <= again["expires_in"] <= 400
    sandbox.act("advance", seconds=150)
    following = stable(sandbox)
    assert following["access_token"] != first["access_token"]
    assert [errcode(sandbox, t["access_token"]) for t in (first, following)] == [0, 0]
    sandbox.act("advance", seconds=251)
    assert [errcode(sandbox, t["access_token"]) for t in (first, following)] == [42001, 0]


def test_forcing_kills_the_token_and_is_limited(sandbox):
    first = stable(sandbox)["access_token"]
    second = stable(sandbox, force_refresh=True)["access_token"]
    assert [errcode(sandbox, first), errcode(sandbox, second)] == [40001, 0]
    assert stable(sandbox, force_refresh=True)["errcode"] == 45011
    for _ in range(19):
        sandbox.act("advance", seconds=31)
        stable(sandbox, force_refresh=True)
    sandbox.act("advance", seconds=31)
    assert stable(sandbox, force_refresh=True)["errcode"] == 45009


def test_the_old_endpoint_gives_another_token_each_time(sandbox):
    one, two = classic(sandbox)["access_token"], classic(sandbox)["access_token"]
    steady = stable(sandbox)["access_token"]
    assert one != two
    assert [errcode(sandbox, t) for t in (one, two, steady)] == [0, 0, 0]
    sandbox.act("advance", seconds=301)
    assert [errcode(sandbox, t) for t in (one, two, steady)] == [42001, 0, 0]


@pytest.mark.parametrize(
    ("request_of", "code"),
    [
        (lambda c, t: c.get(f"/cgi-bin/message/subscribe/send?access_token={t}"), 43002),
        (lambda c, t: c.post(f"/cgi-bin/message/subscribe/send?access_token={t}"), 44002),
        (lambda c, t: c.post(f"/cgi-bin/message/subscribe/send?access_token={t}", data={"touser": "x"}), 47001),
        (lambda c, t: c.post(f"/cgi-bin/message/subscribe/send?access_token={t}", content=b"[]"), 47001),
        (lambda c, t: c.post("/cgi-bin/message/subscribe/send", json={"touser": "x"}), 41001),
        (lambda c, t: c.post("/cgi-bin/message/subscribe/send?access_token=x", json={"touser": "x"}), 40014),
        (lambda c, t: c.post("/cgi-bin/stable_token", json={"grant_type": "client_credential", "appid": "wx"}), 40013),
    ],
)
def test_requests_of_the_wrong_form(sandbox, request_of, code):
    token = stable(sandbox)["access_token"]
    with httpx.Client(base_url=sandbox.url, trust_env=False) as client:
        answer = request_of(client, token)
    assert answer.status_code == 200
    assert answer.json()["errcode"] == code
    assert "rid: " in answer.json()["errmsg"]


def test_quota_and_rid_can_be_looked_up(sandbox, wechat):
    wechat.templates()
    told = wechat.tell(sandbox.guest(), ALBUM_UPDATE, WORDS)
    quota = wechat._client.post("cgi-bin/openapi/quota/get", data={"cgi_path": "/cgi-bin/message/subscribe/send"})
    assert quota["quota"]["used"] == 1
    found = wechat._client.post("cgi-bin/openapi/rid/get", data={"rid": told.rid})["request"]
    assert found["request_url"] == "/cgi-bin/message/subscribe/send"
    sandbox.act("inject", errcode=45009, path="gettemplate", times=0)
    wechat._client.post("cgi-bin/clear_quota", data={"appid": wechat.appid})
    assert wechat.templates()


# --- messages ----------------------------------------------------------------------------------------------------


def test_a_message_arrives_as_a_card(sandbox, wechat):
    openid = sandbox.guest("alice", quota=2)
    told = wechat.tell(openid, ALBUM_UPDATE, WORDS, page="pages/album/album?scene=e%3Dabc")
    [message] = sandbox.look("messages", openid=openid)["messages"]
    assert str(message["msgid"]) == told.msgid
    assert (message["title"], message["page"]) == ("相册更新通知", "pages/album/album?scene=e%3Dabc")
    assert message["lines"] == [
        ["相册名称", "年会"],
        ["新照片数量", "3"],
        ["更新时间", "2026年11月22日 15:01"],
        ["温馨提示", "点击查看"],
    ]
    assert sandbox.look("state")["credits"][openid] == {ALBUM_UPDATE: 1}
    assert sandbox.look("messages", openid="sandbox_bob")["count"] == 0


def test_messages_that_overlap_are_refused(sandbox, wechat):
    """Two at once to one guest: one is told to come back; to two guests: both pass."""
    sandbox.act("switch", send_ms=200)
    openids = [sandbox.guest("alice", quota=9), sandbox.guest("bob", quota=9)]
    wechat.templates()
    with ThreadPoolExecutor(4) as pool:
        same = list(pool.map(lambda _: wechat.tell(openids[0], ALBUM_UPDATE, WORDS).outcome, range(4)))
        both = list(pool.map(lambda o: wechat.tell(o, ALBUM_UPDATE, WORDS).outcome, openids))
    assert sorted(same) == [Outcome.BUSY] * 3 + [Outcome.SENT]
    assert both == [Outcome.SENT, Outcome.SENT]
    assert sandbox.look("state")["credits"][openids[0]] == {ALBUM_UPDATE: 7}


def test_a_lost_answer_took_effect(sandbox, wechat):
    openid = sandbox.guest("alice", quota=1)
    sandbox.act("inject", path="subscribe/send", http=502, after=True)
    with pytest.raises(Exception, match="HTTP 502"):
        wechat.tell(openid, ALBUM_UPDATE, WORDS)
    assert sandbox.look("messages")["count"] == 1
    assert wechat.tell(openid, ALBUM_UPDATE, WORDS).outcome is Outcome.REFUSED


def test_every_third_call_fails(sandbox, wechat):
    sandbox.act("inject", path="jscode2session", errcode=40029, every=3, times=2)
    outcomes = []
    for n in range(9):
        try:
            wechat.login(f"dev:alice:{n}")
            outcomes.append("ok")
        except Exception as exc:  # noqa: BLE001 - the name is what counts
            outcomes.append(type(exc).__name__)
    assert outcomes == ["ok", "ok", "Unauthorized"] * 2 + ["ok"] * 3


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("login", {}),
        ("accept", {"openid": "oNobody"}),
        ("inject", {"delay_s": "long"}),
        ("switch", {"send_ms": "slow"}),
        ("push", {"mode": "loud"}),
        ("redeliver", {}),
        ("advance", None),
    ],
)
def test_the_admin_door_says_what_is_wrong(sandbox, path, body):
    answer = httpx.post(f"{sandbox.url}/_sandbox/{path}", json=body, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_page_elsewhere_cannot_use_the_admin_door(sandbox):
    """No form can send JSON, and no other name leads here."""
    assert httpx.post(f"{sandbox.url}/_sandbox/reset", data={"a": 1}, trust_env=False).status_code == 400
    evil = httpx.post(f"{sandbox.url}/_sandbox/reset", json={}, headers={"Host": "evil.example"}, trust_env=False)
    assert evil.status_code == 403


# --- codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scene", ["e=abc123&f=p", "!#$&'()*+,/:;=?@-._~AZaz09", "x" * 32])
@pytest.mark.parametrize(("width", "hyaline"), [(280, False), (430, True), (1280, False)])
def test_a_code_scans(wechat, scene, width, hyaline):
    image = Image.open(io.BytesIO(wechat.code(scene, page="pages/album/album", width=width, hyaline=hyaline)))
    assert image.size == (width, width)
    assert image.format == ("PNG" if hyaline else "JPEG")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A") if hyaline else None)
    [found] = zxingcpp.read_barcodes(paper)
    assert found.text.startswith("http://127.0.0.1:8080/s?scene=")
    assert dict(parse_qsl(urlsplit(found.text).query)) == {"scene": scene}


# --- memory ------------------------------------------------------------------------------------------------------


def started(file: Path, *more: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "launch.sandbox.wechat", "--state-file", str(file), *more],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"KUAIMEN_PORT": "9", "KUAIMEN_HOST": "127.0.0.1"},
    )
    assert process.stdout
    return process, json.loads(process.stdout.readline())["url"]


@pytest.mark.timeout(300)  # it syncs a file; beside tests that fill disks that can take minutes
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_credits_and_messages_survive_a_restart(tmp_path, ending):
    file = tmp_path / "deep" / "wechat.json"
    process, url = started(file)
    with httpx.Client(base_url=url, trust_env=False) as client:
        login = client.post("/_sandbox/login", json={"name": "小明"}).json()
        client.post("/_sandbox/accept", json={"openid": login["openid"], "n": 2})
        client.post("/_sandbox/advance", json={"seconds": 3600})
        saved = client.get("/_sandbox/state").json()
        if ending is signal.SIGKILL:
            until(lambda: file.exists() and '"ahead_ms":3600000' in file.read_text(), "the file")
    process.send_signal(ending)
    try:
        process.communicate(timeout=200)
    finally:
        process.kill()  # so that a failure here is not reported by a later test
    again, url = started(file)
    try:
        found = httpx.get(f"{url}/_sandbox/state", trust_env=False).json()
        assert {k: found[k] for k in ("credits", "users", "ahead_s")} == {
            k: saved[k] for k in ("credits", "users", "ahead_s")
        }
        assert found["push"]["url"] == "http://127.0.0.1:9/mp/v1/wechat/push", "from the product's settings"
        assert httpx.get(f"{url}/", trust_env=False).status_code == 200
    finally:
        again.terminate()
        again.communicate(timeout=60)
    assert [p.name for p in file.parent.iterdir()] == [file.name], "no drafts left"


def test_many_changes_are_few_writes(tmp_path):
    """Nothing waits for the file, and what is in the file is whole at any moment."""
    file = tmp_path / "wechat.json"
    with Serving(World(file)) as serving:
        serving.world.memory.send_ms = 0
        versions = set()
        with httpx.Client(base_url=serving.url, trust_env=False) as client:
            for n in range(200):
                client.post("/_sandbox/login", json={"name": f"u{n}"})
                if file.exists():
                    versions.add(len(json.loads(file.read_text())["apps"][SANDBOX_APPID]["users"]))
    assert len(json.loads(file.read_text())["apps"][SANDBOX_APPID]["users"]) == 200
    assert len(versions) < 100


# --- the page ----------------------------------------------------------------------------------------------------


def test_the_page_lets_a_newcomer_be_a_guest(sandbox, wechat, product, chromium):
    sandbox.act("push", url=product.url)
    page = chromium().new_page(locale="zh-CN")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(sandbox.url)
    page.get_by_label("名字").fill("小红 <b>")
    page.get_by_role("button", name="登录", exact=True).click()
    phone = page.locator(".phone")
    expect(phone.locator(".who")).to_have_text("小红 <b>")
    expect(page.locator("#said")).to_contain_text("登录码")
    phone.get_by_role("button", name="允许").first.click()
    expect(phone.locator(".left").first).to_have_text("1")
    openid = next(iter(sandbox.app.users))
    wechat.tell(openid, ALBUM_UPDATE, WORDS, page="pages/album/album")
    expect(phone.locator(".card h3")).to_have_text("相册更新通知")
    expect(phone.locator(".card")).to_contain_text("点击查看")
    expect(phone.locator(".left").first).to_have_text("0")
    expect(page.locator("#pushes tr")).to_have_count(2)
    page.get_by_role("button", name="注入").click()
    expect(page.locator("#faults")).to_contain_text("-1")
    page.get_by_role("button", name="全部恢复").click()
    expect(page.locator("#faults")).to_be_empty()
    page.get_by_role("button", name="+2 小时").click()
    expect(page.locator("#clock")).to_contain_text("2.0 h")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("WeChat sandbox")
    assert errors == []
    page.close()
