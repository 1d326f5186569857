"""Tables of occasions and their albums, and of how their photos are to look."""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.clock import now_ms
from backend.models.base import Base, new_code, own_id


class EventState(enum.StrEnum):
    """draft → open → closed → archived; any → removed → back, or purged. See `backend.states.EVENT`."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    ARCHIVED = "archived"
    REMOVED = "removed"
    PURGED = "purged"


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
    comments: Mapped[bool] = mapped_column(default=False, server_default=false())  # guests write under photos
    revision: Mapped[int] = mapped_column(default=0)  # 变更号 of the newest change a guest can see
    notify_due_at: Mapped[int | None] = mapped_column(index=True)  # look then whether guests are owed a message
    completed_at: Mapped[int | None]  # a member said that nothing more will come
    created_at: Mapped[int] = mapped_column(default=now_ms)
    event: Mapped[Event] = relationship()
