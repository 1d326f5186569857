"""What OssStore costs: a 300 KB put and get beside bare requests, against one sandbox; and LocalStore's put to disk.

    python -m benchmarks.store [rounds]

All kinds take turns, so that a busy machine slows all of them; read the ratios. One line is appended to results.jsonl.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import requests

from backend import clock
from backend.storage.local import LocalStore
from backend.storage.oss import OssStore, Place
from backend.storage.oss_v4 import Credentials
from launch.sandbox.oss import OssSandbox

RESULTS: Final = Path(__file__).parent / "results.jsonl"
SIZE: Final = 300 * 1024
WARM_UP: Final = 20


def serve(folder: str, pipe: Connection) -> None:
    """The sandbox in a process of its own, or both sides would wait for one interpreter lock."""
    with OssSandbox(Path(folder)) as oss:
        pipe.send(oss.url)
        pipe.recv()


def measure(kinds: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each kind, in turns."""
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    for n in range(rounds + WARM_UP):
        for kind, call in kinds.items():
            started = time.perf_counter()
            call()
            if n >= WARM_UP:
                taken[kind].append((time.perf_counter() - started) * 1000)
    return taken


def figures(taken: dict[str, list[float]]) -> dict[str, object]:
    said: dict[str, object] = {}
    for kind, ms in taken.items():
        said[kind] = {"p50_ms": round(statistics.median(ms), 2), "p95_ms": round(statistics.quantiles(ms, n=20)[-1], 2)}
    for what in ("put", "get"):
        ratio = statistics.median(taken[f"oss_{what}"]) / statistics.median(taken[f"bare_{what}"])
        said[f"oss_{what}_ratio"] = round(ratio, 2)
    return said


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    data = os.urandom(SIZE)
    ours, theirs = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(f"{folder}/oss", theirs))
        server.start()
        store = OssStore(Place("kuaimen", "cn-hangzhou", ours.recv()), lambda: Credentials("sandbox", "sandbox-secret"))
        local = LocalStore(Path(folder) / "local", base_url="http://h", secret="s")
        bare = requests.Session()
        bare.trust_env = False
        store.put("r/bare.jpg", data)
        put_url = store._public.sign_url("PUT", "r/bare.jpg", 3600, slash_safe=True)  # noqa: SLF001 # Store signs no plain PUT
        get_url = store.url("r/bare.jpg", ttl=3600)
        kinds: dict[str, Callable[[], object]] = {
            "bare_put": lambda: bare.put(put_url, data=data, timeout=20).raise_for_status(),
            "oss_put": lambda: store.put("r/oss.jpg", data),
            "bare_get": lambda: bare.get(get_url, timeout=20).content,
            "oss_get": lambda: store.get("r/bare.jpg"),
            "local_put": lambda: local.put(f"r/{clock.now_ms()}-{time.perf_counter_ns()}.jpg", data),
            "sign_url": lambda: store.url("r/bare.jpg", ttl=3600),
            "local_url": lambda: local.url("r/bare.jpg", ttl=3600),
        }
        said = figures(measure(kinds, rounds))
        store.close()
        bare.close()
        ours.send("stop")
        server.join()
    line = {
        "bench": "store",
        "when": datetime.fromtimestamp(clock.now_ms() / 1000, UTC).date().isoformat(),
        "figures": said,
    }
    with RESULTS.open("a") as results:
        results.write(json.dumps(line) + "\n")
    print(json.dumps(line, indent=2))


if __name__ == "__main__":
    main()
