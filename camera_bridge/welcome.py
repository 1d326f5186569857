"""The first minutes of a new bridge: where is the platform, a code to confirm there, and on it goes.

Shown by the same page (and in the terminal) that later shows the photos, so that a newcomer needs nothing else.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import qrcode

from camera_bridge import pairing
from camera_bridge.errors import BridgeError, ConfigError
from camera_bridge.pairing import Offer

log = logging.getLogger(__name__)

_AGAIN_S: Final = 3.0


class Welcome:
    """Thread-safe. `paired` is set once the settings are written."""

    def __init__(self, config: Path, server: str = "") -> None:
        self.config = config
        self.paired = threading.Event()
        self._stopping = threading.Event()
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._server = ""
        self._offer: Offer | None = None
        self._why = ""
        self._event = ""
        self._thread = threading.Thread(target=self._run, name="welcome", daemon=True)
        if server:
            self.choose(server)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._asked.set()

    def choose(self, server: str) -> None:
        """Which platform. Raises ConfigError."""
        server = server.strip() if "://" in server else f"https://{server.strip()}"
        parts = urlsplit(server)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError("the platform's address looks like https://photos.example.com")
        with self._lock:
            self._server, self._offer, self._why = server.rstrip("/"), None, ""
        self._asked.set()

    def offer(self) -> Offer | None:
        with self._lock:
            return self._offer

    def state(self) -> dict[str, Any]:
        """`stage`: server (which one?), code (confirm it), paired."""
        with self._lock:
            stage = "paired" if self.paired.is_set() else "code" if self._server else "server"
            code = self._offer.code if self._offer else ""
            drawn = _drawn(self._offer.qr) if self._offer else ""
            link = self._offer.qr if self._offer else ""
            return {
                "stage": stage,
                "server": self._server,
                "code": code,
                "qr": drawn,
                "link": link if link.startswith(("http://", "https://")) else "",
                "why": self._why,
                "event": self._event,
            }

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._asked.wait()
            with self._lock:
                server = self._server
            try:
                self._attempt(server)
            except BridgeError as trouble:
                log.info("welcome why=%s", trouble)
                with self._lock:
                    self._why = str(trouble)
                self._stopping.wait(_AGAIN_S)
            if self.paired.is_set():
                return

    def _attempt(self, server: str) -> None:
        one = pairing.offer(server)
        with self._lock:
            if server != self._server:
                return
            self._offer, self._why = one, ""
        paired = pairing.await_token(server, one, lambda: self._stopping.is_set() or server != self._server)
        if paired is None or server != self._server:
            return
        pairing.write_config(self.config, server, paired)
        with self._lock:
            self._event = paired.event
        self.paired.set()


def _drawn(text: str) -> str:
    """Lines of 0 and 1, without a margin."""
    code = qrcode.QRCode(border=0)
    code.add_data(text)
    return "\n".join("".join("1" if dot else "0" for dot in row) for row in code.get_matrix())
