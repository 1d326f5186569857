"""Conventions that no linter knows, each one a test with the reason in its name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from backend import states
from backend.accounts import RIGHTS
from backend.config import Settings
from backend.errors import PUBLIC
from backend.models import (
    BridgeState,
    CheckState,
    DeliveryState,
    EventState,
    ExportState,
    PairingState,
    PhotoState,
    ReportState,
    RetouchState,
    Role,
    VeilState,
)

ROOT = Path(__file__).parents[2]
PACKAGES = ("backend", "workers", "miniprogram_api", "camera_bridge", "launch", "web", "migrations")
CODE = [p for d in PACKAGES for p in (ROOT / d).rglob("*.py") if "node_modules" not in p.parts]
TESTS = [p for d in ("tests", "benchmarks") for p in (ROOT / d).rglob("*.py")]
BUDGET = {
    "migrations/versions": 2000,  # written by Alembic
    "tests/browser/scenes.py": 500,  # drawings: strokes, no logic
    "tests/contract/test_store.py": 450,  # one contract, read as a whole
}
FORBIDDEN = re.compile(
    r"(^|_)(utils?|helpers?|common|managers?|services?(?!_worker)|dto|dao|handler_base)(_|$)", re.IGNORECASE
)  # a service worker is the browser's own word
FORBIDDEN_FILES = {"data", "info"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def budget(path: Path) -> int:
    return next((lines for start, lines in BUDGET.items() if name(path).startswith(start)), 400)


@pytest.mark.parametrize("path", CODE + TESTS, ids=name)
def test_every_file_fits_in_the_head(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= budget(path)


@pytest.mark.parametrize("path", CODE, ids=name)
def test_only_states_py_changes_a_state(path: Path) -> None:
    if path.name == "states.py" or "camera_bridge" in path.parts:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            assert not any(isinstance(t, ast.Attribute) and t.attr == "state" for t in targets), node.lineno
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "values":
            assert not any(k.arg == "state" for k in node.keywords), node.lineno


@pytest.mark.parametrize("path", CODE, ids=name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", CODE + TESTS, ids=name)
def test_names_say_what_a_thing_is(path: Path) -> None:
    assert not FORBIDDEN.search(path.stem)
    assert path.stem not in FORBIDDEN_FILES
    for node in ast.walk(ast.parse(path.read_text())):
        if "tests" in path.parts and str(getattr(node, "name", "")).startswith("test_"):
            continue  # a sentence, not a name
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            assert not FORBIDDEN.search(node.name), node.name


def test_every_state_has_a_row_in_its_table() -> None:
    assert set(states.PHOTO) == set(PhotoState)
    assert set(states.EVENT) == set(EventState)
    assert set(states.RETOUCH) == set(RetouchState)
    assert set(states.BRIDGE) == set(BridgeState)
    assert set(states.EXPORT) == set(ExportState)
    assert set(states.PAIRING) == set(PairingState)
    assert set(states.DELIVERY) == set(DeliveryState)
    assert set(states.CHECK) == set(CheckState)
    assert set(states.REPORT) == set(ReportState)
    assert set(states.VEIL) == set(VeilState)


def test_every_setting_is_documented() -> None:
    documented = (ROOT / "docs" / "settings.md").read_text()
    missing = [n for n in Settings.model_fields if f"`KUAIMEN_{n.upper()}`" not in documented]
    assert missing == []


def test_every_error_code_has_chinese_and_english_words() -> None:
    for code, (chinese, english) in PUBLIC.items():
        assert re.search(r"[\u4e00-\u9fff]", chinese), code
        assert english.isascii(), code


def test_every_error_code_in_the_code_is_in_the_table() -> None:
    for path in CODE:
        if "camera_bridge" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            raised = getattr(node.func, "id", "")
            if raised in {
                "BadInput",
                "NotFound",
                "Refused",
                "Unauthorized",
                "Conflict",
                "Upstream",
                "TooLarge",
                "TooMany",
            }:
                for keyword in node.keywords:
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                        assert keyword.value.value in PUBLIC, f"{name(path)}:{node.lineno}"


def test_the_rights_on_paper_are_the_rights_in_code() -> None:
    page = (ROOT / "docs" / "rights.md").read_text()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")]
    roles = [Role(word) for word in rows[0][1:]]
    written = {row[0]: {role for role, cell in zip(roles, row[1:], strict=True) if cell} for row in rows[2:]}
    assert set(roles) == set(Role)
    assert written == {right: set(allowed) for right, allowed in RIGHTS.items()}
