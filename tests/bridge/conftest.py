"""One bridge, one platform, pictures made here."""

from __future__ import annotations

import ftplib
import io
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from camera_bridge.bridge import Bridge
from camera_bridge.config import CameraUser, Config, FtpConfig
from tests.bridge.platform import TOKEN, FakePlatform

PASSWORD = "48213907"


def picture(
    seed: int = 1,
    *,
    size: tuple[int, int] = (1600, 1067),
    orientation: int = 1,
    shot: str = "",
    serial: str = "SN123456",
) -> bytes:
    """A JPEG with noise enough to be as large as a small camera file, and EXIF of a camera.

    `shot`: YYYY:MM:DD hh:mm:ss, with a fraction if the camera writes one.
    """
    chance = random.Random(seed)
    small = Image.frombytes("RGB", (160, 107), chance.randbytes(160 * 107 * 3))
    image = small.resize(size)
    ImageDraw.Draw(image).rectangle((10, 10, size[0] // 3, size[1] // 3), fill=(200, 30 + seed % 200, 40))
    exif = Image.Exif()
    exif[0x10F], exif[0x110], exif[0x112] = "Testcam", "T1000", orientation
    second, _, fraction = (shot or f"2026:11:23 10:{seed // 60 % 60:02d}:{seed % 60:02d}").partition(".")
    exif.get_ifd(0x8769)[0x9003] = second
    exif.get_ifd(0x8769)[0xA431] = serial
    if fraction:
        exif.get_ifd(0x8769)[0x9291] = fraction
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    with FakePlatform() as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, platform: FakePlatform) -> Config:
    users = tuple(CameraUser(f"cam{n}", PASSWORD, f"cam{n}") for n in range(1, 5))
    return Config(
        server=platform.url,
        token=TOKEN,
        spool_dir=tmp_path / "spool",
        ftp=FtpConfig(host="127.0.0.1", port=0, implicit_port=0, passive_ports=range(0), users=users),
        state_port=0,
        reserve_bytes=1 << 20,
    )


@pytest.fixture
def start() -> Iterator[Callable[[Config], Bridge]]:
    running: list[Bridge] = []

    def begin(config: Config) -> Bridge:
        bridge = Bridge(config)
        running.append(bridge)
        bridge.start()
        return bridge

    yield begin
    for bridge in running:
        bridge.stop()


@pytest.fixture
def bridge(settings: Config, start: Callable[[Config], Bridge]) -> Bridge:
    return start(settings)


def login(bridge: Bridge, user: str = "cam1", *, tls: bool = False) -> ftplib.FTP:
    """A camera at the door."""
    assert bridge.door is not None
    camera = ftplib.FTP_TLS() if tls else ftplib.FTP()
    camera.connect("127.0.0.1", bridge.door.port, timeout=20)
    camera.login(user, PASSWORD)
    if isinstance(camera, ftplib.FTP_TLS):
        camera.prot_p()
    return camera


def store(camera: ftplib.FTP, name: str, content: bytes) -> str:
    """STOR; the server's last word."""
    return camera.storbinary(f"STOR {name}", io.BytesIO(content))
