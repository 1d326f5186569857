"""Certificates for people and for programs. Their addresses cannot be guessed: whoever was given one may read it."""

from __future__ import annotations

import json
from typing import Any, Final

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from sqlalchemy import select

from backend import ledger
from backend.errors import NotFound
from backend.http import answer, language, query, stage
from backend.models import Certificate
from backend.storage import attachment
from web import shell
from web.speech import speaker

bp = Blueprint("certificate_pages", __name__, template_folder="templates")
# all that was received, by where it is
SUM: Final = ("live", "waiting", "hidden", "failed", "purged", "on_bridges", "aside", "refused")


class KeyQuery(BaseModel):
    id: str = ""  # of an earlier key, as certificates name it; empty: today's


@bp.get("/certificates/key.pem")
def key() -> ResponseReturnValue:
    """The public key. Certificates of an earlier one stay good, and so does it."""
    at, said = stage(), query(KeyQuery)
    public = at.signer.certificate_key().public_key()
    found = ledger.pem(public)
    if said.id and said.id != ledger.key_id(public):
        with at.db.reading() as tx:
            kept = tx.scalars(select(Certificate.public_key).filter_by(key_id=said.id).limit(1)).first()
        if kept is None:
            raise NotFound("key")
        found = kept
    headers = {"Content-Disposition": attachment("key.pem")}
    return Response(found, content_type="application/x-pem-file", headers=headers)


@bp.get("/certificates/<certificate_id>.json")
def document(certificate_id: str) -> ResponseReturnValue:
    return answer(ledger.signed(_found(certificate_id)))


@bp.get("/certificates/<certificate_id>")
def show(certificate_id: str) -> ResponseReturnValue:
    """For reading and printing."""
    at, made = stage(), _found(certificate_id)
    said: dict[str, Any] = json.loads(made.document)
    return shell.page(
        at,
        "certificate.html",
        "message",
        tell=speaker("certificate", language()),
        made=made,
        said=said,
        rows=[(name, said["counts"].get(name, 0)) for name in SUM],
    )


def _found(certificate_id: str) -> Certificate:
    with stage().db.reading() as tx:
        made = tx.get(Certificate, certificate_id)
    if made is None:
        raise NotFound("certificate")
    return made
