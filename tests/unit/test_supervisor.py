"""The supervisor with real children: restarts, order, hangs, rotation, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from launch import supervisor
from launch.supervisor import Part, Supervisor, ending, rotate, tail

pytestmark = pytest.mark.slow


def part(name: str, code: str, **more: object) -> Part:
    return Part(name, (sys.executable, "-u", "-S", "-c", code), **{"wave": 1, **more})


SLEEPER = "import time; print('here'); time.sleep(60)"


@pytest.fixture
def told() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def house(tmp_path: Path, told: list[tuple[str, str]]) -> Generator[Supervisor]:
    opened = Supervisor({"PATH": "/usr/bin:/bin"}, tmp_path, lambda *line: told.append(line), lambda: None)
    yield opened
    opened.stop()


def said(path: Path, name: str) -> list[str]:
    return tail(path / f"{name}.log", 50)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def eventually(fact: Callable[[], bool], within_s: float = 5) -> None:
    until = time.monotonic() + within_s
    while not fact():
        assert time.monotonic() < until, "did not happen in time"
        time.sleep(0.02)


def test_a_child_killed_with_9_comes_back(house: Supervisor, tmp_path: Path, told: list[tuple[str, str]]) -> None:
    house.add(part("web", SLEEPER))
    assert house.wait(lambda: said(tmp_path, "web") == ["here"], 5)
    first = house.children["web"].pid
    os.kill(first, signal.SIGKILL)
    assert house.wait(lambda: said(tmp_path, "web") == ["here", "here"], 5)
    assert house.children["web"].pid != first
    assert house.children["web"].restarts == 1
    assert told[0][0] == "web"
    assert told[0][1].startswith("SIGKILL after")


def test_quick_deaths_make_the_pauses_longer(house: Supervisor) -> None:
    house.add(part("bad", "raise SystemExit(3)"))
    assert house.wait(lambda: house.children["bad"].deaths == 3, 10)
    child = house.children["bad"]
    assert 0.5 < child.start_at - time.monotonic() <= 0.8


def test_what_a_dead_child_left_behind_is_ended_before_the_restart(house: Supervisor, tmp_path: Path) -> None:
    """As gunicorn's worker, that would hold the port."""
    code = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])\n"
        "print(p.pid); time.sleep(60)"
    )
    house.add(part("web", code))
    assert house.wait(lambda: len(said(tmp_path, "web")) == 1, 5)
    grandchild = int(said(tmp_path, "web")[0])
    os.kill(house.children["web"].pid, signal.SIGKILL)
    assert house.wait(lambda: len(said(tmp_path, "web")) == 2, 5)
    assert not alive(grandchild)


def test_a_hanging_child_is_killed_from_outside(house: Supervisor, told: list[tuple[str, str]]) -> None:
    hanging = ["stuck for 200 s"]
    house.add(part("live-1", SLEEPER, hangs=lambda _pid: hanging.pop() if hanging else ""))
    os.kill(house.children["live-1"].pid, signal.SIGSTOP)  # takes no other signal now
    assert house.wait(lambda: house.children["live-1"].restarts == 1, 5)
    assert told[0] == ("live-1", "stuck for 200 s")


def test_waves_stop_in_order_and_the_obstinate_are_killed(
    house: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_S", 1.5)
    polite = "import signal, sys, time\nsignal.signal(15, lambda *_: (print('{0}', time.monotonic()), sys.exit()))\n"
    polite += "print('up'); time.sleep(60)"
    deaf = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('up'); time.sleep(60)"
    house.add(part("redis", polite, wave=3))
    house.add(part("deaf", deaf, wave=2))
    house.add(part("bridge", polite, wave=1))
    assert house.wait(lambda: all(said(tmp_path, n) == ["up"] for n in ("redis", "deaf", "bridge")), 5)
    pids = [c.pid for c in house.children.values()]
    began = time.monotonic()
    house.stop()
    assert time.monotonic() - began < 3
    assert not any(map(alive, pids))
    moments = [float(said(tmp_path, n)[1].split()[1]) for n in ("bridge", "redis")]
    assert moments == sorted(moments)


def test_a_command_runs_through_while_children_are_kept(house: Supervisor, tmp_path: Path) -> None:
    house.add(part("web", SLEEPER))
    assert house.run_through(part("migrate", "print('done')"), 10) == 0
    assert said(tmp_path, "migrate") == ["done"]
    assert house.run_through(part("slow", "import time; time.sleep(9)"), 0.3) == 124


PARENT = """
import sys, time
from pathlib import Path
from launch.supervisor import Part, Supervisor
house = Supervisor({"PATH": "/usr/bin:/bin"}, Path(sys.argv[1]), lambda *a: None, lambda: None)
with house.signals():
    for name in ("one", "two"):
        house.add(Part(name, (sys.executable, "-S", "-c", "import time; time.sleep(60)"), 1))
    print(*(c.pid for c in house.children.values()), flush=True)
    house.forever()
    house.stop()
print("stopped", flush=True)
"""


def start_parent(tmp_path: Path) -> tuple[subprocess.Popen[str], list[int]]:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    return parent, [int(pid) for pid in parent.stdout.readline().split()]


def test_no_orphans_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    parent, pids = start_parent(tmp_path)
    with parent:
        assert all(map(alive, pids))
        parent.kill()
    eventually(lambda: not any(map(alive, pids)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_at_once(tmp_path: Path, number: signal.Signals) -> None:
    parent, pids = start_parent(tmp_path)
    with parent:
        began = time.monotonic()
        for _ in range(2):  # as `timeout` does, which signals the process and its group
            parent.send_signal(number)
        assert parent.stdout
        assert parent.stdout.read() == "stopped\n"
        assert time.monotonic() - began < 5
    assert parent.returncode == 0
    assert not any(map(alive, pids))


def test_a_fork_is_a_child_like_any_other(house: Supervisor, tmp_path: Path) -> None:
    """Own session, own output, own environment, default signals, none of the parent's files."""
    kept = (tmp_path / "kept").open("w")

    def act() -> None:
        fds = [int(fd.name) for fd in Path("/proc/self/fd").iterdir()]
        print("pid", os.getpid(), os.getsid(0) == os.getpid(), dict(os.environ), kept.fileno() in fds, flush=True)
        print("term", signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, flush=True)
        time.sleep(60)

    house.add(Part("live-1", act, 1))
    assert house.wait(lambda: len(said(tmp_path, "live-1")) == 2, 5)
    pid = house.children["live-1"].pid
    assert said(tmp_path, "live-1") == [f"pid {pid} True {{'PATH': '/usr/bin:/bin'}} False", "term True"]
    os.kill(pid, signal.SIGKILL)
    assert house.wait(lambda: len(said(tmp_path, "live-1")) == 4, 5)
    kept.close()


@pytest.mark.parametrize(("ending_", "status"), [(lambda: None, 0), (lambda: sys.exit(3), 3), (lambda: 1 / 0, 1)])
def test_how_a_fork_ends(house: Supervisor, tmp_path: Path, ending_: Callable[[], object], status: int) -> None:
    assert house.run_through(Part("seed", ending_, 1), 5) == status
    assert ("ZeroDivisionError" in "".join(said(tmp_path, "seed"))) == (status == 1)


def test_full_logs_are_set_aside_and_go_on(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as child:  # as a child holds it
        child.write(b"old\n" * 100)
        rotate(tmp_path, limit=100)
        child.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    assert (tmp_path / "web.log.1").read_bytes() == b"old\n" * 100


def test_endings_in_words() -> None:
    assert ending(-9) == "SIGKILL"
    assert ending(3) == "exit 3"
