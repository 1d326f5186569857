"""Many guests in one process: sockets that read an album's stream, and the moment each change arrived.

Run by `kuaimen bench guests` as `python -m launch.bench.guests_crowd PORT PATH GUESTS AFTER`; prints `ready N`, listens
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
        self._path = path
        self._watch = selectors.DefaultSelector()
        self._cursors: dict[socket.socket, int] = {}  # of who is connected: the newest change they have
        self.answered = 0  # how often a stream was opened
        self.resumed = 0
        self.arrivals: list[tuple[int, int]] = []

    def gather(self, guests: int, after: int) -> None:
        for begun in range(0, guests, BATCH):
            for _ in range(min(BATCH, guests - begun)):
                self._connect(after)
            until = time.monotonic() + 30
            while self.answered - self.resumed < min(begun + BATCH, guests) and time.monotonic() < until:
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

    def _connect(self, after: int) -> None:
        phone = socket.create_connection(self._to, timeout=30)
        asked = f"GET {self._path}?after={after} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        phone.sendall(asked.encode())
        phone.setblocking(False)
        self._watch.register(phone, selectors.EVENT_READ)
        self._cursors[phone] = after

    def _hear(self, phone: object) -> None:
        assert isinstance(phone, socket.socket)
        try:
            said = phone.recv(65536)
        except OSError:
            said = b""
        if not said:
            self._watch.unregister(phone)
            phone.close()
            self.resumed += 1
            self._connect(self._cursors.pop(phone))  # a stream ends after a minute; EventSource comes back as well
            return
        now = time.monotonic_ns()
        self.answered += said.startswith(b"HTTP/1.1 200")
        revisions = [int(found) for found in REVISION.findall(said)]
        if revisions:
            self.arrivals += [(revision, now) for revision in revisions]
            self._cursors[phone] = revisions[-1]


def main() -> None:
    port, path, guests, after = sys.argv[1:]
    crowd = Crowd(int(port), path)
    crowd.gather(int(guests), int(after))
    print("ready", crowd.answered, flush=True)
    crowd.until_stopped()
    print(json.dumps({"connected": crowd.answered - crowd.resumed, "arrivals": crowd.arrivals}), flush=True)


if __name__ == "__main__":
    main()
