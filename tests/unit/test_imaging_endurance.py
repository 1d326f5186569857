"""A worker that is fed good and broken files for a long time neither dies nor grows."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from launch.bench import render, synthetic
from tests import imaging_pictures as pictures

WORKER = """
import sys, pathlib
from backend.errors import BadInput
from backend.recipe import Frame, Layer, Look, Recipe
from workers import imaging

def mb(name):
    return int(pathlib.Path("/proc/self/status").read_text().split(name)[1].split()[0]) // 1024

folder, rounds = pathlib.Path(sys.argv[1]), int(sys.argv[2])
art = {"frame": (folder / "frame.art").read_bytes()}
recipes = [
    Recipe(Look(smooth=n % 2 / 2), (Layer(text=f"快门 {n}"),), Frame("frame", slices=(15, 10, 15, 10)))
    for n in range(7)
]
files = sorted(folder.glob("*.bin"))
rendered = refused = 0
for number in range(rounds):
    for path in files:
        kinds = ("view", "thumb", "full") if (number + rendered) % 3 else ("view", "thumb")
        try:
            opened = imaging.open_source(path.read_bytes())
            rendered += len(list(imaging.render(opened, recipes[number % 7], art, kinds)))
        except BadInput:
            refused += 1
    print(number, rendered, refused, mb("VmRSS:"), mb("VmHWM:"), flush=True)
"""

LARGE = """
import sys, pathlib
from backend.errors import BadInput
from launch.bench import render
from workers import imaging, render as job

def peak():
    return int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024

job.warm()
for kinds in (("view", "thumb"), ("view", "thumb", "full")):
    for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
        size = 0
        try:
            opened = imaging.open_source(path.read_bytes())
            for one in imaging.render(opened, render.RECIPE, render.art(), kinds, aids=True):
                size = one.width * one.height
        except BadInput as refused:
            size = refused.code
        opened = one = None
        print(path.stem, size, peak(), flush=True)
"""


def files() -> dict[str, bytes]:
    large = synthetic.scene(3600, 2400, seed=4)
    mixed = {
        "large": pictures.jpeg(large),
        "turned": pictures.jpeg(large, exif=pictures.exif(6)),
        "progressive": pictures.jpeg(large[:1200], progressive=True),
        "small": pictures.jpeg(large[:300, :500]),
        "png": pictures.saved(pictures.Image.fromarray(large[:900, :1400]), "PNG"),
        "cmyk": pictures.saved(pictures.Image.fromarray(large[:700, :900]).convert("CMYK"), "JPEG"),
        "profile": pictures.jpeg(large[:800, :900], icc_profile=pictures.profile("p3")),
        "raw": pictures.raw_file(pictures.jpeg(large[:900, :1200])),
        "empty": b"",
        "noise": np.random.default_rng(1).bytes(40_000),
        "cut": pictures.jpeg(large)[:200_000],
        "pixel bomb": pictures.png_claiming(60_000, 60_000),
        "huge": pictures.jpeg_claiming(60_000, 50_000),
        "scan bomb": pictures.scan_bomb(),
        "html": b"<html></html>",
    }
    damaged = bytearray(mixed["large"])
    damaged[len(damaged) // 2 : len(damaged) // 2 + 500] = bytes(500)
    return {**mixed, "damaged": bytes(damaged)}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_many_mixed_files_leave_the_worker_as_it_was(tmp_path: Path):
    for name, content in files().items():
        (tmp_path / f"{name}.bin").write_bytes(content)
    (tmp_path / "frame.art").write_bytes(pictures.png_frame())
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WORKER, str(tmp_path), "14"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rounds = [[int(one) for one in line.split()] for line in done.stdout.splitlines()]
    assert len(rounds) == 14
    _, rendered, refused, _, peak = rounds[-1]
    assert refused == 14 * 7
    assert rendered >= 14 * 9 * 2
    assert peak < 500
    settled = [resident for _, _, _, resident, _ in rounds[8:]]  # every recipe was seen once by then
    assert max(settled) - min(settled) < 40, settled


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_large_pictures_of_every_kind_fit_one_long_lived_worker(tmp_path: Path):
    """45 MP in 500 MB as cameras write them; as nobody's camera does, a little more, or refused before the decoder."""
    source = synthetic.camera_file(45)
    image = Image.open(io.BytesIO(source))
    image.load()
    huge = pictures.saved(image.resize((12_000, 9_000)), "JPEG", quality=85)
    printed = image.convert("CMYK")
    large = {
        "a upright": source,
        "b turned": render.with_orientation(source, 6),
        "c mirrored": render.with_orientation(source, 5),
        "d progressive": pictures.saved(image, "JPEG", quality=92, progressive=True, subsampling="4:2:2"),
        "e printed": pictures.saved(printed, "JPEG", quality=90),
        "f printed progressive": pictures.saved(printed, "JPEG", quality=80, progressive=True),
        "g png": pictures.saved(image, "PNG", compress_level=1),
        "h webp": pictures.saved(image, "WEBP", quality=60, method=0),
        "i huge": huge,
        "j huge turned": render.with_orientation(huge, 8),
        "k progressive 444": pictures.saved(image, "JPEG", quality=92, progressive=True, subsampling="4:4:4"),
    }
    for name, content in large.items():
        (tmp_path / f"{name}.bin").write_bytes(content)
    del image, printed, large
    done = subprocess.run([sys.executable, "-c", LARGE, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [line.rsplit(maxsplit=2) for line in done.stdout.splitlines()]
    assert len(rows) == 22
    made = {name: (size, int(peak)) for name, size, peak in rows[11:]}
    full = 8192 * 5464
    assert made["f printed progressive"][0] in {"no_room", str(full)}
    assert {made[name][0] for name in made if name[0] in "abcdegk"} == {str(full)}
    assert made["i huge"][0] == "108000000"
    assert made["j huge turned"][0] == "27000000"
    assert [row for row in rows if row[0][0] in "abcdegh" and int(row[2]) > 500] == []
    assert [row for row in rows if int(row[2]) > 800] == []
