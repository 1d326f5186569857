"""Many photos at once: ask for an export, watch it being made, fetch its parts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import exists, select

from backend import downloads, exports, gate, security
from backend.db import Tx
from backend.errors import NotFound, Refused, Unauthorized
from backend.gate import Right
from backend.http import answer, calling_guest, stage
from backend.models import Export, ExportPhoto, ExportState, Receipt, Rendition, RenditionKind
from backend.openapi import endpoint
from miniprogram_api.photos import taker
from miniprogram_api.shapes import ExportRequest, ExportShape

bp = Blueprint("guest_exports", __name__, url_prefix="/mp/v1")


@bp.post("/albums/<album_id>/exports")
@endpoint(json=ExportRequest, answers={200: ExportShape})
def ask(album_id: str, json: ExportRequest) -> ResponseReturnValue:
    """Chosen photos, or all. The same wish gives the same export. Counts against the day's quota when it is fetched."""
    caller = calling_guest()
    at = stage()
    with at.db.writing() as tx:
        mine = gate.enter(tx, album_id)
        guest_id = taker(mine, caller)
        if guest_id is None and not mine.member:
            raise Unauthorized
        security.allow(at.redis, f"export:{guest_id or mine.guest}", limit=30, window_s=3600)
        if mine.album.guest_mark and not mine.public and not mine.member:
            raise Refused("pictures carry the guest's mark", code="no_downloads")
        wanted = len(json.photo_ids) if json.photo_ids is not None else 1
        downloads.demand(tx, mine.album, guest_id, wanted, zone=at.settings.timezone)
        found = exports.wish(tx, mine.album, json.photo_ids)
        downloads.demand(tx, mine.album, guest_id, found.photos, zone=at.settings.timezone)
        said = _shape(tx, mine, found)
    return answer(said)


@bp.get("/exports/<export_id>")
@endpoint(answers={200: ExportShape})
def show(export_id: str) -> ResponseReturnValue:
    """How far it is; when it is ready, where its parts are. Whoever is given the addresses gets receipts."""
    caller = calling_guest()
    at = stage()
    with at.db.writing() as tx:
        found = tx.get(Export, export_id)
        if found is None:
            raise NotFound("export")
        mine = gate.enter(tx, found.album_id)
        guest_id = taker(mine, caller)
        if guest_id is None and not mine.member:
            raise Unauthorized
        if _state(tx, found) is ExportState.READY and not _taken(tx, guest_id, found.id):
            downloads.demand(tx, mine.album, guest_id, found.photos, zone=at.settings.timezone)
            downloads.record(tx, mine.album, guest_id, _sizes(tx, found.id), by=found.id)
        said = _shape(tx, mine, found)
    return answer(said)


def _taken(tx: Tx, guest_id: str | None, export_id: str) -> bool:
    return bool(tx.scalar(select(exists().where(Receipt.guest_id == guest_id, Receipt.by == export_id))))


def _sizes(tx: Tx, export_id: str) -> dict[str, int]:
    query = select(Rendition.photo_id, Rendition.size).join(ExportPhoto, ExportPhoto.photo_id == Rendition.photo_id)
    mine = query.where(ExportPhoto.export_id == export_id, Rendition.kind == RenditionKind.FULL)
    return dict(tx.execute(mine).all())


def _state(tx: Tx, export: Export) -> ExportState:
    """As a guest sees it: with a recalled photo in it there is no pack any more, though its files go a moment later."""
    gone = export.state is ExportState.READY and tx.scalars(exports.recalled(export.id).limit(1)).first() is not None
    return ExportState.WITHDRAWN if gone else export.state


def _shape(tx: Tx, mine: Right, export: Export) -> dict[str, Any]:
    tx.flush()
    state = _state(tx, export)
    ready = state is ExportState.READY
    title = mine.album.event.title
    parts = [
        {
            "number": n,
            "size": part["size"],
            "sha256": part["sha256"],
            "photos": len(part["photos"]),
            "url": gate.signed(stage(), mine, name=f"{title}-{n}.zip")(part["key"]),
        }
        for n, part in enumerate(export.parts.get("parts", ()) if ready else (), 1)
    ]
    sums = f"x/{export.album_id}/{export.id}.txt"
    return {
        "id": export.id,
        "state": state.value,
        "done": export.done,
        "photos": export.photos,
        "bytes": export.bytes,
        "parts": parts,
        "manifest_url": gate.signed(stage(), mine, name="SHA256SUMS.txt")(sums) if ready else None,
        "expires_at": export.expires_at,
    }
