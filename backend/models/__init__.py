"""The schema: tables, columns, constraints. No behaviour, so that nothing needs to import it late.

Moments are `<verb>_at`, milliseconds since the epoch, UTC. Every row of a tenant carries its `organization_id`.
"""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.clock import now_ms
from backend.models.base import BASE62, Base, Json, new_code, new_id, new_salt, own_id
from backend.models.brand import Art, ArtKind, Sample
from backend.models.bridges import Bridge, BridgeState, Order, Pairing, PairingState
from backend.models.exports import Export, ExportPhoto, ExportState
from backend.models.faces import (
    ConsentKind,
    Face,
    FaceConsent,
    FaceMask,
    FaceMatch,
    FaceReturn,
    FaceRule,
    FaceScan,
    FaceTemplate,
    FaceVeil,
    VeilKind,
    VeilState,
)
from backend.models.failures import Failure
from backend.models.feeds import Departure, FeedFiles
from backend.models.guests import Invitation, Like, Receipt
from backend.models.inspections import Inspection
from backend.models.keys import ApiKey, HookCall, Webhook
from backend.models.ledger import Certificate, Story, StoryLine
from backend.models.members import Member, Organization, Role, TeamInvitation
from backend.models.messages import Delivery, DeliveryState, Milestone, Push, Quota, Subscription, Tap, TapSource
from backend.models.purges import Purge
from backend.models.retouch import Adjustment, RetouchState, RetouchTask
from backend.models.review import Check, CheckState, Reason, Report, ReportState
from backend.models.scans import Scan
from backend.models.slates import Slate, SlateShot
from backend.models.traces import Trace, TraceKind

__all__ = ["BASE62", "Base", "Bridge", "BridgeState", "Json", "new_code", "new_id", "new_salt"]
__all__ += ["Delivery", "DeliveryState", "Milestone", "Push", "Quota", "Subscription", "Tap", "TapSource"]
__all__ += ["Check", "CheckState", "Reason", "Report", "ReportState", "Scan"]
__all__ += ["Art", "ArtKind", "Sample"]
__all__ += ["Order", "Pairing", "PairingState"]
__all__ += ["Trace", "TraceKind"]
__all__ += ["Adjustment", "RetouchState", "RetouchTask"]
__all__ += ["Member", "Organization", "Role", "TeamInvitation"]
__all__ += ["ApiKey", "Failure", "HookCall", "Webhook"]
__all__ += ["Departure", "Inspection", "Purge", "Slate", "SlateShot"]
__all__ += ["ConsentKind", "Face", "FaceConsent", "FaceMatch", "FaceRule", "FaceScan", "FaceTemplate"]
__all__ += ["FaceMask", "FaceReturn", "FaceVeil", "VeilKind", "VeilState"]
__all__ += ["Certificate", "Story", "StoryLine"]
__all__ += ["Export", "ExportPhoto", "ExportState", "FeedFiles", "Invitation", "Like", "Receipt"]


class EventState(enum.StrEnum):
    """draft → open → closed → archived; any → removed → back, or purged. See `backend.states.EVENT`."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    ARCHIVED = "archived"
    REMOVED = "removed"
    PURGED = "purged"


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
    FULL = "full"


class Access(enum.StrEnum):
    """Who may see an album: everybody, who knows its code or password, the organization's members, a list of names."""

    PUBLIC = "public"
    CODE = "code"
    PASSWORD = "password"  # noqa: S105 - the name of an access rule
    MEMBERS = "members"
    LIST = "list"


class Publishing(enum.StrEnum):
    """auto: live at once; approve: a reviewer publishes."""

    AUTO = "auto"
    APPROVE = "approve"


class Checking(enum.StrEnum):
    """Whether a machine looks at an album's photos: off; after: publish, then check; before: check, then publish."""

    OFF = "off"
    AFTER = "after"
    BEFORE = "before"


class Contributions(enum.StrEnum):
    """Whether guests may give an album photos. review: a person looks before anybody sees them; open: live at once."""

    OFF = "off"
    REVIEW = "review"
    OPEN = "open"


class Culling(enum.StrEnum):
    """off: nothing is looked at; suggest: doubtful photos are marked; hold: they wait for somebody's tap."""

    OFF = "off"
    SUGGEST = "suggest"
    HOLD = "hold"


class Event(Base):
    """活动: an occasion with a date."""

    __tablename__ = "events"
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    title: Mapped[str] = mapped_column(String(80))
    place: Mapped[str] = mapped_column(String(120), default="")
    starts_at: Mapped[int | None]
    ends_at: Mapped[int | None]
    schedule: Mapped[dict[str, Any] | None]  # {"items": [{starts_at, ends_at, title, place}]}, by starts_at
    front: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # `backend.events.Front`
    front_revision: Mapped[int] = mapped_column(default=0, server_default="0")  # of what guests meet first
    cover_key: Mapped[str | None] = mapped_column(String(200))  # 封面, made by a worker
    cover_source_key: Mapped[str | None] = mapped_column(String(200))  # as it was uploaded: a worker owes a cover
    cover_attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    cover_refusal: Mapped[str | None] = mapped_column(String(32))  # error code: the last upload cannot be used
    state: Mapped[EventState] = mapped_column(default=EventState.OPEN)
    removed_at: Mapped[int | None] = mapped_column(index=True)  # 回收站: in the bin since
    removed_from: Mapped[EventState | None]  # what it was before
    share_code: Mapped[str] = mapped_column(String(16), unique=True, default=new_code)
    created_at: Mapped[int] = mapped_column(default=now_ms)


class Recipe(Base):
    """出图方案: immutable; the id is the digest of its content (`backend.recipe.Recipe`)."""

    __tablename__ = "recipes"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[dict[str, Any]]
    created_at: Mapped[int] = mapped_column(default=now_ms)


class BrandKit(Base):
    """品牌素材: watermark layers and sponsor frame of an organization, as a recipe takes them."""

    __tablename__ = "brand_kits"
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    look: Mapped[dict[str, Any]] = mapped_column(default=dict)
    layers: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"layers": [...]}
    frame: Mapped[dict[str, Any] | None]
    turns: Mapped[dict[str, Any] | None]  # {"turns": [...]}: shares of voice and time windows
    logo_key: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[int] = mapped_column(default=now_ms)


class Album(Base):
    """相册(频道): ordered photos of an event; one tab on screen."""

    __tablename__ = "albums"
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), index=True)
    title: Mapped[str] = mapped_column(String(80))
    place_in_event: Mapped[int] = mapped_column(default=0)
    recipe_id: Mapped[str] = mapped_column(ForeignKey("recipes.id"))  # what the album wants
    brand_kit_id: Mapped[str | None] = mapped_column(ForeignKey("brand_kits.id"))
    watermark_on: Mapped[bool] = mapped_column(default=True)
    frame_on: Mapped[bool] = mapped_column(default=True)
    look: Mapped[dict[str, Any] | None]  # its own look instead of the brand kit's
    culling: Mapped[Culling] = mapped_column(default=Culling.SUGGEST, server_default="suggest")
    access: Mapped[Access] = mapped_column(default=Access.PUBLIC)
    access_hash: Mapped[str | None] = mapped_column(String(200))
    access_epoch: Mapped[int] = mapped_column(default=0)  # raising it ends old tokens
    guest_mark: Mapped[bool] = mapped_column(default=False, server_default=false())  # who looks stands in the picture
    publishing: Mapped[Publishing] = mapped_column(default=Publishing.AUTO)
    checking: Mapped[Checking] = mapped_column(default=Checking.OFF, server_default=Checking.OFF.value)
    finish_s: Mapped[int] = mapped_column(default=300, server_default="300")  # after arrival a version is finished
    downloads: Mapped[bool] = mapped_column(default=True)
    downloads_a_day: Mapped[int | None]  # photos per guest; None: as many as they like
    contributions: Mapped[Contributions] = mapped_column(
        default=Contributions.OFF, server_default=Contributions.OFF.value
    )
    contributions_a_day: Mapped[int] = mapped_column(default=20, server_default="20")  # photos per guest
    revision: Mapped[int] = mapped_column(default=0)  # 变更号 of the newest change a guest can see
    notify_due_at: Mapped[int | None] = mapped_column(index=True)  # look then whether guests are owed a message
    completed_at: Mapped[int | None]  # a member said that nothing more will come
    created_at: Mapped[int] = mapped_column(default=now_ms)
    event: Mapped[Event] = relationship()


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


class Guest(Base):
    """访客: a WeChat user, or a browser, looking at an album. The openid is unique per appid."""

    __tablename__ = "guests"
    __table_args__ = (UniqueConstraint("appid", "openid"),)
    id: Mapped[str] = own_id()
    appid: Mapped[str] = mapped_column(String(32))  # «h5» for browsers
    openid: Mapped[str] = mapped_column(String(64))
    unionid: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[int] = mapped_column(default=now_ms)
    seen_at: Mapped[int] = mapped_column(default=now_ms)


class Audit(Base):
    """审计: everything a person did to a photo, an album or a member."""

    __tablename__ = "audits"
    __table_args__ = (Index(None, "organization_id", "done_at"), Index(None, "subject"))
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    actor: Mapped[str] = mapped_column(String(80))  # member:<id>, guest:<id>, system
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80))  # photo:<id>, album:<id>, …
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(default=dict)
    done_at: Mapped[int] = mapped_column(default=now_ms)
