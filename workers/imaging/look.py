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
from workers.imaging.colour import LUMA, Floats, lightness, to_linear, to_srgb
from workers.imaging.pixels import Rgb

Mask = npt.NDArray[np.bool_]
PROXY_PX: Final = 256
NEUTRAL: Final = np.ones(3, np.float32) / np.sqrt(np.float32(3))


@dataclass(frozen=True, slots=True)
class Taste:
    """How far a preset goes."""

    white: float = 0.6  # how much of an estimated cast is removed
    top_lightness: float = 62.0  # the median is never lifted above this L*
    lift: float = 0.97
    contrast: float = 0.25
    vibrance: float = 0.10
    keep_dark: bool = False
    grey: bool = False


TASTES: Final[dict[Preset, Taste]] = {
    Preset.AUTO: Taste(),
    Preset.PORTRAIT: Taste(contrast=0.18, vibrance=0.06, top_lightness=64),
    Preset.STAGE: Taste(white=0.25, lift=0.5, top_lightness=40, vibrance=0.12, keep_dark=True),
    Preset.CONFERENCE: Taste(white=0.8, top_lightness=66, vibrance=0.06),
    Preset.OUTDOOR: Taste(white=0.4, contrast=0.32, vibrance=0.16),
    Preset.FOOD: Taste(white=0.7, top_lightness=66, vibrance=0.18),
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
    balanced = linear * gains
    ev = exposure(balanced, taste) * strength
    black, contrast, vibrance = _finish(balanced * np.float32(2**ev), taste, strength)
    red, green, blue = (float(gain) for gain in gains)
    return Values(red, green, blue, ev, black, contrast, vibrance, strength if taste.grey else 0.0)


# --- white balance ------------------------------------------------------------------------------------------------


def white_gains(linear: Floats, amount: float) -> Floats:
    """Gains per channel that remove `amount` of the cast the estimators agree on; luminance stays."""
    top = linear.max(-1)
    valid = (top < 0.94) & (top > 0.006)
    estimates = _illuminants(linear, valid)
    if not estimates:
        return np.ones(3, np.float32)
    light = _unit(np.sum([weight * _unit(estimate) for estimate, weight in estimates], 0))
    spread = max(_degrees(_unit(estimate), light) for estimate, _ in estimates)
    cast = _degrees(light, NEUTRAL)
    agree = np.clip(1 - (spread - 2) / 5, 0, 1)
    dead_band = np.clip((cast - 1.2) / 2, 0, 1)
    gains = light.mean() / light
    gains = np.clip(gains / gains[1], 0.72, 1.4) ** (amount * agree * dead_band * _meant_colours(linear))
    return np.asarray(gains / (gains @ LUMA), np.float32)


def _illuminants(linear: Floats, valid: Mask) -> list[tuple[Floats, float]]:
    """Estimates of the light's colour, weighted: shades of grey (p=6), grey edge (p=5), near-neutral pixels."""
    pixels = linear[valid]
    if len(pixels) < 200:
        return []
    found = [((pixels**6).mean(0) ** (1 / 6), 1.0), (_grey_edge(linear, valid), 1.0)]
    neutral = (pixels.min(1) > 0.72 * pixels.max(1)) & (pixels.max(1) > 0.06)
    if neutral.mean() > 0.02:
        found.append((pixels[neutral].mean(0), 2.0))
    return found


def _grey_edge(linear: Floats, valid: Mask) -> Floats:
    soft = cv2.GaussianBlur(linear, (0, 0), 1.0)
    slope = np.sqrt(cv2.Sobel(soft, cv2.CV_32F, 1, 0) ** 2 + cv2.Sobel(soft, cv2.CV_32F, 0, 1) ** 2)
    return np.asarray((slope[valid] ** 5).mean(0) ** 0.2, np.float32)


def _meant_colours(linear: Floats) -> float:
    """1: plain light; 0: the brightest spots are strongly coloured, which somebody paid a light designer for."""
    luminance = linear @ LUMA
    bright = (luminance > np.percentile(luminance, 99)) & (linear.max(-1) < 0.98)
    if bright.sum() < 20:
        return 1.0
    spots = linear[bright]
    chroma = float(np.median((spots.max(1) - spots.min(1)) / np.maximum(spots.max(1), 1e-4)))
    return float(np.clip(1 - (chroma - 0.55) / 0.25, 0, 1))


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)


def _degrees(one: Floats, other: Floats) -> float:
    return float(np.degrees(np.arccos(np.clip(float(one @ other), -1, 1))))


# --- exposure -----------------------------------------------------------------------------------------------------


def exposure(linear: Floats, taste: Taste) -> float:
    """Stops to add. The anchor is white, not the mean: an under-exposed frame leaves its top stops empty, a dark
    stage lit by spots does not and therefore stays dark. Skin limits the lift, and may ask for a little.
    """
    luminance = linear @ LUMA
    low, middle = (lightness(float(np.percentile(luminance, share))) for share in (5, 50))
    headroom = float(np.log2(0.97 / max(float(np.percentile(linear.max(-1), 99.7)), 1e-3)))
    low_key = taste.keep_dark or (middle < 30 and headroom < 0.5)
    high_key = middle > 72 and low > 35
    wanted = 0.0
    if headroom > 0.35:
        wanted = (headroom - 0.35 * (1 - min(headroom - 0.35, 1))) * taste.lift
        wanted = min(wanted, max(0.0, (taste.top_lightness - middle) / 12))
        wanted *= 0.75 if middle < 14 else 1.0
    elif middle > 66 and not high_key:
        wanted = -(middle - 66) / 16
    return float(np.clip(_mind_skin(wanted, linear, headroom, low_key=low_key), -0.6, 1.7))


def _mind_skin(wanted: float, linear: Floats, headroom: float, *, low_key: bool) -> float:
    skin = skin_mask(np.clip(np.rint(to_srgb(linear) * 255), 0, 255).astype(np.uint8))
    share = float(skin.mean())
    if share <= 0.015:
        return wanted
    weight = float(np.clip(share / 0.08, 0, 1))
    tone = lightness(float(np.median(linear[skin] @ LUMA)))
    if wanted > 0:
        wanted = min(wanted, wanted * (1 - weight) + weight * max(0.0, (72 - tone) / 13))
    if tone < 45 and headroom > -0.05 and not low_key:
        wanted = max(wanted, weight * min((45 - tone) / 18, 0.5))
    if tone > 80 and wanted <= 0:
        wanted = min(wanted, -weight * (tone - 80) / 16)
    return wanted


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
    black = float(np.clip(floor - 0.015, 0, 0.05)) * 0.7 * strength
    contrast = float(np.clip((0.80 - (high - low)) * taste.contrast, 0, 0.18)) * (0.3 if low_key else 1) * strength
    chroma = float((encoded.max(-1) - encoded.min(-1)).mean())
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
    """Bend what the gains push beyond white back under it, by the brightest channel, so that hues stay."""
    limit = max(float(2**values.ev * values.gains.max()), 1.0)
    if limit <= 1.02:
        return linear
    knee = 0.75
    top = linear.max(-1, keepdims=True)
    over = np.clip((top - knee) / (limit - knee), 0, 1)
    steep = (limit - knee) / (1 - knee)
    bent = np.where(top > knee, knee + (1 - knee) * over * steep / (1 + (steep - 1) * over), top)
    return np.asarray(linear * (bent / np.maximum(top, 1e-6)), np.float32)


def _vibrant(made: Floats, amount: float) -> Floats:
    """More colour where there is little; skin's orange sector is mostly left alone."""
    grey = (made @ LUMA)[..., None]
    chroma = made.max(-1, keepdims=True) - made.min(-1, keepdims=True)
    red, green, blue = made[..., :1], made[..., 1:2], made[..., 2:]
    skin = np.clip(1 - np.abs((green - blue) / np.maximum(chroma, 1e-3) - 0.45) / 0.4, 0, 1)
    skin = skin * (red >= green) * (green >= blue)
    return np.asarray(grey + (made - grey) * (1 + np.float32(amount) * (1 - chroma) * (1 - 0.8 * skin)), np.float32)
