"""The sandbox on a port of the loopback, for tests and for the launcher.

Werkzeug's own server closes every connection; WeChat keeps them, and so do its clients. Hence these few lines.
"""

from __future__ import annotations

import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

from flask import Flask
from typing_extensions import override
from werkzeug.test import EnvironBuilder, run_wsgi_app

from launch.sandbox.wechat import create_sandbox
from launch.sandbox.wechat.memory import World
from launch.sandbox.wechat.push import ANSWER_S, Postman

HOST: Final = "127.0.0.1"
POLL_S: Final = 0.05  # how soon it notices that it should end
IDLE_S: Final = 30  # how long a connection is kept without a request


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, port: int, app: Flask) -> None:
        self.app = app
        super().__init__((HOST, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    wbufsize = -1  # head and body in one packet
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        builder = EnvironBuilder(
            path=path,
            query_string=query,
            method=self.command,
            headers=list(self.headers.items()),
            input_stream=io.BytesIO(body),
            environ_base={"REMOTE_ADDR": self.client_address[0], "HTTP_HOST": self.headers.get("Host", "")},
        )
        blocks, status, headers = run_wsgi_app(self.server.app, builder.get_environ(), buffered=True)
        content = b"".join(blocks)
        number, _, words = status.partition(" ")
        self.send_response(int(number), words)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the page lists the calls."""


class Serving:
    """`with Serving(world) as running: running.url`. Port 0 takes a free one."""

    def __init__(self, world: World, *, port: int = 0, answer_s: float = ANSWER_S, pause_s: float = ANSWER_S) -> None:
        self.world = world
        self._server = _Server(port, create_sandbox(world))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), name="wechat-sandbox", daemon=True
        )
        self._postman = Postman(world, answer_s=answer_s, pause_s=pause_s)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self.world.keep_saving()
        self._postman.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
        self._postman.stop()
        self.world.close()
