"""The people and things of every test: an organization with its owner, an event (「年会」), an album, a bridge."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw

from backend import branding, security
from backend.db import Tx
from backend.models import Album, BrandKit, Bridge, Event, Member, Organization, Role
from backend.recipe import Recipe

TOKEN, STRANGER_TOKEN = "bridge-token", "stranger-token"
PASSWORD = "correct horse"


@dataclass(frozen=True)
class Cast:
    organization: Organization
    owner: Member
    event: Event
    album: Album
    bridge: Bridge


def make_cast(tx: Tx, *, login: str = "owner", token: str = TOKEN, **of_album: object) -> Cast:
    organization = Organization(name="年会主办方")
    tx.add(organization)
    tx.flush()
    owner = Member(
        organization_id=organization.id,
        login=login,
        role=Role.OWNER,
        password_hash=security.hash_password(PASSWORD),
    )
    event = Event(organization_id=organization.id, title="年会", place="上海")
    kit = BrandKit(organization_id=organization.id, name="品牌", look={"preset": "none"}, layers={"layers": []})
    tx.add_all([owner, event, kit])
    tx.flush()
    recipe_id = branding.save(tx, Recipe.from_json({"look": {"preset": "none"}}))
    album = Album(
        organization_id=organization.id,
        event_id=event.id,
        title="主会场",
        recipe_id=recipe_id,
        brand_kit_id=kit.id,
        **of_album,
    )
    tx.add(album)
    tx.flush()
    bridge = Bridge(
        organization_id=organization.id,
        event_id=event.id,
        album_id=album.id,
        name="桥",
        token_hash=security.token_hash(token),
    )
    tx.add(bridge)
    return Cast(organization, owner, event, album, bridge)


def jpeg(colour: str = "red", size: tuple[int, int] = (640, 480), *, words: str = "", quality: int = 90) -> bytes:
    """A picture nobody could mistake for another one: a colour, a diagonal, words."""
    image = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(image)
    draw.line((0, 0, *size), fill="white", width=max(2, size[0] // 100))
    draw.text((size[0] // 10, size[1] // 10), words or colour, fill="white")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def png_frame(foot: tuple[int, int, int] = (0, 0, 255)) -> bytes:
    """A frame with a foot, blue if nothing is said."""
    out = io.BytesIO()
    frame = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    frame.paste((*foot, 255), (0, 40, 64, 48))
    frame.save(out, "PNG")
    return out.getvalue()
