"""The console's counters add up to what was received, also while photos exist only on a bridge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.clock import now_ms
from backend.context import Stage
from camera_bridge import state
from camera_bridge.ledger import Asset, Ledger
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg
from tests.conftest import FakeBell
from tests.integration.test_team import signed_in

PARTS = ("live", "waiting", "hidden", "failed", "purged", "on_bridges", "aside", "refused")


def counters(http: httpx.Client, cast: Cast) -> dict[str, int]:
    answer = http.get(f"/api/v1/events/{cast.event.id}", headers=signed_in(http)).raise_for_status()
    found: dict[str, int] = answer.json()["counters"]
    assert found["received"] == sum(found[part] for part in PARTS)
    return found


def beat(bridge: BridgeClient, alone: object, now: object) -> None:
    bridge.post("/heartbeat", {"alone": alone, "now": now}).raise_for_status()


def test_what_only_a_bridge_holds_is_received_and_counts_once(
    stage: Stage, bell: FakeBell, http: httpx.Client, cast: Cast
) -> None:
    bridge, now = BridgeClient(http), now_ms() - 60_000  # the bridge's clock is a minute slow
    bridge.shoot(jpeg("red"), received_at=now - 9_000)
    bell.work(stage)
    beat(bridge, {"on_bridge": 3, "aside": 2, "refused": 1}, now)
    found = counters(http, cast)
    assert [found[part] for part in PARTS] == [1, 0, 0, 0, 0, 3, 2, 1]
    bridge.shoot(jpeg("green"), received_at=now - 5_000)  # one of the three came
    bridge.shoot(jpeg("blue"), received_at=now + 5_000)  # taken after the heartbeat, sent before the other two
    found = counters(http, cast)
    assert (found["received"], found["waiting"], found["on_bridges"]) == (8, 2, 2)
    bell.work(stage)
    beat(bridge, {"on_bridge": 2, "aside": 2, "refused": 1}, now + 10_000)
    found = counters(http, cast)
    assert (found["received"], found["live"], found["on_bridges"]) == (8, 3, 2)


@pytest.mark.parametrize("alone", [None, 7, {}, {"on_bridge": -5, "aside": "many", "refused": True}])
def test_a_bridge_that_says_nonsense_changes_no_number(http: httpx.Client, cast: Cast, alone: object) -> None:
    beat(BridgeClient(http), alone, "soon")
    assert counters(http, cast)["received"] == 0


def held(n: int, **more: Any) -> Asset:
    said = {"kind": "jpeg", "state": "spooled", "path": f"/{n}", "name": f"DSC_{n:04d}.JPG", "sha256": f"{n:064x}"}
    return Asset(**{"asset_id": f"a{n}", "source": "ftp", "camera": "cam1", "size": 1, "received_at": n} | said | more)


def test_a_bridge_counts_presses_of_the_shutter_and_not_files(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    for asset in (
        held(1, pair_key="one", serial="11"),
        held(2, pair_key="one", serial="11", kind="raw"),  # the same press
        held(3, pair_key="one", serial="12"),  # another body in the same second
        held(4, pair_key="two", photo_id="p4"),  # live
        held(5, pair_key="two", kind="raw", state="aside", why="raw"),  # its RAW is no photo of its own
        held(6, state="aside", why="pick"),
        held(7, state="refused", why="not_a_picture"),
        held(8, state="aside", why="self_test"),
        held(9, state="partial"),
        held(10),
    ):
        ledger.receive(asset, owes=())
    assert state.alone(ledger) == {"on_bridge": 3, "aside": 1, "refused": 1}
    ledger.preview_live("a10", "p10", "live", 1)
    assert state.alone(ledger)["on_bridge"] == 2
    ledger.close()
