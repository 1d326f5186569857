"""A sponsor's logo, whatever file they sent: opened with limits, trimmed, set on paper it can be seen on."""

from __future__ import annotations

import colorsys
import io
from dataclasses import dataclass, field
from typing import Final

from PIL import Image, ImageChops

from backend.errors import BadInput
from web.drawing_shapes import HOUSE, WHITE, Colour, Palette, palette

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_PIXELS: Final = 25_000_000  # 100 MB while it is open
KEPT_PX: Final = 1200
FORMATS: Final = ("PNG", "JPEG", "WEBP")
BRIGHT: Final = 0.82  # a logo on average lighter than this was made for dark ground
COLOURFUL: Final = 0.06  # of the logo's pixels must have one hue for the print to follow it
HUES: Final = 24


@dataclass(frozen=True, slots=True, eq=False)
class Logo:
    """`image` is RGBA without empty margins."""

    image: Image.Image = field(repr=False)
    for_dark: bool
    palette: Palette

    @property
    def ratio(self) -> float:
        """Width by height."""
        return self.image.width / self.image.height

    def on(self, paper: Colour) -> Image.Image:
        """RGB, on paper of this colour."""
        red, green, blue = (round(c * 255) for c in paper)
        ground = Image.new("RGB", self.image.size, (red, green, blue))
        ground.paste(self.image, mask=self.image.getchannel("A"))
        return ground

    @property
    def paper(self) -> Colour:
        return self.palette.field if self.for_dark else WHITE


def opened(blob: bytes) -> Logo:
    """Raises BadInput `too_large`, `too_many_pixels`, `not_a_picture`; also for an empty picture."""
    if len(blob) > MAX_BYTES:
        raise BadInput(f"logo of {len(blob)} bytes: at most {MAX_BYTES}", code="too_large")
    try:
        with Image.open(io.BytesIO(blob), formats=FORMATS) as file:
            if file.width * file.height > MAX_PIXELS:
                raise BadInput(f"logo of {file.width}×{file.height} px", code="too_many_pixels")
            file.draft("RGB", (KEPT_PX, KEPT_PX))
            file.load()
            image = file.convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadInput("a logo of far too many pixels", code="too_many_pixels") from None
    except (OSError, SyntaxError, ValueError):
        raise BadInput("the logo is no PNG, JPEG or WebP", code="not_a_picture") from None
    image.thumbnail((KEPT_PX, KEPT_PX))
    trimmed = _trimmed(image)
    hue = _hue(trimmed)
    return Logo(trimmed, _brightness(trimmed) > BRIGHT, HOUSE if hue is None else palette(hue))


def _trimmed(image: Image.Image) -> Image.Image:
    """Without transparent or, when it is opaque, white margins."""
    box = image.getchannel("A").point(lambda a: 255 if a > 8 else 0).getbbox()
    if box is None:
        raise BadInput("the logo is empty", code="not_a_picture")
    image = image.crop(box)
    if image.getchannel("A").getextrema() == (255, 255):
        white = Image.new("RGB", image.size, "white")
        box = (
            ImageChops.difference(image.convert("RGB"), white)
            .convert("L")
            .point(lambda d: 255 if d > 12 else 0)
            .getbbox()
        )
        image = image.crop(box) if box else image
    return image


def _pixels(image: Image.Image) -> list[tuple[float, float, float]]:
    """Hue, lightness, saturation of some hundred visible pixels."""
    small = image.resize((48, 48), Image.Resampling.BOX)
    raw = small.tobytes()
    visible = (raw[n : n + 4] for n in range(0, len(raw), 4) if raw[n + 3] > 96)
    return [colorsys.rgb_to_hls(r / 255, g / 255, b / 255) for r, g, b, _ in visible]


def _brightness(image: Image.Image) -> float:
    """0 black – 1 white, of what can be seen. An opaque picture brings its own ground."""
    if image.getchannel("A").getextrema() == (255, 255):
        return 0.0
    seen = _pixels(image)
    return sum(light for _, light, _ in seen) / max(len(seen), 1)


def _hue(image: Image.Image) -> float | None:
    """The hue most of the logo's colour has, or None for a grey one."""
    bins = [0] * HUES
    seen = _pixels(image)
    for hue, light, saturation in seen:
        if saturation > 0.35 and 0.15 < light < 0.85:
            bins[int(hue * HUES) % HUES] += 1
    strongest = max(range(HUES), key=lambda n: bins[n])
    if bins[strongest] < COLOURFUL * max(len(seen), 1):
        return None
    return (strongest + 0.5) / HUES
