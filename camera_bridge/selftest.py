"""A visit to our own door, as a camera would make it: log in, send a picture nobody will see, hear `226`."""

from __future__ import annotations

import ftplib
import io
from typing import Any, Final

from PIL import Image

from camera_bridge.clock import now_ms, ticks
from camera_bridge.sources.ftp import FtpDoor
from camera_bridge.uplink.line import Line

_PATIENCE_S: Final = 10


def visit(door: FtpDoor, host: str, line: Line) -> dict[str, Any]:
    """`{ok, ftp_ms, rtt_ms, why}`. Never raises: what went wrong is the answer."""
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (now_ms() % 256, 90, 120)).save(out, "JPEG", comment=str(now_ms()))
    out.seek(0)
    began = ticks()
    camera = ftplib.FTP()  # noqa: S321 - what is tested is FTP
    try:
        camera.connect(host, door.port, timeout=_PATIENCE_S)
        camera.login(door.own.user, door.own.password)
        camera.storbinary("STOR SELFTEST.JPG", out)
    except (OSError, EOFError, ftplib.Error) as error:
        return {"ok": False, "ftp_ms": None, "rtt_ms": None, "why": str(error)}
    finally:
        camera.close()
    condition = line.condition()
    rtt_ms = round(condition.rtt_ms) if condition.rtt_ms is not None else None
    return {"ok": line.is_up, "ftp_ms": round((ticks() - began) * 1000), "rtt_ms": rtt_ms, "why": condition.why}
