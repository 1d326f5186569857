"""HTTP as OSS speaks it: one address for the bucket in the path, in the host name, or behind a bound domain."""

from __future__ import annotations

import logging
import secrets
import socket
import sys
import time
from contextlib import suppress
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Literal, Protocol
from urllib.parse import unquote, unquote_plus

from typing_extensions import override

from launch.sandbox.oss.wire import Answer, Ask, Refusal

log = logging.getLogger(__name__)
MAX_BODY: Final = 512 * 1024 * 1024
_BUSY: Final = Refusal(503, "ServiceUnavailable", "Please reduce your request rate.")
Fault = Literal["503", "drop", "lose", "cut", "flip"]


class Desk(Protocol):
    """Who answers, and how it goes wrong when it shall."""

    latency_s: float

    def respond(self, ask: Ask, request_id: str) -> Answer: ...

    def bucket_of(self, host: str) -> str | None:
        """The bucket that a host name means, or None when the path begins with it."""

    def next_fault(self) -> Fault | None: ...

    def now_s(self) -> float: ...


class Server(ThreadingHTTPServer):
    """Listens on the loopback only. Stopping it also ends connections that are kept open."""

    request_queue_size = 128
    daemon_threads = False  # so that stopping waits for them

    def __init__(self, port: int, desk: Desk) -> None:
        self.desk = desk
        self.connections = 0  # how many were opened so far
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    @override
    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        assert isinstance(request, socket.socket)
        self.connections += 1
        self._open.add(request)
        super().process_request(request, client_address)

    @override
    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        assert isinstance(request, socket.socket)
        self._open.discard(request)
        super().shutdown_request(request)

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        log.debug("connection ended early from=%s", client_address, exc_info=sys.exception())

    def stop(self) -> None:
        self.shutdown()
        for one in list(self._open):
            with suppress(OSError):  # the client may have closed it
                one.shutdown(socket.SHUT_RD)
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    server: Server

    def do_GET(self) -> None:
        desk, request_id = self.server.desk, secrets.token_hex(12).upper()
        fault = desk.next_fault()
        ask = self._ask()
        try:
            ask = replace(ask, body=self._body())
            answer = _BUSY.answer(ask, request_id) if fault in ("503", "drop") else desk.respond(ask, request_id)
        except Refusal as refusal:
            answer = refusal.answer(ask, request_id)
        time.sleep(desk.latency_s)
        if fault in ("drop", "lose"):
            self.close_connection = True
            return
        self._send(_flipped(answer) if fault == "flip" else answer, request_id, cut=fault == "cut")

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 # names of http.server

    @override
    def log_message(self, format: str, *args: object) -> None:
        log.debug(format, *args)

    def _ask(self) -> Ask:
        """The path is decoded once, a plus in it is a plus; in the query a plus is a space, as oss2 writes it."""
        path, _, query = self.path.partition("?")
        headers = {
            name.lower(): value.encode("latin-1").decode("utf-8", "replace") for name, value in self.headers.items()
        }
        pairs = (pair.partition("=")[::2] for pair in query.split("&") if pair)
        target = unquote(path)[1:]
        bucket = self.server.desk.bucket_of(headers.get("host", "").rpartition(":")[0] or headers.get("host", ""))
        if bucket is None:
            bucket, _, target = target.partition("/")
        asked = {unquote_plus(name): unquote_plus(value) for name, value in pairs}
        return Ask(self.command, bucket, target, asked, headers, b"")

    def _body(self) -> bytes:
        if self.command in ("GET", "HEAD", "DELETE"):
            return b""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunks()
        length = self.headers.get("Content-Length")
        if length is None:
            raise Refusal(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
        if int(length) > MAX_BODY:
            self.close_connection = True
            raise Refusal(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size.")
        return self.rfile.read(int(length))

    def _chunks(self) -> bytes:
        found = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b"\n", b""):
            pass
        return b"".join(found)

    def _send(self, answer: Answer, request_id: str, *, cut: bool) -> None:
        body = b"" if self.command == "HEAD" else answer.body
        length = len(answer.body) if answer.length is None else answer.length
        self.send_response_only(answer.status)
        self.send_header("Server", "AliyunOSS")
        self.send_header("Date", formatdate(self.server.desk.now_s(), usegmt=True))
        self.send_header("x-oss-request-id", request_id)
        for name, value in answer.headers.items():
            self.send_header(name, value.encode().decode("latin-1"))
        if answer.status != 304:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.wfile.flush()
        self.close_connection = self.close_connection or (cut and bool(body))


def _flipped(answer: Answer) -> Answer:
    """One bit is wrong: in the body, or where there is none in the checksum."""
    if answer.body:
        answer.body = bytes((answer.body[0] ^ 1,)) + answer.body[1:]
    elif "x-oss-hash-crc64ecma" in answer.headers:
        answer.headers["x-oss-hash-crc64ecma"] = str(int(answer.headers["x-oss-hash-crc64ecma"]) ^ 1)
    return answer
