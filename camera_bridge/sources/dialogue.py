"""Writes down what a camera and the door said to each other (`--record`): how we learn what real bodies do."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Final

from camera_bridge.clock import now_ms

_SAFE: Final = re.compile(r"[^A-Za-z0-9_.-]")


class Dialogue:
    """One file per day of visits and address; passwords are left out. Thread-safe."""

    def __init__(self, folder: Path, *, on: bool) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self.on = False
        self.switch(on=on)

    def switch(self, *, on: bool) -> None:
        """Write down from now on, or no longer."""
        if on:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.on = on

    def said(self, address: str, who: str, line: str) -> None:
        """`who` is camera or bridge."""
        if not self.on:
            return
        if line.upper().startswith("PASS "):
            line = "PASS ********"
        path = self._folder / f"{_SAFE.sub('_', address)}.log"
        with self._lock, path.open("a", encoding="utf-8") as file:
            file.write(f"{now_ms()} {who:6} {line}\n")
