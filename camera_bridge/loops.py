"""Threads that must not die: a surprise is written down and the loop begins again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

_BREATH_S: Final = 1.0


def keep(name: str, loop: Callable[[], None], stopping: threading.Event) -> threading.Thread:
    """A thread (not started yet) that runs `loop` until `stopping` is set, whatever it raises."""

    def run() -> None:
        while not stopping.is_set():
            try:
                loop()
            except Exception:
                if stopping.is_set():
                    return
                log.exception("loop_failed name=%s", name)
                stopping.wait(_BREATH_S)

    return threading.Thread(target=run, name=name, daemon=True)
