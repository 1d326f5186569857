"""Killed at any moment, on either side: what a camera was told is safe is on the platform, once, byte for byte."""

from __future__ import annotations

import contextlib
import ftplib
import hashlib
import io
import json
import random
import signal
import socket
import sqlite3
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from camera_bridge import chain
from tests.bridge.conftest import PASSWORD, picture
from tests.bridge.platform import FakePlatform
from tests.bridge.test_command import Run, write_config

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Camera(threading.Thread):
    """Sends its pictures under colliding names until each was acknowledged, however often the door is slammed."""

    def __init__(self, user: str, port: int, contents: list[bytes], seed: int, *, tls: bool) -> None:
        super().__init__(daemon=True)
        self._user, self._port, self._todo, self._tls = user, port, list(contents), tls
        self._chance = random.Random(seed)
        self.acknowledged: list[str] = []
        self.attempts = 0

    def run(self) -> None:
        while self._todo:
            self.attempts += 1
            try:
                self._session()
            except (OSError, EOFError, ftplib.Error):
                time.sleep(0.05)

    def _session(self) -> None:
        client = ftplib.FTP_TLS() if self._tls else ftplib.FTP()
        try:
            client.connect("127.0.0.1", self._port, timeout=5)
            client.login(self._user, PASSWORD)
            if isinstance(client, ftplib.FTP_TLS):
                client.prot_p()
            while self._todo:
                name = f"DSC_{self._chance.randint(1, 3):04d}.JPG"
                answer = client.storbinary(f"STOR {name}", io.BytesIO(self._todo[0]), 8192, lambda _: time.sleep(0.008))
                assert answer.startswith("226")
                self.acknowledged.append(hashlib.sha256(self._todo.pop(0)).hexdigest())
        finally:
            client.close()


def test_kill_storm(tmp_path: Path, platform: FakePlatform) -> None:
    """Four cameras, a bridge and a platform that keep being killed."""
    chance = random.Random(7)
    port = free_port()
    users = [{"user": f"cam{n}", "password": PASSWORD} for n in range(1, 5)]
    config = write_config(tmp_path, platform.url, ftp={"host": "127.0.0.1", "port": port, "users": users})
    contents = {n: [picture(n * 1000 + i, size=(1500, 1000)) for i in range(7)] for n in range(1, 5)}
    contents[2][5] = contents[1][5]  # the same photo by two ways
    cameras = [Camera(f"cam{n}", port, contents[n], n, tls=n == 4) for n in contents]
    run, kills = Run(config), 0
    for one in cameras:
        one.start()
    end = time.monotonic() + 120
    while any(one.is_alive() for one in cameras) and time.monotonic() < end:
        time.sleep(chance.uniform(0.1, 0.6))
        if chance.random() < 0.25:
            platform.go_away()
            time.sleep(chance.uniform(0.05, 0.3))
            platform.come_back()
            continue
        run.end(signal.SIGKILL)
        (tmp_path / "spool" / "screen.json").unlink(missing_ok=True)
        kills += 1
        run = Run(config)
    for one in cameras:
        one.join(60)
    wanted = {hashlib.sha256(one).hexdigest(): one for many in contents.values() for one in many}
    platform.wait(lambda: platform.originals() == wanted, 60)
    platform.wait(lambda: bool(run.state()["safe_to_close"]), 30)
    code, err, _ = run.end()
    assert code == 0, err
    assert kills >= 5, "the storm was a breeze"
    assert [one.acknowledged for one in cameras] == [
        [hashlib.sha256(one).hexdigest() for one in contents[n]] for n in contents
    ]
    assert {one.published for one in platform.photos.values()} == {1}
    assert {one.stored for one in platform.photos.values()} == {1}
    _objects_are_what_the_ledger_says(tmp_path / "spool")


def _objects_are_what_the_ledger_says(spool: Path) -> None:
    with contextlib.closing(sqlite3.connect(spool / "ledger.db")) as db:
        assert chain.verify(db) == []
        rows = db.execute("SELECT asset_id, sha256, state FROM asset").fetchall()
    for asset_id, sha256, state in rows:
        content = (spool / "obj" / asset_id).read_bytes()
        assert hashlib.sha256(content).hexdigest() == sha256, state
    left = {one.name for one in (spool / "obj").iterdir()} - {row[0] for row in rows}
    assert not left, "every object has its row"
    assert Counter(row[2] for row in rows)["spooled"] == 0


def test_what_a_dead_process_left_is_adopted(tmp_path: Path, platform: FakePlatform) -> None:
    """Killed after the last byte and before the row: nobody was told, and still it is not lost."""
    spool = tmp_path / "spool"
    (spool / "obj").mkdir(parents=True)
    whole, half = picture(1), picture(2)[:50_000]
    for name, content, path in (("01A" + "0" * 23, whole, "/DSC_1.JPG"), ("01B" + "0" * 23, half, "/DSC_2.JPG")):
        (spool / "obj" / name).write_bytes(content)
        said = {"source": "ftp", "camera": "cam1", "path": path}
        (spool / "obj" / f"{name}.json").write_text(json.dumps(said))
    (spool / "obj" / ("01C" + "0" * 23)).write_bytes(b"")
    run = Run(write_config(tmp_path, platform.url))
    try:
        platform.wait(lambda: list(platform.originals().values()) == [whole])
        counts = run.state()["counts"]
        assert isinstance(counts, dict)
        assert (counts["received"], counts["partial"]) == (1, 1)
        assert next(iter(platform.photos.values())).card["name"] == "DSC_1.JPG"
    finally:
        run.end(signal.SIGKILL)
