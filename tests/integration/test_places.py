"""Where a photo was taken stays with the organizer: no byte a guest can fetch has it, whichever way it takes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from backend.context import Stage
from tests import imaging_pictures as pictures
from tests.bridge_client import BridgeClient
from tests.cast import Cast
from tests.conftest import FakeBell
from tests.integration.test_brand import Owner, ready
from tests.integration.test_exports import finished
from tests.integration.test_protection import guest
from workers import export as making

PRIVATE = {"exif": pictures.exif(1, artist=b"Li Lei"), "xmp": b"<x:xmpmeta>GPSLatitude 31,14N</x:xmpmeta>"}
SECRETS = (b"SERIAL-4711", b"Secret Owner", b"GPSLatitude", b"xmpmeta")
PHOTO = pictures.jpeg(pictures.scene(900, 600), **PRIVATE)
LOGO = pictures.jpeg(pictures.scene(240, 120, seed=4), **PRIVATE)


def looked_through(name: str, data: bytes) -> str:
    """The name, if the bytes are fine."""
    for secret in SECRETS:
        assert secret not in data, (name, secret)
    for start in re.finditer(rb"\xff\xd8\xff", data):  # every JPEG in it, in a PDF too
        try:
            image = Image.open(io.BytesIO(data[start.start() :]))
        except OSError:
            continue
        assert not image.getexif().get_ifd(0x8825), name
        assert not image.getexif().get_ifd(0x8769).get(0xA431), name
    return name


def everything(
    http: httpx.Client, alice: httpx.Client, cast: Cast, stage: Stage, bell: FakeBell
) -> Iterator[tuple[str, bytes]]:
    [photo] = http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]
    for kind, url in photo["urls"].items():
        if url:
            yield kind, http.get(url).content
    for _ in range(10):
        said = alice.get(f"/mp/v1/photos/{photo['id']}/download")
        bell.work(stage)
        if said.status_code == 200:
            break
    yield "full", alice.get(said.json()["url"]).content
    yield "card", http.get(f"/mp/v1/photos/{photo['id']}/card.jpg").content
    asked = alice.post(f"/mp/v1/albums/{cast.album.id}/exports", json={}).json()
    for part in finished(stage, bell, alice, asked["id"])["parts"]:
        with zipfile.ZipFile(io.BytesIO(alice.get(part["url"]).content)) as packed:
            for name in packed.namelist():
                yield f"zip/{name}", packed.read(name)
    screen = http.get(f"/screen/{cast.event.share_code}").text
    for number, url in enumerate(re.findall(r'src="([^"]*/?art[^"]*|[^"]*\.jpg[^"]*)"', screen)):
        yield f"screen/{number}", http.get(url.replace("&amp;", "&")).content


def test_no_guest_learns_where_a_photo_was_taken(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "LOOK_MS", 1)
    for secret in SECRETS:
        assert secret in PHOTO
        assert secret in LOGO
    owner = Owner(http)
    logo = ready(stage, bell, owner, "logo.jpg", LOGO)
    kit = owner.post("/brands", {"name": "kit", "layers": [{"art_key": logo, "size": 12}]}).json()["brand"]
    brand = {"watermark": True, "frame": True, "brand_id": kit["id"]}
    assert owner.post(f"/albums/{cast.album.id}/brand", brand).status_code == 200
    BridgeClient(http).shoot(PHOTO, pictures.jpeg(pictures.scene(1200, 800), **PRIVATE))
    bell.work(stage)
    seen = [looked_through(*one) for one in everything(http, guest(stage, "a"), cast, stage, bell)]
    assert {"view", "thumb", "full", "card"} <= set(seen)
    assert any(name.startswith("zip/kuaimen") for name in seen)
    assert any(name.startswith("screen/") for name in seen)
