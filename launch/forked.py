"""Children that share what is imported already: started in milliseconds, and their memory counted once.

Only before anything is used: the parent has one thread, no open connection, and has imported the libraries without
calling them. (Native libraries that were *used* before a fork may hang in the child.)
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from backend import config
from launch.tether import die_with_parent

PR_SET_NAME: Final = 15


class Forked:
    """What subprocess.Popen is for a program: the child's pid, and its end."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None

    def wait(self) -> int:
        """The exit status, or minus the signal's number."""
        if self._status is None:
            _, status = os.waitpid(self.pid, 0)
            self._status = os.waitstatus_to_exitcode(status)
        return self._status


def fork(name: str, call: Callable[[], object], env: Mapping[str, str], output: Path) -> Forked:
    """Run `call` in a child that looks as if it had been started as a program of its own."""
    parent = os.getpid()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    gc.freeze()  # what is shared stays shared: the collector does not write to it
    pid = os.fork()
    if pid:
        return Forked(pid)
    try:
        die_with_parent(parent)
        _settle(name, env, output)
        status = _ending_of(call)
    except BaseException:  # noqa: BLE001 - entry point of a process: say it, and never return into the parent's code
        traceback.print_exc()
        status = 1
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


def _settle(name: str, env: Mapping[str, str], output: Path) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    silence = os.open(os.devnull, os.O_RDONLY)
    out = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for fd, at in ((silence, 0), (out, 1), (out, 2)):
        os.dup2(fd, at)
    os.closerange(3, 1024)  # the parent's lock, logs and alarm are not ours
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    logging.getLogger().handlers.clear()
    config.adopt(env)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, f"km-{name}"[:15].encode())


def _ending_of(call: Callable[[], object]) -> int:
    try:
        call()
    except SystemExit as exc:
        if exc.code is None or isinstance(exc.code, int):
            return exc.code or 0
        print(exc.code, file=sys.stderr)  # noqa: T201 - as the interpreter does
        return 1
    return 0
