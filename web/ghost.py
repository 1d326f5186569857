"""The mean colour of a placeholder, so that a photo's place is never an empty hole, even before any script runs."""

from __future__ import annotations

import base64
import binascii

NEUTRAL = "#8a857d"


def colour(placeholder: str) -> str:
    """ThumbHash (base64) → #rrggbb; a neutral one when it is none."""
    try:
        head = int.from_bytes(base64.b64decode(placeholder, validate=True)[:3], "little")
    except binascii.Error:
        return NEUTRAL
    if not head:
        return NEUTRAL
    light, yellow, red = (head & 63) / 63, (head >> 6 & 63) / 31.5 - 1, (head >> 12 & 63) / 31.5 - 1
    b = light - 2 / 3 * yellow
    r = (3 * light - b + red) / 2
    return "#" + "".join(f"{round(255 * min(max(c, 0.0), 1.0)):02x}" for c in (r, r - red, b))
