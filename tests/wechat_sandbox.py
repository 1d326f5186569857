"""The WeChat sandbox for tests: a server on the loopback and a gateway that talks to it."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from redis import Redis

from backend.config import Settings
from backend.errors import Refused
from backend.wechat import WeChat
from backend.wechat.opening import SANDBOX_APPID, SANDBOX_SECRET, open_wechat
from backend.wechat.push import PushEvent, PushKeys, echo, verify
from launch.sandbox.wechat.memory import App, Memory, PushSettings, World
from launch.sandbox.wechat.serving import Serving

TOKEN = "/cgi-bin/stable_token"
PROCESSES = 8
JS_CODE = "dev:" + "someone"  # in two pieces, so that no traceback quotes it
PATIENCE_S = 60  # a busy machine; nothing waits that long when all is well
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
        return self.world.memory.apps[SANDBOX_APPID]

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

    @contextmanager
    def verdicts_held(self) -> Iterator[None]:
        """WeChat has decided about a photo, however slow this machine is, and says so only afterwards."""
        url = self.world.memory.push.url
        self.act("push", url="")
        known = self._verdicts()
        yield
        if self.calls("media_check_async"):
            until(lambda: self._verdicts() > known, "a verdict")
        self.act("push", url=url)
        if self._verdicts() > known:
            until(self._delivered, "the product's answer")

    def _delivered(self) -> bool:
        """The last push; again when the product was too slow each time."""
        with self.world.lock:
            last = self.world.memory.pushes[-1]
            done, under_way = "success" in last.attempts, last.left > 0
        if not done and not under_way:
            self.act("redeliver")
        return done

    def _verdicts(self) -> int:
        with self.world.lock:
            return sum(push.message["Event"] == "wxa_media_check" for push in self.world.memory.pushes)

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
        world.memory = Memory(send_ms=0, media_ms=10, h5="http://127.0.0.1:8080")
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


class Product(ThreadingHTTPServer):
    """Receives pushes as our server does, and can be told to misbehave."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.trouble: list[str] = []  # for the next deliveries: «slow», «500», «words»

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/mp/v1/wechat/push"

    def events(self, settings: PushSettings) -> list[PushEvent]:
        aes = settings.aes_key if settings.mode == "safe" else ""
        keys = PushKeys(SANDBOX_APPID, SecretStr(settings.token), SecretStr(aes))
        return [event for query, body in self.received for event in verify(query, body, keys)]


class Receiver(BaseHTTPRequestHandler):
    server: Product

    def do_GET(self) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query))
        try:
            self._answer(200, echo(query, PushKeys(SANDBOX_APPID, SecretStr("sandboxtoken"))))
        except Refused:
            self._answer(403, "no")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(parse_qsl(urlsplit(self.path).query)), body))
        trouble = self.server.trouble.pop(0) if self.server.trouble else ""
        if trouble == "slow":
            time.sleep(0.8)
        self._answer(500 if trouble == "500" else 200, "what?" if trouble == "words" else "success")

    def _answer(self, status: int, text: str) -> None:
        try:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())
        except (BrokenPipeError, ConnectionResetError):
            pass  # the sandbox did not wait

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def product() -> Iterator[Product]:
    with Product() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


def until(true: Any, what: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < give_up_at, f"never came: {what}"
        time.sleep(0.01)


def opened(sandbox: Sandbox, redis: Redis, **more: Any) -> Any:
    given = {"timeout": (1, 1), "registry": CollectorRegistry()} | more
    return open_wechat(Settings(wechat_base_url=sandbox.url), redis, **given)


def every_call(wechat: Any) -> dict[str, Callable[[], object]]:
    """Everything one can ask of WeChat."""
    page = "pages/album/album"
    return {
        "login": lambda: wechat.login(JS_CODE),
        "check_session": lambda: wechat.check_session("o", "k"),
        "phone": lambda: wechat.phone("phone:13800138000"),
        "code": lambda: wechat.code("a", page=page),
        "tell": lambda: wechat.tell("o", ALBUM_UPDATE, WORDS),
        "url_link": lambda: wechat.url_link(page),
        "url_scheme": lambda: wechat.url_scheme(page),
        "check_text": lambda: wechat.check_text("o", "x"),
        "check_media": lambda: wechat.check_media("o", "http://x"),
        "risk_rank": lambda: wechat.risk_rank("o", client_ip="1.2.3.4"),
        "templates": wechat.templates,
        "add_template": lambda: wechat.add_template("30001", [1, 2], "x"),
        "delete_template": lambda: wechat.delete_template("x"),
        "categories": wechat.categories,
        "library": lambda: wechat.library([616]),
        "keywords": lambda: wechat.keywords("30001"),
        "wechatpy's own": lambda: wechat._client.wxa.check_text_security("x"),
    }


def all_texts(exc: BaseException | None) -> str:
    """Everything a logger, a tracker or a person may see of an exception, its causes included."""
    if exc is None:
        return ""
    own = "".join(traceback.format_exception(exc, chain=True)) + repr(exc) + str(exc) + repr(vars(exc))
    return own + all_texts(exc.__cause__) + all_texts(exc.__context__)


def ask_for_templates(url: str, redis_url: str, start: Any, results: Any) -> None:
    """One of several processes: all begin at the barrier `start`, each with nothing in memory."""
    wechat = open_wechat(Settings(wechat_base_url=url), Redis.from_url(redis_url), registry=CollectorRegistry())
    start.wait(60)
    results.put(len(wechat.templates()))
