"""How a bridge does behind a weak uplink: the camera's last byte → preview accepted → seen, beside the bare transfer.

Everything is real except the link: a whole platform in a scratch directory, a bridge as a process of its own, FTP from
a camera at Wi-Fi speed, a guest on the album's stream. Between bridge and platform stands `launch.bench.link`. Each
rate is measured twice: previews alone, and with a queue of originals that never empties.
"""

from __future__ import annotations

import ftplib
import http.client
import io
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Self, TypeVar

import typer
from PIL import Image

from backend.clock import now_ms
from launch import ports
from launch.bench import append_result
from launch.bench.lag import unlike
from launch.bench.link import Link, Shape

LINKS: Final = (2.0, 5.0, 20.0, 50.0)
RTT_MS: Final = 40.0
CAMERA_BYTES_S: Final = 20_000_000  # a recent body on 5 GHz Wi-Fi
PATIENCE_S: Final = 90.0
BLOCK: Final = 65536
T = TypeVar("T")


def run(
    *,
    photos: Annotated[int, typer.Option(help="Photos per link and phase.")] = 20,
    photo: Annotated[Path | None, typer.Option(help="A JPEG to send; by default one of about 10 MB is made.")] = None,
    links: Annotated[str, typer.Option(help="Rates in Mbit/s, separated by commas.")] = "2,5,20,50",
    as_json: Annotated[bool, typer.Option("--json", help="Only the figures, as the last line.")] = False,
) -> None:
    """Start a platform and a bridge of its own and send photos through emulated uplinks."""
    rates = tuple(float(one) for one in links.split(","))
    original = photo.read_bytes() if photo else make_photo()
    figures = measure(original, rates, photos, tell=lambda line: print(line, file=sys.stderr))
    append_result("uplink", figures)
    if not as_json:
        for link in figures["links"]:
            print(_words(link))
    print(json.dumps(figures))


def _words(link: dict[str, Any]) -> str:
    phases = (
        f"{name} {link[name]['p50_ms']:.0f}/{link[name]['p95_ms']:.0f}" for name in ("idle", "saturated", "visible")
    )
    return f"{link['mbit']:5.0f} Mbit/s  bare {link['bare_ms']:.0f}  {'  '.join(phases)} ms (p50/p95)"


def measure(original: bytes, rates: tuple[float, ...], photos: int, *, tell: Callable[[str], None]) -> dict[str, Any]:
    """The figures of the last line; times in ms. Raises TimeoutError when a photo does not come out."""
    found = []
    with tempfile.TemporaryDirectory(prefix="kuaimen-uplink-") as scratch, platform(Path(scratch)) as where:
        for rate in rates:
            where.link.reshape(Shape(rate, RTT_MS))
            found.append(_one_link(where, Path(scratch), rate, original, photos))
            tell(_words(found[-1]))
    return {"rtt_ms": RTT_MS, "photo_bytes": len(original), "photos": photos, "links": found}


@dataclass(frozen=True, slots=True)
class Where:
    """A platform that runs, and the link in front of it. `facts` is what `kuaimen status --json` says."""

    facts: dict[str, Any]
    token: str
    link: Link


@contextmanager
def platform(scratch: Path) -> Iterator[Where]:
    """`kuaimen up` in a scratch directory; its public address is the link's, so that parts pass the link too."""
    port, front = ports.free(), ports.free()
    own = {"PORT": port, "FTP_PORT": ports.free(), "DATA_DIR": scratch / "platform"}
    own |= {"PUBLIC_URL": f"http://127.0.0.1:{front}"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KUAIMEN_")}  # noqa: TID251 - theirs to inherit
    env = kept | {f"KUAIMEN_{name}": str(value) for name, value in own.items()}
    command = [sys.executable, "-P", "-m", "launch.cli"]
    with ExitStack() as stack:
        log = stack.enter_context((scratch / "platform.log").open("wb"))
        process = subprocess.Popen([*command, "up"], env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # noqa: S603 - our own command
        stack.callback(_end, process)
        link = stack.enter_context(Link(Shape(1000, 0.0), "127.0.0.1", port, listen=front))
        state = scratch / "platform" / "run" / "state.json"
        _until(lambda: json.loads(state.read_text())["ready_at"] if state.exists() else None, "the platform", process)
        said = subprocess.run([*command, "status", "--json"], env=env, capture_output=True, check=True)  # noqa: S603
        facts = json.loads(said.stdout)
        bridge = json.loads((scratch / "platform" / "bridge.json").read_text())
        yield Where(facts | {"url": f"http://127.0.0.1:{port}"}, bridge["token"], link)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Bridge:
    """A bridge of our own behind the link, and a camera that knows its port."""

    def __init__(self, where: Where, folder: Path) -> None:
        folder.mkdir(parents=True)
        doc = {
            "server": f"http://127.0.0.1:{where.link.port}",
            "token": where.token,
            "state_port": 0,
            "ftp": {"host": "127.0.0.1", "port": ports.free(), "users": [{"user": "cam1", "password": "48213907"}]},
        }
        (folder / "bridge.json").write_text(json.dumps(doc))
        self._port, self._spool, self._number = doc["ftp"]["port"], folder / "spool", 0  # type: ignore[index]  # our own table
        command = [sys.executable, "-P", "-m", "camera_bridge.cli", "run", "--config", str(folder / "bridge.json")]
        with (folder / "bridge.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own command
        _until(lambda: self.state()["server_ok"] or None, "the bridge", self.process)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self._ask("GET", "/state", None)
        return found

    def do(self, order: str) -> None:
        self._ask("POST", "/do", {"do": order})

    def forecast(self, photo_bytes: int) -> dict[str, Any]:
        """What the bridge's own test before an event predicts on this link: `p95_ms`, `drain_bytes_s`."""
        plan = {"photos_per_min": 60, "photo_bytes": photo_bytes, "hours": 1}
        self._ask("POST", "/preflight", plan)

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] | None = self.state()["preflight"]["result"]
            return found

        said = _until(look, "the forecast", self.process)
        return {name: said[name] for name in ("verdict", "p95_ms", "drain_bytes_s")}

    def preview_bytes(self, asset_id: str) -> int:
        return (self._spool / "preview" / f"{asset_id}.jpg").stat().st_size

    def shoot(self, data: bytes) -> tuple[int, dict[str, Any]]:
        """Send one photo as a camera does; (the moment of its last byte, its row once the preview was accepted)."""
        self._number += 1
        name = f"UP_{self._number:04d}.JPG"
        last_byte_at = self._push(name, data)

        def look() -> dict[str, Any] | None:
            row = next((one for one in self.state()["last"] if one["name"] == name), None)
            return row if row and row["preview_at"] else None

        return last_byte_at, _until(look, f"the preview of {name}", self.process)

    def _push(self, name: str, data: bytes) -> int:
        with ftplib.FTP() as camera:  # noqa: S321 - cameras speak FTP
            camera.connect("127.0.0.1", self._port, timeout=60)
            camera.login("cam1", "48213907")
            with camera.transfercmd(f"STOR {name}") as line:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BLOCK)
                began = time.monotonic()
                for start in range(0, len(data), BLOCK):
                    time.sleep(max(0.0, began + start / CAMERA_BYTES_S - time.monotonic()))
                    line.sendall(data[start : start + BLOCK])
                last_byte_at = now_ms()
            camera.voidresp()
        return last_byte_at

    def _ask(self, method: str, path: str, doc: dict[str, Any] | None) -> Any:  # noqa: ANN401 - JSON
        note = json.loads((self._spool / "screen.json").read_text())
        line = http.client.HTTPConnection("127.0.0.1", note["port"], timeout=10)
        try:
            line.request(method, path, json.dumps(doc) if doc else None, {"X-Bridge-Key": note["key"]})
            return json.loads(line.getresponse().read())
        finally:
            line.close()


class Guest:
    """A phone on the album's stream: notes when each photo first appears."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.seen: dict[str, int] = {}
        self._line = http.client.HTTPConnection(facts["url"].removeprefix("http://"), timeout=60)
        self._line.request("GET", f"/mp/v1/albums/{facts['album_id']}/stream")
        self._stream = self._line.getresponse()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._line.sock is not None:
            self._line.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._line.close()

    def _follow(self) -> None:
        with suppress(OSError, ValueError, http.client.HTTPException):
            while line := self._stream.readline():
                if line.startswith(b"data: "):
                    self.seen.setdefault(json.loads(line[6:])["id"], now_ms())


def _one_link(where: Where, scratch: Path, rate: float, original: bytes, photos: int) -> dict[str, Any]:
    bridge = Bridge(where, scratch / f"bridge-{rate:g}")
    try:
        bridge.do("originals_later")
        for _ in range(3):  # the link's rate is learnt from what passes it
            bridge.shoot(unlike(original))
        idle, sizes, _ = _series(where, bridge, original, photos)
        bare = [_bare(Shape(rate, RTT_MS), size) for size in sizes]
        forecast = bridge.forecast(len(original))
        bridge.do("originals_now")
        _until(lambda: bridge.state()["uplink"]["pace"] or None, "the pace", bridge.process)
        time.sleep(3.0)
        carried, began = where.link.carried, time.monotonic()
        saturated, small, visible = _series(where, bridge, original, photos)
        drained = where.link.carried - carried - sum(small)
        forecast["drained_bytes_s"] = round(drained / (time.monotonic() - began))
        left = bridge.state()["backlog"]["files"]
    finally:
        _end(bridge.process)
    return {
        "mbit": rate,
        "bare_ms": round(statistics.median(bare), 1),
        "preview_bytes": round(statistics.median(sizes)),
        "idle": _percentiles(idle),
        "saturated": _percentiles(saturated),
        "visible": _percentiles(visible),
        "originals_left": left,
        "forecast": forecast,
    }


def _series(where: Where, bridge: Bridge, original: bytes, photos: int) -> tuple[list[int], list[int], list[int]]:
    """(ms until accepted, preview bytes, ms until seen by the guest) of each photo."""
    accepted, sizes, visible = [], [], []
    with Guest(where.facts) as guest:
        for number in range(photos):
            last_byte_at, row = bridge.shoot(unlike(original))
            accepted.append(row["preview_at"] - last_byte_at)
            sizes.append(bridge.preview_bytes(row["asset_id"]))
            at = _until(partial(guest.seen.get, row["photo_id"]), "the guest's tile", bridge.process)
            visible.append(at - last_byte_at)
            time.sleep(0.3 + 0.05 * (number % 7))  # not in step with anything
    return accepted, sizes, visible


def _bare(shape: Shape, size: int) -> float:
    """The same number of bytes over a warm connection through the same link, and one byte back: ms."""
    with socket.create_server(("127.0.0.1", 0)) as far:
        sink = threading.Thread(target=_swallow, args=(far, size), daemon=True)
        sink.start()
        with Link(shape, *far.getsockname()) as link, socket.create_connection(("127.0.0.1", link.port)) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            took = 0.0
            for _ in range(3):  # the first two open the window
                began = time.perf_counter()
                line.sendall(b"x" * size)
                line.recv(1)
                took = time.perf_counter() - began
        sink.join(5)
    return took * 1000


def _swallow(far: socket.socket, size: int) -> None:
    line, _ = far.accept()
    with line:
        left = size
        while chunk := line.recv(BLOCK):
            left -= len(chunk)
            if left == 0:
                left = size
                line.sendall(b".")


def _percentiles(values: list[int]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "p50_ms": round(statistics.median(ordered), 1),
        "p95_ms": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 1),
    }


def _until(look: Callable[[], T | None], what: str, process: subprocess.Popen[bytes]) -> T:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            found = look()
        except (OSError, ValueError, KeyError):
            found = None
        if found:
            return found
        if process.poll() is not None:
            raise RuntimeError(f"{what}: the process ended with {process.returncode}")
        time.sleep(0.02)
    raise TimeoutError(f"{what} after {PATIENCE_S:.0f} s")


def make_photo(size: tuple[int, int] = (6000, 4000)) -> bytes:
    """24 MP and about 10 MB: soft shapes, some texture, grain as of a real sensor."""
    shapes = Image.frombytes("RGB", (48, 32), os.urandom(48 * 32 * 3)).resize(size, Image.Resampling.BICUBIC)
    texture = Image.effect_noise((size[0] // 5, size[1] // 5), 60).resize(size, Image.Resampling.BICUBIC)
    grain = Image.effect_noise(size, 22)
    surface = Image.blend(texture, grain, 0.6).convert("RGB")
    out = io.BytesIO()
    Image.blend(shapes, surface, 0.35).save(out, "JPEG", quality=92, subsampling="4:2:2")
    return out.getvalue()
