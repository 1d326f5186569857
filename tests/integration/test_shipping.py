"""What ships the product names only what exists: commands, settings, files, hosts."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.config import Settings
from backend.jobs import QUEUES
from camera_bridge import cli as bridge_cli
from launch.cli import COMMANDS

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))


def dockerfile() -> Iterator[tuple[str, list[str]]]:
    """Instruction and words, lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            yield word, rest.split()


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def ours() -> dict[str, dict[str, Any]]:
    """The services that run our image."""
    return {name: one for name, one in compose()["services"].items() if one["image"] == "kuaimen"}


def commands() -> list[list[str]]:
    found = [one["command"] for one in ours().values()]
    lines = [line for unit in UNITS for line in unit.read_text().splitlines()]
    found += [shlex.split(line.partition("=")[2]) for line in lines if line.startswith("ExecStart=")]
    found += [yaml.safe_load(" ".join(rest)) for word, rest in dockerfile() if word == "CMD"]
    return [[Path(words[0]).name, *words[1:]] for words in found]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_a_command_that_is_shipped_exists(words: list[str]) -> None:
    if words[0] == "kuaimen-bridge":
        assert words[1:3] == ["run", "--config"]
        assert callable(bridge_cli.main)
        return
    assert words[0] == "kuaimen"
    assert (words[1],) in COMMANDS
    if words[1] == "work":
        assert words[2] == "%i" or words[2].partition("-")[0] in QUEUES


def test_all_queues_have_a_worker_and_there_is_one_sweep() -> None:
    services = ours()
    assert {one["command"][2] for one in services.values() if one["command"][1] == "work"} == set(QUEUES)
    sweeps = [one for one in services.values() if one["command"][1] == "sweep"]
    assert len(sweeps) == 1
    assert sweeps[0].get("deploy", {}).get("replicas", 1) == 1


def test_settings_that_are_shipped_exist() -> None:
    known = {f"KUAIMEN_{name.upper()}" for name in Settings.model_fields}
    named = {key for one in ours().values() for key in one["environment"]}
    in_image = [w.partition("=")[0] for word, rest in dockerfile() if word == "ENV" for w in rest]
    named |= {name for name in in_image if name.startswith("KUAIMEN_")}
    assert named
    assert named <= known


def test_containers_depend_on_containers() -> None:
    services = compose()["services"]
    for one in services.values():
        assert set(one.get("depends_on", ())) <= set(services)
    for host in re.findall(r"server ([a-z-]+):8080;", (ROOT / "deploy" / "nginx.conf").read_text()):
        assert services[host]["command"][:2] == ["kuaimen", "serve"]
    assert (ROOT / "deploy" / "nginx.conf").is_file()


def test_the_image_copies_and_runs_what_is_there() -> None:
    stages = set()
    ignored = set((ROOT / ".dockerignore").read_text().split())
    for word, rest in dockerfile():
        if word == "FROM" and "AS" in rest:
            stages.add(rest[rest.index("AS") + 1])
        if word == "COPY" and rest[0].startswith("--from="):
            assert rest[0].removeprefix("--from=") in stages
        elif word == "COPY":
            assert (ROOT / rest[0]).exists()
            assert rest[0] not in ignored
        if word == "RUN" and rest[0].startswith("scripts/"):
            assert os.access(ROOT / rest[0], os.X_OK)
    assert {"python", "frontend", "image"} <= stages


def test_the_image_does_not_run_as_root() -> None:
    users = [rest[0] for word, rest in dockerfile() if word == "USER"]
    assert users == ["kuaimen"]
    made = next(rest for word, rest in dockerfile() if word == "RUN" and rest[0] == "useradd")
    assert made[-1] == users[0]


@pytest.mark.parametrize("path", ["start.sh", *(f"scripts/{p.name}" for p in (ROOT / "scripts").glob("*.sh"))])
def test_scripts_are_posix_shell(path: str) -> None:
    shell = shutil.which("dash") or "sh"
    done = subprocess.run([shell, "-n", ROOT / path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # a registry's address belongs in pip's and npm's settings
    assert not re.search(r"https?://(?!127\.0\.0\.1)", (ROOT / path).read_text())


def nginx_conf(folder: Path, port: int, web: str) -> Path:
    """The shipped configuration, on the loopback, as nobody in particular."""
    text = re.sub(r"server (web|live):8080;", f"server {web};", (ROOT / "deploy" / "nginx.conf").read_text())
    for here, there in (
        ("listen 80 ", f"listen 127.0.0.1:{port} "),
        ("include mime.types;", "include /etc/nginx/mime.types;"),
        ("/tmp/kuaimen-assets", f"{folder}/assets"),
        ("/dev/stdout", "/dev/null"),
        ("/dev/stderr", f"{folder}/error.log"),
    ):
        assert here in text
        text = text.replace(here, there)
    made = folder / "nginx.conf"
    made.write_text(f"pid {folder}/pid;\n{text}")
    return made


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed: apt install nginx-light")
def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    conf = nginx_conf(tmp_path, 18999, "127.0.0.1:8080")
    done = subprocess.run(["nginx", "-t", "-c", conf], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_the_image_brings_the_tools_of_the_database_it_is_shipped_with() -> None:
    """A pg_dump older than its server refuses; a dump by a newer one cannot be restored to the older."""
    [client] = re.findall(r"postgresql-client-(\d+)", (ROOT / "Dockerfile").read_text())
    assert f"postgres:{client}" in {one["image"] for one in compose()["services"].values()}
