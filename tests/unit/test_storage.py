"""Keys, names and settings of the stores; and what the local one leaves on the disk."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import clock
from backend.config import Settings
from backend.errors import BadInput, NotFound, Refused, Upstream
from backend.storage import GUEST_PREFIXES, attachment, original_key, rendition_key, source_key
from backend.storage.local import LocalStore
from backend.storage.local_disk import place
from backend.storage.local_urls import BlobUrls
from backend.storage.opening import open_store
from backend.storage.oss import OssStore

KEY = st.text(st.sampled_from("abAB01.-_/+%~ \\照é\x00\n"), min_size=1, max_size=30).filter(lambda k: k[0] not in "/\\")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "blobs", base_url="http://here", secret="s")


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


# ---- keys and names


def test_no_guest_prefix_opens_a_clean_picture() -> None:
    assert not original_key("e", "d").startswith(GUEST_PREFIXES)
    assert not source_key("e", "preview", "d").startswith(GUEST_PREFIXES)
    assert rendition_key("album", "d" * 64, "r" * 64, "salt", "view").startswith(GUEST_PREFIXES)


def test_a_salt_gives_another_key() -> None:
    assert rendition_key("a", "d", "r", "1", "view") != rendition_key("a", "d", "r", "2", "view")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a b.jpg", "a b.jpg"),
        ("年会.jpg", "__.jpg"),
        ('a"b\\c%d.jpg', "a_b_c_d.jpg"),
        ("a\r\nSet-Cookie: x", "a__Set-Cookie: x"),
    ],
)
def test_a_download_name_cannot_leave_its_header(name: str, plain: str) -> None:
    said = attachment(name)
    assert said.startswith(f'attachment; filename="{plain}"; filename*=')
    assert said.isascii()
    assert said.isprintable()


# ---- the disk


@given(st.sets(KEY, min_size=2, max_size=8))
def test_no_two_keys_share_a_file_and_none_leaves_the_root(keys: set[str]) -> None:
    root = Path("/root-of-blobs")
    places = {place(root, key) for key in keys}
    assert len(places) == len(keys)
    for one in places:
        assert one.is_relative_to(root)
        assert ".." not in one.parts
        assert not any(other in one.parents for other in places)  # no file where another needs a directory


def test_a_person_finds_their_picture(store: LocalStore, tmp_path: Path) -> None:
    store.put("r/album/1-view.jpg", b"1")
    assert files(tmp_path) == ["blobs/blobs/r+/album+/1-view.jpg"]


def test_a_segment_too_long_for_a_file_is_refused(store: LocalStore) -> None:
    store.put("x/" + "a" * 250, b"1")
    with pytest.raises(BadInput, match="250"):
        store.put("x/" + "a" * 251, b"1")


def test_the_same_bytes_are_not_written_again(store: LocalStore) -> None:
    store.put("r/1.jpg", b"1")
    before = store.path("r/1.jpg").stat()
    store.put("r/1.jpg", b"1")
    assert store.path("r/1.jpg").stat().st_ino == before.st_ino
    store.put("r/1.jpg", b"2")
    assert store.path("r/1.jpg").stat().st_ino != before.st_ino


def test_a_disk_that_takes_no_more_is_told_and_leaves_nothing(store: LocalStore, tmp_path: Path) -> None:
    store.put("r/1.jpg", b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(Upstream) as caught:
            store.put("r/1.jpg", os.urandom(1_000_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (caught.value.code, caught.value.permanent) == ("store_unreachable", False)
    assert files(tmp_path) == ["blobs/blobs/r+/1.jpg"]
    assert store.get("r/1.jpg") == b"old"


def test_what_a_crash_left_is_swept(store: LocalStore, tmp_path: Path, monkeypatch) -> None:
    store.put("r/1.jpg", b"1")
    upload_id = store.begin_upload("o/1", content_type="image/jpeg")
    (tmp_path / "blobs/scratch/half").write_bytes(b"half")
    (tmp_path / "blobs/uploads" / ("0" * 32)).mkdir()  # crashed before it had its card
    now = clock.now_ms()
    assert store.forget_uploads(60_000) == 0
    monkeypatch.setattr(clock, "now_ms", lambda: now + 120_000)
    assert store.forget_uploads(60_000) == 2
    assert files(tmp_path) == ["blobs/blobs/r+/1.jpg"]
    with pytest.raises(NotFound):
        store.parts("o/1", upload_id)
    assert list((tmp_path / "blobs/uploads").iterdir()) == []


# ---- URLs


def test_two_secrets_do_not_open_each_other() -> None:
    one, other = BlobUrls("http://h", "1"), BlobUrls("http://h", "2")
    asked = dict(pair.split("=") for pair in one.read("r/1", ttl=60, download_name=None).partition("?")[2].split("&"))
    assert one.check_read("r/1", asked) is None
    with pytest.raises(Refused):
        other.check_read("r/1", asked)


def test_the_fields_of_a_signature_cannot_be_shifted() -> None:
    """What one field ends with is never what the next begins with."""
    urls = BlobUrls("http://h", "1")
    signed = {
        urls._sign("read", "a", "1", ""),
        urls._sign("read", "a\n1", "", ""),
        urls._sign("read", "a", "1\n", ""),
        urls._sign("read", "a", "", "1"),
        urls._sign("part", "a", "1", ""),
    }
    assert len(signed) == 5


def test_a_store_without_a_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="secret"):
        LocalStore(tmp_path, base_url="http://h", secret="")


# ---- opening


def test_settings_choose_the_store(tmp_path: Path) -> None:
    assert isinstance(open_store(Settings(data_dir=tmp_path, secret_key="x")), LocalStore)
    oss = {
        "store": "oss",
        "oss_bucket": "kuaimen",
        "oss_region": "cn-hangzhou",
        "oss_endpoint": "img.example.com",
        "oss_cname": True,
        "oss_access_key_id": "id",
        "oss_access_key_secret": "secret",
    }
    remote = open_store(Settings(**oss))
    assert isinstance(remote, OssStore)
    assert remote.url("r/1.jpg", ttl=60).startswith("https://img.example.com/r/1.jpg?")
    remote.close()
    with_cdn = open_store(Settings(**oss, cdn_url="https://cdn.example.com", cdn_key="k"))
    assert with_cdn.url("r/1.jpg", ttl=60).startswith("https://cdn.example.com/r/1.jpg?auth_key=")


def test_settings_that_are_missing_are_named() -> None:
    with pytest.raises(ValueError, match=r"KUAIMEN_OSS_BUCKET, .*KUAIMEN_OSS_ACCESS_KEY_SECRET, KUAIMEN_CDN_KEY$"):
        open_store(Settings(store="oss", cdn_url="https://cdn.example.com"))
