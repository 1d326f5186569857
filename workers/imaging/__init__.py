"""Images in, images out: pure functions, no database, no network.

    opened = imaging.open_source(source)                     # header only: refuses what would cost too much
    for made in imaging.render(opened, recipe, art):         # view first, so that it can be published at once
        store(made.kind, made.jpeg)

A render is a tuple of named steps over one `Sheet`. One decode at most; the look is decided on a small proxy; all
colour operations are one table; all but the full size is made from the shrunken picture, before that is touched.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import cv2

from backend.aids import Aids
from backend.errors import BadInput
from backend.recipe import PHONE_BYTES, PHONE_PX, PHONE_QUALITIES, Recipe
from workers.imaging import brand, colour, cube, cull, exif, look, mask, output, pixels, shape, skin
from workers.imaging import faces as detected
from workers.imaging import header as headers
from workers.imaging.brand import Box
from workers.imaging.faces import Face
from workers.imaging.header import Header, Limits
from workers.imaging.look import Values
from workers.imaging.mask import Masks
from workers.imaging.patches import kept
from workers.imaging.pixels import Rgbx, fresh
from workers.imaging.shelf import Loan, make_room, relieve, shelf

CHINA_MINUTES: Final = 8 * 60
VIEW_SHARPEN: Final = 0.5
AIR: Final = 0.12  # around a face, as a part of its size
LEAN_PX: Final = 28_000_000  # larger ones must do with less memory
HALVED_PX: Final = 70_000_000  # turned, larger ones fit the worker's memory at half their size only


@dataclass(frozen=True, slots=True)
class Facts:
    """What the source tells before it is decoded. `zone_told`: the camera wrote its time zone; else one is assumed."""

    format: str
    width: int  # upright
    height: int
    shot_at: int | None  # ms UTC
    zone_told: bool
    camera: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A source that may be rendered. `masks`: whose faces are covered in all that is made of it."""

    source: bytes
    header: Header
    facts: Facts
    masks: Masks = mask.NONE


@dataclass(frozen=True, slots=True)
class Made:
    """A rendition. `look` is what was applied, for people to read; `damaged`: parts of the source are unreadable."""

    kind: str
    jpeg: bytes
    width: int
    height: int
    placeholder: str  # ThumbHash, base64
    dominant: str  # #rrggbb
    look: dict[str, float]
    damaged: bool
    aids: Aids | None = None  # if they were asked for


@dataclass(slots=True)
class Sheet:
    """One picture on its way through the steps."""

    rgbx: Rgbx
    opened: Opened
    recipe: Recipe
    art: Mapping[str, bytes]
    managed: bool  # sRGB already
    kind: str = "view"
    faces: Sequence[Face] = ()  # where marks may not stand
    masks: Masks = mask.NONE
    aids: Aids | None = None
    values: Values = field(default_factory=Values)
    table: colour.Table | None = None
    shared: bool = False  # the full size is made from the same pixels
    lies: int = 1  # orientation the pixels still have to be turned out of


Step = Callable[[Sheet], None]


def open_source(source: bytes, limits: Limits | None = None, *, zone_minutes: int = CHINA_MINUTES) -> Opened:
    """Read the header, decode nothing. `zone_minutes` east of Greenwich is assumed for cameras that tell no zone.

    Raises BadInput: too_many_pixels, too_many_scans, no_room, not_a_picture, truncated, unsupported.
    """
    header = headers.read(source, limits or Limits())
    shot_at, told = exif.shot_at(header.exif, assumed_minutes=zone_minutes)
    make, model = header.exif.text(exif.MAKE), header.exif.text(exif.MODEL)
    camera = model if model.startswith(make) else f"{make} {model}".strip()
    return Opened(source, header, Facts(header.carrier or header.format, *header.upright, shot_at, told, camera))


def render(
    opened: Opened,
    recipe: Recipe,
    art: Mapping[str, bytes],
    kinds: Sequence[str] = ("view", "thumb"),
    *,
    aids: bool = False,
    salvage: bool = False,
) -> Iterator[Made]:
    """Make renditions, one by one in the order view, phone, thumb, full. `art` holds the blobs of `recipe.art_keys()`.
    A phone's copy is the view, brand and all, made smaller: whoever wants it asks for both.

    `aids` are measured before the look; `salvage` renders what is there of a cut-off source.
    Raises, at the first step of the iteration, BadInput: truncated, unsupported, no_room; bad_input for unusable art.
    """
    cv2.setNumThreads(1)  # one process per core; threads inside a photo gain nothing
    wanted = [kind for kind in MAKE if kind in kinds]
    assert "phone" not in wanted or "view" in wanted, "a phone's copy is made of the view"
    edge = _before_crop(recipe, max(recipe.full_px, recipe.view_px)) if recipe.full_px or "full" not in wanted else 0
    thrift = _thrift(opened.header, edge, straightened=bool(recipe.look.turn))
    loan = Loan()
    try:
        room = fresh if thrift.large else loan.take
        decoded = pixels.decode(
            opened.source, opened.header, long_edge=thrift.edge, salvage=salvage, room=room, lean=thrift.large
        )
        if decoded.damaged and opened.masks:  # a part of the picture may be missing: places are elsewhere in it
            opened = replace(opened, masks=replace(opened.masks, everybody=True))
        small = Sheet(decoded.rgbx, opened, recipe, art, decoded.managed)
        run(_small_steps(own_copy="full" in wanted, aids=aids), small)
        tiny = pixels.rgb(shape.shrink(small.rgbx, output.TINY_PX))
        told = (output.thumbhash(tiny), output.dominant(tiny), small.values.shown(), decoded.damaged, small.aids)
        sheet = small
        for kind in wanted:
            sheet = replace(sheet if kind == "phone" else small, kind=kind)  # before a phone's copy comes the view
            if kind == "full":
                sheet.rgbx = decoded.rgbx
                decoded.rgbx = small.rgbx  # once straightened, the other one can go
            run(MAKE[kind], sheet)
            encoded = _encoded(sheet)
            height, width = sheet.rgbx.shape[:2] if sheet.lies <= 4 else sheet.rgbx.shape[1::-1]
            yield Made(kind, encoded, width, height, *told)
    finally:
        loan.end()
        relieve()


@dataclass(frozen=True, slots=True)
class Thrift:
    """How a large picture stays within a worker's memory: decoded down to `edge` px, and without padding."""

    edge: int  # 0: full size
    large: bool = False


def _thrift(header: Header, edge: int, *, straightened: bool) -> Thrift:
    """Decide, and let go of what was kept for other pictures, if it would be too much on top."""
    size = header.width * header.height
    if edge and header.format == "jpeg" and header.mode != "CMYK":  # other decoders cannot shrink
        kept().grow(make_room(header.coefficients, (brand.forget, kept().forget)))
        return Thrift(edge)
    large, turned = size > LEAN_PX, header.orientation > 1 or straightened
    halved = turned and size > HALVED_PX
    planes = 3 * size // 2 if turned and not halved else 0
    needed = max(headers.room(header), (3 if large else 4) * size + planes)
    if large:
        encoded = size // 2
        kept().grow(make_room(needed + encoded, (shelf().forget, brand.forget, kept().forget)))
    else:
        kept().grow(make_room(needed - shelf().nbytes, (brand.forget, kept().forget)))
    return Thrift(edge or halved * max(header.width, header.height) // 2, large=large)


def _small_steps(*, own_copy: bool, aids: bool) -> tuple[Step, ...]:
    first = (shrink, own) if own_copy else (shrink,)
    return (*first, look_over, *SMALL[1:]) if aids else (*first, *SMALL[1:])


def run(steps: Sequence[Step], sheet: Sheet) -> None:
    """One step after the other. Raises BadInput (no_room) when memory ends."""
    try:
        for step in steps:
            step(sheet)
    except (MemoryError, cv2.error) as exc:
        raise BadInput(f"{sheet.kind}: {exc}", code="no_room") from exc


def _encoded(sheet: Sheet) -> bytes:
    """The JPEG; a phone's copy that would be too large in bytes has fewer pixels afterwards."""
    recipe, tags = sheet.recipe, exif.kept(sheet.opened.header.exif)
    if sheet.kind == "phone":
        made, sheet.rgbx = output.jpeg_within(PHONE_BYTES, sheet.rgbx, *PHONE_QUALITIES, tags)
        return made
    quality = {"view": recipe.view_quality, "thumb": recipe.thumb_quality, "full": recipe.full_quality}[sheet.kind]
    if sheet.kind == "thumb":
        return output.jpeg(sheet.rgbx, quality, tagged=False)
    return output.jpeg(sheet.rgbx, quality, tags, lies=sheet.lies)


# --- steps --------------------------------------------------------------------------------------------------------


def shrink(sheet: Sheet) -> None:
    """To the size of a view; the very same pixels when the source is no larger."""
    before = sheet.rgbx
    sheet.rgbx = shape.shrink(before, _before_crop(sheet.recipe, sheet.recipe.view_px))
    sheet.shared = sheet.rgbx is before


def _before_crop(recipe: Recipe, edge: int) -> int:
    """The long edge of a whole picture whose crop will have the long edge `edge`, or a little more."""
    return math.ceil(edge * recipe.look.enlarged)


def own(sheet: Sheet) -> None:
    """A copy if shrinking made none, because the full size is made from the same pixels later."""
    if sheet.shared:
        sheet.rgbx = sheet.rgbx.copy()


def look_over(sheet: Sheet) -> None:
    """Sum up what helps with choosing, before the look hides or adds anything."""
    small = pixels.rgb(shape.shrink(sheet.rgbx, cull.LOOK_PX))
    sheet.aids = cull.looked(shape.upright(small, sheet.opened.header.orientation))


def measure(sheet: Sheet) -> None:
    """Decide the look on a proxy, and fuse profile, look and cube into one table."""
    profile = None if sheet.managed else colour.profile(sheet.opened.header)
    proxy = pixels.rgb(shape.shrink(sheet.rgbx, look.PROXY_PX))
    colour.apply(colour.fused([profile] if profile else []), proxy)
    wish = sheet.recipe.look
    sheet.values = look.decide(proxy, wish)
    tones = [profile] if profile else []
    if not sheet.values.idle:
        tones.append(lambda colours: look.tone(sheet.values, colours))
    if wish.cube_key and wish.cube_strength * wish.strength:
        if wish.cube_key not in sheet.art:
            raise BadInput(f"art {wish.cube_key} was not given")
        tones.append(cube.cube_tone(cube.parse_cube(sheet.art[wish.cube_key]), wish.cube_strength * wish.strength))
    sheet.table = colour.fused(tones)


def tone(sheet: Sheet) -> None:
    """All colours, in place."""
    colour.apply(sheet.table, sheet.rgbx)


def smooth(sheet: Sheet) -> None:
    """Softer skin, if the recipe asks."""
    if sheet.recipe.look.smooth:
        skin.smoothed(sheet.rgbx, sheet.recipe.look.smooth)


def upright(sheet: Sheet) -> None:
    """As people held the camera; who does not want to be seen is covered; straightened and cropped if asked."""
    sheet.rgbx = shape.upright(sheet.rgbx, sheet.opened.header.orientation)
    if sheet.opened.masks:
        mask.cover(sheet.rgbx, sheet.opened.masks)
    if sheet.recipe.look.turn:
        sheet.rgbx = shape.turned(sheet.rgbx, sheet.recipe.look.turn)
    if sheet.recipe.look.crop:
        sheet.rgbx = shape.cropped(sheet.rgbx, sheet.recipe.look.crop)


def fit_view(sheet: Sheet) -> None:
    """What a crop left may still be larger than a view."""
    sheet.rgbx = shape.shrink(sheet.rgbx, sheet.recipe.view_px)


def upright_late(sheet: Sheet) -> None:
    """The full size is turned when it is encoded, unless something has to be done to it upright."""
    if sheet.recipe.look.turn or sheet.recipe.look.crop or sheet.opened.masks:
        upright(sheet)
    else:
        sheet.lies = sheet.opened.header.orientation


def crisp(sheet: Sheet) -> None:
    """Shrinking softens: give views and thumbs their edges back."""
    sheet.rgbx = shape.crisp(sheet.rgbx, VIEW_SHARPEN)


def crisp_full(sheet: Sheet) -> None:
    """Cameras sharpen already; only when the recipe asks."""
    if sheet.recipe.look.sharpen:
        shape.crisp_in_place(sheet.rgbx, sheet.recipe.look.sharpen)


def find_faces(sheet: Sheet) -> None:
    """Where marks may not stand; only if there are any."""
    recipe = sheet.recipe
    if recipe.avoid_faces and (recipe.layers or (recipe.frame and recipe.frame.slices)):
        sheet.faces = detected.find(pixels.rgb(shape.shrink(sheet.rgbx, detected.PROXY_PX)))


def fit_thumb(sheet: Sheet) -> None:
    sheet.rgbx = shape.shrink(sheet.rgbx, sheet.recipe.thumb_px)


def fit_phone(sheet: Sheet) -> None:
    """The view with its brand, small enough for a bad network; crisp again only if that softened it."""
    before = sheet.rgbx
    sheet.rgbx = shape.shrink(before, PHONE_PX)
    if sheet.rgbx is not before:
        crisp(sheet)


def fit_full(sheet: Sheet) -> None:
    """The size of the source, or the recipe's own limit."""
    if sheet.recipe.full_px:
        sheet.rgbx = shape.shrink(sheet.rgbx, _before_crop(sheet.recipe, sheet.recipe.full_px))


def copy_view(sheet: Sheet) -> None:
    """The thumb is made from the same pixels without a brand on them."""
    sheet.rgbx = sheet.rgbx.copy()


def lay_brand(sheet: Sheet) -> None:
    """Sponsor frame, then watermark."""
    height, width = sheet.rgbx.shape[:2] if sheet.lies <= 4 else sheet.rgbx.shape[1::-1]
    boxes = [_whole_head(face, width, height) for face in sheet.faces]
    brand.lay(sheet.rgbx, sheet.recipe, sheet.art, sheet.kind, boxes, sheet.lies)


def _whole_head(face: Face, width: int, height: int) -> Box:
    """In px, with some air around: detectors draw their boxes tight, from brow to chin."""
    x, y = round((face.x - AIR * face.width) * width), round((face.y - AIR * face.height) * height)
    return Box(x, y, round((1 + 2 * AIR) * face.width * width), round((1 + 2 * AIR) * face.height * height))


SMALL: Final[tuple[Step, ...]] = (shrink, measure, tone, smooth, upright, fit_view, find_faces, crisp)
MAKE: Final[dict[str, tuple[Step, ...]]] = {
    "view": (copy_view, lay_brand),
    "phone": (fit_phone,),  # of a finished view
    "thumb": (fit_thumb, crisp, lay_brand),
    "full": (fit_full, tone, smooth, crisp_full, upright_late, lay_brand),
}
