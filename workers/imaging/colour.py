"""Colour: sRGB arithmetic, the profile of a file as a function, many operations as one table.

Every colour operation of a render (profile, look, `.cube`) is a function on colours. They are run once on the 33³
nodes of a cube instead of on 24 million pixels, and the cube is applied by OpenColorIO (tetrahedral, SIMD).
"""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import PyOpenColorIO as ocio  # noqa: N813 - its own documentation calls it so
from PIL import Image, ImageCms

from workers.imaging import exif, native
from workers.imaging.header import PICTURE_ERRORS, Header
from workers.imaging.pixels import Rgb, Rgbx

Floats = npt.NDArray[np.float32]
Tone = Callable[[Floats], Floats]  # sRGB-encoded 0..1 (…, 3) to the same

LUMA: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
NODES_PER_EDGE: Final = 33
_XYZ_TO_SRGB: Final = np.linalg.inv(
    np.array(  # sRGB primaries, adapted to D50 as in every ICC profile
        [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
    )
)
_ADOBE_TO_SRGB: Final = _XYZ_TO_SRGB @ np.array(
    [[0.6097559, 0.2052401, 0.1492240], [0.3111242, 0.6256560, 0.0632197], [0.0194811, 0.0608902, 0.7448387]]
)


def _floats(values: object) -> Floats:
    return np.asarray(values, np.float32)


def to_linear(encoded: Floats) -> Floats:
    """Linear light from sRGB 0..1."""
    low = encoded / np.float32(12.92)
    high = ((np.maximum(encoded, 0) + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.asarray(np.where(encoded <= 0.04045, low, high), np.float32)


def to_srgb(linear: Floats) -> Floats:
    """Encode linear light as sRGB 0..1."""
    linear = np.maximum(linear, 0)
    high = np.float32(1.055) * linear ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.asarray(np.where(linear <= 0.0031308, linear * np.float32(12.92), high), np.float32)


def brightest(colours: Floats) -> Floats:
    """The largest of red, green, blue. numpy's own `max` over three values is ten times slower."""
    return _floats(np.maximum(np.maximum(colours[..., 0], colours[..., 1]), colours[..., 2]))


def darkest(colours: Floats) -> Floats:
    """The smallest of red, green, blue."""
    return _floats(np.minimum(np.minimum(colours[..., 0], colours[..., 1]), colours[..., 2]))


def lightness(luminance: float) -> float:
    """CIE L* of linear luminance."""
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * max(luminance, 0)


# --- profiles -----------------------------------------------------------------------------------------------------


def profile(header: Header) -> Tone | None:
    """How the file's colours become sRGB; None when they are sRGB, or nothing usable says otherwise."""
    if header.icc:
        return _profile(header.icc)
    if header.exif.text(exif.INTEROP_INDEX) == "R03" or header.exif.number(exif.COLOUR_SPACE) == 2:
        return _matrix_tone(_ADOBE_TO_SRGB, lambda x: _floats(np.maximum(x, 0) ** np.float32(563 / 256)))
    return None


@functools.lru_cache(maxsize=32)
def _profile(icc: bytes) -> Tone | None:
    try:
        tone = _by_matrix(icc) or _by_engine(icc)
    except (*PICTURE_ERRORS, ImageCms.PyCMSError):
        return None
    ramp = np.linspace(0, 1, 18, dtype=np.float32)
    probe = np.stack([ramp, ramp[::-1], np.roll(ramp, 5)], -1)
    return None if float(np.abs(tone(probe) - probe).max()) < 0.004 else tone


def _by_matrix(icc: bytes) -> Tone | None:
    """Three primaries and a curve, which is what cameras and phones write. Exact, without 8-bit steps."""
    (count,) = struct.unpack(">I", icc[128:132])
    parts: dict[bytes, bytes] = {}
    for number in range(min(count, 100)):
        name, offset, size = struct.unpack(">4sII", icc[132 + 12 * number : 144 + 12 * number])
        parts[name] = icc[offset : offset + size]
    if icc[16:20] != b"RGB " or icc[20:24] != b"XYZ " or b"A2B0" in parts or b"rXYZ" not in parts:
        return None
    curves = [_curve(parts[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
    if any(curve is None for curve in curves) or len({parts[name] for name in (b"rTRC", b"gTRC", b"bTRC")}) > 1:
        return None
    columns = [struct.unpack(">3i", parts[name][8:20]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    matrix = _XYZ_TO_SRGB @ (np.array(columns).T / 65536)
    assert curves[0] is not None
    return _matrix_tone(matrix, curves[0])


def _matrix_tone(matrix: npt.NDArray[np.float64], curve: Tone) -> Tone:
    turned = matrix.T.astype(np.float32)
    return lambda colours: _floats(np.clip(to_srgb(curve(colours) @ turned), 0, 1))


def _curve(part: bytes) -> Tone | None:
    if part[:4] == b"curv":
        (count,) = struct.unpack(">I", part[8:12])
        if count < 2:
            gamma = np.float32(struct.unpack(">H", part[12:14])[0] / 256 if count else 1)
            return lambda x: _floats(np.maximum(x, 0) ** gamma)
        table = np.frombuffer(part[12 : 12 + 2 * count], ">u2").astype(np.float32) / 65535
        places = np.linspace(0, 1, count)
        return lambda x: _floats(np.interp(x, places, table))
    kind = struct.unpack(">H", part[8:10])[0] if part[:4] == b"para" else -1
    if kind == 0:
        gamma = np.float32(struct.unpack(">i", part[12:16])[0] / 65536)
        return lambda x: _floats(np.maximum(x, 0) ** gamma)
    if kind == 3:
        g, a, b, c, d = (np.float32(one / 65536) for one in struct.unpack(">5i", part[12:32]))
        return lambda x: _floats(np.where(x >= d, np.maximum(a * x + b, 0) ** g, c * x))
    return None


def _by_engine(icc: bytes) -> Tone:
    """Any other profile, by LittleCMS. Raises PyCMSError."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    mode = "L" if source.profile.xcolor_space.strip() == "GRAY" else "RGB"
    transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")

    def tone(colours: Floats) -> Floats:
        eight = np.rint(colours.reshape(1, -1, 3) * 255).astype(np.uint8)
        made = ImageCms.applyTransform(Image.fromarray(eight).convert(mode), transform)
        return _floats(np.asarray(made, np.float32).reshape(colours.shape) / 255)

    return tone


# --- the one table ------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=2)
def _nodes(edge: int) -> Floats:
    steps = np.linspace(0, 1, edge, dtype=np.float32)
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Every node's colour, as the native way takes it, or as a processor of OpenColorIO."""

    packed: native.Table | None = None
    processor: ocio.CPUProcessor | None = None


def fused(tones: Sequence[Tone]) -> Table | None:
    """All tones as one table, ready to apply; None when there is nothing to do, so that pixels stay bit-exact."""
    if not tones:
        return None
    colours = _nodes(NODES_PER_EDGE)
    for tone in tones:
        colours = np.clip(tone(colours), 0, 1)
    return Table(packed=native.packed(colours)) if native.found() else Table(processor=_processor(colours))


def _processor(colours: Floats) -> ocio.CPUProcessor:
    table = ocio.Lut3DTransform(NODES_PER_EDGE)
    table.setData(np.ascontiguousarray(colours, np.float32).reshape(-1))
    table.setInterpolation(ocio.INTERP_TETRAHEDRAL)
    eight = ocio.BIT_DEPTH_UINT8
    processor = ocio.Config.CreateRaw().getProcessor(table)
    return processor.getOptimizedCPUProcessor(eight, eight, ocio.OPTIMIZATION_DEFAULT)


def apply(table: Table | None, pixels: Rgb | Rgbx) -> None:
    """Apply in place."""
    quick = native.found()
    if table is None:
        return
    if table.packed is not None and quick is not None:
        quick.tone(pixels, table.packed)
        return
    assert table.processor is not None
    height, width, channels = pixels.shape
    table.processor.apply(
        ocio.PackedImageDesc(pixels, width, height, channels, ocio.BIT_DEPTH_UINT8, 1, channels, width * channels)
    )
