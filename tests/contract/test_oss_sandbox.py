"""The sandbox, asked by oss2 itself: it must refuse what OSS refuses, else tests against it prove nothing."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import fastcrc
import httpx
import oss2
import pytest
from oss2.models import PartInfo

from launch.sandbox.oss import OssSandbox

pytestmark = pytest.mark.slow
KIB = 1024


@pytest.fixture
def oss(tmp_path: Path) -> Iterator[OssSandbox]:
    with OssSandbox(tmp_path) as running:
        yield running


@pytest.fixture
def bucket(oss: OssSandbox) -> Iterator[oss2.Bucket]:
    auth = oss2.AuthV4("sandbox", "sandbox-secret")
    found = oss2.Bucket(auth, oss.url, "kuaimen", region="cn-hangzhou", connect_timeout=(3, 20))
    yield found
    found.session.session.close()


def refused(call) -> tuple[int, str]:
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        call()
    return caught.value.status, caught.value.code


def test_a_whole_object(bucket: oss2.Bucket) -> None:
    data = os.urandom(300 * KIB)
    done = bucket.put_object("a b/照+片.jpg", data, headers={"x-oss-meta-author": "li", "Cache-Control": "no-cache"})
    md5 = hashlib.md5(data, usedforsecurity=False)
    assert (done.status, done.etag, done.crc) == (200, md5.hexdigest().upper(), fastcrc.crc64.xz(data))
    found = bucket.get_object("a b/照+片.jpg")
    assert found.read() == data
    assert found.client_crc == found.server_crc
    assert found.headers["content-type"] == "image/jpeg"
    assert found.headers["cache-control"] == "no-cache"
    assert found.headers["x-oss-meta-author"] == "li"
    head = bucket.head_object("a b/照+片.jpg")
    assert (head.content_length, head.object_type, head.headers["content-length"]) == (
        len(data),
        "Normal",
        str(len(data)),
    )


def test_errors_are_shaped_as_oss2_reads_them(bucket: oss2.Bucket) -> None:
    with pytest.raises(oss2.exceptions.NoSuchKey) as caught:
        bucket.get_object("absent")
    assert (caught.value.ec, len(caught.value.request_id)) == ("0026-00000001", 24)
    assert caught.value.details["Key"] == "absent"
    with pytest.raises(oss2.exceptions.NoSuchKey):  # HEAD has no body: from the header
        bucket.head_object("absent")
    assert bucket.delete_object("absent").status == 204


def test_ranges(bucket: oss2.Bucket) -> None:
    bucket.put_object("r", b"0123456789")
    assert bucket.get_object("r", byte_range=(2, 4)).read() == b"234"
    assert bucket.get_object("r", byte_range=(7, None)).read() == b"789"
    assert bucket.get_object("r", byte_range=(None, 3)).read() == b"789"
    assert bucket.get_object("r", byte_range=(8, 99)).read() == b"89"
    whole = bucket.get_object("r", byte_range=(10, 12))
    assert (whole.status, whole.read()) == (200, b"0123456789")  # OSS's way
    standard = {"x-oss-range-behavior": "standard"}
    assert refused(lambda: bucket.get_object("r", byte_range=(10, 12), headers=standard)) == (416, "InvalidRange")


def test_conditions(bucket: oss2.Bucket) -> None:
    etag = bucket.put_object("c", b"1").etag
    with pytest.raises(oss2.exceptions.NotModified):
        bucket.get_object("c", headers={"If-None-Match": f'"{etag}"'})
    assert bucket.get_object("c", headers={"If-Match": etag}).read() == b"1"
    with pytest.raises(oss2.exceptions.PreconditionFailed):
        bucket.get_object("c", headers={"If-Match": "0" * 32})
    keep = {"x-oss-forbid-overwrite": "true"}
    assert refused(lambda: bucket.put_object("c", b"2", headers=keep)) == (409, "FileAlreadyExists")
    assert bucket.get_object("c").read() == b"1"


def test_a_digest_that_is_wrong(bucket: oss2.Bucket) -> None:
    right = base64.b64encode(hashlib.md5(b"data", usedforsecurity=False).digest()).decode()
    bucket.put_object("d", b"data", headers={"Content-MD5": right})
    assert refused(lambda: bucket.put_object("e", b"date", headers={"Content-MD5": right})) == (400, "InvalidDigest")
    assert not bucket.object_exists("e")


def test_copy_and_its_metadata(bucket: oss2.Bucket) -> None:
    bucket.put_object("src/照.jpg", b"1", headers={"x-oss-meta-a": "1"})
    bucket.copy_object("kuaimen", "src/照.jpg", "copy")
    assert bucket.head_object("copy").headers["x-oss-meta-a"] == "1"
    bucket.copy_object("kuaimen", "copy", "copy2", headers={"x-oss-metadata-directive": "REPLACE", "x-oss-meta-b": "2"})
    headers = bucket.head_object("copy2").headers
    assert ("x-oss-meta-a" in headers, headers["x-oss-meta-b"]) == (False, "2")
    assert refused(lambda: bucket.copy_object("kuaimen", "none", "x")) == (404, "NoSuchKey")


def test_listing(bucket: oss2.Bucket) -> None:
    keys = ["a", "a/1", "a/2", "b/c/1", "b/c/2", "b/d", "照/1", "z z+%"]
    for key in keys:
        bucket.put_object(key, b"1")
    assert [o.key for o in oss2.ObjectIteratorV2(bucket, max_keys=3)] == sorted(keys, key=str.encode)
    page = bucket.list_objects_v2(delimiter="/", max_keys=1000)
    assert ([o.key for o in page.object_list], page.prefix_list) == (["a", "z z+%"], ["a/", "b/", "照/"])
    assert [o.key for o in oss2.ObjectIteratorV2(bucket, delimiter="/", max_keys=1)] == [
        "a",
        "a/",
        "b/",
        "z z+%",
        "照/",
    ]
    page = bucket.list_objects_v2(prefix="b/", delimiter="/", start_after="b/c/")
    assert ([o.key for o in page.object_list], page.prefix_list) == (["b/d"], [])
    assert refused(lambda: bucket.list_objects_v2(max_keys=1001)) == (400, "InvalidArgument")
    assert refused(lambda: bucket.list_objects_v2(continuation_token="!")) == (400, "InvalidArgument")


def test_deleting_several(bucket: oss2.Bucket) -> None:
    for key in ("a", "b", "照"):
        bucket.put_object(key, b"1")
    assert bucket.batch_delete_objects(["a", "照", "none"]).deleted_keys == ["a", "照", "none"]
    assert [o.key for o in bucket.list_objects_v2().object_list] == ["b"]


def test_an_upload_by_parts(bucket: oss2.Bucket) -> None:
    pieces = [os.urandom(100 * KIB), os.urandom(100 * KIB), b"end"]
    upload_id = bucket.init_multipart_upload("m.jpg", headers={"x-oss-meta-a": "1"}).upload_id
    parts = [PartInfo(n + 1, bucket.upload_part("m.jpg", upload_id, n + 1, p).etag) for n, p in enumerate(pieces)]
    assert [p.part_number for p in oss2.PartIterator(bucket, "m.jpg", upload_id, max_parts=1)] == [1, 2, 3]
    assert [u.upload_id for u in oss2.MultipartUploadIterator(bucket)] == [upload_id]
    done = bucket.complete_multipart_upload("m.jpg", upload_id, parts)
    done.resp.read()
    assert done.crc == fastcrc.crc64.xz(b"".join(pieces))
    head = bucket.head_object("m.jpg")
    assert (head.object_type, head.etag[-2:], head.headers["x-oss-meta-a"]) == ("Multipart", "-3", "1")
    assert bucket.get_object("m.jpg").read() == b"".join(pieces)
    assert refused(lambda: bucket.complete_multipart_upload("m.jpg", upload_id, parts)) == (404, "NoSuchUpload")
    assert list(oss2.MultipartUploadIterator(bucket)) == []


def test_uploads_that_cannot_be_completed(bucket: oss2.Bucket) -> None:
    upload_id = bucket.init_multipart_upload("m").upload_id

    def complete(*parts: PartInfo) -> tuple[int, str]:
        return refused(lambda: bucket.complete_multipart_upload("m", upload_id, list(parts)))

    one, two = (PartInfo(n, bucket.upload_part("m", upload_id, n, b"x" * n).etag) for n in (1, 2))
    assert complete(one, two) == (400, "EntityTooSmall")
    assert complete(one, PartInfo(3, one.etag)) == (400, "InvalidPart")
    assert complete(PartInfo(1, two.etag)) == (400, "InvalidPart")
    assert complete(one, one) == (400, "InvalidPartOrder")
    assert complete() == (400, "MalformedXML")
    assert refused(lambda: bucket.upload_part("m", upload_id, 10_001, b"1")) == (400, "InvalidArgument")
    assert refused(lambda: bucket.upload_part("other", upload_id, 1, b"1")) == (404, "NoSuchUpload")
    assert bucket.abort_multipart_upload("m", upload_id).status == 204
    assert refused(lambda: bucket.abort_multipart_upload("m", upload_id)) == (404, "NoSuchUpload")


def test_resumable_upload_of_oss2(bucket: oss2.Bucket, tmp_path: Path) -> None:
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(350 * KIB))
    records = oss2.ResumableStore(root=str(tmp_path / "records"))
    oss2.resumable_upload(bucket, "big", str(path), store=records, multipart_threshold=1, part_size=100 * KIB)
    assert bucket.get_object("big").read() == path.read_bytes()


def test_only_version_4_is_accepted(oss: OssSandbox) -> None:
    for auth in (
        oss2.Auth("sandbox", "sandbox-secret"),
        oss2.AuthV2("sandbox", "sandbox-secret"),
        oss2.AnonymousAuth(),
    ):
        old = oss2.Bucket(auth, oss.url, "kuaimen", region="cn-hangzhou")
        assert refused(lambda b=old: b.get_object("a")) == (403, "AccessDenied")
        old.session.session.close()


def test_presigned_urls_sign_method_and_content_type(oss: OssSandbox, bucket: oss2.Bucket) -> None:
    def put(url: str, **headers: str) -> int:
        return httpx.put(url, content=b"1", headers=headers, trust_env=False).status_code

    typed = bucket.sign_url("PUT", "p", 60, headers={"Content-Type": "image/jpeg"}, slash_safe=True)
    plain = bucket.sign_url("PUT", "p", 60, slash_safe=True)
    assert [put(typed, **{"Content-Type": "image/jpeg"}), put(typed)] == [200, 403]
    assert [put(plain), put(plain, **{"Content-Type": "image/jpeg"}), put(plain, **{"Content-MD5": "x"})] == [
        200,
        403,
        403,
    ]
    url = bucket.sign_url("GET", "p", 60, slash_safe=True)
    assert httpx.get(url, trust_env=False).content == b"1"
    assert httpx.head(url, trust_env=False).status_code == 403
    oss.clock_offset_s = 62
    assert "Request has expired." in httpx.get(url, trust_env=False).text
    oss.clock_offset_s = -1000
    assert httpx.get(url, trust_env=False).status_code == 403
    oss.clock_offset_s = 0
    assert httpx.get(bucket.sign_url("GET", "p", 604_801), trust_env=False).status_code == 400


def test_objects_and_uploads_survive_a_restart(tmp_path: Path) -> None:
    def at(oss: OssSandbox) -> oss2.Bucket:
        return oss2.Bucket(oss2.AuthV4("sandbox", "sandbox-secret"), oss.url, "kuaimen", region="cn-hangzhou")

    with OssSandbox(tmp_path) as oss:
        bucket = at(oss)
        bucket.put_object("../a/照", b"1")
        upload_id = bucket.init_multipart_upload("m").upload_id
        etag = bucket.upload_part("m", upload_id, 1, b"part").etag
        bucket.session.session.close()
    with OssSandbox(tmp_path) as oss:
        bucket = at(oss)
        assert bucket.get_object("../a/照").read() == b"1"
        bucket.complete_multipart_upload("m", upload_id, [PartInfo(1, etag)]).resp.read()
        assert bucket.get_object("m").read() == b"part"
        bucket.session.session.close()
    assert all(path.parent == tmp_path for path in tmp_path.rglob("*"))


def test_http_as_it_comes(oss: OssSandbox, bucket: oss2.Bucket) -> None:
    bucket.put_object("chunked", iter([b"one ", b"two"]))  # no Content-Length
    assert bucket.get_object("chunked").read() == b"one two"
    url = bucket.sign_url("PUT", "expect", 60, slash_safe=True).removeprefix(oss.url)
    connection = HTTPConnection("127.0.0.1", int(oss.url.rpartition(":")[2]), timeout=5)
    connection.putrequest("PUT", url)
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, b"MissingContentLength" in answer.read()) == (411, True)
    connection.request("PUT", url, b"1", {"Expect": "100-continue"})
    assert connection.getresponse().status == 200
    connection.close()
    with socket.create_connection(("127.0.0.1", int(oss.url.rpartition(":")[2]))) as broken:
        broken.sendall(b"PUT /kuaimen/x HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
    assert bucket.get_object("chunked").read() == b"one two"  # still there
