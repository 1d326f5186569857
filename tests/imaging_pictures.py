"""Pictures for tests of the renderer, made from nothing: scenes, profiles, and files that are broken on purpose."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Rgb = npt.NDArray[np.uint8]

# rows: red, green, blue; X, Y, Z at D50
PRIMARIES = {
    "srgb": [[0.4360747, 0.2225045, 0.0139322], [0.3850649, 0.7168786, 0.0971045], [0.1430804, 0.0606169, 0.7141733]],
    "adobe": [[0.6097559, 0.3111242, 0.0194811], [0.2052401, 0.6256560, 0.0608902], [0.1492240, 0.0632197, 0.7448387]],
    "p3": [[0.5151187, 0.2411821, -0.0010505], [0.2919778, 0.6922441, 0.0418782], [0.1571035, 0.0665738, 0.7840713]],
    "prophoto": [[0.7976749, 0.2880402, 0.0], [0.1351917, 0.7118741, 0.0], [0.0313534, 0.0000857, 0.8252100]],
}
GAMMA = {"adobe": 563 / 256, "prophoto": 1.8}


def scene(width: int = 900, height: int = 600, *, seed: int = 1) -> Rgb:
    """A soft colourful picture in which no turn or mirror image looks like another: red is top left, green top right,
    blue bottom left, grey bottom right.
    """
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    corners = np.array([[[190, 60, 50], [70, 160, 80]], [[60, 80, 180], [150, 150, 150]]], float)
    top = corners[0, 0] * (1 - x[..., None]) + corners[0, 1] * x[..., None]
    low = corners[1, 0] * (1 - x[..., None]) + corners[1, 1] * x[..., None]
    mixed = top * (1 - y[..., None]) + low * y[..., None]
    mixed += np.random.default_rng(seed).normal(0, 1.5, mixed.shape)
    image = Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    short = min(width, height)
    draw.rectangle((width // 3, height // 3, width // 3 + short // 6, height // 3 + short // 6), fill=(250, 248, 240))
    draw.ellipse((width // 2, height // 2, width // 2 + short // 5, height // 2 + short // 5), fill=(25, 22, 28))
    return np.array(image)


def busy(width: int = 1920, height: int = 1280, *, grain: float = 30, seed: int = 1) -> Rgb:
    """Confetti over leaves, seen by a sensor that is too small: hard for every encoder. `grain` in levels of 255."""
    picture = scene(width, height, seed=seed)
    random = np.random.default_rng(seed)
    for _ in range(width * height // 600):
        x, y, size = int(random.integers(width)), int(random.integers(height)), int(random.integers(3, 30))
        colour = [int(level) for level in random.integers(0, 256, 3)]
        cv2.ellipse(
            picture, (x, y), (size, max(1, size // 3)), int(random.integers(180)), 0, 360, colour, -1, cv2.LINE_AA
        )
    return np.clip(picture + random.normal(0, grain, picture.shape), 0, 255).astype(np.uint8)


def jpeg(rgb: Rgb, *, quality: int = 95, **options: object) -> bytes:
    return saved(Image.fromarray(rgb), "JPEG", quality=quality, **options)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def pixels(made: bytes) -> Rgb:
    """What a viewer that knows no profile and no orientation shows."""
    return np.array(Image.open(io.BytesIO(made)).convert("RGB"))


def exif(orientation: int = 1, **tags: object) -> bytes:
    """EXIF as a camera writes it; names of PIL.ExifTags, text as bytes, plus a place, a serial number, an owner."""
    block = Image.Exif()
    block[0x0112] = orientation
    for number, value in ((0x013B, tags.get("artist")), (0x8298, tags.get("copyright")), (0x0110, tags.get("model"))):
        if value is not None:
            block[number] = value
    shot = block.get_ifd(0x8769)
    for number, name in ((0x9003, "shot"), (0x9011, "offset"), (0x9291, "subsec"), (0xA002, "wide"), (0xA003, "high")):
        if name in tags:
            shot[number] = tags[name]
    shot[0xA430], shot[0xA431] = "Secret Owner", "SERIAL-4711"
    place = block.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (31.0, 14.0, 7.0), "E", (121.0, 28.0, 9.0)
    if "interop" in tags:
        shot[0xA005] = {1: tags["interop"]}
    return block.tobytes()


def profile(name: str) -> bytes:
    """A matrix profile, as cameras and phones embed it."""
    curve = struct.pack(">4sIIH2x", b"curv", 0, 1, round(GAMMA[name] * 256)) if name in GAMMA else _srgb_curve()
    tags = {key: _xyz(row) for key, row in zip((b"rXYZ", b"gXYZ", b"bXYZ"), PRIMARIES[name], strict=True)}
    tags |= {b"wtpt": _xyz([0.9642, 1.0, 0.8249]), b"cprt": struct.pack(">4sI4s", b"text", 0, b"cc0\0")}
    tags |= {b"desc": struct.pack(">4sII5s79x", b"desc", 0, 5, b"test\0")}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for key, content in tags.items():
        padded = content + b"\0" * (-len(content) % 4)
        table += struct.pack(">4sII", key, offset + len(body), len(content))
        body += padded
    head = struct.pack(">I4sI4s4s4s", offset + len(body), b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + _xyz([0.9642, 1.0, 0.8249])[8:]
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _xyz(values: list[float]) -> bytes:
    return struct.pack(">4sI3i", b"XYZ ", 0, *(round(value * 65536) for value in values))


def _srgb_curve() -> bytes:
    numbers = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return struct.pack(">4sIHH5i", b"para", 0, 3, 0, *(round(number * 65536) for number in numbers))


def in_profile(rgb: Rgb, name: str) -> Rgb:
    """The sRGB pixels as they are stored in a file of that profile."""
    encoded = rgb.astype(np.float64) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    other = linear @ np.array(PRIMARIES["srgb"]) @ np.linalg.inv(np.array(PRIMARIES[name]))
    other = np.clip(other, 0, 1)
    if name in GAMMA:
        stored = other ** (1 / GAMMA[name])
    else:
        stored = np.where(other <= 0.0031308, other * 12.92, 1.055 * other ** (1 / 2.4) - 0.055)
    return np.rint(stored * 255).astype(np.uint8)


def stored_turned(rgb: Rgb, orientation: int) -> Rgb:
    """How a camera stores an upright scene under that EXIF orientation."""
    turned = {
        1: rgb,
        2: rgb[:, ::-1],
        3: rgb[::-1, ::-1],
        4: rgb[::-1],
        5: rgb.transpose(1, 0, 2),
        6: np.rot90(rgb, 1),
        7: rgb[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(rgb, 3),
    }[orientation]
    return np.ascontiguousarray(turned)


# --- broken on purpose --------------------------------------------------------------------------------------------


def scan_bomb(scans: int = 3000, *, edge: int = 512) -> bytes:
    """A small progressive JPEG whose last scan is repeated: every decoder works through all of them."""
    made = jpeg(np.full((edge, edge, 3), 127, np.uint8), progressive=True)
    last = made.rfind(b"\xff\xda")
    before = made.rfind(b"\xff\xc4", 0, last)
    assert before < last
    return made[:last] + made[last:-2] * scans + b"\xff\xd9"


def jpeg_claiming(width: int, height: int) -> bytes:
    made = bytearray(jpeg(scene(64, 48)))
    frame = made.find(b"\xff\xc0")
    made[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(made)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG that is nothing but a header."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


def raw_file(preview: bytes, *, orientation: int = 1, thumbnail: bytes = b"") -> bytes:
    """A TIFF that says it is a DNG: a directory, a thumbnail, noise, and the camera's JPEG in the middle of it."""
    noise = np.random.default_rng(5).integers(0, 256, 60_000, np.uint8).tobytes()
    entries = [
        struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0),
        struct.pack("<HHI4B", 0xC612, 1, 4, 1, 4, 0, 0),
    ]
    head = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return head + thumbnail + noise + preview + noise


def png_deep_grey(levels: npt.NDArray[np.uint16]) -> bytes:
    return saved(Image.fromarray(levels), "PNG")


def png_frame(width: int = 600, height: int = 400, *, band: int = 60) -> bytes:
    """Sponsor art: four bands of different colours, corners of a fifth, nothing in the middle."""
    image = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width, band - 1), fill=(200, 0, 0, 255))
    draw.rectangle((0, height - band, width, height), fill=(0, 0, 200, 255))
    draw.rectangle((0, 0, band - 1, height), fill=(0, 160, 0, 255))
    draw.rectangle((width - band, 0, width, height), fill=(200, 160, 0, 255))
    for x in (0, width - band):
        for y in (0, height - band):
            draw.rectangle((x, y, x + band - 1, y + band - 1), fill=(120, 0, 120, 255))
    return saved(image, "PNG")


def png_logo(colour: str = "#00C8DC", width: int = 300, height: int = 100) -> bytes:
    image = Image.new("RGBA", (width, height))
    ImageDraw.Draw(image).ellipse((0, 0, width - 1, height - 1), fill=colour)
    return saved(image, "PNG")


def with_face(picture: np.ndarray, at: tuple[int, int], size: int) -> np.ndarray:
    """A drawn face, about `size` px high, in the middle of `at`; detectors take it for one."""
    made, scale = picture.copy(), size / 220

    def oval(centre: tuple[float, float], axes: tuple[float, float], colour: tuple[int, int, int]) -> None:
        where = (round(at[0] + centre[0] * scale), round(at[1] + centre[1] * scale))
        half = (max(1, round(axes[0] * scale)), max(1, round(axes[1] * scale)))
        cv2.ellipse(made, where, half, 0, 0, 360, colour, -1, cv2.LINE_AA)

    oval((0, -30), (95, 110), (50, 35, 25))
    oval((0, 10), (75, 100), (225, 180, 155))
    for side in (-1, 1):
        oval((side * 32, -15), (17, 9), (250, 250, 250))
        oval((side * 32, -15), (8, 8), (60, 40, 30))
        oval((side * 32, -38), (22, 5), (60, 40, 30))
        oval((side * 8, 36), (4, 3), (120, 70, 60))
    oval((0, 20), (10, 22), (205, 155, 130))
    oval((0, 66), (28, 9), (180, 80, 80))
    return cv2.GaussianBlur(made, (0, 0), 1.2)
