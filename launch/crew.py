"""What the supervisor forks: everything these children need is imported here, once, and nothing is used yet."""

from __future__ import annotations

from launch.commands import migrate, seed
from launch.commands import sweep as sweeping
from launch.commands import work as working


def prepare() -> None:
    """The database: newest schema, first event."""
    migrate.run()
    seed.run()


def work(queue: str, name: str) -> None:
    working.run(queue, name)


def sweep() -> None:
    sweeping.run()
