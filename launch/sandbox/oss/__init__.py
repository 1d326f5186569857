"""A local OSS that enforces the real rules: V4 signatures, expiry, clock skew, STS policies, uploads by parts.

    with OssSandbox(folder) as oss:
        oss.url                       # endpoint; bucket in the path
        oss.fail_next(2, "503")       # then it works again
        oss.clock_offset_s = 3600     # its clock, not yours

For development and tests: loopback, one bucket, bodies in memory. What of OSS it does not know it refuses, with 501.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Self

from backend import clock
from launch.sandbox.oss.grants import Grant, KeyRing, Policy
from launch.sandbox.oss.operations import Operations
from launch.sandbox.oss.server import Fault, Server
from launch.sandbox.oss.shelf import Shelf
from launch.sandbox.oss.signatures import identify
from launch.sandbox.oss.wire import Answer, Ask, Refusal


@dataclass(frozen=True, slots=True)
class Account:
    """`domain`: a host name bound to the bucket (CNAME). `suffix`: of hosts that begin with the bucket's name."""

    bucket: str = "kuaimen"
    region: str = "cn-hangzhou"
    access_key_id: str = "sandbox"
    secret: str = field(default="sandbox-secret", repr=False)
    domain: str = ""
    suffix: str = ".oss-cn-hangzhou.aliyuncs.com"


class OssSandbox:
    """Objects stay in `folder` from one start to the next; keys that were issued and faults do not."""

    def __init__(self, folder: Path, *, account: Account | None = None, port: int = 0) -> None:
        self.account = account or Account()
        self.clock_offset_s = 0
        self.latency_s = 0.0
        self._keys = KeyRing(self.account.access_key_id, self.account.secret)
        self._operations = Operations(Shelf(folder, self._now_ms), self.account.bucket)
        self._faults: deque[Fault] = deque()
        self._lock = Lock()
        self._server = Server(port, self)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="oss-sandbox", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def connections(self) -> int:
        """How many connections were opened so far."""
        return self._server.connections

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.stop()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def issue(self, policy: Policy, *, ttl_s: int = 3600) -> Grant:
        """Temporary credentials, as STS AssumeRole gives them: narrowed by a RAM policy."""
        return self._keys.issue(policy, self._now_ms() // 1000 + ttl_s)

    def fail_next(self, count: int, kind: Fault) -> None:
        """The next `count` requests fail.

        503: refused, not done · drop: connection closed, not done · lose: done, connection closed without an answer ·
        cut: done, half of the body sent · flip: done, one bit of the body wrong, or of the checksum if it has none.
        """
        with self._lock:
            self._faults.extend([kind] * count)

    def heal(self) -> None:
        """Forget the failures that were ordered and did not happen yet."""
        with self._lock:
            self._faults.clear()

    # Desk, for the server

    def respond(self, ask: Ask, request_id: str) -> Answer:
        try:
            grant = identify(ask, self._keys, self.account.region, self._now_ms() // 1000)
            return self._operations.run(ask, grant)
        except Refusal as refusal:
            return refusal.answer(ask, request_id)

    def bucket_of(self, host: str) -> str | None:
        if self.account.domain and host == self.account.domain:
            return self.account.bucket
        if host.endswith(self.account.suffix):
            return host.removesuffix(self.account.suffix)
        return None

    def next_fault(self) -> Fault | None:
        with self._lock:
            return self._faults.popleft() if self._faults else None

    def now_s(self) -> float:
        """What `Date` says."""
        return self._now_ms() / 1000

    def _now_ms(self) -> int:
        return clock.now_ms() + self.clock_offset_s * 1000
