"""The bridges' stories on the platform, and certificates: what was altered, cut off or called safe wrongly shows."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy import update

from backend import clock, ledger
from backend.context import Stage
from backend.models import StoryLine
from camera_bridge.chain import Line, Tip
from tests.bridge_client import BridgeClient
from tests.cast import TOKEN, Cast, jpeg
from tests.conftest import FakeBell
from tests.integration.test_protection import guest
from tests.integration.test_team import signed_in

BRIDGE = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Teller:
    """A story as the bridge's own code writes it."""

    http: httpx.Client
    lines: list[dict[str, Any]] = field(default_factory=list)
    tip: Tip = field(default_factory=Tip)

    def write(self, kind: str, asset_id: str = "", **body: object) -> None:
        text = json.dumps(body, ensure_ascii=False, sort_keys=True)
        line = Line(1_700_000_000_000 + self.tip.n, kind, asset_id, text)
        self.tip = Tip(self.tip.n + 1, line.hash_after(self.tip))
        said = {"n": self.tip.n, "at": line.at, "kind": kind, "asset_id": asset_id, "body": text}
        self.lines.append(said | {"chain": self.tip.chain})

    def received(self, data: bytes, name: str, state: str = "spooled") -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        asset_id = f"asset-{sha256[:16]}"
        self.write("received", asset_id, sha256=sha256, size=len(data), name=name, camera="cam1", state=state)
        return asset_id

    def tell(self, lines: list[dict[str, Any]] | None = None) -> httpx.Response:
        said = {"id": "story-1", "lines": self.lines if lines is None else lines}
        return self.http.post("/bridge/v1/ledger", json=said, headers=BRIDGE)

    def heartbeat(self, **more: object) -> dict[str, Any]:
        said = {"ledger": {"id": "story-1", "n": self.tip.n, "chain": self.tip.chain}} | more
        found: dict[str, Any] = self.http.post("/bridge/v1/heartbeat", json=said, headers=BRIDGE).json()
        return found


@pytest.fixture
def teller(http: httpx.Client, cast: Cast) -> Teller:
    assert cast.bridge
    return Teller(http)


@pytest.fixture
def evening(teller: Teller, stage: Stage, bell: FakeBell, cast: Cast) -> Teller:
    """Two photos, one of them hidden; a file on the bridge, one aside, one cut off; two numbers missing."""
    client = BridgeClient(teller.http)
    for n, colour in enumerate(("red", "green")):
        data = jpeg(colour)
        client.shoot(data, data, name=f"A_{n}.JPG")
        asset_id = teller.received(data, f"A_{n}.JPG")
        teller.write("safe", asset_id, photo_id="x")
    bell.work(stage)
    shown = teller.http.get(f"/mp/v1/albums/{cast.album.id}/photos").json()["photos"]
    hidden = teller.http.post(f"/api/v1/photos/{shown[0]['id']}/hide", headers=signed_in(teller.http))
    hidden.raise_for_status()
    teller.received(jpeg("blue"), "A_2.JPG")
    teller.received(jpeg("white"), "A_3.JPG", "aside")
    teller.received(b"half", "A_4.JPG", "partial")
    teller.received(b"half of this, too", "A_5.JPG", "partial")
    teller.received(jpeg("red"), "A_5.JPG", "duplicate")
    assert teller.tell().status_code == 200
    teller.heartbeat(cameras=[{"user": "cam1", "gaps": ["A_0413-0414"]}])
    return teller


def drawn(teller: Teller, cast: Cast) -> dict[str, Any]:
    asked = teller.http.post(f"/api/v1/events/{cast.event.id}/certificate", headers=signed_in(teller.http))
    assert asked.status_code == 201, asked.text
    found: dict[str, Any] = asked.json()
    return found


def test_a_story_arrives_in_portions_and_may_be_repeated(teller: Teller) -> None:
    for n in range(90):
        teller.received(str(n).encode(), f"{n}.JPG")
    chance = random.Random(7)
    told = 0
    while told < 90:
        until = min(90, told + chance.randint(1, 20))
        found = teller.tell(teller.lines[max(0, told - chance.randint(0, 9)) : until])  # some of it again
        assert found.json() == {"n": until, "chain": teller.lines[until - 1]["chain"]}
        told = until
    so_far = teller.http.get("/bridge/v1/ledger?id=story-1", headers=BRIDGE).json()
    assert so_far == {"n": 90, "chain": teller.tip.chain}
    assert teller.http.get("/bridge/v1/ledger?id=other", headers=BRIDGE).json() == {"n": 0, "chain": "0" * 64}
    assert teller.heartbeat()["ledger"] == so_far


@pytest.mark.parametrize("key", ["body", "kind", "asset_id", "at", "n", "chain"])
def test_an_altered_line_is_not_taken_and_noted(teller: Teller, cast: Cast, key: str) -> None:
    for n in range(4):
        teller.received(str(n).encode(), f"{n}.JPG")
    altered = [dict(line) for line in teller.lines]
    altered[2][key] = {"at": 5, "n": 4, "chain": "f" * 64}.get(key, "{}")
    found = teller.tell(altered)
    assert (found.status_code, found.json()["code"], found.json()["n"]) == (409, "chain_broken", 0)
    assert teller.tell().json()["n"] == 4
    said = drawn(teller, cast)["certificate"]
    assert said["adds_up"] is False
    assert [fault.split()[1] for fault in said["bridges"][0]["faults"]] == ["does_not_follow"]


def test_a_story_told_otherwise_later_is_noted(teller: Teller, cast: Cast) -> None:
    for n in range(3):
        teller.received(str(n).encode(), f"{n}.JPG")
    teller.tell()
    other = Teller(teller.http)
    for n in (0, 1, 7, 8):
        other.received(str(n).encode(), f"{n}.JPG")
    assert other.tell().json()["code"] == "chain_broken"
    other.heartbeat()
    assert teller.http.get("/bridge/v1/ledger?id=story-1", headers=BRIDGE).json()["chain"] == teller.tip.chain
    assert drawn(teller, cast)["certificate"]["bridges"][0]["faults"] == ["story-1 told_otherwise 3"]


def test_lines_cut_off_the_end_are_noticed(teller: Teller, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    teller.received(b"1", "1.JPG")
    before = teller.tip
    teller.received(b"2", "2.JPG")
    teller.tell()
    teller.tip = before
    teller.heartbeat()  # may have been on its way while the last line was told
    assert drawn(teller, cast)["certificate"]["bridges"][0]["faults"] == []
    now = clock.now_ms()
    monkeypatch.setattr(ledger, "now_ms", lambda: now + 61_000)
    teller.heartbeat()
    assert drawn(teller, cast)["certificate"]["bridges"][0]["faults"] == ["story-1 cut_off 2"]


def test_everything_has_its_place(evening: Teller, cast: Cast, stage: Stage) -> None:
    owner, album = signed_in(evening.http), f"albums/{cast.album.id}"
    evening.http.post(f"/api/v1/{album}/access", json={"contributions": "review"}, headers=owner).raise_for_status()
    given = guest(stage, "a").post(f"/mp/v1/{album}/contributions", content=jpeg("navy"))
    assert given.is_success, "a photo of a guest's own was on no bridge"
    said = drawn(evening, cast)["certificate"]
    counts = said["counts"]
    assert counts == {
        "shot": 7,
        "received": 4,
        "files": 4,
        "live": 1,
        "hidden": 1,
        "waiting": 0,
        "failed": 0,
        "purged": 0,
        "on_bridges": 1,
        "aside": 1,
        "refused": 0,
        "missing": 3,
        "safe": 2,
    }
    assert said["adds_up"] is True
    assert said["missing"] == {"桥 · cam1": ["A_0413-0414"]}
    assert said["half"] == ["A_4.JPG"]
    [hidden] = said["hidden"]
    assert hidden["at"] > 0
    assert said["event"]["title"] == "年会"


def test_a_file_called_safe_that_is_not_here_is_named(evening: Teller, cast: Cast) -> None:
    asset_id = evening.received(jpeg("yellow"), "LOST.JPG")
    evening.write("safe", asset_id, photo_id="x")
    evening.tell()
    evening.heartbeat()
    said = drawn(evening, cast)["certificate"]
    assert (said["adds_up"], said["unaccounted"]) == (False, ["LOST.JPG"])


def test_what_was_not_told_yet_does_not_add_up(evening: Teller, cast: Cast) -> None:
    evening.received(b"new", "NEW.JPG")
    evening.heartbeat()
    said = drawn(evening, cast)["certificate"]
    assert said["adds_up"] is False
    assert said["bridges"][0]["said_n"] == said["bridges"][0]["n"] + 1


@pytest.mark.parametrize("what", ["body", "chain", "kind"])
def test_a_row_altered_in_our_own_database_is_noticed(evening: Teller, cast: Cast, stage: Stage, what: str) -> None:
    with stage.db.writing() as tx:
        tx.execute(update(StoryLine).where(StoryLine.n == 2).values({what: "0" * 30}))
    said = drawn(evening, cast)["certificate"]
    assert said["adds_up"] is False
    assert "story-1 altered_here 2" in said["bridges"][0]["faults"]


def test_a_bridge_draws_one_with_its_own_account(evening: Teller, cast: Cast) -> None:
    word = {"id": "story-1", "n": evening.tip.n, "faults": ["line 2 was altered"]}
    own = {"drawn_at": 1, "missing": {"cam1": ["A_0413"]}, "ledger": word}
    found = evening.http.post("/bridge/v1/certificate", json=own, headers=BRIDGE).json()
    said = found["certificate"]
    assert said["counts"]["missing"] == 2
    assert said["bridges"][0]["account"] == own
    assert said["adds_up"] is False, "the bridge itself says that a line was altered"
    assert evening.http.post("/bridge/v1/certificate", json=[1], headers=BRIDGE).status_code == 422
    assert found["url"].endswith(f"/certificates/{found['id']}")


def test_anybody_can_check_a_certificate(evening: Teller, cast: Cast, tmp_path: Path) -> None:
    made = drawn(evening, cast)
    document = evening.http.get(f"/certificates/{made['id']}.json")
    pem = evening.http.get("/certificates/key.pem").content
    assert evening.http.get(f"/certificates/key.pem?id={made['key_id']}").content == pem
    assert evening.http.get("/certificates/key.pem?id=other").status_code == 404
    public = load_pem_public_key(pem)
    assert isinstance(public, Ed25519PublicKey)
    text = json.dumps(document.json()["certificate"], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    signature = base64.b64decode(document.json()["signature"])
    public.verify(signature, text.encode())
    with pytest.raises(InvalidSignature):
        public.verify(signature, text.replace('"safe":2', '"safe":3').encode())
    file, key = tmp_path / "c.json", tmp_path / "key.pem"
    file.write_bytes(document.content)
    key.write_bytes(pem)
    assert check(file, key) == 0
    file.write_text(json.dumps(document.json()))  # other spaces, same words
    assert check(file, key) == 0
    file.write_text(json.dumps(document.json()).replace('"live": 1', '"live": 2'))
    assert check(file, key) == 1
    file.write_text("no certificate")
    assert check(file, key) != 0


def check(file: Path, key: Path) -> int:
    words = [sys.executable, "-P", "-m", "launch.cli", "certificate", "check", str(file), "--key", str(key)]
    return subprocess.run(words, capture_output=True, timeout=60, check=False).returncode


def test_the_page_reads_well_in_both_languages(evening: Teller, cast: Cast) -> None:
    made = drawn(evening, cast)
    page = evening.http.get(f"/certificates/{made['id']}", headers={"Accept-Language": "en"}).text
    for words in ("Certificate of delivery", "年会", "A_0413-0414", "A_4.JPG", made["signature"].replace("+", "&#43;")):
        assert words in page or words.replace("&#43;", "+") in page
    assert "交付证明" in evening.http.get(f"/certificates/{made['id']}", headers={"Accept-Language": "zh"}).text
    assert evening.http.get("/certificates/unknown").status_code == 404
    assert evening.http.get("/certificates/unknown.json").status_code == 404


def test_a_stranger_draws_none(evening: Teller, cast: Cast) -> None:
    assert evening.http.post(f"/api/v1/events/{cast.event.id}/certificate").status_code == 401
    assert evening.http.post("/bridge/v1/certificate", json={}).status_code == 401
    assert evening.http.get("/bridge/v1/ledger?id=story-1").status_code == 401
