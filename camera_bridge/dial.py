"""A clock that cameras can read: the time as a QR code on the bridge's page, new five times a second.

One photo of it says how wrong a camera's clock is to a tenth of a second, where waiting for files only says «about a
second». While somebody has the clock open, every arriving picture is searched for it, before anybody else sees it:
such a picture is meant for nobody. The page is given faces in advance and shows each at its own moment, so that the
way from here to there does not count.
"""

from __future__ import annotations

import logging
import re
import threading
from typing import Any, Final

import qrcode
import zxingcpp
from PIL import Image
from qrcode.constants import ERROR_CORRECT_Q

from camera_bridge.clock import now_ms, ticks

log = logging.getLogger(__name__)

SLOT_MS: Final = 200
_FACES: Final = 15
_ARMED_S: Final = 30.0  # after the last time somebody asked for faces
_TEXT: Final = re.compile(r"^KM(\d{13})$")


class Dial:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed_until = 0.0
        self._faces: dict[int, str] = {}

    @property
    def armed(self) -> bool:
        """Is somebody looking at the clock?"""
        return ticks() < self._armed_until

    def faces(self) -> dict[str, Any]:
        """The next three seconds: `{now, slot_ms, faces: [{at, code}]}`; `code` is 21 lines of 0 and 1."""
        now = now_ms()
        first = now - now % SLOT_MS
        with self._lock:
            self._armed_until = ticks() + _ARMED_S
            moments = [first + SLOT_MS * step for step in range(_FACES)]
            self._faces = {at: self._faces.get(at) or draw(at + SLOT_MS // 2) for at in moments}
            rows = [{"at": at, "code": code} for at, code in self._faces.items()]
        return {"now": now_ms(), "slot_ms": SLOT_MS, "faces": rows}


def draw(at: int) -> str:
    """The code of a moment; lines of 0 and 1 without a margin."""
    code = qrcode.QRCode(version=1, error_correction=ERROR_CORRECT_Q, border=0)
    code.add_data(f"KM{at:013d}")
    code.make(fit=False)
    return "\n".join("".join("1" if dot else "0" for dot in row) for row in code.get_matrix())


def read(picture: Image.Image) -> int | None:
    """The moment a picture of the clock shows (ms UTC), or None. About 5 ms for a preview."""
    gray = picture.convert("L")
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)  # one that is kept is called leaked at the end
    found = zxingcpp.read_barcodes(gray, formats=formats, try_rotate=False, try_invert=False)
    for one in found:
        match = _TEXT.match(one.text)
        if match:
            return int(match.group(1))
    return None
