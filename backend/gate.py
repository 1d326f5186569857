"""The gate of every album: whether whoever is asking may read it, and the addresses of pictures they are given.

Public albums: the store's signed URLs. Private ones: our own, signed for one guest and one access epoch and checked
against the album's rule with every request, so that the bytes need the same right as the page.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode

from flask import Response, current_app, request

from backend import access, accounts, clock, events, security
from backend.access import Pass, Rule, Rules, Said
from backend.context import Stage
from backend.db import Tx
from backend.errors import AppError, BadInput, Refused, Unauthorized
from backend.http import MEMBER_COOKIE, calling_guest, stage
from backend.models import Access, Album

HOUR: Final = 3600
FREE, FREE_HERE = 5, 40  # wrong guesses before it gets slow: of one guest, of one address (a venue's Wi-Fi is one)
Signed = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Right:
    """Somebody may read this album. `guest` is empty for a visitor of a public album without a session."""

    album: Album
    guest: str = ""
    invitation: str = ""
    member: bool = False  # `guest` is a member's id

    @property
    def public(self) -> bool:
        return self.album.access is Access.PUBLIC

    def still(self, rules: Rules) -> bool:
        """Whether nothing has changed since; for answers that take long."""
        rule = rules.of(self.album.id)
        same = rule is not None and (rule.access, rule.epoch) == (self.album.access, self.album.access_epoch)
        return same and (not self.invitation or (rule is not None and self.invitation in rule.invitations))


def rules() -> Rules:
    found: Rules = current_app.extensions["rules"]
    return found


def enter(tx: Tx, album_id: str) -> Right:
    """Raises NotFound for an album that is not for guests to know, Refused `locked` where something opens it."""
    return right(tx, events.open_album(tx, album_id))


def quick(album_id: str) -> Right | None:
    """The right to a public album from what was known a second ago, without the database; None: ask `enter`."""
    rule = rules().of(album_id)
    if rule is None or rule.access is not Access.PUBLIC:
        return None
    return Right(_public_album(album_id, rule.epoch), calling_guest() or "")


@lru_cache(maxsize=1024)
def _public_album(album_id: str, epoch: int) -> Album:
    """A value of no session, one for all: thousands of waiting guests hold it."""
    return Album(id=album_id, access=Access.PUBLIC, access_epoch=epoch)


def right(tx: Tx, album: Album) -> Right:
    """Raises as `enter`."""
    if album.access is Access.PUBLIC:
        return Right(album, calling_guest() or "")
    member_id = _member(tx, album)
    if member_id:
        return Right(album, member_id, member=True)
    if album.access is Access.MEMBERS:
        raise events.hidden_from_guests()
    given = _shown(album.id)
    rule = access.rule_of(tx, album.id)
    if given is None or rule is None:
        raise Refused(f"album {album.id}", code="locked")
    access.demand(rule, given)
    return Right(album, given.guest, given.invitation)


def known(tx: Tx, album: Album) -> bool:
    """Whether whoever is asking may know that the album exists."""
    return album.access is not Access.MEMBERS or bool(_member(tx, album))


def may_read(tx: Tx, album: Album) -> bool:
    try:
        right(tx, album)
    except AppError:
        return False
    return True


def knock(album_id: str, guest_id: str, said: Said) -> tuple[Album, str, str]:
    """The album that opens, the invitation's id and its name. Wrong guesses get slower and slower.

    Raises TooMany, NotFound, BadInput; Refused `wrong_code`, `bad_password`, `not_invited`.
    """
    at = stage()
    guesses = ((f"{album_id}:{guest_id}", FREE), (f"{album_id}:{request.remote_addr}", FREE_HERE))
    for name, free in guesses:
        security.slow_down(at.redis, name, free=free, wrong=False)
    with at.db.reading() as tx:
        album = events.open_album(tx, album_id)
    if album.access is Access.MEMBERS:
        raise events.hidden_from_guests()
    if album.access is Access.PUBLIC:
        return album, "", ""
    if said.phone_hash and album.access is not Access.LIST:
        raise BadInput("phone_code opens lists only")
    try:
        if album.access is not Access.LIST:
            access.compare(album, said)
            return album, "", ""
        with at.db.writing() as tx:
            found = access.invited(tx, album, said)
            return album, found.id, found.name
    except Refused:
        for name, free in guesses:
            security.slow_down(at.redis, name, free=free, wrong=True)
        raise


def let_in(response: Response, album: Album, guest: str, invitation: str) -> str:
    """The pass as a token; browsers get it as a cookie too, because pages and pictures cannot send headers."""
    ttl = stage().settings.session_ttl
    token = access.issue(stage().signer, Pass(album.id, guest, album.access_epoch, invitation), ttl)
    secure = stage().settings.base_url.startswith("https")
    response.set_cookie(_cookie(album.id), token, max_age=ttl, httponly=True, samesite="Lax", secure=secure)
    return token


def signed(at: Stage, mine: Right, *, name: str | None = None) -> Signed:
    """Signs rendition keys for this guest. Only renditions come here; originals have no guest URL."""
    ttl, epoch = at.settings.photo_url_ttl, mine.album.access_epoch
    if mine.public:
        return lambda key: at.store.url(key, ttl=ttl, download_name=name, epoch=epoch)
    until = str((clock.now_ms() // 1000 // HOUR + 1) * HOUR + ttl)
    base = f"{at.settings.base_url}/mp/v1/pictures/"
    said = {"g": mine.guest, "v": str(epoch), "e": until}
    said |= {"i": mine.invitation} if mine.invitation else {}
    said |= {"n": name} if name else {}
    secret = _secret(at)
    return lambda key: f"{base}{quote(key)}?{urlencode({**said, 's': _sign(secret, key, said)}, quote_via=quote)}"


def opened(at: Stage, key: str, asked: Mapping[str, str]) -> tuple[Pass, Rule]:
    """Who looks at this private picture. Raises Refused: `refused`, `store_expired`, or `locked` after a change."""
    said = {name: asked[name] for name in ("g", "v", "e", "i", "n") if name in asked}
    if not hmac.compare_digest(_sign(_secret(at), key, said).encode(), asked.get("s", "").encode("utf-8", "replace")):
        raise Refused("wrong signature")
    if int(said["e"]) <= clock.now_ms() // 1000:
        raise Refused("the URL is over", code="store_expired")
    given = Pass(key.split("/")[1], said["g"], int(said["v"]), said.get("i", ""))
    rule = rules().of(given.album_id)
    if rule is None or rule.access is Access.PUBLIC or rule.epoch != given.epoch:
        raise Refused("the rule has changed", code="locked")
    if given.invitation and given.invitation not in rule.invitations:
        raise Refused("off the list", code="locked")
    return given, rule


def demand_public(key: str, epoch: str) -> None:
    """A URL made for a public album ends with its rule. Raises Refused `locked`."""
    rule = rules().of(key.split("/")[1])
    if rule is None or rule.access is not Access.PUBLIC or str(rule.epoch) != epoch:
        raise Refused("the album is public no longer", code="locked")


def _member(tx: Tx, album: Album) -> str:
    """The id of a signed-in member of the album's organization, or an empty word."""
    token = request.cookies.get(MEMBER_COOKIE)
    if not token:
        return ""
    try:
        claims = stage().signer.read("member", token)
        who = accounts.member(tx, claims.subject, claims.epoch)
    except Unauthorized:
        return ""
    return who.member_id if accounts.may(who, "see_event", album.organization_id) else ""


def _shown(album_id: str) -> Pass | None:
    """The pass for this album among what the request carries; None when there is none, or it is over."""
    said = (
        request.headers.get("X-Album-Token"),
        request.args.get("album_token"),
        request.cookies.get(_cookie(album_id)),
    )
    for token in filter(None, said):
        try:
            given = access.read(stage().signer, token)
        except Unauthorized:
            continue
        if given.album_id == album_id:
            return given
    return None


def _cookie(album_id: str) -> str:
    return f"kuaimen_album_{album_id}"


def _secret(at: Stage) -> bytes:
    return hashlib.sha256(b"pictures:" + at.settings.secret_key.get_secret_value().encode()).digest()


def _sign(secret: bytes, key: str, said: Mapping[str, str]) -> str:
    message = "\n".join((quote(key, safe="/"), *(f"{name}={quote(said[name], safe='')}" for name in sorted(said))))
    return hmac.new(secret, message.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]
