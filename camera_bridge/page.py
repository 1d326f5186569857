"""The operator's page: one HTML file of our own, filled with what it needs at the first look."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

from camera_bridge.address import own_address
from camera_bridge.bridge import Bridge
from camera_bridge.welcome import Welcome

_EVERYWHERE: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared, not bound


def render(face: Bridge | Welcome, key: str) -> bytes:
    """The page with the state of this moment and, for whoever may see it, what to enter in a camera."""
    if isinstance(face, Welcome):
        return _filled("welcome.html", {"key": key, "state": face.state()})
    return _filled("page.html", {"key": key, "state": face.state(), **_settings(face)})


def _filled(name: str, boot: dict[str, Any]) -> bytes:
    text = json.dumps(boot, ensure_ascii=False).replace("<", "\\u003c")  # a file may be called </script>
    page = files("camera_bridge").joinpath(name).read_text(encoding="utf-8")
    return page.replace("__BOOT__", text).encode()


def _settings(bridge: Bridge) -> dict[str, Any]:
    ftp = bridge.config.ftp
    if ftp is None or bridge.door is None:
        return {"host": "", "port": 0, "users": []}
    host = ftp.masquerade or (ftp.host if ftp.host not in _EVERYWHERE else own_address())
    users = [{"user": one.user, "password": one.password} for one in ftp.users]
    return {"host": host, "port": bridge.door.port, "users": users}
