"""`python -m launch.sandbox.wechat`: the sandbox as a process. Prints one line of JSON once it serves."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from launch.sandbox.wechat.serving import Serving
from launch.sandbox.wechat.state import World


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m launch.sandbox.wechat", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; 0 takes a free one")
    parser.add_argument("--state-file", type=Path, help="where credits and messages survive a restart")
    parser.add_argument("--h5", default="", help="address the QR stand-ins lead to, like http://127.0.0.1:8080")
    parser.add_argument("--push-url", default="", help="where events are pushed, like …/mp/v1/wechat/push")
    chosen = parser.parse_args(argv)
    world = World(chosen.state_file)
    world.state.h5 = chosen.h5 or world.state.h5
    world.state.push.url = chosen.push_url or world.state.push.url
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Serving(world, port=chosen.port) as running:
        sys.stdout.write(json.dumps({"url": running.url}) + "\n")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
