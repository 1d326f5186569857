"""A recipe (出图方案): everything that decides how renditions look, as one immutable value with an id of its content.

Lives below the database so that `workers.imaging` can know it without knowing any row. The id is the SHA-256 of the
canonical JSON with the pipeline's version in it: change one field, or the way pictures are made, and the id changes;
two organizers with the same wishes share one. Every value is checked when it is built, so a recipe that exists can be
rendered. Sizes and margins are % of a picture's short edge, so that one brand kit looks the same on every shape.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from enum import StrEnum
from functools import cache, cached_property
from typing import Annotated, Any, ClassVar, Final, Self, get_type_hints

from typing_extensions import override

from backend.errors import BadInput

PIPELINE: Final = 5  # raise it when the same recipe gives other pixels: an album follows when its recipe is saved again
MAX_LAYERS: Final = 6
KINDS: Final = ("view", "thumb", "full")  # where a layer may stand; a phone's copy is the view made smaller
PHONE_PX: Final = 1280  # long edge of a phone's copy
PHONE_QUALITIES: Final = (76, 50)  # wanted, least
PHONE_BYTES: Final = 200_000  # never more, with everything in the file
_COLOUR: Final = re.compile(r"#[0-9A-Fa-f]{6}")
_KEY: Final = re.compile(r"[A-Za-z0-9._/-]{1,200}")


class Preset(StrEnum):
    """What the automatic look is tuned for. `none` leaves the camera's colours alone."""

    NONE = "none"
    AUTO = "auto"
    PORTRAIT = "portrait"
    STAGE = "stage"
    CONFERENCE = "conference"
    OUTDOOR = "outdoor"
    FOOD = "food"
    MONO = "mono"


class Place(StrEnum):
    """The nine-grid, as on a map."""

    NW, N, NE = "nw", "n", "ne"
    W, C, E = "w", "c", "e"
    SW, S, SE = "sw", "s", "se"


Rule = Callable[[Any], Any]  # gives the value to keep, raises ValueError with the reason


def _number(low: float, high: float) -> Rule:
    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"must be a number between {low:g} and {high:g}")
        if not low <= value <= high:
            raise ValueError(f"must be between {low:g} and {high:g}")
        return float(value)

    return check


def _whole(low: int, high: int) -> Rule:
    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number between {low} and {high}")
        return value

    return check


def _optional(rule: Rule) -> Rule:
    return lambda value: None if value is None else rule(value)


def _choice(kind: type[StrEnum]) -> Rule:
    def check(value: object) -> StrEnum:
        if value not in [str(member) for member in kind]:
            raise ValueError(f"must be one of {', '.join(kind)}")
        return kind(value)

    return check


def _text(longest: int, shape: re.Pattern[str] | None = None) -> Rule:
    def check(value: object) -> str:
        if not isinstance(value, str) or len(value) > longest:
            raise ValueError(f"must be text of at most {longest} characters")
        if value and shape is not None and shape.fullmatch(value) is None:
            raise ValueError(f"must look like {shape.pattern}")
        return value

    return check


def _yes_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - a rule has one way to refuse
    return value


def _kinds(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value or not set(value) <= set(KINDS):
        raise ValueError(f"must be a list of {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in value)


def _numbers(count: int, low: float, high: float) -> Rule:
    def check(value: object) -> tuple[float, ...]:
        if not isinstance(value, list | tuple) or len(value) != count:
            raise ValueError(f"must be {count} numbers")
        return tuple(_number(low, high)(one) for one in value)

    return check


def _crop(value: object) -> tuple[float, ...]:
    """Left, top, width, height, as parts of the whole; never less than a tenth of it."""
    left, top, width, height = _numbers(4, 0, 1)(value)
    if min(width, height) < 0.1 or left + width > 1.0001 or top + height > 1.0001:
        raise ValueError("must be left, top, width, height inside the picture, at least 0.1 wide and high")
    return left, top, width, height


def _part(kind: type[Part]) -> Rule:
    def check(value: object) -> Part:
        return value if isinstance(value, kind) else kind.from_json(value)

    return check


def _parts(kind: type[Part], most: int) -> Rule:
    def check(value: object) -> tuple[Part, ...]:
        if not isinstance(value, list | tuple) or len(value) > most:
            raise ValueError(f"must be a list of at most {most}")
        read: list[Part] = []
        for number, one in enumerate(value):
            try:
                read.append(one if isinstance(one, kind) else kind.from_json(one))
            except BadInput as wrong:
                raise ValueError(f"[{number}].{wrong.detail}") from None
        return tuple(read)

    return check


@dataclass(frozen=True, slots=True)
class Part:
    """A value that checks its own fields and goes to and from JSON."""

    def __post_init__(self) -> None:
        for name, rule in _rules(type(self)).items():  # type: ignore[arg-type]  # mypy looks at the hash of instances
            try:
                object.__setattr__(self, name, rule(getattr(self, name)))
            except BadInput as wrong:
                raise BadInput(f"{name}.{wrong.detail}") from None
            except ValueError as wrong:
                gap = "" if str(wrong).startswith("[") else ": "
                raise BadInput(f"{name}{gap}{wrong}") from None

    @classmethod
    def from_json(cls, content: object) -> Self:
        """Read what `to_json` gave, or what an organizer wrote. Raises BadInput naming the wrong field."""
        if not isinstance(content, Mapping):
            raise BadInput("must be an object")
        known = {one.name: one for one in fields(cls)}
        for name in content:
            if name not in known:
                raise BadInput(f"{name}: there is no such field; known: {', '.join(known)}")
        for name, one in known.items():
            if one.default is MISSING and name not in content:
                raise BadInput(f"{name}: is missing")
        return cls(**content)

    def to_json(self) -> dict[str, Any]:
        """Plain values, every field named."""
        return {one.name: _plain(getattr(self, one.name)) for one in fields(self)}


@cache
def _rules(kind: type[Part]) -> dict[str, Rule]:
    """Every field's rule, read from its annotation."""
    hints = get_type_hints(kind, include_extras=True)
    return {one.name: hints[one.name].__metadata__[0] for one in fields(kind)}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, Part):
        return value.to_json()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, StrEnum) else value


@dataclass(frozen=True, slots=True)
class Look(Part):
    """风格: the automatic look, and a retoucher's own strokes on top of it. Strength 0 leaves every pixel as it is."""

    preset: Annotated[Preset, _choice(Preset)] = Preset.AUTO
    strength: Annotated[float, _number(0, 1)] = 1.0
    cube_key: Annotated[str, _text(200, _KEY)] = ""  # art: a `.cube` file
    cube_strength: Annotated[float, _number(0, 1)] = 1.0
    smooth: Annotated[float, _number(0, 1)] = 0.0  # skin
    sharpen: Annotated[float, _number(0, 1)] = 0.0  # of the full size; views are always sharpened a little
    ev: Annotated[float, _number(-3, 3)] = 0.0  # from here on by hand: stops
    warmth: Annotated[float, _number(-1, 1)] = 0.0
    tint: Annotated[float, _number(-1, 1)] = 0.0  # towards magenta
    contrast: Annotated[float, _number(-1, 1)] = 0.0
    vibrance: Annotated[float, _number(-1, 1)] = 0.0
    turn: Annotated[float, _number(-15, 15)] = 0.0  # degrees clockwise, cropped to a full picture
    crop: Annotated[tuple[float, float, float, float] | None, _optional(_crop)] = None  # of the upright, turned picture

    @property
    def enlarged(self) -> float:
        """How many times larger a picture must be before it is cropped, so that what is left is large enough.

        At most three times: then a view of less than a ninth of a picture is smaller, and memory stays within limits.
        """
        return 1.0 if self.crop is None else min(3.0, 1 / min(self.crop[2:]))


TIERS: Final[dict[str, dict[str, float | str]]] = {
    "off": {"preset": "none"},
    "light": {"strength": 0.6},
    "standard": {"strength": 1.0},
    "fine": {"strength": 1.0, "smooth": 0.35, "sharpen": 0.15},
}  # how much retouching; a preset says in which direction


@dataclass(frozen=True, slots=True)
class Layer(Part):
    """水印: one mark, text or art. Text: `size` is the height of the letters; art: its longer side. `shadow` is under
    text always; art, and dark text, have a rim of that strength where they would be lost.
    """

    text: Annotated[str, _text(120)] = ""
    art_key: Annotated[str, _text(200, _KEY)] = ""  # PNG, JPEG, WebP or SVG
    place: Annotated[Place, _choice(Place)] = Place.SE
    margin: Annotated[float, _number(0, 45)] = 3.0
    size: Annotated[float, _number(0.5, 100)] = 4.0
    opacity: Annotated[float, _number(0, 1)] = 0.9
    colour: Annotated[str, _text(7, _COLOUR)] = "#FFFFFF"
    shadow: Annotated[float, _number(0, 1)] = 0.5
    serif: Annotated[bool, _yes_no] = False
    bold: Annotated[bool, _yes_no] = False
    kinds: Annotated[tuple[str, ...], _kinds] = KINDS

    @override
    def __post_init__(self) -> None:
        Part.__post_init__(self)
        if bool(self.text.strip()) == bool(self.art_key):
            raise BadInput("text: a layer has either text or art_key")


@dataclass(frozen=True, slots=True)
class Art(Part):
    """Art of a frame drawn for one shape; `aspect` is width / height."""

    art_key: Annotated[str, _text(200, _KEY)]
    aspect: Annotated[float, _number(0.1, 10)]


@dataclass(frozen=True, slots=True)
class Frame(Part):
    """赞助商边框. With `slices` a nine-patch: corners keep their shape, edges stretch, so one upload fits all.

    `slices` are top, right, bottom, left in % of the art's height and width; `band` is how thick the thickest of them
    becomes, in % of the picture's short edge. Without slices the art covers the picture; `shapes` gives other art for
    other aspect ratios, and the nearest one is taken.
    """

    art_key: Annotated[str, _text(200, _KEY)]
    slices: Annotated[tuple[float, float, float, float] | None, _optional(_numbers(4, 0, 50))] = None
    band: Annotated[float, _number(0.5, 50)] = 12.0
    shapes: Annotated[tuple[Art, ...], _parts(Art, 8)] = ()
    opacity: Annotated[float, _number(0, 1)] = 1.0

    @override
    def __post_init__(self) -> None:
        Part.__post_init__(self)
        if not self.art_key:
            raise BadInput("art_key: a frame needs art")
        if self.slices is not None and self.shapes:
            raise BadInput("shapes: a nine-patch fits every shape; give slices or shapes, not both")
        if self.slices is not None and not any(self.slices):
            raise BadInput("slices: at least one edge must be wider than 0")

    def art_keys(self) -> Iterable[str]:
        return (self.art_key, *(one.art_key for one in self.shapes))


@dataclass(frozen=True, slots=True)
class Turn(Part):
    """A sponsor's share of voice: `frame` on `share` of the photos, of those shot between `from_at` and `until_at`."""

    frame: Annotated[Frame | None, _optional(_part(Frame))]
    share: Annotated[float, _number(0.001, 1000)]  # relative to the other turns of the same moment
    from_at: Annotated[int | None, _optional(_whole(0, 1 << 53))] = None  # ms UTC
    until_at: Annotated[int | None, _optional(_whole(0, 1 << 53))] = None

    @property
    def key(self) -> str:
        """Whose turn it is, as traces name sponsors: the frame's art; empty for a turn without a frame."""
        return self.frame.art_key if self.frame else ""

    def at(self, shot_at: int | None) -> bool:
        """A photo that does not know its time takes part in turns without a window only."""
        if shot_at is None:
            return self.from_at is None and self.until_at is None
        return (self.from_at or 0) <= shot_at and (self.until_at is None or shot_at < self.until_at)


@dataclass(frozen=True)
class Recipe(Part):
    """出图方案. Equal content, equal id."""

    look: Annotated[Look, _part(Look)] = Look()
    layers: Annotated[tuple[Layer, ...], _parts(Layer, MAX_LAYERS)] = ()
    frame: Annotated[Frame | None, _optional(_part(Frame))] = None
    turns: Annotated[tuple[Turn, ...], _parts(Turn, 32)] = ()  # a photo that falls into one has its frame
    avoid_faces: Annotated[bool, _yes_no] = True  # marks go elsewhere, a nine-patch frame gets thinner
    thumb_px: Annotated[int, _whole(64, 1024)] = 480  # long edge
    thumb_quality: Annotated[int, _whole(40, 95)] = 80
    view_px: Annotated[int, _whole(480, 4096)] = 2048
    view_quality: Annotated[int, _whole(40, 95)] = 85
    full_px: Annotated[int, _whole(0, 20_000)] = 0  # 0: as large as the source
    full_quality: Annotated[int, _whole(40, 97)] = 90

    pipeline: ClassVar[int] = PIPELINE

    @cached_property
    def id(self) -> str:
        """SHA-256 of the content, hex."""
        content = {"pipeline": self.pipeline, **self.to_json()}
        if self.look.crop is None:
            del content["look"]["crop"]  # recipes from before there was one keep their names
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def art_keys(self) -> frozenset[str]:
        """Keys of every blob that may be needed to render with this recipe."""
        keys = {self.look.cube_key, *(layer.art_key for layer in self.layers)}
        for frame in (self.frame, *(turn.frame for turn in self.turns)):
            keys.update(frame.art_keys() if frame else ())
        return frozenset(keys - {""})

    @property
    def frame_key(self) -> str:
        """Whose frame it is, as traces name sponsors."""
        return self.frame.art_key if self.frame else ""

    def at(self, shot_at: int | None) -> list[Turn]:
        """Turns a photo of this moment may fall into."""
        return [turn for turn in self.turns if turn.at(shot_at)]

    def for_photo(self, photo_id: str, shot_at: int | None, voice: str | None = None) -> Recipe:
        """The recipe with the sponsor whose turn this photo is: the one it was given (`voice`), else one by lot, which
        is always the same for the same photo.
        """
        turns = self.at(shot_at)
        if not turns:
            return replace(self, turns=()) if self.turns else self
        given = [turn for turn in turns if turn.key == voice]
        return replace(self, frame=(given[0] if given else _drawn(turns, photo_id)).frame, turns=())


def _drawn(turns: list[Turn], photo_id: str) -> Turn:
    lot = int.from_bytes(hashlib.sha256(photo_id.encode()).digest()[:8]) / 2**64 * sum(turn.share for turn in turns)
    for turn in turns:
        lot -= turn.share
        if lot < 0:
            return turn
    return turns[-1]  # rounding
