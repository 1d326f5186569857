"""The render job as it is usually written: Pillow, one step after the other, all at full size."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps


def render(source: bytes, frame: bytes, logo: bytes) -> list[bytes]:
    """Grey world, autocontrast, three enhancers, a 3-D table, unsharp mask, frame and logo, three sizes."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(source))).convert("RGB")
    pixels = np.asarray(image).astype(np.float32)
    means = pixels.mean((0, 1))
    pixels = np.clip(pixels * (means.mean() / means), 0, 255)
    image = ImageOps.autocontrast(Image.fromarray(pixels.astype(np.uint8)), cutoff=0.5)
    for enhance, amount in ((ImageEnhance.Brightness, 1.03), (ImageEnhance.Contrast, 1.05), (ImageEnhance.Color, 1.05)):
        image = enhance(image).enhance(amount)
    image = image.filter(ImageFilter.Color3DLUT.generate(33, lambda r, g, b: (r, g**1.02, b)))
    image = image.filter(ImageFilter.UnsharpMask(1, 60, 2))
    sheet = image.convert("RGBA")
    sheet.alpha_composite(Image.open(io.BytesIO(frame)).convert("RGBA").resize(sheet.size, Image.Resampling.LANCZOS))
    mark = Image.new("RGBA", sheet.size)
    mark.paste(Image.open(io.BytesIO(logo)).convert("RGBA"), (40, 40))
    branded = Image.alpha_composite(sheet, mark).convert("RGB")
    made = []
    for edge, quality in ((0, 90), (2048, 85), (480, 80)):
        copy = branded.copy()
        if edge:
            copy.thumbnail((edge, edge), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        copy.save(out, "JPEG", quality=quality)
        made.append(out.getvalue())
    return made
