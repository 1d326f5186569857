"""What OssStore makes of a store that is slow, busy, gone, or refuses: one typed error each, or none at all."""

from __future__ import annotations

import gc
import logging
import os
import socket
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import oss2
import pytest

from backend import clock
from backend.errors import NotFound, Upstream
from backend.storage import MIN_PART_BYTES, Part, oss_calls
from backend.storage.oss import Cdn, OssStore, Place
from backend.storage.oss_calls import translated
from backend.storage.oss_v4 import Credentials
from launch.sandbox.oss import Account, OssSandbox

pytestmark = pytest.mark.slow
PHOTO = os.urandom(700_000)
Open = Callable[..., OssStore]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch) -> None:
    monkeypatch.setattr(oss_calls, "BACKOFF_MS", 20)


@pytest.fixture
def oss(tmp_path: Path) -> Iterator[OssSandbox]:
    with OssSandbox(tmp_path) as running:
        yield running


@pytest.fixture
def opened(oss: OssSandbox) -> Iterator[Open]:
    """Opens stores on the sandbox, with other keys, another place or a CDN if asked."""
    made: list[OssStore] = []

    def open_(
        access_key_id: str = "sandbox",
        secret: str = "sandbox-secret",
        token: str = "",
        *,
        bucket: str = "kuaimen",
        region: str = "cn-hangzhou",
        url: str = "",
    ) -> OssStore:
        place = Place(bucket, region, url or oss.url)
        made.append(OssStore(place, lambda: Credentials(access_key_id, secret, token)))
        return made[-1]

    yield open_
    for store in made:
        store.close()


@pytest.fixture
def store(opened: Open) -> OssStore:
    return opened()


def code_of(call: Callable[[], object]) -> tuple[str, bool]:
    with pytest.raises(Upstream) as caught:
        call()
    return caught.value.code, caught.value.permanent


# ---- refused


def test_wrong_keys_are_denied_for_good(opened: Open) -> None:
    for store in (
        opened(secret="wrong"),
        opened("unknown"),
        opened(token="stray"),
        opened(bucket="another"),
        opened(region="cn-beijing"),
    ):
        for call in (
            lambda s=store: s.put("r/a", b"1"),
            lambda s=store: s.size("r/a"),
            lambda s=store: next(s.keys("")),
        ):
            assert code_of(call) == ("store_denied", True)


def test_a_refusal_does_not_tell_secrets(opened: Open, caplog) -> None:
    caplog.set_level(logging.INFO)
    store = opened(secret="wrong-secret", token="")
    with pytest.raises(Upstream) as caught:
        store.put("r/a", b"1")
    said = (
        "".join(traceback.format_exception(caught.value))
        + caplog.text
        + repr(Credentials("id", "wrong-secret", "tok-en"))
        + repr(Cdn("u", "cdn-k"))
    )
    for secret in ("wrong-secret", "tok-en", "cdn-k", "aliyun_v4_request", "x-oss-date"):
        assert secret not in said
    assert "SignatureDoesNotMatch" in said


def test_an_expired_url_is_told_apart(oss: OssSandbox, store: OssStore) -> None:
    store.put("r/a.jpg", b"1")
    url = store.url("r/a.jpg", ttl=60)
    oss.clock_offset_s = 3 * 3600
    with pytest.raises(oss2.exceptions.OssError) as caught:
        store._bucket.get_object_with_url(url)
    found = translated(caught.value)
    assert (type(found), found.code, found.permanent) == (Upstream, "store_expired", True)


# ---- the clock


@pytest.mark.parametrize("ahead_s", [3600, -3600, 86_400])
def test_a_wrong_clock_is_corrected_by_the_stores(oss: OssSandbox, store: OssStore, ahead_s: int, caplog) -> None:
    oss.clock_offset_s = ahead_s
    store.put("r/a.jpg", PHOTO)
    assert store.get("r/a.jpg") == PHOTO
    assert len([r for r in caplog.records if "clock is wrong" in r.message]) == 1
    assert httpx.get(store.url("r/a.jpg", ttl=60), trust_env=False).status_code == 200
    upload_id = store.begin_upload("o/1", content_type="image/jpeg")
    asked = store.part_request("o/1", upload_id, 1, ttl=60)
    assert httpx.put(asked.url, content=b"1", trust_env=False).status_code == 200
    oss.clock_offset_s = 0  # somebody set ours right: followed again
    assert store.size("r/a.jpg") == len(PHOTO)


def test_a_clock_that_cannot_be_corrected_is_told(oss: OssSandbox, store: OssStore, monkeypatch) -> None:
    oss.clock_offset_s = 3600
    monkeypatch.setattr(oss, "now_s", lambda: 0.0)  # the Date of every answer is wrong, too
    assert code_of(lambda: store.put("r/a.jpg", b"1")) == ("store_clock", True)


# ---- trouble that passes


@pytest.mark.parametrize("kind", ["503", "drop", "lose", "cut", "flip"])
def test_trouble_that_passes_is_not_noticed(oss: OssSandbox, store: OssStore, kind: str) -> None:
    def trouble() -> None:
        oss.heal()  # an answer without a body cannot be cut: what was ordered and not used
        oss.fail_next(2, kind)

    trouble()
    store.put("r/a.jpg", PHOTO)
    trouble()
    assert store.get("r/a.jpg") == PHOTO
    trouble()
    assert store.size("r/a.jpg") == len(PHOTO)
    if kind != "flip":  # a flipped bit in a listing has no checksum
        trouble()
        assert list(store.keys("")) == ["r/a.jpg"]
    trouble()
    store.delete("r/a.jpg")
    oss.heal()
    assert store.size("r/a.jpg") is None


@pytest.mark.parametrize("kind", ["503", "drop"])
def test_trouble_that_stays_may_be_tried_again(oss: OssSandbox, store: OssStore, kind: str) -> None:
    oss.fail_next(3, kind)
    assert code_of(lambda: store.put("r/a.jpg", b"1")) == ("store_unreachable", False)
    assert store.size("r/a.jpg") is None
    store.put("r/a.jpg", b"1")


def test_nobody_listens(opened: Open) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        store = opened(url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert code_of(lambda: store.get("r/a.jpg")) == ("store_unreachable", False)


def test_a_store_that_says_nothing_is_given_up(oss: OssSandbox, store: OssStore) -> None:
    store._bucket.timeout = (0.2, 0.05)
    oss.latency_s = 0.2
    assert code_of(lambda: store.size("r/a.jpg")) == ("store_unreachable", False)


def test_a_damaged_upload_is_never_believed(oss: OssSandbox, store: OssStore) -> None:
    """The server's checksum tells what it got."""
    oss.fail_next(3, "flip")
    assert code_of(lambda: store.put("r/a.jpg", PHOTO)) == ("store_unreachable", False)


def test_a_damaged_download_is_never_believed(oss: OssSandbox, store: OssStore) -> None:
    store.put("r/a.jpg", PHOTO)
    oss.fail_next(3, "flip")
    assert code_of(lambda: store.get("r/a.jpg")) == ("store_unreachable", False)
    oss.fail_next(1, "flip")
    assert code_of(lambda: b"".join(store.read("r/a.jpg"))) == ("store_unreachable", False)


def test_reading_goes_on_where_the_connection_broke(oss: OssSandbox, store: OssStore) -> None:
    store.put("o/e/1", PHOTO)
    oss.fail_next(2, "cut")
    assert b"".join(store.read("o/e/1")) == PHOTO
    oss.fail_next(2, "cut")
    assert b"".join(store.read("o/e/1", 1000, 600_000)) == PHOTO[1000:600_000]
    oss.fail_next(3, "cut")
    assert code_of(lambda: b"".join(store.read("o/e/1"))) == ("store_unreachable", False)


@pytest.mark.parametrize("kind", ["503", "drop", "lose", "cut"])
def test_an_upload_is_finished_once_whatever_gets_lost(oss: OssSandbox, store: OssStore, kind: str) -> None:
    """«lose» is the cruel one: it is done, nobody says so, and asked again the upload is unknown."""
    oss.fail_next(1, kind)
    upload_id = store.begin_upload("o/e/1", content_type="image/jpeg")
    oss.heal()
    url = store.part_request("o/e/1", upload_id, 1, ttl=60).url
    etag = httpx.put(url, content=PHOTO, trust_env=False).headers["etag"]
    oss.fail_next(1, kind)
    assert len(store.parts("o/e/1", upload_id)) == 1
    oss.fail_next(1, kind)
    store.finish_upload("o/e/1", upload_id, [Part(1, len(PHOTO), etag)])
    assert store.get("o/e/1") == PHOTO
    oss.fail_next(1, kind)
    store.abort_upload("o/e/1", upload_id)


def test_an_upload_that_vanished_is_not_finished_by_another_blob(store: OssStore) -> None:
    store.put("o/e/1", b"something else")
    with pytest.raises(NotFound):
        store.finish_upload("o/e/1", "0" * 32, [Part(1, 1_000_000, "0" * 32)])


# ---- connections


def test_connections_are_used_again(oss: OssSandbox, store: OssStore) -> None:
    for n in range(10):
        key = f"o/e/{n}"
        store.put(key, b"1" * 5000)
        assert store.get(key)
        assert b"".join(store.read(key))
        assert b"".join(store.read(key, 1, 3)) == b"11"
        assert list(store.read(key, 9999)) == []
        assert store.size(key)
        assert store.size("absent") is None
        with pytest.raises(NotFound):
            store.get("absent")
        assert list(store.keys("o/"))
        upload_id = store.begin_upload("o/big", content_type="image/jpeg")
        store.parts("o/big", upload_id)
        store.abort_upload("o/big", upload_id)
        store.delete(key)
    assert oss.connections == 1
    upload_id = store.begin_upload("o/big", content_type="image/jpeg")
    url = store.part_request("o/big", upload_id, 1, ttl=60).url
    etag = httpx.put(url, content=b"1", trust_env=False).headers["etag"]
    store.finish_upload("o/big", upload_id, [Part(1, 1, etag)])
    assert store.get("o/big") == b"1"
    assert oss.connections == 2  # the second is httpx's


def test_a_reader_that_stops_early_costs_one_connection_at_most(oss: OssSandbox, store: OssStore) -> None:
    store.put("o/e/1", PHOTO)
    for _ in range(3):
        assert len(next(store.read("o/e/1"))) > 0
    gc.collect()
    assert store.size("o/e/1") == len(PHOTO)
    assert oss.connections <= 1 + 3


def test_our_requests_are_not_signed_by_somebodys_netrc(
    oss: OssSandbox, store: OssStore, tmp_path, monkeypatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    store.put("r/a.jpg", b"1")


# ---- temporary credentials


def bridge_policy(event_id: str) -> dict[str, object]:
    """Reference: what a camera bridge of one event may do."""
    return {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["oss:PutObject", "oss:AbortMultipartUpload", "oss:ListParts"],
                "Resource": [f"acs:oss:*:*:kuaimen/o/{event_id}/*"],
            },
            {
                "Effect": "Allow",
                "Action": ["oss:ListObjects"],
                "Resource": ["acs:oss:*:*:kuaimen"],
                "Condition": {"StringLike": {"oss:Prefix": [f"o/{event_id}/*"]}},
            },
        ],
    }


def test_temporary_credentials_open_their_own_prefix_only(oss: OssSandbox, opened: Open) -> None:
    grant = oss.issue(bridge_policy("E1"))
    store = opened(grant.access_key_id, grant.secret, grant.token)
    store.put("o/E1/photo", PHOTO)
    upload_id = store.begin_upload("o/E1/big", content_type="image/jpeg")
    asked = store.part_request("o/E1/big", upload_id, 1, ttl=60)
    etag = httpx.put(asked.url, content=PHOTO, trust_env=False).headers["etag"]
    assert store.parts("o/E1/big", upload_id) == [Part(1, len(PHOTO), etag.strip('"'))]
    store.finish_upload("o/E1/big", upload_id, [Part(1, len(PHOTO), etag)])
    assert list(store.keys("o/E1/")) == ["o/E1/big", "o/E1/photo"]
    for call in (
        lambda: store.put("o/E2/photo", b"1"),
        lambda: store.begin_upload("o/E2/big", content_type="image/jpeg"),
        lambda: store.get("o/E1/photo"),
        lambda: store.delete("o/E1/photo"),
        lambda: next(store.keys("o/")),
    ):
        assert code_of(call) == ("store_denied", True)
    foreign = store.part_request("o/E2/big", upload_id, 1, ttl=60)
    assert httpx.put(foreign.url, content=b"1", trust_env=False).status_code == 403


def test_temporary_credentials_end(oss: OssSandbox, opened: Open) -> None:
    grant = oss.issue(bridge_policy("E1"), ttl_s=900)
    store = opened(grant.access_key_id, grant.secret, grant.token)
    store.put("o/E1/photo", b"1")
    oss.clock_offset_s = 899
    store.put("o/E1/photo", b"1")
    oss.clock_offset_s = 900
    assert code_of(lambda: store.put("o/E1/photo", b"1")) == ("store_expired", True)


def test_credentials_are_renewed_between_two_calls(oss: OssSandbox) -> None:
    issued = []

    def renew() -> Credentials:
        grant = oss.issue(bridge_policy("E1"))
        issued.append(grant.access_key_id)
        return Credentials(grant.access_key_id, grant.secret, grant.token)

    store = OssStore(Place("kuaimen", "cn-hangzhou", oss.url), renew)
    store.put("o/E1/1", b"1")
    store.put("o/E1/2", b"2")
    store.close()
    assert len(set(issued)) == 2


# ---- addresses


def test_guests_get_the_bound_domain_and_we_use_the_internal_endpoint(tmp_path: Path) -> None:
    with OssSandbox(tmp_path, account=Account(domain="img.example.com")) as oss:
        place = Place("kuaimen", "cn-hangzhou", "https://img.example.com", cname=True, internal_endpoint=oss.url)
        store = OssStore(place, lambda: Credentials("sandbox", "sandbox-secret"))
        store.put("r/a b/照.jpg", PHOTO)
        url = store.url("r/a b/照.jpg", ttl=60)
        assert url.startswith("https://img.example.com/r/a%20b/%E7%85%A7.jpg?")
        upload_id = store.begin_upload("o/1", content_type="image/jpeg")
        part_url = store.part_request("o/1", upload_id, 1, ttl=60).url
        assert part_url.startswith("https://img.example.com/o/1?")
        here = httpx.Client(trust_env=False, headers={"Host": "img.example.com"})
        with here:
            at_home = [one.replace("https://img.example.com", oss.url) for one in (url, part_url)]
            assert here.get(at_home[0]).content == PHOTO
            assert here.put(at_home[1], content=b"1" * MIN_PART_BYTES).status_code == 200
        store.close()


def test_the_default_domain_begins_with_the_bucket(tmp_path: Path) -> None:
    with OssSandbox(tmp_path) as oss:
        place = Place("kuaimen", "cn-hangzhou", "oss-cn-hangzhou.aliyuncs.com", internal_endpoint=oss.url)
        store = OssStore(place, lambda: Credentials("sandbox", "sandbox-secret"))
        store.put("r/a.jpg", b"1")
        url = store.url("r/a.jpg", ttl=60)
        host = "https://kuaimen.oss-cn-hangzhou.aliyuncs.com"
        assert url.startswith(f"{host}/r/a.jpg?")  # https although nobody said so
        headers = {"Host": "kuaimen.oss-cn-hangzhou.aliyuncs.com"}
        assert httpx.get(url.replace(host, oss.url), headers=headers, trust_env=False).content == b"1"
        store.close()


def test_a_cdn_serves_guests_and_nobody_else(oss: OssSandbox, monkeypatch) -> None:
    monkeypatch.setattr(clock, "now_ms", lambda: 1_700_000_000_000)
    cdn = Cdn("https://cdn.example.com", "cdnkey0123456789")
    store = OssStore(Place("kuaimen", "cn-hangzhou", oss.url), lambda: Credentials("a", "b"), cdn=cdn)
    hour = 1_700_000_000 // 3600 * 3600
    seen = store.url("r/a/1.jpg", ttl=60)
    assert seen.startswith(f"https://cdn.example.com/r/a/1.jpg?auth_key={hour + 3660}-0-0-")
    monkeypatch.setattr(clock, "now_ms", lambda: (hour + 3599) * 1000)
    assert store.url("r/a/1.jpg", ttl=60) == seen
    for url in (store.url("o/e/1", ttl=60), store.url("r/a/1.jpg", ttl=60, download_name="1.jpg")):
        assert url.startswith(oss.url)
        assert "x-oss-signature=" in url
    store.close()
