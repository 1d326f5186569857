"""How fast guests are told: one worker, the WeChat sandbox with its rules, beside the bare requests it cannot save.

Everything is started for the run in a folder of its own: database, Redis, sandbox, worker. `bare` sends the same
requests to the same sandbox from as many threads, with nothing but an HTTP connection each.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import httpx
import typer
from sqlalchemy import func, insert, select

from backend import config, deliveries
from backend.clock import now_ms
from backend.config import Settings
from backend.context import Stage
from backend.models import (
    Album,
    Delivery,
    DeliveryState,
    Event,
    Guest,
    Organization,
    Photo,
    PhotoState,
    Quota,
    Recipe,
    Subscription,
    new_id,
)
from backend.wechat.opening import SANDBOX_APPID, SANDBOX_SECRET
from launch import migrate, redis_server
from launch.bench import append_result
from launch.sandbox.wechat.memory import User, World
from launch.stage import open_stage
from launch.trouble import Trouble
from workers import sweep

PATIENCE_S: Final = 600
START_S: Final = 60
BARE: Final = 2000  # requests of each bare run
TEMPLATE: Final = "KM_ALBUM_UPDATE"
SEND: Final = "/cgi-bin/message/subscribe/send"
WORDS: Final = {"thing1": "年会", "number2": "36", "time3": "2026年11月22日 15:01", "thing4": "点击查看"}


def run(
    *,
    messages: Annotated[int, typer.Option(min=1, help="How many guests are told.")] = 10_000,
    as_json: Annotated[bool, typer.Option("--json", help="Only the figures, as the last line.")] = False,
) -> None:
    """Plan and send one message to each of so many guests, as a worker of the platform does."""
    with tempfile.TemporaryDirectory(prefix="km-") as scratch:
        figures = measure(Path(scratch), messages)
    append_result("notify", figures)
    if not as_json:
        print(f"{messages} messages in {figures['seconds']} s: {figures['per_second']} a second")
        print(f"bare requests: {figures['bare_http_per_second']} a second; planning took {figures['planned_s']} s")
    print(json.dumps(figures))


def measure(scratch: Path, messages: int) -> dict[str, Any]:
    """Raises Trouble when not everybody was told in time."""
    state_file = scratch / "sandbox.json"
    _sandbox_state(state_file, messages)
    with ExitStack() as running:
        redis_url = running.enter_context(_redis(scratch))
        url = running.enter_context(_sandbox(state_file))
        settings = Settings(data_dir=scratch, redis_url=redis_url, wechat_base_url=url)
        migrate.migrate(settings)
        stage = open_stage(settings)
        album_id = _plant(stage, messages)
        bare = [_bare(url, settings.notify_senders, 0)]
        running.enter_context(_worker(settings))
        _until(lambda: bool(stage.redis.scard("rq:workers")), "worker")
        began = time.monotonic()
        planned_s = _told(stage, album_id, messages)
        seconds = time.monotonic() - began
        bare.append(_bare(url, settings.notify_senders, 1))
        got = httpx.get(f"{url}/_sandbox/state", trust_env=False).json()["message_count"]
        stage.db.engine.dispose()
    if got != messages + 2 * BARE:
        raise Trouble(f"收到 {got} 条", f"{got - 2 * BARE} messages arrived, not {messages}")
    return {
        "messages": messages,
        "seconds": round(seconds, 1),
        "per_second": round(messages / seconds, 1),
        "bare_http_per_second": round(max(bare), 1),
        "planned_s": round(planned_s, 2),
        "senders": settings.notify_senders,
    }


def _told(stage: Stage, album_id: str, messages: int) -> float:
    """Ring as the sweep does until all are told; returns the seconds until all were planned."""
    began, planned_s = time.monotonic(), 0.0
    while time.monotonic() - began < PATIENCE_S:
        sweep.once(stage)
        with stage.db.reading() as tx:
            rows = select(func.count()).select_from(Delivery).where(Delivery.album_id == album_id)
            planned = tx.scalar(rows) or 0
            sent = tx.scalar(rows.where(Delivery.state == DeliveryState.SENT)) or 0
        if planned == messages and not planned_s:
            planned_s = time.monotonic() - began
        if sent == messages:
            return planned_s
        time.sleep(0.2)
    raise Trouble("超时", f"not everybody was told within {PATIENCE_S} s")


def _sandbox_state(path: Path, messages: int) -> None:
    """Guests who allowed one message each, and some for the bare requests."""
    world = World(path)
    app = world.app(SANDBOX_APPID, SANDBOX_SECRET)
    for name in [f"g{n}" for n in range(messages)] + [f"b{n}" for n in range(2 * BARE)]:
        app.users[name] = User(name, name, seen_at=now_ms())
        app.credits[name] = {TEMPLATE: 1}
    world.save()


def _plant(stage: Stage, messages: int) -> str:
    """An album whose first photo went live a second ago, and everybody waiting for that."""
    now = now_ms()
    recipe = Recipe(id="0" * 64, content={})
    organization = Organization(name="bench")
    with stage.db.writing() as tx:
        tx.add_all([recipe, organization])
        tx.flush()
        event = Event(organization_id=organization.id, title="年会", starts_at=now - 1000, ends_at=now + 3_600_000)
        tx.add(event)
        tx.flush()
        album = Album(organization_id=organization.id, event_id=event.id, title="主会场", recipe_id=recipe.id)
        tx.add(album)
        tx.flush()
        tx.add(
            Photo(
                organization_id=organization.id,
                event_id=event.id,
                album_id=album.id,
                digest="d",
                size=1,
                state=PhotoState.LIVE,
                live_at=now,
            )
        )
        ids = [new_id() for _ in range(messages)]
        guests = [{"id": i, "appid": SANDBOX_APPID, "openid": f"g{n}"} for n, i in enumerate(ids)]
        tx.execute(insert(Guest), guests)
        tx.execute(insert(Quota), [{"guest_id": i, "template_id": TEMPLATE, "left": 1} for i in ids])
        wants = {"album_id": album.id, "template_id": TEMPLATE, "created_at": now - 1000}
        tx.execute(insert(Subscription), [{"guest_id": i, **wants} for i in ids])
        album.notify_due_at = now
        assert deliveries.facts(tx, album).live
        return album.id


def _bare(url: str, threads: int, part: int) -> float:
    """Messages a second by plain requests with one token, each thread on a connection of its own."""
    body = {"grant_type": "client_credential", "appid": SANDBOX_APPID, "secret": SANDBOX_SECRET}
    token = httpx.post(f"{url}/cgi-bin/stable_token", json=body, trust_env=False).json()["access_token"]
    names = iter([f"b{part * BARE + n}" for n in range(BARE)])
    lock = threading.Lock()

    def send() -> None:
        at = urlsplit(url)
        connection = http.client.HTTPConnection(str(at.hostname), at.port, timeout=30)
        while True:
            with lock:
                openid = next(names, None)
            if openid is None:
                connection.close()
                return
            said = {"touser": openid, "template_id": TEMPLATE, "data": {k: {"value": v} for k, v in WORDS.items()}}
            said |= {"miniprogram_state": "formal", "lang": "zh_CN"}
            text = json.dumps(said, ensure_ascii=False).encode()
            connection.request("POST", f"{SEND}?access_token={token}", text, {"Content-Type": "application/json"})
            assert json.loads(connection.getresponse().read())["errcode"] == 0

    workers = [threading.Thread(target=send) for _ in range(threads)]
    began = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return BARE / (time.monotonic() - began)


@contextmanager
def _redis(scratch: Path) -> Iterator[str]:
    folder, unix_socket = scratch / "redis", scratch / "r.sock"
    folder.mkdir()
    argv = redis_server.argv(redis_server.find(), folder, unix_socket)
    with _process(argv, scratch / "redis.log"):
        _until(lambda: redis_server.answers(unix_socket), "redis")
        yield f"unix://{unix_socket}"


@contextmanager
def _sandbox(state_file: Path) -> Iterator[str]:
    argv = (sys.executable, "-P", "-m", "launch.sandbox.wechat", "--state-file", str(state_file), "--push-url", "")
    log = state_file.with_name("sandbox.log")
    with _process(argv, log):
        _until(lambda: b"\n" in log.read_bytes(), "sandbox")
        yield str(json.loads(log.read_text().splitlines()[-1])["url"])


@contextmanager
def _worker(settings: Settings) -> Iterator[None]:
    told = {
        "data_dir": str(settings.data_dir),
        "redis_url": settings.redis_url,
        "wechat_base_url": settings.wechat_base_url,
    }
    argv = (sys.executable, "-P", "-m", "launch.cli", "work", "notify")
    with _process(argv, settings.data_dir / "worker.log", config.environment(**told)):
        yield


@contextmanager
def _process(argv: tuple[str, ...], log: Path, environment: dict[str, str] | None = None) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(argv, stdout=out, stderr=out, env=environment)  # noqa: S603 - our own commands
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _until(true: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + START_S
    while not true():
        if time.monotonic() > give_up_at:
            raise Trouble(f"{what} 没有启动", f"{what} did not start")
        time.sleep(0.05)
