"""The spool: bytes of cameras on this disk, immutable once whole, durable before anybody hears «received».

`begin()` gives an `Arrival` to write into. Its `finish()` is the durability point: content check, hash, data synced,
directory synced, row committed. An object without a row (the process died in between) is examined and adopted at the
next start; nobody was told that it had arrived, so whatever it is, nothing is lost.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from camera_bridge import exif, structure
from camera_bridge.clock import new_id, now_ms, ticks
from camera_bridge.errors import NoRoom, SpoolBusy
from camera_bridge.ledger import Asset, Ledger

if sys.platform != "win32":
    import fcntl

log = logging.getLogger(__name__)

SELF_TEST: Final = "selftest"  # the camera whose pictures nobody is meant to see
_SYNC_EVERY: Final = 4 << 20  # so that the last sync, which the camera waits for, finds little to do
_COPY_BYTES: Final = 1 << 20
_COMFORT_BYTES: Final = 3 << 30  # below reserve and this, what is safe makes room
_KEEP_MS: Final = 86_400_000


class Watcher(Protocol):
    """Somebody who looks at the bytes while they arrive (the preview maker). Must never block and never raise."""

    def feed(self, chunk: bytes) -> None: ...

    def ended(self) -> None:
        """That was the last byte."""

    def whole(self, asset: Asset) -> None:
        """The content is whole; the row is being written at this moment."""

    def settled(self, asset: Asset) -> None:
        """The row is committed (perhaps as a duplicate or a partial): the last call."""

    def lost(self) -> None:
        """Nothing was kept: the last call."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a file: its state, why, and the artifacts it owes the platform."""

    state: str
    why: str = ""
    owes: tuple[str, ...] = ()


Policy = Callable[[structure.Finding, exif.Shot], Fate]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the sender may be told."""

    asset: Asset | None
    ok: bool
    why: str = ""


class Spool:
    """Owns a directory: `obj/<ulid>` bytes, `preview/<ulid>.jpg`, `ledger.db`. One process at a time."""

    def __init__(self, root: Path, *, reserve_bytes: int, policy: Policy) -> None:
        self.root = root
        self.objects = root / "obj"
        self.previews = root / "preview"
        self.reserve_bytes = reserve_bytes
        self.policy = policy
        for folder in (root, self.objects, self.previews):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock_file = _hold(root / "lock")
        self._flusher = ThreadPoolExecutor(1, thread_name_prefix="flush")
        self.ledger = Ledger(root / "ledger.db")
        self.watch: Callable[[str, str, str], Watcher | None] = lambda _asset_id, _camera, _name: None
        self.arrived: Callable[[Asset], None] = lambda _asset: None
        self.arriving = 0

    def close(self) -> None:
        self._flusher.shutdown()
        self.ledger.close()
        os.close(self._lock_file)

    def path(self, asset_id: str) -> Path:
        return self.objects / asset_id

    def preview_path(self, asset_id: str) -> Path:
        return self.previews / f"{asset_id}.jpg"

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.root).free

    def make_sure_of_room(self, size: int = 0) -> None:
        """Raises NoRoom when the disk would go below its reserve."""
        free = self.free_bytes()
        if free - size < self.reserve_bytes:
            raise NoRoom(f"only {free >> 20} MB free for the spool, {self.reserve_bytes >> 20} MB are kept in reserve")

    def tidy(self, keep_ms: int = _KEEP_MS) -> int:
        """Make room: remove what the platform holds and has hashed itself, oldest first, never younger than a day."""
        if self.free_bytes() >= self.reserve_bytes + _COMFORT_BYTES:
            return 0
        old = self.ledger.assets(
            "WHERE state = 'safe' AND why <> 'tidied' AND original_at < ? ORDER BY asset_id LIMIT 20",
            now_ms() - keep_ms,
        )
        for asset in old:
            self.ledger.tidied(asset.asset_id)
            self.path(asset.asset_id).unlink(missing_ok=True)
        if old:
            log.info("tidied files=%d", len(old))
        return len(old)

    def begin(self, source: str, camera: str, path: str) -> Arrival:
        """Start a file. Raises NoRoom before a byte is taken."""
        self.make_sure_of_room()
        return Arrival(self, source, camera, path)

    def sync_soon(self, fd: int) -> Future[None]:
        """Sync a file on the side; `fd` is ours to close."""

        def sync() -> None:
            try:
                sync_data(fd)
            finally:
                os.close(fd)

        return self._flusher.submit(sync)

    def sync_names(self) -> Future[None]:
        """Make the names in `obj/` durable."""
        return self._flusher.submit(_sync_directory, self.objects)

    def adopt(self) -> int:
        """Take over objects whose row was never written. The answer counts them."""
        with self.ledger.reading() as db:
            rows = {row[0] for row in db.execute("SELECT asset_id FROM asset")}
        found = [one for one in sorted(self.objects.iterdir()) if one.suffix != ".json" and one.name not in rows]
        for orphan in found:
            self._adopt(orphan)
        for note in self.objects.glob("*.json"):
            note.unlink()
        return len(found)

    def _adopt(self, orphan: Path) -> None:
        try:
            said = json.loads(orphan.with_suffix(".json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            said = {}
        if orphan.stat().st_size == 0:
            orphan.unlink()
            return
        path = str(said.get("path", f"/recovered/{orphan.name}"))
        with orphan.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            sync_data(file.fileno())
        _sync_directory(self.objects)
        asset, owes = self.describe(
            Asset(
                asset_id=orphan.name,
                source=str(said.get("source", "?")),
                camera=str(said.get("camera", "?")),
                path=path,
                name=path.rsplit("/", 1)[-1],
                kind="other",
                size=orphan.stat().st_size,
                sha256=digest,
                received_at=int(orphan.stat().st_mtime * 1000),
                state="partial",
            )
        )
        asset = self.ledger.receive(asset, owes)
        self.arrived(asset)
        log.info("adopted asset_id=%s name=%s state=%s why=%s", asset.asset_id, asset.name, asset.state, asset.why)

    def describe(
        self, asset: Asset, finding: structure.Finding | None = None, head: bytes = b"", *, protected: bool = False
    ) -> tuple[Asset, tuple[str, ...]]:
        """Fill in what the content says: kind, state, shot, and what is owed. Reads what it was not given."""
        file = self.path(asset.asset_id)
        finding = finding or structure.examine(file, asset.name)
        if not head:
            with file.open("rb") as start:
                head = start.read(exif.HEAD_BYTES)
        shot = exif.read(head)
        if protected:
            shot = replace(shot, rating=exif.MOST_STARS)
        ripe = finding.whole or finding.why == "not_a_picture"  # what never was a picture will not become whole
        fate = self.policy(finding, shot) if ripe else Fate("partial", finding.why)
        if asset.camera == SELF_TEST and ripe:
            fate = Fate("aside", "self_test")
        size = exif.pixels(file, shot) if ripe and finding.picture else None
        described = replace(
            asset,
            kind=finding.kind,
            state=fate.state,
            why=fate.why,
            pair_key=exif.pair_key(shot, asset.camera, asset.name),
            serial=shot.serial,
            shot_at=shot.shot_at,
            rating=shot.rating,
            width=size[0] if size else None,
            height=size[1] if size else None,
        )
        return described, fate.owes


class Arrival:
    """A file on its way in. Has the face of a file object, because pyftpdlib writes into it."""

    def __init__(self, spool: Spool, source: str, camera: str, path: str) -> None:
        self.asset_id = new_id()
        self.name = path  # what pyftpdlib calls a file object's name
        self.closed = False
        self.verdict: Verdict | None = None
        self.size = 0
        self.earlier: Path | None = None
        self.protected = False  # locked in the camera: counts as the most stars
        self._spool = spool
        self._source, self._camera = source, camera
        self._file = spool.path(self.asset_id)
        self._file.with_suffix(".json").write_text(
            json.dumps({"source": source, "camera": camera, "path": path}), encoding="utf-8"
        )
        self._fd, self._hash = os.open(self._file, os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o600), hashlib.sha256()
        self._scan = structure.Scan(path)
        self._head = bytearray()
        self._names = spool.sync_names()
        self._unsynced = 0
        self._error = ""
        self._watcher = spool.watch(self.asset_id, camera, path)
        spool.arriving += 1

    def write(self, chunk: bytes) -> int:
        """Keep bytes. A full disk does not raise: the camera must get an answer, and `finish()` gives it."""
        if self._error:
            return len(chunk)
        try:
            _write_all(self._fd, chunk)
        except OSError as error:
            self._error = error.strerror or "disk error"
            log.warning("disk asset_id=%s name=%s error=%s", self.asset_id, self.name, self._error)
            return len(chunk)
        self._hash.update(chunk)
        self._scan.feed(chunk)
        if len(self._head) < exif.HEAD_BYTES:
            self._head += chunk[: exif.HEAD_BYTES - len(self._head)]
        self.size += len(chunk)
        self._unsynced += len(chunk)
        if self._watcher:
            self._watcher.feed(chunk)
        if self._unsynced >= _SYNC_EVERY:
            self._unsynced = 0
            self._spool.sync_soon(os.dup(self._fd))
        return len(chunk)

    def seek(self, offset: int) -> None:
        """A resumed transfer: begin with the first bytes of what arrived before (`earlier`)."""
        if self.earlier is not None:
            for chunk in chunks(self.earlier, offset):
                self.write(chunk)

    def tell(self) -> int:
        return self.size

    def finish(self) -> Verdict:
        """Examine, make durable, write the row. Idempotent; never raises for a disk that fails."""
        if self.closed:
            return self.verdict or Verdict(None, ok=False, why="closed")
        self.closed = True
        try:
            self.verdict = self._finish()
        except OSError as error:
            self.verdict = self._give_up(error.strerror or "disk error")
        except Exception:  # whoever sent the file must hear an answer
            log.exception("not_received asset_id=%s name=%s", self.asset_id, self.name)
            self.verdict = self._give_up("internal error")
        finally:
            os.close(self._fd)
            self._spool.arriving -= 1
        return self.verdict

    close = finish

    def drop(self) -> None:
        """Forget the file: nothing arrived."""
        if not self.closed:
            self.closed = True
            os.close(self._fd)
            self._spool.arriving -= 1
            self.size = 0
            self._give_up("dropped")

    def _finish(self) -> Verdict:
        received_at = now_ms()
        if self._error or not self.size:
            return self._give_up(self._error or "empty")
        if self._watcher:
            self._watcher.ended()
        ledger = self._spool.ledger
        bare = Asset(
            asset_id=self.asset_id,
            source=self._source,
            camera=self._camera,
            path=self.name,
            name=self.name.rsplit("/", 1)[-1],
            kind="other",
            size=self.size,
            sha256=self._hash.hexdigest(),
            received_at=received_at,
            state="partial",
        )
        asset, owes = self._spool.describe(bare, self._scan.finding, bytes(self._head), protected=self.protected)
        if asset.state == "partial" and ledger.same_before(asset.camera, asset.path, asset.sha256):
            asset, owes = replace(asset, state="spooled", why="unproven"), ("preview", "original")
        if self._watcher and asset.state in {"spooled", "aside"} and not ledger.known(asset.sha256):
            self._watcher.whole(asset)
        began = ticks()
        sync_data(self._fd)
        self._names.result()
        asset = ledger.receive(asset, owes)
        self._file.with_suffix(".json").unlink(missing_ok=True)
        if self._watcher:
            self._watcher.settled(asset)
        self._spool.arrived(asset)
        log.info(
            "received asset_id=%s camera=%s name=%s bytes=%d state=%s why=%s sync_ms=%.1f",
            asset.asset_id, asset.camera, asset.name, asset.size, asset.state, asset.why, (ticks() - began) * 1000,
        )  # fmt: skip
        return Verdict(asset, ok=asset.state != "partial", why=asset.why)

    def _give_up(self, why: str) -> Verdict:
        if self._watcher:
            self._watcher.lost()
        if not self.size:
            self._file.unlink(missing_ok=True)
            self._file.with_suffix(".json").unlink(missing_ok=True)
        return Verdict(None, ok=False, why=why)


def chunks(path: Path, size: int | None = None) -> Iterator[bytes]:
    """A file's bytes in steps, up to `size`."""
    left = path.stat().st_size if size is None else size
    with path.open("rb") as file:
        while left > 0 and (chunk := file.read(min(_COPY_BYTES, left))):
            left -= len(chunk)
            yield chunk


def sync_data(fd: int) -> None:
    """Data on the disk, not in its cache, as far as the system can promise."""
    getattr(os, "fdatasync", os.fsync)(fd)


def _write_all(fd: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(fd, view) :]


def _sync_directory(path: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):
        return  # Windows: names are durable with the file
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _hold(path: Path) -> int:
    """Take the spool for this process; the system lets go when the process ends, however it ends."""
    fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    if sys.platform != "win32":
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            raise SpoolBusy(f"another bridge is working in {path.parent}") from error
    return fd
