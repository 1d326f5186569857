"""`python -m launch.sandbox.wechat`: the sandbox as a process. Prints one line of JSON once it serves.

Where codes lead and where events go is taken from the product's settings (KUAIMEN_…) unless said here.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from backend.config import load
from backend.wechat.opening import push_keys
from launch.sandbox.wechat.memory import World
from launch.sandbox.wechat.serving import Serving

PUSH_PATH = "/mp/v1/wechat/push"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m launch.sandbox.wechat", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; 0 takes a free one")
    parser.add_argument("--state-file", type=Path, help="where credits and messages survive a restart")
    parser.add_argument("--h5", help="address the QR stand-ins lead to; KUAIMEN_PUBLIC_URL")
    parser.add_argument("--push-url", help=f"where events are pushed; our own server's {PUSH_PATH}")
    chosen = parser.parse_args(argv)
    settings = load()
    own = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared, not bound
    keys = push_keys(settings.model_copy(update={"wechat_appid": ""}))
    world = World(chosen.state_file)
    for app in settings.wechat_apps:
        world.app(app.appid, app.secret.get_secret_value())
    world.memory.h5 = settings.base_url if chosen.h5 is None else chosen.h5
    push = world.memory.push
    push.url = f"http://{own}:{settings.port}{PUSH_PATH}" if chosen.push_url is None else chosen.push_url
    push.token, push.aes_key = keys.token.get_secret_value(), keys.aes_key.get_secret_value()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})  # whoever started us may block them
    with Serving(world, port=chosen.port) as running:
        sys.stdout.write(json.dumps({"url": running.url}) + "\n")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
