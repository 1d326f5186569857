"""How fast originals go: on a queue of our own they slow down, on a jittery or busy line they do not starve."""

from __future__ import annotations

import io
import random
import threading
from collections.abc import Callable

import pytest

from camera_bridge.uplink import pace as paces
from camera_bridge.uplink.desk import Desk
from camera_bridge.uplink.pace import Pace

LINE = 600_000.0  # bytes per second


class Clock:
    """Time that passes when somebody waits or a send blocks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(paces, "ticks", lambda: self.now)
        monkeypatch.setattr(paces, "pause", self.wait)

    def wait(self, seconds: float) -> None:
        self.now += max(0.0, seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def drain(pace: Pace, clock: Clock, seconds: float, rtt_ms: Callable[[float], float]) -> float:
    """Originals over a line that carries LINE and holds a queue of 200 ms; a ping every 0.8 s. Bytes per second."""
    pace.draining.set()
    began, sent, queue_until, ping_at = clock.now, 0, clock.now, clock.now
    content = io.BytesIO(b"x" * 4_000_000)
    while clock.now - began < seconds:
        for chunk in pace.slices(content, 0, 4_000_000, threading.Event()):
            sent += len(chunk)
            queue_until = max(queue_until, clock.now) + len(chunk) / LINE
            clock.wait(queue_until - clock.now - 0.2)  # the queue is full: the send blocks
            if clock.now >= ping_at:
                ping_at = clock.now + 0.8
                pace.heard(rtt_ms(max(0.0, queue_until - clock.now) * 1000))
            if clock.now - began >= seconds:
                break
    return sent / (clock.now - began)


def test_a_steady_line_is_used_and_its_queue_stays_short(clock: Clock) -> None:
    pace, queues = Pace(Desk()), list[float]()
    for _ in range(10):
        pace.heard(40.0)

    def rtt(queue_ms: float) -> float:
        queues.append(queue_ms)
        return 40.0 + queue_ms

    drain(pace, clock, 30, rtt)
    queues.clear()
    assert drain(pace, clock, 60, rtt) > 0.6 * LINE
    assert sorted(queues)[len(queues) // 2] < 30, "a preview finds the line free"


def test_a_jittery_line_does_not_starve(clock: Clock) -> None:
    chance, pace = random.Random(4), Pace(Desk())
    for _ in range(20):
        pace.heard(40 + chance.expovariate(1 / 60))  # Wi-Fi in a full hall, and nothing of ours on it
    rate = drain(pace, clock, 120, lambda queue_ms: 40 + queue_ms + chance.expovariate(1 / 60))
    assert rate > 0.5 * LINE


def test_a_line_that_turns_bad_all_at_once_is_still_used(clock: Clock) -> None:
    pace = Pace(Desk())
    for _ in range(10):
        pace.heard(40.0)
    drain(pace, clock, 20, lambda queue_ms: 40 + queue_ms)
    rate = drain(pace, clock, 60, lambda queue_ms: 400 + queue_ms)  # somebody else's queue: slower helps nobody
    assert rate > 0.2 * LINE
