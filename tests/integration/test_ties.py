"""A guest of a browser goes on in WeChat as the same person; nobody becomes somebody else by it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from sqlalchemy import update

from backend import faces, security, ties
from backend.accounts import H5_APPID
from backend.context import Stage
from backend.models import Guest, Photo, Subscription, Tie
from backend.wechat import WeChat
from tests.cast import Cast
from tests.conftest import FakeBell, visitor
from tests.integration.test_mine import Camera, mine, slate, slate_frame
from tests.integration.test_told import enter, photo_arrives
from tests.wechat_sandbox import (
    Sandbox,
)

pytestmark = pytest.mark.slow
TEN_MINUTES = 10 * 60_000


@pytest.fixture
def real(stage: Stage, wechat: WeChat) -> Stage:
    return dataclasses.replace(stage, wechat=wechat)


@pytest.fixture
def browser(real: Stage, bell: FakeBell) -> Iterator[httpx.Client]:
    with visitor(real, bell) as client:
        client.headers.update(known(client, device="b" * 16))
        yield client


def known(client: httpx.Client, **said: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.post('/mp/v1/session', json=said).json()['token']}"}


@pytest.fixture
def phone(real: Stage, bell: FakeBell) -> Iterator[httpx.Client]:
    with visitor(real, bell) as client:
        client.headers.update(enter(client, "alice"))
        yield client


def opened(sandbox: Sandbox, browser: httpx.Client, cast: Cast) -> dict[str, str]:
    """The browser's button and WeChat's link: what the mini-program's page is opened with."""
    answer = browser.post(f"/mp/v1/albums/{cast.album.id}/tie", json={})
    assert answer.status_code == 200, answer.text
    [url] = parse_qs(urlsplit(answer.json()["url"]).query)["opened"]
    page, _, query = sandbox.app.links[url].page.partition("?")
    assert page == "pages/told/told"
    return dict(parse_qsl(query))


def join(phone: httpx.Client, cast: Cast, said: dict[str, str]) -> httpx.Response:
    return phone.post(f"/mp/v1/albums/{cast.album.id}/tie/join", json={"ticket": said["t"]})


def tied(browser: httpx.Client, cast: Cast) -> bool:
    return bool(browser.get(f"/mp/v1/albums/{cast.album.id}/tie").json()["tied"])


@pytest.mark.parametrize("way", ["slate", "face"])
def test_what_the_browser_finds_wechat_tells(
    real: Stage,
    bell: FakeBell,
    cast: Cast,
    sandbox: Sandbox,
    browser: httpx.Client,
    phone: httpx.Client,
    way: str,
) -> None:
    camera = Camera(real, bell, browser)
    if way == "slate":
        camera.shoot(10, slate_frame(slate(browser, cast)["rows"], "a"))
    said = opened(sandbox, browser, cast)
    assert said | {"t": ""} == {"album": cast.album.id, "e": cast.event.share_code, "t": ""}
    assert not tied(browser, cast)
    assert join(phone, cast, said).json() == {"tied": True}
    assert tied(browser, cast)
    [found] = phone.get(f"/mp/v1/albums/{cast.album.id}/tie").json()["templates"]
    phone.post("/mp/v1/subscriptions", json={"album_id": cast.album.id, "template_id": found})
    theirs = camera.shoot(11)
    if way == "face":  # what the index of faces writes for who follows
        with real.db.writing() as tx:
            guest = tx.query(Guest).filter_by(appid=H5_APPID).one()
            faces.match(tx, guest.id, [tx.get_one(Photo, theirs)])
    assert mine(phone, cast) == mine(browser, cast) == [theirs]
    with real.db.writing() as tx:  # it is quiet since ten minutes
        tx.execute(update(Photo).where(Photo.live_at.is_not(None)).values(live_at=Photo.live_at - TEN_MINUTES))
        tx.execute(update(Subscription).values(created_at=0))
    photo_arrives(real, bell, phone, cast, "blue")
    [message] = sandbox.look("messages", openid="sandbox_alice")["messages"]
    assert message["page"].startswith(f"pages/mine/mine?list=slate&album={cast.album.id}")
    browser.delete(f"/mp/v1/albums/{cast.album.id}/tie")
    assert (tied(browser, cast), mine(phone, cast), mine(browser, cast)) == (False, [], [theirs])


def test_a_ticket_works_once_for_who_comes_first(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox, browser: httpx.Client, phone: httpx.Client
) -> None:
    said = opened(sandbox, browser, cast)
    newer = opened(sandbox, browser, cast)
    assert join(phone, cast, said).json()["code"] == "tie_over", "a newer one ends it"
    assert join(phone, cast, newer).status_code == 200
    assert join(phone, cast, newer).status_code == 200, "the answer may have been lost"
    with visitor(real, bell) as stranger:
        stranger.headers.update(enter(stranger, "mallory"))
        refused = join(stranger, cast, newer)
        assert (refused.status_code, refused.json()["code"]) == (410, "tie_over")
        assert join(stranger, cast, {"t": "x" * 43}).status_code == 410
        again = opened(sandbox, browser, cast)
        assert join(stranger, cast, again).status_code == 200
        with real.db.reading() as tx:
            [left] = tx.query(Tie).all()  # another phone takes the place of the first
            assert left.ticket_hash == security.token_hash(again["t"])


def test_a_ticket_ends_and_opens_nothing_else(
    real: Stage, cast: Cast, sandbox: Sandbox, browser: httpx.Client, phone: httpx.Client
) -> None:
    said = opened(sandbox, browser, cast)
    assert join(browser, cast, said).status_code == 403, "only in the mini-program"
    assert phone.post(f"/mp/v1/albums/{cast.album.id}/tie", json={}).status_code == 403, "only from a browser"
    with real.db.writing() as tx:
        tx.execute(update(Tie).values(expires_at=Tie.expires_at - 1000 * ties.TICKET_S - 1))
    assert join(phone, cast, said).json()["code"] == "tie_over"
    assert not tied(browser, cast)


def test_one_way_only(
    real: Stage, bell: FakeBell, cast: Cast, sandbox: Sandbox, browser: httpx.Client, phone: httpx.Client
) -> None:
    """Whoever tricks somebody into opening their link learns nothing of them."""
    camera = Camera(real, bell, browser)
    camera.shoot(10, slate_frame(slate(phone, cast)["rows"], "a"))
    theirs = camera.shoot(11)
    join(phone, cast, opened(sandbox, browser, cast))
    assert (mine(phone, cast), mine(browser, cast)) == ([theirs], [])
    phone.delete(f"/mp/v1/albums/{cast.album.id}/tie")
    assert not tied(browser, cast), "either side ends it"


def test_without_a_link_of_wechat_no_ticket(
    real: Stage, cast: Cast, sandbox: Sandbox, browser: httpx.Client, phone: httpx.Client
) -> None:
    sandbox.act("switch", personal=True)
    answer: Any = browser.post(f"/mp/v1/albums/{cast.album.id}/tie", json={})
    assert answer.status_code == 502
    with real.db.reading() as tx:
        assert tx.query(Tie).count() == 0
