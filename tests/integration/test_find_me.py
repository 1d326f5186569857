"""The guest's way to find their photos by a selfie: consent, quality, answer, corrections, the end, and no residue."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import func, select, update

from backend import faces
from backend.context import Stage
from backend.face_notice import CHECKLIST
from backend.models import Audit, Base, ConsentKind, Event, Face, FaceConsent, FaceMatch, FaceRule, FaceTemplate
from tests import people
from tests.bridge_client import BridgeClient
from tests.cast import PASSWORD, Cast, make_cast
from tests.conftest import FakeBell
from tests.integration.test_protection import guest, visitor
from workers import sweep
from workers.imaging import recognition

SWITCH: dict[str, Any] = {"active": True, "contact": "dpo@example.com", "checklist": dict.fromkeys(CHECKLIST, True)}


def sign_in(stage: Stage, login: str = "owner") -> httpx.Client:
    client = visitor(stage)
    said = client.post("/api/v1/login", json={"login": login, "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {said.json()['token']}"
    return client


@pytest.fixture
def stage(stage: Stage) -> Stage:
    return replace(stage, face_engine=recognition.engine)


@pytest.fixture
def owner(stage: Stage, cast: Cast) -> httpx.Client:
    return sign_in(stage)


@pytest.fixture
def ids(stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, owner: httpx.Client) -> list[str]:
    """Photos of person 0, of person 1, of both."""
    assert owner.post(f"/api/v1/events/{cast.event.id}/faces", json=SWITCH).status_code == 200
    return shoot(stage, bell, http, people.portrait(0), people.portrait(1), people.portrait(0, 1))


def shoot(stage: Stage, bell: FakeBell, http: httpx.Client, *pictures: bytes) -> list[str]:
    found = [BridgeClient(http).shoot(one)["photo_id"] for one in pictures]
    bell.work(stage)
    sweep.once(stage)
    bell.work(stage)
    return found


def at(cast: Cast, rest: str = "") -> str:
    return f"/mp/v1/albums/{cast.album.id}/faces{rest}"


def agree(client: httpx.Client, cast: Cast, kind: str = "search", **more: Any) -> str:
    version = client.get(at(cast)).json()["notice"]["version"]
    said = client.post(at(cast, "/consents"), json={"kind": kind, "notice": version, "adult": True, **more})
    assert said.status_code == 200, said.text
    return str(said.json()["id"])


def search(client: httpx.Client, cast: Cast, consent: str, selfie: bytes) -> httpx.Response:
    return client.post(at(cast, f"/search?consent={consent}"), content=selfie)


SELFIE = people.portrait(0, size=300)


def test_off_by_default_and_after_the_switch(stage: Stage, cast: Cast, owner: httpx.Client) -> None:
    me = guest(stage, "a")
    assert me.get(at(cast)).json() == {"offered": False, "tap": False}
    assert search(me, cast, "x", SELFIE).json()["code"] == "faces_off"
    shown = owner.get(f"/api/v1/events/{cast.event.id}/faces").json()
    assert (shown["active"], shown["available"], shown["notice"]) == (False, True, None)
    half = SWITCH | {"checklist": SWITCH["checklist"] | {"children": False}}
    assert owner.post(f"/api/v1/events/{cast.event.id}/faces", json=half).json()["code"] == "checklist_open"
    assert owner.post(f"/api/v1/events/{cast.event.id}/faces", json=SWITCH | {"contact": " "}).status_code == 409
    assert owner.post(f"/api/v1/events/{cast.event.id}/faces", json=SWITCH).status_code == 200
    assert me.get(at(cast)).json()["offered"]
    owner.post(f"/api/v1/events/{cast.event.id}/faces", json={"active": False})
    assert me.get(at(cast)).json() == {"offered": False, "tap": False}


def test_absent_without_the_extra(stage: Stage, bell: FakeBell, cast: Cast) -> None:
    bare = replace(stage, face_engine=lambda: None)
    owner = sign_in(bare)
    assert owner.post(f"/api/v1/events/{cast.event.id}/faces", json=SWITCH).json()["code"] == "faces_absent"
    assert not owner.get(f"/api/v1/events/{cast.event.id}/faces").json()["available"]


def test_a_selfie_is_surely_nobody_else(stage: Stage, cast: Cast, ids: list[str]) -> None:
    me = guest(stage, "a")
    began = time.perf_counter()
    said = search(me, cast, agree(me, cast), SELFIE).json()
    assert time.perf_counter() - began < 3
    assert {p["id"] for p in said["sure"]} == {ids[0], ids[2]}
    assert said["looked_at"] == 4


def test_corrections_are_this_guests_only(stage: Stage, cast: Cast, ids: list[str]) -> None:
    me, other = guest(stage, "a"), guest(stage, "b")
    said = search(me, cast, agree(me, cast), SELFIE).json()
    better = me.post(at(cast, "/again"), json={"ticket": said["ticket"], "no": [ids[2]]}).json()
    assert {p["id"] for p in better["sure"]} == {ids[0]}
    yes = me.post(at(cast, "/again"), json={"ticket": better["ticket"], "yes": [said["sure"][0]["face_id"]]}).json()
    assert {p["id"] for p in yes["sure"]} == {ids[0]}
    assert {p["id"] for p in search(other, cast, agree(other, cast), SELFIE).json()["sure"]} == {ids[0], ids[2]}
    assert other.post(at(cast, "/again"), json={"ticket": said["ticket"]}).json()["code"] == "ticket_over"
    assert me.post(at(cast, "/again"), json={"ticket": "AAAA" * 90}).json()["code"] == "ticket_over"


def test_consent_is_refused_with_its_reason(stage: Stage, cast: Cast, ids: list[str], owner: httpx.Client) -> None:
    me = guest(stage, "a")

    def code(consent: str, client: httpx.Client = me) -> str:
        return str(search(client, cast, consent, SELFIE).json()["code"])

    def change(consent: str, **values: Any) -> None:
        with stage.db.writing() as tx:
            tx.execute(update(FaceConsent).where(FaceConsent.id == consent).values(**values))

    assert code("") == code("nothing") == "consent_missing"
    mine = agree(me, cast)
    assert code(mine, guest(stage, "b")) == "consent_missing", "somebody else's"
    assert code(agree(me, cast, "follow")) == "consent_missing", "of another kind"
    with stage.db.writing() as tx:
        other = Event(organization_id=cast.organization.id, title="另一场")
        tx.add(other)
        tx.flush()
    change(mine, event_id=other.id)
    assert code(mine) == "consent_elsewhere"
    mine = agree(me, cast)
    change(mine, expires_at=1)
    assert code(mine) == "consent_expired"
    mine = agree(me, cast)
    ticket = search(me, cast, mine, SELFIE).json()["ticket"]
    owner.post(f"/api/v1/events/{cast.event.id}/faces", json=SWITCH | {"contact": "somebody else"})
    assert code(mine) == "consent_outdated"
    assert me.post(at(cast, "/again"), json={"ticket": ticket}).json()["code"] == "consent_outdated"
    mine = agree(me, cast)
    me.delete(at(cast))
    assert code(mine) == "consent_withdrawn"
    old = me.post(at(cast, "/consents"), json={"kind": "search", "notice": "old", "adult": True})
    assert old.json()["code"] == "consent_outdated"
    version = me.get(at(cast)).json()["notice"]["version"]
    child = me.post(at(cast, "/consents"), json={"kind": "search", "notice": version})
    assert child.json()["code"] == "guardian_needed"
    assert agree(me, cast, adult=False, guardian=True)


def test_following_needs_its_own_consent_and_stopping_leaves_nothing(
    stage: Stage, bell: FakeBell, cast: Cast, http: httpx.Client, ids: list[str]
) -> None:
    me = guest(stage, "a")
    ticket = search(me, cast, agree(me, cast), SELFIE).json()["ticket"]
    refused = me.post(at(cast, "/follow"), json={"ticket": ticket, "consent": agree(me, cast)})
    assert refused.json()["code"] == "consent_missing"
    said = me.post(at(cast, "/follow"), json={"ticket": ticket, "consent": agree(me, cast, "follow")}).json()
    assert said == {"following": True, "photos": 2}
    [new, other] = shoot(stage, bell, http, people.portrait(0, size=190), people.portrait(1, size=190))
    mine = [p["id"] for p in me.get(f"/mp/v1/albums/{cast.album.id}/mine").json()["photos"]]
    assert set(mine) == {ids[0], ids[2], new}
    assert other not in mine
    proof = me.delete(at(cast)).json()
    assert proof["deleted"] == {"consents": 3, "templates": 1, "matches": 3, "veil_vectors": 0, "left": 0}
    assert me.get(f"/mp/v1/albums/{cast.album.id}/mine").json()["photos"] == []
    with stage.db.reading() as tx:
        for kind in (FaceTemplate, FaceMatch):
            assert tx.scalar(select(func.count()).select_from(kind)) == 0
        assert tx.scalar(select(func.count()).select_from(Audit).where(Audit.action == "faces_withdrawn")) == 1
    assert me.post(at(cast, "/again"), json={"ticket": ticket}).json()["code"] == "consent_withdrawn"


def picture(size: tuple[int, int], kind: str = "JPEG", colour: int = 128) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (colour,) * 3).save(out, kind)
    return out.getvalue()


def dark() -> bytes:
    bright = np.asarray(Image.open(io.BytesIO(SELFIE)).convert("RGB"))
    return people.jpeg((bright * 0.14).astype(np.uint8))


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda: picture((900, 900)), "no_face"),
        (lambda: picture((900, 900), colour=8), "too_dark"),
        (dark, "too_dark"),
        (lambda: people.portrait(0, 1, size=300), "two_faces"),
        (lambda: people.portrait(0, 1, 0, 1, 1, 0, size=200), "two_faces"),
        (lambda: people.jpeg(people.drawn(np.full((900, 900, 3), 128, np.uint8), 0, (450, 450), 60)), "face_too_small"),
        (lambda: SELFIE[: len(SELFIE) // 2], "truncated"),
        (lambda: b"no picture at all" * 10, "not_a_picture"),
        (lambda: b"", "truncated"),
        (lambda: picture((9000, 7000)), "too_many_pixels"),
        (lambda: picture((7100, 7000)), "no_face"),  # 50 MP: decoded at an eighth
    ],
)
def test_a_selfie_that_will_not_do_says_why(
    stage: Stage, cast: Cast, owner: httpx.Client, made: Callable[[], bytes], code: str
) -> None:
    owner.post(f"/api/v1/events/{cast.event.id}/faces", json=SWITCH)
    me = guest(stage, "a")
    said = search(me, cast, agree(me, cast), made())
    assert (said.status_code, said.json()["code"]) == (422, code)
    assert said.json()["message"]


def test_a_selfie_on_its_side_is_turned(stage: Stage, cast: Cast, ids: list[str]) -> None:
    me = guest(stage, "a")
    said = search(me, cast, agree(me, cast), people.portrait(0, size=300, turned=True)).json()
    assert {p["id"] for p in said["sure"]} == {ids[0], ids[2]}


def test_nothing_crosses_events_or_organizations(stage: Stage, cast: Cast, ids: list[str]) -> None:
    with stage.db.writing() as tx:
        there = make_cast(tx, login="other", token="other-token")
    boss = sign_in(stage, "other")
    assert boss.post(f"/api/v1/events/{there.event.id}/faces", json=SWITCH).status_code == 200
    assert boss.get(f"/api/v1/events/{cast.event.id}/faces").status_code == 404
    me = guest(stage, "a")
    said = search(me, there, agree(me, there), SELFIE).json()
    assert (said["sure"], said["maybe"], said["looked_at"]) == ([], [], 0)
    assert search(me, there, agree(me, cast), SELFIE).json()["code"] == "consent_elsewhere"
    ticket = search(me, cast, agree(me, cast), SELFIE).json()["ticket"]
    assert me.post(at(there, "/again"), json={"ticket": ticket}).json()["code"] == "ticket_over"


def test_not_in_a_mini_program(stage: Stage, cast: Cast, ids: list[str]) -> None:
    me = guest(stage, "a")
    code = me.post("/mp/v1/session", json={"code": "wx-code"}).json()
    me.headers["Authorization"] = f"Bearer {code['token']}"
    assert me.get(at(cast)).json() == {"offered": False, "tap": False}
    assert search(me, cast, "x", SELFIE).json()["code"] == "faces_off"


def residue(stage: Stage, folder: Path) -> list[bytes]:
    """Everything that was written: files (SQLite's database and journal, blobs, logs), every row, Redis."""
    found = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    with stage.db.reading() as tx:
        for table in Base.metadata.sorted_tables:
            for row in tx.execute(select(table)):
                found += [cell if isinstance(cell, bytes) else str(cell).encode() for cell in row]
    return found + [key + b" " + (stage.redis.dump(key) or b"") for key in stage.redis.keys("*")]


def test_no_byte_of_selfie_or_vector_is_left_anywhere(
    stage: Stage,
    bell: FakeBell,
    cast: Cast,
    ids: list[str],
    owner: httpx.Client,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    temp = tmp_path / "temp"
    temp.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temp))
    plain = np.asarray(Image.open(io.BytesIO(SELFIE)).convert("RGB")).astype(np.int16)
    grain = np.random.default_rng(3).integers(-9, 10, plain.shape)  # bytes that no other picture has
    selfie = people.jpeg((plain + grain).clip(0, 255).astype(np.uint8))
    [face] = recognition.engine().look(selfie, selfie=True).faces
    halves = face.vector.astype(np.float16).tobytes()
    secrets = [selfie[n : n + 24] for n in range(len(selfie) // 4, len(selfie) - 24, len(selfie) // 12)]
    secrets += [halves[n : n + 16] for n in range(0, 240, 48)]
    secrets += [face.vector.tobytes()[n : n + 16] for n in range(0, 480, 96)]

    def nothing_left() -> None:
        texts = [*residue(stage, tmp_path), caplog.text.encode()]
        assert not [text[:80] for text in texts if any(secret in text for secret in secrets)]

    me = guest(stage, "a")

    def sealed(*columns: Any) -> list[bytes]:
        with stage.db.reading() as tx:
            found = [row[0] for column in columns for row in tx.execute(select(column)) if row[0]]
        return [one if isinstance(one, bytes) else one.encode() for one in found]

    with caplog.at_level("DEBUG"):
        ticket = search(me, cast, agree(me, cast), selfie).json()["ticket"]
        nothing_left()
        me.post(at(cast, "/follow"), json={"ticket": ticket, "consent": agree(me, cast, "follow")})
        nothing_left()
        [kept] = sealed(FaceTemplate.vector)
        secrets.append(kept)  # from now on the sealed one must go as well, from the journal, too
        with pytest.raises(AssertionError):
            nothing_left()
        me.delete(at(cast))
        bell.work(stage)
        nothing_left()
        secrets += sealed(Face.vector, FaceRule.sealed_key)
        assert len(secrets) > 4 + 1
        certificate = owner.delete(f"/api/v1/events/{cast.event.id}/faces").json()["certificate"]
        assert certificate["deleted"]["faces"] == 4
        bell.work(stage)
        nothing_left()
    assert list(temp.iterdir()) == []
    with stage.db.reading() as tx:
        assert tx.get_one(FaceRule, cast.event.id).sealed_key is None
    assert re.fullmatch("[0-9a-f]{64}", certificate["key_sha256"])
    (tmp_path / "proof-that-the-scan-sees").write_bytes(b"x" + halves)
    with pytest.raises(AssertionError):
        nothing_left()


def test_a_consent_ends_with_the_event_or_the_data(stage: Stage, cast: Cast, ids: list[str]) -> None:
    me = guest(stage, "a")
    agree(me, cast)
    with stage.db.reading() as tx:
        given = tx.scalars(select(FaceConsent)).one()
        rule = tx.get_one(FaceRule, cast.event.id)
    assert given.kind is ConsentKind.SEARCH
    assert given.expires_at <= (rule.purge_at or 0)
    assert given.expires_at - given.given_at <= faces.CONSENT_MS


def test_a_tap_on_a_face_is_for_clients_the_organizer_allows(
    stage: Stage, cast: Cast, ids: list[str], owner: httpx.Client
) -> None:
    me, mini = guest(stage, "a"), guest(stage, "a")
    code = mini.post("/mp/v1/session", json={"code": "wx-code"}).json()
    mini.headers["Authorization"] = f"Bearer {code['token']}"

    def like(client: httpx.Client, consent: str) -> httpx.Response:
        seen = client.get(f"/mp/v1/photos/{ids[0]}/faces").json()
        return client.post(at(cast, "/like"), json={"face_id": seen["faces"][0]["face_id"], "consent": consent})

    assert like(me, agree(me, cast)).json()["code"] == like(mini, "x").json()["code"] == "faces_off"
    owner.post(f"/api/v1/events/{cast.event.id}/faces", json=SWITCH | {"tap_mini": True})
    assert like(me, agree(me, cast)).json()["code"] == "faces_off", "one client each"
    assert like(mini, "").json()["code"] == "consent_missing"
    offer = mini.get(at(cast)).json()
    assert (offer["offered"], offer["tap"]) == (False, True), "no selfie there"
    said = like(mini, agree(mini, cast)).json()
    assert {p["id"] for p in said["sure"]} == {ids[0], ids[2]}
    assert said["ticket"] == "", "nothing that could be followed"
    version = offer["notice"]["version"]
    follow = mini.post(at(cast, "/consents"), json={"kind": "follow", "notice": version, "adult": True})
    assert follow.json()["code"] == "faces_off"
    assert search(mini, cast, "x", SELFIE).json()["code"] == "faces_off"


def test_an_album_behind_a_door_shows_no_faces(stage: Stage, cast: Cast, ids: list[str], owner: httpx.Client) -> None:
    owner.post(f"/api/v1/albums/{cast.album.id}/access", json={"access": "code", "secret": "2468"})
    stranger = guest(stage, "z")
    assert stranger.get(f"/mp/v1/photos/{ids[0]}/faces").status_code in (401, 403)
    body = {"kind": "blur", "place": {"x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2}}
    assert stranger.post(f"/mp/v1/photos/{ids[0]}/veils", json=body).status_code in (401, 403)


def test_a_photo_of_a_screen_a_crowd_and_a_real_50_megapixel_picture(
    stage: Stage, cast: Cast, ids: list[str], owner: httpx.Client
) -> None:
    me = guest(stage, "a")
    consent = agree(me, cast)
    large = np.asarray(Image.open(io.BytesIO(SELFIE)).convert("RGB").resize((7000, 7100)))
    said = search(me, cast, consent, people.jpeg(large))
    assert said.status_code == 200, "50 MP, decoded at a part of its size"
    assert {p["id"] for p in said.json()["sure"]} == {ids[0], ids[2]}
    screen = np.asarray(Image.open(io.BytesIO(SELFIE)).convert("RGB")).copy()
    screen[::3] = screen[::3] // 3  # the lines of a display
    answer = search(me, cast, consent, people.jpeg(screen))
    assert answer.status_code in (200, 422), "a face is a face: no check for liveness is promised"
    if answer.status_code == 422:
        assert answer.json()["code"] in ("no_face", "face_unclear", "too_dark")
    crowd = search(me, cast, consent, people.portrait(*([0, 1] * 4), size=130))
    assert crowd.json()["code"] == "two_faces"
