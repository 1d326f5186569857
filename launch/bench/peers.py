"""Other programs at the same photo, where they are installed (scripts/peers.sh): CPU seconds, start included.

None of them can do our whole job; each does the nearest it can, which is said beside its name.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

THUMBOR: Final = Path(__file__).parents[2] / ".boot" / "peers" / "bin" / "python"  # put there by scripts/peers.sh
Peer = Callable[[], float]

THUMBOR_JOB: Final = """
import io, sys
from thumbor.config import Config
from thumbor.context import Context
from thumbor.engines.pil import Engine
from PIL import Image, ImageEnhance, ImageFilter
source = open(sys.argv[1], "rb").read()
context = Context(config=Config(QUALITY=90, RESPECT_ORIENTATION=True))
def once(long_edge, quality):
    engine = Engine(context)
    engine.load(source, ".jpg")
    engine.reorientate()
    width, height = engine.size
    if long_edge:
        scale = long_edge / max(width, height)
        engine.resize(width * scale, height * scale)
    mark = Image.new("RGBA", (engine.size[0] // 6, engine.size[1] // 16), (255, 255, 255, 160))
    image = ImageEnhance.Color(ImageEnhance.Contrast(engine.image.convert("RGB")).enhance(1.05)).enhance(1.05)
    image.paste(mark, (20, 20), mark)
    engine.image = image
    return engine.read(".jpg", quality)
for edge, quality in ((0, 90), (2048, 85), (480, 80)):
    assert once(edge, quality)
"""


def installed(photo: Path, thumbor_python: Path | None) -> dict[str, Peer]:
    """The peers that can run here, each as a function that does the job once and gives its CPU seconds."""
    found: dict[str, Peer] = {}
    out = Path(tempfile.mkdtemp(prefix="kuaimen-peers-"))
    if shutil.which("vipsthumbnail"):
        found["vipsthumbnail (2048 + 480, no look, no brand)"] = lambda: sum(
            _cpu(["vipsthumbnail", str(photo), "--size", str(edge), "-o", f"{out}/vips-{edge}.jpg[Q={quality}]"])
            for edge, quality in ((2048, 85), (480, 80))
        )
    if shutil.which("convert"):
        found["imagemagick (full + 2048 + 480, levels, mark)"] = lambda: _cpu(_convert(photo, out))
    if thumbor_python is not None and thumbor_python.exists():
        found["thumbor engine (full + 2048 + 480, contrast, mark)"] = lambda: _cpu(
            [str(thumbor_python), "-c", THUMBOR_JOB, str(photo)]
        )
    return found


def _convert(photo: Path, out: Path) -> list[str]:
    """One process for all three sizes, one thread, as a patient person would write it."""
    mark = ["(", "-size", "900x200", "xc:#ffffffa0", ")", "-gravity", "southeast", "-composite"]
    small = [
        "(",
        "+clone",
        "-resize",
        "2048x2048",
        "-unsharp",
        "0x0.8",
        "-quality",
        "85",
        "-write",
        f"{out}/im-view.jpg",
    ]
    tiny = ["-resize", "480x480", "-quality", "80", "-write", f"{out}/im-thumb.jpg", "+delete", ")"]
    look = ["-auto-orient", "-channel", "RGB", "-contrast-stretch", "0.3%x0.3%", "-modulate", "100,105"]
    return [
        "convert",
        "-limit",
        "thread",
        "1",
        str(photo),
        *look,
        *mark,
        *small,
        *tiny,
        "-quality",
        "90",
        f"{out}/im.jpg",
    ]


def _cpu(command: list[str]) -> float:
    """CPU seconds of a child. NaN when it fails, so that a broken peer is not taken for a quick one."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, env={**_plain()})  # noqa: S603 - fixed commands
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        print(f"  {command[0]} failed: {done.stderr.decode(errors='replace')[-300:]}", file=sys.stderr)
        return float("nan")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _plain() -> dict[str, str]:
    """Peers get the search path and one thread, nothing else of our environment."""
    return {"PATH": os.defpath + ":/usr/local/bin", "VIPS_CONCURRENCY": "1", "MAGICK_THREAD_LIMIT": "1"}
