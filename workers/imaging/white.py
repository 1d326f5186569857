"""White balance: which colour has the light, and is that a mistake or a mood?

Casts are pairs of stops: how much more red, and how much more blue than green, the light has. A grid of casts is
weighed by three kinds of evidence, and the answer is their mean, so doubt makes the correction small by itself:

- **before looking**: most photos have no cast; those that have, mostly differ along daylight–tungsten, few in green;
- **white anchors**: the brightest of a scene (paper, shirts, lamps, reflections) is nearly always white. A channel that
  reached its limit tells only a bound: red at 255 means «at least this red»;
- **all other colours**: neutral things are common, most colours lie on the warm–cold axis.

A cast beyond what a camera gets wrong is somebody's intention (coloured stage light, a sunset) and stays.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
import numpy.typing as npt

from workers.imaging.colour import LUMA, Floats, brightest, darkest

Grid = npt.NDArray[np.float64]
STEP: Final = 1 / 8  # stops between two casts of the grid
REACH: Final = 10  # steps from no cast to the outermost one
SPAN: Final = 24  # steps from grey to the outermost bin of the histogram
CLIPPED: Final = 0.955  # linear; a channel above may have been anything
ANCHOR_TRUST, ANCHOR_WARM, ANCHOR_GREEN = 4.0, 0.4, 0.06  # how closely white anchors follow the light, stops
COLOUR_TRUST = (3.0, 2.0)
CAST_SHARE = 0.02  # of photos
MEANT_WARM, MEANT_GREEN = 1.15, 0.55  # stops; beyond, a cast is meant


@functools.lru_cache(maxsize=1)
def _casts() -> tuple[Grid, Grid]:
    """Red and blue of every cast in the grid."""
    steps = np.arange(-REACH, REACH + 1) * STEP
    red, blue = np.meshgrid(steps, steps, indexing="ij")
    return red, blue


@functools.lru_cache(maxsize=1)
def _before_looking() -> Grid:
    red, blue = _casts()
    usual = _bell(red - blue, 0.45) * _bell((red + blue) / 2, 0.13)
    usual *= CAST_SHARE / usual.sum()
    usual[REACH, REACH] += 1 - CAST_SHARE
    return np.asarray(np.log(usual))


def _bell(distance: Grid, width: float) -> Grid:
    return np.asarray(np.exp(-0.5 * (distance / width) ** 2) / width)


def cast(linear: Floats) -> tuple[float, float]:
    """Stops of red and of blue over green that the light of a small linear picture adds by mistake."""
    weight = _before_looking() + _by_anchors(linear)
    for part, neutral, trust in zip(_unclipped(linear), (0.5, 0.7), COLOUR_TRUST, strict=True):
        if len(part) >= 40:
            weight = weight + trust * _by_colours(part, neutral)
    likely = np.exp(weight - weight.max())
    red, blue = (float((likely * axis).sum() / likely.sum()) for axis in _casts())
    mistaken = _fades(abs(red - blue), MEANT_WARM, 0.25) * _fades(abs(red + blue) / 2, MEANT_GREEN, 0.15)
    return red * mistaken, blue * mistaken


def _fades(value: float, end: float, over: float) -> float:
    """1, falling to 0 at `end`."""
    return float(np.clip((end - value) / over, 0, 1))


def _by_anchors(linear: Floats) -> Grid:
    pixels = linear.reshape(-1, 3)
    least = darkest(pixels)  # white is what is bright in every channel; a red hat must not stand in for it
    anchors = np.median(pixels[least >= np.quantile(least, 0.995)], axis=0)
    clipped = anchors >= CLIPPED
    stops = np.log2(np.maximum(anchors, 1e-4))
    red, blue = (
        _bounded(axis - (stops[channel] - stops[1]), low=bool(clipped[channel]), high=bool(clipped[1]))
        for axis, channel in zip(_casts(), (0, 2), strict=True)
    )
    return ANCHOR_TRUST * (_far(red - blue, ANCHOR_WARM) + _far((red + blue) / 2, ANCHOR_GREEN))


def _bounded(away: Grid, *, low: bool, high: bool) -> Grid:
    """How far a cast is from what was seen, when what was seen may be a lower or an upper bound only."""
    if low and high:
        return np.zeros_like(away)
    if low:
        return np.minimum(away, 0)
    return np.maximum(away, 0) if high else away


def _far(distance: Grid, width: float) -> Grid:
    """Logarithm of a bell with heavy tails (Student's t, 2 degrees): one strange photo must not decide."""
    return np.asarray(-1.5 * np.log1p((distance / width) ** 2 / 2))


def _unclipped(linear: Floats) -> tuple[Floats, Floats]:
    """Pixels whose colour can be trusted: of the darker 85 % of the picture, and of the bright rest."""
    pixels = linear.reshape(-1, 3)
    top = brightest(pixels)
    luminance = pixels @ LUMA
    seen = top > 0.009
    limit = float(np.quantile(luminance[seen], 0.85)) if seen.any() else 0.0
    seen &= top < 0.973
    bright = luminance >= limit
    return pixels[seen & ~bright], pixels[seen & bright]


def _by_colours(pixels: Floats, neutral: float) -> Grid:
    """How well the colours look like those of ordinary photos if a cast is taken away. Large flat areas count less."""
    stops = np.log2(np.maximum(pixels, 1 / 2048))
    bins = np.clip(np.rint((stops[:, ::2] - stops[:, 1:2]) / STEP), -SPAN, SPAN).astype(np.int64) + SPAN
    counts = np.bincount(bins[:, 0] * (2 * SPAN + 1) + bins[:, 1], minlength=(2 * SPAN + 1) ** 2)
    found = np.flatnonzero(counts)
    share = np.sqrt(counts[found].astype(np.float64))
    at_red, at_blue = np.divmod(found, 2 * SPAN + 1)
    usual = _usual_colours(neutral)
    shift = np.arange(2 * REACH, -1, -1)
    rows = usual[shift[:, None, None] + at_red, shift[None, :, None] + at_blue]
    return np.asarray(rows @ (share / share.sum()))


@functools.lru_cache(maxsize=2)
def _usual_colours(neutral: float) -> Grid:
    """Log-share of colours in ordinary photos: a neutral peak, and a wide warm–cold cloud."""
    steps = np.arange(-SPAN - REACH, SPAN + REACH + 1) * STEP
    red, blue = np.meshgrid(steps, steps, indexing="ij")
    warm, green = red - blue, (red + blue) / 2
    share = neutral * _bell(warm, 0.2) * _bell(green, 0.07)
    share += (1 - neutral) * _bell(warm - 0.4, 1.0) * _bell(green - 0.05, 0.3)
    return np.asarray(np.log(share / share.sum() + 4e-5))
