"""The operator's page: one HTML file of our own, filled with what it needs at the first look."""

from __future__ import annotations

import json
import socket
from importlib.resources import files
from typing import Any, Final

from camera_bridge.bridge import Bridge

_NOWHERE: Final = ("192.0.2.1", 9)  # never reached: asking the way to it names our own address
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared, not bound


def render(bridge: Bridge, key: str) -> bytes:
    """The page with the state of this moment and, for whoever may see it, what to enter in a camera."""
    boot = {"key": key, "state": bridge.state(), **_settings(bridge)}
    text = json.dumps(boot, ensure_ascii=False).replace("<", "\\u003c")  # a file may be called </script>
    page = files("camera_bridge").joinpath("page.html").read_text(encoding="utf-8")
    return page.replace("__BOOT__", text).encode()


def _settings(bridge: Bridge) -> dict[str, Any]:
    ftp = bridge.config.ftp
    if ftp is None or bridge.door is None:
        return {"host": "", "port": 0, "users": []}
    host = ftp.masquerade or (ftp.host if ftp.host not in _EVERYWHERE else own_address())
    users = [{"user": one.user, "password": one.password} for one in ftp.users]
    return {"host": host, "port": bridge.door.port, "users": users}


def own_address() -> str:
    """The address cameras on the same network reach us at, as far as the routes tell."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_NOWHERE)
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
