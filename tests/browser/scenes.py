"""Photos of an event that never was: drawn, not taken, so that they may be shown and kept anywhere.

Light is added up in linear floats (height × width × 3, RGB, 0…1), then developed: bloom, tone curve, vignette, grain.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Light = NDArray[np.float32]
Mask = NDArray[np.float32]
Scene = Callable[[np.random.Generator, int, int], Light]
SERIF = "/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc"
PALETTES = (
    ((1.0, 0.42, 0.16), (0.16, 0.2, 0.55)),
    ((0.95, 0.22, 0.42), (0.12, 0.32, 0.75)),
    ((1.0, 0.68, 0.3), (0.42, 0.12, 0.3)),
    ((0.25, 0.75, 0.95), (0.3, 0.1, 0.55)),
    ((1.0, 0.8, 0.55), (0.1, 0.28, 0.32)),
)


def jpeg(seed: int, *, width: int = 1500, height: int = 1000, shot_at: int | None = None, quality: int = 88) -> bytes:
    """The photo number `seed`; `shot_at` (ms UTC) goes into its EXIF as the camera's clock at UTC+8."""
    rng = np.random.default_rng(seed)
    scene = SCENES[seed % len(SCENES)]
    light = scene(rng, width // 2, height // 2)  # the scenes are soft: half the size is enough until the grain
    light = cv2.resize(light, (width, height), interpolation=cv2.INTER_CUBIC)
    image = Image.fromarray(_develop(light, rng))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, exif=stamp(shot_at))
    return out.getvalue()


def stamp(shot_at: int | None) -> Image.Exif:
    """What the camera says about a photo."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Kuaimen", "Scene camera"
    if shot_at is not None:
        at = datetime.fromtimestamp(shot_at / 1000 + 8 * 3600, UTC)
        exif.get_ifd(0x8769).update({0x9003: at.strftime("%Y:%m:%d %H:%M:%S"), 0x9011: "+08:00"})
    return exif


def size_of(seed: int) -> tuple[int, int]:
    """Believable formats: mostly 3:2 lying, some upright, a few wide."""
    return {3: (1000, 1500), 7: (1000, 1500), 9: (1600, 900), 5: (1000, 1333)}.get(seed % 11, (1500, 1000))


def _develop(light: Light, rng: np.random.Generator) -> NDArray[np.uint8]:
    height, width = light.shape[:2]
    bloom = cv2.GaussianBlur(np.clip(light - 0.75, 0, 2), (0, 0), width / 42)
    light = light + 0.5 * bloom
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    light = light * (1 - 0.28 * (x**2 + y**2) / 2)[..., None]
    toned = 1 - np.exp(-1.55 * np.clip(light, 0, None))
    toned = toned**0.78
    grain = cv2.GaussianBlur(rng.normal(0, 0.022, (height, width)).astype(np.float32), (0, 0), 0.7)
    return np.clip((toned + grain[..., None]) * 255, 0, 255).astype(np.uint8)


def _mask(width: int, height: int, draw: Callable[[ImageDraw.ImageDraw], None], blur: float = 0) -> Mask:
    image = Image.new("L", (width, height))
    draw(ImageDraw.Draw(image))
    found = np.asarray(image, np.float32) / 255
    return cv2.GaussianBlur(found, (0, 0), blur) if blur else found


def _fill(width: int, height: int, top: tuple[float, ...], bottom: tuple[float, ...]) -> Light:
    t = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    return np.ascontiguousarray(
        np.broadcast_to(np.array(top) * (1 - t) + np.array(bottom) * t, (height, width, 3)), np.float32
    )


def _glow(light: Light, x: float, y: float, radius: float, colour: tuple[float, ...], power: float = 1.0) -> None:
    height, width = light.shape[:2]
    yy, xx = np.ogrid[:height, :width]
    d2 = ((xx - x) ** 2 + (yy - y) ** 2) / radius**2
    light += (power * np.exp(-d2))[..., None].astype(np.float32) * np.array(colour, np.float32)


def _beam(light: Light, x: float, lean: float, spread: float, colour: tuple[float, ...], power: float) -> None:
    """A cone of light in haze, from above the picture."""
    height, width = light.shape[:2]
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    centre = (x + lean * y) * width
    wide = (0.012 + spread * y) * width
    xx = np.arange(width, dtype=np.float32)[None, :]
    shape = np.exp(-(((xx - centre) / wide) ** 2)) * (1 - 0.82 * y) * power
    light += shape[..., None] * np.array(colour, np.float32)


def _bokeh(
    light: Light, rng: np.random.Generator, n: int, box: tuple[float, float], colours: tuple[tuple[float, ...], ...]
) -> None:
    height, width = light.shape[:2]
    for _ in range(n):
        r = width * rng.uniform(0.008, 0.034)
        x, y = rng.uniform(0, width), rng.uniform(*box) * height
        disc = _mask(
            width, height, lambda d, x=x, y=y, r=r: d.ellipse((x - r, y - r, x + r, y + r), fill=255, outline=255), 1.4
        )
        colour = np.array(colours[rng.integers(len(colours))], np.float32)
        light += disc[..., None] * colour * rng.uniform(0.12, 0.6)


def _person(draw: ImageDraw.ImageDraw, x: float, base: float, size: float, arms: float = 0.0) -> None:
    """A standing figure, `size` from head to foot."""
    head = size * 0.075
    draw.ellipse((x - head * 0.86, base - size, x + head * 0.86, base - size + head * 2.2), fill=255)
    draw.rounded_rectangle(
        (x - size * 0.12, base - size * 0.83, x + size * 0.12, base - size * 0.42), size * 0.07, fill=255
    )
    draw.polygon(
        [
            (x - size * 0.115, base - size * 0.5),
            (x + size * 0.115, base - size * 0.5),
            (x + size * 0.09, base),
            (x - size * 0.09, base),
        ],
        fill=255,
    )
    if arms:
        for side in (-1, 1):
            elbow = (x + side * size * (0.15 + 0.07 * arms), base - size * (0.72 + 0.12 * arms))
            hand = (x + side * size * (0.1 + 0.16 * arms), base - size * (0.62 + 0.5 * arms))
            draw.line(
                [(x + side * size * 0.1, base - size * 0.78), elbow, hand],
                fill=255,
                width=int(size * 0.05),
                joint="curve",
            )


def _audience(light: Light, rng: np.random.Generator, rows: int = 3, raised: float = 0.0) -> None:
    """Heads and shoulders against the light, the nearest row largest and darkest."""
    height, width = light.shape[:2]
    for row in range(rows):
        size = width * (0.035 + 0.03 * row)
        line = height * (0.74 + 0.09 * row)

        def draw(d: ImageDraw.ImageDraw, size: float = size, line: float = line) -> None:
            x = -size
            while x < width + size:
                r, y = size * rng.uniform(0.42, 0.52), line + rng.uniform(-0.2, 0.2) * size
                d.ellipse((x - r, y - r * 1.2, x + r, y + r * 1.2), fill=255)
                d.rounded_rectangle((x - r * 2, y + r * 1.1, x + r * 2, height + size), r * 1.3, fill=255)
                if rng.random() < raised:
                    tip = (x + r * rng.uniform(-1, 1), y - r * rng.uniform(3, 4.6))
                    d.line([(x + r * 1.5, y + r * 1.6), tip], fill=255, width=int(r * 0.55))
                    d.rounded_rectangle(
                        (tip[0] - r * 0.5, tip[1] - r * 0.8, tip[0] + r * 0.5, tip[1]), r * 0.2, fill=255
                    )
                x += size * rng.uniform(1.25, 1.9)

        shape = _mask(width, height, draw, 1.2 + row * 1.6)[..., None]
        light *= 1 - shape * (0.9 + 0.03 * row)


def stage_talk(rng: np.random.Generator, width: int, height: int) -> Light:
    """A speaker before a large screen."""
    warm, cool = PALETTES[rng.integers(len(PALETTES))]
    light = _fill(width, height, (0.01, 0.012, 0.02), (0.02, 0.02, 0.03))
    left, right, top, foot = 0.1 * width, 0.9 * width, 0.1 * height, 0.6 * height
    t = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    picture = np.array(cool, np.float32) * (1 - t) + np.array(warm, np.float32) * t
    screen = _mask(width, height, lambda d: d.rectangle((left, top, right, foot), fill=255), 1)
    light += screen[..., None] * picture * 0.62
    _glow(light, width * rng.uniform(0.55, 0.8), height * 0.3, width * 0.18, (1, 0.95, 0.85), 0.35)
    font = ImageFont.truetype(SERIF, int(width * 0.052))
    words = ("年度盛典", "向新而行", "共赴山海", "THE NEXT TEN")[rng.integers(4)]
    text = _mask(
        width, height, lambda d: d.text((left + width * 0.06, top + height * 0.16), words, font=font, fill=255), 0.8
    )
    light += text[..., None] * 1.1
    floor = _mask(width, height, lambda d: d.rectangle((0, foot + 0.06 * height, width, height), fill=255), 8)
    light += floor[..., None] * cv2.GaussianBlur(np.flipud(light), (0, 0), width / 30) * 0.32
    for x in (0.16, 0.38, 0.62, 0.84):
        _beam(light, x, rng.uniform(-0.12, 0.12), 0.09, warm if rng.random() < 0.5 else cool, 0.5)
    x, base, size = width * rng.uniform(0.3, 0.7), 0.71 * height, 0.34 * height
    figure = _mask(width, height, lambda d: _person(d, x, base, size, 0.25), 1.4)[..., None]
    rim = np.clip(figure - np.roll(figure, int(size * 0.012), axis=1), 0, 1)
    light = light * (1 - figure * 0.96) + rim * np.array(warm, np.float32) * 0.9 + figure * 0.012
    _audience(light, rng, 2)
    return light


def concert(rng: np.random.Generator, width: int, height: int) -> Light:
    """Raised hands before beams of light."""
    warm, cool = PALETTES[rng.integers(len(PALETTES))]
    light = _fill(width, height, (0.02, 0.015, 0.04), tuple(0.22 * c for c in warm))
    for i in range(7):
        colour = warm if i % 2 else cool
        _beam(
            light,
            rng.uniform(0.05, 0.95),
            rng.uniform(-0.35, 0.35),
            rng.uniform(0.05, 0.12),
            colour,
            rng.uniform(0.5, 1.1),
        )
    _glow(light, width * rng.uniform(0.35, 0.65), height * 0.6, width * 0.26, warm, 1.1)
    _glow(light, width * 0.5, height * 0.66, width * 0.1, (1, 0.95, 0.9), 0.8)
    _audience(light, rng, 3, raised=0.5)
    return light


def dinner(rng: np.random.Generator, width: int, height: int) -> Light:
    """Candles and glasses, everything behind them out of focus."""
    light = _fill(width, height, (0.05, 0.028, 0.02), (0.11, 0.06, 0.035))
    _bokeh(light, rng, 46, (0.02, 0.55), ((1, 0.62, 0.25), (1, 0.78, 0.45), (0.9, 0.4, 0.2), (0.5, 0.6, 0.9)))
    light = cv2.GaussianBlur(light, (0, 0), 2.2)
    cloth = _mask(
        width, height, lambda d: d.ellipse((-0.2 * width, 0.7 * height, 1.2 * width, 1.7 * height), fill=255), 10
    )
    light = light * (1 - cloth[..., None]) + cloth[..., None] * np.array((0.4, 0.3, 0.22), np.float32)
    for _ in range(5):
        x, y = width * rng.uniform(0.06, 0.94), height * rng.uniform(0.68, 0.8)
        _glow(light, x, y, width * 0.11, (1, 0.55, 0.18), 0.55)
        _glow(light, x, y, width * 0.011, (1, 0.9, 0.7), 2.4)
    for _ in range(3):
        x, y, w = width * rng.uniform(0.12, 0.88), height * rng.uniform(0.6, 0.7), width * rng.uniform(0.03, 0.042)
        bowl = _mask(width, height, lambda d, x=x, y=y, w=w: d.ellipse((x - w, y - 2.2 * w, x + w, y + w), fill=255), 2)
        edge = np.clip(
            bowl
            - _mask(
                width,
                height,
                lambda d, x=x, y=y, w=w: d.ellipse((x - w * 0.9, y - 2.1 * w, x + w * 0.9, y + 0.9 * w), fill=255),
                3,
            ),
            0,
            1,
        )
        stem = _mask(
            width,
            height,
            lambda d, x=x, y=y, w=w: (
                d.line((x, y + w, x, y + 4.4 * w), fill=255, width=max(2, int(w / 8))),
                d.ellipse((x - w * 0.8, y + 4.2 * w, x + w * 0.8, y + 4.7 * w), fill=255),
            ),
            1.4,
        )
        light = (
            light * (1 - 0.22 * bowl[..., None])
            + (edge + stem * 0.6)[..., None] * np.array((1, 0.82, 0.6), np.float32) * 0.65
        )
    return light


def skyline(rng: np.random.Generator, width: int, height: int) -> Light:
    """The venue's city at the blue hour, over water."""
    light = _fill(width, height, (0.05, 0.1, 0.27), (0.62, 0.34, 0.26))
    _glow(light, width * rng.uniform(0.2, 0.8), height * 0.6, width * 0.4, (1, 0.5, 0.2), 0.55)
    shore = 0.64 * height
    for depth, shade in ((0.45, 0.5), (0.75, 0.28), (1.0, 0.1)):
        windows: list[tuple[float, float]] = []

        def draw(d: ImageDraw.ImageDraw, depth: float = depth, windows: list[tuple[float, float]] = windows) -> None:
            x = -0.05 * width
            while x < width:
                w, h = width * rng.uniform(0.02, 0.06), height * rng.uniform(0.06, 0.36) * depth
                d.rectangle((x, shore - h, x + w, shore), fill=255)
                if rng.random() < 0.15:
                    d.polygon([(x, shore - h), (x + w, shore - h), (x + w / 2, shore - h - w * 1.6)], fill=255)
                windows.extend(
                    (wx, wy)
                    for wx in np.arange(x + 4, x + w - 4, 7)
                    for wy in np.arange(shore - h + 5, shore - 4, 9)
                    if rng.random() < 0.34 * depth
                )
                x += w * rng.uniform(0.7, 1.5)

        block = _mask(width, height, draw, 0.8)[..., None]
        light = light * (1 - block) + block * light.mean(axis=(0, 1)) * shade
        lit = _mask(
            width, height, lambda d, windows=windows: [d.rectangle((a, b, a + 2, b + 3), fill=255) for a, b in windows]
        )
        light += lit[..., None] * np.array((1, 0.78, 0.42), np.float32) * 0.75
    cut = int(shore)
    mirror = np.flipud(light[2 * cut - height : cut]) if 2 * cut >= height else np.flipud(light[:cut])[: height - cut]
    mirror = cv2.GaussianBlur(mirror, (0, 0), sigmaX=1.5, sigmaY=12)
    ripple = 1 + 0.16 * np.sin(np.linspace(0, 90, mirror.shape[0]))[:, None, None] * rng.uniform(
        0.6, 1, (mirror.shape[0], 1, 1)
    )
    light[cut : cut + mirror.shape[0]] = mirror * ripple * 0.62
    return light


def mountains(rng: np.random.Generator, width: int, height: int) -> Light:
    """Ridge behind ridge at sunrise, runners on the nearest one."""
    light = _fill(width, height, (0.34, 0.42, 0.62), (1.15, 0.72, 0.45))
    sun = width * rng.uniform(0.25, 0.75)
    _glow(light, sun, height * 0.44, width * 0.3, (1, 0.65, 0.3), 0.7)
    _glow(light, sun, height * 0.44, width * 0.035, (1, 0.95, 0.8), 2.2)
    t = np.arange(width) / width
    for layer in range(6):
        base = 0.42 + 0.09 * layer
        line = base + sum(
            rng.uniform(0.3, 1) * 0.05 / k * np.sin(2 * np.pi * (k * t * rng.uniform(0.7, 1.6) + rng.random()))
            for k in range(1, 7)
        )
        ridge = (np.arange(height)[:, None] / height > line[None, :]).astype(np.float32)
        ridge = cv2.GaussianBlur(ridge, (0, 0), 1.2)[..., None]
        far = 1 - layer / 5.5
        tone = np.array((0.72, 0.5, 0.42), np.float32) * far + np.array((0.035, 0.06, 0.075), np.float32) * (1 - far)
        fade = np.clip((np.arange(height)[:, None] / height - line[None, :]) * 3, 0, 0.5)[..., None] * far
        light = light * (1 - ridge) + ridge * (tone + fade * np.array((1, 0.75, 0.55)) * 0.6)
    for i in range(4):
        x = width * (0.2 + 0.17 * i + rng.uniform(-0.04, 0.04))
        base = line[int(min(x, width - 1))] * height + 4
        light *= (
            1
            - _mask(width, height, lambda d, x=x, base=base: _person(d, x, base, height * 0.1, 0.12), 0.8)[..., None]
            * 0.96
        )
    return light.astype(np.float32)


def gallery(rng: np.random.Generator, width: int, height: int) -> Light:
    """White walls, lit pictures, visitors from behind."""
    light = _fill(width, height, (0.6, 0.58, 0.55), (0.42, 0.4, 0.37))
    floor = 0.78 * height
    light[int(floor) :] = np.array((0.3, 0.25, 0.2), np.float32)
    x = 0.06 * width
    while x < 0.92 * width:
        w, h = width * rng.uniform(0.13, 0.26), height * rng.uniform(0.3, 0.46)
        y = 0.42 * height - h / 2
        warm, cool = PALETTES[rng.integers(len(PALETTES))]
        _glow(light, x + w / 2, y + h / 3, w * 0.9, (1, 0.93, 0.82), 0.5)
        for k in range(9):
            px, py, r = x + rng.uniform(0, w), y + rng.uniform(0, h), w * rng.uniform(0.1, 0.5)
            frame = _mask(width, height, lambda d, x=x, y=y, w=w, h=h: d.rectangle((x, y, x + w, y + h), fill=255))
            blot = (
                _mask(
                    width,
                    height,
                    lambda d, px=px, py=py, r=r: d.ellipse((px - r, py - r * 0.7, px + r, py + r * 0.7), fill=255),
                    w * 0.05,
                )
                * frame
            )
            colour = np.array(warm if k % 2 else cool, np.float32) * rng.uniform(0.3, 1)
            if not k:
                light = light * (1 - frame[..., None]) + frame[..., None] * np.array(cool, np.float32) * 0.35
            light = light * (1 - blot[..., None] * 0.8) + blot[..., None] * colour * 0.8
        x += w + width * rng.uniform(0.05, 0.09)
    shine = cv2.GaussianBlur(np.flipud(light)[: height - int(floor)], (0, 0), sigmaX=6, sigmaY=22)
    light[int(floor) : int(floor) + shine.shape[0]] += shine * 0.22
    for _ in range(rng.integers(2, 5)):
        px, size = width * rng.uniform(0.12, 0.88), height * rng.uniform(0.42, 0.54)
        shape = _mask(width, height, lambda d, px=px, size=size: _person(d, px, height * 0.95, size), 1.8)[..., None]
        light = light * (1 - shape * 0.93) + shape * np.array(PALETTES[rng.integers(5)][1], np.float32) * 0.05
    return light


def confetti(rng: np.random.Generator, width: int, height: int) -> Light:
    """The moment the award is given."""
    light = concert(rng, width, height)
    _glow(light, width / 2, height * 0.4, width * 0.3, (1, 0.9, 0.7), 0.35)
    for _ in range(230):
        x, y, r = (
            rng.uniform(0, width),
            rng.uniform(0, height * 0.92),
            width * rng.uniform(0.002, 0.008) * rng.choice((1, 1, 2)),
        )
        a = rng.uniform(0, np.pi)
        corners = [
            (x + r * np.cos(a + s) * k, y + r * np.sin(a + s) * k)
            for s, k in ((0, 1.6), (1.2, 1), (np.pi, 1.6), (np.pi + 1.2, 1))
        ]
        patch = (slice(max(0, int(y - 30)), int(y + 30)), slice(max(0, int(x - 30)), int(x + 30)))
        h, w = light[patch].shape[:2]
        if not h or not w:
            continue
        oy, ox = patch[0].start, patch[1].start
        piece = _mask(
            w,
            h,
            lambda d, c=corners, ox=ox, oy=oy: d.polygon([(px - ox, py - oy) for px, py in c], fill=255),
            0.7 + r / 6,
        )
        colour = np.array(
            ((1, 0.75, 0.25), (0.95, 0.25, 0.3), (0.9, 0.9, 0.95), (0.3, 0.6, 1))[rng.integers(4)], np.float32
        )
        light[patch] = light[patch] * (1 - piece[..., None]) + piece[..., None] * colour * rng.uniform(0.5, 1.3)
    return light


def lanterns(rng: np.random.Generator, width: int, height: int) -> Light:
    """Paper lanterns over a night garden."""
    light = _fill(width, height, (0.015, 0.02, 0.06), (0.07, 0.05, 0.06))
    for _ in range(26):
        near = rng.uniform(0.25, 1)
        x, y, r = rng.uniform(0, width), rng.uniform(0.04, 0.7) * height, width * 0.034 * near
        _glow(light, x, y, r * 3.2, (1, 0.42, 0.12), 0.3 * near)
        body = _mask(
            width,
            height,
            lambda d, x=x, y=y, r=r: d.rounded_rectangle((x - r, y - r * 1.25, x + r, y + r * 1.25), r * 0.7, fill=255),
            1 + 5 * (1 - near),
        )
        shade = np.clip(1.3 - np.abs(np.arange(height) - y) / (2 * r), 0.3, 1)[:, None, None]
        light = light * (1 - body[..., None]) + body[..., None] * np.array((1, 0.5, 0.17), np.float32) * shade * (
            0.4 + 0.9 * near
        )
    _audience(light, rng, 2)
    return light.astype(np.float32)


def flowers(rng: np.random.Generator, width: int, height: int) -> Light:
    """A bouquet on the table, very near."""
    light = _fill(width, height, (0.42, 0.46, 0.4), (0.3, 0.26, 0.2))
    _bokeh(light, rng, 26, (0, 0.9), ((1, 0.9, 0.7), (0.7, 0.85, 0.6), (1, 0.75, 0.7)))
    light = cv2.GaussianBlur(light, (0, 0), 7)
    tones = ((1, 0.5, 0.52), (1, 0.78, 0.7), (0.95, 0.9, 0.84), (0.86, 0.3, 0.36))
    for near in np.linspace(0.25, 1, 9):
        cx, cy = width * rng.uniform(0.15, 0.85), height * rng.uniform(0.3, 0.8)
        tone = np.array(tones[rng.integers(4)], np.float32)
        for ring in (1.0, 0.74, 0.5, 0.28):
            for a in np.linspace(0, 2 * np.pi, 8)[:-1] + rng.random():
                r = width * 0.085 * near * ring
                px, py = cx + np.cos(a) * r * 0.9, cy + np.sin(a) * r * 0.8
                petal = _mask(
                    width,
                    height,
                    lambda d, px=px, py=py, r=r: d.ellipse((px - r, py - r * 0.8, px + r, py + r * 0.8), fill=255),
                    1.5 + 9 * (1 - near),
                )[..., None]
                light = light * (1 - petal * 0.85) + petal * tone * (0.42 + 0.5 * ring * rng.uniform(0.8, 1.1)) * 0.85
    return light


SCENES: tuple[Scene, ...] = (
    stage_talk,
    dinner,
    concert,
    gallery,
    skyline,
    confetti,
    stage_talk,
    lanterns,
    mountains,
    flowers,
    concert,
)
