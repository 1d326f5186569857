"""Ghosts: guests hear that a photo comes, before it does; never of one that might not be shown to them."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from backend import ghosts, security
from backend.context import Stage
from backend.models import Access, Album, Bridge, Checking, Culling, EventState, Publishing
from backend.states import EVENT, move_event
from tests.bridge_client import BridgeClient
from tests.cast import TOKEN, Cast, jpeg
from tests.integration.test_live import people, publish, ringing, serving  # noqa: F401 fixtures

pytestmark = pytest.mark.slow
SOON_S = 10


class Listener:
    """A guest's stream, read by a thread of its own."""

    def __init__(self, url: str, album_id: str, asks: str) -> None:
        self.heard: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
        self.greeted = threading.Event()
        self._url = f"{url}/mp/v1/albums/{album_id}/stream{asks}"
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.greeted.wait(SOON_S)

    def _listen(self) -> None:
        kind = ""
        with httpx.stream("GET", self._url, timeout=60) as lines:
            for line in lines.iter_lines():
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: "):
                    self.heard.put((kind, json.loads(line[6:])))
                elif line.startswith(": "):
                    self.greeted.set()

    def next(self) -> tuple[str, dict[str, Any]]:
        return self.heard.get(timeout=SOON_S)


@contextmanager
def at_venue(stage: Stage) -> Iterator[tuple[str, BridgeClient]]:
    with serving(stage) as url, httpx.Client(base_url=url) as http:
        yield url, BridgeClient(http)


def sight(bridge: BridgeClient, card: dict[str, Any], **more: object) -> int:
    said = bridge.post("/ghosts", {"seen": [{"asset_id": card["asset_id"], "camera": "A", **more}]})
    assert said.status_code == 200, said.text
    return int(said.json()["told"])


def test_a_guest_hears_of_a_photo_before_it_is_there(ringing: Stage, people: Cast) -> None:  # noqa: F811
    with at_venue(ringing) as (url, bridge):
        guest = Listener(url, people.album.id, "?ghosts=1")
        card = bridge.card(jpeg("red"))
        assert sight(bridge, card, width=3000, height=2000) == 1
        kind, ghost = guest.next()
        assert (kind, ghost["ratio"]) == ("ghost", 1.5)
        assert 0 < ghost["ttl_ms"] <= ghosts.TTL_MS
        late = Listener(url, people.album.id, "?ghosts=1")
        assert late.next()[1]["id"] == ghost["id"], "who comes now may expect it, too"
        photo_id = publish(ringing, url, "red")
        assert photo_id == ghost["id"], "a ghost has the id of the photo it becomes"
        kind, change = guest.next()
        assert (kind, change["id"]) == ("change", photo_id)


def test_a_ghost_that_came_true_is_not_told_again(ringing: Stage, people: Cast) -> None:  # noqa: F811
    with at_venue(ringing) as (url, bridge):
        sight(bridge, bridge.card(jpeg("red")))
        publish(ringing, url, "red")
        assert sight(bridge, bridge.card(jpeg("red"))) == 0, "the word came after the picture"
        sight(bridge, bridge.card(jpeg("blue")), width=0xFFFF, height=1)
        guest = Listener(url, people.album.id, "?ghosts=1")
        kind, ghost = guest.next()
        assert (kind, ghost["ratio"]) == ("ghost", 4.0)
        assert ghost["id"] == security.future_id(_bridge(ringing).token_hash, bridge.card(jpeg("blue"))["asset_id"])


def test_who_did_not_ask_for_ghosts_hears_none(ringing: Stage, people: Cast) -> None:  # noqa: F811
    with at_venue(ringing) as (url, bridge):
        guest = Listener(url, people.album.id, "")
        sight(bridge, bridge.card(jpeg("red")))
        publish(ringing, url, "red")
        assert guest.next()[0] == "change"


def test_a_ghost_that_comes_to_nothing_is_taken_back(ringing: Stage, people: Cast) -> None:  # noqa: F811
    with at_venue(ringing) as (url, bridge):
        guest = Listener(url, people.album.id, "?ghosts=1")
        card = bridge.card(jpeg("red"))
        sight(bridge, card)
        ghost = guest.next()[1]
        bridge.post("/ghosts", {"gone": [{"asset_id": card["asset_id"], "camera": "A"}]})
        assert guest.next() == ("ghost", {"id": ghost["id"], "gone": True})
        assert ghosts.pending(ringing.redis, people.album.id) == []


def test_a_file_of_a_press_that_is_known_leaves_no_ghost(ringing: Stage, people: Cast) -> None:  # noqa: F811
    """RAW beside JPEG, or the card after the air: one photo, however many files announced it."""
    with at_venue(ringing) as (url, bridge):
        pair: dict[str, object] = {"camera": "A", "pair_key": "p" * 24, "source": "card"}
        bridge.shoot(jpeg("red"), **pair | {"source": "ftp"})
        second = bridge.card(jpeg("blue"), **pair)
        guest = Listener(url, people.album.id, "?ghosts=1")
        sight(bridge, second)
        ghost = guest.next()[1]
        bridge.preview(second, jpeg("blue")).raise_for_status()
        assert guest.next() == ("ghost", {"id": ghost["id"], "gone": True})


HELD = {
    "private": {"access": Access.CODE, "access_hash": "x"},
    "approved by a person": {"publishing": Publishing.APPROVE},
    "doubtful photos wait": {"culling": Culling.HOLD},
    "checked, then published": {"checking": Checking.BEFORE},
}


@pytest.mark.parametrize("rule", HELD.values(), ids=HELD)
def test_no_ghost_where_somebody_may_hold_the_photo_back(ringing: Stage, people: Cast, rule: dict[str, Any]) -> None:  # noqa: F811
    with ringing.db.writing() as tx:
        for name, value in rule.items():
            setattr(tx.get_one(Album, people.album.id), name, value)
    with at_venue(ringing) as (_, bridge):
        assert sight(bridge, bridge.card(jpeg("red"))) == 0
    assert ghosts.pending(ringing.redis, people.album.id) == []


def test_no_ghost_of_a_paused_bridge_or_a_closed_event(ringing: Stage, people: Cast) -> None:  # noqa: F811
    with at_venue(ringing) as (_, bridge):
        with ringing.db.writing() as tx:
            tx.get_one(Bridge, _bridge(ringing).id).paused_at = 1
        assert sight(bridge, bridge.card(jpeg("red"))) == 0
        with ringing.db.writing() as tx:
            tx.get_one(Bridge, _bridge(ringing).id).paused_at = None
            assert EventState.CLOSED in EVENT[EventState.OPEN]
            assert move_event(tx, people.event.id, EventState.CLOSED)
        assert sight(bridge, bridge.card(jpeg("red"))) == 0


def test_a_bridge_cannot_fill_an_album_with_ghosts(ringing: Stage, people: Cast) -> None:  # noqa: F811
    with at_venue(ringing) as (_, bridge):
        many = [{"asset_id": f"asset-{n:08d}"} for n in range(50)]
        bridge.post("/ghosts", {"seen": many})
        bridge.post("/ghosts", {"seen": [{"asset_id": f"other-{n:08d}"} for n in range(50)]})
        assert len(ghosts.pending(ringing.redis, people.album.id)) == ghosts.MOST
        assert bridge.post("/ghosts", {"seen": [{"asset_id": "../../etc"}]}).status_code == 422
        assert bridge.post("/ghosts", {"seen": many + many}).status_code == 422
        nobody = httpx.post(f"{bridge.get('/config').url.copy_with(path='/bridge/v1/ghosts')}", json={})
        assert nobody.status_code == 401


def _bridge(stage: Stage) -> Bridge:
    with stage.db.reading() as tx:
        found = tx.query(Bridge).all()
    return next(one for one in found if one.token_hash == security.token_hash(TOKEN))
