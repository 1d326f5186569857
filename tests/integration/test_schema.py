"""The migrations make exactly the tables the code believes in, on both databases."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, event, text

from backend.models import Base
from launch.migrate import current, head, upgrade
from tests.postgres import server


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, Base.metadata)


def test_sqlite_upgrades_from_nothing_to_the_models(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'k.db'}")
    assert current(engine) is None
    assert upgrade(engine) == head() == current(engine)
    assert upgrade(engine) == head()
    assert differences(engine) == []
    engine.dispose()


def test_an_upgrade_cut_off_anywhere_leaves_nothing_half_done(tmp_path: Path) -> None:
    whole = _statements(create_engine(f"sqlite:///{tmp_path / 'whole.db'}"), stop_at=None)
    engine = create_engine(f"sqlite:///{tmp_path / 'cut.db'}")
    for stop_at in (2, whole // 3, whole // 2, whole - 1):
        with pytest.raises(InterruptedError):
            _statements(engine, stop_at)
        assert current(engine) is None
    assert upgrade(engine) == head()
    assert differences(engine) == []
    engine.dispose()


def _statements(engine: Engine, stop_at: int | None) -> int:
    """Upgrade, ended before its statement `stop_at`; returns how many statements there were."""
    seen = count(1)

    def watch(*_: object) -> None:
        if next(seen) == stop_at:
            raise InterruptedError

    event.listen(engine, "before_cursor_execute", watch)
    try:
        upgrade(engine)
    finally:
        event.remove(engine, "before_cursor_execute", watch)
    return next(seen) - 1


@pytest.mark.slow
def test_postgresql_upgrades_from_nothing_to_the_models() -> None:
    with server("postgresql") as found:
        assert found is not None
        with found.clone() as url:
            engine = create_engine(url)
            assert differences(engine) == []
            with engine.connect() as connection:
                kind = text(
                    "SELECT data_type FROM information_schema.columns "
                    "WHERE table_name = 'recipes' AND column_name = 'content'"
                )
                assert connection.execute(kind).scalar() == "jsonb"
            engine.dispose()


def test_there_is_one_head() -> None:
    files = sorted(p.stem for p in (Path(__file__).parents[2] / "migrations" / "versions").glob("2*.py"))
    assert files[-1].startswith(head())
