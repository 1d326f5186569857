"""The WeChat sandbox for tests: a server on the loopback and a gateway that talks to it.

Import the fixtures: `from tests.wechat_sandbox import registry, sandbox, sandbox_server, wechat  # noqa: F401`,
with those of `tests.redis_server`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from redis import Redis

from backend.config import Settings
from backend.wechat import WeChat
from backend.wechat.opening import SANDBOX_APPID, SANDBOX_SECRET, open_wechat
from launch.sandbox.wechat.serving import Serving
from launch.sandbox.wechat.state import App, State, World

ALBUM_UPDATE = "KM_ALBUM_UPDATE"
WORDS = {"thing1": "年会", "number2": "3", "time3": "2026年11月22日 15:01", "thing4": "点击查看"}


class Sandbox:
    """What tests do to the world outside."""

    def __init__(self, serving: Serving) -> None:
        self.url = serving.url
        self.world = serving.world
        self._http = httpx.Client(base_url=f"{serving.url}/_sandbox", trust_env=False, timeout=10)

    @property
    def app(self) -> App:
        return self.world.state.apps[SANDBOX_APPID]

    def act(self, path: str, /, **body: Any) -> Any:
        """POST to the admin door. Fails the test when it refuses."""
        answer = self._http.post(f"/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def look(self, path: str, /, **query: Any) -> Any:
        return self._http.get(f"/{path}", params=query).raise_for_status().json()

    def guest(self, name: str = "alice", quota: int = 0) -> str:
        """The openid of somebody who is in the mini-program now."""
        openid = self.act("login", name=name)["openid"]
        if quota:
            self.act("accept", openid=openid, template_id=ALBUM_UPDATE, n=quota)
        return openid

    def calls(self, path: str = "") -> list[dict[str, Any]]:
        """Requests the sandbox saw, oldest first."""
        with self.world.lock:
            return [call for call in self.world.calls if path in call["path"]]

    def close(self) -> None:
        self._http.close()


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[Serving]:
    with Serving(World(), answer_s=0.5, pause_s=0.05) as serving:
        yield serving


@pytest.fixture
def sandbox(sandbox_server: Serving) -> Iterator[Sandbox]:
    """As on its first day, but quick."""
    world = sandbox_server.world
    with world.lock:
        world.state = State(send_ms=0, media_ms=10, h5="http://127.0.0.1:8080")
        world.app(SANDBOX_APPID, SANDBOX_SECRET)
        world.calls.clear()
        world.sending.clear()
    found = Sandbox(sandbox_server)
    yield found
    found.close()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def wechat(sandbox: Sandbox, redis: Redis, registry: CollectorRegistry) -> WeChat:
    return open_wechat(Settings(wechat_base_url=sandbox.url), redis, timeout=(2, 2), registry=registry)


def ask_for_templates(url: str, redis_url: str, start: Any, results: Any) -> None:
    """One of several processes: all begin at the barrier `start`, each with nothing in memory."""
    wechat = open_wechat(Settings(wechat_base_url=url), Redis.from_url(redis_url), registry=CollectorRegistry())
    start.wait(60)
    results.put(len(wechat.templates()))
