"""The web process: gunicorn with one gevent worker, which holds thousands of waiting phones.

Imported by gunicorn's master, which must stay free of everything that opens sockets: the app and its libraries are
imported by the worker, after gevent has replaced the blocking calls.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any, Final

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from typing_extensions import override
from werkzeug.middleware.proxy_fix import ProxyFix

from backend.config import Settings
from launch.tether import die_with_parent

CONNECTIONS: Final = 12_000  # 9,500 waiting guests were measured on one process
GRACE_S: Final = 2  # streams do not end by themselves
SILENT_S: Final = 60  # an event loop that is blocked for longer is killed


class Web(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, settings: Settings, workers: int) -> None:
        self._settings = settings
        self._workers = workers
        super().__init__()

    @override
    def load_config(self) -> None:
        settings = self._settings
        options: dict[str, Any] = {
            "bind": f"{f'[{settings.host}]' if ':' in settings.host else settings.host}:{settings.port}",
            "worker_class": "gevent",
            "workers": self._workers,
            "worker_connections": CONNECTIONS,
            "backlog": 4096,
            "keepalive": 75,
            "timeout": SILENT_S,
            "graceful_timeout": GRACE_S,
            "control_socket_disable": True,  # its default place is one per user, not one per installation
            "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108 - a heartbeat file
            "post_fork": _tie,
            "forwarded_allow_ips": "127.0.0.1,::1",
            "loglevel": settings.log_level.lower(),
            "proc_name": "kuaimen-web",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    @override
    def load(self) -> Callable[..., Any]:
        stage = import_module("launch.stage").open_stage(self._settings)
        stage = replace(stage, face_engine=import_module("launch.aside").aside(stage.face_engine))
        app: Callable[..., Any] = import_module("launch.app").create_app(stage)
        if n := self._settings.proxies:
            return ProxyFix(app, x_for=n, x_proto=n, x_host=n)
        return app


def serve(settings: Settings, *, workers: int = 1) -> None:
    """Until SIGTERM. SystemExit tells gunicorn's status."""
    Web(settings, workers).run()


def _tie(arbiter: Arbiter, _worker: object) -> None:
    die_with_parent(arbiter.pid)
