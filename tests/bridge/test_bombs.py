"""Files made to keep a decoder busy get no preview, in milliseconds; the platform still hears of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from camera_bridge.preview import NoPreview, Stream, Wish, from_file
from tests.imaging_pictures import jpeg_claiming, scan_bomb

BOMBS = {"scans": scan_bomb(), "pixels": jpeg_claiming(65_000, 65_000)}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_while_it_arrives(name: str) -> None:
    stream = Stream(Wish())
    with pytest.raises(NoPreview):
        for start in range(0, len(BOMBS[name]), 65536):
            stream.feed(BOMBS[name][start : start + 65536])
        stream.picture()


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_as_a_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / "bomb.jpg"
    file.write_bytes(BOMBS[name])
    with pytest.raises(NoPreview):
        from_file(file, Wish())
