"""The door, visited by real clients: every order of commands cameras use, every way a transfer can end badly."""

from __future__ import annotations

import ftplib
import hashlib
import io
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from camera_bridge.bridge import Bridge
from camera_bridge.config import Config
from tests.bridge.conftest import PASSWORD, login, picture, store
from tests.bridge.platform import FakePlatform

pytestmark = pytest.mark.slow


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def port_of(bridge: Bridge) -> int:
    assert bridge.door is not None
    return bridge.door.port


def states(bridge: Bridge) -> dict[str, int]:
    numbers = bridge.state()["counts"]
    return {name: number for name, number in numbers.items() if number}


def curl(bridge: Bridge, file: Path, name: str, *options: str, user: str = "cam1", scheme: str = "ftp") -> list[str]:
    port = bridge.door.implicit_port if scheme == "ftps" and bridge.door else port_of(bridge)
    url = f"{scheme}://{user}:{PASSWORD}@127.0.0.1:{port}/{name}"
    return ["curl", "-sS", "--max-time", "30", *options, "-T", str(file), url]


def lftp(bridge: Bridge, command: str, user: str = "cam1") -> list[str]:
    quick = "set net:max-retries 1; set net:timeout 10; set ssl:verify-certificate no"
    return [
        "lftp",
        "-u",
        f"{user},{PASSWORD}",
        "-p",
        str(port_of(bridge)),
        "127.0.0.1",
        "-e",
        f"{quick}; {command}; bye",
    ]


def ncftp(bridge: Bridge, file: Path, *options: str, user: str = "cam1") -> list[str]:
    login_ = ["-u", user, "-p", PASSWORD, "-P", str(port_of(bridge))]
    return ["ncftpput", "-V", "-r", "0", "-t", "10", *login_, *options, "127.0.0.1", "/", str(file)]


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "DSC_0001.JPG"
    path.write_bytes(picture(1, size=(3000, 2000)))
    return path


@needs("curl")
@pytest.mark.parametrize(
    "options",
    [
        ("--ftp-pasv",),
        ("--disable-epsv",),
        ("--ftp-port", "-"),
        ("--ftp-port", "-", "--disable-eprt"),
        ("--ssl-reqd", "-k"),
        ("--ssl-reqd", "-k", "--tls-max", "1.2"),
        ("--ftp-create-dirs",),
    ],
    ids=" ".join,
)
def test_curl_in_every_mode(bridge: Bridge, platform: FakePlatform, photo: Path, options: tuple[str, ...]) -> None:
    done = run(curl(bridge, photo, "A/DCIM/100EOS/DSC_0001.JPG", "--ftp-create-dirs", *options))
    assert done.returncode == 0, done.stderr
    platform.wait(lambda: platform.originals().get(sha(photo.read_bytes())) == photo.read_bytes())


def test_a_camera_that_is_connected_to(bridge: Bridge, platform: FakePlatform) -> None:
    """Active mode under TLS: the server opens the data connection."""
    with login(bridge, tls=True) as camera:
        camera.set_pasv(False)
        assert store(camera, "a.jpg", picture(2)).startswith("226")
    platform.wait(lambda: len(platform.originals()) == 1)


def test_a_camera_that_reads_nothing_after_the_handshake(bridge: Bridge, platform: FakePlatform) -> None:
    """Under TLS 1.3 its unread session tickets would reset the connection and take the photo's end with them."""
    contents = [picture(seed, size=(2400, 1600)) for seed in range(4)]
    with login(bridge, tls=True) as camera:
        for number, content in enumerate(contents):
            data = camera.transfercmd(f"STOR {number}.jpg")
            data.sendall(content)
            data.close()
            assert camera.voidresp().startswith("226")
    platform.wait(lambda: len(platform.originals()) == len(contents))


@needs("curl")
def test_implicit_tls_on_the_second_port(bridge: Bridge, platform: FakePlatform, photo: Path) -> None:
    done = run(curl(bridge, photo, "a.jpg", "-k", scheme="ftps"))
    assert done.returncode == 0, done.stderr
    platform.wait(lambda: len(platform.originals()) == 1)


@needs("lftp")
def test_lftp_with_and_without_tls(bridge: Bridge, platform: FakePlatform, photo: Path, tmp_path: Path) -> None:
    second = tmp_path / "b.jpg"
    second.write_bytes(picture(2))
    assert run(lftp(bridge, f"set ftp:ssl-allow no; put {photo}")).returncode == 0
    assert run(lftp(bridge, f"set ftp:ssl-force yes; set ftp:ssl-protect-data yes; put {second}")).returncode == 0
    platform.wait(lambda: len(platform.originals()) == 2)


@needs("ncftpput")
def test_ncftp_with_a_temporary_name(bridge: Bridge, platform: FakePlatform, photo: Path) -> None:
    done = run(ncftp(bridge, photo, "-T", ".tmp_"))
    assert done.returncode == 0, done.stderr
    platform.wait(lambda: len(platform.originals()) == 1)
    assert bridge.state()["last"][0]["name"] == "DSC_0001.JPG"


@needs("curl")
@needs("lftp")
@needs("ncftpput")
def test_four_cameras_at_once_with_the_same_names(bridge: Bridge, platform: FakePlatform, tmp_path: Path) -> None:
    contents: dict[str, bytes] = {}
    commands: list[list[list[str]]] = []
    for camera in range(1, 5):
        mine = []
        for number in range(4):
            file = tmp_path / f"c{camera}" / f"DSC_{number:04d}.JPG"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(picture(camera * 100 + number, size=(2000, 1333)))
            contents[sha(file.read_bytes())] = file.read_bytes()
            user = f"cam{camera}"
            mine.append(
                [
                    curl(bridge, file, file.name, user=user),
                    lftp(bridge, f"set ftp:ssl-allow no; put {file}", user),
                    ncftp(bridge, file, user=user),
                    curl(bridge, file, file.name, "--ssl-reqd", "-k", user=user),
                ][camera - 1]
            )
        commands.append(mine)
    failed: list[str] = []

    def shoot(mine: list[list[str]]) -> None:
        failed.extend(done.stderr for done in map(run, mine) if done.returncode)

    threads = [threading.Thread(target=shoot, args=(mine,)) for mine in commands]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failed
    platform.wait(lambda: platform.originals() == contents, 60)
    platform.wait(lambda: states(bridge) == {"received": 16, "preview_live": 16, "original_safe": 16})


def test_every_order_of_commands(bridge: Bridge, platform: FakePlatform) -> None:
    content = picture(3)
    with login(bridge) as camera:
        for command, code in (
            ("CLNT Camera", "200"), ("OPTS UTF8 ON", "200"), ("SYST", "215"), ("FEAT", "211"), ("NOOP", "200"),
            ("MKD A", "257"), ("MKD A", "257"), ("MKD A/DCIM", "257"), ("CWD /A/DCIM", "250"), ("CWD 100EOS", "250"),
            ("PWD", "257"), ("ALLO 1000000", "202"), ("SITE UMASK 022", "200"), ("TYPE A", "200"),
        ):  # fmt: skip
            assert camera.sendcmd(command).startswith(code), command
        for command in ("SIZE IMG_1.JPG", "MLST IMG_1.JPG", "DELE IMG_1.JPG", "RNFR IMG_1.JPG", "MDTM IMG_1.JPG"):
            with pytest.raises(ftplib.error_perm, match=r"^550"):
                camera.sendcmd(command)
        camera.voidcmd("TYPE A")  # a camera that forgets TYPE I must not have its bytes turned
        with camera.transfercmd("STOR .tmp_IMG_1.JPG") as data:
            data.sendall(content)
        assert camera.voidresp().startswith("226")
        assert camera.sendcmd("SIZE .tmp_IMG_1.JPG") == f"213 {len(content)}"
        for command, code in (
            ("MFMT 20261123101010 .tmp_IMG_1.JPG", "213"), ("SITE CHMOD 644 .tmp_IMG_1.JPG", "200"),
            ("RNFR .tmp_IMG_1.JPG", "350"), ("RNTO IMG_1.JPG", "250"), ("SIZE IMG_1.JPG", "213"),
            ("MLST IMG_1.JPG", "250"), ("MDTM IMG_1.JPG", "213"),
        ):  # fmt: skip
            assert camera.sendcmd(command).startswith(code), command
        assert camera.nlst() == ["IMG_1.JPG"]
        assert camera.nlst("/A/DCIM") == ["100EOS"]
        lines: list[str] = []
        camera.retrlines("LIST", lines.append)
        assert lines[0].split()[4] == str(len(content))
        platform.wait(lambda: bool(platform.originals()))
        assert camera.sendcmd("SIZE IMG_1.JPG") == f"213 {len(content)}", "the name outlives the upload"
        assert camera.sendcmd("DELE IMG_1.JPG").startswith("250")
        assert camera.sendcmd("RMD /A/DCIM/100EOS").startswith("250")
        assert camera.storbinary("STOU", io.BytesIO(picture(4))).startswith("226")
        with pytest.raises(ftplib.error_perm, match=r"^550"):
            camera.retrbinary("RETR IMG_1.JPG", len)
    assert platform.originals()[sha(content)] == content, "DELE removed nothing"
    platform.wait(lambda: len(platform.originals()) == 2)


def test_a_cut_file_hears_426_and_stays_a_half(bridge: Bridge, platform: FakePlatform) -> None:
    content = picture(5)
    with login(bridge) as camera:
        with pytest.raises(ftplib.error_temp, match=r"^426"):
            store(camera, "a.jpg", content[: len(content) // 2])
        assert states(bridge) == {"partial": 1}
        assert store(camera, "a.jpg", content).startswith("226")
    platform.wait(lambda: platform.originals() == {sha(content): content})
    assert "partial" not in states(bridge), "the whole file takes the place of its half"


def test_the_same_odd_bytes_twice_are_taken_as_they_are(bridge: Bridge, platform: FakePlatform) -> None:
    odd = picture(6)[:-2]
    with login(bridge) as camera:
        with pytest.raises(ftplib.error_temp, match=r"^426"):
            store(camera, "a.jpg", odd)
        assert store(camera, "a.jpg", odd).startswith("226")
    platform.wait(lambda: platform.originals() == {sha(odd): odd})


@pytest.mark.parametrize("tls", [False, True])
def test_a_camera_that_dies_in_the_middle(bridge: Bridge, platform: FakePlatform, tls: bool) -> None:
    content = picture(7, size=(2500, 1600))
    camera = login(bridge, tls=tls)
    data = camera.transfercmd("STOR a.jpg")
    data.sendall(content[:200_000])
    time.sleep(0.1)
    for sock in (data, camera.sock):
        assert sock is not None
        raw = socket.socket(fileno=sock.detach())
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # RST, as when power goes
        raw.close()
    platform.wait(lambda: states(bridge) == {"partial": 1})
    assert bridge.spool.arriving == 0
    with login(bridge, tls=tls) as again:
        assert again.sendcmd("SIZE a.jpg") == f"213 {bridge.spool.ledger.assets()[0].size}"
        assert store(again, "a.jpg", content).startswith("226")
    platform.wait(lambda: platform.originals() == {sha(content): content})


@needs("curl")
@needs("lftp")
@pytest.mark.parametrize("client", ["curl", "lftp"])
def test_a_killed_client_resumes(bridge: Bridge, platform: FakePlatform, photo: Path, client: str) -> None:
    slow = {
        "curl": curl(bridge, photo, "DSC_0001.JPG", "--limit-rate", "500K"),
        "lftp": lftp(bridge, f"set ftp:ssl-allow no; set net:limit-rate 500000; put {photo}"),
    }[client]
    process = subprocess.Popen(slow, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    platform.wait(lambda: bridge.spool.arriving == 1)
    time.sleep(0.6)
    process.kill()
    process.wait()
    platform.wait(lambda: states(bridge) == {"partial": 1})
    again = {
        "curl": curl(bridge, photo, "DSC_0001.JPG", "-C", "-"),
        "lftp": lftp(bridge, f"set ftp:ssl-allow no; put -c {photo}"),
    }[client]
    done = run(again)
    assert done.returncode == 0, done.stderr
    platform.wait(lambda: platform.originals() == {sha(photo.read_bytes()): photo.read_bytes()})


def test_a_botched_resume_never_counts_as_whole(bridge: Bridge, platform: FakePlatform) -> None:
    """What ncftpput -z does: REST in the middle, then the file from its beginning."""
    content = picture(8, size=(2500, 1600))
    with login(bridge) as camera:
        with pytest.raises(ftplib.error_temp, match=r"^426"):
            store(camera, "a.jpg", content[:150_000])
        with pytest.raises(ftplib.error_temp, match="picture_inside_picture"):
            camera.storbinary("STOR a.jpg", io.BytesIO(content), rest=100_000)
        assert store(camera, "a.jpg", content).startswith("226")
    platform.wait(lambda: platform.originals() == {sha(content): content})


def test_rest_beyond_the_end_is_refused(bridge: Bridge) -> None:
    with login(bridge) as camera, pytest.raises(ftplib.error_perm, match=r"^554"):
        camera.storbinary("STOR a.jpg", io.BytesIO(b"x"), rest=100)


def test_nothing_is_taken_when_the_disk_is_nearly_full(
    settings: Config, start: Callable[[Config], Bridge], platform: FakePlatform
) -> None:
    bridge = start(replace(settings, reserve_bytes=1 << 60))
    with login(bridge) as camera, pytest.raises(ftplib.error_temp, match=r"^452"):
        store(camera, "a.jpg", picture(9))
    assert bridge.state()["troubles"][0]["why"] == "disk_full"
    assert not list(bridge.spool.objects.iterdir())


def test_a_wrong_password_is_told_to_the_operator(bridge: Bridge) -> None:
    camera = ftplib.FTP()
    camera.connect("127.0.0.1", port_of(bridge), timeout=10)
    with pytest.raises(ftplib.error_perm, match=r"^530"):
        camera.login("cam1", "00000000")
    camera.close()
    trouble = bridge.state()["troubles"][0]
    assert (trouble["user"], trouble["why"], trouble["address"]) == ("cam1", "wrong_password", "127.0.0.1")


def test_a_dead_connection_that_sent_nothing_leaves_nothing(bridge: Bridge, platform: FakePlatform) -> None:
    with login(bridge) as camera:
        camera.transfercmd("STOR a.jpg").close()
        with pytest.raises(ftplib.error_temp, match=r"^426"):
            camera.voidresp()
    platform.wait(lambda: bridge.spool.arriving == 0)
    assert states(bridge) == {}
    assert not list(bridge.spool.objects.iterdir())
