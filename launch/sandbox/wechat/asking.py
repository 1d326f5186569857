"""One request as the sandbox sees it, and the way it says no."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class Refusal(Exception):
    """Answered as `{"errcode", "errmsg"}` with HTTP 200, as WeChat does."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(f"{errcode} {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg


@dataclass(frozen=True)
class Picture:
    """An answer that is not JSON."""

    content: bytes
    content_type: str


@dataclass
class Ask:
    path: str
    query: dict[str, Any]
    address: str
    rid: str
    body: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str, errcode: int = 40097) -> str:
        """A field that must be a non-empty string."""
        value = self.body.get(name, self.query.get(name))
        if not isinstance(value, str) or not value:
            raise Refusal(errcode, f"invalid args, {name}")
        return value
