"""From nothing to a token: the bridge shows a short code, somebody who may confirms it, the platform hands over.

Nothing secret is typed or shown: the code only names the pairing, and the answer goes to whoever holds the secret that
came with it. The code lives ten minutes; then there is a new one.
"""

from __future__ import annotations

import json
import logging
import os
import platform as machine
import secrets
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from camera_bridge import config as settings
from camera_bridge.clock import pause, ticks
from camera_bridge.errors import BridgeError, Busy, Offline, Refusal
from camera_bridge.uplink.platform import ask_without_token

log = logging.getLogger(__name__)

_WAIT_S: Final = 25
_USUAL_PORT: Final = 2121
_DIGITS: Final = "0123456789"
_RETRY_S: Final = 2.0
_CLONED: Final = frozenset({"port", "implicit_port", "tls", "old_tls", "masquerade", "users"})


@dataclass(frozen=True, slots=True)
class Offer:
    """What to show: `code` to type, `qr` to scan, valid until `ends` (monotonic seconds)."""

    pairing_id: str
    code: str
    qr: str
    secret: str
    ends: float


def offer(server: str, ca_file: Path | None = None) -> Offer:
    """Ask for a code. Raises Offline, Busy, Refusal."""
    doc = ask_without_token(server, "POST", "/pairings", {"device": machine.node()[:80], "kind": "bridge"}, ca_file)
    try:
        lasts = float(doc.get("expires_in", 600))
        return Offer(str(doc["id"]), str(doc["code"]), str(doc["qr"]), str(doc["secret"]), ticks() + lasts)
    except (KeyError, TypeError, ValueError) as error:
        raise Offline("the platform's answer to a pairing is not readable") from error


@dataclass(frozen=True, slots=True)
class Paired:
    """What a confirmation gives: a token, and the identity of the bridge whose place this one takes, if any."""

    token: str
    identity: dict[str, Any] | None = None
    event: str = ""


def await_token(server: str, one: Offer, stop: Callable[[], bool], ca_file: Path | None = None) -> Paired | None:
    """Wait until somebody confirms; None when the code ran out or `stop()` says so. Raises Refusal."""
    path = f"/pairings/{one.pairing_id}?wait={_WAIT_S}"
    while ticks() < one.ends and not stop():
        try:
            doc = ask_without_token(server, "GET", path, None, ca_file, secret=one.secret)
        except (Offline, Busy) as trouble:
            log.info("pairing waits why=%s", trouble)
            pause(_RETRY_S)
            continue
        except Refusal as no:
            if no.status in {404, 410}:
                return None
            raise
        if doc.get("state") == "paired" and isinstance(doc.get("token"), str):
            identity, event = doc.get("identity"), doc.get("event")
            title = str(event.get("title", "")) if isinstance(event, dict) else ""
            return Paired(str(doc["token"]), identity if isinstance(identity, dict) else None, title)
    return None


def write_config(path: Path, server: str, paired: Paired, cameras: int = 2) -> dict[str, Any]:
    """A configuration to begin with: credentials that a camera's keyboard can type. Never overwrites other settings.

    A bridge that takes another one's place has its cameras' users, passwords and ports instead: cameras notice nothing
    once this computer has the other one's address too.
    """
    doc: dict[str, Any] = {}
    if path.exists():
        doc = json.loads(path.read_text(encoding="utf-8"))
    users = [{"user": f"cam{n}", "password": password()} for n in range(1, cameras + 1)]
    doc.setdefault("ftp", {"port": free_port(), "users": users})
    if paired.identity and isinstance(paired.identity.get("ftp"), dict):
        doc["ftp"] |= {key: value for key, value in paired.identity["ftp"].items() if key in _CLONED}
    doc |= {"server": server, "token": paired.token}
    settings.parse(doc, path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump(doc, file, indent=2, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return doc


def free_port() -> int:
    """2121, which is usual; where another program has it, the next one that is free. Cameras are told which."""
    for port in range(_USUAL_PORT, _USUAL_PORT + 20):
        with socket.socket() as door:
            if sys.platform != "win32":  # as the server will ask for it
                door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                door.bind(("", port))
            except OSError:
                continue
            return port
    return _USUAL_PORT


def password() -> str:
    """Eight digits: every camera can type them."""
    return "".join(secrets.choice(_DIGITS) for _ in range(8))


def pair(server: str, path: Path, show: Callable[[Offer], None], ca_file: Path | None = None) -> dict[str, Any]:
    """Show codes until one is confirmed, then write the configuration. Raises BridgeError."""
    if path.exists() and path.suffix.lower() != ".json":
        raise BridgeError(f"{path} exists and is no JSON: pair into another file, then copy the token")
    while True:
        one = offer(server, ca_file)
        show(one)
        paired = await_token(server, one, lambda: False, ca_file)
        if paired is not None:
            return write_config(path, server, paired)
