"""The feed's files of the local store. nginx answers these addresses from the disk; without it, we do."""

from __future__ import annotations

import re
from typing import Final

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from backend import feed_files, gate
from backend.errors import NotFound
from backend.http import stage
from backend.models import Access

bp = Blueprint("guest_files", __name__, url_prefix="/feed")
NAME: Final = re.compile(r"head\.json|[si]/[0-9a-f]{20}\.json")
HEAD: Final = "public, max-age=1"
LASTING: Final = "public, max-age=31536000, immutable"


@bp.get("/<album_id>/<path:name>")
def read(album_id: str, name: str) -> ResponseReturnValue:
    rule = gate.rules().of(album_id)
    if rule is None or rule.access is not Access.PUBLIC or not NAME.fullmatch(name):
        raise NotFound("feed")
    data = stage().store.get(feed_files.key(album_id, name))
    caching = HEAD if name == "head.json" else LASTING
    return Response(data, content_type="application/json", headers={"Cache-Control": caching})
