"""Codes and prints of an event: QR, mini-program code, poster, table cards (docs/prints.md).

What is made is kept in the store under a digest of all that is in it: asking again is cheap, and a new title is a new
file. A mini-program code is asked of WeChat once per event and source; without WeChat a print still comes, with the
plain QR alone and a note in a header.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Final

import orjson
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from sqlalchemy import select

from backend import accounts, events
from backend.accounts import Who
from backend.context import Stage
from backend.db import Tx
from backend.errors import BadInput, NotFound
from backend.http import language, needs, query, stage
from backend.models import Album, BrandKit, Organization
from backend.storage import attachment, digest
from backend.wechat import WeChatFailed
from backend.wechat.failures import meaning
from backend.wechat.opening import SANDBOX_APPID, appid_of
from web import drawing
from web.drawing import Content, Logo, Paper
from web.drawing_logo import MAX_BYTES as MAX_LOGO_BYTES
from web.drawing_words import Language

bp = Blueprint("prints", __name__, url_prefix="/api/v1")
log = logging.getLogger(__name__)

PAGE: Final = "pages/event/event"  # what our mini-program codes open
CODE_PX: Final = 1280  # the largest WeChat makes
POSTER, CARD = "p", "t"  # where guests of a print came from: events.SOURCES
NAMES: Final = {
    "qr": ("二维码", "QR"),
    "code": ("小程序码", "mini-program code"),
    "poster": ("海报", "poster"),
    "cards": ("桌卡", "table cards"),
}
NOT_IN_NAMES: Final = str.maketrans('/\\:*?"<>|', " " * 9)
NAME_CHARACTERS: Final = 60
TYPES: Final = {"png": "image/png", "pdf": "application/pdf"}
NOTE: Final = "X-Kuaimen-Note"
SANDBOX_SPOT: Final = (0.15, 0.46)  # its stand-in is a QR, which lives on what is left


class CodeQuery(BaseModel):
    f: str = "l"  # one of events.SOURCES
    album: str = ""  # leads to this album; empty: to the event
    logo: bool = False  # the sponsor's, in the middle of a mini-program code
    download: bool = False


class PosterQuery(BaseModel):
    paper: Paper = "a4"
    album: str = ""
    lang: Language | None = None
    download: bool = False


class CardsQuery(BaseModel):
    n: Annotated[int, Field(ge=1, le=drawing.MAX_CARDS)] = 8
    per: int = 4  # cards on a sheet of A4
    album: str = ""
    lang: Language | None = None
    download: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """What of an event is printed."""

    event_id: str
    title: str
    place: str
    starts_at: int | None
    ends_at: int | None
    share_code: str
    organization: str
    logo_key: str | None
    album_id: str = ""  # of its own codes
    appid: str = ""  # the organization's mini-program


@dataclass(frozen=True, slots=True)
class Order:
    """How it shall be printed. `options`: everything else that changes the result."""

    source: str
    language: Language
    suffix: str  # png, pdf
    options: tuple[str | int, ...]


@bp.get("/events/<event_id>/qr.png")
@needs("see_event")
def qr(who: Who, event_id: str) -> ResponseReturnValue:
    """A plain QR of the album's address, for any camera."""
    said, at = query(CodeQuery), stage()
    subject = _subject(at, who, event_id, said.album)
    made = drawing.qr_png(_address(at, subject, _source(said.f)))
    return _sent(made, "png", _name("qr", subject.title, said.f), said.download)


@bp.get("/events/<event_id>/code.png")
@needs("see_event")
def code(who: Who, event_id: str) -> ResponseReturnValue:
    """The mini-program code. Raises WeChatFailed when it was never made and WeChat does not make it now."""
    said, at = query(CodeQuery), stage()
    subject = _subject(at, who, event_id, said.album)
    made = _mini_code(at, subject, _source(said.f))
    notes: tuple[str, ...] = ()
    if said.logo:
        brand, notes = _logo_or_note(at, subject.logo_key)
        spot = SANDBOX_SPOT if subject.appid == SANDBOX_APPID else ()
        made = drawing.branded(made, brand, *spot) if brand else made
    return _sent(made, "png", _name("code", subject.title, said.f), said.download, notes)


@bp.get("/events/<event_id>/poster.png")
@needs("see_event")
def poster_png(who: Who, event_id: str) -> ResponseReturnValue:
    return _poster(who, event_id, "png", drawing.poster_png)


@bp.get("/events/<event_id>/poster.pdf")
@needs("see_event")
def poster_pdf(who: Who, event_id: str) -> ResponseReturnValue:
    return _poster(who, event_id, "pdf", drawing.poster_pdf)


@bp.get("/events/<event_id>/cards.pdf")
@needs("see_event")
def cards(who: Who, event_id: str) -> ResponseReturnValue:
    """Table cards on sheets of A4, with bleed and marks to cut along."""
    said, at = query(CardsQuery), stage()
    subject = _subject(at, who, event_id, said.album)
    order = Order(CARD, said.lang or _language(), "pdf", ("cards", said.n, said.per))
    made, notes = _printed(at, subject, order, lambda content: drawing.cards_pdf(content, said.n, said.per))
    return _sent(made, "pdf", _name("cards", subject.title, f"{said.n}"), said.download, notes)


def _poster(who: Who, event_id: str, suffix: str, draw: Callable[[Content, Paper], bytes]) -> Response:
    said, at = query(PosterQuery), stage()
    subject = _subject(at, who, event_id, said.album)
    order = Order(POSTER, said.lang or _language(), suffix, ("poster", said.paper))
    made, notes = _printed(at, subject, order, lambda content: draw(content, said.paper))
    return _sent(made, suffix, _name("poster", subject.title, said.paper.upper()), said.download, notes)


def _subject(at: Stage, who: Who, event_id: str, album_id: str = "") -> Subject:
    """Raises NotFound for another organization's event, or for another event's album."""
    with at.db.reading() as tx:
        event = accounts.their_event(tx, who, event_id, "see_event")
        album = tx.get(Album, album_id) if album_id else None
        if album_id and (album is None or album.event_id != event.id):
            raise NotFound("album")
        return Subject(
            event_id=event.id,
            album_id=album_id,
            appid=appid_of(at.settings, event.organization_id),
            title=f"{event.title} · {album.title}" if album else event.title,
            place=event.place,
            starts_at=event.starts_at,
            ends_at=event.ends_at,
            share_code=event.share_code,
            organization=tx.get_one(Organization, event.organization_id).name,
            logo_key=_logo_key(tx, event.id),
        )


def _logo_key(tx: Tx, event_id: str) -> str | None:
    """Of the first album that has a sponsor."""
    query_ = (
        select(BrandKit.logo_key)
        .join(Album, Album.brand_kit_id == BrandKit.id)
        .where(Album.event_id == event_id, BrandKit.logo_key.is_not(None))
        .order_by(Album.place_in_event, Album.created_at, Album.id)
    )
    return tx.scalars(query_).first()


def _source(said: str) -> str:
    if said not in events.SOURCES:
        raise BadInput(f"f: one of {', '.join(events.SOURCES)}")
    return said


def _language() -> Language:
    return "en" if language() == "en" else "zh"


def _address(at: Stage, subject: Subject, source: str) -> str:
    of_album = f"&album={subject.album_id}" if subject.album_id else ""
    return f"{at.settings.base_url}/a/{subject.share_code}?f={source}{of_album}"


def _mini_code(at: Stage, subject: Subject, source: str) -> bytes:
    """From the store, or of WeChat the first time. PNG. Raises WeChatFailed."""
    wechat = at.others.get(subject.appid, at.wechat)
    made_for = f"{wechat.appid}-{at.settings.wechat_env_version}-{subject.share_code}-{source}"
    made_for += f"-{subject.album_id}" if subject.album_id else ""
    key = f"x/codes/{subject.event_id}/{made_for}.png"
    try:
        return at.store.get(key)
    except NotFound:
        pass
    scene = events.scene(subject.share_code, source, subject.album_id)
    answered = wechat.code(scene, page=PAGE, width=CODE_PX, hyaline=True)
    try:
        made = drawing.mini_code(answered)
    except BadInput as exc:
        raise WeChatFailed(None, f"{len(answered)} bytes that are no picture: {exc.detail}") from None
    at.store.put(key, made, content_type="image/png")
    return made


def _printed(
    at: Stage, subject: Subject, order: Order, draw: Callable[[Content], bytes]
) -> tuple[bytes, tuple[str, ...]]:
    """From the store, or drawn and kept. Also notes: what had to be left out."""
    mini, missing = _mini_or_note(at, subject, order.source)
    zone = at.settings.timezone
    content = Content(
        title=subject.title,
        when=drawing.spoken_span(subject.starts_at, subject.ends_at, zone, order.language),
        place=subject.place,
        organization=subject.organization,
        h5=_address(at, subject, order.source),
        language=order.language,
        mini=mini,
    )
    key = f"x/prints/{subject.event_id}/{_identity(content, subject, order)}.{order.suffix}"
    try:
        return at.store.get(key), missing
    except NotFound:
        pass
    logo, no_logo = _logo_or_note(at, subject.logo_key)
    made = draw(replace(content, logo=logo))
    if not no_logo:  # the key names the logo: what was drawn without it must not answer for it
        at.store.put(key, made, content_type=TYPES[order.suffix])
    return made, missing + no_logo


def _identity(content: Content, subject: Subject, order: Order) -> str:
    """A digest of everything that can be seen on the print."""
    seen = [drawing.EDITION, order.source, order.suffix, *order.options, subject.logo_key]
    seen += [content.title, content.when, content.place, content.organization, content.h5, content.language]
    return digest(orjson.dumps([*seen, content.mini and digest(content.mini)]))[:32]


def _mini_or_note(at: Stage, subject: Subject, source: str) -> tuple[bytes | None, tuple[str, ...]]:
    try:
        return _mini_code(at, subject, source), ()
    except WeChatFailed as exc:
        log.warning("print without mini-program code event=%s errcode=%s", subject.event_id, exc.errcode)
        return None, (f"no mini-program code: {meaning(exc.errcode).english}",)


def _logo_or_note(at: Stage, key: str | None) -> tuple[Logo | None, tuple[str, ...]]:
    """A logo that cannot be used is left out; the print is wanted all the same."""
    if key is None:
        return None, ()
    try:
        return _logo(at, key), ()
    except (BadInput, NotFound) as exc:
        log.warning("print without logo key=%s code=%s", key, exc.code)
        return None, (f"no sponsor logo: {exc.public('en')}",)


def _logo(at: Stage, key: str) -> Logo:
    """Raises NotFound, BadInput."""
    if (at.store.size(key) or 0) > MAX_LOGO_BYTES:
        raise BadInput("logo", code="too_large")
    return drawing.logo(at.store.get(key))


def _name(kind: str, title: str, detail: str) -> str:
    """What the file is called on somebody's disk: `2026 年会 海报 A4`."""
    words = " ".join(drawing.printable(title).translate(NOT_IN_NAMES).split())[:NAME_CHARACTERS].strip(". ")
    zh, en = NAMES[kind]
    return " ".join(part for part in (words, zh if _language() == "zh" else en, detail) if part)


def _sent(made: bytes, suffix: str, name: str, download: bool, notes: tuple[str, ...] = ()) -> Response:
    """Shown by the browser, saved under a name people understand, asked for again only when it changed."""
    response = Response(made, content_type=TYPES[suffix])
    kept = attachment(f"{name}.{suffix}")
    response.headers["Content-Disposition"] = kept if download else kept.replace("attachment", "inline", 1)
    response.headers["Cache-Control"] = "private, no-cache"
    if notes:
        response.headers[NOTE] = "; ".join(notes).encode("ascii", "replace").decode()
    response.set_etag(digest(made)[:32])
    response.make_conditional(request)
    return response
