"""Folders that other programs fill: Capture One, Lightroom, tethering tools, a network share.

Events only make a candidate; what decides is the content, looked at again and again until it is whole. A rescan every
two seconds finds what events missed (a rename from elsewhere, a burst on Windows, a share without events). The
photographer's files are read, never moved, renamed or changed.
"""

from __future__ import annotations

import logging
import struct
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from camera_bridge import structure
from camera_bridge.clock import ticks
from camera_bridge.errors import NoRoom
from camera_bridge.loops import keep
from camera_bridge.spool import Spool, Verdict, chunks

log = logging.getLogger(__name__)

_RESCAN_S: Final = 2.0
_LOOKS_S: Final = (0.1, 0.25, 0.5, 1.0, 2.0)
_STILL_S: Final = 3.0  # an unknown format counts as whole when nothing moved for this long
_WRITE: Final = 0o222
_GIVE_UP_S: Final = 60.0
_TEMPORARY: Final = frozenset({"tmp", "part", "crdownload", "partial", "download", "lrt", "cosessiondb", "filepart"})
_FOREIGN: Final = frozenset({"captureone", "lost+found", "@eadir", "#recycle", "previews.lrdata"})

Stamp = tuple[int, int, int, int]  # device, inode, size, mtime in ns


@dataclass(slots=True)
class _Candidate:
    """A file that may still be growing."""

    stamp: Stamp
    still_since: float
    looks: int = 0
    next_look: float = 0.0
    told: bool = False


class HotFolder:
    """Watches folders and takes what is whole into the spool."""

    def __init__(self, folders: tuple[Path, ...], spool: Spool, source: str = "folder") -> None:
        self._folders, self._spool, self._source = folders, spool, source
        self._candidates: dict[Path, _Candidate] = {}
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._touched: set[Path] = set()
        self._lock = threading.Lock()
        self._thread = keep("hotfolder", self._run, self._stopping)
        self._observer: BaseObserver | None = None

    def start(self) -> None:
        for folder in self._folders:
            folder.mkdir(parents=True, exist_ok=True)
        self._observer = _observe(self._folders, _Ears(self))
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._bell.set()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(2)
        if self._thread.is_alive():
            self._thread.join(5)

    def touched(self, path: Path) -> None:
        """Somebody wrote, closed or renamed."""
        with self._lock:
            self._touched.add(path)
        self._bell.set()

    def _run(self) -> None:
        rescan_at = 0.0
        while not self._stopping.is_set():
            now = ticks()
            if now >= rescan_at:
                self._rescan()
                rescan_at = ticks() + _RESCAN_S
            self._take_touched()
            for path in [one for one, candidate in self._candidates.items() if candidate.next_look <= ticks()]:
                self._look(path)
            due = min((one.next_look for one in self._candidates.values()), default=rescan_at)
            self._bell.wait(max(0.0, min(due, rescan_at) - ticks()))
            self._bell.clear()

    def _take_touched(self) -> None:
        with self._lock:
            touched, self._touched = self._touched, set()
        for path in touched:
            candidate = self._candidates.get(path)
            if candidate is not None:
                candidate.next_look = 0.0
            else:
                self._consider(path)

    def _rescan(self) -> None:
        for folder in self._folders:
            try:
                found = [path for path in folder.rglob("*") if path not in self._candidates]
            except OSError as error:
                log.warning("rescan folder=%s error=%s", folder, error)
                continue
            for path in found:
                self._consider(path)

    def _consider(self, path: Path) -> None:
        """Make a file a candidate unless it is temporary, foreign or known."""
        if not wanted(path, self._folders):
            return
        stamp = stamp_of(path)
        if stamp is not None and not seen_before(self._spool, stamp):
            self._candidates[path] = _Candidate(stamp, ticks())

    def _look(self, path: Path) -> None:
        candidate = self._candidates[path]
        stamp = stamp_of(path)
        if stamp is None:
            del self._candidates[path]  # renamed or removed: the other name is another candidate
            return
        now = ticks()
        if stamp != candidate.stamp:
            candidate.stamp, candidate.still_since, candidate.looks = stamp, now, 0
        if self._ripe(path, candidate, now):
            del self._candidates[path]
            self._take(path, stamp)
            return
        candidate.next_look = now + _LOOKS_S[min(candidate.looks, len(_LOOKS_S) - 1)]
        candidate.looks += 1

    def _ripe(self, path: Path, candidate: _Candidate, now: float) -> bool:
        """Whole by content; or of unknown content and still; or half for so long that the operator must hear of it."""
        try:
            finding = structure.examine(path, path.name)
        except (OSError, ValueError, IndexError, struct.error):
            return False
        still = now - candidate.still_since
        if finding.why in {"not_a_picture", "cut"} or finding.kind in {"side", "video"}:
            return still >= _STILL_S
        if finding.whole:
            return True
        return still >= _GIVE_UP_S and finding.why != "empty"

    def _take(self, path: Path, stamp: Stamp) -> None:
        try:
            verdict = copy_in(path, self._spool, self._source, camera_of(path, self._folders))
        except (OSError, NoRoom) as error:
            log.warning("hotfolder path=%s error=%s", path, error)
            return  # the rescan finds it again
        if verdict.asset is not None and stamp_of(path) == stamp:
            remember(self._spool, stamp, path, verdict.asset.asset_id)


class _Ears(FileSystemEventHandler):
    """Every event is only a hint."""

    def __init__(self, folder: HotFolder) -> None:
        self.dispatch = self._heard  # type: ignore[method-assign]  # one ear for all kinds of events
        self._folder = folder

    def _heard(self, event: FileSystemEvent) -> None:
        if event.is_directory or event.event_type in {"opened", "closed_no_write"}:
            return
        for name in (event.src_path, getattr(event, "dest_path", "")):
            if name:
                self._folder.touched(Path(name.decode() if isinstance(name, bytes) else name))


def _observe(folders: tuple[Path, ...], ears: FileSystemEventHandler) -> BaseObserver | None:
    """Events where the system has them; without, the rescan alone does the work."""
    observer = Observer()
    try:
        for folder in folders:
            observer.schedule(ears, str(folder), recursive=True)
        observer.start()
    except OSError as error:
        log.warning("no_events error=%s", error)
        return None
    return observer


def wanted(path: Path, folders: tuple[Path, ...]) -> bool:
    """Not hidden, not temporary, not the working folder of another program."""
    inside = next((path.relative_to(one) for one in folders if path.is_relative_to(one)), None)
    if inside is None:
        return False
    if any(part.startswith((".", "~")) or part.lower() in _FOREIGN for part in inside.parts):
        return False
    return path.suffix[1:].lower() not in _TEMPORARY and not path.name.endswith("~")


def camera_of(path: Path, folders: tuple[Path, ...]) -> str:
    """The first folder below the watched one, or the watched folder's own name."""
    for folder in folders:
        if path.is_relative_to(folder):
            parts = path.relative_to(folder).parts
            return parts[0] if len(parts) > 1 else folder.name
    return path.parent.name


def copy_in(path: Path, spool: Spool, source: str, camera: str) -> Verdict:
    """Copy one file into the spool; the original stays untouched. Raises OSError, NoRoom."""
    spool.make_sure_of_room(path.stat().st_size)
    arrival = spool.begin(source, camera, str(path))
    arrival.protected = _locked(path)
    try:
        for chunk in chunks(path):
            arrival.write(chunk)
    except OSError:
        arrival.drop()
        raise
    return arrival.finish()


def _locked(path: Path) -> bool:
    """Cameras lock a photo by making its file read-only; in a folder where nothing may be written that says nothing."""
    return not path.stat().st_mode & _WRITE and bool(path.parent.stat().st_mode & _WRITE)


def stamp_of(path: Path) -> Stamp | None:
    """What tells one state of a file from another; None when there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns) if path.is_file() else None


def seen_before(spool: Spool, stamp: Stamp) -> bool:
    """Was exactly this state of this file taken already (perhaps before a restart)?"""
    with spool.ledger.reading() as db:
        return (
            db.execute(
                "SELECT 1 FROM seen_file WHERE dev = ? AND ino = ? AND size = ? AND mtime_ns = ?", stamp
            ).fetchone()
            is not None
        )


def remember(spool: Spool, stamp: Stamp, path: Path, asset_id: str) -> None:
    with spool.ledger.writing() as tx:
        tx.execute("INSERT OR REPLACE INTO seen_file VALUES(?, ?, ?, ?, ?, ?)", (*stamp, str(path), asset_id))
