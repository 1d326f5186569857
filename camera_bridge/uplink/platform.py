"""The platform as the bridge sees it: docs/wire.md §1, one method per request.

Every request may be repeated. Only an answer in our own error shape is believed to be a refusal; anything else (a
log-in page, a proxy's HTML) means that somebody else answered, and the item stays owed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from camera_bridge.clock import ticks
from camera_bridge.errors import Busy, Offline, Refusal, Revoked
from camera_bridge.ledger import Asset
from camera_bridge.uplink.http1 import Answer, Request, Wire
from camera_bridge.uplink.ways import Way, Ways

_TRY_AGAIN: Final = frozenset({408, 425, 429})
_AT_ONCE_S: Final = 0.1
_JOIN_S: Final = 120.0  # the platform reads the whole original back before it answers


@dataclass(frozen=True, slots=True)
class Reply:
    """What the platform holds of a photo. `original` is wanted or stored."""

    photo_id: str
    state: str
    original: str


@dataclass(frozen=True, slots=True)
class Part:
    """One signed request of an upload."""

    number: int
    method: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission to send an original: `part_bytes` each, the last one shorter."""

    upload_id: str
    part_bytes: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Registered:
    """The answer for one card: a reply and what to send (None: nothing), or a refusal."""

    reply: Reply | None
    grant: Grant | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Whom we talk to, as whom, and by which ways. `offset_ms`: the clock error of the camera behind an asset."""

    server: str
    token: str
    ca_file: Path | None = None
    ways: Ways | None = None
    offset_ms: Callable[[Asset], int | None] = lambda _asset: None


class Platform:
    """One thread's face to the platform; when one way fails, a request that can be repeated takes another."""

    def __init__(self, account: Account, *, bulk: bool = False, only: Way | None = None) -> None:
        self._account = account
        self._base = f"{account.server}/bridge/v1"
        self.wire = Wire(account.ca_file, bulk=bulk, ways=account.ways, only=only)
        self._only = only

    def config(self) -> dict[str, Any]:
        return self._ask("GET", "/config")

    def ping(self) -> float:
        """Round trip in ms. Raises Offline(portal) when whoever answers does not know our token."""
        if self.wire.cold():
            self._ask("GET", "/ping?n=")  # connecting is not part of a round trip
        nonce, began = secrets.token_hex(8), ticks()
        answer = self._ask("GET", f"/ping?n={nonce}")
        key = hashlib.sha256(self._account.token.encode()).hexdigest().encode()
        proof = hmac.new(key, nonce.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(str(answer.get("proof", "")).encode(), proof.encode()):
            raise Offline("the answer does not come from the platform", portal=True)
        return (ticks() - began) * 1000

    def warm(self, seconds: float) -> float | None:
        """A ping when nothing went out for that long, or nothing is connected: its ms. Raises as `ping`."""
        return self.ping() if self.wire.cold() or ticks() - self.wire.used_at >= seconds else None

    def put_preview(self, asset: Asset, jpeg: bytes) -> Reply:
        """Register, store and publish in one request."""
        text = json.dumps(self._card(asset), separators=(",", ":")).encode()
        headers = {"Content-Type": "image/jpeg", "X-Kuaimen-Asset": base64.b64encode(text).decode()}
        return _reply(self._send("PUT", f"/assets/{asset.asset_id}/preview", jpeg, headers))

    def register(self, assets: list[Asset]) -> list[Registered]:
        """At most 100 assets; answers in their order."""
        rows = self._json("POST", "/assets", {"assets": [self._card(one) for one in assets]}).get("assets")
        if not isinstance(rows, list) or len(rows) != len(assets):
            raise Offline("the platform answered for another number of assets")
        try:
            return [_registered(row) for row in rows]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Offline("the platform's grant is not readable") from error

    def put_part(self, part: Part, body: Iterable[bytes], size: int) -> str:
        """Send one part to the store; the answer is its ETag. Raises Refusal when a new grant is needed."""
        url = urljoin(f"{self._account.server}/", part.url)
        try:
            answer = self.wire.ask(Request(part.method, url, part.headers, body, size, patience_s=30.0))
        except Offline as trouble:
            if self.wire.another_way(str(trouble)):
                raise Busy(f"another way: {trouble}", _AT_ONCE_S) from trouble
            raise
        if 200 <= answer.status < 300:
            return answer.headers.get("etag", "").strip('"')
        if answer.status >= 500 or answer.status in _TRY_AGAIN:
            raise Busy(f"the store answered {answer.status}", _retry_after(answer))
        raise Refusal(answer.status, "store_refused", f"the store answered {answer.status}")

    def tell_sightings(self, seen: list[dict[str, Any]], gone: list[dict[str, Any]]) -> None:
        """Photos a camera has begun to send, and those nothing came of; at most 50 each."""
        self._json("POST", "/ghosts", {"seen": seen, "gone": gone}, patience_s=3.0)

    def complete(self, asset: Asset, upload_id: str) -> Reply:
        doc = {"sha256": asset.sha256, "size": asset.size, "upload_id": upload_id}
        return _reply(self._json("POST", f"/assets/{asset.asset_id}/complete", doc, patience_s=_JOIN_S))

    def set_times(self, times: dict[str, int]) -> None:
        """When files it knows, by hash, were really shot; at most 500."""
        rows = [{"sha256": digest, "shot_at": shot_at} for digest, shot_at in times.items()]
        self._json("POST", "/assets/times", {"times": rows})

    def reconcile(self, digests: list[str]) -> dict[str, Reply]:
        """What the platform holds of at most 500 hashes; absent means unknown to it."""
        known = self._json("POST", "/assets/reconcile", {"sha256": digests}).get("known")
        if not isinstance(known, dict):
            raise Offline("the platform's answer to a reconcile is not readable")
        return {digest: _reply(row) for digest, row in known.items()}

    def retract(self, asset_id: str) -> None:
        """Hide what this asset became; its bytes stay."""
        self._json("POST", f"/assets/{asset_id}/retract", {})

    def certificate(self, doc: dict[str, Any]) -> dict[str, Any]:
        """The platform's signed word on our account of the event."""
        return self._json("POST", "/certificate", doc)

    def heartbeat(self, doc: dict[str, Any]) -> dict[str, Any]:
        return self._json("POST", "/heartbeat", doc)

    def commands(self, have: int, wait_s: int) -> dict[str, Any]:
        """Orders after number `have`; waits for one."""
        return self._send("GET", f"/commands?have={have}&wait={wait_s}", b"", {}, wait_s + 15.0)

    def story_so_far(self, story_id: str) -> dict[str, Any]:
        """How far the platform has the ledger's story: `{n, chain}`."""
        return self._ask("GET", f"/ledger?id={story_id}")

    def tell(self, story_id: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
        """The next lines of the story. Raises Refusal `chain_broken`."""
        return self._json("POST", "/ledger", {"id": story_id, "lines": lines})

    def leave_identity(self, doc: dict[str, Any]) -> None:
        """What a spare bridge needs to stand in for this one."""
        self._json("PUT", "/identity", {"identity": doc})

    def measure(self, body: bytes | Iterable[bytes], size: int) -> None:
        """Bytes that the platform takes and throws away: what the uplink carries, before there are photos."""
        headers = {"Authorization": f"Bearer {self._account.token}", "Content-Type": "application/octet-stream"}
        _check(self.wire.ask(Request("PUT", f"{self._base}/measure", headers, body, size, patience_s=30.0)))

    def _card(self, asset: Asset) -> dict[str, object]:
        return card(asset, self._account.offset_ms(asset))

    def _json(self, method: str, path: str, doc: dict[str, Any], *, patience_s: float = 15.0) -> dict[str, Any]:
        body = json.dumps(doc, separators=(",", ":")).encode()
        return self._send(method, path, body, {"Content-Type": "application/json"}, patience_s)

    def _ask(self, method: str, path: str) -> dict[str, Any]:
        return self._send(method, path, b"", {})

    def _send(
        self, method: str, path: str, body: bytes, headers: dict[str, str], patience_s: float = 15.0
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._account.token}", "Accept": "application/json", **headers}
        request = Request(method, self._base + path, headers, body, patience_s=patience_s)
        tried: set[Way] = set()
        while True:
            try:
                return _check(self.wire.ask(request))
            except Offline as trouble:
                tried.add(self.wire.way)
                if not self.wire.another_way(str(trouble)) or self._only is not None:
                    raise
                self.wire.choose()
                if self.wire.way in tried:
                    raise


def ask_without_token(
    server: str, method: str, path: str, doc: dict[str, Any] | None, ca_file: Path | None = None, *, secret: str = ""
) -> dict[str, Any]:
    """A request of a bridge that is not paired yet. Raises Offline, Busy, Refusal."""
    wire = Wire(ca_file)
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if secret:
        headers["X-Pairing-Secret"] = secret
    body = json.dumps(doc).encode() if doc is not None else b""
    try:
        return _check(wire.ask(Request(method, f"{server}/bridge/v1{path}", headers, body, patience_s=40.0)))
    finally:
        wire.hang_up()


def card(asset: Asset, offset_ms: int | None = None) -> dict[str, object]:
    """The asset card of docs/wire.md. The camera's clock is set right here, once its error is known."""
    shot_at = asset.shot_at + (offset_ms or 0) if asset.shot_at is not None else None
    return {
        "asset_id": asset.asset_id,
        "sha256": asset.sha256,
        "size": asset.size,
        "name": asset.name[-1000:],
        "camera": asset.camera[:80],
        "source": asset.source,
        "serial": asset.serial[:80],
        "kind": asset.kind,
        "shot_at": shot_at,
        "clock_offset_ms": offset_ms,
        "received_at": asset.received_at,
        "width": asset.width,
        "height": asset.height,
        "pair_key": asset.pair_key,
    }


def _check(answer: Answer) -> dict[str, Any]:
    """The JSON of a good answer. Raises Revoked, Busy, Refusal or Offline."""
    doc = _document(answer)
    if 200 <= answer.status < 300 and doc is not None:
        return doc
    if answer.status >= 500 or answer.status in _TRY_AGAIN:
        raise Busy(f"the platform answered {answer.status}", _retry_after(answer))
    code = doc.get("code") if doc else None
    if not isinstance(code, str):
        raise Offline(f"an answer ({answer.status}) that is not the platform's", portal=True)
    if answer.status == 401:
        raise Revoked(str(doc.get("message", code)) if doc else code)
    missing = doc.get("missing", []) if doc else []
    numbers = tuple(one for one in missing if isinstance(one, int)) if isinstance(missing, list) else ()
    raise Refusal(answer.status, code, str(doc.get("message", "")) if doc else "", numbers)


def _document(answer: Answer) -> dict[str, Any] | None:
    try:
        doc = json.loads(answer.body)
    except ValueError:
        return None
    return doc if isinstance(doc, dict) else None


def _retry_after(answer: Answer) -> float:
    try:
        return min(60.0, max(0.0, float(answer.headers.get("retry-after", "0"))))
    except ValueError:
        return 0.0


def _reply(doc: dict[str, Any]) -> Reply:
    try:
        return Reply(str(doc["photo_id"]), str(doc["state"]), str(doc["original"]))
    except KeyError as error:
        raise Offline(f"the platform's answer lacks {error}") from error


def _registered(row: dict[str, Any]) -> Registered:
    error = row.get("error")
    if isinstance(error, dict):
        return Registered(None, refusal=Refusal(422, str(error.get("code", "refused")), str(error.get("message", ""))))
    upload = row.get("upload")
    if upload is None:
        return Registered(_reply(row))
    parts = tuple(
        Part(int(one["number"]), str(one["method"]), str(one["url"]), dict(one.get("headers") or {}))
        for one in upload["parts"]
    )
    return Registered(_reply(row), Grant(str(upload["upload_id"]), int(upload["part_bytes"]), parts))
