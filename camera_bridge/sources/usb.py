"""A camera on a cable: every shot is fetched when the camera announces it, and what was missed is found on its card.

The card is listed after every (re)connection and held against what was taken before, because events are lost while the
cable is out. Nothing is ever deleted or changed on the card. Whatever the camera's library answers other than «fine»
counts as «camera gone»; the next attempt comes two seconds later.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from camera_bridge.errors import BridgeError, NoRoom
from camera_bridge.loops import keep
from camera_bridge.sources.hotfolder import Stamp, remember, seen_before
from camera_bridge.spool import Spool

log = logging.getLogger(__name__)

_AGAIN_S: Final = 2.0
_EVENT_MS: Final = 500
_RAW: Final = frozenset({"nef", "cr2", "cr3", "arw", "raf", "rw2", "orf", "dng", "pef"})
_CABLE: Final = -1  # stands where a disk's number stands for files


class CameraGone(BridgeError):
    """The cable is out, the camera is off, or it does not understand us any more."""


@dataclass(frozen=True, slots=True)
class CardFile:
    """A file on the camera's card. `mtime` in seconds."""

    folder: str
    name: str
    size: int
    mtime: int
    protected: bool = False


class Cable(Protocol):
    """One connection to one camera, used by one thread. Every method may raise CameraGone."""

    @property
    def body(self) -> str:
        """What tells this camera from another: its serial number or model."""

    def files(self) -> Iterator[CardFile]: ...

    def fetch(self, file: CardFile) -> bytes: ...

    def wait(self, milliseconds: int) -> CardFile | None:
        """The next new file, or None after that time."""

    def close(self) -> None: ...


class Plug(Protocol):
    """Connects. Raises CameraGone when there is nothing on the cable."""

    def __call__(self) -> Cable: ...


class Tether:
    """Takes photos from whatever is plugged in."""

    def __init__(self, plug: Plug, spool: Spool) -> None:
        self._plug, self._spool = plug, spool
        self._stopping = threading.Event()
        self._thread = keep("usb", self._run, self._stopping)
        self.body = ""  # of the camera that is connected now

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(3)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._visit(self._plug())
            except CameraGone as gone:
                if self.body:
                    log.warning("camera_gone body=%s why=%s", self.body, gone)
                self.body = ""
            except (OSError, NoRoom) as trouble:
                log.warning("usb why=%s", trouble)
            self._stopping.wait(_AGAIN_S)

    def _visit(self, cable: Cable) -> None:
        """From plugging in to pulling out."""
        try:
            self.body = cable.body
            log.info("camera_connected body=%s", self.body)
            for file in sorted(cable.files(), key=_first_what_shows):
                if self._stopping.is_set():
                    return
                self._take(cable, file)
            while not self._stopping.is_set():
                file_added = cable.wait(_EVENT_MS)
                if file_added is not None:
                    self._take(cable, file_added)
        finally:
            cable.close()

    def _take(self, cable: Cable, file: CardFile) -> None:
        stamp = _stamp(cable.body, file)
        if seen_before(self._spool, stamp):
            return
        self._spool.make_sure_of_room(file.size)
        content = cable.fetch(file)
        arrival = self._spool.begin("usb", cable.body, f"{file.folder}/{file.name}")
        arrival.protected = file.protected
        arrival.write(content)
        verdict = arrival.finish()
        if verdict.asset is not None and verdict.ok:
            remember(self._spool, stamp, Path(_path(file)), verdict.asset.asset_id)


def _first_what_shows(file: CardFile) -> tuple[bool, int, str]:
    """JPEG before RAW, then in the order they were shot."""
    return file.name.rpartition(".")[2].lower() in _RAW, file.mtime, file.name


def _path(file: CardFile) -> str:
    return f"{file.folder}/{file.name}"


def _stamp(body: str, file: CardFile) -> Stamp:
    number = int(hashlib.sha256(f"{body}|{_path(file)}".encode()).hexdigest()[:12], 16)
    return (_CABLE, number, file.size, file.mtime)
