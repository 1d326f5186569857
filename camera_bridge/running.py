"""The bridge that runs on this computer already, as another command of the same computer sees it."""

from __future__ import annotations

import http.client
import json
from typing import Any

from camera_bridge.config import Config
from camera_bridge.errors import BridgeError
from camera_bridge.screen import KEY_HEADER


class Running:
    """The bridge that may be running on this spool, over its local port."""

    def __init__(self, config: Config) -> None:
        self._host = config.state_host if config.state_host not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104
        self._port, self._key = config.state_port, ""
        try:
            note = json.loads((config.spool_dir / "screen.json").read_text(encoding="utf-8"))
            self._port, self._key = int(note["port"]), str(note["key"])
        except (OSError, ValueError, KeyError):
            pass

    def get(self, path: str) -> dict[str, Any] | None:
        try:
            return self._ask("GET", path, None)
        except (OSError, http.client.HTTPException, ValueError):
            return None

    def post(self, path: str, doc: dict[str, Any], expected: str = "import_id") -> dict[str, Any]:
        try:
            answer = self._ask("POST", path, doc)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise BridgeError(f"the running bridge does not answer: {error}") from error
        if answer is None or expected not in answer:
            raise BridgeError(str((answer or {}).get("message", "the running bridge refused")))
        return answer

    def _ask(self, method: str, path: str, doc: dict[str, Any] | None) -> dict[str, Any] | None:
        line = http.client.HTTPConnection(self._host, self._port, timeout=10)
        try:
            body = json.dumps(doc).encode() if doc is not None else None
            line.request(method, path, body=body, headers={KEY_HEADER: self._key})
            reply = line.getresponse()
            answer = json.loads(reply.read())
        finally:
            line.close()
        if not isinstance(answer, dict) or (method == "GET" and reply.status != 200):
            return None
        return answer
