"""What a worker process has in its hands, in a file: for whoever must see it from outside when it hangs or has died."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rq.job import Job

from launch.home import read_json

LATE_S: Final = 30  # beyond the job's time limit: by then the worker should have ended itself


@dataclass(frozen=True, slots=True)
class Holding:
    """The worker's side. Also says by its mere presence that the worker is ready for jobs."""

    path: Path

    def ready(self) -> None:
        self._write()

    def begins(self, job: Job) -> None:
        kind, payload = job.args
        self._write({"kind": kind, "payload": payload, "since": time.monotonic(), "limit_s": job.timeout})

    def ends(self) -> None:
        self._write()

    def _write(self, held: Mapping[str, object] = MappingProxyType({})) -> None:
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps({"pid": os.getpid(), **held}))
        part.replace(self.path)


def left_behind(path: Path) -> tuple[str, dict[str, str]] | None:
    """The job, kind and payload, that the last worker in this place held when it died. Ask before you write."""
    held = read_json(path)
    return (held["kind"], held["payload"]) if "kind" in held else None


def is_ready(path: Path, pid: int) -> bool:
    return read_json(path).get("pid") == pid


def complaint(path: Path, pid: int) -> str:
    """Why the worker must be killed: its job is far beyond its time limit, so not even its own alarm works."""
    held = read_json(path)
    if "since" not in held or held["pid"] != pid:
        return ""
    age = time.monotonic() - held["since"]
    if age < held["limit_s"] + LATE_S:
        return ""
    return f"hangs in {held['kind']} {held['payload']} for {age:.0f} s; killed"
