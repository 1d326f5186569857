"""A WeChat server for this machine: the real API's paths, rules and errors, without an account.

`create_sandbox(world)` is the Flask app: the API, an admin door under `/_sandbox`, a page for people at `/`.
`Serving` runs it on a loopback port; `python -m launch.sandbox.wechat` does the same as a process.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, request

from launch.sandbox.wechat import admin, api
from launch.sandbox.wechat.memory import World

__all__ = ["World", "create_sandbox"]

PAGE = Path(__file__).with_name("page.html")
HERE = ("127.0.0.1", "localhost", "[::1]")


def create_sandbox(world: World) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(api.blueprint(world))
    app.register_blueprint(admin.blueprint(world))

    @app.before_request
    def only_here() -> tuple[str, int] | None:
        """A page elsewhere that resolves its name to the loopback is not us."""
        host = request.host.rsplit(":", 1)[0]
        return None if host in HERE else ("only by 127.0.0.1", 403)

    @app.get("/")
    def page() -> Response:
        return Response(PAGE.read_bytes(), content_type="text/html; charset=utf-8")

    @app.get("/healthz")
    def health() -> str:
        return "ok"

    return app
