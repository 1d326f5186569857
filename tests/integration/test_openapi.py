"""The API's description is the app's own routes: valid OpenAPI, nothing missing, and answers are as it says."""

from __future__ import annotations

import re
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis

from backend.context import Stage
from launch.app import create_app
from tests.architecture.test_endpoints import OPEN
from tests.cast import Cast
from tests.integration.test_team import signed_in


@pytest.fixture
def described(http: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = http.get("/api/v1/openapi.json").raise_for_status().json()
    return found


@pytest.mark.parametrize("prefix", ["/api/v1", "/mp/v1"])
def test_it_is_valid_and_names_every_route(stage: Stage, http: httpx.Client, prefix: str) -> None:
    said = http.get(f"{prefix}/openapi.json").raise_for_status().json()
    schemathesis.openapi.from_dict(said).validate()
    for ref in re.findall(r'"\$ref":\s*"#/components/schemas/([^"]+)"', httpx.Response(200, json=said).text):
        assert ref in said["components"]["schemas"], ref
    wanted = set()
    for rule in create_app(stage).url_map.iter_rules():
        if rule.rule.startswith(f"{prefix}/") and not rule.rule.endswith("/openapi.json"):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            wanted |= {(path, method.lower()) for method in rule.methods or () if method not in ("HEAD", "OPTIONS")}
    assert {(path, method) for path, one in said["paths"].items() for method in one} == wanted
    assert len(wanted) > 20


def test_every_operation_says_what_it_takes_and_which_right_it_needs(described: dict[str, Any]) -> None:
    for path, operations in described["paths"].items():
        for one in operations.values():
            assert one["summary"], path
            assert (one["operationId"] in OPEN) != ("x-right" in one), path
    assert described["paths"]["/api/v1/login"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    shown = described["paths"]["/api/v1/events/{event_id}/photos"]["get"]["parameters"]
    assert {one["name"] for one in shown} >= {"event_id", "state", "limit"}, "also where the view reads them itself"
    ids = [one["operationId"] for operations in described["paths"].values() for one in operations.values()]
    assert len(ids) == len(set(ids))


def test_answers_are_what_it_says(described: dict[str, Any], http: httpx.Client, cast: Cast) -> None:
    headers, seen = signed_in(http), 0
    made = {"name": "程序", "scopes": ["see_event"]}
    http.post("/api/v1/keys", json=made, headers=headers).raise_for_status()
    hook = {"url": "https://example.com/x", "kinds": ["photo.live"]}
    hook_id = http.post("/api/v1/webhooks", json=hook, headers=headers).json()["webhook"]["id"]
    for path, operations in described["paths"].items():
        shape = operations.get("get", {}).get("responses", {}).get("200", {}).get("content")
        if not shape:
            continue
        answer = http.get(path.format_map(_Ids(event_id=cast.event.id, webhook_id=hook_id)), headers=headers)
        if answer.status_code == 200:
            whole = {"components": described["components"], **shape["application/json"]["schema"]}
            jsonschema.validate(answer.json(), whole)
            seen += 1
    assert seen >= 6


class _Ids(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "nothing"
