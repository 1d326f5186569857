"""Cameras that speak SFTP: real clients, half files, the tree that cannot be harmed."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from camera_bridge.bridge import Bridge
from camera_bridge.config import Config
from tests.bridge.conftest import PASSWORD, picture
from tests.bridge.platform import FakePlatform

pytestmark = pytest.mark.slow


def run(visiting: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: a browser's tests leave a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, visiting).result()


@pytest.fixture
def bridge(settings: Config, start: Callable[[Config], Bridge]) -> Bridge:
    assert settings.ftp is not None
    return start(replace(settings, ftp=replace(settings.ftp, sftp_port=0)))


async def visit(bridge: Bridge, act: Callable[[asyncssh.SFTPClient], object], user: str = "cam1") -> None:
    assert bridge.sftp is not None
    async with (
        asyncssh.connect(
            "127.0.0.1", bridge.sftp.port, username=user, password=PASSWORD, known_hosts=None, client_keys=None
        ) as line,
        line.start_sftp_client() as camera,
    ):
        await act(camera)  # type: ignore[misc]  # every act is a coroutine


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_uploads(bridge: Bridge, platform: FakePlatform, tmp_path: Path) -> None:
    if "sftp" not in subprocess.run(["curl", "-V"], capture_output=True, text=True, check=True).stdout:
        pytest.skip("this curl speaks no SFTP")
    file = tmp_path / "DSC_0001.JPG"
    file.write_bytes(picture(1))
    assert bridge.sftp is not None
    url = f"sftp://127.0.0.1:{bridge.sftp.port}/DCIM/DSC_0001.JPG"
    command = ["curl", "-sk", "--ftp-create-dirs", "-u", f"cam1:{PASSWORD}", "-T", str(file), url]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0
    platform.wait(lambda: list(platform.originals().values()) == [file.read_bytes()])


def test_temporary_names_and_everything_that_would_harm(bridge: Bridge, platform: FakePlatform) -> None:
    content, other = picture(1), picture(2)

    async def act(camera: asyncssh.SFTPClient) -> None:
        await camera.mkdir("/DCIM")
        async with camera.open("/DCIM/.tmp", "wb") as file:
            await file.write(content)
        await camera.posix_rename("/DCIM/.tmp", "/DCIM/A_0001.JPG")
        assert await camera.getsize("/DCIM/A_0001.JPG") == len(content)
        assert await camera.listdir("/DCIM") == ["A_0001.JPG"]
        async with camera.open("/DCIM/A_0001.JPG", "wb") as file:
            await file.write(other)
        await camera.remove("/DCIM/A_0001.JPG")
        with pytest.raises(asyncssh.SFTPPermissionDenied):
            await camera.open("/DCIM/A_0001.JPG", "rb")
        assert await camera.exists("/../../etc/passwd") is False

    run(visit(bridge, act))
    platform.wait(lambda: set(platform.originals().values()) == {content, other})


def test_half_a_file_is_not_received(bridge: Bridge, platform: FakePlatform) -> None:
    content = picture(1)

    async def half(camera: asyncssh.SFTPClient) -> None:
        file = await camera.open("/A_0001.JPG", "wb")
        await file.write(content[: len(content) // 2])
        with pytest.raises(asyncssh.SFTPFailure, match="send again"):
            await file.close()

    async def rest(camera: asyncssh.SFTPClient) -> None:
        async with camera.open("/A_0001.JPG", "r+b") as file:
            await file.seek(len(content) // 2)
            await file.write(content[len(content) // 2 :])

    run(visit(bridge, half))
    assert bridge.state()["counts"]["partial"] == 1
    run(visit(bridge, rest))
    platform.wait(lambda: list(platform.originals().values()) == [content])


def test_a_wrong_password_is_told(bridge: Bridge) -> None:
    async def nothing(camera: asyncssh.SFTPClient) -> None:
        pass

    with pytest.raises(asyncssh.PermissionDenied):
        run(visit(bridge, nothing, user="cam9"))
    assert bridge.state()["troubles"][-1]["why"] == "unknown_user"
