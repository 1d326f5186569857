"""The express preview: small, sRGB, upright, without a trace of place or person; ready when the last byte arrives.

`Developer` decodes a JPEG in a thread of its own while the camera is still sending (Pillow's decoder fed by hand,
scaled by 1/2, 1/4 or 1/8), so that only encoding is left at the end: 5–15 ms instead of 110–230. Feeding the decoder is
not a public face of Pillow: its minor version is pinned, and whatever goes wrong falls back to `from_file`.
"""

from __future__ import annotations

import io
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageFile

from camera_bridge import colour, exif, structure
from camera_bridge.ledger import Asset

log = logging.getLogger(__name__)

MOST_PIXELS: Final = 400_000_000
MOST_SCANS: Final = 100  # a progressive file of 187 KB with 3,000 scans keeps any decoder busy for half a minute
_SCAN: Final = b"\xff\xda"
_STEPS: Final = ((1280, 120_000), (1120, 90_000), (960, 64_000), (800, 44_000), (640, 30_000))  # long edge, bytes
_STEP_S: Final = 0.08  # what a preview may take of the line
_AS_IS: Final = 1.25  # up to this much larger than asked goes out unscaled: a resize costs more than the bytes
_QUALITIES: Final = ((62, 0.72), (48, 0.57), (34, 0.45), (22, 0.34))  # and their bytes beside those of quality 78
_HEADER_BYTES: Final = 4 << 20
_EXIF_BYTES: Final = 128 << 10


class NoPreview(Exception):
    """No picture can be made of it on this machine; the platform may still be able to."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the platform asks for: long edge in pixels, JPEG quality, most bytes."""

    px: int = 1280
    quality: int = 78
    max_bytes: int = 120_000


def affordable(wish: Wish, carries: float) -> Wish:
    """The wish, made smaller so that it passes the uplink in a tenth of a second. `carries`: bytes/s, 0: unknown."""
    if not carries:
        return wish
    px, size = next((step for step in _STEPS if step[1] <= carries * _STEP_S), _STEPS[-1])
    return Wish(min(wish.px, px), wish.quality, min(wish.max_bytes, size))


def from_file(file: Path, wish: Wish) -> bytes:
    """Decode after receiving: any JPEG, PNG or RAW with an embedded JPEG. 110–230 ms for 24 MP. Raises NoPreview."""
    with file.open("rb") as start:
        head = start.read(exif.HEAD_BYTES)
    shot = exif.read(head)
    try:
        data = _embedded(file, head, wish)
        if data.count(_SCAN) > MOST_SCANS:
            raise NoPreview("too many scans")
        with Image.open(io.BytesIO(data)) as image:
            if image.size[0] * image.size[1] > MOST_PIXELS:
                raise NoPreview("too many pixels")
            image.draft("RGB", _draft_size(image.size, wish))
            image.load()
            if image.format == "HEIF":  # its own turning is applied already; EXIF says it a second time
                shot = replace(shot, orientation=1)
            return encode(image, shot, file.name, wish)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise NoPreview(str(error)) from error


def encode(image: Image.Image, shot: exif.Shot, name: str, wish: Wish) -> bytes:
    """Upright, sRGB, no metadata, at most `wish.max_bytes`."""
    profile = image.info.get("icc_profile")
    flat = colour.to_srgb(image, profile, adobe=shot.adobe_rgb or (profile is None and _adobe_name(name)))
    longest = max(flat.size)
    if longest > wish.px * _AS_IS:
        scale = wish.px / longest
        size = (max(1, round(flat.size[0] * scale)), max(1, round(flat.size[1] * scale)))
        flat = flat.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    turn = _TURNS.get(shot.orientation)
    if turn is not None:
        flat = flat.transpose(turn)
    return _shrink(flat, wish)


def _shrink(image: Image.Image, wish: Wish) -> bytes:
    """Encode; when that is too large, at the quality that should fit, and so on; at last with fewer pixels."""
    jpeg = _jpeg(image, wish.quality)
    first = len(jpeg)
    for quality, share in _QUALITIES:
        if len(jpeg) <= wish.max_bytes:
            return jpeg
        hopeful = quality < wish.quality and first * share <= wish.max_bytes
        if hopeful or quality == _QUALITIES[-1][0]:
            jpeg = _jpeg(image, quality)
    while len(jpeg) > wish.max_bytes and max(image.size) > 320:
        size = (max(1, image.size[0] * 3 // 4), max(1, image.size[1] * 3 // 4))
        image = image.resize(size, Image.Resampling.BILINEAR)
        jpeg = _jpeg(image, _QUALITIES[-1][0])
    return jpeg


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling="4:2:0", exif=b"", icc_profile=None)
    return out.getvalue()


_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _adobe_name(name: str) -> bool:
    """Cameras mark Adobe RGB by a leading underscore (DCF): _DSC0001.JPG."""
    return name.rsplit("/", 1)[-1].startswith("_")


def _draft_size(size: tuple[int, int], wish: Wish) -> tuple[int, int]:
    """What to ask `draft` for, so that it scales to no less than about four fifths of the wish."""
    scale = min(1.0, wish.px * 0.8 / max(size))
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))


def _embedded(file: Path, head: bytes, wish: Wish) -> bytes:
    """The bytes to decode: the file itself, or a picture inside it that is large enough and much quicker to decode."""
    kind = structure.kind_of(head[:32], file.name)
    if kind == "heic":
        _read_heic()
    if kind != "raw":
        data = file.read_bytes()
        return _second(data, wish) if kind == "jpeg" else data
    found = structure.largest_jpeg(file)
    if not found:
        raise NoPreview("no embedded preview")
    return found


def _second(data: bytes, wish: Wish) -> bytes:
    """The camera's own smaller copy (MPF) when it is large enough and shows the whole picture; else the file."""
    with Image.open(io.BytesIO(data)) as main:
        shape, profile = main.size, main.info.get("icc_profile")
    for start, size in structure.mpf_previews(data):
        copy = data[start : start + size]
        try:
            with Image.open(io.BytesIO(copy)) as image:
                small = image.size
        except (OSError, SyntaxError, ValueError):
            continue
        whole = abs(small[0] * shape[1] - small[1] * shape[0]) <= 0.02 * small[0] * shape[1]
        if not profile and whole and wish.px * 0.8 <= max(small) < max(shape):
            return copy
    return data


def _read_heic() -> None:
    """Needs `kuaimen[heic]`; without it the platform makes the preview from the original."""
    try:
        import_module("pi_heif").register_heif_opener()
    except ImportError as error:
        raise NoPreview("HEIC: install kuaimen[bridge,heic]") from error


class Stream:
    """A JPEG decoded piece by piece. `feed` raises NoPreview when this file cannot be decoded that way."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._buffer = bytearray()
        self._decoder: Any = None
        self._image: ImageFile.ImageFile | None = None
        self._scans = 0
        self._ended = False

    def feed(self, chunk: bytes) -> None:
        if self._ended:
            return
        self._scans += chunk.count(_SCAN)
        if self._scans > MOST_SCANS:
            raise NoPreview("too many scans")
        self._buffer += chunk
        if self._decoder is None and not self._begin():
            return
        used, fault = self._decoder.decode(bytes(self._buffer))
        if used < 0:
            self._ended = True
            self._buffer.clear()
            if fault:
                raise NoPreview(f"decoder error {fault}")
        else:
            del self._buffer[:used]

    def picture(self) -> Image.Image:
        """The decoded picture, scaled. Raises NoPreview when the end never came."""
        if self._image is None or not self._ended:
            raise NoPreview("the picture is not whole")
        return self._image

    def _begin(self) -> bool:
        """Start decoding as soon as the header is here."""
        if len(self._buffer) > _HEADER_BYTES:
            raise NoPreview("no header")
        try:
            image = Image.open(io.BytesIO(bytes(self._buffer)), formats=("JPEG",))
        except Image.DecompressionBombError as error:
            raise NoPreview("too many pixels") from error
        except (OSError, SyntaxError, ValueError, IndexError, EOFError):
            return False  # not enough yet
        if not image.tile:
            return False
        if image.size[0] * image.size[1] > MOST_PIXELS:
            raise NoPreview("too many pixels")
        assert isinstance(image, ImageFile.ImageFile)
        image.draft("RGB", _draft_size(image.size, self._wish))
        image.load_prepare()
        codec, extents, offset, args = image.tile[0][:4]
        self._decoder = Image._getdecoder(image.mode, codec, args, image.decoderconfig)  # noqa: SLF001 - see module
        self._decoder.setimage(image.im, extents)
        image.tile = []
        self._image = image
        del self._buffer[:offset]
        return True


class Developer:
    """Watches one arrival: feeds the stream in a thread and hands the preview over the moment the file is whole.

    `deliver(asset, jpeg)` may come before the asset's row is committed; `done(asset)` comes after both, last.
    """

    def __init__(
        self,
        name: str,
        wish: Callable[[], Wish],
        deliver: Callable[[Asset, bytes], None],
        done: Callable[[Asset | None], None],
    ) -> None:
        self._name, self._wish, self._deliver, self._done = name, wish, deliver, done
        self._inbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._asset: Asset | None = None
        self._known = threading.Event()
        self._settled = threading.Event()
        self._row: Asset | None = None
        self._thread: threading.Thread | None = None
        self._hopeless = False

    def feed(self, chunk: bytes) -> None:
        if self._thread is None and not self._hopeless:
            self._hopeless = not chunk.startswith(b"\xff\xd8")
            if not self._hopeless:
                self._thread = threading.Thread(target=self._develop, name="develop", daemon=True)
                self._thread.start()
        if self._thread is not None:
            self._inbox.put(chunk)

    def ended(self) -> None:
        self._inbox.put(None)

    def whole(self, asset: Asset) -> None:
        self._asset = asset
        self._known.set()

    def settled(self, asset: Asset) -> None:
        self._row = asset
        self._close()

    def lost(self) -> None:
        self._inbox.put(None)
        self._close()

    def _close(self) -> None:
        self._known.set()
        self._settled.set()
        if self._thread is None:
            self._done(self._row)

    def _develop(self) -> None:
        stream, head = Stream(self._wish()), bytearray()
        try:
            while (chunk := self._inbox.get()) is not None:
                if len(head) < _EXIF_BYTES:
                    head += chunk
                stream.feed(chunk)
            jpeg = encode(stream.picture(), exif.read(head), self._name, self._wish())
            self._known.wait()
            if self._asset is not None:
                self._deliver(self._asset, jpeg)
        except (NoPreview, OSError, ValueError, SyntaxError, MemoryError) as reason:
            log.info("stream_preview asset_id=%s fallback=%s", self._asset.asset_id if self._asset else "?", reason)
        finally:
            self._settled.wait()
            self._done(self._row)
