"""Tells the platform that a camera has begun to send a photo, so that guests see it coming: a hint, sent once.

By a connection of its own, some hundred bytes at a time, nothing kept and nothing repeated: a sighting that cannot be
told at once is worth nothing. It waits a moment for the file's head, which says what shape the photo will have.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from PIL import Image

from camera_bridge import exif, structure
from camera_bridge.clock import ticks
from camera_bridge.errors import Refusal, UplinkError
from camera_bridge.ledger import Asset
from camera_bridge.spool import Watcher
from camera_bridge.uplink.line import Line
from camera_bridge.uplink.platform import Platform

log = logging.getLogger(__name__)

_HEAD_BYTES: Final = 256 << 10
_SHAPE_S: Final = 0.12  # so long a file's head may take
_STALE_S: Final = 1.5
_BATCH: Final = 50
_WARM_S: Final = 15.0
_REST_S: Final = 1.0
_UNKNOWN_S: Final = 60.0


class _Sight:
    """Passes everything on to who makes the preview, and looks at the first bytes."""

    def __init__(self, about: dict[str, Any], inner: Watcher, board: Sightings) -> None:
        self.about, self.at = about, ticks()
        self.told = False
        self._inner, self._board = inner, board
        self._head: bytearray | None = bytearray()

    def feed(self, chunk: bytes) -> None:
        self._inner.feed(chunk)
        head = self._head
        if head is None:
            return
        first = not head
        head += chunk[: _HEAD_BYTES - len(head)]
        if first and structure.kind_of(bytes(head[:32]), "") not in {"jpeg", "heic"}:
            self._head = None
        else:
            self._board.look(self)

    def ended(self) -> None:
        self._inner.ended()
        self.pass_over()  # its picture is ready in a moment

    def whole(self, asset: Asset) -> None:
        self._inner.whole(asset)

    def settled(self, asset: Asset) -> None:
        self._inner.settled(asset)
        if asset.state != "spooled":
            self._board.end(self)

    def lost(self) -> None:
        self._inner.lost()
        self.pass_over()
        self._board.end(self)

    def ready(self) -> bool:
        """Its shape is known, or was waited for long enough."""
        head = self._head
        if head is None:
            return True
        shape = _shape(bytes(head))
        if shape is not None:
            self.about["width"], self.about["height"] = shape
        if shape is not None or len(head) >= _HEAD_BYTES or ticks() - self.at > _SHAPE_S:
            self._head = None
            return True
        return False

    def pass_over(self) -> None:
        """Whatever comes now is no news."""
        self._head = None
        if not self.told:
            self._board.end(self)

    @property
    def over(self) -> bool:
        """Too late to be news: the line was not there."""
        return ticks() - self.at > _STALE_S


class Sightings:
    """One thread. `worth` says whether the platform's guests would see a photo that arrives now."""

    def __init__(self, line: Line, platform: Platform) -> None:
        self.worth: Callable[[], bool] = lambda: True
        self._line, self._platform = line, platform
        self._change = threading.Condition(threading.RLock())
        self._seen: list[_Sight] = []
        self._gone: list[dict[str, Any]] = []

    def watch(self, asset_id: str, camera: str, inner: Watcher) -> Watcher:
        """Who watches this arrival from now on."""
        if not self._line.is_up or not self.worth():
            return inner
        return _Sight({"asset_id": asset_id, "camera": camera[:80]}, inner, self)

    def look(self, sight: _Sight) -> None:
        with self._change:
            if not sight.told and sight not in self._seen:
                self._seen.append(sight)
            self._change.notify_all()

    def end(self, sight: _Sight) -> None:
        """Nothing will come of it."""
        with self._change:
            if sight in self._seen:
                self._seen.remove(sight)
            elif sight.told:
                self._gone.append({key: sight.about[key] for key in ("asset_id", "camera")})
                self._change.notify_all()

    def run(self) -> None:
        """Until the bridge stops."""
        while not self._line.stopping.is_set():
            if not self._line.wait_up(_REST_S):
                continue
            seen, gone = self._take()
            try:
                if seen or gone:
                    self._platform.tell_sightings(seen, gone)
                else:
                    self._platform.warm(_WARM_S)
            except Refusal as no:  # an older platform
                log.info("no_sightings code=%s", no.code)
                self._line.stopping.wait(_UNKNOWN_S)
            except UplinkError as trouble:
                log.debug("sightings why=%s", trouble)
                self._line.stopping.wait(_REST_S)
        self._platform.wire.hang_up()

    def _take(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """What can be told now; waits a little for the first."""
        with self._change:
            if not self._seen and not self._gone:
                self._change.wait(_REST_S)
            elif not self._gone and not any(sight.ready() for sight in self._seen):
                self._change.wait(_SHAPE_S / 4)
            for sight in [sight for sight in self._seen if sight.over]:
                sight.pass_over()
            ready = [sight for sight in self._seen if sight.ready()][:_BATCH]
            for sight in ready:
                sight.told = True
                self._seen.remove(sight)
            gone, self._gone = self._gone[:_BATCH], self._gone[_BATCH:]
            return [sight.about for sight in ready], gone


def _shape(head: bytes) -> tuple[int, int] | None:
    """(width, height) as seen upright, once so much of a JPEG is here that it says them."""
    try:
        with Image.open(io.BytesIO(head), formats=("JPEG",)) as image:
            width, height = image.size
    except (OSError, ValueError, SyntaxError, IndexError, EOFError, Image.DecompressionBombError):
        return None
    return (height, width) if exif.read(head).orientation >= 5 else (width, height)
