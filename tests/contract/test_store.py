"""One contract for both stores: the local one behind Flask, OSS behind the sandbox that checks every signature."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from flask import Flask

from backend import clock
from backend.api import blobs
from backend.config import Settings
from backend.db import Database
from backend.errors import BadInput, Conflict, NotFound
from backend.http import show_errors
from backend.storage import MAX_URL_TTL, MIN_PART_BYTES, Part, Store
from backend.storage.local import LocalStore
from backend.storage.oss import OssStore, Place
from backend.storage.oss_v4 import Credentials
from launch.sandbox.oss import OssSandbox

PHOTO = b"\xff\xd8\xff" + os.urandom(300_000)
HOUR = 3600


@dataclass(frozen=True)
class Shop:
    """A store, a phone's plain HTTP client, and a clock that can be put forward."""

    store: Store
    phone: httpx.Client
    pass_time: Callable[[float], None]


@pytest.fixture(params=["local", pytest.param("oss", marks=pytest.mark.slow)])
def shop(request, tmp_path: Path, monkeypatch) -> Iterator[Shop]:
    # noon on the hour: what is equal within the hour must not depend on when the tests run
    started = clock.now_ms() // 86_400_000 * 86_400_000
    now = [started]
    monkeypatch.setattr(clock, "now_ms", lambda: now[0])

    def pass_time(seconds: float) -> None:
        now[0] += int(seconds * 1000)

    if request.param == "local":
        store = LocalStore(tmp_path, base_url="https://photos.example", secret="s3cret")
        app = Flask(__name__)
        app.register_blueprint(blobs.bp)
        app.extensions["stage"] = SimpleNamespace(store=store, settings=Settings(secret_key="x"))
        show_errors(app)
        with httpx.Client(transport=httpx.WSGITransport(app=app)) as phone:
            yield Shop(store, phone, pass_time)
        return
    with OssSandbox(tmp_path) as oss, httpx.Client(trust_env=False) as phone:
        account = oss.account
        place = Place(account.bucket, account.region, oss.url)
        remote = OssStore(place, lambda: Credentials(account.access_key_id, account.secret))
        yield Shop(remote, phone, pass_time)
        remote.close()


@pytest.fixture
def store(shop: Shop) -> Store:
    return shop.store


# ---- blobs


def test_what_was_put_is_there_until_it_is_deleted(store: Store) -> None:
    assert store.size("r/album/a.jpg") is None
    store.put("r/album/a.jpg", PHOTO)
    assert store.get("r/album/a.jpg") == PHOTO
    assert store.size("r/album/a.jpg") == len(PHOTO)
    store.delete("r/album/a.jpg")
    assert store.size("r/album/a.jpg") is None
    with pytest.raises(NotFound):
        store.get("r/album/a.jpg")
    store.delete("r/album/a.jpg")


def test_put_again_replaces(store: Store) -> None:
    store.put("x/report", b"one")
    store.put("x/report", b"two!")
    store.put("x/report", b"two!")
    assert (store.get("x/report"), store.size("x/report"), list(store.keys("x/"))) == (b"two!", 4, ["x/report"])


def test_an_empty_blob_is_a_blob(store: Store) -> None:
    store.put("x/empty", b"")
    assert (store.get("x/empty"), store.size("x/empty"), list(store.read("x/empty"))) == (b"", 0, [])


KEYS = [
    "a",
    "a/b",
    "a-b",
    "a/b/c",
    "../up",
    "a/../b",
    "a//b",
    "a/",
    ".hidden",
    "a+b c%20d",
    "照片/一.jpg",
    "a/B",
    "a~",
    "q?x=1#y",
]


def test_keys_may_be_anything_and_none_meets_another(store: Store, tmp_path: Path) -> None:
    for key in KEYS:
        store.put(key, key.encode())
    assert [store.get(key).decode() for key in KEYS] == KEYS
    assert list(store.keys("")) == sorted(KEYS, key=str.encode)
    assert list(store.keys("a/")) == sorted((k for k in KEYS if k.startswith("a/")), key=str.encode)
    assert list(store.keys("a/b")) == ["a/b", "a/b/c"]
    assert list(store.keys("照")) == ["照片/一.jpg"]
    assert list(store.keys("none/")) == []
    store.delete("a/b")
    assert (store.size("a/b"), store.get("a/b/c")) == (None, b"a/b/c")
    assert not (tmp_path.parent / "up").exists()


def test_listing_goes_beyond_one_page(store: Store) -> None:
    """OSS gives 1000 at most at once."""
    wanted = [f"f/{n:04d}" for n in range(1005)]
    for key in wanted:
        store.put(key, b"1")
    assert list(store.keys("f/")) == wanted


@pytest.mark.parametrize("key", ["", "/a", "\\a", "a" * 1024, "bad\ud800"])
def test_a_key_no_store_can_hold_is_refused(store: Store, key: str) -> None:
    with pytest.raises(BadInput):
        store.put(key, b"1")
    with pytest.raises(BadInput):
        store.url(key, ttl=60)


def test_read_gives_any_stretch(store: Store) -> None:
    store.put("o/e/1", PHOTO)
    n = len(PHOTO)
    for start, end in (
        (0, None),
        (0, 1),
        (5, 5),
        (1, 290_001),
        (n - 1, None),
        (n - 1, n + 50),
        (n, None),
        (n + 9, None),
    ):
        assert b"".join(store.read("o/e/1", start, end)) == PHOTO[start:end], (start, end)
    with pytest.raises(NotFound):
        next(store.read("o/e/2"))


def test_concurrent_put_of_one_key_leaves_one_of_them_whole(store: Store) -> None:
    versions = [bytes([n]) * 50_000 for n in range(8)]
    gate = threading.Barrier(8)

    def put(data: bytes) -> None:
        gate.wait()
        store.put("x/shared", data)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(put, data) for data in versions]:
            done.result()
    assert store.get("x/shared") in versions
    assert list(store.keys("x/")) == ["x/shared"]


# ---- URLs


def test_a_plain_client_reads_by_url(shop: Shop) -> None:
    shop.store.put("r/album/a.jpg", PHOTO)
    url = shop.store.url("r/album/a.jpg", ttl=600)
    answer = shop.phone.get(url)
    assert (answer.status_code, answer.content) == (200, PHOTO)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    part = shop.phone.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, PHOTO[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(PHOTO)}"
    again = shop.phone.get(url, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_url_is_equal_within_the_hour_and_lives_as_long_as_asked(shop: Shop) -> None:
    shop.store.put("r/a.jpg", b"1")
    first = shop.store.url("r/a.jpg", ttl=600)
    shop.pass_time(HOUR - 1)
    late = shop.store.url("r/a.jpg", ttl=600)
    assert late == first
    shop.pass_time(599)
    assert shop.phone.get(late).status_code == 200
    assert shop.store.url("r/a.jpg", ttl=600) != first
    shop.pass_time(3)
    over = shop.phone.get(late)
    assert over.status_code == 403
    assert "store_expired" in over.text or "Request has expired." in over.text


def test_a_url_opens_one_blob_for_reading_and_nothing_else(shop: Shop) -> None:
    shop.store.put("r/a.jpg", b"1")
    shop.store.put("r/b.jpg", b"2")
    url = shop.store.url("r/a.jpg", ttl=600)
    assert shop.phone.get(url.replace("a.jpg", "b.jpg")).status_code == 403
    assert shop.phone.get(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 403
    assert shop.phone.get(url.partition("?")[0]).status_code == 403
    assert shop.phone.put(url, content=b"mine").status_code == 403
    assert shop.phone.delete(url).status_code in (403, 405)
    assert shop.store.get("r/a.jpg") == b"1"


def test_the_expiry_is_signed(shop: Shop) -> None:
    shop.store.put("r/a.jpg", b"1")
    url = httpx.URL(shop.store.url("r/a.jpg", ttl=600))
    name = "e" if "e" in url.params else "x-oss-expires"
    later = url.copy_set_param(name, str(int(url.params[name]) + HOUR))
    assert shop.phone.get(url).status_code == 200
    assert shop.phone.get(later).status_code == 403


def test_a_deleted_blob_is_gone_at_once(shop: Shop) -> None:
    shop.store.put("r/a.jpg", b"1")
    url = shop.store.url("r/a.jpg", ttl=600)
    assert shop.phone.get(url).status_code == 200
    shop.store.delete("r/a.jpg")
    assert shop.phone.get(url).status_code == 404


def test_a_download_has_its_name(shop: Shop) -> None:
    shop.store.put("r/a.jpg", PHOTO)
    url = shop.store.url("r/a.jpg", ttl=600, download_name='年会 "1".jpg')
    answer = shop.phone.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"__ _1_.jpg\"; filename*=UTF-8''%E5%B9%B4%E4%BC%9A%20%221%22.jpg"
    )
    other = url.replace("B9%B4", "B9%B5").replace("B9%25B4", "B9%25B5")  # 年 is E5 B9 B4
    assert other != url
    assert shop.phone.get(other).status_code == 403


@pytest.mark.parametrize("ttl", [0, -1, MAX_URL_TTL + 1])
def test_a_lifetime_no_url_can_have_is_refused(store: Store, ttl: int) -> None:
    with pytest.raises(BadInput):
        store.url("r/a.jpg", ttl=ttl)
    with pytest.raises(BadInput):
        store.part_request("o/e/1", "0" * 32, 1, ttl=ttl)


# ---- uploads by parts

ORIGINAL = os.urandom(2 * MIN_PART_BYTES + 12_345)
PIECES = [ORIGINAL[n : n + MIN_PART_BYTES] for n in range(0, len(ORIGINAL), MIN_PART_BYTES)]


def send(shop: Shop, key: str, upload_id: str, number: int, piece: bytes) -> Part:
    asked = shop.store.part_request(key, upload_id, number, ttl=600)
    answer = shop.phone.request(asked.method, asked.url, headers=asked.headers, content=piece)
    assert answer.status_code == 200, answer.text
    return Part(number, len(piece), answer.headers["etag"].strip('"'))


def test_an_upload_by_parts_that_was_interrupted(shop: Shop) -> None:
    key, store = "o/event/digest", shop.store
    upload_id = store.begin_upload(key, content_type="image/jpeg")
    assert store.parts(key, upload_id) == []
    third = send(shop, key, upload_id, 3, PIECES[2])
    first = send(shop, key, upload_id, 1, PIECES[0])
    assert first.etag == hashlib.md5(PIECES[0], usedforsecurity=False).hexdigest().upper()
    assert store.parts(key, upload_id) == [first, third]  # resumed here, perhaps by another process
    second = send(shop, key, upload_id, 2, PIECES[1])
    assert store.size(key) is None
    store.finish_upload(key, upload_id, [first, second, third])
    assert store.get(key) == ORIGINAL
    store.finish_upload(key, upload_id, [first, second, third])  # the answer was lost: asked again
    with pytest.raises(NotFound):
        store.parts(key, upload_id)
    assert list(store.keys("")) == [key]


def test_a_part_sent_again_replaces(shop: Shop) -> None:
    upload_id = shop.store.begin_upload("o/e/1", content_type="image/jpeg")
    old = send(shop, "o/e/1", upload_id, 1, b"old bytes")
    new = send(shop, "o/e/1", upload_id, 1, b"new")
    assert shop.store.parts("o/e/1", upload_id) == [new]
    with pytest.raises(Conflict) as caught:
        shop.store.finish_upload("o/e/1", upload_id, [old])
    assert caught.value.code == "missing_parts"
    shop.store.finish_upload("o/e/1", upload_id, [new])
    assert shop.store.get("o/e/1") == b"new"


def test_finishing_with_the_wrong_parts_is_an_error(shop: Shop) -> None:
    store = shop.store
    upload_id = store.begin_upload("o/e/1", content_type="image/jpeg")
    small, last = send(shop, "o/e/1", upload_id, 1, b"small"), send(shop, "o/e/1", upload_id, 2, b"last")
    with pytest.raises(Conflict):
        store.finish_upload("o/e/1", upload_id, [small, Part(3, 5, small.etag)])
    with pytest.raises(Conflict):
        store.finish_upload("o/e/1", upload_id, [small, small])
    with pytest.raises(BadInput) as caught:
        store.finish_upload("o/e/1", upload_id, [last, small])
    assert caught.value.code == "bad_size"
    assert store.size("o/e/1") is None
    assert len(store.parts("o/e/1", upload_id)) == 2  # nothing was lost


def test_finishing_with_no_parts_is_an_error(store: Store) -> None:
    upload_id = store.begin_upload("o/e/1", content_type="image/jpeg")
    with pytest.raises(Conflict):
        store.finish_upload("o/e/1", upload_id, [])


def test_an_aborted_upload_is_gone(shop: Shop) -> None:
    store = shop.store
    upload_id = store.begin_upload("o/e/1", content_type="image/jpeg")
    part = send(shop, "o/e/1", upload_id, 1, b"1")
    store.abort_upload("o/e/1", upload_id)
    store.abort_upload("o/e/1", upload_id)
    with pytest.raises(NotFound):
        store.parts("o/e/1", upload_id)
    with pytest.raises(NotFound):
        store.finish_upload("o/e/1", upload_id, [part])
    asked = store.part_request("o/e/1", upload_id, 1, ttl=60)
    assert shop.phone.put(asked.url, content=b"1").status_code == 404


def test_an_upload_belongs_to_its_key(shop: Shop) -> None:
    store = shop.store
    upload_id = store.begin_upload("o/e/1", content_type="image/jpeg")
    part = send(shop, "o/e/1", upload_id, 1, b"1")
    for ask in (
        lambda: store.parts("o/e/2", upload_id),
        lambda: store.finish_upload("o/e/2", upload_id, [part]),
        lambda: store.parts("o/e/1", "../o/e/1"),
    ):
        with pytest.raises(NotFound):
            ask()
    store.abort_upload("o/e/2", upload_id)
    assert store.parts("o/e/1", upload_id) == [part]


def test_a_part_request_puts_one_part_and_nothing_else(shop: Shop) -> None:
    store = shop.store
    upload_id = store.begin_upload("o/e/1", content_type="image/jpeg")
    other = store.begin_upload("o/e/2", content_type="image/jpeg")
    url = store.part_request("o/e/1", upload_id, 1, ttl=600).url
    number = "part=1" if "part=1" in url else "partNumber=1"
    forged = [
        url.replace(number, number[:-1] + "2"),
        url.replace(upload_id, other),
        url.replace("o/e/1", "o/e/2"),
    ]
    assert len({url, *forged}) == 4
    assert [shop.phone.put(one, content=b"1").status_code for one in forged] == [403, 403, 403]
    assert shop.phone.get(url).status_code == 403
    shop.pass_time(601)
    assert shop.phone.put(url, content=b"1").status_code == 403
    assert store.parts("o/e/1", upload_id) == store.parts("o/e/2", other) == []


def test_two_who_finish_at_once_both_succeed(shop: Shop) -> None:
    store, key = shop.store, "o/e/1"
    upload_id = store.begin_upload(key, content_type="image/jpeg")
    parts = [send(shop, key, upload_id, n + 1, piece) for n, piece in enumerate(PIECES)]
    gate = threading.Barrier(4)

    def finish() -> None:
        gate.wait()
        store.finish_upload(key, upload_id, parts)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(finish) for _ in range(4)]:
            done.result()
    assert store.get(key) == ORIGINAL


def test_old_uploads_are_forgotten(shop: Shop) -> None:
    store = shop.store
    old = [store.begin_upload(f"o/e/{n}", content_type="image/jpeg") for n in range(3)]
    shop.pass_time(2 * HOUR)
    fresh = store.begin_upload("o/e/9", content_type="image/jpeg")
    assert store.forget_uploads(HOUR * 1000) == 3
    assert store.forget_uploads(HOUR * 1000) == 0
    assert store.parts("o/e/9", fresh) == []
    for n, upload_id in enumerate(old):
        with pytest.raises(NotFound):
            store.parts(f"o/e/{n}", upload_id)


def test_no_network_inside_a_transaction(store: Store, tmp_path: Path) -> None:
    """Whoever waits for the store while holding the database would stop everybody."""
    db = Database(f"sqlite:///{tmp_path / 'some.db'}", None)
    with db.reading():
        for ask in (
            lambda: store.put("a", b""),
            lambda: store.get("a"),
            lambda: next(store.read("a")),
            lambda: store.size("a"),
            lambda: store.delete("a"),
            lambda: next(store.keys("a")),
            lambda: store.begin_upload("a", content_type=""),
            lambda: store.parts("a", "u"),
            lambda: store.finish_upload("a", "u", [Part(1, 1, "")]),
            lambda: store.abort_upload("a", "u"),
            lambda: store.forget_uploads(0),
        ):
            with pytest.raises(AssertionError, match="transaction"):
                ask()
        assert store.url("a", ttl=60)
        assert store.part_request("a", "u", 1, ttl=60)
    db.engine.dispose()


def test_a_file_is_put_as_bytes_are(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "part.zip"
    path.write_bytes(PHOTO * 3)
    shop.store.put_file("x/album/part.zip", path, content_type="application/zip")
    assert shop.store.get("x/album/part.zip") == PHOTO * 3
    assert path.exists()
