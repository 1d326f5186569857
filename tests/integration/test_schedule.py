"""The schedule of an event: an organizer writes it, a guest who scans the code reads it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from backend.context import Stage
from tests.cast import PASSWORD, Cast
from tests.conftest import FakeBell, visitor

NOON = 1_795_327_200_000
HOUR = 3_600_000


@pytest.fixture
def owner(stage: Stage, bell: FakeBell, cast: Cast) -> httpx.Client:
    client = visitor(stage, bell)
    said = client.post("/api/v1/login", json={"login": "owner", "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {said.json()['token']}"
    return client


def scanned(http: httpx.Client, cast: Cast) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get(f"/mp/v1/scan?scene=e={cast.event.share_code}").json()["event"]["schedule"]
    return found


def test_what_is_written_is_read_in_order(http: httpx.Client, owner: httpx.Client, cast: Cast) -> None:
    assert scanned(http, cast) == []
    lines = [
        {"starts_at": NOON + HOUR, "title": "晚宴", "place": "二楼"},
        {"starts_at": NOON, "ends_at": NOON + HOUR, "title": "签到"},
    ]
    path = f"/api/v1/events/{cast.event.id}/schedule"
    said = owner.post(path, json={"items": lines}).json()["items"]
    assert [line["title"] for line in said] == ["签到", "晚宴"]
    assert said == scanned(http, cast) == owner.get(path).json()["items"]
    assert said[1] == {"starts_at": NOON + HOUR, "ends_at": None, "title": "晚宴", "place": "二楼"}
    [audit] = owner.get("/api/v1/audits?action=schedule").json()["audits"]
    assert (audit["before"], len(audit["after"]["items"])) == ({"items": []}, 2)
    owner.post(path, json={"items": []})
    assert scanned(http, cast) == []


@pytest.mark.parametrize(
    "line",
    [
        {"starts_at": NOON, "ends_at": NOON - 1, "title": "倒着走"},
        {"starts_at": NOON, "title": ""},
        {"starts_at": "noon", "title": "签到"},
        {"title": "何时?"},
    ],
)
def test_a_line_that_makes_no_sense_is_refused(owner: httpx.Client, cast: Cast, line: dict[str, Any]) -> None:
    said = owner.post(f"/api/v1/events/{cast.event.id}/schedule", json={"items": [line]})
    assert (said.status_code, said.json()["code"]) == (422, "bad_input")
