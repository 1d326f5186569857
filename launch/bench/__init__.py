"""Benchmarks that ship with the product: `kuaimen bench …`. Each prints its figures as one JSON object, last line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from backend.clock import now_ms

RESULTS: Final = Path(__file__).parents[2] / "benchmarks" / "results.jsonl"


def append_result(name: str, figures: dict[str, Any]) -> None:
    """Keep the figures beside those of earlier runs; silently not, where the project's folder is not writable."""
    line = json.dumps({"bench": name, "at": now_ms(), **figures}, ensure_ascii=False)
    try:
        with RESULTS.open("a") as kept:
            kept.write(line + "\n")
    except OSError:
        return
