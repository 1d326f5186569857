"""What can be told about each camera from what it sends: numbers that never arrived, and how wrong its clock is.

Cameras count their files. When 0412 and 0416 are here, 0413–0415 were taken and never came: the only witness of a photo
that was lost before the bridge. A clock is judged by the shortest time between shutter and arrival: a photo cannot
arrive before it is taken, so that minimum is the clock's error plus about a second of transfer. A photo of the clock on
our own page says it to a tenth of a second and counts until the camera's clock is found to have been set since; what
was shot before then keeps the error of its time.
"""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from camera_bridge.clock import now_ms
from camera_bridge.exif import base_name, file_number
from camera_bridge.ledger import Asset, Ledger

_REPORT_AFTER_MS: Final = 30_000
_FAR: Final = 100  # a larger step is a new sequence: another card, another counter
_MOST: Final = 500
_SAMPLES: Final = 50
_ENOUGH: Final = 3
_TRANSFER_MS: Final = 1000
_NOTICEABLE_MS: Final = 5000
_STEADY_MS: Final = 2000  # so close to each other are a camera's shortest delays when photos come as they are taken
_MINUTE_MS: Final = 60_000
_BY_AIR: Final = frozenset({"ftp", "usb", "folder"})


@dataclass(slots=True)
class _Sequence:
    """One counter of one camera: `DSC_` 0000–9999."""

    high: int
    missing: dict[int, int] = field(default_factory=dict)  # number → since when (ms)

    def step(self, number: int, at: int) -> None:
        self.missing.pop(number, None)
        ahead = number - self.high
        if self.high > 9900 and number < _FAR:
            ahead += 9999  # 9999 is followed by 0001
        if 0 < ahead <= _FAR:
            for skipped in range(self.high + 1, self.high + ahead):
                self.missing[skipped if skipped <= 9999 else skipped - 9999] = at
            self.high = number
        elif ahead > 0 or ahead < -_FAR:
            self.high = number
        while len(self.missing) > _MOST:
            del self.missing[next(iter(self.missing))]


@dataclass(slots=True)
class _Camera:
    sequences: dict[str, _Sequence] = field(default_factory=dict)
    serial: str = ""
    delays: deque[int] = field(default_factory=lambda: deque(maxlen=_SAMPLES))
    recent: deque[int] = field(default_factory=lambda: deque(maxlen=600))
    last_name: str = ""
    forgiven_at: int = 0
    read_ms: int | None = None  # from a photo of our clock

    def steady(self) -> bool:
        """Several photos came as quickly as can be: their delay is the clock's error, not a walk out of reach."""
        return sum(delay - min(self.delays) < _STEADY_MS for delay in self.delays) >= _ENOUGH

    def offset_ms(self) -> int | None:
        """What to add to the camera's times; None while too little is known, 0 when its clock is right."""
        if self.read_ms is not None:
            return self.read_ms
        if len(self.delays) < _ENOUGH:
            return None
        error = min(self.delays) - _TRANSFER_MS
        return error if abs(error) > _NOTICEABLE_MS else 0


class Cameras:
    """Fed with every file that arrives, in order. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cameras: dict[str, _Camera] = {}
        self._read: dict[str, int] = {}  # by body: what photos of our clock said
        self._eras: dict[str, list[tuple[int, int]]] = {}  # by body: until when (received) the clock was how wrong
        self._keep: Callable[[], None] = lambda: None

    def remember(self, ledger: Ledger) -> None:
        """What an earlier run received and read."""
        self._read = json.loads(ledger.kept("clocks") or "{}")
        eras = json.loads(ledger.kept("clock_eras") or "{}")
        self._eras = {body: [(until, offset) for until, offset in found] for body, found in eras.items()}

        def keep() -> None:
            ledger.keep("clocks", json.dumps(self._read))
            ledger.keep("clock_eras", json.dumps(self._eras))

        self._keep = keep
        for asset in ledger.assets("ORDER BY asset_id"):
            self.arrived(asset)

    def read_clock(self, asset: Asset, at: int) -> int | None:
        """A photo of our clock, taken when it showed `at`. The answer is the offset; None: the file has no time."""
        if asset.shot_at is None:
            return None
        with self._lock:
            camera = self._cameras.setdefault(asset.camera, _Camera())
            camera.read_ms = self._read[_body(asset)] = at - asset.shot_at
            self._keep()
            return camera.read_ms

    def arrived(self, asset: Asset) -> None:
        """A file is here, whole."""
        if asset.why == "self_test":
            return
        if asset.state in {"partial", "superseded"} or asset.source not in _BY_AIR:
            self._fill(asset)
            return
        with self._lock:
            camera = self._cameras.setdefault(asset.camera, _Camera())
            camera.recent.append(asset.received_at)
            camera.last_name = asset.name
            if asset.serial != camera.serial:
                camera.serial = asset.serial
                camera.delays.clear()
            camera.read_ms = self._read.get(_body(asset))
            if asset.shot_at is not None:
                self._believe(camera, asset, asset.received_at - asset.shot_at)
            number = file_number(asset.name)
            if number is not None:
                counter = counter_of(asset.name)
                sequence = camera.sequences.setdefault(counter, _Sequence(number))
                sequence.step(number, asset.received_at)

    def _believe(self, camera: _Camera, asset: Asset, delay: int) -> None:
        """A photo that arrives before it was taken: the camera's clock was set since its error was found."""
        known = camera.offset_ms() if camera.read_ms is not None or camera.steady() else None
        if known is not None and delay - known < -_NOTICEABLE_MS:
            self._read.pop(_body(asset), None)
            camera.read_ms = None
            camera.delays.clear()
            era = (asset.received_at, known)
            if era not in (eras := self._eras.setdefault(_body(asset), [])):  # a restart hears the story again
                eras.append(era)
                self._keep()
        camera.delays.append(delay)

    def _fill(self, asset: Asset) -> None:
        """A card's copy closes a gap, whatever the folder it came from is called."""
        number = file_number(asset.name)
        if number is None or asset.state in {"partial", "superseded"}:
            return
        with self._lock:
            for camera in self._cameras.values():
                sequence = camera.sequences.get(counter_of(asset.name))
                if sequence is not None and (not asset.serial or asset.serial == camera.serial):
                    sequence.missing.pop(number, None)

    def forgive(self, camera: str) -> None:
        """The operator knows about the gaps so far."""
        with self._lock:
            if camera in self._cameras:
                self._cameras[camera].forgiven_at = now_ms()

    def offset_ms(self, asset: Asset) -> int | None:
        """The clock error of the camera that took this, by its serial number if it came another way."""
        with self._lock:
            for until, offset in self._eras.get(_body(asset), ()):
                if asset.received_at < until:
                    return offset
            camera = self._cameras.get(asset.camera)
            if camera is None or (asset.serial and camera.serial != asset.serial):
                camera = next(
                    (one for one in self._cameras.values() if asset.serial and one.serial == asset.serial), None
                )
            read = self._read.get(_body(asset)) if asset.serial else None
            return read if read is not None else camera.offset_ms() if camera else None

    def offsets(self) -> dict[str, int | None]:
        """What is known of clocks: another answer than before means that some file's error is another now."""
        with self._lock:
            return {name: camera.offset_ms() for name, camera in self._cameras.items()} | self._read

    def report(self) -> dict[str, dict[str, Any]]:
        """By camera: gaps older than half a minute, clock error, pace of shooting."""
        now = now_ms()
        with self._lock:
            return {
                name: {
                    "gaps": _gaps(camera, now),
                    "clock_offset_ms": camera.offset_ms(),
                    "clock_by": "minimum" if camera.read_ms is None else "qr",
                    "per_minute": sum(now - at < _MINUTE_MS for at in camera.recent),
                    "serial": camera.serial or None,
                }
                for name, camera in self._cameras.items()
            }


def _body(asset: Asset) -> str:
    return asset.serial or f"user {asset.camera}"


def counter_of(name: str) -> str:
    """«DSC_0412.JPG» → «DSC_»: files of one counter share what stands before the number."""
    return re.sub(r"\d{3,5}$", "", base_name(name))


def _gaps(camera: _Camera, now: int) -> list[str]:
    """«DSC_0413–0415», oldest first."""
    found: list[str] = []
    for counter, sequence in camera.sequences.items():
        ripe = [
            n for n, since in sequence.missing.items() if now - since > _REPORT_AFTER_MS and since > camera.forgiven_at
        ]
        found += [f"{counter}{span}" for span in _spans(sorted(ripe))]
    return found


def _spans(numbers: list[int]) -> list[str]:
    """[413, 414, 415, 420] → ["0413-0415", "0420"]."""
    spans: list[tuple[int, int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return [f"{low:04d}" if low == high else f"{low:04d}-{high:04d}" for low, high in spans]
