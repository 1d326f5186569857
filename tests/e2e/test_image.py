"""The Dockerfile without Docker: its stages copy what they say into an empty folder and run the scripts they name.

Shows that every COPY before a RUN suffices for it. What the base image brings is not shown by this.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.test_shipping import ROOT, dockerfile

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def ours(path: str) -> list[Path]:
    """What git knows or would take."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", path]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(name) for name in said.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_stages_build_from_what_they_copy(tmp_path: Path) -> None:
    ignored = set((ROOT / ".dockerignore").read_text().split())
    env = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    ran = []
    for word, rest in dockerfile():
        if word == "COPY" and not rest[0].startswith("--from="):
            for name in ours(rest[0]):
                if name.parts[0] not in ignored:
                    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(ROOT / name, tmp_path / name)
        if word == "RUN" and rest[0].startswith(("scripts/", ".venv/")):
            done = subprocess.run(rest, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            ran.append(rest[0])
    assert ran == ["scripts/environment.sh", "scripts/frontend.sh", ".venv/bin/python"]
    assert sorted((tmp_path / "web" / "dist").glob("manifest-*.json"))
    for command in ("kuaimen", "kuaimen-bridge"):
        words = [tmp_path / ".venv" / "bin" / command, "--help"]
        said = subprocess.run(words, cwd="/", env=env, capture_output=True, text=True, check=True)
        assert command in said.stdout
    # nothing of the development environment, and the app is complete
    packages = {p.name.split("-")[0] for p in (tmp_path / ".venv").glob("lib/*/site-packages/*.dist-info")}
    assert not packages & {"pytest", "ruff", "mypy"}
    if shutil.which("cc") or shutil.which("gcc"):
        assert list((tmp_path / "workers" / "imaging" / "built").glob("tone-*.so"))
    imported = "import launch.app, launch.crew, launch.serve, gunicorn.workers.ggevent, camera_bridge.cli"
    subprocess.run([tmp_path / ".venv" / "bin" / "python", "-P", "-c", imported], cwd="/", env=env, check=True)
