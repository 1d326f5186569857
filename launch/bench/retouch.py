"""How good the automatic look is: plant known faults in good photos, correct them, measure how far they still are.

The measure is mean CIEDE2000 to the good photo. Beside ours run the usual one-liners with the same pictures. What must
not happen counts as much: a good photo should come back as it was (`noop`), and a dark stage should stay dark.
"""

from __future__ import annotations

import functools
import hashlib
import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import cv2
import numpy as np
import orjson
import typer
from PIL import Image, ImageDraw, ImageOps

from backend.errors import BadInput
from backend.recipe import Look
from launch.bench import append_result, synthetic
from workers import imaging
from workers.imaging import colour, look, pixels, shape
from workers.imaging.colour import to_linear, to_srgb
from workers.imaging.difference import ciede2000, lab
from workers.imaging.pixels import Rgb

PHOTO_PX: Final = 288
EVERY: Final = 3  # every third pixel is compared
SYNTHETIC: Final = 24
SUFFIXES: Final = {".jpg", ".jpeg", ".png", ".heic", ".webp", ".tif", ".tiff"}
Method = Callable[[Rgb], Rgb]


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong at the camera: stops, and gains of red, green, blue; `right`: the gains at the right edge of the
    frame, when two kinds of light meet in it.
    """

    ev: float = 0.0
    gains: tuple[float, float, float] = (1, 1, 1)
    right: tuple[float, float, float] | None = None

    def plant(self, photo: Rgb) -> Rgb:
        linear = to_linear(np.asarray(photo / np.float32(255), np.float32))
        left = np.array(self.gains, np.float32)
        across = np.linspace(0, 1, photo.shape[1], dtype=np.float32)[None, :, None]
        gains = left if self.right is None else left * (1 - across) + np.array(self.right, np.float32) * across
        wrong = np.clip(linear * gains * np.float32(2**self.ev), 0, 1)
        return np.rint(to_srgb(wrong) * 255).astype(np.uint8)


TUNGSTEN, COOL, GREEN = (1.25, 1.0, 0.72), (0.82, 1.0, 1.25), (0.90, 1.08, 0.90)
FAULTS: Final[dict[str, Fault]] = {
    "ev_-1.5": Fault(-1.5),
    "ev_-1.0": Fault(-1.0),
    "ev_-0.5": Fault(-0.5),
    "ev_+0.5": Fault(0.5),
    "ev_+1.0": Fault(1.0),
    "ev_+1.5": Fault(1.5),
    "tungsten": Fault(0, TUNGSTEN),
    "shade": Fault(0, COOL),
    "fluorescent": Fault(0, GREEN),
    "mixed_light": Fault(0, TUNGSTEN, COOL),
    "tungsten_-1.0": Fault(-1.0, TUNGSTEN),
}
CASTS: Final = ("tungsten", "shade", "fluorescent")
OVER: Final = ("ev_+0.5", "ev_+1.0", "ev_+1.5")


# --- methods ------------------------------------------------------------------------------------------------------


def ours(photo: Rgb, wish: Look | None = None) -> Rgb:
    """What a render does: decide on the proxy, apply by the one table."""
    values = look.decide(shape.shrink(photo, look.PROXY_PX), wish or Look())
    made = photo.copy()
    colour.apply(colour.fused([] if values.idle else [functools.partial(look.tone, values)]), made)
    return made


def grey_world(photo: Rgb) -> Rgb:
    """Buchsbaum 1980: the mean of every scene is grey."""
    mean = photo.mean((0, 1))
    return np.asarray(np.clip(photo * (mean.mean() / np.maximum(mean, 1)), 0, 255), np.uint8)


def stretch(photo: Rgb) -> Rgb:
    """Every channel from its 1st to its 99th percentile."""
    low, high = np.percentile(photo, [1, 99], (0, 1))
    return np.asarray(np.clip((photo - low) * 255 / np.maximum(high - low, 1), 0, 255), np.uint8)


def autocontrast(photo: Rgb) -> Rgb:
    return np.asarray(ImageOps.autocontrast(Image.fromarray(photo), cutoff=0.5))


def autocontrast_tone(photo: Rgb) -> Rgb:
    return np.asarray(ImageOps.autocontrast(Image.fromarray(photo), cutoff=0.5, preserve_tone=True))


def clahe(photo: Rgb) -> Rgb:
    """Zuiderveld 1994, on lightness."""
    wide = cv2.cvtColor(photo, cv2.COLOR_RGB2LAB)
    wide[..., 0] = cv2.createCLAHE(2.0, (8, 8)).apply(wide[..., 0])
    return np.asarray(cv2.cvtColor(wide, cv2.COLOR_LAB2RGB), np.uint8)


METHODS: Final[dict[str, Method]] = {
    "none": lambda photo: photo,
    "ours": ours,
    "grey_world": grey_world,
    "stretch": stretch,
    "autocontrast": autocontrast,
    "autocontrast_tone": autocontrast_tone,
    "clahe": clahe,
}


# --- photos -------------------------------------------------------------------------------------------------------


def half(path: Path) -> str:
    """Which half of a set a photo belongs to, for ever: `tune` or `held`. Photos of one person stay together.

    The look was tuned on `tune` halves only; figures for `held` are of photos the tuning never saw.
    """
    group = path.parent.name if path.parent.parent.name == "persons" else path.name
    return "tune" if hashlib.sha256(group.encode()).digest()[0] % 2 == 0 else "held"


def photos_in(folders: Iterable[Path], wanted: str) -> Iterator[tuple[str, Rgb]]:
    """Name and pixels of every colour photo that can be read."""
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
        if wanted not in {"all", half(path)}:
            continue
        try:
            photo = small(path.read_bytes())
        except BadInput as refused:
            print(f"  left out {path.name}: {refused.code}")
            continue
        if np.ptp(photo.astype(np.int16), axis=2).mean() < 3:
            print(f"  left out {path.name}: it has no colours")
            continue
        yield path.name, photo


def small(source: bytes) -> Rgb:
    """An upright sRGB picture of about `PHOTO_PX`, with nothing done to its look."""
    opened = imaging.open_source(source)
    decoded = pixels.decode(opened.source, opened.header, long_edge=PHOTO_PX)
    photo = pixels.rgb(shape.shrink(decoded.rgbx, PHOTO_PX))
    profile = None if decoded.managed else colour.profile(opened.header)
    colour.apply(colour.fused([profile] if profile else []), photo)
    return shape.upright(photo, opened.header.orientation)


def made_up() -> Iterator[tuple[str, Rgb]]:
    for seed in range(SYNTHETIC):
        yield f"synthetic {seed}", synthetic.scene(PHOTO_PX, PHOTO_PX * 2 // 3, seed=1000 + seed, things=90)


# --- figures ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Score:
    """Mean difference to the good photo, before and after; `open_*`: where the fault left detail."""

    before: float
    after: float
    open_before: float
    open_after: float


def score(good: Rgb, faulty: Rgb, method: Method) -> Score:
    thin = np.s_[::EVERY, ::EVERY]
    target = lab(good[thin])
    before, after = ciede2000(lab(faulty[thin]), target), ciede2000(lab(method(faulty)[thin]), target)
    left = faulty[thin].max(-1) < 250
    if not left.any():
        return Score(float(before.mean()), float(after.mean()), 0.0, 0.0)
    return Score(*(float(one.mean()) for one in (before, after, before[left], after[left])))


def measure(photos: Iterable[tuple[str, Rgb]], methods: Iterable[str] = METHODS) -> dict[str, Any]:
    """All figures for a set of good photos."""
    goods = list(photos)
    noop = {name: [score(photo, photo, METHODS[name]).after for _, photo in goods] for name in methods}
    scores = {
        name: {
            fault: [score(good, plan.plant(good), METHODS[name]) for _, good in goods] for fault, plan in FAULTS.items()
        }
        for name in methods
    }
    ours_by_fault = scores["ours"]
    return {
        "photos": len(goods),
        "noop": {"mean": _mean(noop["ours"]), "p90": round(float(np.percentile(noop["ours"], 90)), 2)},
        "faults": {name: _mean(one.after for many in scores[name].values() for one in many) for name in scores},
        "recovered": {
            "wb": _recovered([one for fault in CASTS for one in ours_by_fault[fault]], where_detail=False),
            "over": _recovered([one for fault in OVER for one in ours_by_fault[fault]], where_detail=True),
            "over_everywhere": _recovered([one for fault in OVER for one in ours_by_fault[fault]], where_detail=False),
        },
        "dark_shift": dark_shift(photo for _, photo in goods),
        "by_fault": {fault: _mean(one.after for one in ours_by_fault[fault]) for fault in FAULTS},
        "planted": {fault: _mean(one.before for one in ours_by_fault[fault]) for fault in FAULTS},
        "noop_others": {name: _mean(noop[name]) for name in noop if name != "ours"},
    }


def dark_shift(photos: Iterable[Rgb]) -> dict[str, float]:
    """How far the median L* of dark photos (stage, night) moves: they are meant to be dark."""
    moved = [0.0]
    dark = 0
    for photo in photos:
        before = float(np.median(lab(photo)[..., 0]))
        if before < 15:
            dark += 1
            moved.append(abs(float(np.median(lab(ours(photo))[..., 0])) - before))
    return {"photos": dark, "worst": round(max(moved), 2)}


def _mean(values: Iterable[float]) -> float:
    return round(statistics.fmean(values), 2)


def _recovered(scores: Iterable[Score], *, where_detail: bool) -> float:
    """Share of the planted difference that is gone."""
    many = list(scores)
    before = sum(one.open_before if where_detail else one.before for one in many)
    after = sum(one.open_after if where_detail else one.after for one in many)
    return round(1 - after / before, 3) if before else 0.0


# --- the command --------------------------------------------------------------------------------------------------


def run(
    *,
    photos: Annotated[list[Path] | None, typer.Option(help="Folders of good photos; else made-up pictures.")] = None,
    part: Annotated[str, typer.Option("--half", help="all, tune or held (never seen by the tuning).")] = "all",
    sheet: Annotated[Path | None, typer.Option(help="Write a contact sheet (PNG) of before and after.")] = None,
    json_only: Annotated[bool, typer.Option("--json", help="Only the figures, as the last line.")] = False,
) -> dict[str, Any]:
    """Plant faults in good photos and see how much of each the automatic look takes back."""
    goods = list(photos_in(photos, part)) if photos else list(made_up())
    if not goods:
        raise typer.BadParameter(f"no photos in {', '.join(map(str, photos or []))}")
    figures = {"set": "photos" if photos else "synthetic", "half": part, **measure(goods)}
    if sheet is not None:
        contact_sheet(goods).save(sheet)
    if not json_only:
        _tell(figures)
    append_result("retouch", figures)
    print(orjson.dumps(figures).decode())
    return figures


def _tell(figures: dict[str, Any]) -> None:
    noop = figures["noop"]
    print(f"{figures['photos']} photos. A good one comes back {noop['mean']} off (p90 {noop['p90']}).")
    for name, mean in sorted(figures["faults"].items(), key=lambda one: one[1]):
        print(f"  {name:18} mean over all faults {mean:6.2f}")
    for fault, mean in figures["by_fault"].items():
        print(f"  {fault:18} {figures['planted'][fault]:6.2f} -> {mean:6.2f}")


def contact_sheet(
    photos: Iterable[tuple[str, Rgb]], shown: tuple[str, ...] = ("ev_-1.0", "ev_+1.0", "tungsten")
) -> Image.Image:
    """One row per photo: as it is and corrected, then with each fault and corrected."""
    rows = list(photos)
    wide, high = 190, 150
    page = Image.new("RGB", (wide * 2 * (1 + len(shown)), high * len(rows)), "#202020")
    pen = ImageDraw.Draw(page)
    for row, (name, photo) in enumerate(rows):
        for column, fault in enumerate([Fault(), *(FAULTS[one] for one in shown)]):
            faulty = fault.plant(photo)
            for side, picture in enumerate((faulty, ours(faulty))):
                tile = Image.fromarray(picture)
                tile.thumbnail((wide - 6, high - 18))
                page.paste(tile, ((2 * column + side) * wide + 3, row * high + 15))
        pen.text((4, row * high + 2), name, fill="white")
    return page
