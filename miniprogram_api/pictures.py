"""Pictures of private albums. The address names one guest and ends when the album's rule changes."""

from __future__ import annotations

import io

from flask import Blueprint, Response, request, send_file
from flask.typing import ResponseReturnValue

from backend import gate
from backend.context import Stage
from backend.errors import NotFound
from backend.http import stage
from backend.models import Invitation
from backend.storage import EXPORT_PREFIX, RENDITION_PREFIX, attachment
from backend.storage.local import LocalStore
from miniprogram_api.mark import marked

bp = Blueprint("guest_pictures", __name__, url_prefix="/mp/v1/pictures")


@bp.get("/<path:key>")
def picture(key: str) -> ResponseReturnValue:
    """Ranges are honoured. A recalled photo's blob is gone: 404."""
    at = stage()
    given, rule = gate.opened(at, key, request.args)
    if key.startswith(EXPORT_PREFIX) and not rule.mark:
        return _file(at, key, request.args.get("n", "photos.zip"))
    if not key.startswith(RENDITION_PREFIX):
        raise NotFound(key)
    data = at.store.get(key)
    if rule.mark:
        data = marked(data, _name(at, given.guest, given.invitation))
    answer = send_file(io.BytesIO(data), mimetype="image/jpeg", conditional=True, etag=False)
    answer.headers["Cache-Control"] = "private, max-age=3600"
    name = request.args.get("n")
    answer.headers["Content-Disposition"] = attachment(name) if name else "inline"
    return _finished(answer)


def _file(at: Stage, key: str, name: str) -> Response:
    """A part of an export: ranges from the local disk, so that it resumes; else streamed through."""
    kind = "application/zip" if key.endswith(".zip") else "text/plain"
    if isinstance(at.store, LocalStore):
        answer = send_file(at.store.path(key), mimetype=kind, conditional=True)
    else:
        size = at.store.size(key)
        if size is None:
            raise NotFound(key)
        answer = Response(at.store.read(key), mimetype=kind, headers={"Content-Length": str(size)})
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Content-Disposition"] = attachment(name)
    return _finished(answer)


def _finished(answer: Response) -> Response:
    answer.headers["Vary"] = "Cookie"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def _name(at: Stage, guest: str, invitation: str) -> str:
    """What stands in the picture: the name on the list if there is one, and a number that finds the guest."""
    number = guest[:8]
    if not invitation:
        return number
    with at.db.reading() as tx:
        found = tx.get(Invitation, invitation)
    return f"{found.name} {number}" if found else number
