"""`kuaimen bench endurance`: one worker's renderer is fed good and broken files for a long time. Does it die, or grow?

A set of files is taken from a folder of yours, and filled up with large camera files and with variants nobody wants to
get: cut off, holed, turned, mislabelled. Brands and options change from file to file, as on a machine of many events.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from backend.errors import BadInput
from backend.recipe import Frame, Layer, Look, Recipe
from launch.bench import append_result, render, synthetic
from workers import imaging, runner
from workers import render as job

MANY: Final = 500
BROKEN: Final = ("cut", "hole", "noise", "empty", "turned", "mirrored")
STATUS: Final = Path("/proc/self/status")
RECIPES: Final = tuple(
    Recipe(
        look=Look(smooth=n % 2 / 2, sharpen=n % 3 / 10, cube_key="film" if n % 2 else ""),
        layers=(Layer(text=f"快门 {n}", bold=n % 2 == 0), Layer(art_key="logo", size=10 + n)),
        frame=Frame("frame", slices=(12, 8, 20, 8), band=6 + n) if n % 4 else None,
    )
    for n in range(7)
)


@dataclass(frozen=True, slots=True)
class Item:
    """A file, and what is done to its bytes."""

    path: Path
    how: str = ""

    def content(self, dice: random.Random) -> bytes:
        whole = self.path.read_bytes()
        if self.how in {"turned", "mirrored"} and whole[:2] == b"\xff\xd8":
            return render.with_orientation(whole, 6 if self.how == "turned" else 5)
        at = dice.randrange(1, len(whole) + 1) if whole else 0
        return {
            "cut": whole[:at],
            "hole": whole[:at] + bytes(min(2000, len(whole) - at)) + whole[at + 2000 :],
            "noise": dice.randbytes(30_000),
            "empty": b"",
        }.get(self.how, whole)


@dataclass(slots=True)
class Seen:
    """What happened so far; MB of memory that is resident."""

    files: int = 0
    renditions: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    damaged: int = 0
    resident: list[int] = field(default_factory=list)
    peaks: dict[str, int] = field(default_factory=dict)  # by what was read
    slowest_s: float = 0.0


def run(
    *,
    photos: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Good and broken files, any folder.")],
    minutes: Annotated[float, typer.Option(min=0.1, help="How long.")] = 30,
    files: Annotated[int, typer.Option(min=1, help="How many different ones.")] = MANY,
    large: Annotated[bool, typer.Option(help="Camera files of 12, 24 and 45 MP among them.")] = True,
    json_only: Annotated[bool, typer.Option("--json", help="Only the figures, as the last line.")] = False,
) -> dict[str, Any]:
    """Feed one process for `minutes`. Linux only: memory is read from /proc."""
    assert runner.HANDLERS, "a worker has all of them in memory"
    job.warm()
    dice, seen = random.Random(1), Seen()  # noqa: S311 - the same files every time
    seen.resident.append(_mb("VmRSS:"))
    with tempfile.TemporaryDirectory(prefix="endurance-") as folder:
        items = chosen(sorted(one for one in photos.rglob("*") if one.is_file()), _large(Path(folder), large), files)
        ends = time.monotonic() + 60 * minutes
        for number, item in enumerate(_round_and_round(items, dice)):
            if time.monotonic() > ends:
                break
            feed(seen, item, number, dice)
            if not json_only and number % 50 == 49:
                most = max(seen.peaks.values())
                print(f"{seen.files} files, {seen.renditions} renditions, {seen.resident[-1]} MB, {most} at most")
    figures = told(seen, minutes, len(items))
    append_result("endurance", figures)
    print(orjson.dumps(figures).decode())
    return figures


def chosen(found: Sequence[Path], large: Sequence[Path], count: int) -> list[Item]:
    """As they are, then the large ones, then variants of all, until there are enough."""
    items = [Item(path) for path in (*found, *large)]
    ways = [Item(path, how) for how in BROKEN for path in (*large, *found)]
    random.Random(2).shuffle(ways)  # noqa: S311 - the same files every time
    return (items + ways)[:count]


def _round_and_round(items: Sequence[Item], dice: random.Random) -> Iterator[Item]:
    while True:
        yield from dice.sample(items, len(items))


def feed(seen: Seen, item: Item, number: int, dice: random.Random) -> None:
    """One file, as a worker does it."""
    source = item.content(dice)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    started, about, damaged = time.monotonic(), "refused by its header", False
    kinds = ("view", "phone", "thumb", "full") if number % 3 else ("view", "phone", "thumb")
    try:
        opened = imaging.open_source(source)
        about = _about(opened)
        recipe = RECIPES[number % 7]
        made = imaging.render(opened, recipe, render.art(), kinds, aids=number % 2 == 0, salvage=number % 4 == 0)
        for one in made:
            seen.renditions += 1
            damaged = one.damaged
        seen.damaged += damaged
    except BadInput as exc:
        seen.refused[exc.code] += 1
    seen.files += 1
    seen.slowest_s = max(seen.slowest_s, time.monotonic() - started)
    seen.resident.append(_mb("VmRSS:"))
    seen.peaks[about] = max(seen.peaks.get(about, 0), _mb("VmHWM:"))


def _about(opened: imaging.Opened) -> str:
    """The class its peak is told under."""
    head = opened.header
    camera = head.format == "jpeg" and not head.coefficients and head.mode != "CMYK"
    size = head.width * head.height
    return f"{'camera jpeg' if camera else 'other'} up to {next(m for m in (12, 25, 50, 120) if size <= m * 1e6)} MP"


def told(seen: Seen, minutes: float, files: int) -> dict[str, Any]:
    """The figures: grown is the last tenth against the second, when everything was warm."""
    tenth = max(1, len(seen.resident) // 10)
    early, late = seen.resident[tenth : 2 * tenth] or seen.resident, seen.resident[-tenth:]
    return {
        "minutes": minutes,
        "different_files": files,
        "files": seen.files,
        "renditions": seen.renditions,
        "damaged": seen.damaged,
        "refused": dict(seen.refused),
        "slowest_s": round(seen.slowest_s, 2),
        "resident_mb": {"start": seen.resident[0], "early": max(early), "late": max(late), "end": seen.resident[-1]},
        "peak_mb": dict(sorted(seen.peaks.items())),
    }


def _large(folder: Path, wanted: bool) -> list[Path]:
    paths = []
    for megapixels in (12, 24, 45) if wanted else ():
        paths.append(folder / f"{megapixels}.jpg")
        paths[-1].write_bytes(synthetic.camera_file(megapixels))
    return paths


def _mb(name: str) -> int:
    return int(STATUS.read_text().split(name)[1].split()[0]) // 1024
