"""Brand material and recipes. A recipe never changes: a new frame is a new recipe, and photos follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import null, select, update
from sqlalchemy.exc import IntegrityError

from backend.db import Tx
from backend.errors import BadInput, NotFound
from backend.jobs import CheckArt, RefreshPhoto, RenderAlbum, RenderPhoto
from backend.models import Album, Art, ArtKind, BrandKit, Photo
from backend.models import Recipe as RecipeRow
from backend.recipe import Look, Recipe

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


def keep_art(tx: Tx, organization_id: str, *, key: str, name: str, kind: ArtKind, size: int) -> Art:
    """The row of an uploaded file; a worker looks into it. Idempotent by content."""
    query = select(Art).filter_by(organization_id=organization_id, key=key)
    found = tx.scalars(query).first()
    if found is None:
        found = Art(organization_id=organization_id, key=key, name=name[-120:], kind=kind, size=size)
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
        art = tx.scalars(select(Art).filter_by(organization_id=organization_id, key=key)).first()
        if art is None and key not in usual:
            raise BadInput(f"art_key: there is no art {key}")
        if art is not None and art.refusal is not None:
            raise BadInput(f"art_key: {art.name or key} cannot be used: {art.reason}")
