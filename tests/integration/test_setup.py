"""The set-up on machines that lack something: one clear line that says what to install, and nothing half made."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.test_shipping import ROOT

pytestmark = pytest.mark.slow
NATIVE = Path("workers", "imaging")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the scripts need, without the rest."""
    for name in ("scripts", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / "clone" / name)
    (tmp_path / "clone" / NATIVE).mkdir(parents=True)
    for name in ("native.py", "tone.c"):
        shutil.copy(ROOT / NATIVE / name, tmp_path / "clone" / NATIVE)
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "dirname", "cat", "cksum", "tr", "date", "mkdir", "tail", "sed", "sleep", "rm"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return tmp_path / "clone"


def python(clone: Path, body: str) -> None:
    """The only Python on this machine."""
    fake = clone.parent / "bin" / "python3"
    fake.write_text(f"#!/bin/sh\n{body}\n")
    fake.chmod(0o755)


def set_up(clone: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(clone.parent / "bin"), "HOME": str(clone.parent)}
    words = [clone / "scripts" / "environment.sh", "run"]
    return subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_no_python_at_all(clone: Path) -> None:
    done = set_up(clone)
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_python_that_is_too_old(clone: Path) -> None:
    python(clone, "exit 1")  # what 3.9 answers when asked whether it is 3.11
    done = set_up(clone)
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr


def test_a_python_without_venv_and_pip(clone: Path) -> None:
    python(clone, 'case "$*" in *version_info*) exit 0 ;; *) exit 1 ;; esac')
    done = set_up(clone)
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr
    assert not (clone / ".venv").exists()


def test_nothing_is_done_twice(clone: Path) -> None:
    """The second run needs no Python, no network, no time."""
    ask = 'cd "$0"; . scripts/steps.sh; eval "$(grep ^wanted= scripts/environment.sh)"; echo "$wanted"'
    word = subprocess.run(["sh", "-c", ask, clone], capture_output=True, text=True, check=True).stdout.strip()
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to(os.devnull)
    for kind in ("run", "dev"):  # an environment for development serves `run` too
        (clone / ".venv" / ".kuaimen").write_text(f"{kind} {word}\n")
        (clone / ".venv" / "bin" / "python").unlink()
        (clone / ".venv" / "bin" / "python").symlink_to(str(shutil.which("true")))
        done = set_up(clone)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (clone / "requirements" / "run.txt").write_text("changed\n")
    assert set_up(clone).returncode == 1  # now it would have to work, and there is no Python
