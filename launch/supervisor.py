"""Keeps a handful of child processes running: starts, restarts, ends hanging ones, stops all in order.

One thread, one loop: `tick()` looks at every child, `rest()` sleeps until a child or a signal wakes it. Children die
with this process (launch/tether.py), write to a log file each, and live in their own process group, so that Ctrl-C in
the terminal reaches only us and what a child leaves behind can be ended with it.
"""

from __future__ import annotations

import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final, Protocol

from launch.forked import fork
from launch.tether import die_with_parent

log = logging.getLogger(__name__)

STEADY_S: Final = 10.0  # a child that lived this long has recovered
SLOWEST_S: Final = 5.0  # the longest pause before a restart
LOOK_S: Final = 0.5  # how often children are asked whether they hang
ROTATE_S: Final = 20.0
LOG_BYTES: Final = 10 * 1024 * 1024  # per log file; one older one is kept
STOP_S: Final = 9.0  # all children together


def no_complaint(_pid: int) -> str:
    return ""


class Process(Protocol):
    """A child: a program (Popen) or a fork of ourselves."""

    pid: int

    def wait(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Part:
    """One child: a program, or a function of ours. Those with a lower `wave` are stopped first, a wave at once."""

    name: str
    run: tuple[str, ...] | Callable[[], object]
    wave: int
    hangs: Callable[[int], str] = no_complaint  # why the process must be killed, or nothing
    before: Callable[[int], None] | None = None  # called before each start with the number of quick deaths before it


@dataclass(slots=True)
class Child:
    """A part and its process, if it has one at the moment."""

    part: Part
    process: Process | None = None
    started: float = 0.0
    start_at: float = 0.0
    deaths: int = 0  # quick ones in a row
    restarts: int = 0
    pid: int = 0  # also of the last one, for status


@dataclass(slots=True)
class Supervisor:
    """`tell` is called with the name and one line when a child died; `changed` when the children are others."""

    env: Mapping[str, str]
    log_dir: Path
    tell: Callable[[str, str], None]
    changed: Callable[[], None]
    children: dict[str, Child] = field(default_factory=dict)
    stopping: bool = False
    _alarm: socket.socket | None = None
    _asked: float = 0.0
    _looked: float = 0.0
    _rotated: float = 0.0

    def add(self, part: Part) -> None:
        child = self.children[part.name] = Child(part)
        self._start(child)

    def run_through(self, part: Part, within_s: float) -> int:
        """One child to its end, its output in the log; the others are looked after meanwhile.

        Returns its exit status; 124 when it took too long and was killed, 130 when we were told to stop.
        """
        process = self._spawn(part)
        ended = self.wait(lambda: _has_ended(process), within_s)
        _kill_group(process.pid)
        status = process.wait()
        if ended:
            return status
        return 130 if self.stopping else 124

    def wait(self, fact: Callable[[], bool], within_s: float) -> bool:
        """Look after the children until `fact()`; false when the time is over or we were told to stop."""
        until = time.monotonic() + within_s
        while not fact():
            if self.stopping or time.monotonic() > until:
                return False
            self.tick()
            self.rest(0.05)
        return True

    def tick(self) -> None:
        """Look at every child once: bury, restart, end what hangs, rotate logs."""
        now = time.monotonic()
        look = now - self._looked >= LOOK_S
        if look:
            self._looked = now
        for child in self.children.values():
            if child.process is None:
                if now >= child.start_at:
                    self._start(child)
            elif _has_ended(child.process):
                self._bury(child)
            elif look and (why := child.part.hangs(child.pid)):
                self.tell(child.part.name, why)
                _kill_group(child.process.pid)
        if now - self._rotated > ROTATE_S:
            self._rotated = now
            rotate(self.log_dir)

    def forever(self) -> None:
        """Look after the children until told to stop."""
        while not self.stopping:
            self.tick()
            pauses = [c.start_at - time.monotonic() for c in self.children.values() if c.process is None]
            self.rest(max(0.01, min([LOOK_S, *pauses])))

    def rest(self, seconds: float) -> None:
        """Sleep, but not through a signal: a child's end wakes us."""
        if self._alarm is None:
            time.sleep(seconds)
            return
        ready, _, _ = select.select([self._alarm], [], [], seconds)
        if ready:
            with suppress(BlockingIOError):
                self._alarm.recv(512)

    def is_up(self, name: str) -> bool:
        child = self.children[name]
        return child.process is not None and not _has_ended(child.process)

    def stop(self) -> None:
        """End all children, wave by wave, within STOP_S; who does not go is killed. Idempotent."""
        self.stopping = True
        until = time.monotonic() + STOP_S
        waves = sorted({c.part.wave for c in self.children.values()})
        for left, wave in zip(range(len(waves), 0, -1), waves, strict=True):
            patience = max(0.2, (until - time.monotonic()) / left)
            going = [c for c in self.children.values() if c.part.wave == wave]
            _end([c.process for c in going if c.process], patience)
            for child in going:
                child.process = None

    @contextmanager
    def signals(self) -> Generator[None]:
        """SIGINT and SIGTERM ask to stop; a second one ends everything at once. Main thread only."""
        alarm, bell = socket.socketpair()
        alarm.setblocking(False)
        bell.setblocking(False)
        self._alarm = alarm
        kept = {s: signal.signal(s, self._asked_to_stop) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        kept[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        old = signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(old)
            for number, handler in kept.items():
                signal.signal(number, handler)
            self._alarm = None
            alarm.close()
            bell.close()

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.stopping and now - self._asked > 1:  # some senders signal us and our group: that is one wish, not two
            for child in self.children.values():
                if child.process:
                    _kill_group(child.process.pid)
        self.stopping, self._asked = True, now

    def _start(self, child: Child) -> None:
        if child.part.before:
            child.part.before(child.deaths)
        child.process = self._spawn(child.part)
        child.pid = child.process.pid
        child.started = time.monotonic()
        log.info("started part=%s pid=%s", child.part.name, child.pid)
        self.changed()

    def _spawn(self, part: Part) -> Process:
        output = self.log_dir / f"{part.name}.log"
        if not isinstance(part.run, tuple):
            return fork(part.name, part.run, self.env, output)
        with output.open("ab") as out:
            return subprocess.Popen(  # noqa: S603 - our own commands
                part.run,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - this process has one thread
            )

    def _bury(self, child: Child) -> None:
        assert child.process is not None
        _kill_group(child.process.pid)  # before it is reaped, so that the number is still its own
        status = child.process.wait()
        child.process = None
        if self.stopping:
            return
        lived = time.monotonic() - child.started
        child.deaths = child.deaths + 1 if lived < (STEADY_S if status else 1.0) else 0
        pause = min(SLOWEST_S, 0.1 * 2**child.deaths) if child.deaths else 0.0
        child.start_at = time.monotonic() + pause
        child.restarts += 1
        if status:
            self.tell(child.part.name, f"{ending(status)} after {lived:.1f} s; again in {pause:.1f} s")
        log.info("ended part=%s status=%s lived_s=%.1f", child.part.name, status, lived)


def ending(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"exit {status}"
    with suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"


def rotate(log_dir: Path, limit: int = LOG_BYTES) -> None:
    """Copy a full log aside and empty it; children append, so they go on writing to the same file."""
    for path in log_dir.glob("*.log"):
        if path.stat().st_size > limit:
            shutil.copyfile(path, path.with_suffix(".log.1"))
            os.truncate(path, 0)


def tail(path: Path, lines: int = 5) -> list[str]:
    """The last lines that say something."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 8192))
        words = file.read().decode(errors="replace").splitlines()
    return [line for line in words if line.strip()][-lines:]


def _has_ended(process: Process) -> bool:
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _end(processes: list[Process], patience: float) -> None:
    until = time.monotonic() + patience
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)  # Popen.terminate() would also reap
    while time.monotonic() < until and not all(map(_has_ended, processes)):
        time.sleep(0.01)
    for process in processes:
        _kill_group(process.pid)  # also what an obedient one left behind
        process.wait()
