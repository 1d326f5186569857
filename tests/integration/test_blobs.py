"""Blobs over HTTP: what a browser and a bridge may and may not do with a signed URL of the local store."""

from __future__ import annotations

import base64
import hashlib
import random
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from backend.api import blobs
from backend.config import Settings
from backend.errors import BadInput, NotFound
from backend.http import show_errors
from backend.storage import Part
from backend.storage.local import LocalStore
from backend.storage.local_urls import PartGrant

JPEG = b"\xff\xd8\xff\xe0" + random.Random(7).randbytes(200_000)  # the same in every process: ids are made of it
KIB = 1024


@dataclass(frozen=True)
class Desk:
    store: LocalStore
    app: Flask
    http: FlaskClient

    def url(self, key: str, **asked: object) -> str:
        return self.store.url(key, ttl=600, **asked).removeprefix("http://here")

    def part_url(self, upload_id: str, number: int = 1) -> str:
        return self.store.part_request("o/e/1", upload_id, number, ttl=600).url.removeprefix("http://here")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    store = LocalStore(tmp_path, base_url="http://here", secret="s3cret")
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 1000  # smaller than any part: the parts have a limit of their own
    app.register_blueprint(blobs.bp)
    app.extensions["stage"] = SimpleNamespace(store=store, settings=Settings(part_bytes=512 * KIB))
    show_errors(app)
    return Desk(store, app, app.test_client())


# ---- reading


def test_a_rendition_may_be_kept_for_ever_and_is_never_sniffed(desk: Desk) -> None:
    desk.store.put("r/album/1.jpg", JPEG)
    with desk.http.get(desk.url("r/album/1.jpg")) as answer:
        assert (answer.status_code, answer.data) == (200, JPEG)
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Content-Disposition"] == "inline"
        assert answer.headers["Accept-Ranges"] == "bytes"


def test_what_is_no_rendition_is_asked_for_again(desk: Desk) -> None:
    desk.store.put("x/e/poster.pdf", b"%PDF-1.7")
    with desk.http.get(desk.url("x/e/poster.pdf")) as answer:
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Content-Type"] == "application/pdf"
    with desk.http.get(desk.url("x/e/poster.pdf"), headers={"If-None-Match": answer.headers["ETag"]}) as again:
        assert (again.status_code, again.data) == (304, b"")
    desk.store.put("x/e/poster.pdf", b"%PDF-1.8")
    with desk.http.get(desk.url("x/e/poster.pdf"), headers={"If-None-Match": answer.headers["ETag"]}) as changed:
        assert (changed.status_code, changed.data) == (200, b"%PDF-1.8")


@pytest.mark.parametrize(
    ("asked", "status", "found"),
    [
        ("bytes=0-3", 206, JPEG[:4]),
        ("bytes=100-", 206, JPEG[100:]),
        ("bytes=-5", 206, JPEG[-5:]),
        ("bytes=999999-", 416, None),
    ],
)
def test_ranges(desk: Desk, asked: str, status: int, found: bytes | None) -> None:
    desk.store.put("o/e/1", JPEG)
    with desk.http.get(desk.url("o/e/1"), headers={"Range": asked}) as answer:
        assert answer.status_code == status
        if found is not None:
            assert answer.data == found
            assert answer.headers["Content-Length"] == str(len(found))


def test_head_tells_the_size(desk: Desk) -> None:
    desk.store.put("o/e/1", JPEG)
    with desk.http.head(desk.url("o/e/1")) as answer:
        assert (answer.status_code, answer.headers["Content-Length"], answer.data) == (200, str(len(JPEG)), b"")


@pytest.mark.parametrize(
    ("key", "data", "kind"),
    [
        ("o/e/1", JPEG, "image/jpeg"),
        ("s/e/retouched/1", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("o/e/2", b"\x00\x00\x00\x18ftypheic", "image/heic"),
        ("x/page.html", b"<script>alert(1)</script>", "application/octet-stream"),
        ("a/logo.svg", b"<svg onload='alert(1)'/>", "application/octet-stream"),
        ("o/e/3", b"<html><script>", "application/octet-stream"),
    ],
)
def test_a_browser_never_gets_something_to_run(desk: Desk, key: str, data: bytes, kind: str) -> None:
    desk.store.put(key, data)
    with desk.http.get(desk.url(key)) as answer:
        assert answer.headers["Content-Type"] == kind


def test_refusals_have_their_codes(desk: Desk) -> None:
    desk.store.put("r/1.jpg", JPEG)
    url = desk.url("r/1.jpg")
    for wrong in (
        url[:-1],
        "/blobs/r/1.jpg",
        "/blobs/r/1.jpg?e=9999999999&s=",
        "/blobs/r/1.jpg?e=x&s=é",
        url + "&n=x.exe",
    ):
        with desk.http.get(wrong) as answer:
            assert (answer.status_code, answer.json["code"]) == (403, "refused"), wrong
    with desk.http.get(desk.url("r/2.jpg")) as answer:
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_a_signature_for_writing_reads_nothing_and_the_other_way_round(desk: Desk) -> None:
    upload_id = desk.store.begin_upload("o/e/1", content_type="image/jpeg")
    desk.store.put("o/e/1", JPEG)
    with desk.http.get(desk.part_url(upload_id)) as answer:
        assert (answer.status_code, answer.json["code"]) == (403, "refused")
    with desk.http.put(desk.url("o/e/1"), data=b"1") as answer:
        assert (answer.status_code, answer.json["code"]) == (403, "refused")
    with desk.http.put(f"{desk.url('o/e/1')}&upload={upload_id}&part=1", data=b"1") as answer:
        assert (answer.status_code, answer.json["code"]) == (403, "refused")
    assert desk.store.parts("o/e/1", upload_id) == []


def test_another_store_serves_nothing_here(desk: Desk) -> None:
    desk.store.put("r/1.jpg", JPEG)
    url = desk.url("r/1.jpg")
    desk.app.extensions["stage"].store = object()
    with desk.http.get(url) as answer:
        assert answer.status_code == 404


# ---- parts


def md5_of(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def test_a_part_answers_its_md5(desk: Desk) -> None:
    upload_id = desk.store.begin_upload("o/e/1", content_type="image/jpeg")
    with desk.http.put(desk.part_url(upload_id), data=JPEG, headers={"Content-MD5": md5_of(JPEG)}) as answer:
        assert answer.status_code == 200
        etag = hashlib.md5(JPEG, usedforsecurity=False).hexdigest().upper()
        assert answer.headers["ETag"] == f'"{etag}"'
    assert desk.store.parts("o/e/1", upload_id) == [Part(1, len(JPEG), etag)]


def test_a_garbled_part_is_told_and_not_kept(desk: Desk) -> None:
    upload_id = desk.store.begin_upload("o/e/1", content_type="image/jpeg")
    with desk.http.put(desk.part_url(upload_id), data=JPEG, headers={"Content-MD5": md5_of(b"x")}) as answer:
        assert (answer.status_code, answer.json["code"]) == (400, "bad_digest")
    with desk.http.put(desk.part_url(upload_id), data=JPEG, headers={"Content-MD5": "no base64"}) as answer:
        assert (answer.status_code, answer.json["code"]) == (422, "bad_input")
    assert desk.store.parts("o/e/1", upload_id) == []


def test_a_part_that_ends_early_is_not_kept(desk: Desk) -> None:
    """Not every WSGI server tells that the client went away."""
    upload_id = desk.store.begin_upload("o/e/1", content_type="image/jpeg")
    with pytest.raises(BadInput) as caught:
        desk.store.receive_part("o/e/1", PartGrant(upload_id, 1), BytesIO(JPEG[:-1]), size=len(JPEG), md5=None)
    assert (caught.value.status, caught.value.code) == (400, "bad_digest")
    assert desk.store.parts("o/e/1", upload_id) == []


def test_a_part_tells_its_length_and_is_not_too_long(desk: Desk) -> None:
    upload_id = desk.store.begin_upload("o/e/1", content_type="image/jpeg")
    with desk.http.put(desk.part_url(upload_id), data=bytes(1024 * KIB)) as answer:
        assert answer.status_code == 200
    with desk.http.put(desk.part_url(upload_id), data=bytes(1024 * KIB + 1)) as answer:
        assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    with desk.http.put(desk.part_url(upload_id), data=JPEG, headers={"Transfer-Encoding": "chunked"}) as answer:
        assert (answer.status_code, answer.json["code"]) == (422, "bad_size")


def test_a_part_of_an_upload_that_is_gone(desk: Desk) -> None:
    upload_id = desk.store.begin_upload("o/e/1", content_type="image/jpeg")
    url = desk.part_url(upload_id)
    desk.store.abort_upload("o/e/1", upload_id)
    with desk.http.put(url, data=b"1") as answer:
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_a_part_goes_to_disk_and_not_into_memory(desk: Desk) -> None:
    class Endless:
        left = 32 * 1024 * KIB

        def read(self, size: int = -1) -> bytes:
            assert 0 < size <= 1024 * KIB
            given = min(size, self.left)
            self.left -= given
            return bytes(given)

    upload_id = desk.store.begin_upload("o/e/1", content_type="image/jpeg")
    grant = PartGrant(upload_id, 1)
    tracemalloc.start()
    desk.store.receive_part("o/e/1", grant, Endless(), size=Endless.left, md5=None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024 * KIB
    assert desk.store.parts("o/e/1", upload_id)[0].size == Endless.left


# ---- over a real socket


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, desk.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
def test_a_key_of_any_script_over_http(desk: Desk, address: str) -> None:
    key = "x/年会 2026/海报+1 100%.pdf"
    desk.store.put(key, b"%PDF-1.7")
    url = desk.store.url(key, ttl=60, download_name="海报.pdf").replace("http://here", address)
    answer = httpx.get(url, trust_env=False)
    assert (answer.status_code, answer.content) == (200, b"%PDF-1.7")
    assert answer.headers["content-disposition"].endswith("filename*=UTF-8''%E6%B5%B7%E6%8A%A5.pdf")


@pytest.mark.slow
def test_a_bridge_that_breaks_off_leaves_no_part(desk: Desk, address: str, tmp_path: Path) -> None:
    upload_id = desk.store.begin_upload("o/e/1", content_type="image/jpeg")
    connection = HTTPConnection(address.removeprefix("http://"), timeout=5)
    connection.putrequest("PUT", desk.part_url(upload_id))
    connection.putheader("Content-Length", "200000")
    connection.endheaders(JPEG[:100_000])
    connection.sock.shutdown(1)
    assert connection.getresponse().status == 400
    connection.close()
    assert desk.store.parts("o/e/1", upload_id) == []
    assert list((tmp_path / "scratch").iterdir()) == []
    with pytest.raises(NotFound):
        desk.store.get("o/e/1")
