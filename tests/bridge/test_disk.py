"""The disk: full in the middle of a file, short of room, and its power cut."""

from __future__ import annotations

import ftplib
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from camera_bridge import audit
from camera_bridge.bridge import Bridge
from camera_bridge.config import Config
from camera_bridge.policy import Policy
from camera_bridge.spool import Spool
from tests.bridge.conftest import login, picture, store
from tests.bridge.platform import FakePlatform

pytestmark = pytest.mark.slow


def test_full_in_the_middle_of_a_file(bridge: Bridge, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    real, written = os.write, [0]

    def write(fd: int, chunk: bytes) -> int:
        if len(chunk) > 1000:
            written[0] += 1
            if written[0] == 3:
                raise OSError(28, "No space left on device")
        return real(fd, chunk)

    monkeypatch.setattr("camera_bridge.spool.os.write", write)
    with login(bridge) as camera:
        with pytest.raises(ftplib.error_temp, match=r"^452 No space left"):
            store(camera, "a.jpg", picture(1))
        monkeypatch.undo()
        assert store(camera, "a.jpg", picture(1)).startswith("226")
    platform.wait(lambda: list(platform.originals().values()) == [picture(1)])


def test_what_is_safe_makes_room_and_nothing_else(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = start(replace(settings, mode="auto"))
    with login(bridge) as camera:
        store(camera, "safe.jpg", picture(1))
        platform.wait(lambda: bridge.state()["counts"]["original_safe"] == 1)
        bridge.do("originals_later")
        store(camera, "waiting.jpg", picture(2))
    monkeypatch.setattr(bridge.spool, "free_bytes", lambda: bridge.spool.reserve_bytes + 1)
    assert bridge.spool.tidy() == 0, "younger than a day"
    assert bridge.spool.tidy(keep_ms=-1000) == 1
    left = {one.name: bridge.spool.path(one.asset_id).exists() for one in bridge.spool.ledger.assets()}
    assert left == {"safe.jpg": False, "waiting.jpg": True}
    assert bridge.spool.ledger.faults() == []
    assert audit.verify(bridge.spool.root, lambda _done, _total: None) == []


def test_the_dialogue_is_recorded_without_passwords(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform
) -> None:
    bridge = start(replace(settings, record=True))
    with login(bridge) as camera:
        store(camera, "a.jpg", picture(1))
    text = (bridge.spool.root / "record" / "127.0.0.1.log").read_text()
    assert "camera USER cam1" in text
    assert "camera STOR a.jpg" in text
    assert "bridge 226" in text
    assert "PASS ********" in text
    assert "48213907" not in text


CUT = """
import sys
from pathlib import Path
from camera_bridge import spool as module
from camera_bridge.config import Config
from camera_bridge.policy import Policy
if sys.argv[2] == "nosync":
    module.sync_data = lambda fd: None
spool = module.Spool(Path(sys.argv[1]), reserve_bytes=0, policy=Policy(Config()).fate)
from tests.bridge.conftest import picture
for number in range(8):
    arrival = spool.begin("ftp", "cam1", f"/DSC_{number:04d}.JPG")
    arrival.write(picture(number, size=(640, 427)))
    assert arrival.finish().ok
    print(number, flush=True)
sys.stdin.read()
"""


def _mounted(folder: Path) -> tuple[Path, Path]:
    """A small ext4 of our own on a loop device; skips where that is not possible."""
    image, mount = folder / "disk.img", folder / "disk"
    mount.mkdir()
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("needs root and mkfs.ext4")
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    command = ["mount", "-o", "loop,commit=300", str(image), str(mount)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no loop devices here")
    return image, mount


@pytest.mark.parametrize("sync", ["sync", "nosync"])
def test_power_cut(tmp_path: Path, sync: str) -> None:
    """The disk of that moment, without what was only in memory. Without syncs photos are lost: the test bites."""
    image, mount = _mounted(tmp_path)
    snapshot, after = tmp_path / "snapshot.img", tmp_path / "after"
    after.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", CUT, str(mount / "spool"), sync],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(8)]
        shutil.copyfile(image, snapshot)
        subprocess.run(["mount", "-o", "loop", str(snapshot), str(after)], check=True, capture_output=True)
        try:
            spool = Spool(after / "spool", reserve_bytes=0, policy=Policy(Config()).fate)
            spool.adopt()
            whole = {
                one.sha256
                for one in spool.ledger.assets("WHERE state = 'spooled'")
                if hashlib.sha256(spool.path(one.asset_id).read_bytes()).hexdigest() == one.sha256
            }
            spool.close()
        finally:
            subprocess.run(["umount", str(after)], check=True)
    finally:
        process.kill()
        process.communicate()
        subprocess.run(["umount", str(mount)], check=True)
    promised = {hashlib.sha256(picture(number, size=(640, 427))).hexdigest() for number in acknowledged}
    assert (promised <= whole) == (sync == "sync")
