"""The account holds: a card's faults are named exactly, an altered ledger shows, the certificate counts right."""

from __future__ import annotations

import contextlib
import io
import json
import random
import sqlite3
from pathlib import Path

import pytest
from PIL import Image

from camera_bridge import audit, chain, cli
from camera_bridge.config import Config
from camera_bridge.ledger import Ledger
from camera_bridge.policy import Policy
from camera_bridge.spool import Spool
from tests.bridge.conftest import picture
from tests.bridge.platform import FakePlatform
from tests.bridge.test_command import write_config

pytestmark = pytest.mark.slow


def tiny(number: int) -> bytes:
    image = Image.new("RGB", (16, 12), (number % 256, number // 256 % 256, 90))
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = f"2026:11:23 {number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}"
    exif.get_ifd(0x8769)[0xA431] = "SN1"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def fill(spool: Spool, card: Path, numbers: range, *, without: set[int]) -> None:
    for number in numbers:
        content = tiny(number)
        folder = card / "DCIM" / f"{100 + number // 1000}TEST"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"DSC_{number:04d}.JPG").write_bytes(content)
        if number not in without:
            arrival = spool.begin("ftp", "cam1", f"/DSC_{number:04d}.JPG")
            arrival.write(content)
            assert arrival.finish().ok


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", reserve_bytes=0, policy=Policy(Config()).fate)


@pytest.mark.timeout(300)
def test_two_thousand_files_five_faults(spool: Spool, tmp_path: Path) -> None:
    chance = random.Random(3)
    missing_one, missing_two, cut, turned, corrupt = chance.sample(range(1, 2000), 5)
    card = tmp_path / "card"
    fill(spool, card, range(1, 2001), without={missing_one, missing_two})
    spool.close()
    files = {path.name: path for path in card.rglob("*.JPG")}

    def file(number: int) -> Path:
        return files[f"DSC_{number:04d}.JPG"]

    file(cut).write_bytes(tiny(cut)[:-40])
    changed = bytearray(tiny(turned))
    changed[-20] ^= 1
    file(turned).write_bytes(changed)
    with Image.open(io.BytesIO(tiny(corrupt))) as image:  # somebody edited it in place: same shot, other bytes
        image.save(file(corrupt), "JPEG", quality=30, exif=image.getexif())
    (card / "DCIM" / "100TEST" / "DSC_0001.XMP").write_text("<x/>")
    report = audit.audit(tmp_path / "spool" / "ledger.db", card, lambda _done, _total: None)
    found = {(one.kind, Path(one.path).name) for one in report.faults}
    assert found == {
        ("missing", file(missing_one).name),
        ("missing", file(missing_two).name),
        ("truncated", file(cut).name),
        ("altered", file(turned).name),
        ("altered", file(corrupt).name),
    }
    assert report.files == 2000
    assert report.counts["spooled"] == 1995


def test_a_small_copy_is_no_fault(spool: Spool, tmp_path: Path) -> None:
    full, out = picture(1), io.BytesIO()
    with Image.open(io.BytesIO(full)) as image:
        exif = image.getexif()
        image.resize((400, 267)).save(out, "JPEG", exif=exif)
    arrival = spool.begin("ftp", "cam1", "/DSC_0001.JPG")
    arrival.write(out.getvalue())
    arrival.finish()
    spool.close()
    card = tmp_path / "card"
    card.mkdir()
    (card / "DSC_0001.JPG").write_bytes(full)
    report = audit.audit(tmp_path / "spool" / "ledger.db", card, lambda _done, _total: None)
    assert (report.faults, report.small_copies) == ([], ["DSC_0001.JPG"])


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("UPDATE asset SET sha256 = 'f' WHERE name = 'DSC_0002.JPG'", "sha256 was altered"),
        ("UPDATE asset SET state = 'safe' WHERE name = 'DSC_0002.JPG'", "state was altered"),
        ("DELETE FROM asset WHERE name = 'DSC_0002.JPG'", "was removed"),
        ("DELETE FROM story WHERE n = 2", "line 2 is missing"),
        ("UPDATE story SET body = replace(body, 'DSC_0002', 'DSC_0009') WHERE n = 2", "line 2 was altered"),
        ("UPDATE story SET at = at + 1 WHERE n = 3", "line 3 was altered"),
    ],
)
def test_one_altered_row_is_noticed(spool: Spool, tmp_path: Path, harm: str, words: str) -> None:
    fill(spool, tmp_path / "card", range(1, 4), without=set())
    spool.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "spool" / "ledger.db")) as db:
        assert chain.verify(db) == []
        db.execute(harm)
        db.commit()
        assert any(words in fault for fault in chain.verify(db))


def test_lines_cut_off_the_end_show_against_the_tip_the_platform_was_told(spool: Spool, tmp_path: Path) -> None:
    fill(spool, tmp_path / "card", range(1, 4), without=set())
    told = spool.ledger.tip()
    spool.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "spool" / "ledger.db")) as db:
        db.execute("DELETE FROM story WHERE n = 3")
        db.execute("DELETE FROM asset WHERE name = 'DSC_0003.JPG'")
        db.commit()
    left = Ledger(tmp_path / "spool" / "ledger.db")
    assert left.faults() == []
    assert left.tip() != told
    left.close()


def test_verify_reads_every_object(spool: Spool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(spool, tmp_path / "card", range(1, 4), without=set())
    asset_id = spool.ledger.assets("WHERE name = 'DSC_0002.JPG'")[0].asset_id
    spool.close()
    config = str(write_config(tmp_path, "http://127.0.0.1:9"))
    assert cli.main(["verify", "--config", config]) == 0
    path = tmp_path / "spool" / "obj" / asset_id
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert cli.main(["verify", "--config", config]) == 1
    assert "DSC_0002.JPG) is not what arrived" in capsys.readouterr().out


def test_the_audit_command_names_and_counts(spool: Spool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = tmp_path / "card"
    fill(spool, card, range(1, 6), without={4})
    spool.close()
    config = str(write_config(tmp_path, "http://127.0.0.1:9"))
    assert cli.main(["audit", str(card), "--config", config]) == 1
    out = capsys.readouterr().out
    assert "missing    DCIM/100TEST/DSC_0004.JPG  it never arrived" in out
    assert "5 photos on the card: 4 spooled, 1 missing" in out
    assert cli.main(["audit", str(card), "--json", "--config", config]) == 1
    assert json.loads(capsys.readouterr().out)["faults"][0]["kind"] == "missing"


def test_the_certificate_adds_up(
    spool: Spool, tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(spool, tmp_path / "card", range(1, 8), without={4, 5})
    with spool.ledger.writing() as tx:
        tx.execute("UPDATE asset SET received_at = received_at - 60000")
    spool.close()
    config = str(write_config(tmp_path, platform.url))
    assert cli.main(["certificate", "--config", config, "--out", str(tmp_path / "out")]) == 0
    doc = json.loads((tmp_path / "out" / "certificate.json").read_text())
    account = doc["certificate"]["account"]
    assert account["counts"] == {
        "shot": 7, "received": 5, "live": 0, "safe": 0, "missing": 2, "waiting": 5, "refused": 0,
    }  # fmt: skip
    assert account["missing"] == {"cam1": ["DSC_0004-0005"]}
    assert account["ledger"]["faults"] == []
    page = (tmp_path / "out" / "certificate.html").read_text()
    assert doc["signature"] in page
    assert "DSC_0004-0005" in page
    capsys.readouterr()


def test_without_a_signature_it_says_so(spool: Spool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spool.close()
    config = str(write_config(tmp_path, "http://127.0.0.1:9"))
    assert cli.main(["certificate", "--config", config, "--out", str(tmp_path / "out")]) == 1
    assert "not signed" in capsys.readouterr().err
    assert "未签名" in (tmp_path / "out" / "certificate.html").read_text()
