"""Bytes for measuring an uplink: taken from a bridge, thrown away; nobody else may send them."""

from __future__ import annotations

import httpx

from tests.cast import TOKEN, Cast


def test_bytes_are_counted_and_kept_nowhere(cast: Cast, http: httpx.Client) -> None:
    answer = http.put("/bridge/v1/measure", content=b"x" * 100_000, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.json()) == (200, {"size": 100_000})


def test_only_a_bridge_may(cast: Cast, http: httpx.Client) -> None:
    assert http.put("/bridge/v1/measure", content=b"x").status_code == 401
