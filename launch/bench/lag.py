"""How long from a file's last byte at the bridge until a guest has it, hop by hop, beside the same work done bare.

The limit does what nobody can save: copy the original to disk, decode it to a preview, encode that, decode it again,
encode view and thumb. It runs between the photos of the same run, so the ratio does not depend on the machine.
"""

from __future__ import annotations

import ftplib
import io
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import httpx
import orjson
import pi_heif
import typer
from PIL import Image
from typing_extensions import override

from backend.clock import now_ms
from launch import here
from launch.bench import append_result
from launch.status import status

HOPS = ("spooled", "preview_stored", "rendered", "live", "seen")
PATIENCE_S = 60
PREVIEW_PX, THUMB_PX = 1280, 480
SUFFIXES = {".jpg", ".jpeg", ".heic", ".png"}


@dataclass(slots=True)
class Seen:
    """What a connected guest got, by photo id: the moment (ms) of the first line about it."""

    at: dict[str, int] = field(default_factory=dict)
    ready: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)


def run(
    *,
    photos: Annotated[Path, typer.Option(help="A folder of photos to send.")],
    as_json: Annotated[bool, typer.Option("--json", help="Only the figures, as the last line.")] = False,
) -> None:
    """Photos through the real FTP port of the running platform, one by one; how long until a guest has each."""
    settings = here.joined()
    where = status(settings, here.home_of(settings))
    with tempfile.TemporaryDirectory() as scratch:
        figures = measure(where, photos, Path(scratch), tell=lambda line: print(line, file=sys.stderr))
    append_result("lag", figures)
    if not as_json:
        for hop, found in (*figures["ms"].items(), ("bare", figures["limit_ms"])):
            print(f"{hop:>15}  p50 {found['p50']:7.0f} ms  p95 {found['p95']:7.0f} ms")
    print(json.dumps(figures))


def measure(where: dict[str, Any], folder: Path, scratch: Path, *, tell: Callable[[str], None]) -> dict[str, Any]:
    """`where` is what `kuaimen status --json` says. Returns the figures of the last line (ms).

    Raises TimeoutError when a photo does not come out.
    """
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not files:
        raise FileNotFoundError(f"no photos in {folder}")
    pi_heif.register_heif_opener()  # the bare work reads what a telephone takes, too
    hops: dict[str, list[float]] = {hop: [] for hop in HOPS}
    limits: list[float] = []
    with httpx.Client(base_url=where["url"], timeout=30) as http, following(where) as seen:
        token = sign_in(http, where)
        for number, path in enumerate(files):
            data = unlike(path.read_bytes())
            name = f"LAG{number:05d}-{now_ms() % 10**9}.{path.suffix.lstrip('.')}"
            last_byte_at = push(where["ftp"], name, data)
            photo = await_live(http, token, where, name, seen)
            stamps = (photo["bridged_at"], photo["stored_at"], photo["rendered_at"], photo["live_at"])
            for hop, at in zip(HOPS, (*stamps, seen.at[photo["id"]]), strict=True):
                hops[hop].append(at - last_byte_at)
            await_settled(http, token, where, photo["id"])
            limits.append(bare(data, scratch))
            tell(f"{number + 1}/{len(files)} {path.name}: live {hops['live'][-1]:.0f} ms, bare {limits[-1]:.0f} ms")
    figures = {hop: percentiles(values) for hop, values in hops.items()}
    limit = percentiles(limits)
    ratio = round(figures["live"]["p50"] / max(limit["p50"], 1), 2)
    return {"photos": len(files), "ms": figures, "limit_ms": limit, "live_to_limit": ratio}


def percentiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"p50": round(statistics.median(ordered), 1), "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 1)}


def unlike(data: bytes) -> bytes:
    """The same picture with other bytes, so that every run sends photos the platform has not seen."""
    comment = os.urandom(16).hex().encode()
    if data[4:8] == b"ftyp":  # HEIC: a box that every reader passes over
        return data + (len(comment) + 8).to_bytes(4, "big") + b"free" + comment
    if data[:2] != b"\xff\xd8":
        return data
    return data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]


def push(ftp: dict[str, Any], name: str, data: bytes) -> int:
    """Send by FTP as a camera does; the moment (ms) when the last byte had left."""
    left = [0]

    class Source(io.BytesIO):
        @override
        def read(self, size: int | None = -1, /) -> bytes:
            block = super().read(size)
            if not block:
                left[0] = now_ms()
            return block

    with ftplib.FTP() as camera:  # noqa: S321 - cameras speak FTP; this is their port
        camera.connect(ftp["host"], ftp["port"], timeout=30)
        camera.login(ftp["user"], ftp["password"])
        camera.storbinary(f"STOR {name}", Source(data), blocksize=65536)
    return left[0]


def bare(data: bytes, scratch: Path) -> float:
    """The same work without a platform, ms."""
    began = time.perf_counter()
    with (scratch / "bare.bin").open("wb") as copy:
        copy.write(data)
        copy.flush()
        os.fsync(copy.fileno())
    preview = _smaller(data, PREVIEW_PX, 78)
    view = Image.open(io.BytesIO(preview))
    view.load()
    _encode(view, 85)
    _encode(view.resize(_fit(view.size, THUMB_PX), Image.Resampling.BILINEAR), 80)
    return (time.perf_counter() - began) * 1000


def _smaller(data: bytes, long_edge: int, quality: int) -> bytes:
    image = Image.open(io.BytesIO(data))
    size = _fit(image.size, long_edge)
    image.draft("RGB", size)
    return _encode(image.convert("RGB").resize(size, Image.Resampling.BILINEAR), quality)


def _encode(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _fit(size: tuple[int, int], long_edge: int) -> tuple[int, int]:
    scale = min(1.0, long_edge / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


@contextmanager
def following(where: dict[str, Any]) -> Iterator[Seen]:
    """A connected guest: notes when the stream brings a photo for the first time."""
    seen = Seen()
    guest = threading.Thread(target=_follow, args=(where, seen), daemon=True)
    guest.start()
    if not seen.ready.wait(PATIENCE_S):
        raise TimeoutError("the album's stream does not open")
    try:
        yield seen
    finally:
        seen.stop.set()


def _follow(where: dict[str, Any], seen: Seen) -> None:
    url = f"{where['url']}/mp/v1/albums/{where['album_id']}/stream"
    params: dict[str, int] = {}
    with httpx.Client(timeout=30) as http:
        while not seen.stop.is_set():
            with http.stream("GET", url, params=params) as lines:
                seen.ready.set()
                for line in lines.iter_lines():
                    if line.startswith("data: "):
                        change = orjson.loads(line[6:])
                        params["after"] = change["revision"]
                        seen.at.setdefault(change["id"], now_ms())
                    if seen.stop.is_set():
                        return


def sign_in(http: httpx.Client, where: dict[str, Any]) -> dict[str, str]:
    said = {"login": where["console"]["login"], "password": where["console"]["password"]}
    answer = http.post("/api/v1/login", json=said)
    answer.raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def await_live(
    http: httpx.Client, token: dict[str, str], where: dict[str, Any], name: str, seen: Seen
) -> dict[str, Any]:
    """The photo with this file name, once it is live and on the guest's screen."""

    def look() -> dict[str, Any] | None:
        found = _photos(http, token, where)
        mine = next((p for p in found if p["name"].endswith(name)), None)
        if mine is not None and mine["state"] == "rejected":
            raise ValueError(f"{name} was rejected: {mine['refusal']}")
        return mine if mine and mine["state"] == "live" and mine["id"] in seen.at else None

    return _await(look, f"{name} is not live")


def await_settled(http: httpx.Client, token: dict[str, str], where: dict[str, Any], photo_id: str) -> None:
    """The original is safe and rendered too, so that the next photo meets an idle platform."""

    def look() -> dict[str, Any] | None:
        said = http.get(f"/api/v1/events/{where['event_id']}", headers=token).json()
        mine = next(p for p in _photos(http, token, where) if p["id"] == photo_id)
        return mine if mine["original_at"] and not any(a["stale"] for a in said["albums"]) else None

    _await(look, f"photo {photo_id} does not settle")


def _photos(http: httpx.Client, token: dict[str, str], where: dict[str, Any]) -> list[dict[str, Any]]:
    answer = http.get(f"/api/v1/events/{where['event_id']}/photos", params={"limit": 20}, headers=token)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()["photos"]
    return found


def _await(look: Callable[[], dict[str, Any] | None], otherwise: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = look()
        if found is not None:
            return found
        time.sleep(0.05)
    raise TimeoutError(f"{otherwise} after {PATIENCE_S} s")
