"""Every address the app answers says who may call it: a new one cannot be forgotten."""

from __future__ import annotations

from flask import Flask

from backend.accounts import RIGHTS
from backend.context import Stage
from launch.app import create_app

OPEN = {  # under /api/v1, for people who have no session yet; each says why it is harmless where it is written
    "organizer.login",
    "organizer.logout",
    "team.read_invitation",
    "team.join",
    "reports.sponsor",
    "sign_in.begin",
    "sign_in.code",
    "sign_in.collect",
    "openapi_api_v1",
}


def rights(app: Flask) -> dict[str, str | None]:
    """Endpoint under /api/v1 → the right it needs."""
    under = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1")}
    return {endpoint: getattr(app.view_functions[endpoint], "right", None) for endpoint in under - OPEN}


def test_every_endpoint_of_the_console_names_its_right(stage: Stage) -> None:
    """Put `@needs("<right>")` under the route (backend/http.py), and its row into tests/integration/test_rights.py."""
    found = rights(create_app(stage))
    assert {endpoint for endpoint, right in found.items() if right not in RIGHTS} == set()
