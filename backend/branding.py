"""Brand material and recipes. A recipe never changes: a new frame is a new recipe, and photos follow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import func, null, or_, select, update
from sqlalchemy.exc import IntegrityError

from backend.clock import now_ms
from backend.db import Tx
from backend.errors import BadInput, Conflict, NotFound
from backend.jobs import CheckArt, RefreshPhoto, RenderAlbum, RenderPhoto
from backend.models import Album, Art, ArtKind, BrandKit, Event, Photo, Placement
from backend.models import Recipe as RecipeRow
from backend.recipe import Look, Recipe

MAX_ARTS = 400  # files of an organization
MAX_ART_BYTES = 800_000_000  # of all of them
FILE: Final = re.compile(r"\.(png|jpe?g|webp|svg)$", re.IGNORECASE)
HOST: Final = re.compile(r"([a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{1,62}", re.IGNORECASE)  # a name, never an address
SHOWN = (".png", ".jpg", ".jpeg", ".webp")  # a browser may show these from the store; SVG is only ever a file to save


def save(tx: Tx, recipe: Recipe) -> str:
    """Keep the recipe; returns its id. Idempotent: equal content, one row."""
    if tx.get(RecipeRow, recipe.id) is None:
        try:
            with tx.begin_nested():
                tx.add(RecipeRow(id=recipe.id, content=recipe.to_json()))
        except IntegrityError:
            pass  # somebody else saved the same content
    return recipe.id


def load(tx: Tx, recipe_id: str) -> Recipe:
    return Recipe.from_json(tx.get_one(RecipeRow, recipe_id).content)


def wanted(
    kit: BrandKit | None, *, watermark: bool = True, frame: bool = True, look: dict[str, Any] | None = None
) -> Recipe:
    """What an album with this brand kit, these switches and perhaps a look of its own wants.

    Raises BadInput for a kit that cannot be rendered.
    """
    content: dict[str, object] = {}
    if kit is not None:
        content["look"] = kit.look
        content["layers"] = kit.layers.get("layers", []) if watermark else []
        content["frame"] = kit.frame if frame else None
        content["turns"] = (kit.turns or {}).get("turns", []) if frame else []
    if look is not None:
        content["look"] = look
    return Recipe.from_json(content)


def of_album(tx: Tx, album: Album) -> Recipe:
    """What the album wants, from its switches, its look and its brand kit. Raises BadInput."""
    kit = tx.get(BrandKit, album.brand_kit_id) if album.brand_kit_id else None
    return wanted(kit, watermark=album.watermark_on, frame=album.frame_on, look=album.look)


def logos(tx: Tx, album: Album) -> list[str]:
    """Keys of the pictures in the album's brand kit: its organizer's and sponsors' logos, for the big screen."""
    kit = tx.get(BrandKit, album.brand_kit_id) if album.brand_kit_id else None
    keys = [layer.art_key for layer in wanted(kit).layers if layer.art_key.endswith(SHOWN)]
    return list(dict.fromkeys(keys))


def sponsor_on(tx: Tx, photo: Photo) -> Art | None:
    """The sponsor whose frame guests see on this photo, if a tap on it leads anywhere."""
    if photo.made_recipe_id is None:
        return None
    key = load(tx, photo.made_recipe_id).for_photo(photo.id, photo.shot_at, photo.voice).frame_key
    mine = select(Art).filter_by(organization_id=photo.organization_id, key=key, removed_at=None)
    return tx.scalars(mine.where(Art.link != "")).first() if key else None


def spoken(art: Art) -> str:
    """What guests read of a sponsor whose file nobody gave another name."""
    return FILE.sub("", art.name)


def demand_link(said: str) -> None:
    """Guests may be led there: https, a host with a name, nobody's password in it. Raises BadInput `bad_link`."""
    try:
        parts = urlsplit(said)
        named = parts.scheme == "https" and HOST.fullmatch(parts.hostname or "") is not None
        well = named and parts.username is None and (parts.port or 443) > 0
    except ValueError:
        well = False
    if said and (not well or re.search(r"[\s\"'<>\\\x00-\x1f]", said)):
        raise BadInput(f"link: {said[:80]!r}", code="bad_link")


def use(tx: Tx, album_id: str, recipe: Recipe) -> bool:
    """From now on the album is rendered with this recipe; everything older is stale. False: it was so already."""
    album = tx.get(Album, album_id)
    if album is None:
        raise NotFound("album")
    if album.recipe_id == recipe.id:
        return False
    album.recipe_id = save(tx, recipe)
    _follow(tx, album_id, recipe)
    tx.ring(RenderAlbum(album_id))
    return True


def switch(tx: Tx, album_id: str, *, watermark: bool, frame: bool, kit: BrandKit | None = None) -> bool:
    """Watermark and sponsor frame on or off, perhaps of another brand kit; guests see pictures swap in place.

    False: nothing changed. Raises NotFound, BadInput.
    """
    album = tx.get(Album, album_id)
    if album is None:
        raise NotFound("album")
    album.watermark_on, album.frame_on = watermark, frame
    if kit is not None:
        album.brand_kit_id = kit.id
    return use(tx, album_id, of_album(tx, album))


def kit_changed(tx: Tx, kit_id: str) -> list[str]:
    """Albums that show this kit follow it; returns those that become stale. Raises BadInput."""
    tx.flush()
    albums = tx.scalars(select(Album).filter_by(brand_kit_id=kit_id)).all()
    return [album.id for album in albums if use(tx, album.id, of_album(tx, album))]


def look_album(tx: Tx, album: Album, look: dict[str, Any] | None) -> bool:
    """A look for every photo of the album that has none of its own; None: the brand kit's. False: nothing changed."""
    album.look = null() if look is None else look  # SQL's, not JSON's
    tx.flush()
    tx.refresh(album)
    return use(tx, album.id, of_album(tx, album))


def with_look(tx: Tx, photo: Photo, look: dict[str, Any] | None) -> Recipe:
    """What this photo is made with when it has this look; None: what its album wants. Raises BadInput."""
    wanted = load(tx, photo.album.recipe_id)
    return wanted if look is None else replace(wanted, look=Look.from_json(look))


def look_photos(tx: Tx, chosen: Sequence[Photo], look: dict[str, Any] | None, *, watched: bool = False) -> int:
    """A look for these photos; None: the album's again. Returns how many become stale. Raises BadInput.

    `watched`: somebody waits to see it.
    """
    changed = 0
    for photo in chosen:
        recipe = None if look is None else save(tx, with_look(tx, photo, look))
        changed += photo.recipe_id != recipe
        own = {"own_look": null() if look is None else look, "recipe_id": recipe, "render_due_at": 0}
        tx.execute(update(Photo).where(Photo.id == photo.id).values(**own))
        tx.ring(RenderPhoto(photo.id) if watched else RefreshPhoto(photo.id))
    return changed


def _follow(tx: Tx, album_id: str, recipe: Recipe) -> None:
    """Photos with a look of their own take part in everything else of the album's new recipe."""
    own = select(Photo.id, Photo.own_look).where(Photo.album_id == album_id, Photo.recipe_id.is_not(None))
    for photo_id, look in tx.execute(own).all():
        theirs = save(tx, replace(recipe, look=Look.from_json(look or {})))
        tx.execute(update(Photo).where(Photo.id == photo_id).values(recipe_id=theirs))


# --- material -----------------------------------------------------------------------------------------------------


def demand_art_room(tx: Tx, organization_id: str, size: int) -> None:
    """Raises BadInput `art_full`: nobody fills the store with logos."""
    mine = select(func.count(), func.coalesce(func.sum(Art.size), 0))
    files, held = tx.execute(mine.where(Art.organization_id == organization_id, Art.removed_at.is_(None))).one()
    if files >= MAX_ARTS or held + size > MAX_ART_BYTES:
        raise BadInput(f"{files} files, {held} bytes; at most {MAX_ARTS} and {MAX_ART_BYTES}", code="art_full")


def keep_art(tx: Tx, organization_id: str, *, key: str, name: str, kind: ArtKind, size: int) -> Art:
    """The row of an uploaded file; a worker looks into it. Idempotent by content, and brings back what was removed.

    Raises BadInput `art_full`.
    """
    query = select(Art).filter_by(organization_id=organization_id, key=key)
    found = tx.scalars(query).first()
    if found is None or found.removed_at is not None:
        demand_art_room(tx, organization_id, size)
        found = found or Art(organization_id=organization_id, key=key, name=name[-120:], kind=kind)
        found.size, found.removed_at = size, None
        tx.add(found)
        tx.flush()
    if found.checked_at is None:
        tx.ring(CheckArt(found.id))
    return found


def demand_own_art(tx: Tx, organization_id: str, keys: Iterable[str], usual: frozenset[str] = frozenset()) -> None:
    """Recipes name blobs, and a blob of somebody else must never get on a picture.

    `usual` are keys that were in use already. Raises BadInput naming the key.
    """
    for key in keys:
        art = tx.scalars(select(Art).filter_by(organization_id=organization_id, key=key, removed_at=None)).first()
        if art is None and key not in usual:
            raise BadInput(f"art_key: there is no art {key}")
        if art is not None and art.refusal is not None:
            raise BadInput(f"art_key: {art.name or key} cannot be used: {art.reason}")


def used_by(tx: Tx, organization_id: str) -> dict[str, list[str]]:
    """Names of the brand kits, albums and events that need an art, by its key."""
    found: dict[str, list[str]] = {}
    wishes = [
        (kit.name, wanted(kit)) for kit in tx.scalars(select(BrandKit).filter_by(organization_id=organization_id))
    ]
    of_albums = select(Album.title, Album.recipe_id).where(Album.organization_id == organization_id)
    own = select(Photo.album_id, Photo.recipe_id).where(Photo.organization_id == organization_id)
    of_photos = own.where(Photo.recipe_id.is_not(None)).distinct().subquery()
    with_looks = select(Album.title, of_photos.c.recipe_id).join(of_photos, of_photos.c.album_id == Album.id)
    rows = [*tx.execute(of_albums).all(), *tx.execute(with_looks).all()]
    kept = select(RecipeRow).where(RecipeRow.id.in_({recipe_id for _, recipe_id in rows}))
    recipes = {row.id: Recipe.from_json(row.content) for row in tx.scalars(kept)}
    needs = [*wishes, *((title, recipes[recipe_id]) for title, recipe_id in rows)]
    placed = select(Event.title, Art.key).join(Placement, Placement.event_id == Event.id)
    shown = placed.join(Art, or_(Art.id == Placement.art_id, Art.id == Placement.sponsor_id))
    mine = shown.where(Placement.organization_id == organization_id, Placement.removed_at.is_(None))
    named = [*((key, name) for name, recipe in needs for key in recipe.art_keys())]
    for key, name in (*named, *((key, title) for title, key in tx.execute(mine.order_by(Event.created_at)))):
        found[key] = [*found.get(key, ()), *([] if name in found.get(key, ()) else [name])]
    return found


def remove_art(tx: Tx, art: Art) -> None:
    """Out of every list; can be taken back for a day. Repeatable. Raises Conflict `art_used`."""
    if art.key in used_by(tx, art.organization_id):
        raise Conflict(f"art {art.id}", code="art_used")
    art.removed_at = art.removed_at or now_ms()


def restore_art(tx: Tx, art: Art) -> None:
    """Repeatable. Raises NotFound once its bytes are gone, BadInput `art_full`."""
    if art.size == 0:
        raise NotFound("art")
    if art.removed_at is not None:
        demand_art_room(tx, art.organization_id, art.size)
        art.removed_at = None


def forget_art(tx: Tx, art_id: str, before: int) -> str | None:
    """The key of bytes to be deleted. None: it was taken back, or somebody began to use it just when it was removed."""
    gone = update(Art).where(Art.id == art_id, Art.removed_at < before, Art.size > 0)
    art = tx.get_one(Art, art_id)
    if art.key in used_by(tx, art.organization_id):
        art.removed_at = None
        return None
    return art.key if tx.execute(gone.values(size=0, checked_at=None).returning(Art.id)).first() else None
