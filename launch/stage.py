"""Build the stage from settings: the one place where the parts are chosen."""

from __future__ import annotations

import functools

from pydantic import SecretStr
from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError  # noqa: A004 - redis-py's own
from redis.retry import Retry

from backend.config import Settings
from backend.context import Stage
from backend.db import Database
from backend.jobs import RqBell
from backend.security import Signer
from backend.storage.opening import open_store
from backend.wechat.opening import open_others, open_wechat
from launch.home import Home, secret_key
from workers.imaging import recognition


def open_redis(settings: Settings, *, answer_s: float | None = 1.5) -> Redis:
    """A Redis that is away or hangs costs a request a second or two; with redis-py's defaults 4.5 s, or for ever.

    `answer_s` None: for a worker, whose waiting for a job is longer than any sensible patience.
    """
    url = settings.redis_url or f"unix://{(settings.data_dir / 'redis.sock').resolve()}"
    patience = Retry(ExponentialBackoff(cap=0.3, base=0.05), 2, supported_errors=(ConnectionError,))
    return Redis.from_url(url, retry=patience, health_check_interval=30, socket_timeout=answer_s)


def with_secret(settings: Settings) -> Settings:
    """Without KUAIMEN_SECRET_KEY a key is made once and kept in the data directory, readable by its owner only."""
    if settings.secret_key.get_secret_value():
        return settings
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return settings.model_copy(update={"secret_key": SecretStr(secret_key(Home(settings.data_dir)))})


def open_stage(settings: Settings) -> Stage:
    settings = with_secret(settings)
    redis = open_redis(settings)
    bell = RqBell(redis)
    return Stage(
        settings=settings,
        db=Database(settings.sqlalchemy_url, bell),
        store=open_store(settings),
        bell=bell,
        wechat=open_wechat(settings, redis),
        redis=redis,
        signer=Signer(settings.secret_key.get_secret_value()),
        others=open_others(settings, redis),
        face_engine=functools.partial(recognition.engine, settings.face_model),
        face_model=recognition.name_of(settings.face_model),
    )
