"""Making an event from a template, and changing everything about it while guests are looking (wire §3)."""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Final, Literal, Self

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, StringConstraints, model_validator
from sqlalchemy import select

from backend import access, accounts, audit, branding, events, feed, states, typed, usage
from backend.accounts import Who
from backend.api.organizer import album_json, event_json
from backend.context import Stage
from backend.db import Tx
from backend.errors import BadInput, Conflict, NotFound, TooLarge
from backend.event_templates import HOUR_MS, TEMPLATES, EventTemplate
from backend.http import answer, needs, stage
from backend.jobs import MakeCover
from backend.models import Access, Album, BrandKit, Event, EventState, Photo, PhotoState, Publishing
from backend.openapi import endpoint
from backend.recipe import TIERS, Look
from backend.storage import digest, source_key

bp = Blueprint("events", __name__, url_prefix="/api/v1")
RIGHT: Final = "change_event"
LATEST: Final = 10**14  # ms UTC
CODE_CHARACTERS: Final = 6
MAX_COVER_BYTES: Final = 20 * 1024 * 1024
MAX_ALBUMS: Final = 30
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Moment = Annotated[int, Field(ge=0, lt=LATEST)]


class Times(BaseModel):
    starts_at: Moment | None = None
    ends_at: Moment | None = None

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.starts_at is not None and self.ends_at is not None and self.ends_at < self.starts_at:
            raise ValueError("ends before it starts")
        return self


class EventWish(Times):
    """A new event. Without `ends_at` it takes as long as the template says."""

    template: Literal["conference", "gala", "wedding", "sports", "brand"]
    title: Title
    place: Annotated[str, Field(max_length=120)] = ""
    access: Literal["public", "code"] | None = None  # instead of the template's
    language: Literal["zh", "en"] = "zh"  # of the albums' names and the welcome
    brand_id: Annotated[str, Field(max_length=32)] | None = None  # None: the newest brand kit there is


class EventChange(Times):
    """What is left out stays as it is."""

    title: Title | None = None
    place: Annotated[str, Field(max_length=120)] | None = None
    state: EventState | None = None
    welcome: Annotated[str, Field(max_length=200)] | None = None
    start_page: bool | None = None
    countdown: bool | None = None
    banner: Annotated[str, Field(max_length=120)] | None = None
    banner_link: Annotated[str, Field(max_length=300, pattern=r"^(https?://[^\s\"<>]+)?$")] | None = None
    banner_sponsor: Annotated[str, Field(max_length=200)] | None = None  # key of art; empty: nobody's
    banner_from: Moment | None = None
    banner_until: Moment | None = None
    start_button: Annotated[str, Field(max_length=20)] | None = None
    share_title: Annotated[str, Field(max_length=60)] | None = None
    share_words: Annotated[str, Field(max_length=120)] | None = None
    share_cover: bool | None = None
    language: Literal["", "zh", "en"] | None = None
    layout: Literal["rows", "waterfall", "grid"] | None = None
    order: Literal["new", "times", "hot"] | None = None
    likes: bool | None = None
    tile_every: Annotated[int, Field(ge=6, le=60)] | None = None  # photos between two tiles of sponsors
    cover: Literal[False] | None = None  # away with it


class AlbumWish(BaseModel):
    title: Title


class AlbumChange(BaseModel):
    title: Title | None = None
    publishing: Publishing | None = None
    place_in_event: Annotated[int, Field(ge=0, le=1000)] | None = None


assert set(EventWish.model_fields["template"].annotation.__args__) == set(TEMPLATES)  # type: ignore[union-attr]
assert all(one.access in (Access.PUBLIC, Access.CODE) for one in TEMPLATES.values())


@bp.get("/templates")
@needs(RIGHT)
@endpoint()
def templates(who: Who) -> ResponseReturnValue:  # noqa: ARG001 - the same for everybody who may make events
    """What an event can be made from."""
    return answer({"templates": [_template(one) for one in TEMPLATES.values()]})


@bp.post("/events")
@needs(RIGHT, whole=True)
@endpoint(json=EventWish)
def create(who: Who, json: EventWish) -> ResponseReturnValue:
    """An open event with its albums, ready to be printed and photographed. A code is shown this once."""
    template = TEMPLATES[json.template]
    typed.refuse_risky(stage(), who.organization_id, (json.title, json.place))
    rule = Access(json.access) if json.access else template.access
    code = "".join(secrets.choice(access.CODES) for _ in range(CODE_CHARACTERS)) if rule is Access.CODE else None
    with stage().db.writing() as tx:
        usage.demand(tx, who.organization_id, "events")
        event = _planted(tx, who, json, template)
        for album in _albums(tx, event, json, template):
            if rule is not Access.PUBLIC:
                access.set_rule(tx, album.id, rule, code)
        audit.record(tx, event.organization_id, who.actor, "create", f"event:{event.id}", ({}, json.model_dump()))
        said = event_json(event) | {"albums": [album_json(tx, album) for album in events.albums(tx, event.id)]}
    return answer({"event": said, "code": code}, 201)


@bp.get("/events/<event_id>/front")
@needs("see_event")
@endpoint()
def show_front(who: Who, event_id: str) -> ResponseReturnValue:
    """Everything of an event that can be changed, and how far its cover is."""
    with stage().db.reading() as tx:
        return answer(_front(stage(), accounts.their_event(tx, who, event_id, "see_event")))


@bp.post("/events/<event_id>")
@needs(RIGHT)
@endpoint(json=EventChange)
def change(who: Who, event_id: str, json: EventChange) -> ResponseReturnValue:
    """In effect for everybody who has an album of the event open, within seconds. 409: no way from this state."""
    said = json.model_dump(exclude_unset=True)
    typed.refuse_risky(stage(), who.organization_id, (word for word in said.values() if isinstance(word, str)))
    with stage().db.writing() as tx:
        event = accounts.their_event(tx, who, event_id, RIGHT)
        before = _front(stage(), event)
        _apply(tx, event, said)
        tx.flush()
        events.front_changed(tx, event_id)
        tx.refresh(event)
        after = _front(stage(), event)
        changed = [name for name in after if before[name] != after[name] and name != "revision"]
        change = ({name: before[name] for name in changed}, {name: after[name] for name in changed})
        audit.record(tx, event.organization_id, who.actor, "change_event", f"event:{event_id}", change)
    return answer(after)


@bp.post("/events/<event_id>/cover")
@needs(RIGHT)
def cover(who: Who, event_id: str) -> ResponseReturnValue:
    """The body is a picture; a worker makes the cover of it. Until then the old one stays."""
    content = request.get_data(cache=False)
    if not 0 < len(content) <= MAX_COVER_BYTES:
        raise TooLarge(f"{len(content)} bytes; at most {MAX_COVER_BYTES}")
    with stage().db.reading() as tx:
        accounts.their_event(tx, who, event_id, RIGHT)
    key = source_key(event_id, "cover", digest(content))
    stage().store.put(key, content, content_type="application/octet-stream")
    with stage().db.writing() as tx:
        event = accounts.their_event(tx, who, event_id, RIGHT)
        event.cover_source_key, event.cover_attempts, event.cover_refusal = key, 0, None
        tx.ring(MakeCover(event_id))
        audit.record(tx, event.organization_id, who.actor, "cover", f"event:{event_id}")
        said = _front(stage(), event)
    return answer(said, 202)


@bp.post("/events/<event_id>/albums")
@needs(RIGHT)
@endpoint(json=AlbumWish)
def add_album(who: Who, event_id: str, json: AlbumWish) -> ResponseReturnValue:
    """One more, like the event's first: brand, look, rule of publishing. It is public."""
    typed.refuse_risky(stage(), who.organization_id, (json.title,))
    with stage().db.writing() as tx:
        event = accounts.their_event(tx, who, event_id, RIGHT)
        there = events.albums(tx, event_id)
        if len(there) >= MAX_ALBUMS:
            raise BadInput(f"at most {MAX_ALBUMS} albums")
        made = _like(there[0]) if there else Album(recipe_id=branding.save(tx, branding.wanted(None)))
        made.organization_id, made.event_id, made.title = event.organization_id, event_id, json.title
        made.place_in_event = max((a.place_in_event for a in there), default=-1) + 1
        tx.add(made)
        tx.flush()
        events.front_changed(tx, event_id)
        audit.record(tx, event.organization_id, who.actor, "add_album", f"album:{made.id}", ({}, json.model_dump()))
        said = album_json(tx, made)
    return answer({"album": said}, 201)


@bp.post("/albums/<album_id>")
@needs(RIGHT)
@endpoint(json=AlbumChange)
def change_album(who: Who, album_id: str, json: AlbumChange) -> ResponseReturnValue:
    """Its name, its place among the tabs, whether photos wait for approval. Live at once: what waited goes live."""
    said = json.model_dump(exclude_none=True)
    typed.refuse_risky(stage(), who.organization_id, (json.title or "",))
    with stage().db.writing() as tx:
        album = accounts.their_album(tx, who, album_id, RIGHT)
        before = {name: getattr(album, name) for name in said}
        for name, value in said.items():
            setattr(album, name, value)
        tx.flush()
        if json.publishing is Publishing.AUTO:
            _release(tx, album_id)
        events.front_changed(tx, album.event_id)
        audit.record(tx, album.organization_id, who.actor, "change_album", f"album:{album_id}", (before, said))
        shown = album_json(tx, album)
    return answer({"album": shown})


def _planted(tx: Tx, who: Who, wish: EventWish, template: EventTemplate) -> Event:
    ends_at = wish.ends_at
    if ends_at is None and wish.starts_at is not None:
        ends_at = wish.starts_at + template.hours * HOUR_MS
    event = Event(
        organization_id=who.organization_id,
        title=wish.title,
        place=wish.place.strip(),
        starts_at=wish.starts_at,
        ends_at=ends_at,
        front={"welcome": _in(wish.language, template.welcome), "countdown": wish.starts_at is not None},
    )
    tx.add(event)
    tx.flush()
    return event


def _albums(tx: Tx, event: Event, wish: EventWish, template: EventTemplate) -> list[Album]:
    """Raises NotFound for somebody else's brand kit."""
    kit = _kit(tx, event.organization_id, wish.brand_id)
    look = Look.from_json({"preset": template.preset.value} | TIERS[template.tier]).to_json()
    recipe_id = branding.save(tx, branding.wanted(kit, frame=template.frame, look=look))
    made = [
        Album(
            organization_id=event.organization_id,
            event_id=event.id,
            title=_in(wish.language, words),
            place_in_event=n,
            recipe_id=recipe_id,
            brand_kit_id=kit.id if kit else None,
            frame_on=template.frame,
            look=look,
            culling=template.culling,
            publishing=template.publishing,
            checking=template.checking,
        )
        for n, words in enumerate(template.albums)
    ]
    tx.add_all(made)
    tx.flush()
    return made


def _kit(tx: Tx, organization_id: str, brand_id: str | None) -> BrandKit | None:
    mine = select(BrandKit).filter_by(organization_id=organization_id)
    if brand_id is None:
        return tx.scalars(mine.order_by(BrandKit.created_at.desc(), BrandKit.id)).first()
    found = tx.scalars(mine.filter_by(id=brand_id)).first()
    if found is None:
        raise NotFound("brand")
    return found


def _like(first: Album) -> Album:
    """What its settings are, and none of its photos, codes or counters."""
    made_of = ("recipe_id", "brand_kit_id", "watermark_on", "frame_on", "culling", "publishing", "checking", "finish_s")
    given = ("downloads", "downloads_a_day", "contributions", "comments")
    made = Album(**{name: getattr(first, name) for name in (*made_of, *given)})
    if first.look is not None:
        made.look = first.look
    return made


def _apply(tx: Tx, event: Event, said: dict[str, Any]) -> None:
    """Raises BadInput, Conflict."""
    for name in ("title", "place", "starts_at", "ends_at"):
        if name in said and (said[name] is not None or name.endswith("_at")):
            setattr(event, name, said[name])
    if event.starts_at is not None and event.ends_at is not None and event.ends_at < event.starts_at:
        raise BadInput("ends_at: ends before it starts")
    if said.get("cover") is False:
        event.cover_key = event.cover_source_key = event.cover_refusal = None
    fields = events.Front.__dataclass_fields__
    words = {n: said[n] for n in fields if n in said and (said[n] is not None or fields[n].default is None)}
    event.front = (event.front or {}) | words
    front = events.front(event)
    if said.get("banner_sponsor"):
        branding.demand_own_art(tx, event.organization_id, [front.banner_sponsor])
    if None not in (front.banner_from, front.banner_until) and front.banner_until < front.banner_from:  # type: ignore[operator]
        raise BadInput("banner_until: ends before it starts")
    tx.flush()
    to = said.get("state")
    bin_only = {event.state, to} & {EventState.REMOVED, EventState.PURGED}  # by `remove` and `restore`
    if to is not None and to is not event.state and (bin_only or not states.move_event(tx, event.id, to)):
        raise Conflict(f"{event.state} → {to}")


def _release(tx: Tx, album_id: str) -> None:
    waiting = select(Photo.id).filter_by(album_id=album_id, state=PhotoState.STORED)
    ready = waiting.where(Photo.made_source_id.is_not(None)).order_by(Photo.announced_at)
    for photo_id in tx.scalars(ready).all():
        feed.publish(tx, photo_id)


def _front(at: Stage, event: Event) -> dict[str, Any]:
    url = at.store.url(event.cover_key, ttl=at.settings.photo_url_ttl) if event.cover_key else None
    making = "making" if event.cover_source_key else None
    return {
        "title": event.title,
        "place": event.place,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "state": event.state.value,
        **{name: getattr(events.front(event), name) for name in events.Front.__dataclass_fields__},
        "cover_url": url,
        "cover": event.cover_refusal or making or ("ready" if event.cover_key else None),
        "revision": event.front_revision,
    }


def _template(one: EventTemplate) -> dict[str, Any]:
    return {
        "name": one.name,
        "zh": one.words[0],
        "en": one.words[1],
        "about": {"zh": one.about[0], "en": one.about[1]},
        "albums": {"zh": [zh for zh, _ in one.albums], "en": [en for _, en in one.albums]},
        "hours": one.hours,
        "access": one.access.value,
    }


def _in(language: str, words: tuple[str, str]) -> str:
    return words[1] if language == "en" else words[0]
