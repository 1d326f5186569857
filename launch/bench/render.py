"""What a rendition costs, beside the bare work nobody can save and beside other programs at the same photo.

Everything runs interleaved in one process, round by round, so that a busy machine slows all of them; ratios are taken
from the smallest CPU time of each, medians are given too. The limit is one libjpeg-turbo decode and the four encodes.
"""

from __future__ import annotations

import functools
import io
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import orjson
import simplejpeg
import typer
from PIL import Image, ImageDraw

from backend.recipe import PHONE_QUALITIES, Frame, Layer, Look, Place, Recipe
from launch.bench import append_result, naive, peers, synthetic
from workers import imaging
from workers.imaging import native

QUALITY: Final = {"full": 90, "view": 85, "phone": PHONE_QUALITIES[0], "thumb": 80}
QUICK: Final = ("view", "phone", "thumb")
NAIVE_ROUNDS: Final = 2  # it takes seconds
PEAK: Final = "import sys; from launch.bench import render; print(render.peak_mb(open(sys.argv[1], 'rb').read()))"
RECIPE: Final = Recipe(
    look=Look(cube_key="film"),
    layers=(Layer(text="快门 Kuaimen 2026", bold=True), Layer(art_key="logo", place=Place.NW, size=14)),
    frame=Frame("frame", slices=(12, 8, 20, 8), band=9),
)


@dataclass(slots=True)
class Times:
    """CPU seconds of every round."""

    rounds: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        return min(self.rounds, default=math.nan)

    @property
    def middle(self) -> float:
        return statistics.median(self.rounds) if self.rounds else math.nan

    def add(self, work: Callable[[], object]) -> None:
        started = time.process_time()
        work()
        self.rounds.append(time.process_time() - started)


def run(
    *,
    rounds: Annotated[int, typer.Option(min=1, help="How often everything is measured.")] = 5,
    sizes: Annotated[str, typer.Option(help="Megapixels, of 12, 24, 45.")] = "12,24,45",
    photo: Annotated[Path | None, typer.Option(help="A JPEG of your own instead of made-up ones.")] = None,
    thumbor: Annotated[Path, typer.Option(help="The python of an environment that has thumbor.")] = peers.THUMBOR,
    json_only: Annotated[bool, typer.Option("--json", help="Only the figures, as the last line.")] = False,
) -> dict[str, Any]:
    """Photos per second and core, next to the limit, naive Pillow, and the peers that are installed."""
    sources = (
        {0: photo.read_bytes()} if photo else {int(one): synthetic.camera_file(int(one)) for one in sizes.split(",")}
    )
    figures: dict[str, Any] = {"sizes": []}
    for megapixels, source in sources.items():
        row = measure(source, rounds, thumbor)
        figures["sizes"].append({**row, "mp": megapixels or row["mp"]})
        if not json_only:
            _tell(figures["sizes"][-1])
    append_result("render", figures)
    print(orjson.dumps(figures).decode())
    return figures


def measure(source: bytes, rounds: int, thumbor: Path | None = None) -> dict[str, Any]:
    """All figures for one photo."""
    opened = imaging.open_source(source)
    turned = imaging.open_source(with_orientation(source, 6))
    made = {one.kind: one.jpeg for one in _all(opened)}
    times = {name: Times() for name in ("full", "turned", "quick", "phoneless", "limit", "naive")}
    first: list[float] = []
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        Path(file.name).write_bytes(source)
        others = {name: (peer, Times()) for name, peer in peers.installed(Path(file.name), thumbor).items()}
        for number in range(rounds):
            for work, name in (
                (opened, "full"),
                (turned, "turned"),
            ):  # the limit twice, as warm as what it is held against
                _limit(source, made, times["limit"])
                times[name].add(functools.partial(_all, work))
            times["quick"].add(lambda: list(imaging.render(opened, RECIPE, art(), QUICK)))
            times["phoneless"].add(lambda: list(imaging.render(opened, RECIPE, art(), ("view", "thumb"))))
            first.append(_until_first(source))
            if number < NAIVE_ROUNDS:
                times["naive"].add(lambda: naive.render(source, art()["frame"], art()["logo"]))
                for peer, spent in others.values():
                    spent.rounds.append(peer())
        peak = _peak_of_a_fresh_process(Path(file.name))
    return _row(opened, times, first, peak, {name: spent.best for name, (_, spent) in others.items()})


def _all(opened: imaging.Opened) -> list[imaging.Made]:
    return list(imaging.render(opened, RECIPE, art(), (*QUICK, "full")))


def _row(
    opened: imaging.Opened, times: dict[str, Times], first: Sequence[float], peak: float, others: dict[str, float]
) -> dict[str, Any]:
    best = {name: one.best for name, one in times.items()}
    middle = {name: one.middle for name, one in times.items()}
    return {
        "mp": round(opened.header.width * opened.header.height / 1e6),
        "cpu_s": round(best["full"], 4),
        "limit_cpu_s": round(best["limit"], 4),
        "naive_cpu_s": round(best["naive"], 4),
        "to_limit": round(best["full"] / best["limit"], 2),
        "turned_to_limit": round(best["turned"] / best["limit"], 2),
        "vs_naive": round(best["naive"] / best["full"], 2),
        "preview_cpu_s": round(best["quick"], 4),
        "preview_to_limit": round(best["quick"] / best["limit"], 2),
        "preview_to_phoneless": round(best["quick"] / best["phoneless"], 2),  # what the phone's copy adds
        "preview_ms": round(min(first), 1),
        "preview_ms_median": round(statistics.median(first), 1),
        "photos_per_s_core": round(1 / best["full"], 2),
        "previews_per_s_core": round(1 / best["quick"], 2),
        "rss_mb": round(peak),
        "median": {
            "cpu_s": round(middle["full"], 4),
            "limit_cpu_s": round(middle["limit"], 4),
            "to_limit": round(middle["full"] / middle["limit"], 2),
        },
        "native": native.found() is not None,
        "peers": {name: None if math.isnan(spent) else round(spent, 3) for name, spent in others.items()},
    }


def _limit(source: bytes, made: Mapping[str, bytes], times: Times) -> None:
    """The limit, warm. Its pixels are gone afterwards: a worker has no second full size beside what it renders."""
    pixels = {kind: _pixels(jpeg) for kind, jpeg in made.items()}
    bare(source, pixels)
    times.add(functools.partial(bare, source, pixels))


def bare(source: bytes, made: dict[str, np.ndarray[Any, np.dtype[np.uint8]]]) -> None:
    """The limit: decode, and encode what a render encodes."""
    simplejpeg.decode_jpeg(source)
    for kind, pixels in made.items():
        simplejpeg.encode_jpeg(pixels, quality=QUALITY[kind], colorsubsampling="420")


def _until_first(source: bytes) -> float:
    """Wall milliseconds from the bytes to the first picture a guest could see."""
    started = time.perf_counter()
    next(imaging.render(imaging.open_source(source), RECIPE, art()))
    return (time.perf_counter() - started) * 1000


def peak_mb(source: bytes) -> float:
    """Peak memory of this process after one render of everything, turned, the costliest way."""
    opened = imaging.open_source(with_orientation(source, 6))
    for one in imaging.render(opened, RECIPE, art(), (*QUICK, "full")):
        del one
    words = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()
    return int(words[0]) / 1024


def _peak_of_a_fresh_process(photo: Path) -> float:
    done = subprocess.run([sys.executable, "-c", PEAK, str(photo)], capture_output=True, check=True)  # noqa: S603 - ourselves
    return float(done.stdout)


def with_orientation(source: bytes, orientation: int) -> bytes:
    """The same JPEG with another EXIF orientation. Works on the bytes; nothing is decoded."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    block = exif.tobytes()
    return source[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + source[2:]


def _pixels(jpeg: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.ascontiguousarray(np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")))


@functools.cache
def art() -> dict[str, bytes]:
    """A sponsor frame, a logo and a gentle film look."""
    frame = Image.new("RGBA", (1800, 1200))
    pen = ImageDraw.Draw(frame)
    pen.rectangle((0, 0, 1799, 1199), outline=(196, 30, 58, 255), width=96)
    pen.rectangle((0, 960, 1799, 1199), fill=(196, 30, 58, 230))
    logo = Image.new("RGBA", (600, 200))
    ImageDraw.Draw(logo).rounded_rectangle((0, 0, 599, 199), 60, fill=(255, 255, 255, 220))
    steps = np.linspace(0, 1, 33)
    rows = "\n".join(f"{r:.4f} {g**1.02:.4f} {0.98 * b + 0.01:.4f}" for b in steps for g in steps for r in steps)
    return {"frame": _png(frame), "logo": _png(logo), "film": f"LUT_3D_SIZE 33\n{rows}\n".encode()}


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _tell(row: dict[str, Any]) -> None:
    print(
        f"{row['mp']} MP: {row['cpu_s']:.3f} s CPU = {row['to_limit']}x the limit ({row['turned_to_limit']}x turned), "
        f"{row['vs_naive']}x faster than naive; view, phone and thumb {row['preview_to_limit']}x; first after "
        f"{row['preview_ms']:.0f} ms; {row['rss_mb']} MB"
    )
    for name, spent in row["peers"].items():
        print(f"    {name}: {spent} s CPU")
