"""The sandbox on a port of the loopback, for tests and for the launcher."""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Self

from typing_extensions import override
from werkzeug.serving import WSGIRequestHandler, make_server

from launch.sandbox.wechat import create_sandbox
from launch.sandbox.wechat.push import ANSWER_S, Postman
from launch.sandbox.wechat.state import World

log = logging.getLogger(__name__)

HOST = "127.0.0.1"


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, as with the real one

    @override
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the page lists the calls."""


class Serving:
    """`with Serving(world) as running: running.url`. Port 0 takes a free one."""

    def __init__(self, world: World, *, port: int = 0, answer_s: float = ANSWER_S, pause_s: float = ANSWER_S) -> None:
        self.world = world
        self._server = make_server(HOST, port, create_sandbox(world), threaded=True, request_handler=_Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="wechat-sandbox", daemon=True)
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
