"""Processes that die at a chosen call to the outside."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator

from backend.db import Database, Tx
from tests.conftest import FakeBell


class Crash(BaseException):
    """Not an Exception: the process is gone."""


class Death:
    """Comes at the `at`-th call to the outside, before or after it is done, and then at every one: nobody is there."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.at = at
        self.after = after
        self.calls = 0
        self.lock = threading.Lock()

    @contextlib.contextmanager
    def around(self) -> Generator[None]:
        with self.lock:
            self.calls += 1
            mine = self.calls
        if self.at and (mine > self.at or (mine == self.at and not self.after)):
            raise Crash
        yield
        if self.at and mine == self.at:
            raise Crash


class MortalDatabase(Database):
    def __init__(self, url: str, bell: FakeBell, death: Death) -> None:
        super().__init__(url, bell)
        self._death = death

    @contextlib.contextmanager
    def writing(self) -> Generator[Tx]:
        with self._death.around(), super().writing() as tx:
            yield tx
