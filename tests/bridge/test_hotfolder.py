"""Folders that others fill, by every way programs write files. The photographer's files are never touched."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from camera_bridge.bridge import Bridge
from camera_bridge.config import Config
from tests.bridge.conftest import picture
from tests.bridge.platform import FakePlatform

pytestmark = pytest.mark.slow


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def watching(settings: Config, start: Callable[[Config], Bridge], inbox: Path) -> Bridge:
    return start(replace(settings, inbox=(inbox,), ftp=None))


def arrived(platform: FakePlatform, *contents: bytes) -> None:
    wanted = {hashlib.sha256(one).hexdigest(): one for one in contents}
    platform.wait(lambda: platform.originals() == wanted)


def test_a_copied_file(watching: Bridge, inbox: Path, platform: FakePlatform) -> None:
    content = picture(1)
    (inbox / "a.jpg").write_bytes(content)
    arrived(platform, content)
    assert (inbox / "a.jpg").read_bytes() == content
    assert watching.state()["last"][0]["camera"] == "inbox"


def test_ten_slow_pieces_are_one_photo(watching: Bridge, inbox: Path, platform: FakePlatform) -> None:
    content = picture(2)
    step = len(content) // 10 + 1
    for at in range(0, len(content), step):
        with (inbox / "a.jpg").open("ab") as file:  # closed after every piece: each close is a false end
            file.write(content[at : at + step])
        time.sleep(0.12)
    arrived(platform, content)
    assert platform.calls["PUT /assets/…/preview"] == 1
    assert watching.state()["counts"]["received"] == 1


def test_a_temporary_name_that_is_renamed(watching: Bridge, inbox: Path, platform: FakePlatform) -> None:
    content = picture(3)
    (inbox / ".a.jpg.Xy12").write_bytes(content)
    (inbox / "b.jpg.part").write_bytes(picture(4))
    time.sleep(0.3)
    assert not platform.photos
    (inbox / ".a.jpg.Xy12").rename(inbox / "a.jpg")
    arrived(platform, content)


def test_a_file_moved_in_from_elsewhere(watching: Bridge, inbox: Path, platform: FakePlatform, tmp_path: Path) -> None:
    content = picture(5)
    (tmp_path / "elsewhere.jpg").write_bytes(content)
    (tmp_path / "elsewhere.jpg").rename(inbox / "a.jpg")
    folder = tmp_path / "session"
    folder.mkdir()
    (folder / "b.jpg").write_bytes(picture(6))
    shutil.move(folder, inbox / "session")
    arrived(platform, content, picture(6))
    assert {one["camera"] for one in watching.state()["last"]} == {"inbox", "session"}


def test_space_reserved_before_the_bytes_come(watching: Bridge, inbox: Path, platform: FakePlatform) -> None:
    content = picture(7)
    with (inbox / "a.jpg").open("wb") as file:
        file.truncate(len(content))
        file.flush()
        time.sleep(0.4)
        file.write(content[: len(content) // 2])
        file.flush()
        time.sleep(0.4)
        file.write(content[len(content) // 2 :])
    arrived(platform, content)


def test_an_edited_file_is_sent_again(watching: Bridge, inbox: Path, platform: FakePlatform) -> None:
    first, second = picture(8), picture(9)
    (inbox / "a.jpg").write_bytes(first)
    arrived(platform, first)
    temporary = inbox / "a.tmp"
    temporary.write_bytes(second)
    temporary.rename(inbox / "a.jpg")
    arrived(platform, first, second)


def test_a_restart_takes_nothing_twice(
    settings: Config, start: Callable[[Config], Bridge], inbox: Path, platform: FakePlatform
) -> None:
    config = replace(settings, inbox=(inbox,), ftp=None)
    (inbox / "a.jpg").write_bytes(picture(10))
    bridge = start(config)
    arrived(platform, picture(10))
    platform.wait(lambda: bridge.state()["safe_to_close"])
    bridge.stop()
    (inbox / "b.jpg").write_bytes(picture(11))
    again = start(config)
    arrived(platform, picture(10), picture(11))
    counts = again.state()["counts"]
    assert (counts["received"], counts["duplicates"]) == (2, 0)


def test_words_in_a_picture_name_wait_until_still_and_are_refused(
    watching: Bridge, inbox: Path, platform: FakePlatform
) -> None:
    (inbox / "a.jpg").write_bytes(b"words")
    platform.wait(lambda: watching.state()["counts"]["refused"] == 1)
    assert watching.state()["last"][0]["why"] == "not_a_picture"
    assert not platform.photos


def test_what_arrives_while_events_are_lost_is_found_by_the_rescan(
    watching: Bridge, inbox: Path, platform: FakePlatform
) -> None:
    assert watching.folder is not None
    observer = watching.folder._observer
    assert observer is not None
    observer.unschedule_all()
    (inbox / "a.jpg").write_bytes(picture(12))
    os.utime(inbox / "a.jpg")
    arrived(platform, picture(12))
