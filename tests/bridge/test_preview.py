"""Where previews come from when the file is odd: a smaller copy inside, HEIC."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pi_heif
import pytest
from PIL import Image

from camera_bridge import preview, structure
from camera_bridge.preview import Wish


def with_copy(main: bytes, copy: bytes) -> bytes:
    """A JPEG with an MPF index that promises a second picture behind the first."""
    entries_at = 8 + 2 + 12 * 3 + 4
    size_of_segment = 2 + 4 + entries_at + 32
    base = 2 + 2 + 2 + 4  # where the index's offsets count from
    second_at = len(main) + 2 + size_of_segment - base
    rows = struct.pack("<HHI4s", 0xB000, 7, 4, b"0100") + struct.pack("<HHII", 0xB001, 4, 1, 2)
    rows += struct.pack("<HHII", 0xB002, 7, 32, entries_at)
    index = b"II*\0" + struct.pack("<IH", 8, 3) + rows + struct.pack("<I", 0)
    index += struct.pack("<IIIHH", 0x030000, len(main), 0, 0, 0) + struct.pack(
        "<IIIHH", 0x010002, len(copy), second_at, 0, 0
    )
    segment = b"\xff\xe2" + struct.pack(">H", size_of_segment) + b"MPF\0" + index
    return main[:2] + segment + main[2:] + copy


def plain(colour: str, size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


def test_the_cameras_own_copy_is_decoded_when_it_is_large_enough(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(with_copy(plain("red", (3000, 2000)), plain("blue", (1500, 1000))))
    assert structure.examine(file, "a.jpg").whole
    with Image.open(io.BytesIO(preview.from_file(file, Wish()))) as image:
        assert image.convert("RGB").getpixel((5, 5))[2] > 200, "blue: the copy"  # type: ignore[index]  # three bands
    with Image.open(io.BytesIO(preview.from_file(file, Wish(px=2400)))) as image:
        assert image.convert("RGB").getpixel((5, 5))[0] > 200, "red: the copy is too small"  # type: ignore[index]


def test_a_copy_that_shows_less_is_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(with_copy(plain("red", (3000, 2000)), plain("blue", (1440, 1080))))
    with Image.open(io.BytesIO(preview.from_file(file, Wish()))) as image:
        assert image.convert("RGB").getpixel((5, 5))[0] > 200  # type: ignore[index]  # three bands


def test_a_promised_copy_that_is_cut_makes_the_file_half(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(with_copy(plain("red", (300, 200)), plain("blue", (150, 100)))[:-20])
    assert structure.examine(file, "a.jpg").why == "cut"


@pytest.mark.skipif(not hasattr(pi_heif, "register_heif_opener"), reason="needs pi-heif")
def test_what_is_no_picture_inside_says_so(tmp_path: Path) -> None:
    file = tmp_path / "a.heic"
    file.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + b"\0" * 64)
    with pytest.raises(preview.NoPreview):
        preview.from_file(file, Wish())
