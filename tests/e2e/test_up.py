"""`kuaimen up`: comes up, carries a photo from FTP to the album, survives every death, leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from launch import ports
from tests.cast import jpeg
from tests.e2e.platform import Running
from tests.integration.test_shipping import nginx_conf

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

PARTS = ("redis", "sandbox", "web", "live-1", "bulk", "notify", "export", "faces", "chores", "sweep", "bridge")
FIRST = ("arrival", "welcome")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """One platform for all tests that leave it running; it began with a folder of photos, as a newcomer's does."""
    folder = tmp_path_factory.mktemp("photos")
    for words in FIRST:
        (folder / f"{words}.jpg").write_bytes(jpeg("olive", (1200, 800), words=words))
    opened = Running(tmp_path_factory.mktemp("up") / "var")
    opened.start("--photos", str(folder))
    opened.until(lambda: opened.live() == len(FIRST), 60)
    yield opened
    opened.end()


@pytest.fixture
def fresh(tmp_path: Path) -> Generator[Running]:
    opened = Running(tmp_path / "var")
    yield opened
    opened.end()


def test_status_says_where_everything_is(running: Running) -> None:
    found = running.status()
    assert found["url"] == f"http://127.0.0.1:{running.env['KUAIMEN_PORT']}"
    assert found["album_url"].startswith(found["url"])
    assert httpx.get(found["album_url"]).status_code == 200
    assert found["share_code"] in found["scene"]
    assert set(found["photos"]) == {"announced", "stored", "live", "hidden", "rejected", "purged"}
    assert set(found["ftp"]) == {"host", "port", "user", "password"}
    assert set(found["console"]) == {"url", "login", "password"}
    assert Path(found["inbox"]).is_dir()
    assert set(found["processes"]) == set(PARTS)
    assert all(p["up"] for p in found["processes"].values())
    assert found["bridge"]["server_ok"]
    assert found["album_id"]
    said = running.said()
    for word in (found["album_url"], found["ftp"]["password"], found["console"]["password"], found["inbox"]):
        assert word in said


def test_the_console_lets_the_organizer_in(running: Running) -> None:
    found = running.status()
    who = {"login": found["console"]["login"], "password": found["console"]["password"]}
    assert httpx.post(f"{found['url']}/api/v1/login", json=who).status_code == 200
    assert httpx.post(f"{found['url']}/api/v1/login", json=who | {"password": "wrong"}).status_code == 401


def test_secrets_are_readable_by_their_owner_only(running: Running) -> None:
    for name in ("secret.key", "seed.json", "bridge.json"):
        assert (running.data_dir / name).stat().st_mode & 0o077 == 0, name
    assert running.data_dir.stat().st_mode & 0o077 == 0


def test_a_photo_goes_from_ftp_to_the_album(running: Running) -> None:
    before = running.live()
    running.send("DSC_0001.JPG")
    running.until(lambda: running.live() == before + 1, 30)
    found = running.status()
    photos = httpx.get(f"{found['url']}/mp/v1/albums/{found['album_id']}/photos").json()["photos"]
    picture = httpx.get(photos[0]["urls"]["view"])
    assert picture.status_code == 200
    assert picture.headers["Content-Type"] == "image/jpeg"


def test_the_inbox_is_watched(running: Running) -> None:
    before = running.live()
    (running.data_dir / "inbox" / "card.jpg").write_bytes(jpeg("navy", (1000, 700), words="inbox"))
    running.until(lambda: running.live() == before + 1, 40)


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed: apt install nginx-light")
def test_nginx_passes_a_photo_on_at_once(running: Running, tmp_path: Path) -> None:
    """The shipped configuration before the running platform: the stream is not held back, JSON is compressed."""
    port = ports.free()
    conf = nginx_conf(tmp_path, port, f"127.0.0.1:{running.env['KUAIMEN_PORT']}")
    with subprocess.Popen(["nginx", "-c", conf, "-g", "daemon off;"]) as nginx:
        try:
            running.until(lambda: not ports.is_free("127.0.0.1", port), 10)
            album = f"http://127.0.0.1:{port}/mp/v1/albums/{running.status()['album_id']}"
            photos = httpx.get(f"{album}/photos")
            assert photos.status_code == 200
            cursor = httpx.get(album).json()["revision"]
            with httpx.stream("GET", f"{album}/stream?after={cursor}", timeout=30) as stream:
                running.send("NGINX.JPG", words=f"nginx {time.monotonic_ns()}")
                line = next(line for line in stream.iter_lines() if line.startswith("data:"))
            assert "urls" in line
            page = httpx.get(f"http://127.0.0.1:{port}/mp/v1/openapi.json")
            assert page.headers["Content-Encoding"] == "gzip"
        finally:
            nginx.terminate()


def test_doctor_finds_nothing_wrong(running: Running) -> None:
    answer = running.ask("doctor", "--english")
    assert answer.returncode == 0, answer.stdout
    for about in ("settings", "disk", "database", "store:local", "redis", "wechat:sandbox", "clock", "site"):
        assert f"✓ {about}" in answer.stdout, answer.stdout


def test_every_process_may_be_killed_while_photos_arrive(running: Running) -> None:
    """None lost, none doubled, all processes back, no help from outside."""
    before, sent = running.live(), 0
    for part in PARTS:
        running.send(f"KILL{sent:04}.JPG", words=f"before {part} {time.monotonic_ns()}")
        gone = running.kill(part)
        running.send(f"KILL{sent + 1:04}.JPG", words=f"after {part} {time.monotonic_ns()}")
        sent += 2
        running.until(lambda part=part, gone=gone: running.is_back(part, gone), 20)
    running.until(lambda: running.live() >= before + sent, 120)
    counts = running.photos()
    assert counts["live"] == before + sent
    assert counts["rejected"] == counts["hidden"] == 0


def test_uploads_go_on_while_redis_is_silent(running: Running) -> None:
    before = running.live()
    pid = int(running.state()["processes"]["redis"]["pid"])
    os.kill(pid, signal.SIGSTOP)
    try:
        running.send("SILENT01.JPG", words=f"silent {time.monotonic_ns()}")
        running.until(lambda: sum(running.photos().values()) == before + 1, 40)
    finally:
        os.kill(pid, signal.SIGCONT)
    running.until(lambda: running.live() == before + 1, 40)


def test_a_second_one_in_the_same_directory_is_told_so(running: Running) -> None:
    answer = running.ask("up")
    assert answer.returncode == 1
    assert "already runs" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_taken_port_is_named_with_its_holder(fresh: Running) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", int(fresh.env["KUAIMEN_PORT"])))
        holder.listen()
        answer = fresh.ask("up")
    assert answer.returncode == 1
    assert "KUAIMEN_PORT" in answer.stderr
    assert f"pid {os.getpid()}" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_directory_that_cannot_be_written_is_one_line(fresh: Running) -> None:
    fresh.data_dir.write_text("a file where the directory should be")
    answer = fresh.ask("up")
    assert answer.returncode == 1
    assert "KUAIMEN_DATA_DIR" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_wrong_settings_name_the_variable(fresh: Running) -> None:
    fresh.env["KUAIMEN_PORT"] = "seventy"
    answer = fresh.ask("up")
    assert answer.returncode == 2
    assert "KUAIMEN_PORT" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_nothing_runs_is_status_3(fresh: Running) -> None:
    answer = fresh.ask("status", "--json")
    assert answer.returncode == 3
    assert answer.stdout == ""


def test_a_restart_keeps_the_album_and_ctrl_c_leaves_nothing(fresh: Running) -> None:
    fresh.start()
    fresh.send("KEEP.JPG")
    fresh.until(lambda: fresh.live() == 1, 30)
    first = fresh.status()
    assert fresh.stop(signal.SIGINT) < 10
    assert fresh.process
    assert fresh.process.returncode == 0
    assert fresh.left_behind() == []
    assert fresh.ask("status").returncode == 3
    fresh.start()
    second = fresh.status()
    for name in ("album_id", "share_code", "ftp", "console", "photos"):
        assert second[name] == first[name]
    assert httpx.get(second["album_url"]).status_code == 200
    assert fresh.process
    fresh.process.kill()  # -9: nobody is there to stop the children
    fresh.process.wait()
    deadline = time.monotonic() + 5
    while fresh.left_behind() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert fresh.left_behind() == []
    assert fresh.start() > 0  # and the directory is not locked
    assert fresh.live() == 1
