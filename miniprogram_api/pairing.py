"""A photographer confirms a bridge from the mini-program: scan or type the code, choose the event.

The same questions and answers as the console's, with the member's token that `POST /api/v1/login` gave.
"""

from __future__ import annotations

from flask import Blueprint

from backend.api import pairings

bp = Blueprint("guest_pairing", __name__, url_prefix="/mp/v1")

bp.get("/pairings/<code>")(pairings.show)
bp.post("/pairings/<code>/confirm")(pairings.confirm)
bp.post("/pairings/<code>/refuse")(pairings.refuse)
