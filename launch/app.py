"""All HTTP in one Flask app. Nothing is global: two apps with two stages can live in one process."""

from __future__ import annotations

from flask import Flask, Response
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from backend import http, openapi
from backend.access import Rules
from backend.api import (
    blobs,
    brand,
    bridge,
    bridges,
    cull,
    desk,
    doors,
    events,
    faces,
    ghosts,
    keys,
    ledger,
    looks,
    measure,
    messages,
    organizer,
    pairings,
    photo_table,
    placements,
    platform,
    removal,
    retoucher,
    review,
    scans,
    schedule,
    team,
    veils,
)
from backend.context import Stage
from backend.usage import Rooms
from miniprogram_api import (
    cards,
    comments,
    confirm,
    contributions,
    entry,
    exports,
    files,
    likes,
    live,
    mine,
    pairing,
    photos,
    pictures,
    push,
    session,
    subscriptions,
    ties,
    track,
)
from miniprogram_api import faces as find_me
from miniprogram_api import veils as cover_me
from miniprogram_api.hub import Hub
from web import certificates, pages, prints, reports, sign_in
from web import entry as door


def create_app(stage: Stage) -> Flask:
    app = Flask("kuaimen", static_folder=None)
    app.extensions["stage"] = stage
    app.extensions["hub"] = Hub(stage.redis)
    app.extensions["rules"] = Rules(stage.db)
    app.extensions["rooms"] = Rooms(stage.db)
    app.config["MAX_CONTENT_LENGTH"] = 2 * stage.settings.part_bytes  # originals come by parts
    app.json.sort_keys = False  # type: ignore[attr-defined]
    http.show_errors(app)
    for module in (
        bridge,
        ghosts,
        measure,
        bridges,
        organizer,
        events,
        team,
        brand,
        placements,
        looks,
        cull,
        photo_table,
        desk,
        doors,
        faces,
        keys,
        platform,
        removal,
        veils,
        retoucher,
        review,
        messages,
        scans,
        schedule,
        blobs,
        session,
        entry,
        contributions,
        comments,
        exports,
        live,
        files,
        photos,
        likes,
        cards,
        mine,
        find_me,
        cover_me,
        pictures,
        subscriptions,
        ties,
        track,
        pairing,
        push,
        door,
        pages,
        prints,
        reports,
        certificates,
        sign_in,
        confirm,
    ):
        app.register_blueprint(module.bp)
    for blueprint in (pairings.of_bridge, pairings.of_member, ledger.of_bridge, ledger.of_member):
        app.register_blueprint(blueprint)
    openapi.describe(app, "/mp/v1", "Kuaimen guest API")
    openapi.describe(app, "/api/v1", "Kuaimen organizer API")
    app.add_url_rule("/healthz", "healthz", _healthz)
    app.after_request(_harden)
    return app


def _healthz() -> ResponseReturnValue:
    with http.stage().db.reading() as tx:
        tx.execute(text("SELECT 1"))
    return http.answer({"ok": True})


def _harden(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    return response
