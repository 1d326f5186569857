"""What the supervisor forks: everything these children need is imported here, once, and nothing is used yet."""

from __future__ import annotations

from launch.commands import migrate, seed
from launch.commands import sweep as sweeping
from launch.commands import work as working


def prepare() -> None:
    """The database: newest schema, first event."""
    migrate.run()
    seed.run()


def work(place: str) -> None:
    working.run(place)


def sweep() -> None:
    sweeping.run()
