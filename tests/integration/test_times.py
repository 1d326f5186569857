"""Cameras' clocks are wrong; once by how much is known, what they sent before is set right, for guests as well."""

from __future__ import annotations

import httpx

from backend.context import Stage
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg, make_cast
from tests.conftest import FakeBell

NOON = 1_780_000_000_000


def shown(http: httpx.Client, cast: Cast, more: str = "order=time") -> list[dict[str, object]]:
    answer = http.get(f"/mp/v1/albums/{cast.album.id}/photos?{more}")
    answer.raise_for_status()
    photos: list[dict[str, object]] = answer.json()["photos"]
    return photos


def test_photos_of_a_slow_clock_move_to_their_place_in_time(
    stage: Stage, bell: FakeBell, http: httpx.Client, cast: Cast
) -> None:
    bridge, pictures = BridgeClient(http), [jpeg("red"), jpeg("green"), jpeg("blue")]
    for n, picture in enumerate(pictures):  # the second camera is 90 s slow
        bridge.shoot(picture, shot_at=NOON + n * 10_000 - (90_000 if n == 1 else 0))
    bell.work(stage)
    before = shown(http, cast)
    [slow] = [one for one in before if one["shot_at"] == NOON - 80_000]
    assert before[-1] == slow, "wrongly the earliest"
    cursor = max(one["revision"] for one in before)  # type: ignore[type-var]
    said = bridge.post(
        "/assets/times", {"times": [{"sha256": bridge.card(pictures[1])["sha256"], "shot_at": NOON + 10_000}]}
    )
    assert said.json() == {"changed": 1}
    assert [one["shot_at"] for one in shown(http, cast)] == [NOON + 20_000, NOON + 10_000, NOON]
    assert [one["id"] for one in shown(http, cast, "order=new")] == [one["id"] for one in shown(http, cast)]
    changes = http.get(f"/mp/v1/albums/{cast.album.id}/changes?after={cursor}").json()["changes"]
    assert [(one["id"], one["position"], one["shot_at"]) for one in changes] == [
        (slow["id"], slow["position"], NOON + 10_000)
    ], "open albums hear of it; the place in the live feed stays"
    within = f"order=time&from={NOON + 5_000}&to={NOON + 15_000}"
    assert [one["id"] for one in shown(http, cast, within)] == [slow["id"]]
    first = shown(http, cast, "order=time&limit=2")
    assert [one["id"] for one in first + shown(http, cast, "order=time&limit=2&before=2")] == [
        one["id"] for one in shown(http, cast)
    ]
    again = {"times": [{"sha256": bridge.card(pictures[1])["sha256"], "shot_at": NOON + 10_000}]}
    assert bridge.post("/assets/times", again).json() == {"changed": 0}, "repeatable"


def test_a_rendering_never_undoes_a_corrected_time(
    stage: Stage, bell: FakeBell, http: httpx.Client, cast: Cast
) -> None:
    bridge, picture = BridgeClient(http), jpeg("red")
    bridge.shoot(picture, shot_at=NOON)
    bridge.post("/assets/times", {"times": [{"sha256": bridge.card(picture)["sha256"], "shot_at": NOON + 7_000}]})
    bridge.shoot(picture, picture, shot_at=NOON)
    bell.work(stage)
    assert [one["shot_at"] for one in shown(http, cast)] == [NOON + 7_000]


def test_times_are_for_the_bridges_own_photos(stage: Stage, bell: FakeBell, http: httpx.Client, cast: Cast) -> None:
    with stage.db.writing() as tx:
        make_cast(tx, login="stranger", token="stranger")
    picture = jpeg("red")
    BridgeClient(http).shoot(picture, shot_at=NOON)
    times = {"times": [{"sha256": BridgeClient(http).card(picture)["sha256"], "shot_at": NOON + 7_000}]}
    assert BridgeClient(http, "stranger").post("/assets/times", times).json() == {"changed": 0}
    bell.work(stage)
    assert [one["shot_at"] for one in shown(http, cast)] == [NOON]


def test_a_hidden_photos_time_is_told_to_nobody(stage: Stage, bell: FakeBell, http: httpx.Client, cast: Cast) -> None:
    bridge, picture = BridgeClient(http), jpeg("red")
    bridge.shoot(picture, shot_at=NOON)
    bell.work(stage)
    bridge.post(f"/assets/{bridge.card(picture)['asset_id']}/retract", {}).raise_for_status()
    [gone] = http.get(f"/mp/v1/albums/{cast.album.id}/changes?after=0").json()["changes"]
    bridge.post("/assets/times", {"times": [{"sha256": bridge.card(picture)["sha256"], "shot_at": NOON + 7_000}]})
    assert http.get(f"/mp/v1/albums/{cast.album.id}/changes?after=0").json()["changes"] == [gone]
