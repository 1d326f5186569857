"""Pictures of organizers without what their makers' devices wrote into them: where, when, on which phone, by whom.

Logos are shown as they were uploaded. Only whole segments are left out; no pixel is touched, and what is no such
picture, or ends too early, stays as it is: whoever decodes it says so.
"""

from __future__ import annotations

import struct
from typing import Final

_KEPT: Final = {0xE0, 0xE2, 0xEE}  # JFIF, colour profile, Adobe's colour transform
_TOLD: Final = {b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"}
_WEBP_TOLD: Final = {b"EXIF", b"XMP "}
_WEBP_FLAGS: Final = 0b1100  # of VP8X: there is EXIF, there is XMP


def stripped(content: bytes) -> bytes:
    """The same picture; JPEG, PNG and WebP are understood, by their first bytes."""
    try:
        if content[:3] == b"\xff\xd8\xff":
            return _jpeg(content)
        if content[:8] == b"\x89PNG\r\n\x1a\n":
            return _png(content)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp(content)
    except (struct.error, IndexError):
        pass
    return content


def _jpeg(content: bytes) -> bytes:
    parts, at = [content[:2]], 2
    while content[at] == 0xFF and content[at + 1] != 0xDA:
        marker = content[at + 1]
        (length,) = struct.unpack_from(">H", content, at + 2)
        private = marker == 0xFE or (0xE0 <= marker <= 0xEF and marker not in _KEPT)
        if not private:
            parts.append(content[at : at + 2 + length])
        at += 2 + max(length, 2)
    end = content.rfind(b"\xff\xd9", at)  # behind it may be a second picture with its own words
    parts.append(content[at : end + 2 if end >= 0 else len(content)])
    return b"".join(parts)


def _png(content: bytes) -> bytes:
    parts, at, name = [content[:8]], 8, b""
    while at < len(content) and name != b"IEND":
        size, name = struct.unpack_from(">I4s", content, at)
        if name not in _TOLD:
            parts.append(content[at : at + 12 + size])
        at += 12 + size
    return b"".join(parts)


def _webp(content: bytes) -> bytes:
    parts, at = [], 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        part = bytearray(content[at : at + 8 + size + size % 2])
        if name == b"VP8X":
            part[8] &= ~_WEBP_FLAGS & 0xFF
        if name not in _WEBP_TOLD:
            parts.append(bytes(part))
        at += 8 + size + size % 2
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body
