"""The face engine beside the event loop: a selfie takes a tenth of a second of CPU, and thousands of guests wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gevent.threadpool import ThreadPool

from backend.face_vectors import FaceEngine, Looked


class Aside:
    """One native thread, so that two selfies take turns; loaded when somebody first asks."""

    def __init__(self, engine: FaceEngine, pool: Any) -> None:  # noqa: ANN401 - gevent has no types
        self._engine, self._pool = engine, pool
        self.name, self.likeness = engine.name, engine.likeness

    def look(self, data: bytes, *, selfie: bool = False) -> Looked:
        found: Looked = self._pool.apply(self._engine.look, (data,), {"selfie": selfie})
        return found


def aside(load: Callable[[], FaceEngine | None]) -> Callable[[], FaceEngine | None]:
    """The same engine, on a thread of its own."""
    pool = ThreadPool(1)
    made: list[Aside | None] = []

    def get() -> FaceEngine | None:
        if not made:
            engine = pool.apply(load)
            made.append(Aside(engine, pool) if engine else None)
        return made[0]

    return get
