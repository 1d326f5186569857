"""The automatic look: what a careful assistant would correct, decided on a small proxy, explained as numbers.

Global by design: one tone for the whole picture, so it can live in the one table and two frames of a burst do not
differ by what stands at their edges. It corrects what is wrong and keeps what is meant: a dark stage stays dark because
its highlights already reach white, coloured spots stay coloured, skin is neither blown out nor turned grey.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from backend.recipe import Look, Preset
from workers.imaging import white
from workers.imaging.colour import LUMA, Floats, brightest, darkest, lightness, to_linear, to_srgb
from workers.imaging.pixels import Rgb

Mask = npt.NDArray[np.bool_]
PROXY_PX: Final = 192
UNDER_FROM, UNDER_FULL = 0.25, 0.65  # stops of empty headroom: meant below, a mistake above
LIGHTS_ONLY, LIT_SCENE = -0.8, -0.3  # stops from the brightest 0.3 % to the brightest few
DARK_KNEE = 0.3  # where highlights start to rise when a picture is made darker; high gives hard contours in skies
WHITE_AREA = 0.15  # from this share of the picture on, much white allows a bright picture
BLACK = 0.15
OVER_COLOURED, OVER_WHITE, OVER_MOST = 9.0, 4.0, 1.0


@dataclass(frozen=True, slots=True)
class Taste:
    """How far a preset goes."""

    white: float = 0.95  # how much of an estimated cast is removed
    top_lightness: float = 55.0  # the median is never lifted above this L*
    lift: float = 0.97
    contrast: float = 0.10
    vibrance: float = 0.04
    keep_dark: bool = False
    grey: bool = False


TASTES: Final[dict[Preset, Taste]] = {
    Preset.AUTO: Taste(),
    Preset.PORTRAIT: Taste(contrast=0.15, top_lightness=60),
    Preset.STAGE: Taste(white=0.4, lift=0.5, top_lightness=40, vibrance=0.10, keep_dark=True),
    Preset.CONFERENCE: Taste(white=1.0, top_lightness=64),
    Preset.OUTDOOR: Taste(white=0.8, contrast=0.30, vibrance=0.14),
    Preset.FOOD: Taste(white=1.0, top_lightness=64, vibrance=0.16),
    Preset.MONO: Taste(contrast=0.4, vibrance=0.0, grey=True),
}


@dataclass(frozen=True, slots=True)
class Values:
    """What is applied; stored with the rendition and shown to whoever asks why a photo looks as it does."""

    red: float = 1.0  # gains in linear light
    green: float = 1.0
    blue: float = 1.0
    ev: float = 0.0  # stops
    black: float = 0.0
    contrast: float = 0.0
    vibrance: float = 0.0
    grey: float = 0.0

    @property
    def gains(self) -> Floats:
        return np.array([self.red, self.green, self.blue], np.float32)

    @property
    def idle(self) -> bool:
        """Nothing would change."""
        return self == Values()

    def shown(self) -> dict[str, float]:
        return {name: round(value, 3) for name, value in asdict(self).items()}


def decide(proxy: Rgb, look: Look) -> Values:
    """The values for a picture, from its sRGB proxy of about `PROXY_PX`; all neutral at strength 0 without strokes."""
    values = Values()
    if look.preset is not Preset.NONE and look.strength > 0:
        values = _assist(to_linear(np.divide(proxy, 255, dtype=np.float32)), TASTES[look.preset], look.strength)
    return _by_hand(values, look)


def _by_hand(values: Values, look: Look) -> Values:
    if not any((look.ev, look.warmth, look.tint, look.contrast, look.vibrance)):
        return values
    stops = (look.warmth * 0.4 + look.tint * 0.15, -look.tint * 0.3, -look.warmth * 0.4 + look.tint * 0.15)
    gains = values.gains * np.exp2(np.array(stops, np.float32))
    gains = gains / float(gains @ LUMA) * float(values.gains @ LUMA)
    return replace(
        values,
        red=float(gains[0]),
        green=float(gains[1]),
        blue=float(gains[2]),
        ev=values.ev + look.ev,
        contrast=float(np.clip(values.contrast + look.contrast * 0.5, -0.6, 0.8)),
        vibrance=float(np.clip(values.vibrance + look.vibrance * 0.6, -0.9, 0.9)),
    )


def _assist(linear: Floats, taste: Taste, strength: float) -> Values:
    gains = white_gains(linear, taste.white * strength)
    balanced = np.asarray(linear * gains, np.float32)
    ev = exposure(balanced, taste) * strength
    black, contrast, vibrance = _finish(balanced * np.float32(2**ev), taste, strength)
    red, green, blue = (float(gain) for gain in gains)
    return Values(red, green, blue, ev, black, contrast, vibrance, strength if taste.grey else 0.0)


def white_gains(linear: Floats, amount: float) -> Floats:
    """Gains per channel that take `amount` of a mistaken cast away; luminance stays."""
    red, blue = white.cast(linear)
    gains = np.exp2(np.array([-red, 0.0, -blue]) * amount * _meant_colours(linear)).astype(np.float32)
    return np.asarray(gains / (gains @ LUMA), np.float32)


def _meant_colours(linear: Floats) -> float:
    """1: plain light; 0: the brightest spots are strongly coloured, which somebody paid a light designer for."""
    luminance = linear @ LUMA
    bright = (luminance > np.percentile(luminance, 99)) & (brightest(linear) < 0.98)
    if bright.sum() < 20:
        return 1.0
    spots = linear[bright]
    chroma = float(np.median((brightest(spots) - darkest(spots)) / np.maximum(brightest(spots), 1e-4)))
    return float(np.clip(1 - (chroma - 0.55) / 0.25, 0, 1))


# --- exposure -----------------------------------------------------------------------------------------------------


def exposure(linear: Floats, taste: Taste) -> float:
    """Stops to add, or to take away.

    The anchor is white, not the mean: an under-exposed frame leaves its top stops empty, a dark stage lit by spots
    does not, and stays dark. Over-exposure shows in colours that hit the ceiling: white may be white, but skin and sky
    with one channel at 255 have lost something.
    """
    top = brightest(linear)
    upper, high, highest = (float(one) for one in np.log2(np.maximum(np.percentile(top, [95, 98, 99.7]), 1e-4)))
    middle = lightness(float(np.median(linear @ LUMA)))
    headroom = max(0.0, -highest)
    wanted = headroom * _ramp(headroom, UNDER_FROM, UNDER_FULL) * taste.lift
    wanted *= max(_ramp((upper + high) / 2 - highest, LIGHTS_ONLY, LIT_SCENE), _ramp(middle, 15, 35))
    white_area = float((darkest(linear) > 0.6 * 2**highest).mean())  # a wall, a sky, a table cloth: it was white
    ceiling = taste.top_lightness + 25 * _ramp(white_area, WHITE_AREA, 3 * WHITE_AREA)
    wanted = min(wanted, max(0.0, (ceiling - middle) / 12))
    if taste.keep_dark:
        wanted = min(wanted, 0.5)
    if wanted < 0.1:
        wanted = -over_exposed(linear)
    return float(np.clip(_mind_skin(wanted, linear), -1.0, 1.8))


def _ramp(value: float, start: float, full: float) -> float:
    """0 up to `start`, 1 from `full` on, smooth between."""
    part = float(np.clip((value - start) / (full - start), 0, 1))
    return part * part * (3 - 2 * part)


def over_exposed(linear: Floats) -> float:
    """Stops by which a picture seems too bright."""
    top, low = brightest(linear), darkest(linear)
    coloured = float(((top > 0.97) & (low < 0.75) & (low > 0.15)).mean())
    white = float((low > 0.95).mean())
    surplus = OVER_COLOURED * max(0.0, coloured - 0.01) + OVER_WHITE * max(0.0, white - 0.2) * min(coloured / 0.02, 1)
    return min(surplus, OVER_MOST)


def _mind_skin(wanted: float, linear: Floats) -> float:
    """Do not blow faces out while lifting the rest."""
    skin = skin_mask(np.clip(np.rint(to_srgb(linear) * 255), 0, 255).astype(np.uint8))
    share = float(skin.mean())
    if wanted <= 0 or share <= 0.015:
        return wanted
    weight = float(np.clip(share / 0.08, 0, 1))
    tone = lightness(float(np.median(linear[skin] @ LUMA)))
    return min(wanted, wanted * (1 - weight) + weight * max(0.0, (72 - tone) / 13))


def skin_mask(rgb: Rgb) -> Mask:
    """Pixels of skin's hue, any complexion: a box in CrCb (Chai & Ngan 1999)."""
    luma, red, blue = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb))
    return np.asarray((red >= 136) & (red <= 170) & (blue >= 85) & (blue <= 125) & (luma > 45) & (luma < 245))


def _finish(linear: Floats, taste: Taste, strength: float) -> tuple[float, float, float]:
    """Black point, contrast and vibrance for what exposure and white balance left."""
    encoded = to_srgb(np.clip(linear, 0, 1))
    luminance = to_srgb(np.clip(linear @ LUMA, 0, 1))
    floor, low, high = (float(one) for one in np.percentile(luminance, [0.3, 2, 98]))
    low_key = float(np.median(luminance)) < 0.28
    black = float(np.clip(floor - 0.015, 0, 0.05)) * BLACK * strength
    contrast = float(np.clip((0.80 - (high - low)) * taste.contrast, 0, 0.18)) * (0.3 if low_key else 1) * strength
    chroma = float((brightest(encoded) - darkest(encoded)).mean())
    vibrance = float(np.clip((0.16 - chroma) * 0.8, 0, taste.vibrance)) * strength
    return black, contrast, vibrance


# --- applying -----------------------------------------------------------------------------------------------------


def tone(values: Values, colours: Floats) -> Floats:
    """The look as a function on sRGB colours; monotone, so no tone reversal can appear."""
    linear = np.asarray(to_linear(colours) * values.gains * np.float32(2**values.ev), np.float32)
    made = to_srgb(np.clip(_shoulder(linear, values), 0, 1))
    if values.black:
        made = np.clip((made - np.float32(values.black)) / np.float32(1 - values.black), 0, 1)
    if values.contrast:
        made = made + np.float32(values.contrast) * (made * made * (3 - 2 * made) - made)
    if values.vibrance:
        made = _vibrant(made, values.vibrance)
    if values.grey:
        made = made + np.float32(values.grey) * ((made @ LUMA)[..., None] - made)
    return np.asarray(np.clip(made, 0, 1), np.float32)


def _shoulder(linear: Floats, values: Values) -> Floats:
    """Keep white white, by the brightest channel, so that hues stay: what the gains push beyond it is bent back under
    it; where they darken, the highlights rise to meet it instead of turning grey.
    """
    limit = float(2**values.ev * values.gains.max())
    if 0.98 <= limit <= 1.02:
        return linear
    knee = 0.75 if limit > 1 else DARK_KNEE * limit
    top = brightest(linear)[..., None]
    over = np.clip((top - knee) / (limit - knee), 0, 1)
    steep = (limit - knee) / (1 - knee)
    bent = np.where(top > knee, knee + (1 - knee) * over * steep / (1 + (steep - 1) * over), top)
    return np.asarray(linear * (bent / np.maximum(top, 1e-6)), np.float32)


def _vibrant(made: Floats, amount: float) -> Floats:
    """More colour where there is little; skin's orange sector is mostly left alone."""
    grey = (made @ LUMA)[..., None]
    chroma = (brightest(made) - darkest(made))[..., None]
    red, green, blue = made[..., :1], made[..., 1:2], made[..., 2:]
    skin = np.clip(1 - np.abs((green - blue) / np.maximum(chroma, 1e-3) - 0.45) / 0.4, 0, 1)
    skin = skin * (red >= green) * (green >= blue)
    return np.asarray(grey + (made - grey) * (1 + np.float32(amount) * (1 - chroma) * (1 - 0.8 * skin)), np.float32)
