"""Many guests in one process: sockets that read an album's stream, and the moment each change arrived.

Run by `kuaimen bench guests` as `python -m launch.bench.guests_crowd PORT PATH GUESTS LOCAL`; prints `ready N`, listens
until its input says `stop`, then prints one line of JSON: `{"connected", "arrivals": [[revision, monotonic ns], …]}`.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import sys
import time
from typing import Final

REVISION: Final = re.compile(rb"id: (\d+)\n")
BATCH: Final = 100  # connections opened before looking whether they are answered


class Crowd:
    def __init__(self, port: int, path: str) -> None:
        self._to = ("127.0.0.1", port)
        self._ask = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n".encode()
        self._watch = selectors.DefaultSelector()
        self._open: set[socket.socket] = set()
        self.answered = 0
        self.arrivals: list[tuple[int, int]] = []

    def gather(self, guests: int, source: str) -> None:
        for begun in range(0, guests, BATCH):
            for _ in range(min(BATCH, guests - begun)):
                phone = socket.create_connection(self._to, timeout=30, source_address=(source, 0))
                phone.sendall(self._ask)
                phone.setblocking(False)
                self._watch.register(phone, selectors.EVENT_READ)
                self._open.add(phone)
            until = time.monotonic() + 30
            while self.answered < begun + BATCH and self.answered < guests and time.monotonic() < until:
                self.listen(0.05)

    def listen(self, patience_s: float) -> bool:
        """False: the input said stop."""
        for key, _ in self._watch.select(patience_s):
            if key.data == "stop":
                return False
            self._hear(key.fileobj)
        return True

    def until_stopped(self) -> None:
        self._watch.register(sys.stdin, selectors.EVENT_READ, "stop")
        while self.listen(1.0):
            pass

    def _hear(self, phone: object) -> None:
        assert isinstance(phone, socket.socket)
        try:
            said = phone.recv(65536)
        except OSError:
            said = b""
        if not said:
            self._watch.unregister(phone)
            self._open.discard(phone)
            phone.close()
            return
        now = time.monotonic_ns()
        self.answered += said.startswith(b"HTTP/1.1 200")
        self.arrivals += [(int(found), now) for found in REVISION.findall(said)]


def main() -> None:
    port, path, guests, source = sys.argv[1:]
    crowd = Crowd(int(port), path)
    crowd.gather(int(guests), source)
    print("ready", crowd.answered, flush=True)
    crowd.until_stopped()
    print(json.dumps({"connected": crowd.answered, "arrivals": crowd.arrivals}), flush=True)


if __name__ == "__main__":
    main()
