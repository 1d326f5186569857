"""From photos by FTP to a certificate that checks, with every part real; what somebody altered shows."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.platform import Running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def evening(tmp_path: Path) -> Generator[Running]:
    """A platform with five photos of one camera, numbers 3 and 4 of seven never sent."""
    opened = Running(tmp_path / "var")
    opened.start()
    for n in (1, 2, 5, 6, 7):
        opened.send(f"DSC_{n:04d}.JPG")
    opened.until(lambda: opened.live() == 5, 60)
    opened.until(lambda: opened.status()["bridge"]["counts"]["original_safe"] == 5, 60, every_s=1)
    yield opened
    opened.end()


def test_the_certificate_of_an_evening(evening: Running, tmp_path: Path) -> None:
    def whole() -> bool:  # a gap is one when nothing filled it for a minute; the last lines follow within seconds
        certificate = drawn(evening)["certificate"]
        return bool(certificate["adds_up"] and certificate["missing"])

    evening.until(whole, 120, every_s=2)
    made = drawn(evening)
    said = made["certificate"]
    assert [said["counts"][k] for k in ("shot", "received", "live", "safe", "missing")] == [7, 5, 5, 5, 2]
    assert [span for spans in said["missing"].values() for span in spans] == ["DSC_0003-0004"]
    with sqlite3.connect(spool(evening)) as db:
        [chain] = db.execute("SELECT chain FROM story WHERE n = ?", (said["bridges"][0]["n"],)).fetchone()
    assert said["bridges"][0]["chain"] == chain

    url = organizer(evening)["base_url"]
    file, key = tmp_path / "c.json", tmp_path / "key.pem"
    file.write_bytes(httpx.get(f"{url}/certificates/{made['id']}.json").content)
    key.write_bytes(httpx.get(f"{url}/certificates/key.pem").content)
    assert evening.ask("certificate", "check", str(file), "--key", str(key)).returncode == 0
    text = file.read_text()
    for place in range(200, len(text) * 3 // 4, len(text) // 5):  # one character anywhere in what is signed
        file.write_text(text[:place] + ("x" if text[place] != "x" else "y") + text[place + 1 :])
        assert evening.ask("certificate", "check", str(file), "--key", str(key)).returncode != 0, text[place:][:40]

    with sqlite3.connect(evening.data_dir / "kuaimen.db") as db:  # somebody with access to our database
        db.execute("UPDATE story_lines SET body = replace(body, 'DSC_0005', 'DSC_0003') WHERE kind = 'received'")
    assert [fault.split()[1] for fault in faults(evening)] == ["altered_here"]


def test_a_line_altered_on_the_bridge_shows_on_the_platform(evening: Running) -> None:
    evening.until(lambda: bool(drawn(evening)["certificate"]["adds_up"]), 60, every_s=1)
    evening.stop()
    with sqlite3.connect(spool(evening)) as db:  # rewrites the end, hashes and all
        last = "n = (SELECT max(n) FROM story)"
        db.execute(f"UPDATE story SET chain = 'e' || substr(chain, 2), body = '{{}}' WHERE {last}")
    evening.start()
    evening.until(lambda: any("altered" in fault for fault in faults(evening)), 60, every_s=1)


def faults(running: Running) -> list[str]:
    found: list[str] = drawn(running)["certificate"]["bridges"][0]["faults"]
    return found


def spool(running: Running) -> Path:
    [found] = running.data_dir.rglob("ledger.db")
    return found


@functools.cache
def organizer(running: Running) -> dict[str, Any]:
    """What a client of theirs is made with. Signed in once: a door that is knocked at in a loop slows down."""
    state = running.status()
    who = {"login": state["console"]["login"], "password": state["console"]["password"]}
    token = httpx.post(f"{state['url']}/api/v1/login", json=who).raise_for_status().json()["token"]
    return {"base_url": state["url"], "headers": {"Authorization": f"Bearer {token}"}}


def drawn(running: Running) -> dict[str, Any]:
    with httpx.Client(**organizer(running)) as http:
        [event] = http.get("/api/v1/events").json()["events"]
        found: dict[str, Any] = http.post(f"/api/v1/events/{event['id']}/certificate").raise_for_status().json()
    return found
