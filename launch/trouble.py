"""What stops a command and what the person in front of it can do, in one line, in Chinese and English."""

from __future__ import annotations


class Trouble(Exception):
    """Shown without a traceback. `code` is the exit status."""

    def __init__(self, chinese: str, english: str, *, code: int = 1) -> None:
        super().__init__(f"{chinese} / {english}")
        self.code = code
