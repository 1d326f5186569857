"""Bytes a bridge sends before an event to learn what its uplink carries. Read, counted, thrown away."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from backend.http import answer, calling_bridge

bp = Blueprint("measure", __name__, url_prefix="/bridge/v1")
BLOCK: Final = 64 * 1024


@bp.put("/measure")
def measure() -> ResponseReturnValue:
    """At most as much as a part of an original."""
    calling_bridge()
    size = 0
    while block := request.stream.read(BLOCK):
        size += len(block)
    return answer({"size": size})
