"""Brand material and recipes. A recipe never changes: a new frame is a new recipe, and photos follow."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from backend.db import Tx
from backend.errors import NotFound
from backend.jobs import RenderAlbum
from backend.models import Album, BrandKit
from backend.models import Recipe as RecipeRow
from backend.recipe import Recipe


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


def wanted(kit: BrandKit | None, *, watermark: bool, frame: bool) -> Recipe:
    """What an album with this brand kit and these switches wants. Raises BadInput for a kit that cannot be rendered."""
    if kit is None:
        return Recipe()
    content: dict[str, object] = {"look": kit.look}
    if watermark:
        content["layers"] = kit.layers.get("layers", [])
    if frame and kit.frame is not None:
        content["frame"] = kit.frame
    return Recipe.from_json(content)


def use(tx: Tx, album_id: str, recipe: Recipe) -> bool:
    """From now on the album is rendered with this recipe; everything older is stale. False: it was so already."""
    album = tx.get(Album, album_id)
    if album is None:
        raise NotFound("album")
    if album.recipe_id == recipe.id:
        return False
    album.recipe_id = save(tx, recipe)
    tx.ring(RenderAlbum(album_id))
    return True


def switch(tx: Tx, album_id: str, *, watermark: bool, frame: bool) -> bool:
    """Watermark and sponsor frame on or off; guests see pictures swap in place. False: nothing changed."""
    album = tx.get(Album, album_id)
    if album is None:
        raise NotFound("album")
    album.watermark_on, album.frame_on = watermark, frame
    kit = tx.get(BrandKit, album.brand_kit_id) if album.brand_kit_id else None
    return use(tx, album_id, wanted(kit, watermark=watermark, frame=frame))
