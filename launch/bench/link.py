"""A weak network between two programs of this machine: a rate, a round trip, a bounded queue, and it can be cut.

A TCP proxy that knows when each byte would have come out of a real link. All connections share one uplink: bytes leave
in order at the link's rate and arrive half a round trip later; what does not fit into the queue stays with its sender,
who feels it as a send that blocks. A new connection costs one round trip, and each starts slowly (ten segments, doubled
per round trip) as TCP does; a warm one keeps its speed, as BBR does. There is no packet loss.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Self

_CHUNK: Final = 2920  # two segments: what one connection may put into the queue before another has its turn
_FIRST_WINDOW: Final = 14_600
_WIDEST_WINDOW: Final = 4 << 20
_BUFFER: Final = 8 << 10  # of our sockets, so that a sender feels the link and not our memory
_DOWN_BITS: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Shape:
    """`mbit` of the uplink, `rtt_ms`, and how long the queue in front of it may become."""

    mbit: float
    rtt_ms: float = 40.0
    queue_ms: float = 200.0


class _Bottleneck:
    """When bytes handed in now come out at the far end."""

    def __init__(self, bits: float, delay_s: float, queue_s: float) -> None:
        self._bits, self._delay_s, self._queue_s = bits, delay_s, queue_s
        self._free_at = 0.0

    def wait_s(self, now: float) -> float:
        """How long the queue has no room."""
        return max(0.0, self._free_at - now - self._queue_s)

    def put(self, size: int, now: float) -> float:
        """The moment of arrival."""
        self._free_at = max(now, self._free_at) + size * 8 / self._bits
        return self._free_at + self._delay_s


class Link:
    """`with Link(Shape(5), "127.0.0.1", 8080) as link:` → connect to `link.port`."""

    def __init__(self, shape: Shape, host: str, port: int, *, listen: int = 0) -> None:
        self.shape = shape
        self._target = (host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link", daemon=True)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._listener.bind(("127.0.0.1", listen))
        self._listener.listen(64)
        self._listener.setblocking(False)
        self.port = int(self._listener.getsockname()[1])
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: dict[str, asyncio.Event] = {}
        self.carried = 0  # bytes that went up
        self.reshape(shape)

    def reshape(self, shape: Shape) -> None:
        """Another link from now on."""
        delay_s = shape.rtt_ms / 2000
        self.shape = shape
        self._up = _Bottleneck(shape.mbit * 1e6, delay_s, shape.queue_ms / 1000)
        self._down = _Bottleneck(_DOWN_BITS, delay_s, 1.0)

    def cut(self, source: str = "") -> None:
        """Nothing (from `source`) passes any more; connections stay open and silent, as when a cable is pulled."""
        self._loop.call_soon_threadsafe(lambda: self._gate(source).clear())

    def mend(self, source: str = "") -> None:
        self._loop.call_soon_threadsafe(lambda: self._gate(source).set())

    def _gate(self, source: str) -> asyncio.Event:
        if source not in self._open:
            self._open[source] = asyncio.Event()
            self._open[source].set()
        return self._open[source]

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._spawn(self._accept), self._loop).result(5)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
        self._listener.close()

    async def _stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.ensure_future(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        while True:
            client, _ = await self._loop.sock_accept(self._listener)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            async def serve(client: socket.socket = client) -> None:
                await self._serve(client)

            await self._spawn(serve)

    async def _serve(self, client: socket.socket) -> None:
        server = socket.socket()
        server.setblocking(False)
        try:
            await self._loop.sock_connect(server, self._target)
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.sleep(self.shape.rtt_ms / 1000)  # the handshake
            up = asyncio.ensure_future(_Pipe(self, client, server, up=True).run())
            down = asyncio.ensure_future(_Pipe(self, server, client, up=False).run())
            try:
                await asyncio.gather(up, down)
            finally:
                up.cancel()
                down.cancel()
        except OSError:
            return  # somebody went away
        finally:
            client.close()
            server.close()

    def way(self, *, up: bool) -> _Bottleneck:
        return self._up if up else self._down

    async def passable(self, source: str) -> None:
        await self._gate("").wait()
        await self._gate(source).wait()


class _Pipe:
    """One direction of one connection."""

    def __init__(self, link: Link, source: socket.socket, sink: socket.socket, *, up: bool) -> None:
        self._link, self._source, self._sink, self._up = link, source, sink, up
        self._loop = asyncio.get_running_loop()
        self._client = str((source if up else sink).getpeername()[0])
        self._late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._window, self._flying = _FIRST_WINDOW, 0
        self._acked = asyncio.Event()

    async def run(self) -> None:
        delivering = asyncio.ensure_future(self._deliver())
        try:
            while chunk := await self._take():
                self._link.carried += len(chunk) if self._up else 0
                self._late.put_nowait((self._link.way(up=self._up).put(len(chunk), self._loop.time()), chunk))
            self._late.put_nowait((0.0, b""))
            await delivering
        finally:
            delivering.cancel()

    async def _take(self) -> bytes:
        """Read as soon as window and queue have room."""
        while self._flying >= self._window:
            self._acked.clear()
            await self._acked.wait()
        while (wait_s := self._link.way(up=self._up).wait_s(self._loop.time())) > 0:  # noqa: ASYNC110 - a clock, no event
            await asyncio.sleep(wait_s)
        await self._link.passable(self._client)
        chunk = await self._loop.sock_recv(self._source, _CHUNK)
        self._flying += len(chunk)
        return chunk

    async def _deliver(self) -> None:
        while True:
            due, chunk = await self._late.get()
            if not chunk:
                with contextlib.suppress(OSError):
                    self._sink.shutdown(socket.SHUT_WR)
                return
            await asyncio.sleep(due - self._loop.time())
            await self._link.passable(self._client)
            await self._loop.sock_sendall(self._sink, chunk)
            self._loop.call_later(self._link.shape.rtt_ms / 2000, self._ack, len(chunk))

    def _ack(self, size: int) -> None:
        self._flying -= size
        self._window = min(self._window + size, _WIDEST_WINDOW)
        self._acked.set()
