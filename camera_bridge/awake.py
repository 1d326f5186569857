"""Keeps the computer from falling asleep while the bridge runs, with whatever the system brings for that."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from typing import Final

log = logging.getLogger(__name__)

_WAYS: Final = {
    "linux": ("systemd-inhibit", "--what=sleep:idle:handle-lid-switch", "--who=Kuaimen", "--why=camera bridge"),
    "darwin": ("caffeinate", "-is", "-w", str(os.getpid())),
}


class Awake:
    """`with Awake():`. Does nothing where the system has no such program, or refuses."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> None:
        way = _WAYS.get(sys.platform)
        if way is None or shutil.which(way[0]) is None:
            return
        # on Linux the lock lasts as long as this child, which ends with its standard input, however we end
        command = [*way, "cat"] if sys.platform == "linux" else list(way)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - fixed words
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            log.info("no_inhibitor error=%s", error)

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
