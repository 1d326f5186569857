"""What every entry point needs, in one typed value; built once by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from redis import Redis

from backend.config import Settings
from backend.db import Database
from backend.errors import BadInput
from backend.face_vectors import FaceEngine
from backend.faces import Indexes
from backend.jobs import Bell
from backend.security import Signer
from backend.storage import Store
from backend.wechat import WeChat


def no_engine() -> FaceEngine | None:
    """Without the extra «find me» is absent."""
    return None


@dataclass(frozen=True, slots=True)
class Stage:
    """`redis` is for limits and wake-ups only: with Redis down everything that matters goes on."""

    settings: Settings
    db: Database
    store: Store
    bell: Bell
    wechat: WeChat
    redis: Redis
    signer: Signer
    others: Mapping[str, WeChat] = field(default_factory=dict)  # more mini-programs, by appid
    face_engine: Callable[[], FaceEngine | None] = no_engine  # loaded when it is first asked for
    face_model: str | None = None  # the engine's name, known without loading it; None: whichever there is
    face_indexes: Indexes = field(default_factory=Indexes)

    @property
    def wechats(self) -> dict[str, WeChat]:
        """Every mini-program of this installation, by appid; ours first."""
        return {self.wechat.appid: self.wechat, **self.others}

    def wechat_of(self, appid: str) -> WeChat:
        """Raises BadInput for a mini-program that is not ours."""
        found = self.wechats.get(appid)
        if found is None:
            raise BadInput(f"no mini-program {appid[:32]!r} here")
        return found
