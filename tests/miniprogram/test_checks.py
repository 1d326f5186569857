"""The mini-program's own gates: types, templates, lint, size, unit tests; and its idea of the wire against OpenAPI."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.miniprogram.conftest import ROOT, House

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
NAMES = {"EventCard": "EventShape", "AlbumCard": "AlbumShape", "PhotoCard": "PhotoShape", "SlateCode": "SlateShape"}
NAMES |= {"Pack": "ExportShape", "PackPart": "ExportPart", "VeilCard": "VeilShape", "TraceStep": "StepShape"}
NAMES |= {"Comment": "CommentShape", "Comments": "CommentsShape", "Front": "FrontShape", "Placed": "PlacementShape"}
SHAPES = [
    "Live",
    "Files",
    "ScheduleLine",
    "Urls",
    "Tombstone",
    "Session",
    "Scanned",
    "History",
    "Changes",
    "Left",
    "Download",
    "Waiting",
    "Problem",
    "TrackRequest",
    "FacesOfPhoto",
    "PlacedFace",
    "Agreed",
    "Found",
    "FrontAlbum",
]


def test_types_templates_lint_and_size(npm: Callable[..., str]) -> None:
    said = npm("run", "-s", "check")
    assert re.search(r"\d+ templates, 0 problems", said)
    size = re.search(r"main package ([\d.]+) KB of 500 KB", said)
    assert size
    assert 0 < float(size[1]) <= 500


def test_units(npm: Callable[..., str]) -> None:
    assert re.search(r"# fail 0\b", npm("test", "-s"))


def test_the_lock_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


def test_every_shape_has_the_fields_of_the_platform(house: House) -> None:
    """A field the client reads and the platform does not send, or not under this name, is found here."""
    schemas = house.http.get("/mp/v1/openapi.json").json()["components"]["schemas"]
    wire = (ROOT / "src/services/wire.ts").read_text()
    for ours, theirs in (NAMES | {name: name for name in SHAPES}).items():
        body = re.search(rf"export interface {ours} \{{(.*?)\n\}}", wire, re.DOTALL)
        assert body, ours
        wanted = set(re.findall(r"readonly (\w+)\??:", body[1]))
        assert wanted <= fields(schemas, theirs), ours


def fields(schemas: dict[str, dict[str, dict[str, object]]], name: str) -> set[str]:
    """OpenAPI names end in a digest of the model."""
    for key, schema in schemas.items():
        if key == name or key.startswith(f"{name}."):
            return set(schema["properties"])
    raise AssertionError(f"the platform describes no {name}: {sorted(schemas)}")
