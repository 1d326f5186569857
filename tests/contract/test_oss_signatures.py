"""V4 signatures against answers that are not ours: Alibaba's SDK tests, oss2's signer, the CDN's published example."""

from __future__ import annotations

from calendar import timegm
from dataclasses import dataclass, replace
from time import strptime

import oss2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss2.http import Request

from backend import clock
from backend.storage.oss import Cdn, cdn_url
from backend.storage.oss_v4 import V4, Credentials
from launch.sandbox.oss.grants import Grant, KeyRing
from launch.sandbox.oss.signatures import identify
from launch.sandbox.oss.wire import Ask, Refusal

KEY = "1234+-/123/1.txt"
QUERY = {"param1": "value1", "+param1": "value3", "|param1": "value4", "+param2": "", "|param2": "", "param2": ""}
HEADERS = {"x-oss-head1": "value", "abc": "value", "ZAbc": "value", "XYZ": "value", "content-type": "text/plain"}


@dataclass(frozen=True)
class Known:
    """From the tests of Alibaba's Python SDK v2: PUT bucket/KEY, access key `ak`, secret `sk`, cn-hangzhou."""

    at_s: int
    signature: str
    token: str = ""
    additional: tuple[str, ...] = ()


KNOWN = [
    Known(1702743657, "e21d18daa82167720f9b1047ae7e7f1ce7cb77a31e8203a7d5f4624fa0284afe"),
    Known(1702784856, "b94a3f999cf85bcdc00d332fbd3734ba03e48382c36fa4d5af5df817395bd9ea", token="token"),
    Known(1702747512, "4a4183c187c07c8947db7620deb0a6b38d9fbdd34187b6dbaccb316fa251212f", additional=("abc", "ZAbc")),
]
KNOWN_URL = Known(1702781677, "a39966c61718be0d5b14e668088b3fa07601033f6518ac7b523100014269c0fe")


def request(headers: dict[str, str] | None = None) -> Request:
    return Request(
        "PUT",
        "http://bucket.example",
        params=dict(QUERY),
        headers=headers or dict(HEADERS),
        region="cn-hangzhou",
        product="oss",
    )


def ring(token: str = "") -> KeyRing:
    keys = KeyRing("ak", "sk")
    keys._grants["ak"] = Grant("ak", "sk", token)
    return keys


@pytest.fixture
def at(monkeypatch):
    return lambda second: monkeypatch.setattr(clock, "now_ms", lambda: second * 1000)


@pytest.mark.parametrize("known", KNOWN)
def test_our_header_signatures_are_the_known_ones(known: Known, at) -> None:
    at(known.at_s)
    asked = request()
    V4(lambda: Credentials("ak", "sk", known.token))._sign_request(asked, "bucket", KEY, known.additional)
    assert f"Signature={known.signature}" in asked.headers["authorization"]


def test_our_url_signature_is_the_known_one(at) -> None:
    at(KNOWN_URL.at_s)
    asked = request(HEADERS | {"content-type": "application/octet-stream"})
    url = V4(lambda: Credentials("ak", "sk"))._sign_url(asked, "bucket", KEY, 599)
    assert url.endswith(f"&x-oss-signature={KNOWN_URL.signature}")


@pytest.mark.parametrize("known", KNOWN)
def test_the_sandbox_accepts_the_known_signatures_and_no_other(known: Known, at) -> None:
    at(known.at_s)
    asked = request()
    V4(lambda: Credentials("ak", "sk", known.token))._sign_request(asked, "bucket", KEY, known.additional)
    seen = Ask("PUT", "bucket", KEY, dict(QUERY), {name.lower(): str(v) for name, v in asked.headers.items()}, b"")
    assert identify(seen, ring(known.token), "cn-hangzhou", known.at_s).access_key_id == "ak"
    for changed in (
        replace(seen, method="POST"),
        replace(seen, key=KEY + "x"),
        replace(seen, bucket="bucket2"),
        replace(seen, query=QUERY | {"param2": "1"}),
        replace(seen, headers=seen.headers | {"content-type": "text/html"}),
        replace(seen, headers=seen.headers | {"x-oss-head1": "other"}),
        replace(
            seen,
            headers=seen.headers
            | {"authorization": seen.headers["authorization"].replace("=" + known.signature[:4], "=0000")},
        ),
    ):
        assert changed != seen
        with pytest.raises(Refusal) as caught:
            identify(changed, ring(known.token), "cn-hangzhou", known.at_s)
        assert caught.value.code == "SignatureDoesNotMatch"
    other = replace(seen, headers=seen.headers | {"abc": "other"})
    if known.additional:
        with pytest.raises(Refusal):
            identify(other, ring(known.token), "cn-hangzhou", known.at_s)
    else:
        identify(other, ring(known.token), "cn-hangzhou", known.at_s)


def test_the_sandbox_accepts_the_known_url_until_it_expires() -> None:
    query = QUERY | {
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": "ak/20231217/cn-hangzhou/oss/aliyun_v4_request",
        "x-oss-date": "20231217T025437Z",
        "x-oss-expires": "599",
        "x-oss-signature": KNOWN_URL.signature,
    }
    headers = {name.lower(): value for name, value in HEADERS.items()} | {"content-type": "application/octet-stream"}
    seen = Ask("PUT", "bucket", KEY, query, headers, b"")
    identify(seen, ring(), "cn-hangzhou", KNOWN_URL.at_s + 599)
    with pytest.raises(Refusal) as caught:
        identify(seen, ring(), "cn-hangzhou", KNOWN_URL.at_s + 600)
    assert (caught.value.code, caught.value.message) == ("AccessDenied", "Request has expired.")
    for name, value in (("x-oss-expires", "600"), ("x-oss-date", "20231217T025438Z")):
        with pytest.raises(Refusal) as caught:
            identify(replace(seen, query=query | {name: value}), ring(), "cn-hangzhou", KNOWN_URL.at_s)
        assert caught.value.code == "SignatureDoesNotMatch"
    with pytest.raises(Refusal) as caught:
        identify(seen, ring(), "cn-beijing", KNOWN_URL.at_s)
    assert caught.value.ec == "0002-00000226"


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
VALUE = st.text("abcXYZ 012-_.~/+%?&=;:", max_size=8)


@given(key=TEXT, query=st.dictionaries(TEXT, VALUE, max_size=4), name=VALUE, token=st.sampled_from(["", "to/k=en+"]))
def test_we_sign_as_oss2_does(key: str, query: dict[str, str], name: str, token: str) -> None:
    def asked() -> Request:
        headers = {"Content-Type": "image/jpeg", "x-oss-meta-a": name.strip()}
        return Request("GET", "http://x", params=dict(query), headers=headers, region="cn-hangzhou", product="oss")

    theirs, ours = asked(), asked()
    oss2.ProviderAuthV4(oss2.StaticCredentialsProvider("ak", "sk", token))._sign_request(theirs, "bucket", key)
    signer = V4(lambda: Credentials("ak", "sk", token))
    signer.now_s = lambda: _seconds(theirs.headers["x-oss-date"])  # the very second oss2 took
    signer._sign_request(ours, "bucket", key)
    assert ours.headers == theirs.headers


def _seconds(stamp: str) -> int:
    return timegm(strptime(stamp, "%Y%m%dT%H%M%SZ"))


def test_cdn_urls_are_the_published_example() -> None:
    cdn = Cdn("https://cdn.example/", "aliyuncdnexp1234")
    assert cdn_url(cdn, "video/standard/1K.html", 1444435200) == (
        "https://cdn.example/video/standard/1K.html?auth_key=1444435200-0-0-80cd3862d699b7118eed99103f2a3a4f"
    )
