"""What runs in a data directory, as one object: addresses, passwords, processes, photos by state."""

from __future__ import annotations

import http.client
import json
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from backend.config import Settings
from backend.db import Database
from backend.jobs import Job
from backend.models import Photo, PhotoState
from launch.here import addresses
from launch.home import Home, is_taken, read_state
from launch.trouble import Trouble

NOTHING_RUNS: Final = 3  # exit status


class Mute:
    """A bell for readers, who never ring."""

    def ring(self, job: Job) -> None:
        raise AssertionError(job)

    def wake(self, album_id: str, revision: int) -> None:
        raise AssertionError((album_id, revision))

    def waiting(self, queue: str) -> int:
        raise AssertionError(queue)


def status(settings: Settings, home: Home) -> dict[str, Any]:
    """Everything. Raises Trouble with exit status 3 when nothing runs here."""
    if not is_taken(home):
        raise Trouble(
            f"{home.root} 中没有正在运行的快门。用 make run 启动。",
            f"Nothing runs in {home.root}. Start it with: make run",
            code=NOTHING_RUNS,
        )
    state = read_state(home)
    return addresses(settings, home) | {
        "ready": state.get("ready_at") is not None,
        "pid": state.get("pid"),
        "photos": photos(settings),
        "processes": state.get("processes", {}),
        "redis": {"url": state.get("redis_url"), "version": state.get("redis_version")},
        "wechat_url": state.get("wechat_base_url"),
        "bridge": bridge(str(state.get("bridge_state_url", ""))),
    }


def photos(settings: Settings) -> dict[str, int]:
    """How many there are in each state; empty when the database does not answer."""
    database = Database(settings.sqlalchemy_url, Mute())
    try:
        with database.reading() as tx:
            found = dict(tx.execute(select(Photo.state, func.count()).group_by(Photo.state)).all())
    except SQLAlchemyError:
        return {}
    finally:
        database.engine.dispose()
    return {state.value: found.get(state, 0) for state in PhotoState}


def bridge(url: str) -> dict[str, Any] | None:
    """What the bridge says of itself; None when it does not answer."""
    at = urlsplit(url)
    client = http.client.HTTPConnection(at.hostname or "", at.port, timeout=1)
    try:
        client.request("GET", "/state")
        answer = json.loads(client.getresponse().read())
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        client.close()
    return answer if isinstance(answer, dict) else None
