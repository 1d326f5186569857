"""Tables of what organizers bring along: art for their brand, and samples of what it would look like."""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class ArtKind(enum.StrEnum):
    PICTURE = "picture"  # logo or frame: PNG, JPEG, WebP, SVG
    CUBE = "cube"  # a look: .cube


class Art(Base):
    """素材: a file for a brand. A worker looks into it; until then it is neither ready nor refused."""

    __tablename__ = "arts"
    __table_args__ = (UniqueConstraint("organization_id", "key"),)
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    key: Mapped[str] = mapped_column(String(200))  # of the blob; recipes name it
    name: Mapped[str] = mapped_column(String(120), default="")
    link: Mapped[str] = mapped_column(
        String(300), default="", server_default=""
    )  # a sponsor's: where a guest's tap leads
    kind: Mapped[ArtKind]
    size: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    refusal: Mapped[str | None] = mapped_column(String(32))  # error code: cannot be used
    reason: Mapped[str] = mapped_column(String(200), default="")  # what exactly is wrong with it
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[int] = mapped_column(default=now_ms)
    checked_at: Mapped[int | None] = mapped_column(index=True)
    removed_at: Mapped[int | None]  # its bytes go a day later (size 0); the row stays, as reports name sponsors by it


class Slot(enum.StrEnum):
    """Where guests meet a sponsor: on photos, in the banner, and where a placement puts them."""

    FRAME = "frame"
    BANNER = "banner"
    START = "start"  # the start page
    TILE = "tile"  # between photos of the wall
    DOWNLOAD = "download"  # where guests take photos home


class Placement(Base):
    """广告位: a sponsor's picture in a slot of one event, for a share of its showings. The row stays, for traces."""

    __tablename__ = "placements"
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), index=True)
    slot: Mapped[Slot]
    art_id: Mapped[str] = mapped_column(ForeignKey("arts.id"))  # the picture
    sponsor_id: Mapped[str] = mapped_column(ForeignKey("arts.id"))  # whose name, link and numbers: often the same art
    words: Mapped[str] = mapped_column(String(60), default="")
    share: Mapped[int] = mapped_column(default=1)  # relative to the other placements of the same slot and moment
    cap: Mapped[int] = mapped_column(default=0)  # showings for one guest in a day; 0: as many as come
    from_at: Mapped[int | None]  # ms UTC
    until_at: Mapped[int | None]  # ms UTC
    created_at: Mapped[int] = mapped_column(default=now_ms)
    removed_at: Mapped[int | None]


class Sample(Base):
    """试看: a recipe on pictures of four shapes, before anybody else sees it. Kept for a day."""

    __tablename__ = "samples"
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    content: Mapped[dict[str, Any]]  # of the recipe
    photo_id: Mapped[str | None] = mapped_column(ForeignKey("photos.id"))  # shown on this photo, cut to each shape
    whole: Mapped[dict[str, Any] | None]  # {"photo_ids": [...], "level": bool}: of these, as guests get them
    pictures: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"pictures": [{key, …}], "level": {turn, sure}}
    refusal: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(String(200), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[int] = mapped_column(default=now_ms)
    made_at: Mapped[int | None] = mapped_column(index=True)
