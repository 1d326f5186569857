"""What organizers and retouchers may ask about the look of photos: presets, tiers, albums, chosen photos (wire §3)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from backend import accounts, audit, branding, photos
from backend.accounts import Who
from backend.db import Tx
from backend.errors import NotFound
from backend.http import answer, body, needs, stage
from backend.models import Album, Photo
from backend.recipe import TIERS, Look, Preset

bp = Blueprint("looks", __name__, url_prefix="/api/v1")
WORDS: Final[dict[Preset, tuple[str, str]]] = {
    Preset.NONE: ("不修图", "None"),
    Preset.AUTO: ("自动", "Automatic"),
    Preset.PORTRAIT: ("人像", "Portrait"),
    Preset.STAGE: ("舞台", "Stage"),
    Preset.CONFERENCE: ("会议", "Conference"),
    Preset.OUTDOOR: ("户外", "Outdoor"),
    Preset.FOOD: ("美食", "Food"),
    Preset.MONO: ("黑白", "Black and white"),
}
TIER_WORDS: Final[dict[str, tuple[str, str]]] = {
    "off": ("不修图", "Off"),
    "light": ("轻度", "Light"),
    "standard": ("标准", "Standard"),
    "fine": ("精细", "Fine"),
}
assert WORDS.keys() == set(Preset)
assert TIER_WORDS.keys() == TIERS.keys()


class Wish(BaseModel):
    """`tier` and `preset` are the short way; `look` names single fields and wins. Nothing at all: as before."""

    tier: Literal["off", "light", "standard", "fine"] | None = None
    preset: Preset | None = None
    look: dict[str, Any] | None = None

    def content(self) -> dict[str, Any] | None:
        """The look as a recipe takes it, every field named; None: no look of its own. Raises BadInput."""
        if self.tier is None and self.preset is None and self.look is None:
            return None
        short: dict[str, Any] = {} if self.preset is None else {"preset": self.preset.value}
        return Look.from_json(short | TIERS.get(self.tier or "", {}) | (self.look or {})).to_json()


class Chosen(Wish):
    photo_ids: Annotated[list[Annotated[str, Field(max_length=32)]], Field(min_length=1, max_length=500)]


@bp.get("/looks")
@needs("see_event")
def looks(_who: Who) -> ResponseReturnValue:
    """What there is to choose from, in two languages."""
    presets = [{"name": one.value, "zh": WORDS[one][0], "en": WORDS[one][1]} for one in Preset]
    tiers = [
        {"name": name, "zh": TIER_WORDS[name][0], "en": TIER_WORDS[name][1], "look": TIERS[name]} for name in TIERS
    ]
    return answer({"presets": presets, "tiers": tiers, "fields": Look().to_json()})


@bp.post("/albums/<album_id>/look")
@needs("change_brand")
def look_album(who: Who, album_id: str) -> ResponseReturnValue:
    """For all photos but those with a look of their own; an empty wish gives the album its brand kit's look again."""
    said = body(Wish)
    content = said.content()
    with stage().db.writing() as tx:
        album = tx.get(Album, album_id)
        if album is None or not accounts.may(who, "change_brand", album.organization_id, album.event_id):
            raise NotFound("album")
        _demand_own_cube(tx, album.organization_id, content)
        before = album.look or {}
        if branding.look_album(tx, album, content):
            audit.record(tx, album.organization_id, who.actor, "look", f"album:{album_id}", (before, content or {}))
        left = tx.scalar(select(func.count()).where(photos.stale(album_id, full=False))) or 0
    return answer({"look": content, "stale": left})


@bp.post("/photos/look")
@needs("cull")
def look_photos(who: Who) -> ResponseReturnValue:
    """For chosen photos, whatever their album says; an empty wish gives them their album's look again."""
    said = body(Chosen)
    content = said.content()
    with stage().db.writing() as tx:
        found = tx.scalars(select(Photo).where(Photo.id.in_(set(said.photo_ids)))).all()
        if len(found) != len(set(said.photo_ids)):
            raise NotFound("photo")
        for photo in found:
            if not accounts.may(who, "cull", photo.organization_id, photo.event_id):
                raise NotFound("photo")
            _demand_own_cube(tx, photo.organization_id, content)
            change = (photo.own_look or {}, content or {})
            audit.record(tx, photo.organization_id, who.actor, "look", f"photo:{photo.id}", change)
        changed = branding.look_photos(tx, found, content)
    return answer({"look": content, "changed": changed})


def _demand_own_cube(tx: Tx, organization_id: str, content: dict[str, Any] | None) -> None:
    """Raises BadInput."""
    key = (content or {}).get("cube_key")
    branding.demand_own_art(tx, organization_id, [key] if key else [])
