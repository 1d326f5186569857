"""What every entry point needs, in one typed value; built once by the composition root."""

from __future__ import annotations

from dataclasses import dataclass

from redis import Redis

from backend.config import Settings
from backend.db import Database
from backend.jobs import Bell
from backend.security import Signer
from backend.storage import Store
from backend.wechat import WeChat


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
