"""Tables of photos: the files of one press of the shutter, and what was made from them."""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.clock import now_ms
from backend.models.base import Base, new_salt, own_id
from backend.models.events import Album


class PhotoState(enum.StrEnum):
    """announced → stored → live → hidden → stored | purged; stored → hidden | rejected. See `backend.states.PHOTO`."""

    ANNOUNCED = "announced"
    STORED = "stored"
    LIVE = "live"
    HIDDEN = "hidden"
    REJECTED = "rejected"
    PURGED = "purged"


class AssetKind(enum.StrEnum):
    """Of a bridge's file, by its content."""

    JPEG = "jpeg"
    HEIC = "heic"
    RAW = "raw"
    OTHER = "other"


class Intake(enum.StrEnum):
    """How a file came to the bridge."""

    FTP = "ftp"
    USB = "usb"
    FOLDER = "folder"
    CARD = "card"


class SourceKind(enum.StrEnum):
    """Bytes a rendition can be made from; `RANK` says which is better."""

    PREVIEW = "preview"
    ORIGINAL = "original"
    RETOUCHED = "retouched"


class RenditionKind(enum.StrEnum):
    THUMB = "thumb"
    VIEW = "view"
    PHONE = "phone"  # the view for small screens and bad networks, ≤ 200 KB
    FULL = "full"


class Photo(Base):
    """照片: one press of the shutter.

    `wants`: source_id and the album's recipe. `was made with`: made_source_id and made_recipe_id. See photos.stale().
    """

    __tablename__ = "photos"
    __table_args__ = (
        UniqueConstraint("event_id", "digest"),
        Index(None, "album_id", "revision"),
        Index(None, "album_id", "position"),
        Index(None, "album_id", "state"),
        Index(None, "render_due_at"),
        Index(None, "finished_at", "stored_at"),
        Index(None, "guest_id"),
    )
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"))
    album_id: Mapped[str] = mapped_column(ForeignKey("albums.id"))
    bridge_id: Mapped[str | None] = mapped_column(ForeignKey("bridges.id"))
    asset_id: Mapped[str | None] = mapped_column(String(64))  # the bridge's name for its first file
    guest_id: Mapped[str | None] = mapped_column(ForeignKey("guests.id"))  # 投稿: who gave it; None: a photographer's
    by: Mapped[str] = mapped_column(String(40), default="", server_default="")  # the name that guest goes by
    words: Mapped[str] = mapped_column(String(120), default="", server_default="")  # 照片留言: the guest's, with it
    state: Mapped[PhotoState] = mapped_column(default=PhotoState.ANNOUNCED)
    digest: Mapped[str] = mapped_column(String(64))  # sha256 of its first file, hex
    size: Mapped[int]  # bytes of its first file
    name: Mapped[str] = mapped_column(String(200), default="")  # a label, never an identity
    camera: Mapped[str] = mapped_column(String(80), default="")
    pair_key: Mapped[str | None] = mapped_column(String(160))
    width: Mapped[int | None]  # upright, of the view rendition
    height: Mapped[int | None]
    placeholder: Mapped[str | None] = mapped_column(String(64))  # ThumbHash, base64
    dominant: Mapped[str | None] = mapped_column(String(7))  # #rrggbb
    look: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what the automatic look applied, for people to read
    own_look: Mapped[dict[str, Any] | None]  # chosen for this photo, instead of the album's
    recipe_id: Mapped[str | None] = mapped_column(String(64))  # with its own look; None: as the album
    aids: Mapped[dict[str, Any] | None]  # what was seen in it that helps with choosing: `backend.aids.Aids`
    held: Mapped[str | None] = mapped_column(String(64))  # why it is suggested, or made, to wait; words by commas
    voice: Mapped[str | None] = mapped_column(String(200))  # art of the sponsor whose turn it is; empty: of nobody's
    salt: Mapped[str] = mapped_column(String(8), default=new_salt)  # in rendition keys; a recall changes it
    source_id: Mapped[str | None] = mapped_column(String(16))  # the best source there is
    pinned_source_id: Mapped[str | None] = mapped_column(String(16))  # a person went back to this version
    made_source_id: Mapped[str | None] = mapped_column(String(16))
    made_recipe_id: Mapped[str | None] = mapped_column(String(64))
    position: Mapped[int | None]  # 序位: place in the album, given at first publication, never changed
    revision: Mapped[int | None]  # 变更号: of the last change a guest can see
    lease_until: Mapped[int] = mapped_column(default=0)  # a worker holds the photo until then
    render_attempts: Mapped[int] = mapped_column(default=0)
    render_due_at: Mapped[int] = mapped_column(default=0)  # not before
    likes: Mapped[int] = mapped_column(default=0, server_default="0")
    promise: Mapped[int] = mapped_column(default=0, server_default="0")  # how much a person's work on it may be worth
    rating: Mapped[int | None]  # stars a member gave, 1 to 5
    full_wanted_at: Mapped[int | None]  # somebody asked for the full size
    approved_at: Mapped[int | None]  # a member said it may be shown
    refusal: Mapped[str | None] = mapped_column(String(32))  # error code when rejected
    removed_at: Mapped[int | None] = mapped_column(index=True)  # 回收站: hidden, and in the bin since
    shot_at: Mapped[int | None]  # the shutter, set right by the error of the camera's clock
    bridged_at: Mapped[int | None]  # last byte at the bridge
    announced_at: Mapped[int] = mapped_column(default=now_ms)
    stored_at: Mapped[int | None]
    rendered_at: Mapped[int | None]
    live_at: Mapped[int | None]
    seen_at: Mapped[int | None]  # on a first guest's screen
    original_at: Mapped[int | None]  # the original is safe
    retouched_at: Mapped[int | None]
    finished_at: Mapped[int | None]  # its version counts as finished
    finished_by: Mapped[str | None] = mapped_column(String(8))  # human, auto
    album: Mapped[Album] = relationship()


class Asset(Base):
    """文件: one file of a bridge. All files of one press of the shutter are one photo: `backend.photos.register`."""

    __tablename__ = "assets"
    __table_args__ = (
        UniqueConstraint("event_id", "digest"),
        Index(None, "event_id", "pair_key"),
        Index(None, "bridge_id", "bridge_asset_id"),
    )
    id: Mapped[str] = own_id()
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"))
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), index=True)
    bridge_id: Mapped[str | None] = mapped_column(ForeignKey("bridges.id"))
    bridge_asset_id: Mapped[str | None] = mapped_column(String(64))  # the bridge's name for it
    digest: Mapped[str] = mapped_column(String(64))  # sha256, hex
    size: Mapped[int]  # bytes
    name: Mapped[str] = mapped_column(String(200), default="")
    kind: Mapped[AssetKind] = mapped_column(default=AssetKind.JPEG)
    intake: Mapped[Intake] = mapped_column(default=Intake.FTP)
    camera: Mapped[str] = mapped_column(String(80), default="")
    serial: Mapped[str] = mapped_column(String(80), default="")
    pair_key: Mapped[str | None] = mapped_column(String(160))
    pixels: Mapped[int] = mapped_column(default=0)  # 0: the bridge cannot tell
    announced_at: Mapped[int] = mapped_column(default=now_ms)


class Source(Base):
    """来源: bytes a rendition can be made from."""

    __tablename__ = "sources"
    __table_args__ = (UniqueConstraint("photo_id", "kind", "digest"),)
    id: Mapped[str] = own_id()
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"))
    asset_id: Mapped[str | None] = mapped_column(ForeignKey("assets.id"))  # the file it is, or was made from
    kind: Mapped[SourceKind]
    key: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64))  # sha256 of these bytes
    size: Mapped[int]
    refusal: Mapped[str | None] = mapped_column(String(32))  # error code: cannot be rendered
    stored_at: Mapped[int] = mapped_column(default=now_ms)


class Rendition(Base):
    """成品图: made from a source with a recipe."""

    __tablename__ = "renditions"
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), primary_key=True)
    kind: Mapped[RenditionKind] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200))
    recipe_id: Mapped[str] = mapped_column(String(64))
    source_id: Mapped[str] = mapped_column(String(16))
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    made_at: Mapped[int] = mapped_column(default=now_ms)


class Upload(Base):
    """上传: an original on its way by parts."""

    __tablename__ = "uploads"
    asset_id: Mapped[str] = mapped_column(ForeignKey("assets.id"), primary_key=True)
    upload_id: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(200))
    part_bytes: Mapped[int]
    created_at: Mapped[int] = mapped_column(default=now_ms)
