"""One warm HTTP/1.1 connection with the socket options that make a weak uplink fast.

BBR where the kernel has it (an idle connection keeps its rate, loss does not stop it), no Nagle, little unsent data in
the kernel (so that a preview can overtake), and a dead link noticed after seconds instead of minutes. HTTP/2 and HTTP/3
were measured slower; separate sockets already keep previews and originals apart.
"""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from camera_bridge.clock import ticks
from camera_bridge.errors import BridgeError, Offline
from camera_bridge.uplink.ways import ANY, Way, Ways

_DEAD_AFTER_MS: Final = 6000
_CONNECT_S: Final = 8.0
_UNSENT_BYTES: Final = 16 << 10
_MOST_ANSWER: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `body` may be bytes, or slices together with `length`."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] = b""
    length: int | None = None
    patience_s: float = 10.0  # for the answer, once everything is sent

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def target(self) -> str:
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


class Wire:
    """Connections of one thread, one per origin, kept open between requests. Not thread-safe by design."""

    def __init__(
        self, ca_file: Path | None = None, *, bulk: bool = False, ways: Ways | None = None, only: Way | None = None
    ) -> None:
        """`ways` to choose from with every connection, or `only` this one."""
        self._context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        self._bulk = bulk
        self._ways, self._only = ways, only
        self.way = only or ANY  # of the connections that are open
        self._open: dict[str, http.client.HTTPConnection] = {}
        self.used_at = 0.0

    def ask(self, request: Request) -> Answer:
        """Send and wait. A connection that the other side closed while idle is replaced once. Raises Offline."""
        self.choose()
        warm = self._open.get(request.origin)
        if warm is not None and _hung_up(warm):
            self.hang_up(request.origin)
            warm = None
        repeatable = warm is not None and isinstance(request.body, bytes)
        try:
            return self._exchange(request)
        except BridgeError:  # out of the body's slices: the request is half sent
            self.hang_up(request.origin)
            raise
        except (OSError, http.client.HTTPException) as error:
            self.hang_up(request.origin)
            if not repeatable or isinstance(error, TimeoutError):
                raise Offline(_words(error)) from error
        try:
            return self._exchange(request)
        except (OSError, http.client.HTTPException) as error:
            self.hang_up(request.origin)
            raise Offline(_words(error)) from error

    def another_way(self, why: str) -> bool:
        """Nobody answers here. True when there is another way, which the next request then takes."""
        self.hang_up()
        return self._ways is not None and self._ways.failed(self.way, why)

    def choose(self) -> None:
        """Between requests: leave a way that is not the best any more."""
        if self._only is None and self._ways is not None and (best := self._ways.best()) != self.way:
            self.hang_up()
            self.way = best

    def cold(self) -> bool:
        """Would the next request have to connect first?"""
        return not self._open or any(_hung_up(line) for line in self._open.values())

    def abort(self) -> None:
        """From another thread: whoever waits on a connection stops waiting."""
        for line in list(self._open.values()):
            if line.sock is not None:
                with contextlib.suppress(OSError):
                    line.sock.shutdown(socket.SHUT_RDWR)

    def hang_up(self, origin: str = "") -> None:
        """Close one connection, or all."""
        for one in [origin] if origin else list(self._open):
            line = self._open.pop(one, None)
            if line is not None:
                line.close()

    def _exchange(self, request: Request) -> Answer:
        line = self._open.get(request.origin)
        if line is None or line.sock is None:
            line = self._open[request.origin] = self._dial(request.origin)
        size = request.length if request.length is not None else len(_whole(request.body))
        headers = {"User-Agent": "kuaimen-bridge", **request.headers, "Content-Length": str(size)}
        line.sock.settimeout(8.0)  # without progress
        line.request(request.method, request.target, body=request.body, headers=headers)
        line.sock.settimeout(request.patience_s)
        reply = line.getresponse()
        body = reply.read(_MOST_ANSWER)
        answer = Answer(reply.status, {name.lower(): value for name, value in reply.getheaders()}, body)
        if reply.will_close or not reply.isclosed():
            self.hang_up(request.origin)
        self.used_at = ticks()
        return answer

    def _dial(self, origin: str) -> http.client.HTTPConnection:
        """Connect and set the socket's options; http.client then uses what it is given."""
        parts = urlsplit(origin)
        host, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        sock = _connect(host, port, self.way)
        _tune(sock, bulk=self._bulk)
        if not secure:
            line = http.client.HTTPConnection(host, port)
            line.sock = sock
            return line
        tls = http.client.HTTPSConnection(host, port, context=self._context)
        tls.sock = self._context.wrap_socket(sock, server_hostname=host)
        return tls


def _connect(host: str, port: int, way: Way) -> socket.socket:
    """By this way, to whichever of the host's addresses answers first in order."""
    if way == ANY:
        return socket.create_connection((host, port), timeout=_CONNECT_S)
    trouble: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(_CONNECT_S)
            way.bind(sock)
            sock.connect(address)
        except OSError as error:
            sock.close()
            trouble = error
        else:
            return sock
    raise trouble


def _tune(sock: socket.socket, *, bulk: bool) -> None:
    """Set what this system has; every option is an improvement, none is needed."""
    wanted: list[tuple[str, int | bytes]] = [
        ("TCP_NODELAY", 1),
        ("TCP_CONGESTION", b"bbr"),
        ("TCP_USER_TIMEOUT", _DEAD_AFTER_MS),
    ]
    if bulk:
        wanted.append(("TCP_NOTSENT_LOWAT", _UNSENT_BYTES))
    for name, value in wanted:
        option = getattr(socket, name, None)
        if option is None:
            continue
        try:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
        except OSError:
            continue


def _hung_up(line: http.client.HTTPConnection) -> bool:
    """An idle connection that has something to read is being closed."""
    if line.sock is None:
        return False
    try:
        return bool(select.select([line.sock], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def _whole(body: bytes | Iterable[bytes]) -> bytes:
    assert isinstance(body, bytes), "slices need a length"
    return body


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
