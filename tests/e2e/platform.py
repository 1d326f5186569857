"""A running platform for tests: starts `kuaimen up`, asks it, feeds it by FTP, and finds everything it left behind."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from ftplib import FTP
from pathlib import Path
from typing import Any

from backend.config import Settings
from launch import ports
from launch.status import photos
from tests.cast import jpeg

KUAIMEN = (sys.executable, "-P", "-m", "launch.cli")


class Running:
    """One data directory and, between `start()` and `stop()`, the processes in it."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.process: subprocess.Popen[bytes] | None = None
        self.output = data_dir.with_name(f"{data_dir.name}.out")
        own = {"PORT": str(ports.free()), "FTP_PORT": str(ports.free()), "DATA_DIR": str(data_dir)} | settings
        kept = {k: v for k, v in os.environ.items() if not k.startswith("KUAIMEN_")}
        self.env = kept | {f"KUAIMEN_{name}": value for name, value in own.items()}

    def start(self, *options: str) -> float:
        """Returns the seconds until everything was ready."""
        began = time.monotonic()
        with self.output.open("ab") as out:
            self.process = subprocess.Popen(
                [*KUAIMEN, "up", *options], env=self.env, stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )
        self.until(lambda: self.state().get("ready_at") is not None, 100)
        return time.monotonic() - began

    def stop(self, number: signal.Signals = signal.SIGINT) -> float:
        """Returns the seconds it took."""
        assert self.process
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - began

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def state(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.data_dir / "run" / "state.json").read_text())
        except (OSError, ValueError):
            return {}
        return found

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*KUAIMEN, *words], env=self.env, capture_output=True, text=True, timeout=60, check=False)

    def status(self) -> dict[str, Any]:
        answer = self.ask("status", "--json")
        assert answer.returncode == 0, answer.stderr
        found: dict[str, Any] = json.loads(answer.stdout)
        return found

    def kill(self, part: str) -> int:
        """-9. Returns the pid that is no more."""
        pid = int(self.state()["processes"][part]["pid"])
        os.kill(pid, signal.SIGKILL)
        return pid

    def is_back(self, part: str, after: int) -> bool:
        found = self.state()["processes"][part]
        return bool(found["up"] and found["pid"] != after)

    def send(self, name: str, words: str = "") -> None:
        """By FTP as a camera does, again until the bridge says that it has it."""
        until = time.monotonic() + 60
        while True:
            try:
                self._store(name, jpeg("teal", (1200, 800), words=words or name))
            except (OSError, EOFError):  # the bridge is being restarted
                assert time.monotonic() < until
                time.sleep(0.3)
            else:
                return

    def _store(self, name: str, content: bytes) -> None:
        ftp = json.loads((self.data_dir / "bridge.json").read_text())["ftp"]
        user = ftp["users"][0]
        with FTP(timeout=20) as client:
            client.connect("127.0.0.1", ftp["port"])
            client.login(user["user"], user["password"])
            client.storbinary(f"STOR {name}", io.BytesIO(content))

    def photos(self) -> dict[str, int]:
        """As `status` counts them, without a process of its own each time."""
        return photos(Settings(data_dir=self.data_dir))

    def live(self) -> int:
        return self.photos().get("live", 0)

    def until(self, fact: Callable[[], bool], within_s: float, *, every_s: float = 0.1) -> float:
        """Returns the seconds until it is so. `every_s`: longer where looking costs what the platform needs."""
        began = time.monotonic()
        while not fact():
            if self.process and self.process.poll() is not None:
                raise AssertionError(f"it ended with {self.process.returncode}:\n{self.said()}")
            assert time.monotonic() - began < within_s, self.said()[-2000:]
            time.sleep(every_s)
        return time.monotonic() - began

    def left_behind(self) -> list[str]:
        """Every process that was started for this data directory, by what it was given."""
        mark = f"KUAIMEN_DATA_DIR={self.data_dir}\0".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if process.name != str(os.getpid()) and mark in (process / "environ").read_bytes():
                    found.append(f"{process.name} {(process / 'cmdline').read_text()}")
            except OSError:
                continue
        return found

    def end(self) -> None:
        """For the fixture: nothing stays, whatever the test did."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
