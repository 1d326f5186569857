"""The first event is planted once, also when planting was interrupted."""

from __future__ import annotations

import json
import stat

import pytest

from backend.context import Stage
from backend.models import Album, Event, Member
from launch import seed
from launch.seed import Seeded


def test_seeding_twice_is_seeding_once(stage: Stage) -> None:
    first = seed.seed(stage)
    assert seed.seed(stage) == first
    with stage.db.reading() as tx:
        assert tx.query(Event).count() == tx.query(Member).count() == tx.query(Album).count() == 1
    kept = stage.settings.data_dir / "seed.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_what_was_promised_before_a_crash_is_what_gets_planted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(seed, "_plant", crash)
        seed.seed(stage)
    promised = Seeded(**json.loads((stage.settings.data_dir / "seed.json").read_text()))
    assert seed.seed(stage) == promised
    with stage.db.reading() as tx:
        assert tx.get_one(Event, promised.event_id).share_code == promised.share_code


def test_a_seeded_database_without_its_passwords_says_so(stage: Stage) -> None:
    seed.seed(stage)
    (stage.settings.data_dir / "seed.json").unlink()
    with pytest.raises(ValueError, match="missing"):
        seed.seed(stage)
