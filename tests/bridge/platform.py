"""A platform for tests: speaks docs/wire.md §1 over real sockets, keeps photos in memory, checks every hash.

Faults are switched on from outside (`trouble`): each request asks it first and may be answered by somebody else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from PIL import Image

TOKEN = "bridge-token-for-tests"
PART_BYTES = 256 * 1024


@dataclass
class Photo:
    """One photo: identity is the hash of its original."""

    photo_id: str
    sha256: str
    card: dict[str, Any]
    state: str = "announced"
    preview: bytes = b""
    original: bytes = b""
    parts: dict[int, bytes] = field(default_factory=dict)
    preview_at: float = 0.0
    published: int = 0
    stored: int = 0


Trouble = Callable[[str, str], tuple[int, dict[str, Any] | bytes] | None]


class FakePlatform:
    """`with FakePlatform() as platform:` → `platform.url`, `platform.photos` by sha256."""

    def __init__(self, *, port: int = 0) -> None:
        self.photos: dict[str, Photo] = {}
        self.assets: dict[str, str] = {}
        self.published_order: list[str] = []
        self.lock = threading.RLock()
        self.calls: Counter[str] = Counter()
        self.beats: list[dict[str, Any]] = []
        self.commands: list[Any] = []
        self.numbered: list[dict[str, Any]] = []
        self.stories: dict[str, list[dict[str, Any]]] = {}
        self.identity: dict[str, Any] = {}
        self.measured = 0
        self.ghostly = True  # knows /ghosts
        self.seen: list[dict[str, Any]] = []
        self.gone: list[dict[str, Any]] = []
        self.offers, self.confirmed, self.expired = 0, False, False
        self.trouble: Trouble = lambda _method, _path: None
        self.token = TOKEN
        self.policy: dict[str, Any] = {"px": 1280, "quality": 78, "max_bytes": 120_000}
        self.port = port
        self._listen()

    def _listen(self) -> None:
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.platform = self
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def come_back(self) -> None:
        """Listen again on the same port; what was stored is still there."""
        self._listen()
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self.go_away()

    def go_away(self) -> None:
        """Like a process that was killed: nobody listens, established connections end."""
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join(5)

    def originals(self) -> dict[str, bytes]:
        with self.lock:
            return {sha: one.original for sha, one in self.photos.items() if one.original}

    def wait(self, done: Callable[[], bool], seconds: float = 20.0) -> None:
        """Until `done()`; fails loudly."""
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, f"waited {seconds} s in vain; calls {dict(self.calls)}"
            time.sleep(0.02)

    # -- requests; each returns (status, document)

    def announce(self, card: dict[str, Any]) -> Photo:
        sha = card["sha256"]
        photo = self.photos.get(sha)
        if photo is None:
            photo = self.photos[sha] = Photo(f"p{len(self.photos) + 1}", sha, card)
        self.assets[card["asset_id"]] = sha
        return photo

    def put_preview(self, asset_id: str, card: dict[str, Any], body: bytes) -> tuple[int, dict[str, Any]]:
        assert card["asset_id"] == asset_id
        try:
            with Image.open(io.BytesIO(body)) as image:
                image.load()
                assert image.format == "JPEG", image.format
                assert not image.getexif(), "a preview carries no metadata"
        except OSError:
            return 422, _error("not_a_picture")
        photo = self.announce(card)
        if not photo.preview:
            photo.published += 1
            photo.preview_at = time.time()
            self.published_order.append(photo.sha256)
        photo.preview = body
        photo.state = "live"
        return 200, self.answer(photo)

    def register(self, card: dict[str, Any]) -> dict[str, Any]:
        photo = self.announce(card)
        row = {"asset_id": card["asset_id"], **self.answer(photo), "upload": None}
        if not photo.original:
            count = max(1, -(-card["size"] // PART_BYTES))
            row["upload"] = {
                "upload_id": f"u-{photo.photo_id}",
                "part_bytes": PART_BYTES,
                "have": [{"number": n, "size": len(part), "etag": ""} for n, part in sorted(photo.parts.items())],
                "parts": [
                    {
                        "number": n,
                        "method": "PUT",
                        "url": f"{self.url}/blobs/{photo.sha256}?part={n}",
                        "headers": {"X-Signed": "yes"},
                    }
                    for n in range(1, count + 1)
                    if n not in photo.parts
                ],
            }
        return row

    def complete(self, asset_id: str, doc: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        photo = self.photos[self.assets[asset_id]]
        if photo.original:
            return 200, self.answer(photo)
        count = max(1, -(-doc["size"] // PART_BYTES))
        missing = [n for n in range(1, count + 1) if n not in photo.parts]
        if missing:
            return 409, {**_error("missing_parts"), "missing": missing}
        whole = b"".join(photo.parts[n] for n in range(1, count + 1))
        if hashlib.sha256(whole).hexdigest() != doc["sha256"] or doc["sha256"] != photo.sha256:
            photo.parts.clear()
            return 422, _error("bad_digest")
        photo.original = whole
        photo.stored += 1
        if not photo.published:
            photo.published, photo.state = 1, "live"
        photo.parts.clear()
        return 200, self.answer(photo)

    def pair(self, method: str, path: str, secret: str | None) -> tuple[int, dict[str, Any]]:
        """`self.confirmed` is what an organizer does in the console."""
        if method == "POST":
            self.offers += 1
            code = f"K7F-{self.offers}QX"
            return 200, {"id": f"pr{self.offers}", "code": code, "qr": f"km:{code}", "secret": "s3", "expires_in": 60}
        if secret != "s3":
            return 404, _error("not_found")
        if path != f"/pairings/pr{self.offers}" or self.expired:
            self.expired = False
            return 410, _error("expired")
        if not self.confirmed:
            return 200, {"state": "waiting"}
        return 200, {"state": "paired", "token": self.token, "name": "b", "identity": self.identity or None}

    def order(self, do: str, about: str = "") -> None:
        """What an organizer orders in the console."""
        self.numbered.append({"n": len(self.numbered) + 1, "do": do, "about": about})

    def wait_for_order(self, have: int) -> tuple[int, dict[str, Any]]:
        end = time.monotonic() + 2.0
        while len(self.numbered) <= have and time.monotonic() < end:
            time.sleep(0.02)
        return 200, {"n": len(self.numbered), "commands": self.numbered[have:]}

    def ledger(self, asked: str, doc: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """GET says how far; POST appends what follows, hash by hash."""
        told = self.stories.setdefault(asked or doc["id"], [])
        for line in doc.get("lines", []):
            tip = told[-1]["chain"] if told else "0" * 64
            text = "\n".join(
                str(one) for one in (tip, len(told) + 1, line["at"], line["kind"], line["asset_id"], line["body"])
            )
            if line["n"] != len(told) + 1 or hashlib.sha256(text.encode()).hexdigest() != line["chain"]:
                return 409, _error("chain_broken")
            told.append(line)
        return 200, {"n": len(told), "chain": told[-1]["chain"] if told else "0" * 64}

    def answer(self, photo: Photo) -> dict[str, Any]:
        return {
            "photo_id": photo.photo_id,
            "state": photo.state,
            "original": "stored" if photo.original else "wanted",
        }


def _error(code: str) -> dict[str, Any]:
    return {"code": code, "message": code.replace("_", " ")}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    platform: FakePlatform

    def __init__(self, *args: Any) -> None:
        self.open: set[Any] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def hang_up(self) -> None:
        """Like a process that died: established connections end too."""
        for one in list(self.open):
            try:
                one.shutdown(2)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, *args: object) -> None:
        pass

    def _handle(self) -> None:
        platform = self.server.platform
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        path = url.path.removeprefix("/bridge/v1")
        trouble = platform.trouble(self.command, path)
        if trouble is not None:
            self._answer(*trouble)
            return
        platform.calls[f"{self.command} {_shape(path)}"] += 1
        if path == "/commands" and self.headers.get("Authorization") == f"Bearer {platform.token}":
            self._answer(*platform.wait_for_order(int(parse_qs(url.query)["have"][0])))
            return
        with platform.lock:
            if path.startswith("/blobs/"):
                assert self.headers["X-Signed"] == "yes"
                photo = platform.photos[path.removeprefix("/blobs/")]
                photo.parts[int(parse_qs(url.query)["part"][0])] = body
                self._answer(200, b"", etag=hashlib.md5(body).hexdigest().upper())
            elif path.startswith("/pairings"):
                self._answer(*platform.pair(self.command, path, self.headers.get("X-Pairing-Secret")))
            elif self.headers.get("Authorization") != f"Bearer {platform.token}":
                self._answer(401, _error("unauthorized"))
            else:
                self._answer(*self._route(platform, path, url.query, body))

    def _route(self, platform: FakePlatform, path: str, query: str, body: bytes) -> tuple[int, dict[str, Any]]:
        if path == "/ping":
            nonce = parse_qs(query, keep_blank_values=True)["n"][0]
            key = hashlib.sha256(platform.token.encode()).hexdigest().encode()
            return 200, {"n": nonce, "proof": hmac.new(key, nonce.encode(), hashlib.sha256).hexdigest()}
        if path == "/config":
            return 200, {"bridge_id": "b1", "event": {"id": "e1", "title": "年会"}, "preview": platform.policy}
        if path.endswith("/preview"):
            card = json.loads(base64.b64decode(self.headers["X-Kuaimen-Asset"]))
            return platform.put_preview(path.split("/")[2], card, body)
        if path == "/measure":
            platform.measured += len(body)
            return 200, {"size": len(body)}
        if path == "/ledger":
            return platform.ledger(parse_qs(query).get("id", [""])[0], json.loads(body or b"{}"))
        doc = json.loads(body)
        if path == "/identity":
            platform.identity = doc["identity"]
            return 200, {}
        if path == "/ghosts" and platform.ghostly:
            platform.seen += doc["seen"]
            platform.gone += doc["gone"]
            return 200, {"told": len(doc["seen"])}
        if path == "/assets":
            return 200, {"assets": [platform.register(card) for card in doc["assets"]]}
        if path == "/assets/times":
            for one in doc["times"]:
                platform.photos[one["sha256"]].card["shot_at"] = one["shot_at"]
            return 200, {"changed": len(doc["times"])}
        if path == "/assets/reconcile":
            known = {sha: platform.answer(platform.photos[sha]) for sha in doc["sha256"] if sha in platform.photos}
            return 200, {"known": known}
        if path == "/heartbeat":
            platform.beats.append(doc)
            commands, platform.commands = platform.commands, []
            return 200, {"commands": commands}
        if path == "/certificate":
            signed = {"account": doc, "photos": len(platform.photos), "issued_at": 1}
            return 200, {"certificate": signed, "signature": "c2lnbmVk", "url": f"{platform.url}/certificates/1"}
        if path.endswith("/retract"):
            photo = platform.photos[platform.assets[path.split("/")[2]]]
            photo.state = "hidden"
            return 200, platform.answer(photo)
        if path.endswith("/complete"):
            return platform.complete(path.split("/")[2], doc)
        return 404, _error("not_found")

    def _answer(self, status: int, doc: dict[str, Any] | bytes, *, etag: str = "") -> None:
        body = doc if isinstance(doc, bytes) else json.dumps(doc).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if etag:
            self.send_header("ETag", f'"{etag}"')
        self.end_headers()
        self.wfile.write(body)


def _shape(path: str) -> str:
    parts = path.split("/")
    return path if len(parts) < 3 or parts[1] not in {"assets", "blobs"} else "/".join([*parts[:2], "…", *parts[3:]])
