"""«Mine» without faces: a slate, the frames after it, and filters by time and likes."""

from __future__ import annotations

import io
import time
from typing import Any

import httpx
from PIL import Image, ImageFilter
from sqlalchemy import update

from backend.context import Stage
from backend.models import Photo, PhotoState, Slate
from tests.bridge_client import BridgeClient
from tests.cast import Cast, jpeg, make_cast
from tests.conftest import FakeBell
from tests.integration.test_protection import guest

BEGUN = 1_700_000_000_000


def slate_frame(rows: list[str], noise: str) -> bytes:
    """A photographer's frame: somebody holds a phone with the code up, turned, not quite sharp."""
    code = Image.new("L", (len(rows) + 8, len(rows) + 8), 235)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark == "1":
                code.putpixel((x + 4, y + 4), 25)
    phone = code.resize((190, 190), Image.Resampling.NEAREST).rotate(11, expand=True, fillcolor=120)
    frame = Image.open(io.BytesIO(jpeg("teal", (1280, 853), words=noise))).convert("RGB")
    frame.paste(phone.convert("RGB"), (700, 380))
    out = io.BytesIO()
    frame.filter(ImageFilter.GaussianBlur(0.7)).save(out, "JPEG", quality=78)
    return out.getvalue()


class Camera:
    def __init__(self, stage: Stage, bell: FakeBell, http: httpx.Client, name: str = "cam1") -> None:
        self.stage, self.bell, self.bridge, self.name = stage, bell, BridgeClient(http), name

    def shoot(self, second: int, data: bytes | None = None) -> str:
        data = data or jpeg("red", (320, 240), words=f"{self.name}{second}")
        said = self.bridge.shoot(data, camera=self.name, shot_at=BEGUN + 1000 * second)
        self.bell.work(self.stage)
        return said["photo_id"]


def slate(client: httpx.Client, cast: Cast) -> dict[str, Any]:
    return client.post("/mp/v1/me/slate", json={"album_id": cast.album.id}).json()


def mine(client: httpx.Client, cast: Cast) -> list[str]:
    return [p["id"] for p in client.get(f"/mp/v1/albums/{cast.album.id}/mine").json()["photos"]]


def test_frames_between_two_slates_are_the_guests(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    alice, bob = guest(stage, "a"), guest(stage, "b")
    assert slate(alice, cast) == slate(alice, cast)
    one, two = Camera(stage, bell, http), Camera(stage, bell, http, "cam2")
    one.shoot(1)
    frame = one.shoot(10, slate_frame(slate(alice, cast)["rows"], "a"))
    began = time.monotonic()
    first = one.shoot(11)
    assert mine(alice, cast) == [first]
    assert time.monotonic() - began < 20, "with each arrival, not with a timer"
    two.shoot(12)
    one.shoot(20, slate_frame(slate(bob, cast)["rows"], "b"))
    third = one.shoot(21)
    late = one.shoot(15)  # taken before Bob's slate, arrived after it
    assert mine(alice, cast) == [late, first]
    assert mine(bob, cast) == [third]
    shown = [p["id"] for p in http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]]
    assert frame not in shown, "nobody wants to see codes"
    with stage.db.reading() as tx:
        assert tx.get_one(Photo, frame).state is PhotoState.HIDDEN
    assert (
        httpx.Client(transport=http._transport, base_url="http://kuaimen.test")
        .get(f"/mp/v1/albums/{cast.album.id}/mine")
        .status_code
        == 401
    )


def test_a_code_of_another_event_means_nothing(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    alice = guest(stage, "a")
    rows = slate(alice, cast)["rows"]
    with stage.db.writing() as tx:
        other = make_cast(tx, login="other", token="other").event.id
        tx.execute(update(Slate).values(event_id=other))
    shown = Camera(stage, bell, http).shoot(1, slate_frame(rows, "a"))
    with stage.db.reading() as tx:
        assert tx.get_one(Photo, shown).state is PhotoState.LIVE


def test_photos_by_time_and_by_likes(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client) -> None:
    camera = Camera(stage, bell, http)
    ids = [camera.shoot(second) for second in (1, 2, 3, 4)]
    album = f"/mp/v1/albums/{cast.album.id}/photos"
    span = {"from": BEGUN + 2000, "to": BEGUN + 4000}
    assert [p["id"] for p in http.get(album, params=span).json()["photos"]] == [ids[2], ids[1]]
    for device, liked in (("a", ids[:2]), ("b", ids[1:2]), ("c", ids[3:])):
        for photo_id in liked:
            guest(stage, device).put(f"/mp/v1/photos/{photo_id}/like")
    said = http.get(album, params={"order": "hot", "limit": 2}).json()
    assert [p["id"] for p in said["photos"]] == [ids[1], ids[3]]
    rest = http.get(album, params={"order": "hot", "limit": 2, "before": said["next"]}).json()
    assert ([p["id"] for p in rest["photos"]], rest["next"]) == ([ids[0]], None)
