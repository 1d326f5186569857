"""The real web server with one address more, which answers a constant body: what the same server could do at best.

Run by `kuaimen bench guests` as `python -m launch.bench.guests_server WORKERS`, with the settings in the environment.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from flask import Response, request
from typing_extensions import override

from launch import here, logs
from launch.serve import Web


class Measured(Web):
    @override
    def load(self) -> Callable[..., Any]:
        app: Any = super().load()
        kept: dict[int, bytes] = {}

        def constant() -> Response:
            size = int(request.args["bytes"])
            said = kept.setdefault(size, b"x" * size)
            return Response(said, content_type="application/json", headers={"Cache-Control": "private, no-store"})

        app.add_url_rule("/bench/constant", "constant", constant)
        found: Callable[..., Any] = app
        return found


if __name__ == "__main__":
    settings = here.load()
    logs.set_up("WARNING")
    Measured(settings, int(sys.argv[1])).run()
