"""The whole platform on one machine, as one process tree: what belongs to it, in which order it starts and stops.

Starts: redis, the WeChat sandbox and web; the database; workers, sweep and camera bridge. Stops in reverse: first
what takes photos in, last redis. Workers and sweep are forks of this process (launch/forked.py), the rest programs.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from backend.clock import now_ms
from backend.config import Settings, adopt, environment
from launch import holding, ports, redis_server
from launch.home import Home, read_json, secret_key, write_private
from launch.supervisor import Part, Supervisor, tail
from launch.tether import die_with_parent
from launch.trouble import Trouble

BRIDGE, SWEEP, WEB, WORKERS, SANDBOX, REDIS = 1, 1, 2, 3, 3, 4  # waves: lower ones stop first
START_S: Final = 60.0
QUEUES: Final = ("live", "bulk", "notify", "export", "faces", "chores")
ONE_THREAD: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts find each other; chosen anew at every start where nobody has to type them."""

    redis_url: str
    redis_socket: Path | None  # None: somebody else's redis
    wechat_base_url: str
    sandbox_port: int | None  # None: the real WeChat
    bridge_port: int  # the bridge's own state page


LISTENS: Final = ("host", "port", "public_url", "ftp_host", "ftp_port", "database_url", "store")


class Platform:
    """One run: `start()`, `feed()` if there are photos, `supervisor.forever()`, `supervisor.stop()`."""

    def __init__(self, settings: Settings, home: Home, tell: Callable[[str, str], None]) -> None:
        self.settings = settings.model_copy(update={"data_dir": home.root})
        self.home = home
        self.server = None if settings.redis_url else redis_server.find()
        self.at = _addresses(settings, home)
        self.began = now_ms()
        self.ready_at: int | None = None
        env = self._environment()
        adopt(env)  # before native libraries look at it: they must not start threads here
        self.supervisor = Supervisor(env, home.log, tell, self.write_state)

    def start(self, step: Callable[[str], None]) -> None:
        """All parts up and answering. Raises Trouble with the log's last lines of the part that does not come up."""
        house = self.supervisor
        secret_key(self.home)  # before anybody could make another one
        if self.server and self.at.redis_socket:
            house.add(self._redis(self.server, self.at.redis_socket))
            self._await("redis", self._redis_answers)
        if self.at.sandbox_port:
            house.add(self._sandbox(self.at.sandbox_port))
        house.add(self._web())  # starts by importing; nobody asks it anything before the database is ready
        crew = import_module("launch.crew")  # here and not at the top: the three above are starting meanwhile
        self._through("seed", crew.prepare)
        step("database")
        for part in (*self._workers(crew.work), Part("sweep", crew.sweep, SWEEP)):
            house.add(part)
        self._await("sandbox", lambda: _connects("127.0.0.1", self.at.sandbox_port))
        self._await("web", self._web_answers)
        step("web")
        write_private(self.home.bridge_file, json.dumps(self._bridge_settings(), indent=1))
        house.add(self._bridge())
        self._await("bridge", lambda: _connects("127.0.0.1", self.at.bridge_port))  # its last door to open
        for name in self.worker_names():
            self._await(name, partial(self._worker_ready, name))
        step("bridge, workers")
        self.ready_at = now_ms()
        self.write_state()

    def feed(self, folder: Path) -> int:
        """Send a folder's photos through the bridge, its progress bar in our terminal. Returns the exit status."""
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*_bridge_command(), "send", str(folder), "--config", str(self.home.bridge_file)],
            env=self.supervisor.env,
            preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - this process has one thread
        )
        while process.poll() is None and not self.supervisor.stopping:
            self.supervisor.tick()
            self.supervisor.rest(0.2)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            return process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def write_state(self) -> None:
        """For `status` and everybody who wants to join from outside."""
        state: dict[str, Any] = {
            "pid": os.getpid(),
            "began_at": self.began,
            "listens": {name: getattr(self.settings, name) for name in LISTENS},
            "ready_at": self.ready_at,
            "redis_url": self.at.redis_url,
            "redis_version": self.server.version if self.server else "",
            "wechat_base_url": self.at.wechat_base_url,
            "bridge_state_url": f"http://127.0.0.1:{self.at.bridge_port}",
            "processes": {
                c.part.name: {"pid": c.pid, "up": c.process is not None, "restarts": c.restarts}
                for c in self.supervisor.children.values()
            },
        }
        write_private(self.home.state_file, json.dumps(state, indent=1))

    def close(self) -> None:
        """Stop all; nothing is running here any more afterwards."""
        self.supervisor.stop()
        self.home.state_file.unlink(missing_ok=True)

    def worker_names(self) -> list[str]:
        return [f"live-{n + 1}" for n in range(self.settings.render_workers)] + [q for q in QUEUES if q != "live"]

    def _environment(self) -> dict[str, str]:
        settings = {"data_dir": str(self.home.root), "redis_url": self.at.redis_url}
        if self.settings.public_url:
            settings["public_url"] = self.settings.public_url
        if self.at.wechat_base_url:
            settings["wechat_base_url"] = self.at.wechat_base_url
        return environment(**settings) | ONE_THREAD

    def _site(self) -> str:
        """Ourselves, without a way through the outside."""
        return f"http://{_reachable(self.settings.host)}:{self.settings.port}"

    def _redis(self, server: redis_server.Server, unix_socket: Path) -> Part:
        folder = self.home.redis_dir
        return Part(
            "redis",
            redis_server.argv(server, folder, unix_socket),
            REDIS,
            before=partial(redis_server.set_aside_what_breaks_it, folder),
        )

    def _sandbox(self, port: int) -> Part:
        options = {
            "port": str(port),
            "state-file": str(self.home.root / "wechat-sandbox.json"),
            "h5": self.settings.base_url,
            "push-url": f"{self._site()}/mp/v1/wechat/push",
        }
        argv = [sys.executable, "-P", "-m", "launch.sandbox.wechat"]
        return Part("sandbox", (*argv, *(w for name, value in options.items() for w in (f"--{name}", value))), SANDBOX)

    def _web(self) -> Part:
        return Part("web", _kuaimen("serve"), WEB)

    def _workers(self, work: Callable[[str], None]) -> list[Part]:
        parts = []
        for name in self.worker_names():
            hangs = partial(holding.complaint, self.home.job_file(name))
            parts.append(Part(name, partial(work, name), WORKERS, hangs=hangs))
        return parts

    def _bridge(self) -> Part:
        return Part("bridge", (*_bridge_command(), "run", "--config", str(self.home.bridge_file)), BRIDGE)

    def _bridge_settings(self) -> dict[str, Any]:
        seeded = read_json(self.home.seed_file)
        camera = {"user": seeded["ftp_user"], "password": seeded["ftp_password"]}
        return {
            "server": self._site(),
            "token": seeded["bridge_token"],
            "spool_dir": str(self.home.bridge_dir),
            "inbox": [str(self.home.inbox)],
            "state_port": self.at.bridge_port,
            "ftp": {"host": self.settings.ftp_host, "port": self.settings.ftp_port, "users": [camera]},
        }

    def _through(self, name: str, call: Callable[[], object]) -> None:
        status = self.supervisor.run_through(Part(name, call, WORKERS), START_S)
        if status and not self.supervisor.stopping:
            raise self._trouble(name, f"exit {status}")
        if self.supervisor.stopping:
            raise Interrupted

    def _await(self, name: str, fact: Callable[[], bool]) -> None:
        if name in self.supervisor.children and not self.supervisor.wait(fact, START_S):
            if self.supervisor.stopping:
                raise Interrupted
            raise self._trouble(name, f"{START_S:.0f} s")

    def _trouble(self, name: str, how: str) -> Trouble:
        path = self.home.log / f"{name}.log"
        last = "\n".join(f"    {line}" for line in tail(path))
        return Trouble(
            f"{name} 没有启动（{how}），日志 {path}", f"{name} did not start ({how}). Log: {path}\n{last}".rstrip()
        )

    def _redis_answers(self) -> bool:
        return self.at.redis_socket is not None and redis_server.answers(self.at.redis_socket)

    def _web_answers(self) -> bool:
        client = http.client.HTTPConnection(_reachable(self.settings.host), self.settings.port, timeout=2)
        try:
            client.request("GET", "/healthz")
            return client.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            client.close()

    def _worker_ready(self, name: str) -> bool:
        return holding.is_ready(self.home.job_file(name), self.supervisor.children[name].pid)


class Interrupted(Exception):
    """Somebody asked us to stop while we were starting."""


def require_ports(settings: Settings) -> None:
    """Raises Trouble. A predecessor that was killed a moment ago may still be letting go."""
    for _ in range(10):
        if all(_may_listen(*at) for at in ((settings.host, settings.port), (settings.ftp_host, settings.ftp_port))):
            return
        time.sleep(0.1)
    ports.require(settings.host, settings.port, "KUAIMEN_PORT")
    ports.require(settings.ftp_host, settings.ftp_port, "KUAIMEN_FTP_PORT")


def _may_listen(host: str, port: int) -> bool:
    try:
        return ports.is_free(host, port)
    except OSError:
        return False


def _addresses(settings: Settings, home: Home) -> Addresses:
    unix_socket = None if settings.redis_url else home.redis_socket()
    sandbox = not settings.wechat_appid and not settings.wechat_base_url
    sandbox_port = ports.free() if sandbox else None
    return Addresses(
        redis_url=settings.redis_url or f"unix://{unix_socket}",
        redis_socket=unix_socket,
        wechat_base_url=f"http://127.0.0.1:{sandbox_port}" if sandbox_port else settings.wechat_base_url,
        sandbox_port=sandbox_port,
        bridge_port=ports.free(),
    )


def _kuaimen(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", "launch.cli", *words)


def _bridge_command() -> tuple[str, ...]:
    return (str(Path(sys.executable).with_name("kuaimen-bridge")),)


def _reachable(host: str) -> str:
    """Where we find ourselves when we listen everywhere."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound


def _connects(host: str, port: int | None) -> bool:
    try:
        with socket.create_connection((host, port or 0), timeout=1):
            return True
    except OSError:
        return False
