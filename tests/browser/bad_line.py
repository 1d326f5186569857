"""A bad line: a relay on this machine that loses part of what a browser asks, as the air of a crowded hall does."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from typing import Self

DECK = (True, False, False, False, False)  # one question of five is lost, whatever the seed
FATES = ("cut", "stalled", "mute")
WEIGHTS = (45, 45, 10)
MOST_BYTES = 6_000  # of an answer that breaks
STALL_S = (1.0, 4.0)  # before it does
AT_ONCE = struct.pack("ii", 1, 0)


class BadLine:
    """Relays `port` to the platform's.

    One question of five ends badly: the answer is cut off somewhere (the connection is reset), stops for seconds and
    is then cut off, or never comes while the connection stays open.
    """

    def __init__(self, target: int, *, seed: int) -> None:
        self.asked = 0
        self.lost = 0
        self._target = target
        self._dice = random.Random(seed)
        self._deck: list[bool] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        served = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._guest, "127.0.0.1", 0), self._loop)
        self._server = served.result(10)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _guest(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        line = _Connection(writer)
        halves = [asyncio.create_task(self._ask(reader, back, line)), asyncio.create_task(line.answer(there))]
        try:
            await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            pass  # the end of the test: nobody waits for this connection
        finally:
            for half in halves:
                half.cancel()
            await asyncio.gather(*halves, return_exceptions=True)
            back.transport.abort()
            line.reset()

    async def _ask(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, line: _Connection) -> None:
        while asked := await reader.read(65_536):
            self.asked += 1
            if not self._deck:
                self._deck = self._dice.sample(DECK, len(DECK))
            if self._deck.pop():
                self.lost += 1
                [line.fate] = self._dice.choices(FATES, WEIGHTS)
                line.left = 0 if line.fate == "mute" else self._dice.randrange(MOST_BYTES)
                line.stall_s = self._dice.uniform(*STALL_S)
            back.write(asked)
            await back.drain()


class _Connection:
    """What comes back to one of the browser's connections."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.fate = ""
        self.left = 0
        self.stall_s = 0.0
        self._writer = writer

    async def answer(self, there: asyncio.StreamReader) -> None:
        while said := await there.read(65_536):
            if self.fate and len(said) >= self.left:
                self._writer.write(said[: self.left])
                await self._writer.drain()
                if self.fate == "mute":
                    await asyncio.Event().wait()  # until the browser has had enough
                if self.fate == "stalled":
                    await asyncio.sleep(self.stall_s)
                return
            self.left -= len(said)
            self._writer.write(said)
            await self._writer.drain()

    def reset(self) -> None:
        held = self._writer.get_extra_info("socket")
        if held is not None and self.fate:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self._writer.transport.abort()
