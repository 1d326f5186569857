"""The bridge's local face over HTTP: its state as JSON, and the few things one may ask of it.

Looking needs nothing on this computer and the key from elsewhere. Asking for something always needs the key that lies
in the spool (`screen.json`), so that a page in the operator's browser cannot order the bridge about; requests under a
foreign host name are refused for the same reason.
"""

from __future__ import annotations

import errno
import hmac
import json
import logging
import os
import secrets
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from camera_bridge import page
from camera_bridge.bridge import Bridge
from camera_bridge.errors import BridgeError, ConfigError, PortTaken
from camera_bridge.forecast import Plan
from camera_bridge.welcome import Welcome

log = logging.getLogger(__name__)

KEY_HEADER: Final = "X-Bridge-Key"
_MOST_BODY: Final = 1 << 20
_ALLOWED: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " frame-ancestors 'none'"
)


class Screen:
    """Serves the page and the requests of docs/bridge.md, of a bridge or of one that is not paired yet."""

    def __init__(self, face: Bridge | Welcome, host: str, port: int) -> None:
        self.key = secrets.token_urlsafe(24)
        try:
            self._server = _Server((host, port), _Handler)
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                raise PortTaken(f"port {port} is in use: choose another with state_port") from error
            raise
        self._server.face, self._server.key = face, self.key
        self._note = face.config.spool_dir / "screen.json" if isinstance(face, Bridge) else None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="screen", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._leave_note()
        self._thread.start()

    def show(self, bridge: Bridge) -> None:
        """Now it is paired: from here on the same address shows the photos."""
        self._server.face = bridge
        self._note = bridge.config.spool_dir / "screen.json"
        self._leave_note()

    def _leave_note(self) -> None:
        if self._note is None:
            return
        fd = os.open(self._note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump({"port": self.port, "key": self.key, "pid": os.getpid()}, file)

    def stop(self) -> None:
        if self._note is not None:
            self._note.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    face: Bridge | Welcome
    key: str


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "kuaimen-bridge"
    timeout = 30
    _welcome = False  # came with the right key in the address: give it as a cookie

    def do_GET(self) -> None:
        if not self._at_home():
            return
        if not self._may_look():
            return
        face, path = self.server.face, self.path.split("?")[0]
        if path == "/":
            self._send(page.render(face, self.server.key), "text/html; charset=utf-8")
        elif path == "/state":
            self._answer(face.state())
        elif isinstance(face, Bridge):
            self._show(face, path)
        else:
            self._answer(None)

    def _show(self, bridge: Bridge, path: str) -> None:
        if path.startswith("/preview/"):
            self._picture(bridge, path.removeprefix("/preview/"))
        elif path == "/clock":
            self._answer(bridge.dial.faces())
        elif path == "/certificate":
            file = bridge.certificate_page()
            self._send(file.read_bytes(), "text/html; charset=utf-8") if file.exists() else self._answer(None)
        elif path.startswith("/import/"):
            job = bridge.imports.get(path.removeprefix("/import/"))
            self._answer(job.progress() if job else None)
        else:
            self._answer(None)

    def do_POST(self) -> None:
        if not self._at_home() or not self._trusted():
            return
        doc = self._body()
        try:
            self._answer(self._obey(self.path, doc))
        except BridgeError as error:
            self._answer({"code": "bad_input", "message": str(error)}, HTTPStatus.UNPROCESSABLE_ENTITY)

    def _obey(self, path: str, doc: dict[str, Any]) -> dict[str, Any] | None:
        face = self.server.face
        if isinstance(face, Welcome):
            return _welcomed(face, doc) if path == "/welcome" else None
        asked = _ASKED.get(path)
        return asked(face, doc) if asked else None

    def _body(self) -> dict[str, Any]:
        size = min(int(self.headers.get("Content-Length") or 0), _MOST_BODY)
        try:
            doc = json.loads(self.rfile.read(size) or b"{}")
        except ValueError:
            return {}
        return doc if isinstance(doc, dict) else {}

    def _at_home(self) -> bool:
        """A name that is not an address may be somebody's page that points here (DNS rebinding)."""
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0].strip("[]")
        if host in {"localhost", "::1"} or host.replace(".", "").isdigit():
            return True
        self._answer({"code": "refused", "message": "open this page by its address"}, HTTPStatus.FORBIDDEN)
        return False

    def _trusted(self) -> bool:
        if _same(self.headers.get(KEY_HEADER) or "", self.server.key):
            return True
        self._answer({"code": "refused", "message": "the key is missing"}, HTTPStatus.FORBIDDEN)
        return False

    def _may_look(self) -> bool:
        """On this computer everybody; from elsewhere whoever has the key (as `?key=`, then as a cookie)."""
        if self.client_address[0] in {"127.0.0.1", "::1"}:
            return True
        given = parse_qs(urlsplit(self.path).query).get("key", [""])[0]
        held = SimpleCookie(self.headers.get("Cookie") or "").get("bridge_key")
        if _same(given or (held.value if held else ""), self.server.key):
            self._welcome = bool(given)
            return True
        self._answer({"code": "refused", "message": "open the link with the key"}, HTTPStatus.FORBIDDEN)
        return False

    def _picture(self, bridge: Bridge, asset_id: str) -> None:
        path = bridge.spool.preview_path(asset_id)
        if not asset_id.isalnum() or not path.exists():
            self._answer(None)
            return
        self._send(path.read_bytes(), "image/jpeg")

    def _answer(self, doc: dict[str, Any] | None, status: HTTPStatus = HTTPStatus.OK) -> None:
        if doc is None:
            doc, status = {"code": "not_found", "message": "there is nothing here"}, HTTPStatus.NOT_FOUND
        self._send(json.dumps(doc, ensure_ascii=False).encode(), "application/json; charset=utf-8", status)

    def _send(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", _ALLOWED)
        if self._welcome:
            self.send_header("Set-Cookie", f"bridge_key={self.server.key}; HttpOnly; SameSite=Strict")
        self.end_headers()
        self.wfile.write(body)

    def _said(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        log.debug("screen said=%s", format % args)

    log_message = _said  # requests are noise


def _welcomed(welcome: Welcome, doc: dict[str, Any]) -> dict[str, Any]:
    welcome.choose(str(doc.get("server", "")))
    return welcome.state()


def _import(bridge: Bridge, doc: dict[str, Any]) -> dict[str, Any]:
    return bridge.take_in([Path(one) for one in doc.get("paths", [])]).progress()


def _order(bridge: Bridge, doc: dict[str, Any]) -> dict[str, Any] | None:
    return {"done": doc["do"]} if bridge.do(str(doc.get("do")), str(doc.get("about", ""))) else None


_ASKED: Final[dict[str, Callable[[Bridge, dict[str, Any]], dict[str, Any] | None]]] = {
    "/import": _import,
    "/do": _order,
    "/selftest": lambda bridge, _doc: bridge.self_test(),
    "/preflight": lambda bridge, doc: bridge.preflight(plan(doc)).progress(),
    "/certificate": lambda bridge, _doc: bridge.certificate(),
}


def plan(doc: dict[str, Any]) -> Plan:
    """What somebody expects to shoot. Raises ConfigError."""
    usual = Plan()
    try:
        said = Plan(
            photos_per_min=float(doc.get("photos_per_min") or usual.photos_per_min),
            photo_bytes=int(doc.get("photo_bytes") or usual.photo_bytes),
            hours=float(doc.get("hours") or usual.hours),
        )
    except (TypeError, ValueError) as error:
        raise ConfigError("a plan is numbers: photos_per_min, photo_bytes, hours") from error
    if not (0 < said.photos_per_min <= 6000 and 0 < said.photo_bytes <= 1 << 30 and 0 < said.hours <= 1000):
        raise ConfigError("photos_per_min, photo_bytes, hours: larger than nothing, and within reason")
    return said


def _same(given: str, key: str) -> bool:
    return hmac.compare_digest(given.encode(), key.encode())
